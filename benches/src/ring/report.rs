//! The tables of the section, and what their ratios must be.

use super::crossbeam::Crossbeam;
use super::cursor::Cursor;
use super::disruptor::Disruptor;
use super::exchange::Place;
use super::hotlane::Hotlane;
use super::iceoryx2::Iceoryx2;
use super::ipc_ring::IpcRing;
use super::ringfire::Ringfire;
use super::rtrb::{Rtrb, RtrbPops};
use super::shaq::Shaq;
use super::turns::{Question, Ring, Rounds, ring, turns};
use crate::harness::{Bar, CompareError, Row, Setting, Table, Want, median};
use std::path::{Path, PathBuf};

/// Capacity of the comparison with others, and our own default.
const CAPACITIES: [usize; 2] = [4096, 16_384];

const HOTLANE: Ring = ring::<Hotlane>();
const CURSOR: Ring = ring::<Cursor>();
const RTRB: Ring = ring::<Rtrb>();
const POPS: Ring = ring::<RtrbPops>();
const SHAQ: Ring = ring::<Shaq>();
const ICEORYX2: Ring = ring::<Iceoryx2>();
const OTHERS: [Ring; 4] =
    [ring::<Ringfire>(), ring::<IpcRing>(), ring::<Crossbeam>(), ring::<Disruptor>()];

/// A folder in shared memory that goes when the section ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Folder, CompareError> {
        let shared = Path::new("/dev/shm");
        let root = if shared.is_dir() { shared.to_path_buf() } else { std::env::temp_dir() };
        let path = root.join(format!("hotlane-compare-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .map_err(|error| CompareError::Data { path: path.display().to_string(), error })?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: the folder is in memory and named after this process.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the section.
///
/// # Errors
/// If a ring fails, or gives another answer than the others.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let folder = Folder::new()?;
    let cores = setting.cores;
    let rings = all();
    let most = if setting.quick { 1 } else { CAPACITIES.len() };
    let mut tables = Vec::new();
    let (exchanges, stamped) = if setting.quick { (20_000, 10_000) } else { (100_000, 50_000) };
    let small = Place { folder: &folder.0, capacity: CAPACITIES[0], cores };
    let ask = |place, question| turns(place, question, setting.rounds, &rings);
    tables.push(round_trip_table(exchanges, &ask(small, Question::RoundTrip(exchanges))?));
    tables.push(one_way_table(stamped, &ask(small, Question::OneWay(stamped))?));
    for capacity in CAPACITIES.into_iter().take(most) {
        let place = Place { capacity, ..small };
        let records = if setting.quick { 200_000 } else { 1_000_000 };
        let single = ask(place, Question::Single(records))?;
        tables.push(single_table(place, records, &single));
        let batch = ask(place, Question::Batch(records))?;
        tables.push(batch_table(place, records, &batch));
    }
    Ok(tables)
}

fn all() -> Vec<Ring> {
    let mut rings = vec![HOTLANE, CURSOR, SHAQ, ICEORYX2, RTRB, POPS];
    rings.extend(OTHERS);
    rings
}

fn rows(all: &[Rounds]) -> Vec<Row> {
    all.iter()
        .map(|rounds| {
            let mut row = Row::from(&rounds.series());
            row.note = rounds.ring.note.to_owned();
            row
        })
        .collect()
}

fn floor_note(all: &[Rounds]) -> String {
    let floors: Vec<f64> =
        all.iter().flat_map(|rounds| rounds.turns.iter().map(|turn| turn.floor)).collect();
    let least = floors.iter().copied().fold(f64::INFINITY, f64::min);
    let most = floors.iter().copied().fold(0.0, f64::max);
    let middle = median(&floors);
    format!("raw cache-line ping-pong beside each round: {middle:.0} ns ({least:.0}..{most:.0})")
}

fn input(what: &str, place: Option<Place<'_>>) -> String {
    let capacity = place.map_or(CAPACITIES[0], |place| place.capacity);
    format!("64-byte records, ring of {capacity}, {what}; SCHED_OTHER, both ends pinned")
}

fn find<'a>(all: &'a [Rounds], ring: &Ring) -> Option<&'a Rounds> {
    all.iter().find(|rounds| rounds.ring.name == ring.name)
}

