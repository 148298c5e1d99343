//! The state machine: records in, a batch of datagrams out.
//!
//! A round has four parts. [`Machine::event`] takes what a poll of the seats gave: trades and
//! states become datagrams at once, books are only marked. [`Machine::periodic`] adds what is due,
//! [`Machine::books`] the marked books as far as there is room. [`Machine::finish`] orders, numbers
//! and stamps the batch, which the caller sends before [`Machine::sent`].

use std::collections::VecDeque;

use client::Event;
use wire::datagram::PacketType;
use wire::payload::{Connection, Lost};
use wire::{Class, InstrumentRow, Kind, Nature, Record};

use super::batch::Batch;
use super::compose::Head;
use super::counts::Counts;
use super::cycle::Cycle;
use super::exchange::Exchanges;
use super::group::{GROUPS, Group};
use super::lane::{LaneState, NO_ROW, RawLevel};
use super::order::Ordering;

/// Datagrams that one record makes at most: itself, its own type, two states.
pub const PER_RECORD: usize = 4;

/// What is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When the publisher started, ns UTC.
    pub start_ns: u64,
    /// Levels a side.
    pub depth: usize,
    /// Trades.
    pub trades: bool,
    /// Books.
    pub books: bool,
    /// Events of single orders.
    pub orders: bool,
    /// Every record.
    pub records: bool,
    /// Datagrams in a batch.
    pub room: usize,
}

impl Plan {
    /// Classes that the seat has to take.
    pub const fn classes(&self) -> u8 {
        if self.records {
            return !Class::Stream.bit();
        }
        let mut classes = Class::Reference.bit();
        if self.trades {
            classes |= Class::Trades.bit();
        }
        // Orders are enough to build books from; where they are not wanted, levels are fewer.
        if self.orders {
            classes |= Class::Orders.bit();
        } else if self.books {
            classes |= Class::Levels.bit();
        }
        classes
    }

    /// Whether the seat takes books, so that each instrument that is published is refreshed.
    const fn has_refreshes(&self) -> bool {
        self.classes() & Class::BOOK != 0
    }

    /// Class that the books are built from.
    const fn book_class(&self) -> Class {
        if self.orders || self.records { Class::Orders } else { Class::Levels }
    }
}

/// The instrument tables of the lanes.
pub trait Rows {
    /// Rows of a lane's table.
    fn count(&self, lane: usize) -> u32;
    /// Row at a place; `None` while it is being written.
    fn row(&self, lane: usize, place: u32) -> Option<InstrumentRow>;
}

/// The state machine.
#[derive(Debug)]
pub struct Machine {
    pub(super) plan: Plan,
    pub(super) start_s: u32,
    pub(super) groups: [Group; GROUPS],
    pub(super) exchanges: Exchanges,
    pub(super) lanes: Vec<LaneState>,
    pub(super) batch: Batch,
    ordering: Ordering,
    pub(super) counts: Counts,
    /// Number of the round, from 1.
    pub(super) round: u64,
    /// Datagrams that may leave in this round.
    pub(super) allowance: usize,
    /// Books that wait: lane, index.
    pub(super) dirty: VecDeque<(u16, u32)>,
    pub(super) scratch: Vec<RawLevel>,
    pub(super) cycle: Cycle,
    /// Refused by the socket, as of the last round.
    pub(super) send_errors: u64,
}

impl Machine {
    /// A machine that knows no lane yet.
    pub fn new(plan: Plan) -> Machine {
        let depth = plan.depth.max(1);
        Machine {
            plan: Plan { depth, ..plan },
            start_s: u32::try_from(plan.start_ns / 1_000_000_000).unwrap_or(u32::MAX),
            groups: [Group::default(); GROUPS],
            exchanges: Exchanges::default(),
            lanes: Vec::new(),
            batch: Batch::new(plan.room),
            ordering: Ordering::new(plan.room),
            counts: Counts::default(),
            round: 1,
            allowance: plan.room,
            dirty: VecDeque::new(),
            scratch: Vec::with_capacity(depth),
            cycle: Cycle::default(),
            send_errors: 0,
        }
    }

    /// A round begins in which so many datagrams may leave. Returns how many records may be taken.
    pub fn begin(&mut self, allowance: usize) -> usize {
        self.allowance = allowance;
        self.room() / PER_RECORD
    }

