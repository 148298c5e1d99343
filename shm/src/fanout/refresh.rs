//! Refreshes: what they are asked for with, and which books wait for one. How they are written is
//! in [`super::parts`].

use super::Fanout;
use crate::lines::{LINE_WORDS, Lines};
use thiserror::Error;

/// What a seat wants of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatWant {
    /// Bit c: records of class c.
    pub classes: u8,
    /// Levels a side, 0 = all.
    pub depth: u16,
    /// Number of the seat.
    pub seat: u8,
}

/// What a seat has lost since it fell silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostReport {
    /// Step of the first record lost.
    pub first_step: u64,
    /// Step of the last record lost.
    pub last_step: u64,
    /// Records lost.
    pub records: u64,
    /// Those of them in the counted class.
    pub counted: u64,
    /// Instruments whose book the seat has to get anew.
    pub instruments: u64,
}

/// What only the market's side knows: how a book is written, and how a loss is declared.
pub trait Refresh {
    /// Writes the book of `instrument`, as the seat wants it, from its begin record to its end
    /// record: whole, or a part of about [`RefreshOut::part`] records if there is more to come
    /// ([`RefreshOut::go_on_at`]). Between two parts the book has not changed, as far as the
    /// fan-out was told; if it has all the same, begin anew.
    fn refresh(&mut self, instrument: u32, want: SeatWant, out: &mut RefreshOut);
    /// The book of `instrument` is going to be asked for: a moment to fetch what it needs.
    #[inline(always)]
    fn expect(&mut self, _instrument: u32, _want: SeatWant) {}
    /// The record that declares a loss.
    fn lost(&mut self, report: LostReport) -> [u64; LINE_WORDS];
}

/// A refresh that can never be delivered: the instrument stays withheld from the seat until
/// somebody asks for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "refresh of instrument {instrument} for seat {seat} needs {needed} slots, the ring has \
     {capacity}: configure a larger ring or a smaller depth"
)]
pub struct RefreshTooLarge {
    /// Seat that is without this instrument's book.
    pub seat: u8,
    /// Index of the instrument.
    pub instrument: u32,
    /// Records of the refresh.
    pub needed: u64,
    /// Slots of the seat's ring.
    pub capacity: u64,
}

/// Where a part of a refresh is collected before the ring takes it.
#[derive(Debug, Default)]
pub struct RefreshOut {
    pub(super) records: Vec<[u64; LINE_WORDS]>,
    limit: usize,
    part: usize,
    pushed: u64,
    announced: u64,
    place: [u64; 4],
    more: bool,
}

impl RefreshOut {
    /// Room for `limit` records, allocated now.
    pub(super) fn new(limit: usize) -> Self {
        RefreshOut { records: Vec::with_capacity(limit), limit, ..RefreshOut::default() }
    }

    /// Begins a part of about `part` records, at the begin of the book or where the last one ended.
    pub(super) fn begin(&mut self, part: usize, anew: bool) {
        self.records.clear();
        (self.pushed, self.announced) = (0, 0);
        (self.part, self.more) = (part, false);
        if anew {
            self.place = [0; 4];
        }
    }

    /// Whether there is more to come.
    #[inline(always)]
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    /// About how many records are wanted now, at least one; `usize::MAX`: the whole rest.
    #[inline(always)]
    pub fn part(&self) -> usize {
        self.part
    }

    /// Where the last part ended, as it was given to [`RefreshOut::go_on_at`]; zeros: begin.
    #[inline(always)]
    pub fn place(&self) -> [u64; 4] {
        self.place
    }

    /// There is more to come, from `place` on, which should not be all zeros.
    #[inline(always)]
    pub fn go_on_at(&mut self, place: [u64; 4]) {
        (self.place, self.more) = (place, true);
    }

    /// Says how many records the whole refresh has, before the first one is appended. Needed only
    /// where it is written in parts: a refresh begins when there is room for all of it.
    #[inline(always)]
    pub fn announce(&mut self, records: u64) {
        self.announced = records;
    }

    /// Appends a record. Beyond the largest ring it is only counted.
    #[inline]
    pub fn push(&mut self, record: &[u64; LINE_WORDS]) {
        self.pushed += 1;
        if self.records.len() < self.limit {
            self.records.push(*record);
        }
    }

    /// Records of this part.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Records of the whole refresh, as far as known: what was announced, or appended.
    pub fn needed(&self) -> u64 {
        self.announced.max(self.pushed)
    }
}

impl<L: Lines> Fanout<L> {
    /// Asks for a refresh of `instrument` for those seats of `mask` that want its book, after a
    /// healed gap or a venue's snapshot.
    pub fn request_refresh(&mut self, instrument: u32, mask: u8) {
        let mut seats = mask & self.active;
        while seats != 0 {
            let seat = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            self.withhold(seat, instrument);
        }
    }

    /// The same for every instrument.
    pub fn request_refresh_all(&mut self, mask: u8) {
        let mut seats = mask & self.active;
        while seats != 0 {
            let seat = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            self.withhold_all(seat);
        }
    }

    /// Marks the book of `instrument` as to be refreshed for `seat`; true if it was not.
    pub(super) fn withhold(&mut self, seat: usize, instrument: u32) -> bool {
        let book = self.rules.book_classes;
        let Some(state) = self.seats.get_mut(seat) else { return false };
        if state.terms.classes & book == 0 || !state.wanted.contains(instrument) {
            return false;
        }
        state.parked.remove(instrument);
        if !state.pending.insert(instrument) {
            self.touch_of(seat, instrument);
            return false;
        }
        // The loss that ends a silence announces every book that comes after it.
        state.loss.instruments += u64::from(self.silent >> seat & 1);
        if let Some(masks) = self.instruments.get_mut(instrument as usize) {
            masks[1] &= !(1 << seat);
        }
        true
    }

    /// The book of `instrument` lost a record for `seat`: it is to be refreshed. True if it was not
    /// already. Its records are withheld only when the seat speaks again: until then each of them
    /// is counted as lost, so that what was published = what came + what was declared.
    pub(super) fn lost_book(&mut self, seat: usize, instrument: u32) -> bool {
        let book = self.rules.book_classes;
        let Some(state) = self.seats.get_mut(seat) else { return false };
        if state.terms.classes & book == 0 || !state.wanted.contains(instrument) {
            return false;
        }
        state.parked.remove(instrument);
        state.pending.insert(instrument)
    }

    /// Withholds the records of every book that `seat` waits for.
    pub(super) fn withhold_pending(&mut self, seat: usize) {
        let Some(state) = self.seats.get(seat) else { return };
        for word in 0..self.words {
            let mut pending = state.pending.word(word);
            while pending != 0 {
                let index = word * 64 + pending.trailing_zeros() as usize;
                pending &= pending - 1;
                if let Some(masks) = self.instruments.get_mut(index) {
                    masks[1] &= !(1 << seat);
                }
            }
        }
    }

    /// Marks every wanted book as to be refreshed for `seat`.
    pub(super) fn withhold_all(&mut self, seat: usize) {
        self.abandon(seat);
        let book = self.rules.book_classes;
        let words = self.words;
        let Some(state) = self.seats.get_mut(seat) else { return };
        if state.terms.classes & book == 0 {
            return;
        }
        state.parked.clear();
        for word in 0..words {
            let wanted = state.wanted.word(word);
            state.pending.set_word(word, wanted);
            let masks = self.instruments.iter_mut().skip(word * 64).take(64);
            for (bit, masks) in masks.enumerate() {
                // Branch-free, because it runs over every instrument.
                masks[1] &= !(((wanted >> bit & 1) as u8) << seat);
            }
        }
    }
}
