//! The table of counters and histograms that a lane offers in shared memory, and where in it each
//! of its numbers belongs.

use shm::counters::{
    CounterId, CounterSpec, CounterTable, CounterWriter, HistogramId, HistogramSpec,
};
use shm::lines::Lines;

use super::Counts;
use super::line::SKEWS;
use crate::line::LINES_MAX;

/// Block of the counters region that the lane's thread writes.
const BLOCK: u16 = 0;
/// Sub-bucket bits of the histograms: a bucket is at most 1/32 of its value wide.
const SUB_BITS: u8 = 5;
/// Values of more bits than this go to the last bucket: 2^40 ns are 18 minutes.
const VALUE_BITS: u8 = 40;

/// What a histogram measures, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// From a packet's receive stamp to the end of the poll that published it.
    ReceivePublish,
    /// How long a packet waited behind a hole.
    Hold,
    /// How much later a line's copy came than the first: line 1 A, 2 B, ...
    Skew(u8),
}

/// Histograms before those of the lines.
const OF_LANE: [&str; 2] = ["receive_publish", "hold"];

impl Interval {
    /// Place among a lane's histograms; `None` for a line that no lane has.
    #[inline(always)]
    const fn place(self) -> Option<usize> {
        match self {
            Interval::ReceivePublish => Some(0),
            Interval::Hold => Some(1),
            Interval::Skew(0) => None,
            Interval::Skew(line) => Some(OF_LANE.len() + line as usize - 1),
        }
    }
}

/// Names of the histograms of a lane of `lines` lines, by place.
fn histogram_names(lines: u8) -> impl Iterator<Item = &'static str> {
    OF_LANE.into_iter().chain(SKEWS.into_iter().take(usize::from(lines)))
}

/// Counters and histograms of a lane of `lines` named lines.
pub fn counter_table(lines: u8) -> CounterTable {
    let counts = Counts::new(lines);
    let counter = |(name, unit, _): (&str, &str, u64)| CounterSpec {
        name: name.to_owned(),
        unit: unit.to_owned(),
        block: BLOCK,
    };
    let histogram = |name: &str| HistogramSpec {
        name: name.to_owned(),
        unit: "ns".to_owned(),
        block: BLOCK,
        sub_bits: SUB_BITS,
        value_bits: VALUE_BITS,
    };
    CounterTable {
        counters: counts.named().map(counter).collect(),
        histograms: histogram_names(lines).map(histogram).collect(),
    }
}

/// Places of a lane's counters and histograms, found once by name.
#[derive(Debug)]
pub struct CounterPlaces {
    counters: Vec<Option<CounterId>>,
    histograms: [Option<HistogramId>; OF_LANE.len() + LINES_MAX],
}

impl CounterPlaces {
    /// Places in a region that was made from [`counter_table`] of any number of lines; what it
    /// does not have is passed over when it is written.
    pub fn of<L: Lines>(writer: &CounterWriter<L>) -> CounterPlaces {
        let lines = LINES_MAX as u8;
        let counts = Counts::new(lines);
        let counters = counts.named().map(|(name, _, _)| writer.counter(name)).collect();
        let mut histograms = [None; OF_LANE.len() + LINES_MAX];
        for (place, name) in histograms.iter_mut().zip(histogram_names(lines)) {
            *place = writer.histogram(name);
        }
        CounterPlaces { counters, histograms }
    }

    /// Writes all counts.
    pub fn set<L: Lines>(&self, writer: &mut CounterWriter<L>, counts: &Counts) {
        // Lines come last, so that the places of all else do not depend on how many there are.
        for (place, (_, _, value)) in self.counters.iter().zip(counts.named()) {
            if let Some(id) = place {
                writer.set(*id, value);
            }
        }
    }

    /// Counts a measured interval; one of a line without a name is dropped.
    #[inline(always)]
    pub fn record<L: Lines>(&self, writer: &mut CounterWriter<L>, interval: Interval, ns: u64) {
        let place = interval.place().and_then(|place| self.histograms.get(place));
        if let Some(Some(id)) = place {
            writer.record(*id, ns);
        }
    }
}
