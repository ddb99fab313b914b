//! Dates and header fields.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| newswatch_fuzz::headers(bytes));
