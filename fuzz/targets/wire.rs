//! What crosses the pipe between the daemon and its readers.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: newswatch_fuzz::expect_panics(),
    |bytes: &[u8]| newswatch_fuzz::wire(bytes)
);
