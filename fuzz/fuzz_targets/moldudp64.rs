//! See `hotlane_fuzz::moldudp64`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotlane_fuzz::moldudp64::check(data));
