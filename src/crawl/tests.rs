//! Tests of the crawl.
