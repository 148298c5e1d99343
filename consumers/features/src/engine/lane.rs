//! What is known of a lane: its time, its instruments, whether it is to be believed.

use crate::flags;

/// Where an index has no instrument here.
const NONE: u32 = 0;
/// Where there was no memory for it, which is counted once.
const REFUSED: u32 = u32::MAX;

/// A lane of the source.
#[derive(Debug)]
pub(super) struct Lane {
    /// Greatest receive time so far; `None` before the first record.
    pub(super) now: Option<i64>,
    /// The next time of the grid.
    pub(super) next_grid: i64,
    /// Step of the last record.
    pub(super) last_sequence: u64,
    /// By index: place in the pool + 1.
    by_index: Vec<u32>,
    /// Places in the pool, in the order in which they were taken.
    pub(super) slots: Vec<usize>,
    /// Receive times were taken on this host when the messages came, not by a recording.
    pub(super) is_stamped_here: bool,
    /// In continuous trading; `None`: the venue did not say.
    pub(super) is_continuous: Option<bool>,
    /// Lines whose connection was told, and those that are up.
    lines_known: u16,
    lines_up: u16,
    /// The handler is not there, or does not move.
    pub(super) is_stalled: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Lane {
            now: None,
            next_grid: i64::MIN,
            last_sequence: 0,
            by_index: Vec::new(),
            slots: Vec::new(),
            is_stamped_here: false,
            is_continuous: None,
            lines_known: 0,
            lines_up: 0,
            is_stalled: false,
        }
    }
}

impl Lane {
    /// Room for all indexes of the lane, so that instruments are added without more memory.
    pub(super) fn reserve(&mut self, instruments: usize, slots: usize) {
        if self.by_index.len() < instruments {
            self.by_index.resize(instruments, NONE);
        }
        self.slots.reserve(slots.saturating_sub(self.slots.len()));
    }

    /// Place of an instrument in the pool.
    #[inline(always)]
    pub(super) fn slot(&self, index: u32) -> Option<usize> {
        match self.by_index.get(index as usize) {
            None | Some(&NONE | &REFUSED) => None,
            Some(slot) => Some(*slot as usize - 1),
        }
    }

    pub(super) fn add(&mut self, index: u32, slot: usize) {
        self.reserve(index as usize + 1, 0);
        if let Some(place) = self.by_index.get_mut(index as usize) {
            *place = slot as u32 + 1;
        }
        self.slots.push(slot);
    }

    /// There is no memory for an instrument. True if that was not known.
    pub(super) fn refuse(&mut self, index: u32) -> bool {
        self.reserve(index as usize + 1, 0);
        let place = self.by_index.get_mut(index as usize);
        place.is_some_and(|place| std::mem::replace(place, REFUSED) != REFUSED)
    }

    /// Time goes on to that of a record. True if the record is from before that.
    #[inline(always)]
    pub(super) fn take_time(&mut self, ts: Option<i64>, sequence: u64) -> bool {
        self.last_sequence = sequence;
        let Some(ts) = ts else { return false };
        let now = self.now.unwrap_or(ts);
        self.now = Some(now.max(ts));
        ts < now
    }

    /// A connection's line goes up or down.
    pub(super) fn line(&mut self, line: u8, is_up: bool) {
        let bit = 1_u16 << (line & 15);
        self.lines_known |= bit;
        self.lines_up = if is_up { self.lines_up | bit } else { self.lines_up & !bit };
    }

    /// Whether nothing can come from the venue now.
    #[inline(always)]
    pub(super) fn is_quiet(&self) -> bool {
        self.is_stalled || (self.lines_known != 0 && self.lines_up == 0)
    }

    /// Flags of everything that the lane's instruments put out.
    #[inline(always)]
    pub(super) fn flags(&self) -> u32 {
        let stale = if self.is_quiet() { flags::STALE } else { 0 };
        stale | if self.is_continuous == Some(false) { flags::AUCTION } else { 0 }
    }
}
