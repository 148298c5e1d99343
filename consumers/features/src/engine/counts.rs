//! What an engine counts.

use crate::output::{FEATURES, Feature};

/// Counts since the engine was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records of the source.
    pub records: u64,
    /// Of kinds that this version does not know.
    pub unknown_kinds: u64,
    /// Records that came after one of a later receive time.
    pub late: u64,
    /// Trades in which nobody took: auctions, blocks, and those that cannot be told.
    pub trades_unsigned: u64,
    /// Trades of which the taker was inferred.
    pub trades_estimated: u64,
    /// Trades that the venue took back.
    pub trades_broken: u64,
    /// Gaps that began, and losses of our own seat.
    pub gaps: u64,
    /// Grid times that were left out after a silence.
    pub grid_skipped: u64,
    /// Instruments that are computed.
    pub instruments: u64,
    /// Instruments that there is no memory for.
    pub instruments_refused: u64,
    outputs: [u64; FEATURES],
}

impl Counts {
    /// Outputs of a feature, wanted by anybody or not.
    pub fn outputs(&self, feature: Feature) -> u64 {
        self.outputs.get(feature.index()).copied().unwrap_or(0)
    }

    /// Outputs in all.
    pub fn outputs_total(&self) -> u64 {
        self.outputs.iter().sum()
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Counts) {
        self.records += other.records;
        self.unknown_kinds += other.unknown_kinds;
        self.late += other.late;
        self.trades_unsigned += other.trades_unsigned;
        self.trades_estimated += other.trades_estimated;
        self.trades_broken += other.trades_broken;
        self.gaps += other.gaps;
        self.grid_skipped += other.grid_skipped;
        self.instruments += other.instruments;
        self.instruments_refused += other.instruments_refused;
        for (sum, count) in self.outputs.iter_mut().zip(other.outputs) {
            *sum += count;
        }
    }

    #[inline(always)]
    pub(super) fn output(&mut self, feature: Feature) {
        if let Some(count) = self.outputs.get_mut(feature.index()) {
            *count += 1;
        }
    }

    /// Every count with its name, in a fixed order; those of outputs begin with `out.`.
    pub fn named(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let outputs = Feature::ALL.iter().zip(self.outputs);
        self.values_without_outputs()
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .chain(outputs.map(|(feature, count)| (format!("out.{}", feature.name()), count)))
    }

    /// The values of [`Counts::named`], in its order; takes no memory.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        let own = self.values_without_outputs().map(|(_, value)| value);
        own.into_iter().chain(self.outputs)
    }

    fn values_without_outputs(&self) -> [(&'static str, u64); 10] {
        [
            ("records", self.records),
            ("unknown_kinds", self.unknown_kinds),
            ("late", self.late),
            ("trades_unsigned", self.trades_unsigned),
            ("trades_estimated", self.trades_estimated),
            ("trades_broken", self.trades_broken),
            ("gaps", self.gaps),
            ("grid_skipped", self.grid_skipped),
            ("instruments", self.instruments),
            ("instruments_refused", self.instruments_refused),
        ]
    }
}
