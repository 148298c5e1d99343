//! What an instance consists of, in a producer's words.

use std::path::PathBuf;

use shm::counters::{CounterSpec, CounterTable, HistogramSpec};
use shm::layout::LayoutRow;
use shm::spec::{InstanceSpec, ProducerSpec};

/// Sub-bucket bits of every histogram of durations: a bucket is at most 1/32 of its value wide.
pub const HISTOGRAM_SUB_BITS: u8 = 5;
/// Durations of more bits, 18 minutes in ns, go to the last bucket.
pub const HISTOGRAM_VALUE_BITS: u8 = 40;

/// An instance: one process with its lanes.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// Directory under which instances live, normally [`shm::paths::DEFAULT_ROOT`].
    pub root: PathBuf,
    /// Name of the instance.
    pub name: String,
    /// Group that may attach beside the owner.
    pub gid: Option<u32>,
    /// Its lanes, 1 to 32. A lane is a `producer` in the words of `shm`.
    pub lanes: Vec<LaneSpec>,
}

/// A lane: one writing thread's seats and tables.
#[derive(Clone, Debug)]
pub struct LaneSpec {
    /// Name; its files lie in a directory of this name.
    pub name: String,
    /// Instruments that the tables have room for, without row 0, which is the channel.
    pub instruments: u32,
    /// Seats, at most 8.
    pub seats: u32,
    /// Records in each seat's ring, a power of two.
    pub ring_capacity: u64,
    /// Whether `wait` seats are granted: only if every source of the lane is a recording.
    pub allow_wait: bool,
    /// Counters and histograms; the lane writes block 0.
    pub counters: CounterTable,
}

impl LaneSpec {
    /// Rows of the lane's tables: row 0 is the channel.
    pub fn rows(&self) -> u32 {
        self.instruments.saturating_add(1)
    }

    fn producer(&self) -> ProducerSpec {
        ProducerSpec {
            name: self.name.clone(),
            instruments: self.rows(),
            seats: self.seats,
            ring_capacity: self.ring_capacity,
            counters: self.counters.clone(),
            ..ProducerSpec::default()
        }
    }
}

impl HostSpec {
    /// The same in the words of `shm`, with the records' layout.
    pub fn instance<'a>(&self, rows: &'a [LayoutRow]) -> InstanceSpec<'a> {
        InstanceSpec {
            root: self.root.clone(),
            name: self.name.clone(),
            layout: crate::records::layout(rows),
            gid: self.gid,
            producers: self.lanes.iter().map(LaneSpec::producer).collect(),
        }
    }

    /// Bytes of shared memory that the instance takes, but for its own small file.
    pub fn bytes(&self) -> u64 {
        self.instance(&crate::records::layout_rows()).bytes()
    }
}

/// A table of block 0 from names and units: counters, then histograms of durations.
pub fn counter_table<C, H, N, U>(counters: C, histograms: H) -> CounterTable
where
    C: IntoIterator<Item = (N, U)>,
    H: IntoIterator<Item = (N, U)>,
    N: Into<String>,
    U: Into<String>,
{
    let counter =
        |(name, unit): (N, U)| CounterSpec { name: name.into(), unit: unit.into(), block: 0 };
    let histogram = |(name, unit): (N, U)| HistogramSpec {
        name: name.into(),
        unit: unit.into(),
        block: 0,
        sub_bits: HISTOGRAM_SUB_BITS,
        value_bits: HISTOGRAM_VALUE_BITS,
    };
    CounterTable {
        counters: counters.into_iter().map(counter).collect(),
        histograms: histograms.into_iter().map(histogram).collect(),
    }
}
