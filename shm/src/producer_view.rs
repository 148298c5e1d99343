//! A producer as a consumer or tool sees it: its tables and seats, opened when asked for.
//!
//! Every region is checked by its own header, must belong to the instance's generation, and must
//! be exactly as long as its own numbers require; only then is it mapped.

use std::path::{Path, PathBuf};

use crate::counter_reader::CounterReader;
use crate::error::{Error, Result};
use crate::errors::{self, ErrorReader};
use crate::header::{Expect, RegionKind};
use crate::images::{self, ImageReader};
use crate::instruments::{self, InstrumentReader};
use crate::ledger::{self, GapReader};
use crate::listing::ProducerInfo;
use crate::liveness::FileLock;
use crate::mapping::{Access, MappedLines, open_file};
use crate::paths::{self, CONTROL_MODE, DATA_MODE, MAX_SEATS};
use crate::region::Region;
use crate::spec::{self, MAX_INSTRUMENTS};

/// Most rows of any table, as a guard before arithmetic.
const MAX_TABLE_ROWS: u64 = MAX_INSTRUMENTS as u64;

/// A producer's directory, with what its files must be like.
#[derive(Clone, Debug)]
pub struct ProducerView {
    dir: PathBuf,
    info: ProducerInfo,
    layout: Option<(u32, u64)>,
    generation: u64,
}

/// A seat's two regions, for observers: both read-only.
#[derive(Clone, Debug)]
pub struct SeatView {
    /// The ring, written by the producer.
    pub ring: Region,
    /// The control lines, written by the seat's consumer.
    pub control: Region,
    /// Slots of the ring.
    pub capacity: u64,
    /// Lines of a slot.
    pub slot_lines: u32,
    /// Instruments that the control lines have room for.
    pub instruments: u32,
}

/// A seat held by this process: the control lines are writable, and locked against other
/// consumers. Dropping it (or dying) gives the seat up; drop it *after* the claim was given back,
/// since a claim without a lock is a dead consumer's.
#[derive(Debug)]
pub struct HeldSeat {
    /// The seat's regions.
    pub seat: SeatView,
    _lock: FileLock,
}

impl ProducerView {
    pub(crate) fn new(
        instance: &Path,
        info: &ProducerInfo,
        layout: Option<(u32, u64)>,
        generation: u64,
    ) -> Result<Self> {
        let dir = instance.join(&info.name);
        paths::check_dir(&dir)?;
        Ok(ProducerView { dir, info: info.clone(), layout, generation })
    }

    /// Name, seats, room.
    pub fn info(&self) -> &ProducerInfo {
        &self.info
    }

