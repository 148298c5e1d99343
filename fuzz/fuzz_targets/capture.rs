//! See `hotlane_fuzz::capture`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotlane_fuzz::capture::check(data));
