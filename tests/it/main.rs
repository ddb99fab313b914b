//! The integration tests: one binary, one file a theme.

mod fetch;
mod support;
mod feeds;

#[path = "../../benches/feeds/mutate.rs"]
mod mutate;
#[path = "../../benches/feeds/score.rs"]
mod score;
