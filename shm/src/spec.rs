//! What an instance shall consist of: checked, and measured in bytes before a file is made.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::header::{self, RegionKind};
use crate::layout::Layout;
use crate::paths::{self, MAX_SEATS};
use crate::seat::layout;
use crate::{counters, errors, images, instruments, ledger, tail};

/// Most producers of an instance.
pub const MAX_PRODUCERS: usize = 32;
/// Most instruments of a producer: the index half of an instrument id.
pub const MAX_INSTRUMENTS: u32 = 1 << 24;
/// Most slots of a ring.
pub const MAX_CAPACITY: u64 = 1 << 26;
/// Most lines of a slot.
pub const MAX_SLOT_LINES: u32 = 64;

/// An instance: one process with its producers.
#[derive(Clone, Debug)]
pub struct InstanceSpec<'a> {
    /// Directory under which instances live, normally [`paths::DEFAULT_ROOT`].
    pub root: PathBuf,
    /// Name, see [`paths::check_name`].
    pub name: String,
    /// Layout of the records.
    pub layout: Layout<'a>,
    /// Group to give all files to, so that consumers of other users may attach.
    pub gid: Option<u32>,
    /// The producers (lanes), 1 to [`MAX_PRODUCERS`].
    pub producers: Vec<ProducerSpec>,
}

/// A producer: a lane with its seats and tables.
#[derive(Clone, Debug)]
pub struct ProducerSpec {
    /// Name, see [`paths::check_name`].
    pub name: String,
    /// Instruments that its tables have room for.
    pub instruments: u32,
    /// Seats, at most 8.
    pub seats: u32,
    /// Slots of each seat's ring, a power of two.
    pub ring_capacity: u64,
    /// Lines of a slot: 1 for records of 64 bytes.
    pub slot_lines: u32,
    /// Slots of the overwriting ring, a power of two; 0 for none.
    pub tail_capacity: u64,
    /// Counters and histograms.
    pub counters: counters::CounterTable,
    /// Rows for distinct errors.
    pub errors: u32,
    /// Rows of the gap ledger.
    pub gaps: u32,
}

impl Default for ProducerSpec {
    fn default() -> Self {
        ProducerSpec {
            name: String::from("lane"),
            instruments: 1024,
            seats: 4,
            ring_capacity: 16_384,
            slot_lines: 1,
            tail_capacity: 0,
            counters: counters::CounterTable::default(),
            errors: errors::DEFAULT_ROWS,
            gaps: ledger::DEFAULT_ROWS,
        }
    }
}

/// One file of a producer, before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlan {
    /// Name in the producer's directory.
    pub file: String,
    /// What it holds.
    pub kind: RegionKind,
    /// Lines of its body.
    pub body_lines: u64,
    /// Numbers in its header: what the reader computes the same size from.
    pub params: [u64; 4],
    /// Mode of the file.
    pub mode: u32,
}

fn range(
    what: &'static str,
    found: u64,
    least: u64,
    most: u64,
    wanted: &'static str,
) -> Result<()> {
    if found < least || found > most {
        return Err(Error::BadSpec { what, found, wanted });
    }
    Ok(())
}

/// Refuses a ring that is not a power of two or not of a sane size.
///
/// # Errors
/// [`Error::BadSpec`].
pub fn check_ring(what: &'static str, capacity: u64, slot_lines: u32) -> Result<()> {
    let wanted = "a power of two from 2 to 2^26";
    range(what, capacity, 2, MAX_CAPACITY, wanted)?;
    if !capacity.is_power_of_two() {
        return Err(Error::BadSpec { what, found: capacity, wanted });
    }
    let most = u64::from(MAX_SLOT_LINES);
    range("slot lines", u64::from(slot_lines), 1, most, "1 to 64")
}

