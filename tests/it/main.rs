//! The integration tests: one binary, one file a theme.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "helpers of tests: they stand in for the world, and fail by panic"
)]

mod demo;
mod faults;
mod feeds;
mod fetch;
mod kill;
mod pages;
mod support;

#[path = "../../benches/feeds/mutate.rs"]
mod mutate;
#[path = "../../benches/feeds/score.rs"]
mod score;
mod virtual_time;
