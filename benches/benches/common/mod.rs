//! What the daily benches play, and how.

use benches::harness::options::Options;
use clap::Parser;
use criterion::Criterion;
use std::time::Duration;

/// The first three million messages of the generated day; made once and kept.
pub fn day() -> Vec<u8> {
    let setting = Options::parse_from(["compare", "--quick"]).setting();
    benches::data::gen3m(&setting).expect("the generated day can be made")
}

/// A few long rounds: each goes over millions of messages.
pub fn long_rounds() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args()
}