/// How many times as fast as `other` ours is.
fn times(all: &[Rounds], other: &Ring) -> f64 {
    let both = find(all, &HOTLANE).zip(find(all, other));
    both.map_or(f64::NAN, |(ours, other)| ours.series().times_as_fast_as(&other.series()))
}

fn round_trip_table(exchanges: u64, all: &[Rounds]) -> Table {
    let mut rows = rows(all);
    for (row, rounds) in rows.iter_mut().zip(all) {
        let over = format!("{:.2} x floor", rounds.over_floor());
        row.note = if row.note.is_empty() { over } else { format!("{over}; {}", row.note) };
    }
    let ours = find(all, &HOTLANE).map_or(f64::NAN, Rounds::over_floor);
    let (must, aim) = (Want::AtMost(1.25), Some(Want::AtMost(1.10)));
    let what = "ring, two processes, one record: round trip / raw cache-line ping-pong";
    Table {
        title: "ring: round trip of one record through two rings".to_owned(),
        unit: "ns/round trip",
        input: input(&format!("{exchanges} exchanges"), None),
        rows,
        bars: vec![Bar::ratio(what, ours, must, aim)],
        notes: vec![floor_note(all)],
    }
}

fn one_way_table(records: u64, all: &[Rounds]) -> Table {
    let mut rows = rows(all);
    for (row, rounds) in rows.iter_mut().zip(all) {
        let p99 = format!("p99 {:.0} ns", rounds.second());
        row.note = if row.note.is_empty() { p99 } else { format!("{p99}; {}", row.note) };
    }
    let half =
        find(all, &HOTLANE).map_or(f64::NAN, |ours| ours.series().median() / (ours.floor() / 2.0));
    let what = "ring, one record per microsecond: median one way / half a raw ping-pong";
    Table {
        title: "ring: one way, one record per microsecond".to_owned(),
        unit: "ns p50",
        input: input(&format!("{records} stamped records"), None),
        rows,
        bars: vec![Bar::reported(what, half, "x")],
        notes: vec![
            floor_note(all),
            "includes the reads of the time-stamp counter at both ends".to_owned(),
        ],
    }
}

fn single_table(place: Place<'_>, records: u64, all: &[Rounds]) -> Table {
    let what = |peer: &str| format!("ring of {}, lossless single publish, {peer}", place.capacity);
    let rtrb = times(all, &RTRB).min(times(all, &POPS));
    let least = |at| Want::AtLeast(at);
    let bars = vec![
        Bar::ratio(what("against shaq"), times(all, &SHAQ), least(2.5), None),
        Bar::ratio(what("against iceoryx2"), times(all, &ICEORYX2), least(10.0), None),
        Bar::ratio(what("against a plain cursor ring"), times(all, &CURSOR), least(1.5), None),
        Bar {
            aim: Some(least(1.0)),
            ..Bar::reported(what("against rtrb in-process, its better form"), rtrb, "x")
        },
    ];
    Table {
        title: format!("ring of {}: one record a publication", place.capacity),
        unit: "ns/record",
        input: input(&format!("{records} records, every word read"), Some(place)),
        rows: rows(all),
        bars,
        notes: vec![floor_note(all)],
    }
}

fn batch_table(place: Place<'_>, records: u64, all: &[Rounds]) -> Table {
    let what = format!("ring of {}, batch of 32, against rtrb chunks", place.capacity);
    let (must, aim) = (Want::AtLeast(0.9), Some(Want::AtLeast(1.0)));
    Table {
        title: format!("ring of {}: 32 records a publication", place.capacity),
        unit: "ns/record",
        input: input(&format!("{records} records, every word read"), Some(place)),
        rows: rows(all),
        bars: vec![Bar::ratio(what, times(all, &RTRB), must, aim)],
        notes: vec![
            floor_note(all),
            "ipc_ring, iceoryx2, crossbeam-queue and the plain ring publish one by one".to_owned(),
        ],
    }
}
