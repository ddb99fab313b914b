//! A news site on loopback that shows the main job at work: nine hosts in seven languages, with
//! the faults that a crawler meets, and what one pass over them has to leave in the archive.
//!
//! What is served and expected is data, in `content/`; [`answer`](answer::answer) makes an answer of
//! it without touching the world; [`site`](Site) puts it on sockets.

mod answer;
mod article;
mod expected;
mod feed;
mod markup;
mod outlet;
mod page;
mod site;
#[cfg(test)]
mod tests;

pub use answer::Fault;
pub use expected::{Expectation, Outcome, Revision};
pub use outlet::DemoFeed;
pub use site::{LoggedRequest, Site};
