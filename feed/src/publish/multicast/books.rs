//! Books: whole sides, sent when they differ from what was last sent.
//!
//! A book that changed is marked, and sent when there is room: what changed meanwhile is one change.
//! A book is never sent from the middle of a venue event, nor from the middle of a refresh, and
//! only while it is live. What 10^-8 cannot hold goes as `level` records with the snapshot bit:
//! the same side, in the instrument's exponents.

use client::{BookSet, Books};
use wire::codes::BookCause;
use wire::datagram::{BookItem, MAX_ITEMS, RecordItem, to_scale_8};
use wire::payload::Level;
use wire::{BookState, Header, InstrumentId, Kind, Nature, Quality, Record, Side};

use super::compose::Head;
use super::exchange::Exchange;
use super::lane::{Instrument, LaneState, RawLevel};
use super::machine::Machine;
use crate::publish::refresh::position_field;
use crate::publish::step::HANDLER;

/// Books sent in a round in which the publisher is behind.
const BEHIND_BOOKS: usize = 16;

impl Machine {
    /// Datagrams of a book at most: both sides, and a state.
    pub(super) fn book_room(&self) -> usize {
        2 * self.plan.depth.div_ceil(MAX_ITEMS) + 1
    }

    /// A record of a book, or a boundary of a refresh.
    #[inline]
    pub(super) fn touched(&mut self, lane: usize, record: &Record) {
        if !self.plan.books {
            return;
        }
        let index = record.instrument.index();
        let is_end = record.quality.is_end_of_event();
        let Some(state) = self.lanes.get_mut(lane) else { return };
        state.open = if is_end { None } else { Some(index) };
        if record.kind == Kind::BookBegin as u8 {
            state.refreshing = Some(index);
        } else if record.kind == Kind::BookEnd as u8 {
            state.refreshing = None;
        }
        let Some(instrument) = state.get_mut(index) else { return };
        instrument.changed = (record.ts_venue, record.sequence);
        let is_news = is_end && instrument.dirty && record.kind != Kind::BookEnd as u8;
        self.counts.conflated += u64::from(is_news);
        self.mark(lane, index);
    }

    /// The book of an instrument is to be looked at.
    pub(super) fn mark(&mut self, lane: usize, index: u32) {
        let instrument = self.lanes.get_mut(lane).and_then(|state| state.get_mut(index));
        if let Some(instrument) = instrument
            && index != 0
            && !instrument.dirty
        {
            instrument.dirty = true;
            self.dirty.push_back((lane as u16, index));
        }
    }

    /// Sends marked books, oldest first, as far as there is room; few if the publisher is `behind`
    /// its seats.
    pub fn books(&mut self, books: &BookSet, behind: bool) {
        self.sweep_all(books);
        let mut most = self.dirty.len();
        if behind && most > BEHIND_BOOKS {
            self.counts.behind += 1;
            most = BEHIND_BOOKS;
        }
        for _ in 0..most {
            if self.room() < self.book_room() {
                return;
            }
            let Some((lane, index)) = self.dirty.pop_front() else { return };
            let state = self.lanes.get_mut(usize::from(lane));
            let unfinished = |state: &&mut LaneState| {
                state.open == Some(index) || state.refreshing == Some(index)
            };
            if state.as_ref().is_some_and(unfinished) {
                // In the middle of an event or a refresh: its end will come, or another begin.
                self.dirty.push_back((lane, index));
                continue;
            }
            if let Some(instrument) = state.and_then(|state| state.get_mut(index)) {
                instrument.dirty = false;
            }
            self.book(usize::from(lane), index, books, false);
        }
    }

    /// Marks the books whose state is another one than was said.
    fn sweep_all(&mut self, books: &BookSet) {
        for lane in 0..self.lanes.len() {
            let Some(state) = self.lanes.get_mut(lane) else { continue };
            if !std::mem::take(&mut state.sweep) {
                continue;
            }
            for at in 0..self.lanes.get(lane).map_or(0, |state| state.listed.len()) {
                let Some(state) = self.lanes.get(lane) else { break };
                let Some(index) = state.listed.get(at).copied() else { break };
                let told = state.get(index).and_then(|instrument| instrument.told);
                let now = book_state(books.lane(lane), index);
                if told != Some(now) {
                    self.mark(lane, index);
                }
            }
        }
    }

    /// Says a book, or that it is not live. `again`: also what has not changed.
    pub(super) fn book(&mut self, lane: usize, index: u32, books: &BookSet, again: bool) {
        let Some(instrument) = self.lanes.get(lane).and_then(|state| state.get(index)).copied()
        else {
            return;
        };
        if instrument.removed || !self.plan.books {
            return;
        }
        let of_lane = books.lane(lane);
        let state = book_state(of_lane, index);
        if state != BookState::Live {
            return self.not_live(lane, index, &instrument, state);
        }
        let Some(of_lane) = of_lane else { return };
        if instrument.told != Some(BookState::Live) {
            self.now_live(lane, index, &instrument);
        }
        for side in [Side::Bid, Side::Ask] {
            self.side(lane, index, side, of_lane, again);
        }
    }