impl ProducerSpec {
    /// Refuses numbers out of range.
    ///
    /// # Errors
    /// [`Error::BadName`] or [`Error::BadSpec`].
    pub fn check(&self) -> Result<()> {
        paths::check_name("producer", &self.name)?;
        let most = u64::from(MAX_INSTRUMENTS);
        range("instruments", u64::from(self.instruments), 1, most, "1 to 2^24")?;
        range("seats", u64::from(self.seats), 0, MAX_SEATS as u64, "at most 8")?;
        if self.seats > 0 {
            check_ring("ring capacity", self.ring_capacity, self.slot_lines)?;
        }
        if self.tail_capacity > 0 {
            check_ring("tail capacity", self.tail_capacity, self.slot_lines)?;
        }
        range("error rows", u64::from(self.errors), 1, 1 << 16, "1 to 65,536")?;
        range("gap rows", u64::from(self.gaps), 1, 1 << 20, "1 to 1,048,576")?;
        self.counters.check()
    }

    /// The producer's files.
    pub fn files(&self) -> Vec<FilePlan> {
        let data = |file: &str, kind, body_lines, params| FilePlan {
            file: file.to_string(),
            kind,
            body_lines,
            params,
            mode: paths::DATA_MODE,
        };
        let rows = u64::from(self.instruments);
        let (errors, gaps) = (u64::from(self.errors), u64::from(self.gaps));
        let slot = u64::from(self.slot_lines);
        let mut files = vec![
            data(
                "instruments",
                RegionKind::Instruments,
                instruments::table_lines(rows),
                [rows, 0, 0, 0],
            ),
            data("images", RegionKind::Images, images::table_lines(rows), [rows, 0, 0, 0]),
            data("counters", RegionKind::Counters, self.counters.lines(), self.counters.params()),
            data("errors", RegionKind::Errors, errors::table_lines(errors), [errors, 0, 0, 0]),
            data("gaps", RegionKind::Gaps, ledger::table_lines(gaps), [gaps, 0, 0, 0]),
        ];
        if self.tail_capacity > 0 {
            let params = [self.tail_capacity, slot, 0, rows];
            let lines = tail_body(self.tail_capacity, slot);
            files.push(data("tail", RegionKind::Tail, lines, params));
        }
        for seat in 0..self.seats as usize {
            let params = [self.ring_capacity, slot, seat as u64, rows];
            let lines = ring_body(self.ring_capacity, slot);
            files.push(data(&paths::ring_file(seat), RegionKind::Ring, lines, params));
            let mut control = data(
                &paths::control_file(seat),
                RegionKind::Control,
                control_body(rows),
                [0, 0, seat as u64, rows],
            );
            control.mode = paths::CONTROL_MODE;
            files.push(control);
        }
        files
    }
}

/// Lines of the body of a seat's ring; `capacity` and `slot_lines` within [`check_ring`].
pub fn ring_body(capacity: u64, slot_lines: u64) -> u64 {
    layout::ring_lines(capacity as usize, slot_lines as usize) as u64
}

/// Lines of the body of a seat's control file; `instruments` at most [`MAX_INSTRUMENTS`].
pub fn control_body(instruments: u64) -> u64 {
    layout::ctl_lines(instruments as usize) as u64
}

/// Lines of the body of an overwriting ring; the numbers within [`check_ring`].
pub fn tail_body(capacity: u64, slot_lines: u64) -> u64 {
    tail::tail_lines(capacity as usize, slot_lines as usize) as u64
}

impl InstanceSpec<'_> {
    /// Refuses names and numbers out of range.
    ///
    /// # Errors
    /// [`Error::BadName`] or [`Error::BadSpec`].
    pub fn check(&self) -> Result<()> {
        paths::check_name("instance", &self.name)?;
        header::check_rows(&self.layout)?;
        let (count, most) = (self.producers.len() as u64, MAX_PRODUCERS as u64);
        range("producers", count, 1, most, "1 to 32")?;
        for (at, producer) in self.producers.iter().enumerate() {
            producer.check()?;
            if self.producers.iter().take(at).any(|other| other.name == producer.name) {
                let why = "two producers of an instance have it";
                return Err(Error::BadName { what: "producer", name: producer.name.clone(), why });
            }
        }
        Ok(())
    }

    /// Bytes of all files but `instance`.
    pub fn bytes(&self) -> u64 {
        let rows = self.layout.rows.len() as u64;
        let files = self.producers.iter().flat_map(ProducerSpec::files);
        files.map(|file| header::region_bytes(rows, file.body_lines)).sum()
    }
}
