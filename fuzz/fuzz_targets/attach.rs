//! See `hotlane_fuzz::attach`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotlane_fuzz::attach::check(data));
