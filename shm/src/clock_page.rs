//! The clock page: how every process of the host turns the time-stamp counter into UTC.
//!
//! One calibration for all, or two processes would disagree about the latency between them. The
//! handler's clock thread calibrates and publishes; everybody else only multiplies. The page is one
//! cache line under a seqlock. Keeping the clock from ever jumping is the writer's business
//! (it slews: changes the multiplier, keeps the line joined); [`ClockWriter::publish`] refuses a
//! page that would step within an epoch.
//!
//! | word | |
//! |--|--|
//! | 0 | seqlock version; 0 = never published |
//! | 1 | tsc_base, ticks |
//! | 2 | utc_base, ns UTC at tsc_base |
//! | 3 | multiplier, ns per tick times 2^48 |
//! | 4 | error_ns, bound at tsc_base |
//! | 5 | epoch: a new number means that the clock was stepped, on purpose |
//! | 6 | drift_ppb: the error bound grows by this many parts per billion of age |
//! | 7 | zero |

use crate::lines::Lines;
use crate::row_error::RowError;
use crate::seqlock;

/// Fraction bits of the multiplier.
pub const MULTIPLIER_BITS: u32 = 48;

const WORDS: usize = 7;

/// One calibration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockPage {
    /// Counter value at the base.
    pub tsc_base: u64,
    /// ns UTC at the base.
    pub utc_base: u64,
    /// ns per tick times 2^48.
    pub multiplier: u64,
    /// Bound of the error at the base, ns.
    pub error_ns: u64,
    /// Number of the epoch; changes when the clock is stepped on purpose.
    pub epoch: u64,
    /// Growth of the error bound, parts per billion of age.
    pub drift_ppb: u64,
}

impl ClockPage {
    /// ns UTC of a counter value, before or after the base; saturates at the ends of u64.
    #[inline]
    pub fn to_utc(&self, tsc: u64) -> u64 {
        let ticks = i128::from(tsc.wrapping_sub(self.tsc_base) as i64);
        let ns = (ticks * i128::from(self.multiplier)) >> MULTIPLIER_BITS;
        u64::try_from((i128::from(self.utc_base) + ns).max(0)).unwrap_or(u64::MAX)
    }

    /// Bound of the error of [`Self::to_utc`] at a counter value, ns.
    pub fn error_at(&self, tsc: u64) -> u64 {
        let age = self.to_utc(tsc).abs_diff(self.utc_base);
        let grown = u128::from(age) * u128::from(self.drift_ppb) / 1_000_000_000;
        self.error_ns.saturating_add(u64::try_from(grown).unwrap_or(u64::MAX))
    }

    /// Counter ticks of a span of ns, rounded down; 0 without a calibration.
    pub fn ticks_of_ns(&self, ns: u64) -> u64 {
        if self.multiplier == 0 {
            return 0;
        }
        let ticks = (u128::from(ns) << MULTIPLIER_BITS) / u128::from(self.multiplier);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    fn words(&self) -> [u64; WORDS] {
        [
            self.tsc_base,
            self.utc_base,
            self.multiplier,
            self.error_ns,
            self.epoch,
            self.drift_ppb,
            0,
        ]
    }

    fn of_words(words: &[u64; WORDS]) -> Self {
        let [tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb, _] = *words;
        ClockPage { tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb }
    }
}

/// A page that would make the clock jump within its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock would step by {by_ns} ns: join the lines (slew) or begin a new epoch")]
pub struct Stepped {
    /// Size of the jump at the new page's base, ns.
    pub by_ns: u64,
}

/// Largest jump that is rounding, ns.
const ROUNDING_NS: u64 = 2;

/// The calibrating thread's side: the only writer.
#[derive(Debug)]
pub struct ClockWriter<L> {
    lines: L,
    line: usize,
    last: Option<ClockPage>,
}

impl<L: Lines> ClockWriter<L> {
    /// Writes the page in line `line`. `None` if there is no such line.
    pub fn new(lines: L, line: usize) -> Option<Self> {
        (line < lines.lines()).then_some(ClockWriter { lines, line, last: None })
    }

    /// Publishes a page. In the same epoch it must join the last one at its own base.
    ///
    /// # Errors
    /// [`Stepped`]; the old page stays.
    pub fn publish(&mut self, page: &ClockPage) -> Result<(), Stepped> {
        if let Some(last) = self.last.filter(|last| last.epoch == page.epoch) {
            let by_ns = last.to_utc(page.tsc_base).abs_diff(page.utc_base);
            if by_ns > ROUNDING_NS {
                return Err(Stepped { by_ns });
            }
        }
        seqlock::write(&self.lines, self.line, &page.words());
        self.last = Some(*page);
        Ok(())
    }
}

/// Any process's side: converts by a private copy, renewed when the page changed.
#[derive(Clone, Debug)]
pub struct ClockReader<L> {
    lines: L,
    line: usize,
    version: u64,
    copy: ClockPage,
}

impl<L: Lines> ClockReader<L> {
    /// Reads the page in line `line`. `None` if there is no such line.
    pub fn new(lines: L, line: usize) -> Option<Self> {
        let copy = ClockPage::default();
        (line < lines.lines()).then_some(ClockReader { lines, line, version: 0, copy })
    }

    /// The page as it is now; `Ok(None)` if none was published yet.
    ///
    /// # Errors
    /// [`RowError::Torn`].
    pub fn page(&mut self) -> Result<Option<ClockPage>, RowError> {
        if seqlock::version(&self.lines, self.line) != self.version {
            let mut words = [0; WORDS];
            self.version = seqlock::read(&self.lines, self.line, &mut words)?;
            self.copy = ClockPage::of_words(&words);
        }
        Ok((self.version != 0).then_some(self.copy))
    }

    /// ns UTC of a counter value by the latest page; by the last good copy while a new one is
    /// being written. `None` before the first page.
    #[inline]
    pub fn to_utc(&mut self, tsc: u64) -> Option<u64> {
        if seqlock::version(&self.lines, self.line) != self.version {
            // A torn page leaves the last good copy in use.
            let _ = self.page();
        }
        (self.version != 0).then(|| self.copy.to_utc(tsc))
    }
}
