//! Our own instance: a lane for each lane of the source, with its seats, instruments, counters.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use client::Client;
use producer::{Host, HostSpec, LaneParts, LaneSpec, NamedCounters, NamedErrors, channel_row};
use shm::counters::{CounterWriter, HistogramId};
use shm::fanout::{Fanout, LostReport, Refresh, RefreshOut, SeatWant};
use shm::instance::Producer;
use shm::instruments::InstrumentWriter;
use shm::mapping::MappedLines;
use wire::payload::{Heartbeat, Lost};
use wire::{BookState, Class, Header, InstrumentId, InstrumentRow, Nature, Origin, Path, Quality};
use wire::{Record, StampBy};

use super::config::Config;
use super::error::Result;
use super::report::LaneReport;
use crate::engine::{Counts, Engine};
use crate::output::{Output, Sink};

/// Polls between two times that counters are stored, if there was no idle one.
const COUNT_POLLS: u32 = 1_024;
/// ns between two heartbeats.
const HEARTBEAT: u64 = 1_000_000_000;
/// Code of a refresh that no ring of this size can hold, in the table of errors.
const REFRESH_TOO_LARGE: u32 = 2;
/// Origin of what this process says of itself.
const HANDLER: Origin = Origin::new(0, Path::Handler, StampBy::Poll);

/// Counters beside those of the engine, with their units.
const OWN: [(&str, &str); 5] = [
    ("output_records", "records"),
    ("lag", "records"),
    ("lost_records", "records"),
    ("lost_trades", "trades"),
    ("polls", "polls"),
];
/// Histograms, ns.
const HISTOGRAMS: [(&str, &str); 2] = [("receive_consume", "ns"), ("receive_publish", "ns")];

/// A lane of ours.
struct Lane {
    name: String,
    producer: Producer,
    fanout: Fanout<MappedLines>,
    instruments: InstrumentWriter<MappedLines>,
    errors: NamedErrors,
    counters: CounterWriter<MappedLines>,
    counter_ids: NamedCounters,
    consume: Option<HistogramId>,
    publish: Option<HistogramId>,
    step: u64,
    /// Records pushed to at least one seat.
    records: u64,
    /// Rows of the source that are in our table.
    rows: usize,
    venue: Option<InstrumentId>,
    nature: Nature,
    last_venue: u64,
}

/// Our instance while it is there.
pub struct Outlet {
    lanes: Vec<Lane>,
    host: Host,
    /// Generation of the source that it belongs to.
    pub source: u64,
    polls: u32,
    all_polls: u64,
    beaten: u64,
}

/// Outputs are not repeated: a consumer that joins has the next one of each instrument.
struct NoBooks(Header);

impl Refresh for NoBooks {
    fn refresh(&mut self, _instrument: u32, _want: SeatWant, _out: &mut RefreshOut) {}

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = Lost {
            first_step: report.first_step,
            last_step: report.last_step,
            records: report.records,
            trades: 0,
            instruments: 0,
        };
        Record::new(self.0, lost).to_words()
    }
}

fn lane_spec(name: &str, rows: u32, config: &Config) -> LaneSpec {
    let counts = Counts::default();
    let counters = counts.named().map(|(name, _)| (name, "count".to_owned()));
    let own = OWN.map(|(name, unit)| (name.to_owned(), unit.to_owned()));
    let histograms = HISTOGRAMS.map(|(name, unit)| (name.to_owned(), unit.to_owned()));
    LaneSpec {
        name: name.to_owned(),
        instruments: rows.saturating_sub(1).max(1),
        seats: config.seats,
        ring_capacity: config.ring,
        allow_wait: config.wait,
        counters: producer::spec::counter_table(counters.chain(own), histograms),
    }
}

