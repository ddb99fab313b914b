//! What to fetch next, and when.
//!
//! The schedule knows feeds, hosts and waiting pages, and nothing of what is in them. It cannot
//! express two requests to one host at a time, nor one that comes before the host has rested.

mod frontier;
mod parts;
mod policy;
#[cfg(test)]
mod tests;

pub use frontier::{Feed, FeedIx, Job, Next, PageId, Schedule};
pub use parts::{ATTEMPTS as PART_ATTEMPTS, MOST_PARTS, Part};
pub use policy::{Cadence, FeedState, Moving, Outcome, Why};
