//! What several themes need.

pub mod server;
