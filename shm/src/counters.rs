//! Counters and histograms that any tool can read without asking the producer.
//!
//! A count is one word in the producer's own cache lines: the owner adds with a load and a store,
//! no locked instruction, because a block of counters has one writing thread. A label table
//! in the same region says what each word is, so that a monitor needs no list of its own.
//!
//! A histogram is log-linear (as HdrHistogram): values below 2^b have a bucket each, above that
//! every power of two is cut into 2^b buckets, so that a bucket is never wider than its value /
//! 2^b. Recording is one add; sums, percentiles and extremes are the reader's work.
//!
//! | line | words | |
//! |--|--|--|
//! | 0 | 0, 1 | labels, lines of values |
//! | 1 + i | 8 | label i |
//! | 1 + labels, rounded up to 2 | | values, see the labels |
//!
//! | offset in a label | size | |
//! |--|--|--|
//! | 0 | 36 | name, utf-8, NUL-padded |
//! | 36 | 12 | unit, utf-8, NUL-padded |
//! | 48 | 2 | block: one writing thread each |
//! | 50 | 1 | kind: 1 counter, 2 histogram |
//! | 51 | 1 | sub-bucket bits b |
//! | 52 | 1 | value bits: larger values go to the last bucket |
//! | 53 | 3 | zero |
//! | 56 | 4 | first word, from the first value |
//! | 60 | 4 | words |
//!
//! Blocks begin at even lines, so that two writers share neither a line nor the pair of lines that
//! a processor fetches together.

use std::mem::offset_of;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::counter_reader::CounterError;
use crate::error::{Error, Result};
use crate::histogram::{SUB_BITS, bucket_count, bucket_of};
use crate::layout::{padded, text};
use crate::lines::{LINE_WORDS, Lines};
use crate::sync::Ordering;

/// Most labels of a table.
pub const MAX_LABELS: u64 = 1 << 14;
/// Most lines of values.
pub const MAX_VALUE_LINES: u64 = 1 << 20;

pub(crate) const COUNTER: u8 = 1;
pub(crate) const HISTOGRAM: u8 = 2;

/// A counter to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterSpec {
    /// Name, at most 36 bytes.
    pub name: String,
    /// Unit, at most 12 bytes.
    pub unit: String,
    /// Block: one writing thread each.
    pub block: u16,
}

/// A histogram to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramSpec {
    /// Name, at most 36 bytes.
    pub name: String,
    /// Unit, at most 12 bytes.
    pub unit: String,
    /// Block: one writing thread each.
    pub block: u16,
    /// Sub-bucket bits, 1 to 10.
    pub sub_bits: u8,
    /// Values of more bits go to the last bucket; at most 64.
    pub value_bits: u8,
}

/// All counters and histograms of a producer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterTable {
    /// Counters.
    pub counters: Vec<CounterSpec>,
    /// Histograms.
    pub histograms: Vec<HistogramSpec>,
}

/// One label, as it lies in the region.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub(crate) struct RawLabel {
    pub(crate) name: [u8; 36],
    pub(crate) unit: [u8; 12],
    pub(crate) block: u16,
    pub(crate) kind: u8,
    pub(crate) sub_bits: u8,
    pub(crate) value_bits: u8,
    unnamed: [u8; 3],
    pub(crate) first: u32,
    pub(crate) words: u32,
}

const _: () = {
    assert!(size_of::<RawLabel>() == 64);
    assert!(offset_of!(RawLabel, name) == 0);
    assert!(offset_of!(RawLabel, unit) == 36);
    assert!(offset_of!(RawLabel, block) == 48);
    assert!(offset_of!(RawLabel, kind) == 50);
    assert!(offset_of!(RawLabel, sub_bits) == 51);
    assert!(offset_of!(RawLabel, value_bits) == 52);
    assert!(offset_of!(RawLabel, unnamed) == 53);
    assert!(offset_of!(RawLabel, first) == 56);
    assert!(offset_of!(RawLabel, words) == 60);
};

/// First line of the values behind `labels` labels.
pub(crate) const fn values_line(labels: u64) -> u64 {
    (1 + labels).next_multiple_of(2)
}

impl CounterTable {
    /// Refuses names and numbers out of range.
    ///
    /// # Errors
    /// [`Error::BadName`] or [`Error::BadSpec`].
    pub fn check(&self) -> Result<()> {
        let names = self.counters.iter().map(|c| (&c.name, &c.unit));
        let names = names.chain(self.histograms.iter().map(|h| (&h.name, &h.unit)));
        let mut seen = std::collections::HashSet::new();
        for (name, unit) in names {
            let bad = |why| Err(Error::BadName { what: "counter", name: name.clone(), why });
            if name.is_empty() || name.len() > 36 || unit.len() > 12 {
                return bad("the name takes 1 to 36 bytes, the unit at most 12");
            }
            if name.contains('\0') || unit.contains('\0') {
                return bad("NUL ends a name");
            }
            if !seen.insert(name) {
                return bad("two counters of a producer have it");
            }
        }
        for h in &self.histograms {
            let (found, sub) = (u64::from(h.sub_bits), SUB_BITS.contains(&h.sub_bits));
            if !sub {
                return Err(Error::BadSpec { what: "sub-bucket bits", found, wanted: "1 to 10" });
            }
            if h.value_bits <= h.sub_bits || h.value_bits > 64 {
                let (found, wanted) = (u64::from(h.value_bits), "above sub_bits, at most 64");
                return Err(Error::BadSpec { what: "value bits", found, wanted });
            }
        }
        let (labels, lines) = (self.labels(), self.plan().1);
        if labels > MAX_LABELS || lines > MAX_VALUE_LINES {
            let wanted = "at most 16,384 labels and 64 MiB of values";
            return Err(Error::BadSpec { what: "counters", found: labels.max(lines), wanted });
        }
        Ok(())
    }

