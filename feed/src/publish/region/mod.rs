//! The shared-memory outlet of a lane: seats, instrument table, images, gap ledger, errors,
//! counters.
//!
//! ```text
//! mod.rs   made and closed          deliver.rs   what a lane writes
//! ```
//!
//! The regions themselves are made by [`producer::Host`], one directory per instance with one
//! producer per lane. Row 0 of the instrument table and of the images stands for the channel, so
//! that a row's number is an instrument's index.

mod deliver;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use producer::{Host, HostSpec, LaneParts, LaneSpec, NamedErrors, channel_row};
use shm::counters::CounterWriter;
use shm::fanout::Fanout;
use shm::images::ImageWriter;
use shm::instance::Producer;
use shm::instruments::InstrumentWriter;
use shm::ledger::{GapTicket, GapWriter};
use shm::mapping::MappedLines;
use wire::InstrumentId;

use crate::counts::{CounterPlaces, counter_table};
use crate::error::Result;
use crate::gap::OPEN_GAPS_MAX;
use crate::venue::nasdaq::{Limits, Market};

/// Shared memory of an instance with one lane.
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

/// Seats and tables of a lane, or none; with the instance, where the lane is its only one.
pub struct Regions {
    // Dropped in this order: the instance outlives whoever writes to it.
    inner: Option<Box<Inner>>,
    host: Option<Host>,
}

struct Inner {
    /// The lane's own producer, for its heartbeat.
    producer: Producer,
    fanout: Fanout<MappedLines>,
    instruments: InstrumentWriter<MappedLines>,
    images: ImageWriter<MappedLines>,
    errors: NamedErrors,
    gaps: GapWriter<MappedLines>,
    tickets: Vec<(u32, GapTicket)>,
    session: [u8; 16],
    counters: CounterWriter<MappedLines>,
    counter_places: CounterPlaces,
}

impl Regions {
    /// Makes an instance with one lane of NASDAQ and holds it; without a specification, an outlet
    /// that takes nothing.
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
        let Some(spec) = spec else { return Ok(Regions { inner: None, host: None }) };
        let market = Market::Nasdaq;
        let lane = LaneSpec {
            name: market.venue().name().to_owned(),
            instruments: limits.instruments,
            seats: spec.seats,
            ring_capacity: spec.ring_capacity,
            allow_wait: spec.allow_wait,
            counters: counter_table(spec.lines),
        };
        let host = HostSpec {
            root: spec.root.clone(),
            name: spec.name.clone(),
            gid: spec.gid,
            lanes: vec![lane],
        };
        let (host, parts) = Host::create(&host, stop)?;
        let inner = parts.into_iter().next().map(|parts| Box::new(Inner::new(parts, market)));
        Ok(Regions { inner, host: Some(host) })
    }

    /// The outlet of one lane of an instance that somebody else holds.
    pub fn of_lane(parts: LaneParts, market: Market) -> Regions {
        Regions { inner: Some(Box::new(Inner::new(parts, market))), host: None }
    }

    /// Name of the instance; empty without one of its own.
    pub fn instance_name(&self) -> &str {
        self.host.as_ref().map_or("", Host::name)
    }

    /// Consumers that are attached and served.
    pub fn consumers(&self) -> usize {
        self.inner.as_ref().map_or(0, |inner| inner.fanout.active().count_ones() as usize)
    }

    /// Declares the instance, where it is this outlet's own, closed and removes its files.
    ///
    /// # Errors
    /// If something could not be removed.
    pub fn close(self) -> Result<()> {
        let Regions { inner, host } = self;
        drop(inner);
        match host {
            Some(host) => Ok(host.close()?),
            None => Ok(()),
        }
    }
}

impl Inner {
    fn new(parts: LaneParts, market: Market) -> Inner {
        let mut inner = Inner {
            producer: parts.producer,
            fanout: parts.fanout,
            instruments: parts.instruments,
            images: parts.images,
            errors: NamedErrors::new(parts.errors),
            gaps: parts.gaps,
            tickets: Vec::with_capacity(OPEN_GAPS_MAX),
            session: [0; 16],
            counter_places: CounterPlaces::of(&parts.counters),
            counters: parts.counters,
        };
        let venue = market.venue();
        let channel = channel_row(InstrumentId::new(venue, 0), venue.name(), market.exchange());
        // A fresh table has room for its first row.
        let _ = inner.instruments.append(&channel.to_words());
        inner
    }
}
