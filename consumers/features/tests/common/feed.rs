//! Records as a lane writes them, made by hand: levels, trades, gaps, refreshes.

use client::Event;
use features::engine::Engine;
use features::output::{Feature, Output, Sink};
use shm::seat::Filter;
use wire::codes::{BookCause, GapHow};
use wire::payload::{BookBegin, BookEnd, GapBegin, GapEnd, Heartbeat, Level, Lost, Payload, Trade};
use wire::{BookState, Header, InstrumentId, InstrumentRow, Nature, Origin, Path, Quality, Record};
use wire::{Side, StampBy, Venue};

/// Classes of the seat.
const CLASSES: u8 = features::process::run::CLASSES;

/// An output as it was put out.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub feature: Feature,
    pub flags: u32,
    pub instrument: InstrumentId,
    pub state: BookState,
    pub nature: Nature,
    pub at: i64,
    pub cause: u64,
    pub values: Vec<u64>,
}

impl Seen {
    pub fn real(&self, at: usize) -> f64 {
        f64::from_bits(self.values[at])
    }

    pub fn integer(&self, at: usize) -> i64 {
        self.values[at] as i64
    }
}

/// Keeps every output, and its records.
#[derive(Default)]
pub struct Collect {
    pub seen: Vec<Seen>,
    pub records: Vec<Record>,
    pub steps: u64,
}

impl Sink for Collect {
    fn output(&mut self, _lane: usize, output: &Output<'_>) {
        assert_eq!(output.values.len(), output.feature.fields().len(), "{:?}", output.feature);
        self.steps += 1;
        output.records(self.steps, |record| self.records.push(*record));
        self.seen.push(Seen {
            feature: output.feature,
            flags: output.flags,
            instrument: output.instrument,
            state: output.state,
            nature: output.nature,
            at: output.ts_reference,
            cause: output.cause.sequence,
            values: output.values.to_vec(),
        });
    }
}

impl Collect {
    /// Outputs of a feature since the last call of `clear`.
    pub fn of(&self, feature: Feature) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| seen.feature == feature).collect()
    }

    pub fn last(&self, feature: Feature) -> &Seen {
        self.of(feature).pop().expect("an output")
    }

    pub fn clear(&mut self) {
        self.seen.clear();
    }
}

/// Takes nothing and no memory.
#[derive(Default)]
pub struct Count(pub u64);

impl Sink for Count {
    fn output(&mut self, _lane: usize, output: &Output<'_>) {
        output.records(1, |record| self.0 = self.0.wrapping_add(record.payload[2]));
    }
}

pub fn id(index: u32) -> InstrumentId {
    InstrumentId::new(Venue::Nasdaq, index)
}

pub fn row(index: u32) -> InstrumentRow {
    InstrumentRow { instrument: id(index), tick: 1, lot: 1, ..InstrumentRow::ZERO }
}

/// One lane's records.
pub struct Feed {
    pub step: u64,
    pub now: u64,
    pub state: BookState,
    pub nature: Nature,
    pub path: Path,
    pub stamp: StampBy,
}

impl Feed {
    /// Attached, with instruments 1 to `instruments` defined and empty books refreshed.
    pub fn start(engine: &mut Engine, sink: &mut impl Sink, instruments: u32) -> Feed {
        let filter = Filter::all(CLASSES);
        let room = instruments + 1;
        let event = Event::Attached { lane: 0, generation: 1, instruments: room, filter: &filter };
        engine.on(&event, sink);
        let (state, nature) = (BookState::Live, Nature::Recorded);
        let mut feed = Feed {
            step: 0,
            now: 1_000_000_000,
            state,
            nature,
            path: Path::Live,
            stamp: StampBy::Kernel,
        };
        for index in 1..=instruments {
            engine.define(0, &row(index));
            feed.refresh(engine, sink, index, &[], &[]);
        }
        feed
    }

    fn header(&self, index: u32, quality: Quality) -> Header {
        Header {
            quality,
            origin: Origin::new(1, self.path, self.stamp),
            instrument: id(index),
            sequence: self.step,
            ts_venue: self.now,
            ts_receive: self.now,
        }
    }

    fn quality(&self) -> Quality {
        Quality::new(self.state, self.nature)
    }

