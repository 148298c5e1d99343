//! What recovery does to a book, and to no consumer: events that come late, books replaced whole.
//!
//! Nothing here publishes what becomes of a book; consumers get it by refresh when it is right.
//! Prints are published, because nothing else will tell them.

use book::OrderView;
use protocol::venue::nasdaq::codes::YesNo;
use protocol::venue::nasdaq::{BookEvent, EventKind};
use wire::codes::instrument_flags::UNDEFINED;
use wire::codes::{Aggressor, BookCause, TradingState};
use wire::payload::{BookStateChange, Trade};
use wire::{BookState, Side};

use super::{Context, Nasdaq, cause_of};
use crate::gap::{BookEpoch, Gaps, Proof};
use crate::publish::step::{HANDLER, Stamp};
use crate::publish::{Outlet, Publisher};

/// What a late event did to its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// An order was placed here.
    Placed(Side, i64),
    /// An order is smaller, or gone.
    Shrunk(Side, i64),
    /// Nothing: the book has refused it.
    Refused(BookCause),
}

/// A print that comes late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LatePrint {
    /// Price of the order that was executed.
    pub price: i64,
    /// Its side, if it is known.
    pub side: Option<Side>,
}

impl Nasdaq {
    /// How many books contradict the venue's messages.
    pub(crate) fn broken(&self) -> u32 {
        self.broken
    }

    /// Index of an event's instrument; an order that is added names it. 0: none.
    pub(crate) fn index_late<O: Outlet>(
        &mut self,
        event: &BookEvent,
        number: u64,
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) -> u32 {
        let known = self.directory.index(event.locate);
        if known != 0 || event.kind != EventKind::Add {
            return known;
        }
        self.introduce(event.locate, &event.stock, &mut Context::new(out, gaps, number))
    }

    /// A live order of an instrument.
    pub(crate) fn order_of(&self, index: u32, reference: u64) -> Option<OrderView> {
        self.books.order(reference).filter(|order| order.instrument == index)
    }

    /// Takes an event into the book of `index` and tells nobody.
    pub(crate) fn apply_silently(&mut self, index: u32, event: &BookEvent) -> Effect {
        let (price, quantity) = (i64::from(event.price), i64::from(event.shares));
        let (reference, books) = (event.reference, &mut self.books);
        let done = match event.kind {
            EventKind::Add => {
                let side = if event.side == 0 { Side::Bid } else { Side::Ask };
                let added = books.add(index, reference, side, price, quantity);
                added.map(|_| Effect::Placed(side, price))
            }
            EventKind::Replace => books
                .replace(index, reference, event.linked, price, quantity)
                .map(|done| Effect::Placed(done.side, price)),
            EventKind::Execute | EventKind::ExecuteAt => books
                .execute(index, reference, quantity)
                .map(|done| Effect::Shrunk(done.side, done.price)),
            EventKind::Reduce => books
                .reduce(index, reference, quantity)
                .map(|done| Effect::Shrunk(done.side, done.price)),
            EventKind::Delete => {
                books.delete(index, reference).map(|done| Effect::Shrunk(done.side, done.price))
            }
            EventKind::Other | EventKind::Refused => return Effect::Refused(BookCause::None),
        };
        done.unwrap_or_else(|error| Effect::Refused(cause_of(error)))
    }

    /// Puts an order behind all others at its price.
    pub(crate) fn put_last(&mut self, index: u32, order: &OrderView) {
        // Neither its price nor its quantity changes, so nothing can be refused.
        let _ = self.books.modify(index, order.reference, order.price, order.quantity, false);
    }

