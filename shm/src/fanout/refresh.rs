//! Refreshes: whole books for one seat, written where the lane has nothing better to do.

use super::Fanout;
use super::seat::Seat;
use crate::lines::{LINE_WORDS, Lines};
use crate::seat::SeatState;
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
    /// Writes the whole book of `instrument`, as the seat wants it, from its begin record to its
    /// end record.
    fn refresh(&mut self, instrument: u32, want: SeatWant, out: &mut RefreshOut);
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

/// Where a refresh is collected before the ring takes it whole.
#[derive(Debug, Default)]
pub struct RefreshOut {
    records: Vec<[u64; LINE_WORDS]>,
    limit: usize,
    needed: u64,
}

impl RefreshOut {
    /// Room for `limit` records, allocated now.
    pub(super) fn new(limit: usize) -> Self {
        RefreshOut { records: Vec::with_capacity(limit), limit, needed: 0 }
    }

    /// Appends a record. Beyond the largest ring it is only counted.
    #[inline]
    pub fn push(&mut self, record: &[u64; LINE_WORDS]) {
        self.needed += 1;
        if self.records.len() < self.limit {
            self.records.push(*record);
        }
    }

    /// Records appended so far.
    pub fn needed(&self) -> u64 {
        self.needed
    }

    fn clear(&mut self) {
        self.records.clear();
        self.needed = 0;
    }
}

/// Refreshes that write nothing which are done away with in one poll, for each seat.
const EMPTY_A_POLL: usize = 256;

enum Outcome {
    Nothing,
    Empty(u32),
    Done(u32),
    TooLarge(RefreshTooLarge),
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

    /// One refresh per seat at most, for the seats that have been active for a whole poll.
    pub(super) fn refresh_seats(&mut self, callback: &mut impl Refresh, fresh: u8) {
        let mut seats = self.active & !self.silent & !fresh;
        while seats != 0 {
            let number = seats.trailing_zeros() as u8;
            seats &= seats - 1;
            self.refresh_seat(number, callback);
        }
    }

    fn refresh_seat(&mut self, number: u8, callback: &mut impl Refresh) {
        for _ in 0..EMPTY_A_POLL {
            if !self.refresh_one(number, callback) {
                return;
            }
        }
    }

    /// Writes the refresh that is next in turn. True if it had nothing to write: a seat's bits
    /// cover every instrument that there is room for, and most of these do not exist yet.
    fn refresh_one(&mut self, number: u8, callback: &mut impl Refresh) -> bool {
        let book = self.rules.book_classes;
        let Some(seat) = self.seats.get_mut(usize::from(number)) else { return false };
        let outcome = write_refresh(seat, number, book, &mut self.out, callback);
        match outcome {
            Outcome::Nothing => false,
            Outcome::Empty(instrument) => {
                if let Some(masks) = self.instruments.get_mut(instrument as usize) {
                    masks[1] |= 1 << number;
                }
                true
            }
            Outcome::Done(instrument) => {
                if let Some(masks) = self.instruments.get_mut(instrument as usize) {
                    masks[1] |= 1 << number;
                }
                self.spend(self.out.needed());
                false
            }
            Outcome::TooLarge(error) => {
                self.events.too_large = Some(error);
                false
            }
        }
    }
}

/// Writes the refresh that is next in turn, whole or not at all.
fn write_refresh<L: Lines>(
    seat: &mut Seat<L>,
    number: u8,
    book: u8,
    out: &mut RefreshOut,
    callback: &mut impl Refresh,
) -> Outcome {
    debug_assert!(seat.state == SeatState::Active);
    if seat.pending.count() == 0 || !seat.has_room(seat.refresh_needs.max(1)) {
        return Outcome::Nothing;
    }
    let Some(instrument) = seat.pending.next_in_turn() else { return Outcome::Nothing };
    if seat.terms.classes & book == 0 || !seat.wanted.contains(instrument) {
        // Its bits in the instrument's masks are clear already.
        seat.pending.remove(instrument);
        return Outcome::Nothing;
    }
    out.clear();
    let want = SeatWant { classes: seat.terms.classes, depth: seat.terms.depth, seat: number };
    callback.refresh(instrument, want, out);
    let (needed, capacity) = (out.needed, seat.ring.capacity());
    if needed == 0 {
        seat.pending.remove(instrument);
        return Outcome::Empty(instrument);
    }
    if needed > capacity {
        seat.pending.remove(instrument);
        seat.parked.insert(instrument);
        seat.too_large += 1;
        return Outcome::TooLarge(RefreshTooLarge { seat: number, instrument, needed, capacity });
    }
    if !seat.has_room(needed) {
        // Not built again before there is room for it.
        seat.refresh_needs = needed;
        return Outcome::Nothing;
    }
    for record in &out.records {
        seat.ring.try_push(record);
    }
    seat.private += needed;
    seat.refreshes += 1;
    seat.refresh_needs = 0;
    seat.ring.store_position();
    seat.pending.remove(instrument);
    Outcome::Done(instrument)
}