    fn not_live(&mut self, lane: usize, index: u32, was: &Instrument, state: BookState) {
        let unsaid = was.told.is_none() && state == BookState::None;
        if unsaid || was.told == Some(state) {
            return;
        }
        if was.told == Some(BookState::Live) {
            self.with_exchange(lane, index, |exchange| {
                exchange.live_books = exchange.live_books.saturating_sub(1);
            });
        }
        self.tell_state(lane, index, state);
    }

    fn now_live(&mut self, lane: usize, index: u32, was: &Instrument) {
        self.with_exchange(lane, index, |exchange| exchange.live_books += 1);
        if was.told.is_some() {
            self.tell_state(lane, index, BookState::Live);
        }
        if let Some(state) = self.lanes.get_mut(lane) {
            state.forget_sides(index);
            if let Some(instrument) = state.get_mut(index) {
                instrument.told = Some(BookState::Live);
                instrument.cause = BookCause::None as u8;
            }
        }
    }

    fn side(&mut self, lane: usize, index: u32, side: Side, books: &Books, again: bool) {
        let mut levels = std::mem::take(&mut self.scratch);
        levels.clear();
        let found = books.levels(InstrumentId(index), side).take(self.plan.depth);
        levels.extend(found.map(|level| (level.price, level.quantity)));
        let is_news = |state: &LaneState| {
            again || state.sent(index, side).is_none_or(|sent| sent != levels.as_slice())
        };
        if let Some(state) = self.lanes.get_mut(lane)
            && is_news(state)
        {
            state.remember(index, side, &levels);
            self.counts.sides += 1;
            self.send_side(lane, index, side, &levels);
        }
        self.scratch = levels;
    }

    fn send_side(&mut self, lane: usize, index: u32, side: Side, levels: &[RawLevel]) {
        let Some(state) = self.lanes.get(lane) else { return };
        let Some(instrument) = state.get(index).copied() else { return };
        let exact = |level: &RawLevel| scaled(level, &instrument).is_some();
        if !levels.iter().all(exact) {
            let nature = state.nature.unwrap_or(Nature::Recorded);
            return self.raw_side(lane, index, (side, nature), levels);
        }
        let mut head = Head {
            lane,
            index,
            ts: instrument.changed.0,
            is_last: levels.is_empty(),
            is_bid: side == Side::Bid,
        };
        let mut datagrams = 0;
        if levels.is_empty() {
            datagrams += u64::from(self.datagram::<BookItem>(head, &[]));
        }
        let chunks = levels.len().div_ceil(MAX_ITEMS);
        for (number, chunk) in (1..).zip(levels.chunks(MAX_ITEMS)) {
            let mut items = [BookItem::ZERO; MAX_ITEMS];
            for (item, level) in items.iter_mut().zip(chunk) {
                let (price, quantity) = scaled(level, &instrument).unwrap_or_default();
                *item = BookItem { price: price.into(), quantity: quantity.into() };
            }
            head.is_last = number == chunks;
            let used = items.get(..chunk.len()).unwrap_or_default();
            datagrams += u64::from(self.datagram(head, used));
        }
        self.with_exchange(lane, index, |exchange| exchange.books += datagrams);
    }

    /// The side as `level` records.
    fn raw_side(
        &mut self,
        lane: usize,
        index: u32,
        (side, nature): (Side, Nature),
        levels: &[RawLevel],
    ) {
        let Some(instrument) = self.lanes.get(lane).and_then(|s| s.get(index)).copied() else {
            return;
        };
        self.counts.unscaled += levels.len() as u64;
        for (position, (price, quantity)) in (1u32..).zip(levels) {
            let is_last = position as usize == levels.len();
            let quality = Quality::new(BookState::Live, nature).snapshot().side(side);
            let header = Header {
                quality: if is_last { quality.end_of_event() } else { quality },
                origin: HANDLER,
                instrument: instrument.id,
                sequence: instrument.changed.1,
                ts_venue: instrument.changed.0,
                ts_receive: 0,
            };
            let level = Level {
                price: *price,
                quantity: *quantity,
                update_id: 0,
                orders: u32::MAX,
                position: position_field(position),
                flags: 0,
            };
            let ts = instrument.changed.0;
            let head = Head { lane, index, ts, is_last, is_bid: false };
            if self.item(head, &RecordItem::of(&Record::new(header, level))) {
                self.counts.raw_records += 1;
            }
        }
    }

    /// Changes the counts of an instrument's exchange.
    pub(super) fn with_exchange(
        &mut self,
        lane: usize,
        index: u32,
        change: impl FnOnce(&mut Exchange),
    ) {
        let id = self.lanes.get(lane).and_then(|s| s.get(index)).map(|i| i.exchange);
        if let Some(exchange) = id.and_then(|id| self.exchanges.get_mut(id)) {
            change(exchange);
        }
    }
}

fn scaled((price, quantity): &RawLevel, instrument: &Instrument) -> Option<(i64, i64)> {
    let price = to_scale_8(*price, instrument.price_exp)?;
    Some((price, to_scale_8(*quantity, instrument.quantity_exp)?))
}

fn book_state(books: Option<&Books>, index: u32) -> BookState {
    books.map_or(BookState::None, |books| books.state(InstrumentId(index)))
}
