//! Everything but levels: trades, definitions, status, and what breaks a lane.

use client::Event;
use wire::codes::trade_flags;
use wire::codes::{
    Aggressor, ConnectionState, DefinitionAction, SessionEvent, StatusScope, TradingState,
};
use wire::payload::{Connection, Definition, Lost, Session, Status, Trade};
use wire::{Kind, Record};

use super::{Engine, Moment, halted, put, time};
use crate::flags;
use crate::inputs::{Print, Scale, Taker};
use crate::output::{Cause, Sink};

/// Time of a record by the venue's clock; by ours, and told, where it sends none.
fn venue_time(record: &Record) -> (i64, u32) {
    match record.ts_venue {
        0 => (time(record.ts_receive), flags::CLOCK),
        ts => (time(ts), 0),
    }
}

impl Engine {
    #[inline]
    pub(super) fn trade<S: Sink>(&mut self, moment: &Moment, record: &Record, sink: &mut S) {
        let Engine { lanes, pool, counts, .. } = self;
        let index = record.instrument.index();
        let slot = lanes.get(moment.lane).and_then(|lane| lane.slot(index));
        let Some(one) = slot.and_then(|slot| pool.get_mut(slot)) else { return };
        let Some(trade) = record.get::<Trade>() else { return };
        let Some(counts) = counts.get_mut(moment.lane) else { return };
        one.nature = record.quality.nature().unwrap_or(one.nature);
        let (id, state, nature) = (one.id, one.state, one.nature);
        let flags = moment.flags | halted(one);
        let (at, clock) = venue_time(record);
        let volume = (trade.price, trade.quantity);
        one.volume(at, volume, flags | clock, &mut |feature, flags, values: &[u64]| {
            put(counts, sink, moment, (id, state, nature), (feature, flags, values));
        });
        if trade.flags & (trade_flags::AUCTION | trade_flags::BLOCK) != 0 {
            // Nobody took: both sides met in a cross, or off the book.
            counts.trades_unsigned += 1;
            return;
        }
        let taker = match Aggressor::from_bits(trade.aggressor) {
            Some(Aggressor::Buy) => Some(Taker::Buyer),
            Some(Aggressor::Sell) => Some(Taker::Seller),
            _ => None,
        };
        let print = Print { price: trade.price, quantity: trade.quantity, taker };
        let told = one.trade(moment.now, &print, flags, &mut |feature, flags, values: &[u64]| {
            put(counts, sink, moment, (id, state, nature), (feature, flags, values));
        });
        if taker.is_none() {
            counts.trades_estimated += u64::from(told.is_some());
            counts.trades_unsigned += u64::from(told.is_none());
        }
    }

    pub(super) fn market<S: Sink>(
        &mut self,
        kind: Kind,
        moment: &Moment,
        record: &Record,
        sink: &mut S,
    ) {
        let index = record.instrument.index();
        match kind {
            Kind::BookBegin | Kind::BookEnd => self.refreshed(moment, record, sink),
            Kind::BookStateChange if index != 0 => {
                self.book(moment, index, record.quality.nature(), true, sink);
            }
            Kind::BookStateChange | Kind::GapEnd => self.sweep(moment, sink),
            Kind::GapBegin => self.broken(moment, true, sink),
            Kind::Lost => {
                let trades = record.get::<Lost>().is_some_and(|lost| lost.trades > 0);
                self.broken(moment, trades, sink);
            }
            Kind::Definition => self.defined(moment, record),
            Kind::Status => self.status(moment, record),
            Kind::Session => self.session(moment, record),
            Kind::Connection => self.connection(moment, record, sink),
            Kind::TradeBreak => {
                if let Some(counts) = self.counts.get_mut(moment.lane) {
                    counts.trades_broken += 1;
                }
                if let Some(one) = self.instrument(moment.lane, index) {
                    one.trade_revised(moment.now);
                }
            }
            _ => {}
        }
    }

    fn instrument(
        &mut self,
        lane: usize,
        index: u32,
    ) -> Option<&mut crate::instrument::Instrument> {
        let slot = self.lanes.get(lane)?.slot(index)?;
        self.pool.get_mut(slot)
    }

    /// A refresh begins: there is no book. It ends: this is the book, and what was before it does
    /// not lead to it.
    fn refreshed<S: Sink>(&mut self, moment: &Moment, record: &Record, sink: &mut S) {
        let index = record.instrument.index();
        if let Some(one) = self.instrument(moment.lane, index) {
            one.near = true;
        }
        self.book(moment, index, record.quality.nature(), true, sink);
    }

    /// Looks at every book of the lane: what made them valid may have changed for all at once.
    #[cold]
    fn sweep<S: Sink>(&mut self, moment: &Moment, sink: &mut S) {
        let count = self.lanes.get(moment.lane).map_or(0, |lane| lane.slots.len());
        for at in 0..count {
            let slot = self.lanes.get(moment.lane).and_then(|lane| lane.slots.get(at)).copied();
            let seen = slot.and_then(|slot| self.pool.get(slot)).filter(|one| one.is_seen);
            if let Some(index) = seen.map(|one| one.id.index()) {
                self.book(moment, index, None, false, sink);
            }
        }
    }

    /// Something of the lane is missing.
    #[cold]
    fn broken<S: Sink>(&mut self, moment: &Moment, trades: bool, sink: &mut S) {
        if let Some(counts) = self.counts.get_mut(moment.lane) {
            counts.gaps += 1;
        }
        if trades {
            self.trades_missing(moment.lane, moment.now);
        }
        self.sweep(moment, sink);
    }

