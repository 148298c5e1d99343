//! See `hotlane_fuzz::decimal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotlane_fuzz::decimal::check(data));
