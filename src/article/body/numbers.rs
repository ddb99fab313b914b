//! Counts as the numbers that the model takes.

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^24")]
pub(super) fn real(count: u32) -> f32 {
    count as f32
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^24")]
pub(super) fn real_size(count: usize) -> f32 {
    count as f32
}

pub(super) fn signed_difference(a: usize, b: usize) -> f32 {
    real_size(a) - real_size(b)
}

pub(super) fn capped(count: u32) -> f32 {
    real(count.min(99))
}
