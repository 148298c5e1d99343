//! See `hotlane_fuzz::soupbintcp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotlane_fuzz::soupbintcp::check(data));
