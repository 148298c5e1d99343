//! The shared-memory outlet: seats, instrument table, images, gap ledger, errors, counters.
//!
//! One directory per instance with one producer, the lane. Row 0 of the instrument table and of
//! the images stands for the channel, so that a row's number is an instrument's index.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use shm::counters::{CounterId, CounterSpec, CounterTable, CounterWriter};
use shm::errors::{ErrorId, ErrorWriter};
use shm::fanout::SeatWant;
use shm::fanout::{ClassRules, Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory};
use shm::images::ImageWriter;
use shm::instance::{Instance, Producer};
use shm::instruments::InstrumentWriter;
use shm::keeper::{self, Keeper};
use shm::layout::{Layout, LayoutRow};
use shm::ledger::{self, GapState, GapTicket, GapWriter};
use shm::mapping::MappedLines;
use shm::sigbus::SigbusGuard;
use shm::spec::{InstanceSpec, ProducerSpec};
use wire::codes::GapHow;
use wire::instrument::put_text;
use wire::payload::Lost;
use wire::{Class, Image, InstrumentId, InstrumentRow, Record};

use crate::counts::Counts;
use crate::error::{FeedError, Result};
use crate::gap::{Gap, OPEN_GAPS_MAX};
use crate::publish::control;
use crate::publish::outlet::{EmptyBook, Outlet};
use crate::publish::refresh::{BookRefresh, Want};
use crate::venue::nasdaq::{Limits, VENUE};

/// What the classes mean to the seats.
const RULES: ClassRules = ClassRules {
    stream: Class::Stream as u8,
    book_classes: Class::BOOK,
    conflate_class: Class::Top as u8,
    counted_class: Class::Trades as u8,
};

/// Codes of the error table: what was refused carries its name as text.
const REFUSED: u32 = 1;
/// Code of a refresh that no ring of this size can hold.
const REFRESH_TOO_LARGE: u32 = 2;

/// Shared memory of an instance.
#[derive(Clone, Debug)]
pub struct RegionSpec {
    /// Directory under which instances live.
    pub root: PathBuf,
    /// Name of the instance.
    pub name: String,
    /// Seats of the lane, at most 8.
    pub seats: u32,
    /// Records in each seat's ring, a power of two.
    pub ring_capacity: u64,
    /// Whether `wait` seats are granted: only if every source is a capture.
    pub allow_wait: bool,
    /// Group that may attach beside the owner.
    pub gid: Option<u32>,
}

/// Seats and tables of a lane, or none.
pub struct Regions {
    inner: Option<Box<Inner>>,
}

struct Inner {
    // Dropped in this order: the keeper looks at the instance's files.
    keeper: Keeper,
    /// A consumer that cuts its own control file short ends its seat, not this process.
    guard: SigbusGuard,
    instance: Instance,
    /// The lane's own producer, for its heartbeat.
    producer: Producer,
    name: String,
    fanout: Fanout<MappedLines>,
    instruments: InstrumentWriter<MappedLines>,
    images: ImageWriter<MappedLines>,
    errors: ErrorWriter<MappedLines>,
    error_ids: Vec<(&'static str, ErrorId)>,
    gaps: GapWriter<MappedLines>,
    tickets: Vec<(u32, GapTicket)>,
    session: [u8; 16],
    counters: CounterWriter<MappedLines>,
    counter_ids: Vec<CounterId>,
}

impl Regions {
    /// Makes the instance and holds it; without a specification, an outlet that takes nothing.
    ///
    /// When `stop` is raised, nothing waits for a seat any more.
    ///
    /// # Errors
    /// If the instance is running, does not fit or is not permitted.
    pub fn create(
        spec: Option<&RegionSpec>,
        limits: Limits,
        stop: &Arc<AtomicBool>,
    ) -> Result<Regions> {
        let inner = match spec {
            Some(spec) => Some(Box::new(Inner::create(spec, limits, stop)?)),
            None => None,
        };
        Ok(Regions { inner })
    }