    /// Takes an event of the seats.
    pub fn event(&mut self, event: &Event<'_>, rows: &impl Rows) {
        match *event {
            Event::Record { lane, record } => self.record(lane, record, rows),
            Event::Attached { lane, instruments, .. } => self.attached(lane, instruments),
            Event::Resynced { lane, .. } | Event::Detached { lane, .. } => self.sweep(lane),
            Event::ProducerDead { .. } | Event::NewGeneration { .. } => {
                (0..self.lanes.len()).for_each(|lane| self.sweep(lane));
            }
            Event::Closed { .. }
            | Event::Stalled { .. }
            | Event::Resumed
            | Event::Filtered { .. } => {}
        }
    }

    fn attached(&mut self, lane: usize, instruments: u32) {
        while self.lanes.len() <= lane {
            self.lanes.push(LaneState::default());
        }
        self.dirty.retain(|(of, _)| usize::from(*of) != lane);
        if let Some(state) = self.lanes.get_mut(lane) {
            state.begin(0, instruments, self.plan.depth);
        }
        let mut base = 0;
        for state in &mut self.lanes {
            state.base = base;
            base += state.instruments.len() as u32;
        }
        self.ordering.reserve(base as usize);
        self.dirty.reserve(base as usize);
        self.recount(lane);
    }

    pub(super) fn sweep(&mut self, lane: usize) {
        if let Some(state) = self.lanes.get_mut(lane) {
            state.sweep = true;
        }
    }

    #[inline]
    fn record(&mut self, lane: usize, record: &Record, rows: &impl Rows) {
        self.counts.records += 1;
        let Some(state) = self.lanes.get_mut(lane) else { return };
        state.step = record.sequence;
        let index = record.instrument.index();
        if let Some(nature) = record.quality.nature()
            && state.nature != Some(nature)
        {
            self.nature(lane, nature, rows);
        } else if state.get(index).is_some_and(|i| i.row == NO_ROW) {
            self.learn(lane, rows);
        }
        if self.lanes.get_mut(lane).is_some_and(|state| state.list(index)) {
            self.with_exchange(lane, index, |exchange| exchange.instruments += 1);
        }
        let Some(kind) = record.kind() else { return self.unknown(lane, record) };
        if self.plan.records {
            self.raw(lane, record);
        }
        match kind.class() {
            class if class == self.plan.book_class() => {
                if class == Class::Orders && self.plan.orders {
                    self.order(lane, record);
                }
                self.touched(lane, record);
            }
            Class::Trades if kind == Kind::Trade => self.trade(lane, record),
            // A trade that is taken back has no type of its own, and must not be missed.
            Class::Trades if self.plan.trades && !self.plan.records => self.raw(lane, record),
            Class::Stream => self.stream(kind, lane, record),
            Class::Reference => self.reference(kind, lane, record, rows),
            _ => {}
        }
    }

    /// A kind of a later release: only whoever asked for all records gets it.
    fn unknown(&mut self, lane: usize, record: &Record) {
        if self.plan.records {
            self.raw(lane, record);
        }
    }

