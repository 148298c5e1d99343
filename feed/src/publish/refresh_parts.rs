//! A whole book in parts, so that a message of the source never waits for one.
//!
//! `book_begin` announces the entries, so the orders are counted before it, and fetched on the way:
//! between two parts the lane looks at its source, and meanwhile they come. Where a part begins is a number of a level and
//! one of an order in its queue, so nothing is held between two parts: if the book has changed all the
//! same, the entries do not add up, and it is begun anew.

use shm::fanout::{RefreshOut, SeatWant};
use wire::codes::BookCause;
use wire::payload::{BookBegin, BookEnd, Level, OrderAdd};
use wire::{BookState, Class, Quality, Record, Side};

use crate::publish::refresh::{BookRefresh, FRAMED, Want, position_field};

/// What stands between begin and end, in its order.
const SECTIONS: [(Side, Class); 4] = [
    (Side::Bid, Class::Orders),
    (Side::Bid, Class::Levels),
    (Side::Ask, Class::Orders),
    (Side::Ask, Class::Levels),
];

/// What a part begins with: nothing is known, counting, the begin record, entries.
const NOTHING: u32 = 0;
const COUNT: u32 = 1;
const BEGIN: u32 = 2;
const ENTRIES: u32 = 3;

/// Where a refresh in parts goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    stage: u32,
    /// State of the book when its refresh began.
    state: u32,
    /// Of [`SECTIONS`]; while counting, the side.
    section: u32,
    level: u32,
    order: u32,
    /// Entries a side, as `book_begin` announces them.
    entries: [u32; 2],
    /// Those of them that are not yet written.
    left: u32,
}

impl Place {
    /// Where every refresh begins.
    pub(super) const START: Place =
        Place { stage: 0, state: 0, section: 0, level: 0, order: 0, entries: [0; 2], left: 0 };

    /// Begins anew where the book's state is another one than when its refresh began.
    pub(super) fn expect_state(&mut self, state: BookState) {
        let state = state as u32;
        if self.stage == NOTHING || self.state != state {
            *self = Place { stage: COUNT, state, ..Place::START };
        }
    }

    /// As words that say nothing to whoever keeps them; zeros: the start.
    fn to_words(self) -> [u64; 4] {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        let [bids, asks] = self.entries;
        [
            pair(self.stage, self.state),
            pair(self.section, self.level),
            pair(self.order, self.left),
            pair(bids, asks),
        ]
    }

    fn from_words(words: [u64; 4]) -> Place {
        let [[stage, state], [section, level], [order, left], entries] =
            words.map(|word| [word as u32, (word >> 32) as u32]);
        Place { stage, state, section, level, order, entries, left }
    }
}

/// What takes the records of a refresh.
pub trait RefreshTo {
    /// The whole refresh has so many records. Comes before the first of them.
    fn announce(&mut self, _records: u64) {}
    /// The next record.
    fn record(&mut self, record: &Record);
}

impl<F: FnMut(&Record)> RefreshTo for F {
    fn record(&mut self, record: &Record) {
        self(record);
    }
}

/// The fan-out's side.
struct ToSeat<'a>(&'a mut RefreshOut);

impl RefreshTo for ToSeat<'_> {
    #[inline(always)]
    fn announce(&mut self, records: u64) {
        self.0.announce(records);
    }

    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.0.push(&record.to_words());
    }
}

impl BookRefresh<'_> {
    /// The part of a refresh that a fan-out asks for.
    pub fn write_to(&self, instrument: u32, want: SeatWant, out: &mut RefreshOut) {
        let want = Want { classes: want.classes, depth: want.depth };
        let (mut place, part) = (Place::from_words(out.place()), out.part());
        if !self.write_part(instrument, want, &mut place, part, &mut ToSeat(out)) {
            out.go_on_at(place.to_words());
        }
    }

    /// Hints that the book of `instrument` is going to be written.
    #[inline]
    pub fn expect(&self, instrument: u32) {
        self.books.approach_book(instrument);
    }
}

/// One part of a refresh.
pub(super) struct Part<'a, 'b> {
    from: &'a BookRefresh<'b>,
    instrument: u32,
    want: Want,
    quality: Quality,
    /// Records that may still be written.
    budget: usize,
}

impl<'a, 'b> Part<'a, 'b> {
    pub(super) fn new(
        from: &'a BookRefresh<'b>,
        instrument: u32,
        want: Want,
        quality: Quality,
        budget: usize,
    ) -> Self {
        Part { from, instrument, want, quality, budget }
    }

