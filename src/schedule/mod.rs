//! What to fetch next, and when.
//!
//! The schedule knows when feeds and waiting pages are due at which host, and nothing more of them;
//! what is remembered of a feed ([`FeedState`]) is the caller's to keep. It cannot express two requests
//! to one host at a time, nor one that comes before the host has rested, nor a feed whose pages keep
//! those of others waiting.

mod frontier;
mod hosts;
mod parts;
mod policy;
mod reach;
pub mod retry;
#[cfg(test)]
mod tests;

pub use frontier::{FeedIx, Job, Next, NotReady, PageId, Schedule};
pub use parts::{ATTEMPTS as PART_ATTEMPTS, MOST_PARTS, Part};
pub(crate) use policy::hash;
pub use policy::{Cadence, FeedState, Going, Moving, Outcome, Why};
pub use reach::{Heard, Standing, Vain};
