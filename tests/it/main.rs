//! The integration tests: one binary, one file a theme.
#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests: they stand in for the world, and fail by panic"
)]

mod alerts;
mod archive;
mod demo;
mod faults;
mod feeds;
mod feeds_commands;
mod fetch;
mod first_steps;
mod hostile;
mod kill;
mod laws;
mod packaging;
mod pages;
mod polling;
mod raw;
mod readers;
mod reload;
mod review;
mod service;
mod soak;
mod support;
mod tidy;
mod topic;
mod virtual_time;

#[path = "../../fuzz/src/lib.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is the fuzz crate's library")]
mod fuzz;
#[path = "../../benches/feeds/mutate.rs"]
mod mutate;
#[path = "../../benches/feeds/score.rs"]
mod score;