    pub fn send(&self, engine: &mut Engine, sink: &mut impl Sink, record: &Record) {
        engine.on(&Event::Record { lane: 0, record }, sink);
    }

    fn put<P: Payload>(
        &self,
        engine: &mut Engine,
        sink: &mut impl Sink,
        index: u32,
        quality: Quality,
        payload: P,
    ) {
        self.send(engine, sink, &Record::new(self.header(index, quality), payload));
    }

    /// A step with one message about the channel.
    pub fn stream<P: Payload>(&mut self, engine: &mut Engine, sink: &mut impl Sink, payload: P) {
        self.step += 1;
        self.put(engine, sink, 0, Quality::new(BookState::None, self.nature), payload);
    }

    /// A step that sets some levels: price, quantity, side.
    pub fn levels(
        &mut self,
        engine: &mut Engine,
        sink: &mut impl Sink,
        index: u32,
        levels: &[(Side, i64, i64)],
    ) {
        self.step += 1;
        for (at, &(side, price, quantity)) in levels.iter().enumerate() {
            let quality = self.quality().side(side);
            let is_last = at + 1 == levels.len();
            let quality = if is_last { quality.end_of_event() } else { quality };
            let level = Level { price, quantity, orders: 1, ..Level::default() };
            self.put(engine, sink, index, quality, level);
        }
    }

    /// A step with one message about an instrument.
    pub fn about<P: Payload>(
        &mut self,
        engine: &mut Engine,
        sink: &mut impl Sink,
        index: u32,
        payload: P,
    ) {
        self.step += 1;
        self.put(engine, sink, index, self.quality().end_of_event(), payload);
    }

    pub fn trade(&mut self, engine: &mut Engine, sink: &mut impl Sink, index: u32, trade: Trade) {
        self.step += 1;
        self.put(engine, sink, index, self.quality().end_of_event(), trade);
    }

    /// A refresh of a book, as it is written between steps.
    pub fn refresh(
        &mut self,
        engine: &mut Engine,
        sink: &mut impl Sink,
        index: u32,
        bids: &[(i64, i64)],
        asks: &[(i64, i64)],
    ) {
        let cause = BookCause::Refresh as u8;
        let quality = self.quality().snapshot();
        let counts = (bids.len() as u32, asks.len() as u32);
        let begin = BookBegin { cause, bids: counts.0, asks: counts.1, ..BookBegin::default() };
        self.put(engine, sink, index, quality, begin);
        for (side, levels) in [(Side::Bid, bids), (Side::Ask, asks)] {
            for &(price, quantity) in levels {
                let level = Level { price, quantity, orders: 1, ..Level::default() };
                self.put(engine, sink, index, quality.side(side), level);
            }
        }
        let end = BookEnd { cause, bids: counts.0, asks: counts.1, ..BookEnd::default() };
        self.put(engine, sink, index, quality.end_of_event(), end);
    }

    pub fn gap_begin(&mut self, engine: &mut Engine, sink: &mut impl Sink) {
        self.state = BookState::Gapped;
        self.stream(engine, sink, GapBegin { first: 1, end: 2, gap_id: 1, ..GapBegin::default() });
    }

    pub fn gap_end(&mut self, engine: &mut Engine, sink: &mut impl Sink) {
        self.state = BookState::Live;
        let how = GapHow::Retransmission as u8;
        let end = GapEnd { first: 1, end: 2, gap_id: 1, how, ..GapEnd::default() };
        self.stream(engine, sink, end);
    }

    pub fn heartbeat(&self, engine: &mut Engine, sink: &mut impl Sink) {
        let beat = Heartbeat { lane_now: self.now, lines_up: 1, ..Heartbeat::default() };
        let quality = Quality::new(BookState::None, self.nature);
        let origin = Origin::new(0, Path::Handler, StampBy::Poll);
        let header = Header { origin, ..self.header(0, quality) };
        self.send(engine, sink, &Record::new(header, beat));
    }

    pub fn lost(&self, engine: &mut Engine, sink: &mut impl Sink, trades: u32, instruments: u32) {
        let lost = Lost { first_step: 1, last_step: 2, records: 3, trades, instruments };
        let quality = Quality::new(BookState::None, self.nature);
        self.put(engine, sink, 0, quality, lost);
    }
}