impl Outlet {
    /// Makes the instance that belongs to what `client` follows now.
    ///
    /// # Errors
    /// If the instance is running, does not fit, or is not permitted.
    pub fn create(
        config: &Config,
        client: &Client,
        source: u64,
        stop: &Arc<AtomicBool>,
    ) -> Result<Outlet> {
        let lanes = client.lanes().iter();
        let spec = HostSpec {
            root: config.root.clone(),
            name: config.out_name.clone(),
            gid: None,
            lanes: lanes.map(|l| lane_spec(l.name(), l.instrument_room(), config)).collect(),
        };
        let (host, parts) = Host::create(&spec, stop)?;
        let counts = Counts::default();
        let names: Vec<String> = counts
            .named()
            .map(|(name, _)| name)
            .chain(OWN.map(|(name, _)| name.to_owned()))
            .collect();
        let parts = parts.into_iter().zip(&spec.lanes);
        let lanes = parts.map(|(parts, spec)| Lane::new(parts, &spec.name, &names)).collect();
        Ok(Outlet { lanes, host, source, polls: 0, all_polls: 0, beaten: 0 })
    }

    /// Names of the lanes.
    pub fn lane_names(&self) -> Vec<&str> {
        self.lanes.iter().map(|lane| lane.name.as_str()).collect()
    }

    /// Takes over rows of the source's tables that are new, into our table and the engine.
    #[inline]
    pub fn sync_rows(&mut self, client: &Client, engine: &mut Engine) {
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            let Some(source) = client.lanes().get(number) else { continue };
            let rows = source.instruments().rows();
            if rows.len() != lane.rows {
                lane.take_rows(rows, number, engine);
            }
        }
    }

    /// A record was handed to us, `ns` after it was received.
    #[inline(always)]
    pub fn consumed(&mut self, lane: usize, ns: u64) {
        if let Some(lane) = self.lanes.get_mut(lane)
            && let Some(id) = lane.consume
        {
            lane.counters.record(id, ns);
        }
    }

    /// What a record led to was handed to the seats, `ns` after it was received.
    #[inline(always)]
    pub fn published(&mut self, lane: usize, ns: u64) {
        if let Some(lane) = self.lanes.get_mut(lane)
            && let Some(id) = lane.publish
        {
            lane.counters.record(id, ns);
        }
    }

    /// Steps of a lane so far.
    #[inline(always)]
    pub fn steps(&self, lane: usize) -> u64 {
        self.lanes.get(lane).map_or(0, |lane| lane.step)
    }

    /// What each lane did.
    pub fn reports(&self) -> Vec<LaneReport> {
        let report = |lane: &Lane| LaneReport {
            name: lane.name.clone(),
            outputs: lane.step,
            records: lane.records,
        };
        self.lanes.iter().map(report).collect()
    }

    /// Ends a poll: seats, heartbeats, counters.
    #[inline]
    pub fn end_poll(&mut self, found: bool, now: u64, engine: &Engine, client: &Client) {
        self.polls += 1;
        self.all_polls += 1;
        let is_beat = now.saturating_sub(self.beaten) >= HEARTBEAT;
        let is_count = is_beat || self.polls >= COUNT_POLLS;
        if is_beat {
            self.beaten = now;
        }
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            if is_beat {
                lane.heartbeat(now);
            }
            lane.producer.beat(now);
            let mut callback = NoBooks(lane.header(now));
            let events = lane.fanout.end_poll(!found, now, &mut callback);
            if events.too_large.is_some() {
                lane.errors.report(REFRESH_TOO_LARGE, "refresh_larger_than_ring", now);
            }
            if is_count {
                lane.count(number, engine, client, self.all_polls);
            }
        }
        if is_count {
            self.polls = 0;
        }
    }

    /// Consumers that are attached and served.
    pub fn consumers(&self) -> u32 {
        self.lanes.iter().map(|lane| lane.fanout.active().count_ones()).sum()
    }

    /// Declares the instance closed and removes its files.
    ///
    /// # Errors
    /// If something could not be removed.
    pub fn close(self) -> Result<()> {
        let Outlet { lanes, host, .. } = self;
        drop(lanes);
        Ok(host.close()?)
    }
}

