//! Sets of core numbers, in the notation that the kernel uses for them (`0-3,8`).
//!
//! The kernel prints every set of cores as a list of ranges, and people type them the same way
//! into configuration, so one type reads and prints that notation. A number is bounded before a
//! range is expanded: `0-4294967295` must be an error, not four gigabytes of memory.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One more than the highest core number accepted: the most that Linux can be built for.
pub const MAX_CPUS: usize = 8192;

/// What is wrong with a list of cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CpuListError {
    /// A piece between commas is empty.
    EmptyPiece,
    /// A piece is no number and no range of two numbers.
    NotANumber,
    /// A range ends before it begins.
    ReversedRange,
    /// A number is [`MAX_CPUS`] or more.
    TooLarge,
}

impl CpuListError {
    /// Every variant, in the order of [`CpuListError::index`].
    pub const ALL: [Self; 4] =
        [Self::EmptyPiece, Self::NotANumber, Self::ReversedRange, Self::TooLarge];

    /// The variant's name, as counters and reports print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmptyPiece => "empty_piece",
            Self::NotANumber => "not_a_number",
            Self::ReversedRange => "reversed_range",
            Self::TooLarge => "too_large",
        }
    }

    /// The variant's place in [`CpuListError::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for CpuListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyPiece => "there is nothing between two commas",
            Self::NotANumber => "a piece is neither a number nor a range like 2-5",
            Self::ReversedRange => "a range ends before it begins",
            Self::TooLarge => "a number is 8192 or more",
        })
    }
}

impl std::error::Error for CpuListError {}

/// A set of core numbers, each below [`MAX_CPUS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuSet {
    ids: BTreeSet<usize>,
}

impl CpuSet {
    /// The set without any core.
    pub const fn new() -> Self {
        Self { ids: BTreeSet::new() }
    }

    /// The set of one core; empty where the number is [`MAX_CPUS`] or more.
    pub fn single(core: usize) -> Self {
        [core].into_iter().collect()
    }

    /// Whether the core is in the set.
    pub fn contains(&self, core: usize) -> bool {
        self.ids.contains(&core)
    }

    /// How many cores are in the set.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no core is in the set.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The lowest core of the set.
    pub fn first(&self) -> Option<usize> {
        self.ids.first().copied()
    }

    /// The cores in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.ids.iter().copied()
    }

    /// The cores that are in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        Self { ids: self.ids.intersection(&other.ids).copied().collect() }
    }

    /// The cores of this set that are not in the other.
    pub fn difference(&self, other: &Self) -> Self {
        Self { ids: self.ids.difference(&other.ids).copied().collect() }
    }
}

impl FromIterator<usize> for CpuSet {
    /// Collects core numbers; numbers of [`MAX_CPUS`] or more are left out.
    fn from_iter<I: IntoIterator<Item = usize>>(iter: I) -> Self {
        Self { ids: iter.into_iter().filter(|&id| id < MAX_CPUS).collect() }
    }
}

fn number(text: &str) -> Result<usize, CpuListError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CpuListError::NotANumber);
    }
    // All digits, so what does not parse is too long for a usize.
    match text.parse::<usize>() {
        Ok(n) if n < MAX_CPUS => Ok(n),
        _ => Err(CpuListError::TooLarge),
    }
}

impl FromStr for CpuSet {
    type Err = CpuListError;

    /// Reads the kernel's notation. Blanks around it are ignored; nothing is the empty set, and
    /// so is `(null)`, which kernels print for a `nohz_full` that was never set.
    fn from_str(text: &str) -> Result<Self, CpuListError> {
        let text = text.trim();
        let mut ids = BTreeSet::new();
        if text.is_empty() || text == "(null)" {
            return Ok(Self { ids });
        }
        for piece in text.split(',') {
            let piece = piece.trim();
            if piece.is_empty() {
                return Err(CpuListError::EmptyPiece);
            }
            let (low, high) = match piece.split_once('-') {
                Some((low, high)) => (number(low)?, number(high)?),
                None => (number(piece)?, number(piece)?),
            };
            if low > high {
                return Err(CpuListError::ReversedRange);
            }
            ids.extend(low..=high);
        }
        Ok(Self { ids })
    }
}

impl fmt::Display for CpuSet {
    /// Prints the kernel's notation; the empty set is `none`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ids.is_empty() {
            return f.write_str("none");
        }
        let mut ids = self.iter().peekable();
        let mut comma = "";
        while let Some(low) = ids.next() {
            let mut high = low;
            while ids.next_if_eq(&(high + 1)).is_some() {
                high += 1;
            }
            if low == high {
                write!(f, "{comma}{low}")?;
            } else {
                write!(f, "{comma}{low}-{high}")?;
            }
            comma = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kernel_notation_is_read() {
        let set: CpuSet = "0-2,5, 9-9\n".parse().expect("a valid list");
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 1, 2, 5, 9]);
        assert_eq!(set.to_string(), "0-2,5,9");
        assert!("\n".parse::<CpuSet>().expect("empty").is_empty());
        assert!("(null)\n".parse::<CpuSet>().expect("null").is_empty());
        assert_eq!(CpuSet::new().to_string(), "none");
    }

    #[test]
    fn malformed_lists_are_told_apart() {
        let cases = [
            ("1,,2", CpuListError::EmptyPiece),
            ("1,", CpuListError::EmptyPiece),
            ("a", CpuListError::NotANumber),
            ("-3", CpuListError::NotANumber),
            ("1-2-3", CpuListError::NotANumber),
            ("+1", CpuListError::NotANumber),
            ("5-2", CpuListError::ReversedRange),
            ("0-4294967295", CpuListError::TooLarge),
            ("8192", CpuListError::TooLarge),
            ("99999999999999999999999999", CpuListError::TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<CpuSet>(), Err(error), "{text}");
        }
        for (i, error) in CpuListError::ALL.into_iter().enumerate() {
            assert_eq!(error.index(), i);
            assert!(!error.name().is_empty());
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(
            ids in proptest::collection::btree_set(0_usize..MAX_CPUS, 1..40),
        ) {
            let set: CpuSet = ids.iter().copied().collect();
            prop_assert_eq!(set.to_string().parse::<CpuSet>(), Ok(set.clone()));
            prop_assert_eq!(set.len(), ids.len());
        }

        #[test]
        fn any_text_is_a_set_or_an_error(text in "[0-9,\\- a(]{0,24}") {
            if let Ok(set) = text.parse::<CpuSet>() {
                prop_assert!(set.iter().all(|id| id < MAX_CPUS));
            }
        }
    }
}
