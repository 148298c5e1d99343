//! See `hotlane_fuzz::itch`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotlane_fuzz::itch::check(data));
