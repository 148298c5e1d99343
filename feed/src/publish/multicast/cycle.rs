//! What is said again and again, so that a listener may join at any time.
//!
//! Every instrument has its turn in each period: definition, trading state, both sides of its
//! book. Turns are spread evenly over the period, so that a joiner costs nobody a burst. A
//! heartbeat a second and group, text lines every five seconds.

use std::mem::offset_of;

use client::BookSet;
use wire::BookState;
use wire::codes::DefinitionAction;
use wire::datagram::{HEADER_BYTES, HeartbeatItem, TextLine, name_text};

use super::compose::Head;
use super::group::{GROUPS, Group};
use super::machine::{Machine, Rows};

/// Between two heartbeats of a group, ns.
const HEARTBEAT_NS: u64 = 1_000_000_000;
/// Between two text lines of an exchange, ns.
const TEXT_NS: u64 = 5_000_000_000;
/// All instruments have their turn in this time, ns: five seconds less what a busy host may
/// delay the publisher.
const PERIOD_NS: u64 = 4_500_000_000;
/// What listeners are promised, ns.
const PROMISE_NS: u64 = 5_000_000_000;
/// Datagrams of a turn besides the book: definition and trading state.
const TURN: usize = 2;

/// Where the repetition stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cycle {
    /// When the period began, ns UTC; 0 before the first.
    began: u64,
    /// Turns taken in it.
    taken: usize,
    /// Lane and place of the next turn.
    lane: usize,
    place: usize,
    text_due: u64,
    connections_changed: bool,
}

impl Cycle {
    /// Connections are to be said now.
    pub(super) fn say_connections(&mut self) {
        self.connections_changed = true;
    }
}

impl Machine {
    /// Adds what is due: new definitions, heartbeats, text, repetitions.
    pub fn periodic(&mut self, now: u64, books: &BookSet, rows: &impl Rows) {
        self.new_definitions(rows);
        self.heartbeats(now);
        self.texts(now);
        self.turns(now, books, rows);
    }

    /// Instruments that have never been defined.
    fn new_definitions(&mut self, rows: &impl Rows) {
        for lane in 0..self.lanes.len() {
            let Some(state) = self.lanes.get(lane) else { continue };
            if state.nature.is_none() {
                continue;
            }
            if state.rows < rows.count(lane) {
                self.learn(lane, rows);
            }
            while self.room() > TURN {
                let Some(state) = self.lanes.get_mut(lane) else { break };
                let Some(index) = state.listed.get(state.defined).copied() else { break };
                state.defined += 1;
                self.define(lane, index, DefinitionAction::Add as u8, rows);
            }
        }
    }

    fn heartbeats(&mut self, now: u64) {
        for number in 0..GROUPS {
            let has_room = self.room() > 0;
            let Some(group) = self.groups.get_mut(number) else { continue };
            if !group.used || now < group.heartbeat_due || !has_room {
                continue;
            }
            group.heartbeat_due = now + HEARTBEAT_NS;
            self.heartbeat(number);
        }
    }

    /// Says every count of every group now, whether due or not: the last word of a publisher.
    pub fn last_words(&mut self, now: u64) {
        for number in 0..GROUPS {
            if self.groups.get(number).is_some_and(|group| group.used) {
                self.heartbeat(number);
            }
        }
        self.cycle.text_due = 0;
        self.texts(now);
    }

    fn heartbeat(&mut self, number: usize) {
        let mut item = HeartbeatItem {
            start_ns: self.plan.start_ns.into(),
            records: self.counts.records.into(),
            records_lost: self.counts.records_lost.into(),
            conflated: self.counts.conflated.into(),
            unscaled: self.counts.unscaled.into(),
            send_errors: self.send_errors.into(),
            interval_ms: ((HEARTBEAT_NS / 1_000_000) as u32).into(),
            ..HeartbeatItem::ZERO
        };
        let (mut instruments, mut live, mut lane) = (0, 0, None);
        for (id, exchange) in (0..).zip(self.exchanges.iter()) {
            if usize::from(exchange.group) != number {
                continue;
            }
            instruments += exchange.instruments;
            live += exchange.live_books;
            // The name in the header is one of the group's, as a lane has it now.
            if self.channel_exchange(usize::from(exchange.lane)) == Some(id) {
                lane = Some(usize::from(exchange.lane));
            }
        }
        item.instruments = u32::try_from(instruments).unwrap_or(u32::MAX).into();
        item.live_books = u32::try_from(live).unwrap_or(u32::MAX).into();
        let Some(lane) = lane else { return };
        let head = Head { lane, index: 0, ts: 0, is_last: true, is_bid: false };
        if self.datagram(head, &[item]) {
            self.counts.heartbeats += 1;
        }
    }

