//! Refreshes are written in parts, so that a message never waits for a whole book.
//!
//! Every [`PACE`]th poll that found nothing writes some [`PART`] records of one book and gives the
//! source a look.
//! One refresh is under way at a time, of one seat; seats have their turns by whole books. While it
//! is, the seat counts as one that may have the book's records, so the lane builds them and offers
//! them ([`Fanout::push`]): that is how a change in between is noticed. The record itself is not
//! given to the seat, and the refresh begins again with the next part, from its begin record on, with
//! parts four times as large. So a book that never rests comes whole in one poll in the end. Records
//! of other instruments, and of this one in other classes, stand between the parts as they come.
//!
//! A begin record therefore does not promise its end: what came of a book before another begin record,
//! a loss or the end of the seat is to be dropped.

use super::Fanout;
use super::refresh::{Refresh, RefreshOut, RefreshTooLarge, SeatWant};
use super::seat::Seat;
use crate::lines::Lines;
use crate::seat::SeatState;

/// Records of a part. A message that comes meanwhile waits for them.
pub const PART: usize = 4;
/// A part is written in every so many polls that found nothing ([`Fanout::set_pace`]). What a part
/// leaves behind in the core, stores and fetches on their way, delays a message that comes at once.
pub const PACE: u32 = 8;
/// After so many changes in between, a refresh is written in one part.
const ATTEMPTS: u32 = 4;
/// Refreshes that write nothing which are done away with in one poll that found nothing, and in one
/// that is not to be the last for a while.
const EMPTY_A_POLL: usize = 8;
const EMPTY_AT_LAST: usize = 256;
/// See [`Fanout::others`]: no refresh is under way.
pub(super) const ALL_OTHERS: u32 = u32::MAX;

/// A refresh that has begun and not ended. Where it goes on is kept by [`RefreshOut`].
///
/// Read and written field by field: a copy as a whole would have to wait for the stores before it,
/// and those are of ring lines that other cores hold.
#[derive(Debug)]
pub(super) struct UnderWay {
    /// 0: none.
    instrument: u32,
    seat: u32,
    /// How often the book has changed since the first begin.
    attempts: u32,
    /// It has changed since the last begin.
    touched: bool,
}

impl UnderWay {
    pub(super) const NONE: UnderWay =
        UnderWay { instrument: 0, seat: 0, attempts: 0, touched: false };

    /// Seat and instrument.
    pub(super) fn what(&self) -> Option<(usize, u32)> {
        (self.instrument != 0).then_some((self.seat as usize, self.instrument))
    }

    /// Whether the seat's refresh of this instrument is under way.
    fn is(&self, seat: usize, instrument: u32) -> bool {
        self.instrument == instrument && self.is_of(seat)
    }

    /// Whether a refresh of this seat is under way.
    fn is_of(&self, seat: usize) -> bool {
        self.instrument != 0 && self.seat as usize == seat
    }

    fn part(&self) -> usize {
        if self.attempts < ATTEMPTS { PART << (2 * self.attempts) } else { usize::MAX }
    }
}

/// What became of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// No room, or nothing to refresh.
    Nothing,
    /// There was no book to write.
    Empty,
    /// A part was written, and more is to come.
    More,
    /// The last part was written.
    Done,
    /// It can never be written.
    TooLarge,
}

impl<L: Lines> Fanout<L> {
    /// Writes a part of a refresh in every `polls`th poll that found nothing, instead of every
    /// [`PACE`]th: 1 for who has nothing else to do.
    pub fn set_pace(&mut self, polls: u32) {
        self.pace = polls;
    }

    /// A part of a refresh, for the seats that have been active for a whole poll.
    pub(super) fn refresh_part(&mut self, callback: &mut impl Refresh, fresh: u8) {
        self.idle_polls = self.idle_polls.saturating_add(1);
        if self.idle_polls < self.pace {
            return;
        }
        if self.under_way.instrument != 0 {
            let (seat, part) = (self.under_way.seat, self.under_way.part());
            self.refresh_one(seat as usize, part, callback);
            return;
        }
        let seats = self.active & !self.silent & !fresh;
        let mut turned = seats.rotate_right(self.turn);
        while turned != 0 {
            let number = (turned.trailing_zeros() + self.turn) as usize & 7;
            turned &= turned - 1;
            for _ in 0..EMPTY_A_POLL {
                match self.refresh_one(number, PART, callback) {
                    Outcome::Empty => {}
                    Outcome::Nothing | Outcome::TooLarge => break,
                    Outcome::More | Outcome::Done => return,
                }
            }
        }
    }

