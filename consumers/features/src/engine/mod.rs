//! From a client's events to outputs.
//!
//! ```text
//! mod.rs    the event's way: time, grid, books, blocks       lane.rs     what is known of a lane
//! market.rs trades, definitions, status, what breaks a lane  counts.rs   what was counted
//! ```
//!
//! Feature time is kept per lane, the greatest receive time so far, so that a lane's outputs do not
//! depend on how lanes were interleaved. Grid outputs at g are made when the first message behind g
//! comes, before it is taken. A heartbeat is such a message, a little earlier than it says: what
//! was received just before it may still be in a queue.

mod counts;
mod lane;
mod market;

use client::{BookSet, BookSpec, Event};
use wire::codes::InstrumentClass;
use wire::payload::{Heartbeat, Level};
use wire::{InstrumentId, InstrumentRow, Kind, Nature, Path, Record, Side, StampBy};

pub use counts::Counts;

use crate::blocks::{Anchor, MicroTable};
use crate::flags;
use crate::inputs::Scale;
use crate::instrument::{Instrument, Sizes};
use crate::output::{Cause, Feature, Output, Sink};
use crate::policy::judge;
use lane::Lane;

/// How much earlier than it says a heartbeat counts, ns.
const HEARTBEAT_SLACK: i64 = 5_000_000;
/// Most grid times that are made up for after a silence; older ones are left out and counted.
const GRID_CATCH_UP: i64 = 64;

/// What an engine is built for.
#[derive(Clone, Debug)]
pub struct EngineSpec {
    /// Instruments that there is memory for, all lanes together.
    pub instruments: usize,
    /// Room of the windows of each.
    pub sizes: Sizes,
    /// Step of the grid, ns.
    pub grid: i64,
    /// A book without any record for so long is stale, ns; 0: never.
    pub book_ttl: i64,
    /// Table of the microprice.
    pub table: Option<MicroTable>,
    /// First memory of the books.
    pub books: BookSpec,
}

impl Default for EngineSpec {
    fn default() -> Self {
        EngineSpec {
            instruments: 256,
            sizes: Sizes::default(),
            grid: crate::blocks::SECOND,
            book_ttl: 0,
            table: None,
            books: BookSpec { instruments: 1, ..BookSpec::default() },
        }
    }
}

/// Computes the features of every instrument of every lane.
#[derive(Debug)]
pub struct Engine {
    spec: EngineSpec,
    books: BookSet,
    lanes: Vec<Lane>,
    /// Memory of instruments, handed out in order.
    pool: Vec<Instrument>,
    used: usize,
    /// By lane.
    counts: Vec<Counts>,
    /// Of generations that are over.
    past: Counts,
}

/// What is the same for all outputs of a record.
#[derive(Clone, Copy, Debug)]
struct Moment {
    lane: usize,
    now: i64,
    cause: Cause,
    flags: u32,
}

