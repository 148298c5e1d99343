//! Log-linear histograms: the arithmetic of buckets, and what a reader makes of them.
//!
//! With b sub-bucket bits, values below 2^b have a bucket each; above that every power of two is
//! cut into 2^b buckets. A bucket is therefore never wider than its lowest value / 2^b: with b = 5
//! a percentile is right within 3.2 %, with b = 7 within 0.8 %. Values of more than `value_bits`
//! bits are counted in the last bucket.

/// Fewest and most sub-bucket bits.
pub const SUB_BITS: std::ops::RangeInclusive<u8> = 1..=10;

/// Buckets of a histogram. `value_bits` above 64 counts as 64, at or below `sub_bits` as one more.
pub const fn bucket_count(sub_bits: u8, value_bits: u8) -> usize {
    let value_bits = if value_bits > 64 { 64 } else { value_bits };
    let above = value_bits.saturating_sub(sub_bits) as usize;
    let above = if above == 0 { 1 } else { above };
    (above + 1) << sub_bits
}

/// Bucket of a value, without the cap of `value_bits`. `sub_bits` below 64.
#[inline(always)]
pub const fn bucket_of(sub_bits: u8, value: u64) -> usize {
    // A value below 2^b counts as if its highest bit were bit b: shift 0.
    let high = 63 - (value | 1 << sub_bits).leading_zeros();
    let shift = high - sub_bits as u32;
    ((shift as usize) << sub_bits) + (value >> shift) as usize
}

/// Lowest value of a bucket; saturates for buckets beyond 64 bits.
pub const fn lowest_of(sub_bits: u8, bucket: usize) -> u64 {
    let (group, per_group) = (bucket >> sub_bits, 1 << sub_bits);
    if group <= 1 {
        return bucket as u64;
    }
    let shift = (group - 1) as u32;
    let within = (bucket & (per_group - 1)) + per_group;
    if shift > 63 - sub_bits as u32 { u64::MAX } else { (within as u64) << shift }
}

/// Highest value of a bucket.
pub const fn highest_of(sub_bits: u8, bucket: usize) -> u64 {
    let next = lowest_of(sub_bits, bucket + 1);
    if next == u64::MAX { u64::MAX } else { next - 1 }
}

/// A reader's copy of a histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    sub_bits: u8,
    buckets: Vec<u64>,
}

impl Histogram {
    /// A histogram of copied buckets.
    pub fn new(sub_bits: u8, buckets: Vec<u64>) -> Self {
        Histogram { sub_bits, buckets }
    }

    /// Values recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, &n| sum.saturating_add(n))
    }

    /// Highest value of the bucket in which the `quantile` (0.0 to 1.0) of the values is reached;
    /// `None` if nothing was recorded.
    pub fn at(&self, quantile: f64) -> Option<u64> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let wanted = (quantile.clamp(0.0, 1.0) * count as f64).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        for (bucket, &n) in self.buckets.iter().enumerate() {
            seen = seen.saturating_add(n);
            if seen >= wanted.min(count) {
                return Some(highest_of(self.sub_bits, bucket));
            }
        }
        None
    }

    /// Lowest value of the lowest bucket in use.
    pub fn least(&self) -> Option<u64> {
        let bucket = self.buckets.iter().position(|&n| n != 0)?;
        Some(lowest_of(self.sub_bits, bucket))
    }

    /// Highest value of the highest bucket in use.
    pub fn most(&self) -> Option<u64> {
        let bucket = self.buckets.iter().rposition(|&n| n != 0)?;
        Some(highest_of(self.sub_bits, bucket))
    }

    /// Mean of the buckets' middles; `None` if nothing was recorded.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        let middle = |bucket| {
            let (low, high) = (lowest_of(self.sub_bits, bucket), highest_of(self.sub_bits, bucket));
            low as f64 / 2.0 + high as f64 / 2.0
        };
        let sum: f64 =
            self.buckets.iter().enumerate().map(|(bucket, &n)| n as f64 * middle(bucket)).sum();
        (count > 0).then(|| sum / count as f64)
    }

    /// What was recorded since an earlier copy of the same histogram; `None` if they differ in
    /// shape.
    pub fn since(&self, earlier: &Histogram) -> Option<Histogram> {
        self.zip(earlier, u64::saturating_sub)
    }

    /// Both together; `None` if they differ in shape.
    pub fn merged(&self, other: &Histogram) -> Option<Histogram> {
        self.zip(other, u64::saturating_add)
    }

    fn zip(&self, other: &Histogram, both: fn(u64, u64) -> u64) -> Option<Histogram> {
        if self.sub_bits != other.sub_bits || self.buckets.len() != other.buckets.len() {
            return None;
        }
        let pairs = self.buckets.iter().zip(&other.buckets);
        Some(Histogram::new(self.sub_bits, pairs.map(|(&a, &b)| both(a, b)).collect()))
    }

    /// Lowest value, highest value and count of every bucket in use, in order.
    pub fn used(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let used = self.buckets.iter().enumerate().filter(|&(_, &n)| n != 0);
        used.map(|(at, &n)| (lowest_of(self.sub_bits, at), highest_of(self.sub_bits, at), n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_tile_the_numbers_without_hole_or_overlap() {
        for sub_bits in SUB_BITS {
            let count = bucket_count(sub_bits, 64);
            assert_eq!(lowest_of(sub_bits, 0), 0);
            for bucket in 0..count - 1 {
                let (low, high) = (lowest_of(sub_bits, bucket), highest_of(sub_bits, bucket));
                assert!(low <= high, "{sub_bits} {bucket}");
                assert_eq!(lowest_of(sub_bits, bucket + 1), high + 1, "{sub_bits} {bucket}");
                assert_eq!(bucket_of(sub_bits, low), bucket);
                assert_eq!(bucket_of(sub_bits, high), bucket);
                assert!((high - low) as u128 <= low as u128 >> sub_bits, "{sub_bits} {bucket}");
            }
            assert_eq!(bucket_of(sub_bits, u64::MAX), count - 1);
            assert_eq!(highest_of(sub_bits, count - 1), u64::MAX);
        }
    }

    proptest! {
        #[test]
        fn quantiles_agree_with_a_sorted_list(
            values in prop::collection::vec((0_u32..40, any::<u64>()), 1..300),
            quantile in 0.0_f64..=1.0,
        ) {
            let sub_bits = 5;
            let mut values: Vec<u64> = values.iter().map(|(bits, v)| v >> (24 + bits)).collect();
            let mut buckets = vec![0; bucket_count(sub_bits, 64)];
            for &value in &values {
                buckets[bucket_of(sub_bits, value)] += 1;
            }
            let histogram = Histogram::new(sub_bits, buckets);
            values.sort_unstable();
            let rank = (quantile * values.len() as f64).ceil().max(1.0) as usize - 1;
            let exact = values[rank];
            let found = histogram.at(quantile).unwrap();
            prop_assert!(found >= exact && found - exact <= exact >> sub_bits);
            prop_assert_eq!(histogram.count(), values.len() as u64);
            prop_assert!(histogram.least().unwrap() <= values[0]);
            prop_assert!(histogram.most().unwrap() >= values[values.len() - 1]);
        }
    }
}