    fn labels(&self) -> u64 {
        (self.counters.len() + self.histograms.len()) as u64
    }

    /// All labels with their places, and the lines of values: block after block, counters before
    /// histograms, each block on lines of its own.
    fn plan(&self) -> (Vec<RawLabel>, u64) {
        let mut labels: Vec<RawLabel> = Vec::new();
        for c in &self.counters {
            labels.push(raw_label(&c.name, &c.unit, c.block, (COUNTER, 0, 0), 1));
        }
        for h in &self.histograms {
            let words = bucket_count(h.sub_bits, h.value_bits) as u32;
            let shape = (HISTOGRAM, h.sub_bits, h.value_bits);
            labels.push(raw_label(&h.name, &h.unit, h.block, shape, words));
        }
        labels.sort_by_key(|label| (label.block, label.kind));
        let (mut next, mut block) = (0_u32, None);
        for label in &mut labels {
            if block != Some(label.block) {
                block = Some(label.block);
                next = next.next_multiple_of(2 * LINE_WORDS as u32);
            }
            label.first = next;
            next = next.saturating_add(label.words);
        }
        (labels, u64::from(next).div_ceil(LINE_WORDS as u64))
    }

    /// Lines of the region's body.
    pub fn lines(&self) -> u64 {
        values_line(self.labels()) + self.plan().1
    }

    /// Numbers for the region's header.
    pub fn params(&self) -> [u64; 4] {
        [self.labels(), self.plan().1, 0, 0]
    }

    /// Writes the label table into a fresh (zero) body of at least [`Self::lines`] lines.
    ///
    /// # Errors
    /// [`CounterError::Short`] where it is shorter.
    pub fn format<L: Lines>(&self, lines: &L) -> std::result::Result<(), CounterError> {
        if (lines.lines() as u64) < self.lines() {
            return Err(CounterError::Short);
        }
        let (labels, value_lines) = self.plan();
        for (at, label) in labels.iter().enumerate() {
            let words: [u64; LINE_WORDS] = zerocopy::transmute!(*label);
            for (word, value) in lines.line(1 + at).iter().zip(words) {
                // Partner: `CounterReader::open`, after the region's life says ready.
                word.store(value, Ordering::Relaxed);
            }
        }
        // Partners: as above.
        lines.line(0)[0].store(labels.len() as u64, Ordering::Relaxed);
        lines.line(0)[1].store(value_lines, Ordering::Relaxed);
        Ok(())
    }

    /// Write access to one block: for one thread.
    pub fn writer<L: Lines>(&self, lines: L, block: u16) -> CounterWriter<L> {
        let (labels, _) = self.plan();
        let first_line = values_line(self.labels()) as usize;
        let labels = labels.into_iter().filter(|label| label.block == block).collect();
        CounterWriter { lines, first_line, labels }
    }
}

fn raw_label(name: &str, unit: &str, block: u16, shape: (u8, u8, u8), words: u32) -> RawLabel {
    let (kind, sub_bits, value_bits) = shape;
    let (name, unit) = (padded(name), padded(unit));
    RawLabel { name, unit, block, kind, sub_bits, value_bits, words, ..RawLabel::new_zeroed() }
}

/// A counter's place, found once by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterId(u32);

/// A histogram's place, found once by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistogramId {
    first: u32,
    last: u32,
    sub_bits: u8,
}

/// The owner of a block: the only thread that writes its words.
#[derive(Debug)]
pub struct CounterWriter<L> {
    lines: L,
    first_line: usize,
    labels: Vec<RawLabel>,
}

impl<L: Lines> CounterWriter<L> {
    fn label(&self, name: &str, kind: u8) -> Option<&RawLabel> {
        self.labels.iter().find(|label| label.kind == kind && text(&label.name) == name)
    }

    /// The counter of that name in this block.
    pub fn counter(&self, name: &str) -> Option<CounterId> {
        Some(CounterId(self.label(name, COUNTER)?.first))
    }

    /// The histogram of that name in this block.
    pub fn histogram(&self, name: &str) -> Option<HistogramId> {
        let label = self.label(name, HISTOGRAM)?;
        let last = label.first + label.words - 1;
        Some(HistogramId { first: label.first, last, sub_bits: label.sub_bits })
    }

    #[inline(always)]
    fn change(&self, word: u32, change: impl FnOnce(u64) -> u64) {
        let (line, at) = (word as usize / LINE_WORDS, word as usize % LINE_WORDS);
        let word = &self.lines.line(self.first_line + line)[at];
        // Our own word: no partner for the load; partner of the store: the readers' loads.
        word.store(change(word.load(Ordering::Relaxed)), Ordering::Relaxed);
    }

    /// Adds to a counter. A load, an add, a store.
    #[inline(always)]
    pub fn add(&mut self, id: CounterId, by: u64) {
        self.change(id.0, |value| value.wrapping_add(by));
    }

    /// Sets a gauge.
    #[inline(always)]
    pub fn set(&mut self, id: CounterId, to: u64) {
        self.change(id.0, |_| to);
    }

    /// Raises a high-water mark.
    #[inline(always)]
    pub fn raise(&mut self, id: CounterId, to: u64) {
        self.change(id.0, |value| value.max(to));
    }

    /// Counts a value in a histogram.
    #[inline(always)]
    pub fn record(&mut self, id: HistogramId, value: u64) {
        let bucket = bucket_of(id.sub_bits, value) as u32;
        self.change(id.last.min(id.first + bucket), |count| count.wrapping_add(1));
    }
}