    /// Name of the instance; empty without one.
    pub fn instance_name(&self) -> &str {
        self.inner.as_ref().map_or("", |inner| &inner.name)
    }

    /// Consumers that are attached and served.
    pub fn consumers(&self) -> usize {
        self.inner.as_ref().map_or(0, |inner| inner.fanout.active().count_ones() as usize)
    }

    /// Declares the instance closed and removes its files.
    ///
    /// # Errors
    /// If something could not be removed.
    pub fn close(self) -> Result<()> {
        match self.inner {
            Some(inner) => {
                let Inner { keeper, guard, instance, fanout, .. } = *inner;
                drop((keeper, fanout, guard));
                Ok(instance.close()?)
            }
            None => Ok(()),
        }
    }
}

/// The record layout as regions carry it.
fn layout_rows() -> Vec<LayoutRow> {
    wire::table::layout_rows().into_iter().map(|row| zerocopy::transmute!(row)).collect()
}

fn counter_table() -> CounterTable {
    let counter = |name: String, unit: &str| CounterSpec { name, unit: unit.to_owned(), block: 0 };
    let counts = Counts::default();
    let counters = counts.named().map(|(name, unit, _)| counter(name.to_owned(), unit));
    CounterTable { counters: counters.collect(), histograms: Vec::new() }
}

impl Inner {
    fn create(spec: &RegionSpec, limits: Limits, stop: &Arc<AtomicBool>) -> Result<Inner> {
        let rows = layout_rows();
        let table = counter_table();
        // Row 0 is the channel.
        let instruments = limits.instruments.saturating_add(1);
        let producer = ProducerSpec {
            name: VENUE.name().to_owned(),
            instruments,
            seats: spec.seats,
            ring_capacity: spec.ring_capacity,
            counters: table.clone(),
            ..ProducerSpec::default()
        };
        let instance = Instance::create(&InstanceSpec {
            root: spec.root.clone(),
            name: spec.name.clone(),
            layout: Layout {
                version: wire::LAYOUT_VERSION,
                hash: wire::table::LAYOUT_HASH,
                rows: &rows,
            },
            gid: spec.gid,
            producers: vec![producer],
        })?;
        let fanout = fanout(&instance, spec, instruments as usize)?;
        let signals = fanout.signals();
        let keeper = Keeper::start(&instance, vec![keeper::tell(signals.clone())])?;
        let guard = SigbusGuard::new(&instance)?;
        control::start(&instance, &signals, stop)?;
        let counters = table.writer(body(&instance, "counters")?, 0);
        let counts = Counts::default();
        let counter_ids = counts.named().filter_map(|(name, _, _)| counters.counter(name));
        let counter_ids = counter_ids.collect();
        let producer = first_producer(&instance)?.clone();
        let mut inner = Inner {
            keeper,
            guard,
            producer,
            name: spec.name.clone(),
            fanout,
            instruments: InstrumentWriter::new(body(&instance, "instruments")?),
            images: ImageWriter::new(body(&instance, "images")?),
            errors: ErrorWriter::new(body(&instance, "errors")?),
            error_ids: Vec::with_capacity(256),
            gaps: GapWriter::new(body(&instance, "gaps")?),
            tickets: Vec::with_capacity(OPEN_GAPS_MAX),
            session: [0; 16],
            counters,
            counter_ids,
            instance,
        };
        inner.channel_row();
        Ok(inner)
    }

