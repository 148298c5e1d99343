//! A whole book to one seat.
//!
//! Between `book_begin` and `book_end` stand the orders of an ORDERS seat, best price first and in
//! the order of each queue, or the levels of a LEVELS seat, best first. A seat that takes TOP gets
//! one `top` behind them; a seat that takes nothing but TOP gets only that. In which parts it is
//! written is said in [`super::refresh_parts`].

use wire::codes::BookCause;
use wire::payload::{BookBegin, BookEnd, Lost, Payload, Top};
use wire::{BookState, Class, Header, InstrumentId, Nature, Quality, Record, Venue};

use crate::publish::listing::{Listed, Shown};
use crate::publish::outlet::Books;
use crate::publish::refresh_parts::{Part, Place, RefreshTo};
use crate::publish::step::HANDLER;

/// Classes whose refresh stands between `book_begin` and `book_end`.
pub(super) const FRAMED: u8 = Class::Orders.bit() | Class::Levels.bit();

/// What a refresh is made from: the lane's books and the state of each.
pub struct BookRefresh<'a> {
    /// The books.
    pub books: &'a Books,
    /// Which of them are shown.
    pub listed: &'a Listed,
    /// State of the channel: gapped while a gap of it is open.
    pub channel: BookState,
    /// Instruments there are; those beyond have no book to send.
    pub instruments: u32,
    /// State of the book of an instrument.
    pub state: &'a dyn Fn(u32) -> BookState,
    /// Venue of the lane.
    pub venue: Venue,
    /// Nature of what the lane publishes.
    pub nature: Nature,
    /// Last step.
    pub step: u64,
    /// ns UTC of the venue at the last step.
    pub ts_venue: u64,
    /// ns UTC of reception at the last step.
    pub ts_receive: u64,
}

/// What a seat wants of a book.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// Classes of the seat.
    pub classes: u8,
    /// Levels a side; 0 = all.
    pub depth: u16,
}

impl Want {
    pub(super) fn has(self, class: Class) -> bool {
        self.classes & class.bit() != 0
    }

    pub(super) fn levels(self) -> usize {
        if self.depth == 0 { usize::MAX } else { usize::from(self.depth) }
    }
}

impl BookRefresh<'_> {
    #[inline(always)]
    pub(super) fn record<P: Payload>(
        &self,
        instrument: u32,
        quality: Quality,
        payload: P,
    ) -> Record {
        let header = Header {
            quality,
            origin: HANDLER,
            instrument: InstrumentId::new(self.venue, instrument),
            sequence: self.step,
            ts_venue: self.ts_venue,
            ts_receive: self.ts_receive,
        };
        Record::new(header, payload)
    }

    /// Writes the book of `instrument` to `out`; nothing if there is no such instrument yet.
    pub fn write(&self, instrument: u32, want: Want, out: &mut impl FnMut(&Record)) {
        self.write_part(instrument, want, &mut Place::default(), usize::MAX, out);
    }

    /// Writes about `part` records of the book of `instrument`, from `place` on, where the last part
    /// ended. True if this was the last one, else `place` is where the next one begins. A book whose
    /// state is another one than when its refresh began is begun anew.
    pub fn write_part(
        &self,
        instrument: u32,
        want: Want,
        place: &mut Place,
        part: usize,
        out: &mut impl RefreshTo,
    ) -> bool {
        if instrument == 0 || instrument > self.instruments {
            return true;
        }
        match self.listed.shown(instrument) {
            Shown::Book => {}
            Shown::Void => {
                self.write_void(instrument, want, out);
                return true;
            }
            Shown::Nothing => return true,
        }
        let state = (self.state)(instrument);
        let quality = Quality::new(state, self.nature).snapshot();
        if want.classes & FRAMED != 0 {
            place.expect_state(state);
            if !Part::new(self, instrument, want, quality, part).write(place, out) {
                return false;
            }
        }
        if want.has(Class::Top) {
            let top = top_payload(self.books.best(instrument));
            out.record(&self.record(instrument, quality.end_of_event(), top));
        }
        true
    }

    /// The book of an instrument that is no longer published: none.
    fn write_void(&self, instrument: u32, want: Want, out: &mut impl RefreshTo) {
        let quality = Quality::new(BookState::None, self.nature).snapshot();
        let (cause, depth) = (BookCause::Refresh as u8, want.depth.min(255) as u8);
        if want.classes & FRAMED != 0 {
            let begin = BookBegin { cause, depth, ..BookBegin::default() };
            out.record(&self.record(instrument, quality, begin));
            let end = BookEnd { cause, depth, ..BookEnd::default() };
            out.record(&self.record(instrument, quality.end_of_event(), end));
        }
        if want.has(Class::Top) {
            let top = top_payload(book::Top::EMPTY);
            out.record(&self.record(instrument, quality.end_of_event(), top));
        }
    }

    /// The record that tells a seat what it lost. Its state is the channel's, because a gap may have
    /// begun or ended among the lost records.
    pub fn lost(&self, lost: Lost) -> Record {
        self.record(0, Quality::new(self.channel, self.nature).end_of_event(), lost)
    }
}

/// A level's position as its record holds it; what is too deep for 16 bits is the greatest.
#[inline(always)]
pub fn position_field(position: u32) -> u16 {
    position.min(u32::from(u16::MAX)) as u16
}

/// The `top` of a book.
#[inline(always)]
pub fn top_payload(top: book::Top) -> Top {
    Top {
        bid_price: top.bid_price,
        bid_quantity: top.bid_qty,
        ask_price: top.ask_price,
        ask_quantity: top.ask_qty,
    }
}
