//! The reading side of [`crate::counters`]: any process, no lock, nothing trusted.

use std::ops::Range;

use crate::counters::{COUNTER, HISTOGRAM, MAX_LABELS, MAX_VALUE_LINES, RawLabel, values_line};
use crate::histogram::{Histogram, SUB_BITS, bucket_count};
use crate::layout::text;
use crate::lines::{LINE_WORDS, Lines};
use crate::sync::Ordering;

/// What is wrong with a counters region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CounterError {
    /// The body is shorter than its numbers say.
    #[error("counters: body shorter than its label table says")]
    Short,
    /// More labels or values than a table may have.
    #[error("counters: more labels or values than any table has")]
    Many,
    /// A label's place lies outside of the values.
    #[error("counters: a label points outside of the values")]
    Place,
    /// A label's kind or shape does not exist.
    #[error("counters: a label of no known kind or shape")]
    Shape,
}

impl CounterError {
    /// All of them, in order of their index.
    pub const ALL: [CounterError; 4] =
        [CounterError::Short, CounterError::Many, CounterError::Place, CounterError::Shape];

    /// Name for counters.
    pub const fn name(self) -> &'static str {
        match self {
            CounterError::Short => "short",
            CounterError::Many => "many",
            CounterError::Place => "place",
            CounterError::Shape => "shape",
        }
    }

    /// Place in [`CounterError::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// What a label says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Block: one writing thread each.
    pub block: u16,
    /// Sub-bucket bits of a histogram; `None` for a counter.
    pub sub_bits: Option<u8>,
    words: Range<usize>,
}

impl Label {
    fn of(raw: &RawLabel, value_words: u64) -> Result<Label, CounterError> {
        let end = u64::from(raw.first) + u64::from(raw.words);
        if end > value_words {
            return Err(CounterError::Place);
        }
        let histogram = || bucket_count(raw.sub_bits, raw.value_bits) as u64;
        let sub_bits = match raw.kind {
            COUNTER if raw.words == 1 => None,
            HISTOGRAM
                if SUB_BITS.contains(&raw.sub_bits) && u64::from(raw.words) == histogram() =>
            {
                Some(raw.sub_bits)
            }
            _ => return Err(CounterError::Shape),
        };
        Ok(Label {
            name: text(&raw.name).to_string(),
            unit: text(&raw.unit).to_string(),
            block: raw.block,
            sub_bits,
            words: raw.first as usize..end as usize,
        })
    }
}

/// Any process's side. The label table is copied and checked once.
#[derive(Clone, Debug)]
pub struct CounterReader<L> {
    lines: L,
    first_line: usize,
    value_lines: usize,
    labels: Vec<Label>,
}

impl<L: Lines> CounterReader<L> {
    /// Reads the table in these lines.
    ///
    /// # Errors
    /// [`CounterError`]: every number is checked against the body before use.
    pub fn open(lines: L) -> Result<Self, CounterError> {
        if lines.lines() == 0 {
            return Err(CounterError::Short);
        }
        // Partners: the stores of `format`, ordered by the region's life.
        let word = |at: usize| lines.line(0)[at].load(Ordering::Relaxed);
        let (count, value_lines) = (word(0), word(1));
        if count > MAX_LABELS || value_lines > MAX_VALUE_LINES {
            return Err(CounterError::Many);
        }
        let first = values_line(count);
        if first + value_lines > lines.lines() as u64 {
            return Err(CounterError::Short);
        }
        let label = |at: u64| {
            let line = lines.line(1 + at as usize);
            // Partner: as above. One copy, and only the copy is checked and used.
            let words: [u64; LINE_WORDS] =
                std::array::from_fn(|word| line[word].load(Ordering::Relaxed));
            Label::of(&zerocopy::transmute!(words), value_lines * LINE_WORDS as u64)
        };
        let labels = (0..count).map(label).collect::<Result<_, _>>()?;
        let (first_line, value_lines) = (first as usize, value_lines as usize);
        Ok(CounterReader { lines, first_line, value_lines, labels })
    }

    /// Lines that labels and values take together.
    pub fn needed_lines(&self) -> u64 {
        (self.first_line + self.value_lines) as u64
    }

    /// What there is.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    fn word(&self, word: usize) -> u64 {
        // Partner: `CounterWriter::change`. A count that stands alone.
        self.lines.line(self.first_line + word / LINE_WORDS)[word % LINE_WORDS]
            .load(Ordering::Relaxed)
    }

    /// Value of the counter that label number `label` names; `None` for a histogram.
    pub fn value(&self, label: usize) -> Option<u64> {
        let label = self.labels.get(label).filter(|label| label.sub_bits.is_none())?;
        Some(self.word(label.words.start))
    }

    /// Value of a counter by name.
    pub fn value_of(&self, name: &str) -> Option<u64> {
        let named = |label: &Label| label.sub_bits.is_none() && label.name == name;
        self.value(self.labels.iter().position(named)?)
    }

    /// Copy of the histogram that label number `label` names; `None` for a counter.
    pub fn histogram(&self, label: usize) -> Option<Histogram> {
        let label = self.labels.get(label)?;
        let buckets = label.words.clone().map(|word| self.word(word)).collect();
        Some(Histogram::new(label.sub_bits?, buckets))
    }

    /// Copy of a histogram by name.
    pub fn histogram_of(&self, name: &str) -> Option<Histogram> {
        let named = |label: &Label| label.sub_bits.is_some() && label.name == name;
        self.histogram(self.labels.iter().position(named)?)
    }
}