    #[inline]
    fn stream(&mut self, kind: Kind, lane: usize, record: &Record) {
        match kind {
            Kind::BookBegin | Kind::BookEnd => self.touched(lane, record),
            Kind::BookStateChange | Kind::GapBegin | Kind::GapEnd => {
                self.state_changed(kind, lane, record);
            }
            Kind::Session => self.sweep(lane),
            Kind::Lost => self.lost(lane, record),
            Kind::Connection => {
                let state = self.lanes.get_mut(lane);
                if let (Some(state), Some(m)) = (state, record.get::<Connection>()) {
                    state.connection(&m);
                    self.cycle.say_connections();
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, kind: Kind, lane: usize, record: &Record, rows: &impl Rows) {
        match kind {
            Kind::Status => self.trading(lane, record),
            Kind::Definition => self.redefine(lane, record, rows),
            _ => {}
        }
    }

    /// The publisher's own seat missed records: trades are gone, books come again.
    fn lost(&mut self, lane: usize, record: &Record) {
        if let Some(m) = record.get::<Lost>() {
            self.counts.records_lost += m.records;
            self.counts.trades_lost += u64::from(m.trades);
        }
        if !self.plan.records {
            self.raw(lane, record);
        }
        self.channel_lost(lane, record);
        self.sweep(lane);
    }

    /// The lane's data is of another nature than before: other names, perhaps other groups, and
    /// everything is said again there.
    fn nature(&mut self, lane: usize, nature: Nature, rows: &impl Rows) {
        if let Some(state) = self.lanes.get_mut(lane) {
            state.nature = Some(nature);
            (state.rows, state.defined) = (0, 0);
            for instrument in &mut state.instruments {
                (instrument.told, instrument.last) = (None, (0, 0));
            }
            for index in 0..state.instruments.len() {
                state.forget_sides(index as u32);
            }
            state.sweep = true;
        }
        self.learn(lane, rows);
    }

    /// Reads rows of the table that were not there before.
    pub(super) fn learn(&mut self, lane: usize, rows: &impl Rows) {
        let Some(state) = self.lanes.get(lane) else { return };
        let (from, count) = (state.rows, rows.count(lane));
        if from >= count {
            return;
        }
        for place in from..count {
            // A row that is being written is read in the next round.
            let Some(row) = rows.row(lane, place) else { break };
            self.take_row(lane, place, &row);
            if let Some(state) = self.lanes.get_mut(lane) {
                state.rows = place + 1;
            }
        }
        self.recount(lane);
    }

    /// Takes a row that is new or has changed.
    pub(super) fn take_row(&mut self, lane: usize, place: u32, row: &InstrumentRow) {
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if !state.learn(place, row) {
            self.counts.unnamed += 1;
            return;
        }
        if !self.plan.has_refreshes() {
            // Without refreshes nothing says which instruments the lane publishes.
            state.list(row.instrument.index());
        }
        let Some(nature) = state.nature else { return };
        let venue = row.instrument.venue();
        let exchange = self.exchanges.find(lane as u16, &row.datagram_exchange, venue, nature);
        if let Some(instrument) = state.get_mut(row.instrument.index()) {
            instrument.exchange = exchange;
        }
        // Who listens hears that the publisher is there before the first instrument is.
        let group = self.exchanges.get(exchange).map(|exchange| usize::from(exchange.group));
        if let Some(group) = group.and_then(|group| self.groups.get_mut(group)) {
            group.used = true;
        }
    }

    /// Counts the instruments and live books of a lane's exchanges anew.
    pub(super) fn recount(&mut self, lane: usize) {
        for id in 0..self.exchanges.len() {
            let Some(exchange) = self.exchanges.get_mut(id as u16) else { continue };
            if usize::from(exchange.lane) == lane {
                (exchange.instruments, exchange.live_books) = (0, 0);
            }
        }
        let Some(state) = self.lanes.get(lane) else { return };
        for instrument in state.listed.iter().filter_map(|index| state.get(*index)) {
            if let Some(exchange) = self.exchanges.get_mut(instrument.exchange)
                && !instrument.removed
            {
                exchange.instruments += 1;
                let live = instrument.told == Some(wire::BookState::Live);
                exchange.live_books += u64::from(live);
            }
        }
    }

    /// A record as it is.
    pub(super) fn raw(&mut self, lane: usize, record: &Record) {
        let head = Head {
            lane,
            index: record.instrument.index(),
            ts: record.ts_venue,
            is_last: record.quality.is_end_of_event(),
            is_bid: false,
        };
        if self.item(head, &wire::datagram::RecordItem::of(record)) {
            self.counts.raw_records += 1;
        }
    }

    /// Orders the batch, numbers and stamps it. Returns how many datagrams it has.
    pub fn finish(&mut self, now: u64) -> usize {
        for number in self.ordering.of(&self.batch) {
            let Some((slot, bytes)) = self.batch.get_mut(*number as usize) else { continue };
            self.counts.datagrams += 1;
            let length = usize::from(slot.length);
            let (Some(group), Some(bytes)) =
                (self.groups.get_mut(usize::from(slot.group)), bytes.get_mut(..length))
            else {
                continue;
            };
            if !slot.numbered {
                continue;
            }
            let sequence = group.next(self.start_s, length as u64);
            wire::datagram::restamp(bytes, sequence, now);
            match PacketType::from_bits(slot.packet) {
                Some(PacketType::Book) => self.counts.books += 1,
                Some(PacketType::Heartbeat) => super::cycle::restamp_heartbeat(bytes, group),
                _ => {}
            }
        }
        self.batch.len()
    }

    /// The batch in the order in which it is to be sent: group and bytes.
    pub fn datagrams(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.ordering.order().iter().filter_map(|number| {
            let number = *number as usize;
            let slot = self.batch.slot(number)?;
            Some((usize::from(slot.group), self.batch.bytes(number)))
        })
    }

    /// The batch was sent; the socket has refused so many datagrams since its start.
    pub fn sent(&mut self, send_errors: u64) {
        self.batch.clear();
        self.round += 1;
        self.send_errors = send_errors;
    }

    /// What was counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether books wait to be sent.
    pub fn is_behind(&self) -> bool {
        !self.dirty.is_empty() || self.lanes.iter().any(|lane| lane.sweep)
    }
}