fn time(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

impl Engine {
    /// Takes all memory of the instruments.
    pub fn new(spec: EngineSpec) -> Engine {
        let pool = (0..spec.instruments).map(|_| Instrument::new(spec.sizes)).collect();
        let books = BookSet::new(spec.books);
        let (lanes, counts) = (Vec::new(), Vec::new());
        Engine { spec, books, lanes, pool, used: 0, counts, past: Counts::default() }
    }

    /// What was counted of a lane since this generation of the source began.
    pub fn counts(&self, lane: usize) -> Option<&Counts> {
        self.counts.get(lane)
    }

    /// What was counted of all lanes and generations.
    pub fn totals(&self) -> Counts {
        let mut totals = self.past.clone();
        self.counts.iter().for_each(|counts| totals.add(counts));
        totals
    }

    fn ensure_lane(&mut self, lane: usize) {
        if self.lanes.len() <= lane {
            self.lanes.resize_with(lane + 1, Lane::default);
            self.counts.resize_with(lane + 1, Counts::default);
        }
    }

    /// Why the books of a lane could not be built, if so.
    pub fn problem(&self) -> Option<book::LimitsError> {
        self.books.problem()
    }

    /// Begins again without anything: the source is another generation.
    pub fn forget(&mut self) {
        self.past = self.totals();
        self.lanes.clear();
        self.counts.clear();
        self.used = 0;
    }

    /// Tells an instrument of a lane, from the source's table. Call it before its records come;
    /// a known one is brought up to date.
    pub fn define(&mut self, lane: usize, row: &InstrumentRow) {
        let scale = Scale { price_exp: row.price_exp, tick: row.tick };
        self.define_as(lane, row.instrument, scale, row.class);
    }

    fn define_as(&mut self, lane: usize, id: InstrumentId, scale: Scale, class: u8) {
        if id.index() == 0 {
            return;
        }
        self.ensure_lane(lane);
        let Some(state) = self.lanes.get_mut(lane) else { return };
        let Some(counts) = self.counts.get_mut(lane) else { return };
        if let Some(slot) = state.slot(id.index()) {
            if let Some(instrument) = self.pool.get_mut(slot) {
                instrument.scale = scale;
            }
            return;
        }
        let now = state.now;
        let Some(instrument) = self.pool.get_mut(self.used) else {
            counts.instruments_refused += u64::from(state.refuse(id.index()));
            return;
        };
        instrument.become_new(id, scale, anchor(class));
        if let Some(now) = now {
            instrument.trades_begin(now);
        }
        state.add(id.index(), self.used);
        self.used += 1;
        counts.instruments += 1;
    }

    /// Takes an event of the client.
    #[inline]
    pub fn on<S: Sink>(&mut self, event: &Event<'_>, sink: &mut S) {
        match event {
            Event::Record { lane, record } => self.record(event, *lane, record, sink),
            other => {
                self.books.on(other);
                self.other(other, sink);
            }
        }
    }

    #[inline]
    fn record<S: Sink>(&mut self, event: &Event<'_>, lane: usize, record: &Record, sink: &mut S) {
        self.ensure_lane(lane);
        let kind = record.kind();
        let ts = self.time_of(lane, record);
        if let Some(ts) = ts {
            self.pass_time(lane, ts, record, sink);
        }
        self.books.on(event);
        let Some(state) = self.lanes.get_mut(lane) else { return };
        let Some(counts) = self.counts.get_mut(lane) else { return };
        let late = state.take_time(ts, record.sequence) && kind != Some(Kind::Heartbeat);
        let is_late = late || record.origin.path() == Path::Retransmission;
        let moment = Moment {
            lane,
            now: state.now.unwrap_or_else(|| time(record.ts_receive)),
            cause: cause(lane, record.sequence, record),
            flags: if is_late { flags::LATE } else { 0 } | state.flags(),
        };
        counts.records += 1;
        counts.late += u64::from(late);
        counts.unknown_kinds += u64::from(kind.is_none());
        match kind {
            Some(Kind::Level) => self.level(&moment, record, sink),
            Some(Kind::Trade) => self.trade(&moment, record, sink),
            Some(kind) => self.market(kind, &moment, record, sink),
            None => {}
        }
    }

    /// Time that a record tells. The handler's own records repeat the time of the last message, and
    /// its heartbeats are in its clock, which is not that of a recording.
    #[inline(always)]
    fn time_of(&mut self, lane: usize, record: &Record) -> Option<i64> {
        let state = self.lanes.get_mut(lane)?;
        if record.origin.path() != Path::Handler {
            state.is_stamped_here = record.origin.stamp() != StampBy::Recording;
            return Some(time(record.ts_receive));
        }
        let beat = record.get::<Heartbeat>().filter(|_| state.is_stamped_here)?;
        Some(time(beat.lane_now).saturating_sub(HEARTBEAT_SLACK))
    }

    /// Makes the grid outputs that are due before a message of time `ts` is taken.
    #[inline(always)]
    fn pass_time<S: Sink>(&mut self, lane: usize, ts: i64, record: &Record, sink: &mut S) {
        if self.lanes.get(lane).is_some_and(|state| ts > state.next_grid) {
            self.grids(lane, ts, record, sink);
        }
    }

    #[inline(never)]
    fn grids<S: Sink>(&mut self, lane: usize, ts: i64, record: &Record, sink: &mut S) {
        let step = self.spec.grid.max(1);
        let Some(state) = self.lanes.get_mut(lane) else { return };
        if state.now.is_none() {
            // The first record of the lane begins the grid: nothing is before it.
            for slot in &state.slots {
                if let Some(instrument) = self.pool.get_mut(*slot) {
                    instrument.trades_begin(ts);
                }
            }
            state.next_grid = ts.saturating_add(step - 1).div_euclid(step).saturating_mul(step);
            return;
        }
        let due = ts.saturating_sub(1).saturating_sub(state.next_grid).div_euclid(step);
        let skipped = due.saturating_sub(GRID_CATCH_UP - 1).max(0);
        state.next_grid = state.next_grid.saturating_add(skipped.saturating_mul(step));
        if let Some(counts) = self.counts.get_mut(lane) {
            counts.grid_skipped += skipped as u64;
        }
        let sequence = state.last_sequence;
        while let Some(state) = self.lanes.get_mut(lane).filter(|state| state.next_grid < ts) {
            let (now, flags) = (state.next_grid, state.flags());
            state.next_grid = now.saturating_add(step);
            if now == i64::MAX {
                return;
            }
            let cause = cause(lane, sequence, record);
            self.grid(&Moment { lane, now, cause, flags }, sink);
        }
    }

    fn grid<S: Sink>(&mut self, moment: &Moment, sink: &mut S) {
        let Engine { spec, lanes, pool, counts, .. } = self;
        let Some(lane) = lanes.get_mut(moment.lane) else { return };
        let Some(counts) = counts.get_mut(moment.lane) else { return };
        for slot in lane.slots.iter().copied() {
            let Some(one) = pool.get_mut(slot).filter(|one| one.is_seen) else { continue };
            let (id, state, nature) = (one.id, one.state, one.nature);
            let mut emit = |feature, flags, values: &[u64]| {
                put(counts, sink, moment, (id, state, nature), (feature, flags, values));
            };
            let silent = moment.now.saturating_sub(one.book_at);
            if spec.book_ttl > 0 && one.quote().is_some() && silent > spec.book_ttl {
                let stale = judge(state, None, true, true);
                one.book(moment.now, stale, moment.flags, spec.table.as_ref(), &mut emit);
            }
            let flags = moment.flags | halted(one);
            one.grid(moment.now, flags, &mut emit);
        }
    }

    /// A level changed. Only the last of an event is computed with: before it, the book may be one
    /// that never was.
    #[inline]
    fn level<S: Sink>(&mut self, moment: &Moment, record: &Record, sink: &mut S) {
        let index = record.instrument.index();
        let slot = self.lanes.get(moment.lane).and_then(|lane| lane.slot(index));
        let Some(one) = slot.and_then(|slot| self.pool.get_mut(slot)) else { return };
        let Some(level) = record.get::<Level>() else { return };
        let is_bid = record.quality.get_side() == Side::Bid;
        one.near = one.near || one.depth.reaches(is_bid, level.price);
        if record.quality.is_snapshot() {
            // Part of a refresh: its end is the event.
            one.near = true;
        } else if record.quality.is_end_of_event() {
            self.book(moment, index, record.quality.nature(), true, sink);
        }
    }

    /// The book of an instrument is what it is now.
    #[inline]
    fn book<S: Sink>(
        &mut self,
        moment: &Moment,
        index: u32,
        nature: Option<Nature>,
        is_news: bool,
        sink: &mut S,
    ) {
        let Engine { spec, books, lanes, pool, counts, .. } = self;
        let Some(lane) = lanes.get(moment.lane) else { return };
        let Some(counts) = counts.get_mut(moment.lane) else { return };
        let Some(one) = lane.slot(index).and_then(|slot| pool.get_mut(slot)) else { return };
        let Some(books) = books.lane(moment.lane) else { return };
        if is_news {
            one.book_at = moment.now;
        }
        one.nature = nature.unwrap_or(one.nature);
        one.state = books.state(one.id);
        let ttl = spec.book_ttl > 0
            && one.had_book
            && moment.now.saturating_sub(one.book_at) > spec.book_ttl;
        let is_quiet = lane.is_quiet() || ttl;
        let judged = judge(one.state, books.best(one.id), is_quiet, one.had_book);
        if one.near || one.book_flags() != judged.flags {
            let of = |level: book::Level| (level.price, level.quantity);
            let bids = books.levels(one.id, Side::Bid).map(of);
            one.depth.set(bids, books.levels(one.id, Side::Ask).map(of));
        }
        let (id, state, nature) = (one.id, one.state, one.nature);
        let flags = moment.flags | halted(one);
        one.book(moment.now, judged, flags, spec.table.as_ref(), &mut |feature, flags, values| {
            put(counts, sink, moment, (id, state, nature), (feature, flags, values));
        });
    }
}

/// Stocks have sessions; the rest trades round the clock.
fn anchor(class: u8) -> Anchor {
    match InstrumentClass::from_bits(class) {
        None | Some(InstrumentClass::Unknown | InstrumentClass::Equity) => Anchor::Session,
        Some(InstrumentClass::Fund | InstrumentClass::Bond | InstrumentClass::Warrant) => {
            Anchor::Session
        }
        Some(_) => Anchor::Day,
    }
}

fn halted(one: &Instrument) -> u32 {
    if one.is_halted { flags::AUCTION } else { 0 }
}

fn cause(lane: usize, sequence: u64, record: &Record) -> Cause {
    let lane = u8::try_from(lane).unwrap_or(u8::MAX);
    Cause { lane, sequence, ts_receive: record.ts_receive, origin: record.origin }
}

/// Counts an output and hands it on.
#[inline]
fn put<S: Sink>(
    counts: &mut Counts,
    sink: &mut S,
    moment: &Moment,
    (instrument, state, nature): (InstrumentId, wire::BookState, Nature),
    (feature, flags, values): (Feature, u32, &[u64]),
) {
    counts.output(feature);
    let (ts_reference, cause) = (moment.now, moment.cause);
    let output = Output { feature, flags, instrument, state, nature, ts_reference, cause, values };
    sink.output(moment.lane, &output);
}