    /// Publishes the print of an execution that comes late, if it is one.
    pub(crate) fn print_late<O: Outlet>(
        &mut self,
        index: u32,
        event: &BookEvent,
        print: LatePrint,
        stamp: Stamp,
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) {
        let price = match event.kind {
            EventKind::Execute => print.price,
            EventKind::ExecuteAt if event.prints() == Some(YesNo::No) => return,
            EventKind::ExecuteAt => i64::from(event.price),
            _ => return,
        };
        let aggressor = match print.side {
            Some(Side::Bid) => Aggressor::Sell,
            Some(Side::Ask) => Aggressor::Buy,
            None => Aggressor::Unknown,
        };
        let trade = Trade {
            price,
            quantity: i64::from(event.shares),
            trade_id: event.linked,
            aggressor: aggressor as u8,
            matches: 1,
            ..Trade::default()
        };
        out.begin_step(stamp);
        let mut cx = Context::new(out, gaps, 0);
        let quality = self.quality(index, &cx).side(print.side.unwrap_or(Side::Bid));
        self.traded(index, quality, trade, &mut cx);
        out.end_step();
        self.dirty.mark(index);
    }

    /// Locate of an instrument in this session.
    pub(crate) fn locate_of(&self, index: u32) -> Option<u16> {
        let locate = u16::try_from(self.directory.row(index)?.venue_id).ok()?;
        (self.directory.index(locate) == index).then_some(locate)
    }

    /// Whether a directory message has described this instrument under this name.
    pub(crate) fn is_defined(&self, index: u32, stock: &[u8]) -> bool {
        let named = <[u8; 8]>::try_from(stock).ok().and_then(|s| self.directory.index_of(&s));
        let row = self.directory.row(index);
        named == Some(index) && row.is_some_and(|row| row.flags & UNDEFINED == 0)
    }

    /// Whether the trading state of an instrument is known to be what this letter says.
    pub(crate) fn has_state(&self, index: u32, letter: u8) -> bool {
        let said = match letter {
            b'T' => TradingState::Trading,
            b'H' => TradingState::Halted,
            b'P' => TradingState::Paused,
            b'Q' => TradingState::QuotationOnly,
            _ => return false,
        };
        index != 0 && self.shown.get(index as usize).is_some_and(|shown| shown.status == said)
    }

    /// Empties the book of an instrument.
    pub(crate) fn clear_silently(&mut self, index: u32) {
        self.books.clear(index);
    }

    /// Recovery has changed a book: crossed and locked states, image, and every seat gets it whole.
    /// Until then no consumer believes it, because a record says so first.
    pub(crate) fn changed_silently<O: Outlet>(
        &mut self,
        index: u32,
        change: BookStateChange,
        now: u64,
        out: &mut Publisher<O>,
    ) {
        self.compare_bests(index);
        out.begin_step(Stamp { ts_venue: 0, ts_receive: now, origin: HANDLER });
        let state = BookState::from_bits(change.new).unwrap_or(BookState::None);
        let quality = out.quality(state).end_of_event();
        out.emit(index, quality, change);
        out.end_step();
        // Behind the step: a seat that falls silent by it is told of this refresh.
        out.outlet.request_refresh(index);
        if let Some(state) = self.states.get_mut(index as usize) {
            state.sequence = out.step();
        }
        self.dirty.mark(index);
    }

    /// Recovery has found a contradiction in a book.
    pub(crate) fn break_book<O: Outlet>(
        &mut self,
        index: u32,
        cause: BookCause,
        (number, now): (u64, u64),
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) {
        out.begin_step(Stamp { ts_venue: 0, ts_receive: now, origin: HANDLER });
        self.mark_gapped(index, cause, &mut Context::new(out, gaps, number));
        out.end_step();
    }

    /// Whether a book contradicts the venue's messages.
    pub(crate) fn is_broken(&self, index: u32) -> bool {
        self.states.get(index as usize).is_some_and(|state| state.epoch == BookEpoch::NEVER)
    }

    /// Notes the proof that the book of `index` is complete.
    pub(crate) fn prove(&mut self, index: u32, proof: Proof) {
        let Some(state) = self.states.get_mut(index as usize) else { return };
        if state.epoch == BookEpoch::NEVER {
            self.broken = self.broken.saturating_sub(1);
        }
        state.epoch = proof.into();
        self.dirty.mark(index);
    }
}