impl Lane {
    fn new(parts: LaneParts, name: &str, counters: &[String]) -> Lane {
        Lane {
            name: name.to_owned(),
            counter_ids: NamedCounters::new(&parts.counters, counters),
            consume: parts.counters.histogram(HISTOGRAMS[0].0),
            publish: parts.counters.histogram(HISTOGRAMS[1].0),
            producer: parts.producer,
            fanout: parts.fanout,
            instruments: parts.instruments,
            errors: NamedErrors::new(parts.errors),
            counters: parts.counters,
            step: 0,
            records: 0,
            rows: 0,
            venue: None,
            nature: Nature::Simulated,
            last_venue: 0,
        }
    }

    /// Header of what the lane says of itself.
    fn header(&self, now: u64) -> Header {
        Header {
            quality: Quality::new(BookState::None, self.nature),
            origin: HANDLER,
            instrument: self.venue.unwrap_or_default(),
            sequence: self.step,
            ts_venue: 0,
            ts_receive: now,
        }
    }

    /// Rows of the source, in its order: a row's place in the table is its index.
    #[cold]
    fn take_rows(&mut self, rows: &[InstrumentRow], number: usize, engine: &mut Engine) {
        if rows.len() < self.rows {
            self.rows = 0;
        }
        for row in rows.iter().skip(self.rows) {
            engine.define(number, row);
            self.take_row(row);
        }
        self.rows = rows.len();
    }

    fn take_row(&mut self, row: &InstrumentRow) {
        let id = row.instrument;
        if self.venue.is_none() {
            let channel = InstrumentId(id.0 & !InstrumentId::INDEX_MAX);
            self.venue = Some(channel);
            let exchange = wire::instrument::text_of(&row.datagram_exchange);
            // A fresh table has room for its first row.
            let channel = channel_row(channel, &self.name, &exchange);
            let _ = self.instruments.append(&channel.to_words());
        }
        // Indexes that the source left out stay empty rows. The table has as many as the source's.
        while self.instruments.count() < id.index() {
            if self.instruments.append(&InstrumentRow::ZERO.to_words()).is_err() {
                return;
            }
        }
        let words = row.to_words();
        let _ = if self.instruments.count() == id.index() {
            self.instruments.append(&words).map(|_| ()).is_ok()
        } else {
            self.instruments.update(id.index(), &words).is_ok()
        };
    }

    #[cold]
    fn heartbeat(&mut self, now: u64) {
        let beat =
            Heartbeat { lane_now: now, venue_sequence: self.last_venue, ..Heartbeat::default() };
        let record = Record::new(self.header(now), beat);
        let seats = self.fanout.active();
        self.fanout.push_private(seats, &record.to_words());
    }

    #[cold]
    fn count(&mut self, number: usize, engine: &Engine, client: &Client, polls: u64) {
        let (source, counts) = (client.lanes().get(number), engine.counts(number));
        let Some((source, counts)) = source.zip(counts) else { return };
        let lost = source.stats();
        let own = [self.records, source.lag(), lost.lost_records, lost.lost_trades, polls];
        let values = counts.values().chain(own);
        self.counter_ids.set_all(&mut self.counters, values);
    }
}

impl Sink for Outlet {
    #[inline]
    fn output(&mut self, lane: usize, output: &Output<'_>) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        lane.step += 1;
        lane.nature = output.nature;
        lane.last_venue = output.cause.sequence;
        let index = output.instrument.index();
        let seats = lane.fanout.interest(index, Class::Derived as u8);
        if seats == 0 {
            return;
        }
        let (fanout, step) = (&mut lane.fanout, lane.step);
        output.records(step, |record| {
            fanout.push(seats, Class::Derived as u8, index, &record.to_words());
        });
        fanout.end_step(step);
        lane.records += output.feature.parts() as u64;
    }
}
