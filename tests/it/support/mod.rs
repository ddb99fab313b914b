//! What several themes need.

pub(crate) mod bombs;
pub(crate) mod crawl;
pub(crate) mod daemon;
pub(crate) mod server;
pub(crate) mod tls;
pub(crate) mod workspace;
