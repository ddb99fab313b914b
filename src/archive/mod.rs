//! What the user keeps: records in daily segments.

mod record;

pub use record::{Record, RecordType, SCHEMA_VERSION};