    /// Row 0 of the table: the channel.
    fn channel_row(&mut self) {
        let mut row =
            InstrumentRow { instrument: InstrumentId::new(VENUE, 0), ..InstrumentRow::ZERO };
        put_text(&mut row.canonical, VENUE.name());
        put_text(&mut row.datagram_exchange, "NASDAQ");
        row.price_exp = -8;
        // A fresh table has room for its first row.
        let _ = self.instruments.append(&row.to_words());
    }
}

fn missing(instance: &Instance, file: &str) -> FeedError {
    let source = std::io::Error::from(std::io::ErrorKind::NotFound);
    FeedError::io(instance.dir().join(file), source)
}

fn first_producer(instance: &Instance) -> Result<&Producer> {
    instance.producers().first().ok_or_else(|| missing(instance, VENUE.name()))
}

fn body(instance: &Instance, file: &str) -> Result<MappedLines> {
    first_producer(instance)?.body(file).ok_or_else(|| missing(instance, file))
}

fn fanout(
    instance: &Instance,
    spec: &RegionSpec,
    instruments: usize,
) -> Result<Fanout<MappedLines>> {
    let mut memories = Vec::new();
    for seat in 0..spec.seats as usize {
        memories.push(SeatMemory {
            ring: body(instance, &shm::paths::ring_file(seat))?,
            ctl: body(instance, &shm::paths::control_file(seat))?,
            capacity: spec.ring_capacity as usize,
        });
    }
    let spec = FanoutSpec {
        instruments,
        rules: RULES,
        allow_wait: spec.allow_wait,
        generation: instance.generation(),
    };
    Ok(Fanout::new(spec, memories)?)
}

/// How the seats get whole books and learn of losses.
struct Callback<'a, 'b>(&'a BookRefresh<'b>);

impl Refresh for Callback<'_, '_> {
    fn refresh(&mut self, instrument: u32, want: SeatWant, out: &mut RefreshOut) {
        let want = Want { classes: want.classes, depth: want.depth };
        self.0.write(instrument, want, &mut |record| out.push(&record.to_words()));
    }

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = Lost {
            first_step: report.first_step,
            last_step: report.last_step,
            records: report.records,
            trades: report.counted.min(u64::from(u32::MAX)) as u32,
            instruments: report.instruments.min(u64::from(u32::MAX)) as u32,
        };
        self.0.lost(lost).to_words()
    }
}

impl Inner {
    fn refused(&mut self, code: u32, name: &'static str, now: u64) {
        // By address: the names are constants, and each has one place.
        let known = self.error_ids.iter().find(|(known, _)| std::ptr::eq(*known, name));
        if let Some(&(_, id)) = known {
            self.errors.again(id, now);
        } else if let Some(id) = self.errors.report(code, 0, name, now)
            && self.error_ids.len() < self.error_ids.capacity()
        {
            self.error_ids.push((name, id));
        }
    }

    fn gap_opened(&mut self, channel: u16, gap: &Gap) {
        let ticket = self.gaps.declare(&ledger::Gap {
            gap_id: gap.id,
            channel,
            how: GapHow::Open as u8,
            state: GapState::Open,
            session: self.session,
            first: gap.first,
            end: gap.end,
            lines: u64::from(gap.lines),
            declared_ns: gap.declared_ns,
            ended_ns: 0,
            recovered: 0,
        });
        if self.tickets.len() < self.tickets.capacity() {
            self.tickets.push((gap.id, ticket));
        }
    }

    fn gap_closed(&mut self, gap: &Gap, how: GapHow, now: u64) {
        let Some(at) = self.tickets.iter().position(|(id, _)| *id == gap.id) else { return };
        let (_, ticket) = self.tickets.swap_remove(at);
        let healed = matches!(how, GapHow::Retransmission | GapHow::Snapshot);
        let recovered = if healed { gap.end.saturating_sub(gap.first) } else { 0 };
        let end = ledger::GapEnd { healed, how: how as u8, end: gap.end, ended_ns: now, recovered };
        self.gaps.end(ticket, &end);
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        let index = row.instrument.index();
        let words = row.to_words();
        if index == self.instruments.count() {
            // The table has as many rows as the lane has indices.
            let _ = self.instruments.append(&words);
        } else {
            let _ = self.instruments.update(index, &words);
        }
    }
}

impl Outlet for Regions {
    #[inline(always)]
    fn interest(&self, instrument: u32, class: Class) -> u8 {
        match &self.inner {
            Some(inner) => inner.fanout.interest(instrument, class as u8),
            None => 0,
        }
    }

