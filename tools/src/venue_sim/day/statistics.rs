//! What a day turned out to be, measured while it is made.

use serde::Serialize;

use super::super::Summary;

/// Each doubling of a lifetime is counted in so many parts.
const PARTS: usize = 16;
const PART_BITS: u32 = PARTS.trailing_zeros();

/// Counters of a day in the making.
#[derive(Debug)]
pub(super) struct Measured {
    orders: u64,
    levels: u64,
    peak_orders: u64,
    peak_levels: u64,
    /// Messages by stock.
    stocks: Vec<u32>,
    /// Ended orders by lifetime, logarithmic.
    lifetimes: Vec<u64>,
}

impl Measured {
    pub(super) fn new(symbols: u16) -> Self {
        Self {
            orders: 0,
            levels: 0,
            peak_orders: 0,
            peak_levels: 0,
            stocks: vec![0; usize::from(symbols)],
            lifetimes: vec![0; PARTS * 33],
        }
    }

    /// A message of a stock.
    pub(super) fn told(&mut self, stock: u16) {
        self.stocks[usize::from(stock)] += 1;
    }

    /// An order rests, at a price that is new or not.
    pub(super) fn came(&mut self, new_price: bool) {
        self.orders += 1;
        self.levels += u64::from(new_price);
        self.peak_orders = self.peak_orders.max(self.orders);
        self.peak_levels = self.peak_levels.max(self.levels);
    }

    /// An order is gone after so many messages, and its price with it or not.
    pub(super) fn went(&mut self, price_gone: bool, lifetime: u32) {
        self.orders -= 1;
        self.levels -= u64::from(price_gone);
        self.lifetimes[bucket(lifetime)] += 1;
    }

    /// The whole of it.
    pub(super) fn finish(mut self, summary: Summary, references: u64) -> Statistics {
        // What still rests lives longer than what ended, nearly all of it.
        let all = self.lifetimes.iter().sum::<u64>() + self.orders;
        let mut seen = 0;
        let median = self.lifetimes.iter().position(|count| {
            seen += count;
            2 * seen >= all
        });
        self.stocks.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
        let total: u64 = self.stocks.iter().map(|count| u64::from(*count)).sum();
        let busiest: u64 = self.stocks.iter().take(100).map(|count| u64::from(*count)).sum();
        Statistics {
            references,
            peak_orders: self.peak_orders,
            peak_levels: self.peak_levels,
            end_orders: self.orders,
            end_levels: self.levels,
            median_lifetime: median.map_or(0, value),
            active_symbols: self.stocks.iter().filter(|count| **count > 0).count() as u64,
            busiest_100: busiest as f64 / total.max(1) as f64,
            zipf: zipf(&self.stocks),
            summary,
        }
    }
}

/// Where a lifetime is counted: its power of two and the bits after the highest.
fn bucket(lifetime: u32) -> usize {
    let value = u64::from(lifetime) + 1;
    let power = value.ilog2();
    let part = ((value << PART_BITS) >> power) as usize & (PARTS - 1);
    power as usize * PARTS + part
}

/// The least lifetime of a bucket.
fn value(bucket: usize) -> u64 {
    let (power, part) = (bucket / PARTS, bucket % PARTS);
    (((PARTS + part) as u64) << power >> PART_BITS).saturating_sub(1)
}

/// The exponent that fits the busiest half of the symbols: least squares in logarithms, at ranks
/// that are powers of two.
fn zipf(stocks: &[u32]) -> f64 {
    let points: Vec<(f64, f64)> = std::iter::successors(Some(1_usize), |rank| Some(rank * 2))
        .take_while(|rank| 2 * rank <= stocks.len())
        .filter(|rank| stocks[rank - 1] > 0)
        .map(|rank| ((rank as f64).ln(), f64::from(stocks[rank - 1]).ln()))
        .collect();
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    let (x, y) = (x / count, y / count);
    let (above, below) = points.iter().fold((0.0, 0.0), |sum, point| {
        let dx = point.0 - x;
        (sum.0 + dx * (point.1 - y), sum.1 + dx * dx)
    });
    if below > 0.0 { -above / below } else { 0.0 }
}

/// What a day turned out to be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Messages, bytes, times and types.
    pub summary: Summary,
    /// The greatest reference number, of orders that are shown or not.
    pub references: u64,
    /// Most orders at once.
    pub peak_orders: u64,
    /// Most prices at once, over all books and sides.
    pub peak_levels: u64,
    /// Orders at the end.
    pub end_orders: u64,
    /// Prices at the end.
    pub end_levels: u64,
    /// Median lifetime of all orders, in messages of the whole market; what still rests at the end
    /// counts as longer.
    pub median_lifetime: u64,
    /// Symbols that had an order or a trade.
    pub active_symbols: u64,
    /// Share of the hundred busiest symbols in the messages.
    pub busiest_100: f64,
    /// Exponent of Zipf's law that fits the messages per symbol.
    pub zipf: f64,
}

impl Statistics {
    /// Share of these message types.
    #[must_use]
    pub fn share(&self, codes: &[char]) -> f64 {
        let count: u64 = codes.iter().filter_map(|code| self.summary.types.get(code)).sum();
        count as f64 / self.summary.messages.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{bucket, value, zipf};

    #[test]
    fn buckets_are_a_sixteenth_wide() {
        for lifetime in (0..100_000).chain([u32::MAX - 1, u32::MAX]) {
            let least = value(bucket(lifetime));
            let true_one = u64::from(lifetime);
            assert!(least <= true_one && true_one - least <= true_one / 16 + 1, "{lifetime}");
        }
    }

    #[test]
    fn exponent_of_a_power_law() {
        let counts: Vec<u32> =
            (1..=4_000).map(|k| (1e8 / f64::from(k).powf(0.65)) as u32).collect();
        assert!((zipf(&counts) - 0.65).abs() < 1e-3);
    }
}
