//! See `hotlane_fuzz::frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotlane_fuzz::frame::check(data));