    /// Writes what stands from begin to end, as far as the part goes. True if that was all.
    pub(super) fn write(&mut self, place: &mut Place, out: &mut impl RefreshTo) -> bool {
        if place.stage == COUNT {
            let whole = self.budget == usize::MAX;
            if !self.count(place) {
                return false;
            }
            (place.stage, place.section, place.level) = (BEGIN, 0, 0);
            place.left = place.entries.iter().fold(0, |all, some| all.wrapping_add(*some));
            if !whole && place.left != 0 && self.want.has(Class::Orders) {
                // The orders are on their way.
                return false;
            }
        }
        if place.stage == BEGIN {
            self.begin(place, out);
            place.stage = ENTRIES;
        }
        while let Some(&(side, class)) = SECTIONS.get(place.section as usize) {
            let done = match class {
                _ if !self.want.has(class) => true,
                Class::Orders => self.orders(side, place, out),
                _ => self.levels(side, place, out),
            };
            if !done {
                return false;
            }
            (place.section, place.level, place.order) = (place.section + 1, 0, 0);
        }
        if place.left != 0 {
            // It has changed all the same.
            *place = Place::START;
            return false;
        }
        let [bids, asks] = place.entries;
        let (cause, depth) = self.cause_and_depth();
        let end = BookEnd { cause, depth, bids, asks, ..BookEnd::default() };
        out.record(&self.from.record(self.instrument, self.quality.end_of_event(), end));
        true
    }

    fn cause_and_depth(&self) -> (u8, u8) {
        (BookCause::Refresh as u8, self.want.depth.min(255) as u8)
    }

    /// Levels of a side that the seat gets.
    fn depth(&self, side: Side) -> u32 {
        let depth = self.from.books.depth(self.instrument, side);
        depth.min(self.want.levels()) as u32
    }

    /// Counts the entries: orders where the seat takes them, else levels. True if that is done.
    fn count(&mut self, place: &mut Place) -> bool {
        const SIDES: [Side; 2] = [Side::Bid, Side::Ask];
        if !self.want.has(Class::Orders) {
            place.entries = SIDES.map(|side| self.depth(side));
            return true;
        }
        while let Some(&side) = SIDES.get(place.section as usize) {
            let depth = self.depth(side);
            let mut orders = 0_u32;
            while place.level < depth {
                if self.budget == 0 {
                    break;
                }
                let nth = place.level as usize;
                let here = self.from.books.approach_orders(self.instrument, side, nth);
                orders = orders.saturating_add(here);
                (place.level, self.budget) = (place.level + 1, self.budget - 1);
            }
            if let Some(entries) = place.entries.get_mut(place.section as usize) {
                *entries = entries.saturating_add(orders);
            }
            if place.level < depth {
                return false;
            }
            (place.section, place.level) = (place.section + 1, 0);
        }
        true
    }

    fn begin(&mut self, place: &Place, out: &mut impl RefreshTo) {
        let [bids, asks] = place.entries;
        let both = FRAMED & !self.want.classes == 0;
        let levels = if both { self.depth(Side::Bid) + self.depth(Side::Ask) } else { 0 };
        let top = u64::from(self.want.has(Class::Top));
        out.announce(u64::from(place.left) + u64::from(levels) + 2 + top);
        let (cause, depth) = self.cause_and_depth();
        let begin = BookBegin { cause, depth, bids, asks, ..BookBegin::default() };
        out.record(&self.from.record(self.instrument, self.quality, begin));
        self.budget = self.budget.saturating_sub(1);
    }

    /// Writes orders of a side. True if all are written.
    fn orders(&mut self, side: Side, place: &mut Place, out: &mut impl RefreshTo) -> bool {
        let quality = self.quality.side(side);
        let depth = self.depth(side);
        while place.level < depth {
            let level = place.level as usize;
            let mut orders = self.from.books.orders_at(self.instrument, side, level);
            orders.leave_out(place.order as usize);
            loop {
                if self.budget == 0 {
                    return false;
                }
                let Some(order) = orders.next() else { break };
                let add = OrderAdd {
                    order_id: order.reference,
                    price: order.price,
                    quantity: order.quantity,
                    priority: [0; 8],
                };
                out.record(&self.from.record(self.instrument, quality, add));
                self.budget -= 1;
                place.order += 1;
                place.left = place.left.wrapping_sub(1);
            }
            (place.level, place.order) = (place.level + 1, 0);
        }
        true
    }

    /// Writes levels of a side. True if all are written.
    fn levels(&mut self, side: Side, place: &mut Place, out: &mut impl RefreshTo) -> bool {
        let quality = self.quality.side(side);
        let counted = u32::from(!self.want.has(Class::Orders));
        let depth = self.depth(side);
        while place.level < depth {
            if self.budget == 0 {
                return false;
            }
            let nth = place.level as usize;
            let Some(level) = self.from.books.level(self.instrument, side, nth) else { break };
            place.level += 1;
            let payload = Level {
                price: level.price,
                quantity: level.quantity,
                update_id: 0,
                orders: level.orders,
                position: position_field(place.level),
                flags: 0,
            };
            out.record(&self.from.record(self.instrument, quality, payload));
            self.budget -= 1;
            place.left = place.left.wrapping_sub(counted);
        }
        true
    }
}