    /// The producer's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn open(&self, file: &str, kind: RegionKind, access: Access) -> Result<Region> {
        let mode = if kind == RegionKind::Control { CONTROL_MODE } else { DATA_MODE };
        let generation = Some(self.generation);
        let expect = Expect { kind: Some(kind), layout: self.layout, generation, mode };
        Region::open(&self.dir.join(file), access, &expect)
    }

    /// Opens a table whose header's first number is its rows, and checks its length.
    fn table(&self, file: &str, kind: RegionKind, lines: fn(u64) -> u64) -> Result<Region> {
        let region = self.open(file, kind, Access::ReadOnly)?;
        let rows = region.header().params[0];
        if rows > MAX_TABLE_ROWS {
            region.check_shape("rows", rows, MAX_TABLE_ROWS)?;
        }
        region.check_shape("body lines", region.header().body_lines, lines(rows))?;
        Ok(region)
    }

    /// The instrument table.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn instruments(&self) -> Result<InstrumentReader<MappedLines>> {
        let lines = instruments::table_lines;
        let region = self.table("instruments", RegionKind::Instruments, lines)?;
        Ok(InstrumentReader::new(region.body().clone()))
    }

    /// The images.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn images(&self) -> Result<ImageReader<MappedLines>> {
        let region = self.table("images", RegionKind::Images, images::table_lines)?;
        Ok(ImageReader::new(region.body().clone()))
    }

    /// The region whose heartbeat the *lane* stores, in the clock of its records: a lane that no
    /// longer polls makes every image stale, although its process lives.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn heart(&self) -> Result<Region> {
        self.table("images", RegionKind::Images, images::table_lines)
    }

    /// The distinct errors.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn errors(&self) -> Result<ErrorReader<MappedLines>> {
        let region = self.table("errors", RegionKind::Errors, errors::table_lines)?;
        Ok(ErrorReader::new(region.body().clone()))
    }

    /// The gap ledger.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn gaps(&self) -> Result<GapReader<MappedLines>> {
        let region = self.table("gaps", RegionKind::Gaps, ledger::table_lines)?;
        Ok(GapReader::new(region.body().clone()))
    }

    /// The counters and histograms.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn counters(&self) -> Result<CounterReader<MappedLines>> {
        let region = self.open("counters", RegionKind::Counters, Access::ReadOnly)?;
        let reader = CounterReader::open(region.body().clone())
            .map_err(|source| Error::Counters { path: region.path().to_path_buf(), source })?;
        region.check_shape("body lines", region.header().body_lines, reader.needed_lines())?;
        Ok(reader)
    }

    /// The overwriting ring: its region, slots and lines of a slot.
    ///
    /// # Errors
    /// [`Error::NoSuch`] where the producer has none, else one variant of [`Error`] per check.
    pub fn tail(&self) -> Result<(Region, u64, u32)> {
        if !self.info.tail {
            return Err(self.no_such("overwriting ring"));
        }
        let region = self.open("tail", RegionKind::Tail, Access::ReadOnly)?;
        let (capacity, slot_lines) = ring_numbers(&region)?;
        let wanted = spec::tail_body(capacity, u64::from(slot_lines));
        region.check_shape("body lines", region.header().body_lines, wanted)?;
        Ok((region, capacity, slot_lines))
    }

    /// A seat's regions, read-only: for observers.
    ///
    /// # Errors
    /// [`Error::NoSuch`], else one variant of [`Error`] per check.
    pub fn seat(&self, seat: usize) -> Result<SeatView> {
        self.seat_with(seat, Access::ReadOnly)
    }

    /// Takes a seat for this process: its control lines are locked, and writable.
    ///
    /// # Errors
    /// [`Error::SeatTaken`], [`Error::NoSuch`], else one variant of [`Error`] per check.
    pub fn hold_seat(&self, seat: usize) -> Result<HeldSeat> {
        self.check_seat(seat)?;
        let path = self.dir.join(paths::control_file(seat));
        // A descriptor of its own: a mapped one would keep the lock while mapped.
        let file = open_file(&path, Access::ReadWrite)?;
        let taken = FileLock::try_take(file).map_err(|e| Error::io("lock", &path, e))?;
        let Ok(lock) = taken else {
            return Err(Error::SeatTaken { path });
        };
        // Opened after the lock, and of this generation, so both are the same file or neither is.
        Ok(HeldSeat { seat: self.seat_with(seat, Access::ReadWrite)?, _lock: lock })
    }

    fn seat_with(&self, seat: usize, control: Access) -> Result<SeatView> {
        self.check_seat(seat)?;
        let ring = self.open(&paths::ring_file(seat), RegionKind::Ring, Access::ReadOnly)?;
        let control = self.open(&paths::control_file(seat), RegionKind::Control, control)?;
        let (capacity, slot_lines) = ring_numbers(&ring)?;
        let wanted = spec::ring_body(capacity, u64::from(slot_lines));
        ring.check_shape("body lines", ring.header().body_lines, wanted)?;
        let instruments = ring.header().params[3];
        ring.check_shape("instruments", instruments, u64::from(self.info.instruments))?;
        let control_numbers = control.header().params;
        control.check_shape("instruments", control_numbers[3], instruments)?;
        let wanted = spec::control_body(instruments);
        control.check_shape("body lines", control.header().body_lines, wanted)?;
        for region in [&ring, &control] {
            region.check_shape("seat", region.header().params[2], seat as u64)?;
        }
        let instruments = self.info.instruments;
        Ok(SeatView { ring, control, capacity, slot_lines, instruments })
    }

    fn check_seat(&self, seat: usize) -> Result<()> {
        if seat < self.info.seats && seat < MAX_SEATS {
            return Ok(());
        }
        Err(self.no_such(&format!("seat {seat}: there are {}", self.info.seats)))
    }

    fn no_such(&self, what: &str) -> Error {
        Error::NoSuch { path: self.dir.clone(), what: what.to_string() }
    }
}

/// Capacity and slot lines of a ring, checked against their ranges.
fn ring_numbers(region: &Region) -> Result<(u64, u32)> {
    let [capacity, slot, ..] = region.header().params;
    let slot_lines = u32::try_from(slot).unwrap_or(u32::MAX);
    spec::check_ring("ring capacity", capacity, slot_lines).map_err(|_| Error::Shape {
        path: region.path().to_path_buf(),
        what: "ring capacity or slot lines",
        found: capacity,
        wanted: spec::MAX_CAPACITY,
    })?;
    Ok((capacity, slot_lines))
}
