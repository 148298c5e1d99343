//! The shared-memory outlet: seats, instrument table, images, gap ledger, errors, counters.
//!
//! ```text
//! mod.rs   made and closed          deliver.rs   what a lane writes
//! ```
//!
//! One directory per instance with one producer, the lane. Row 0 of the instrument table and of
//! the images stands for the channel, so that a row's number is an instrument's index.

mod deliver;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use shm::counters::CounterWriter;
use shm::errors::{ErrorId, ErrorWriter};
use shm::fanout::{ClassRules, Fanout, FanoutSpec, SeatMemory};
use shm::images::ImageWriter;
use shm::instance::{Instance, Producer};
use shm::instruments::InstrumentWriter;
use shm::keeper::{self, Keeper};
use shm::layout::{Layout, LayoutRow};
use shm::ledger::{GapTicket, GapWriter};
use shm::mapping::MappedLines;
use shm::sigbus::SigbusGuard;
use shm::spec::{InstanceSpec, ProducerSpec};
use wire::instrument::put_text;
use wire::{Class, InstrumentId, InstrumentRow};

use crate::counts::{CounterPlaces, counter_table};
use crate::error::{FeedError, Result};
use crate::gap::OPEN_GAPS_MAX;
use crate::publish::control;
use crate::venue::nasdaq::{Limits, VENUE};

/// What the classes mean to the seats.
const RULES: ClassRules = ClassRules {
    stream: Class::Stream as u8,
    book_classes: Class::BOOK,
    conflate_class: Class::Top as u8,
    counted_class: Class::Trades as u8,
};

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
    /// Lines of the lane, as configured: each has counters of its own.
    pub lines: u8,
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
    counter_places: CounterPlaces,
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

impl Inner {
    fn create(spec: &RegionSpec, limits: Limits, stop: &Arc<AtomicBool>) -> Result<Inner> {
        let rows = layout_rows();
        let table = counter_table(spec.lines);
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
        let counter_places = CounterPlaces::of(&counters, spec.lines);
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
            counter_places,
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