    #[inline(always)]
    fn push(&mut self, seats: u8, class: Class, instrument: u32, record: &Record) {
        if let Some(inner) = &mut self.inner {
            inner.fanout.push(seats, class as u8, instrument, &record.to_words());
        }
    }

    #[inline(always)]
    fn end_step(&mut self, step: u64) {
        if let Some(inner) = &mut self.inner {
            inner.fanout.end_step(step);
        }
    }

    fn push_private(&mut self, record: &Record) {
        if let Some(inner) = &mut self.inner {
            let seats = inner.fanout.active();
            inner.fanout.push_private(seats, &record.to_words());
        }
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        if let Some(inner) = &mut self.inner {
            inner.instrument(row);
        }
    }

    fn book_begins(&mut self, instrument: u32, book: &EmptyBook) {
        let Some(inner) = &mut self.inner else { return };
        // As book records: a seat that loses one of them gets the book by refresh.
        let orders = inner.fanout.interest(instrument, Class::Orders as u8)
            | inner.fanout.interest(instrument, Class::Levels as u8);
        let tops = inner.fanout.interest(instrument, Class::Top as u8);
        let parts = [
            (orders, Class::Orders, &book.begin),
            (orders, Class::Orders, &book.end),
            (tops, Class::Top, &book.top),
        ];
        for (seats, class, record) in parts {
            if seats != 0 {
                inner.fanout.push(seats, class as u8, instrument, &record.to_words());
            }
        }
    }

    fn image(&mut self, instrument: u32, image: &Image) {
        let Some(inner) = &mut self.inner else { return };
        let words = image.as_words();
        // Word 0 of an image is its seqlock's version, which belongs to the memory.
        let _ = inner.images.update(instrument, |row| {
            for (at, &word) in words.iter().skip(1).enumerate() {
                row.set(at, word);
            }
        });
    }

    fn session(&mut self, id: &[u8; 16]) {
        if let Some(inner) = &mut self.inner {
            inner.session = *id;
        }
    }

    fn session_began(&mut self, instruments: u32) {
        let Some(inner) = &mut self.inner else { return };
        let deaf = inner.fanout.silent();
        for index in 1..=instruments {
            inner.fanout.request_refresh(index, deaf);
        }
    }

    fn gap_opened(&mut self, channel: u16, gap: &Gap) {
        if let Some(inner) = &mut self.inner {
            inner.gap_opened(channel, gap);
        }
    }

    fn gap_closed(&mut self, _channel: u16, gap: &Gap, how: GapHow, now: u64) {
        if let Some(inner) = &mut self.inner {
            inner.gap_closed(gap, how, now);
        }
    }

    fn refused(&mut self, name: &'static str, now: u64) {
        if let Some(inner) = &mut self.inner {
            inner.refused(REFUSED, name, now);
        }
    }

    fn request_refresh(&mut self, instrument: u32) {
        if let Some(inner) = &mut self.inner {
            let seats = inner.fanout.active();
            inner.fanout.request_refresh(instrument, seats);
        }
    }

    #[inline(always)]
    fn end_poll(&mut self, found_nothing: bool, now: u64, books: &mut BookRefresh<'_>) {
        let Some(inner) = &mut self.inner else { return };
        inner.producer.beat(now);
        let events = inner.fanout.end_poll(found_nothing, now, &mut Callback(books));
        if events.too_large.is_some() {
            inner.refused(REFRESH_TOO_LARGE, "refresh_larger_than_ring", now);
        }
    }

    fn refreshes_pending(&self) -> bool {
        let Some(inner) = &self.inner else { return false };
        (0..inner.fanout.seats()).any(|seat| inner.fanout.refreshes_pending(seat) > 0)
    }

    fn counts(&mut self, counts: &Counts) {
        let Some(inner) = &mut self.inner else { return };
        for (&id, (_, _, value)) in inner.counter_ids.iter().zip(counts.named()) {
            inner.counters.set(id, value);
        }
    }
}
