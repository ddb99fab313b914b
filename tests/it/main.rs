//! The integration tests: one binary, one file a theme.

mod fetch;
mod support;