    fn texts(&mut self, now: u64) {
        let all = now >= self.cycle.text_due;
        if (!all && !self.cycle.connections_changed) || self.room() < 3 * self.exchanges.len() {
            return;
        }
        if all {
            self.cycle.text_due = now + TEXT_NS;
        }
        self.cycle.connections_changed = false;
        for id in 0..self.exchanges.len() {
            let Some(exchange) = self.exchanges.get(id as u16).copied() else { continue };
            let Some(name) = name_text(&exchange.name) else { continue };
            // A name that the lane no longer has is said no more.
            let is_present = self.channel_exchange(usize::from(exchange.lane)) == Some(id as u16);
            if exchange.instruments == 0 && !is_present {
                continue;
            }
            if all {
                let product = exchange.product.name();
                let (instruments, live_books) = (exchange.instruments, exchange.live_books);
                let timestamp = now;
                let line = TextLine::Exchange { name, product, instruments, live_books, timestamp };
                self.text(&exchange, &line);
                let (trades, orderbooks) = (exchange.trades, exchange.books);
                let line = TextLine::Stats { exchange: name, trades, orderbooks, timestamp };
                self.text(&exchange, &line);
            }
            let lane = self.lanes.get(usize::from(exchange.lane));
            if let Some((connected, disconnected, reconnect_count)) =
                lane.and_then(|lane| lane.connections())
            {
                let total = connected + disconnected;
                let line = TextLine::Conn {
                    exchange: name,
                    connected,
                    disconnected,
                    reconnect_count,
                    total,
                };
                self.text(&exchange, &line);
            }
        }
    }

    /// As many turns as the time that has passed asks for.
    fn turns(&mut self, now: u64, books: &BookSet, rows: &impl Rows) {
        let total: usize = self.lanes.iter().map(|lane| lane.listed.len()).sum();
        if total == 0 || self.cycle.began == 0 {
            self.cycle.began = now;
            return;
        }
        let passed = now.saturating_sub(self.cycle.began).min(PERIOD_NS);
        let due = (u128::from(passed) * total as u128 / u128::from(PERIOD_NS)) as usize;
        while self.cycle.taken < due {
            if self.room() < self.book_room() + TURN {
                return;
            }
            let Some((lane, index)) = self.next_turn() else { break };
            self.turn(lane, index, books, rows);
        }
        if self.cycle.taken >= total {
            let took = now.saturating_sub(self.cycle.began);
            self.counts.late_cycles += u64::from(took > PROMISE_NS);
            (self.cycle.taken, self.cycle.lane, self.cycle.place) = (0, 0, 0);
            // The next period begins when this one should have ended, so that delays do not add up.
            let next = self.cycle.began + PERIOD_NS;
            self.cycle.began = if now < next + PERIOD_NS { next } else { now };
        }
    }

    fn next_turn(&mut self) -> Option<(usize, u32)> {
        self.cycle.taken += 1;
        loop {
            let state = self.lanes.get(self.cycle.lane)?;
            if let Some(index) = state.listed.get(self.cycle.place) {
                self.cycle.place += 1;
                return Some((self.cycle.lane, *index));
            }
            self.cycle.lane += 1;
            self.cycle.place = 0;
        }
    }

    fn turn(&mut self, lane: usize, index: u32, books: &BookSet, rows: &impl Rows) {
        let state = self.lanes.get(lane);
        let Some((instrument, open)) =
            state.and_then(|state| Some((state.get(index)?, state.open == Some(index))))
        else {
            return;
        };
        if instrument.removed {
            return;
        }
        let is_live = instrument.told == Some(BookState::Live);
        self.define(lane, index, DefinitionAction::Add as u8, rows);
        self.trading_again(lane, index);
        if open {
            // In the middle of an event: it is sent at its end, whole or not.
            if let Some(state) = self.lanes.get_mut(lane) {
                state.forget_sides(index);
            }
            self.mark(lane, index);
        } else if is_live {
            self.book(lane, index, books, true);
        }
    }
}

/// Puts the counts of its group into a heartbeat that is about to leave.
pub(super) fn restamp_heartbeat(datagram: &mut [u8], group: &Group) {
    let fields = [
        (offset_of!(HeartbeatItem, datagrams), group.datagrams),
        (offset_of!(HeartbeatItem, bytes), group.bytes),
    ];
    for (offset, value) in fields {
        let at = HEADER_BYTES + offset;
        if let Some(field) = datagram.get_mut(at..at + 8) {
            field.copy_from_slice(&value.to_be_bytes());
        }
    }
}
