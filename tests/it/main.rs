//! The integration tests: one binary, one file a theme.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "helpers of tests: they stand in for the world, and fail by panic"
)]

mod fetch;
mod support;
mod feeds;

#[path = "../../benches/feeds/mutate.rs"]
mod mutate;
#[path = "../../benches/feeds/score.rs"]
mod score;
mod virtual_time;
