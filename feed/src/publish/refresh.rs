//! A whole book to one seat.
//!
//! Between `book_begin` and `book_end` stand the orders of an ORDERS seat, best price first and in
//! the order of each queue, or the levels of a LEVELS seat, best first. A seat that takes TOP gets
//! one `top` behind them; a seat that takes nothing but TOP gets only that.

use wire::codes::BookCause;
use wire::payload::{BookBegin, BookEnd, Level, Lost, OrderAdd, Payload, Top};
use wire::{BookState, Class, Header, InstrumentId, Nature, Quality, Record, Side, Venue};

use crate::publish::listing::{Listed, Shown};
use crate::publish::outlet::Books;
use crate::publish::step::HANDLER;

/// Classes whose refresh stands between `book_begin` and `book_end`.
const FRAMED: u8 = Class::Orders.bit() | Class::Levels.bit();

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
    fn has(self, class: Class) -> bool {
        self.classes & class.bit() != 0
    }

    fn levels(self) -> usize {
        if self.depth == 0 { usize::MAX } else { usize::from(self.depth) }
    }
}

impl BookRefresh<'_> {
    fn record<P: Payload>(&self, instrument: u32, quality: Quality, payload: P) -> Record {
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

    fn count_orders(&self, instrument: u32, side: Side, want: Want) -> u32 {
        let levels = self.books.levels(instrument, side).take(want.levels());
        levels.map(|level| level.orders).fold(0, u32::saturating_add)
    }

    fn count_levels(&self, instrument: u32, side: Side, want: Want) -> u32 {
        self.books.depth(instrument, side).min(want.levels()) as u32
    }

    /// Entries that `book_begin` announces: orders where the seat takes them, else levels.
    fn entries(&self, instrument: u32, side: Side, want: Want) -> u32 {
        if want.has(Class::Orders) {
            self.count_orders(instrument, side, want)
        } else {
            self.count_levels(instrument, side, want)
        }
    }

    /// Writes the book of `instrument` to `out`; nothing if there is no such instrument yet.
    pub fn write(&self, instrument: u32, want: Want, out: &mut impl FnMut(&Record)) {
        if instrument == 0 || instrument > self.instruments {
            return;
        }
        match self.listed.shown(instrument) {
            Shown::Book => {}
            Shown::Void => return self.write_void(instrument, want, out),
            Shown::Nothing => return,
        }
        let quality = Quality::new((self.state)(instrument), self.nature).snapshot();
        if want.classes & FRAMED != 0 {
            let begin = BookBegin {
                cause: BookCause::Refresh as u8,
                depth: want.depth.min(255) as u8,
                bids: self.entries(instrument, Side::Bid, want),
                asks: self.entries(instrument, Side::Ask, want),
                ..BookBegin::default()
            };
            out(&self.record(instrument, quality, begin));
            for side in [Side::Bid, Side::Ask] {
                if want.has(Class::Orders) {
                    self.write_orders(instrument, side, want, quality, out);
                }
                if want.has(Class::Levels) {
                    self.write_levels(instrument, side, want, quality, out);
                }
            }
            let end = BookEnd {
                cause: begin.cause,
                depth: begin.depth,
                bids: begin.bids,
                asks: begin.asks,
                ..BookEnd::default()
            };
            out(&self.record(instrument, quality.end_of_event(), end));
        }
        if want.has(Class::Top) {
            let top = top_payload(self.books.best(instrument));
            out(&self.record(instrument, quality.end_of_event(), top));
        }
    }

    /// The book of an instrument that is no longer published: none.
    fn write_void(&self, instrument: u32, want: Want, out: &mut impl FnMut(&Record)) {
        let quality = Quality::new(BookState::None, self.nature).snapshot();
        let (cause, depth) = (BookCause::Refresh as u8, want.depth.min(255) as u8);
        if want.classes & FRAMED != 0 {
            let begin = BookBegin { cause, depth, ..BookBegin::default() };
            out(&self.record(instrument, quality, begin));
            let end = BookEnd { cause, depth, ..BookEnd::default() };
            out(&self.record(instrument, quality.end_of_event(), end));
        }
        if want.has(Class::Top) {
            let top = top_payload(book::Top::EMPTY);
            out(&self.record(instrument, quality.end_of_event(), top));
        }
    }

    fn write_orders(
        &self,
        instrument: u32,
        side: Side,
        want: Want,
        quality: Quality,
        out: &mut impl FnMut(&Record),
    ) {
        let count = self.count_orders(instrument, side, want) as usize;
        for order in self.books.orders(instrument, side).take(count) {
            let add = OrderAdd {
                order_id: order.reference,
                price: order.price,
                quantity: order.quantity,
                priority: [0; 8],
            };
            out(&self.record(instrument, quality.side(side), add));
        }
    }

    fn write_levels(
        &self,
        instrument: u32,
        side: Side,
        want: Want,
        quality: Quality,
        out: &mut impl FnMut(&Record),
    ) {
        let levels = self.books.levels(instrument, side).take(want.levels());
        for (position, level) in (1u32..).zip(levels) {
            let payload = Level {
                price: level.price,
                quantity: level.quantity,
                update_id: 0,
                orders: level.orders,
                position: position_field(position),
                flags: 0,
            };
            out(&self.record(instrument, quality.side(side), payload));
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
