//! The integration tests: one binary, one file a theme.
