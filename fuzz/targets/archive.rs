//! The end of an archive's last segment.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| newswatch_fuzz::archive(bytes));