    /// One whole refresh per seat at most, whatever is under way first.
    pub(super) fn refresh_whole(&mut self, callback: &mut impl Refresh, fresh: u8) {
        let mut seats = self.active & !self.silent & !fresh;
        if self.under_way.instrument != 0 {
            let seat = self.under_way.seat as usize;
            self.refresh_one(seat, usize::MAX, callback);
            seats &= !(1 << seat);
        }
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            for _ in 0..EMPTY_AT_LAST {
                if self.refresh_one(number, usize::MAX, callback) != Outcome::Empty {
                    break;
                }
            }
        }
    }

    /// Writes about `part` records of the refresh that is under way for this seat, or of the one
    /// that is next in turn.
    fn refresh_one(&mut self, number: usize, part: usize, callback: &mut impl Refresh) -> Outcome {
        let book = self.rules.book_classes;
        let Some(seat) = self.seats.get_mut(number) else { return Outcome::Nothing };
        let goes_on = self.under_way.is_of(number);
        let instrument = if goes_on {
            self.under_way.instrument
        } else {
            let Some(next) = next_in_turn(seat, book) else { return Outcome::Nothing };
            self.under_way.attempts = 0;
            next
        };
        self.out.begin(part, !goes_on || self.under_way.touched);
        let outcome = write_part(seat, number, instrument, &mut self.out, callback);
        self.note(number, instrument, outcome);
        outcome
    }

    /// Keeps what a part has changed.
    fn note(&mut self, number: usize, instrument: u32, outcome: Outcome) {
        let bit = 1 << number;
        self.under_way.touched = false;
        if outcome == Outcome::More {
            (self.under_way.instrument, self.under_way.seat) = (instrument, number as u32);
            self.others = !instrument;
        } else {
            self.under_way.instrument = 0;
            self.others = ALL_OTHERS;
        }
        if let Outcome::More | Outcome::Done = outcome {
            self.idle_polls = 0;
        }
        match outcome {
            Outcome::Done => self.turn = (number as u32 + 1) & 7,
            Outcome::TooLarge => {
                let capacity = self.seats.get(number).map_or(0, |seat| seat.ring.capacity());
                let (seat, needed) = (number as u8, self.out.needed());
                let error = RefreshTooLarge { seat, instrument, needed, capacity };
                self.events.too_large = Some(error);
            }
            Outcome::Nothing | Outcome::Empty | Outcome::More => {}
        }
        let open = matches!(outcome, Outcome::More | Outcome::Done | Outcome::Empty);
        if let Some(masks) = self.instruments.get_mut(instrument as usize) {
            masks[1] = if open { masks[1] | bit } else { masks[1] & !bit };
        }
        if open {
            self.spend(self.out.pushed());
        }
    }

    /// A record is about to be given to the seats of `mask` that may belong to the book which is
    /// being refreshed, or to all of them. Returns the seats that may have it.
    #[cold]
    #[inline(never)]
    pub(super) fn meets_refresh(&mut self, mask: u8, class: u8, instrument: u32) -> u8 {
        if self.under_way.instrument == 0 {
            return mask;
        }
        if instrument == 0 {
            // A gap, a session: what it means for the book is not known here.
            self.touch();
            return mask;
        }
        let bit = 1 << self.under_way.seat;
        let book = self.rules.book_classes >> (class & 7) & 1 != 0;
        if instrument != self.under_way.instrument || !book || mask & bit == 0 {
            return mask;
        }
        self.touch();
        mask & !bit
    }

    /// The refresh that is under way is to begin anew. The mark stays until the next part, so that
    /// no record of the book slips through.
    fn touch(&mut self) {
        self.under_way.attempts += u32::from(!self.under_way.touched);
        self.under_way.touched = true;
    }

    /// A begin record of another book, which is no refresh, is about to be given to the seats of
    /// `mask`: their consumers drop what has come of the refresh that is under way, so it begins anew.
    pub fn interrupt(&mut self, mask: u8) {
        if let Some((seat, _)) = self.under_way.what()
            && mask >> seat & 1 != 0
        {
            self.touch();
        }
    }

    /// The book of `instrument` is to be refreshed anew for `seat`, if that is under way.
    pub(super) fn touch_of(&mut self, seat: usize, instrument: u32) {
        if self.under_way.is(seat, instrument) {
            self.touch();
        }
    }

    /// Gives up the refresh that is under way for `seat`. The book stays to be refreshed.
    pub(super) fn abandon(&mut self, seat: usize) {
        if !self.under_way.is_of(seat) {
            return;
        }
        if let Some(masks) = self.instruments.get_mut(self.under_way.instrument as usize) {
            masks[1] &= !(1 << self.under_way.seat);
        }
        self.under_way = UnderWay::NONE;
        self.others = ALL_OTHERS;
    }
}

/// The instrument of a seat whose refresh is next in turn, if there may be room for it.
fn next_in_turn<L: Lines>(seat: &mut Seat<L>, book: u8) -> Option<u32> {
    if seat.pending.count() == 0 || !seat.has_room(seat.refresh_needs.max(1)) {
        return None;
    }
    let instrument = seat.pending.next_in_turn()?;
    if seat.terms.classes & book == 0 || !seat.wanted.contains(instrument) {
        // Its bits in the instrument's masks are clear already.
        seat.pending.remove(instrument);
        return None;
    }
    Some(instrument)
}

/// Writes a part of a refresh, whole or not at all.
fn write_part<L: Lines>(
    seat: &mut Seat<L>,
    number: usize,
    instrument: u32,
    out: &mut RefreshOut,
    callback: &mut impl Refresh,
) -> Outcome {
    debug_assert!(seat.state == SeatState::Active);
    let (classes, depth) = (seat.terms.classes, seat.terms.depth);
    let want = SeatWant { classes, depth, seat: number as u8 };
    callback.refresh(instrument, want, out);
    let needed = out.needed();
    if needed == 0 && !out.has_more() {
        seat.pending.remove(instrument);
        return Outcome::Empty;
    }
    if needed > seat.ring.capacity() {
        seat.pending.remove(instrument);
        seat.parked.insert(instrument);
        seat.too_large += 1;
        return Outcome::TooLarge;
    }
    if !seat.has_room(needed) {
        // Not built again before there is room for it.
        seat.refresh_needs = needed;
        return Outcome::Nothing;
    }
    for record in &out.records {
        seat.ring.try_push(record);
    }
    seat.private += out.pushed();
    seat.ring.store_position();
    if out.has_more() {
        return Outcome::More;
    }
    seat.refreshes += 1;
    seat.refresh_needs = 0;
    seat.pending.remove(instrument);
    if let Some(next) = seat.pending.peek() {
        callback.expect(next, want);
    }
    Outcome::Done
}