    fn trades_missing(&mut self, lane: usize, now: i64) {
        let Some(lane) = self.lanes.get(lane) else { return };
        for slot in &lane.slots {
            if let Some(one) = self.pool.get_mut(*slot) {
                one.trades_missing(now);
            }
        }
    }

    fn defined(&mut self, moment: &Moment, record: &Record) {
        let Some(definition) = record.get::<Definition>() else { return };
        let scale = Scale { price_exp: definition.price_exp, tick: definition.tick };
        self.define_as(moment.lane, record.instrument, scale, definition.class);
        let is_gone = definition.action == DefinitionAction::Remove as u8;
        if let Some(one) = self.instrument(moment.lane, record.instrument.index())
            && is_gone
        {
            // Nothing more is said of it until it is defined again and has a book.
            one.begin(one.id, scale);
        }
    }

    fn status(&mut self, moment: &Moment, record: &Record) {
        let Some(status) = record.get::<Status>() else { return };
        let is_halted = match TradingState::from_bits(status.state) {
            None | Some(TradingState::Unsaid) => return,
            Some(state) => state != TradingState::Trading,
        };
        match StatusScope::from_bits(status.scope) {
            Some(StatusScope::Instrument) => {
                if let Some(one) = self.instrument(moment.lane, record.instrument.index()) {
                    one.is_halted = is_halted;
                }
            }
            Some(StatusScope::Market) => {
                let Some(lane) = self.lanes.get(moment.lane) else { return };
                for slot in &lane.slots {
                    if let Some(one) = self.pool.get_mut(*slot) {
                        one.is_halted = is_halted;
                    }
                }
            }
            _ => {}
        }
    }

    fn session(&mut self, moment: &Moment, record: &Record) {
        let event = record.get::<Session>().and_then(|s| SessionEvent::from_bits(s.event));
        let Some(lane) = self.lanes.get_mut(moment.lane) else { return };
        match event {
            Some(SessionEvent::StartOfMarketHours) => {
                lane.is_continuous = Some(true);
                self.anchor(moment.lane, venue_time(record).0);
            }
            Some(
                SessionEvent::StartOfMessages
                | SessionEvent::StartOfSystemHours
                | SessionEvent::EndOfMarketHours
                | SessionEvent::EndOfSystemHours
                | SessionEvent::EndOfMessages,
            ) => lane.is_continuous = Some(false),
            Some(SessionEvent::Start) => {
                lane.is_continuous = None;
                for slot in &lane.slots {
                    if let Some(one) = self.pool.get_mut(*slot) {
                        one.begin(one.id, one.scale);
                        one.trades_begin(moment.now);
                        one.anchor(venue_time(record).0);
                    }
                }
            }
            Some(SessionEvent::End) | None => {}
        }
    }

    /// The day's volume begins.
    fn anchor(&mut self, lane: usize, at: i64) {
        let Some(lane) = self.lanes.get(lane) else { return };
        for slot in &lane.slots {
            if let Some(one) = self.pool.get_mut(*slot) {
                one.anchor(at);
            }
        }
    }

    fn connection<S: Sink>(&mut self, moment: &Moment, record: &Record, sink: &mut S) {
        let Some(connection) = record.get::<Connection>() else { return };
        let is_up = ConnectionState::from_bits(connection.state) == Some(ConnectionState::Up);
        let Some(lane) = self.lanes.get_mut(moment.lane) else { return };
        let was_quiet = lane.is_quiet();
        lane.line(connection.line, is_up);
        if lane.is_quiet() != was_quiet {
            let flags = lane.flags();
            self.sweep(&Moment { flags, ..*moment }, sink);
        }
    }

    /// What is not a record.
    #[cold]
    pub(super) fn other<S: Sink>(&mut self, event: &Event<'_>, sink: &mut S) {
        match *event {
            Event::Attached { lane, instruments, .. } => self.attached(lane, instruments),
            Event::NewGeneration { .. } => self.forget(),
            Event::Resynced { lane, .. } | Event::Detached { lane, .. } => {
                self.broken_at(lane, sink);
            }
            Event::Stalled { .. } => self.stalled(true, sink),
            Event::Resumed => self.stalled(false, sink),
            Event::ProducerDead { .. } => {
                self.stalled(true, sink);
                for lane in 0..self.lanes.len() {
                    self.broken_at(lane, sink);
                }
            }
            Event::Closed { .. } => self.stalled(true, sink),
            Event::Filtered { .. } | Event::Record { .. } => {}
        }
    }

    fn attached(&mut self, lane: usize, instruments: u32) {
        self.ensure_lane(lane);
        let room = self.pool.len();
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.reserve(instruments as usize, room);
            lane.is_stalled = false;
        }
    }

    /// The moment of something that no record tells: the lane's last one.
    fn last_moment(&self, number: usize) -> Option<Moment> {
        let lane = self.lanes.get(number)?;
        let now = lane.now?;
        let cause = Cause {
            lane: u8::try_from(number).unwrap_or(u8::MAX),
            sequence: lane.last_sequence,
            ts_receive: now.max(0) as u64,
            origin: wire::Origin(0),
        };
        Some(Moment { lane: number, now, cause, flags: lane.flags() })
    }

    fn broken_at<S: Sink>(&mut self, lane: usize, sink: &mut S) {
        if let Some(moment) = self.last_moment(lane) {
            self.broken(&moment, true, sink);
        }
    }

    fn stalled<S: Sink>(&mut self, is_stalled: bool, sink: &mut S) {
        for number in 0..self.lanes.len() {
            if let Some(lane) = self.lanes.get_mut(number) {
                lane.is_stalled = is_stalled;
            }
            if let Some(moment) = self.last_moment(number) {
                self.sweep(&moment, sink);
            }
        }
    }
}
