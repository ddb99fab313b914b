//! Memory for large bodies: many at once must not come to more than a machine has.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body up to this length needs no room of its own: as many of them as are asked for at once may be
/// there.
pub(super) const SMALL: usize = 1 << 20;
/// Room is counted in pieces of so many bytes.
const PIECE: usize = 1 << 10;

/// The room that all answers of a client share.
#[derive(Debug, Clone)]
pub(super) struct Rooms {
    pieces: Arc<Semaphore>,
    all: usize,
}

impl Rooms {
    pub(super) fn of(bytes: usize) -> Self {
        let all = bytes / PIECE;
        Self { pieces: Arc::new(Semaphore::new(all)), all }
    }

    /// Waits for room for so many bytes, or for all there is. Whoever has some must not wait for more.
    pub(super) async fn take(&self, bytes: usize) -> Room {
        let pieces = u32::try_from(bytes.div_ceil(PIECE).min(self.all)).unwrap_or(u32::MAX);
        Room(Arc::clone(&self.pieces).acquire_many_owned(pieces).await.ok().map(Arc::new))
    }
}

/// What a large body holds of it, until the last clone is dropped. Two answers are the same whatever
/// they hold.
#[derive(Debug, Clone, Default)]
pub struct Room(Option<Arc<OwnedSemaphorePermit>>);

impl Room {
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Some of what nobody shares.
    #[cfg(test)]
    pub(crate) fn some() -> Self {
        let all = Arc::new(Semaphore::new(1));
        Self(all.try_acquire_owned().ok().map(Arc::new))
    }
}

impl PartialEq for Room {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Room {}
