//! A histogram in a few numbers.
//!
//! A bucketed histogram knows a value only to its bucket. Every number here is the *upper* end of
//! the bucket in which it lies (the lower end for the least), so that what is reported is never
//! better than what was: at most `relative_error` above the truth, never below.

use serde::Serialize;
use shm::histogram::Histogram;

/// What was recorded, in the histogram's unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Values recorded.
    pub count: u64,
    /// Lower end of the lowest bucket in use.
    pub min: Option<u64>,
    /// Half of the values are at most this.
    pub p50: Option<u64>,
    /// 90 % of the values are at most this.
    pub p90: Option<u64>,
    /// 99 % of the values are at most this.
    pub p99: Option<u64>,
    /// 99.9 % of the values are at most this.
    pub p999: Option<u64>,
    /// 99.99 % of the values are at most this.
    pub p9999: Option<u64>,
    /// Upper end of the highest bucket in use.
    pub max: Option<u64>,
    /// Mean of the middles of the buckets.
    pub mean: Option<f64>,
    /// How much a number may lie above the truth, as a part of the truth.
    pub relative_error: f64,
}

impl Spread {
    /// Of a histogram with this many sub-bucket bits.
    pub fn of(histogram: &Histogram, sub_bits: u8) -> Spread {
        Spread {
            count: histogram.count(),
            min: histogram.least(),
            p50: histogram.at(0.5),
            p90: histogram.at(0.9),
            p99: histogram.at(0.99),
            p999: histogram.at(0.999),
            p9999: histogram.at(0.9999),
            max: histogram.most(),
            mean: histogram.mean(),
            relative_error: (-f64::from(sub_bits)).exp2(),
        }
    }

    /// The upper quantiles with their names, from the middle to the end.
    pub fn quantiles(&self) -> [(&'static str, Option<u64>); 6] {
        [
            ("p50", self.p50),
            ("p90", self.p90),
            ("p99", self.p99),
            ("p99.9", self.p999),
            ("p99.99", self.p9999),
            ("max", self.max),
        ]
    }
}
