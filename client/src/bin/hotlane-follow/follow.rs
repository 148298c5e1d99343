//! The loop, and what it keeps.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use client::{BookSet, BookSpec, Client, Event};
use shm::seat::Reason;
use wire::payload::{GapBegin, Lost};
use wire::{InstrumentId, InstrumentRow, Kind, Record};
use zerocopy::IntoBytes;

use crate::args::Args;

/// Empty polls before the loop sleeps between them.
const SPINS: u32 = 2_000;
/// Between two polls of a consumer that has nothing to do.
const NAP: Duration = Duration::from_micros(200);

/// How following ended.
pub enum Outcome {
    /// The producer ended in order.
    Ended,
    /// A signal, or enough records.
    Stopped,
    /// The seat was refused or closed.
    Refused(String),
    /// No instance of that name came.
    NeverCame,
}

/// Something that happened, and when.
pub struct Happening {
    /// ns UTC.
    pub at_ns: u64,
    /// What.
    pub what: &'static str,
    /// Its number or name.
    pub detail: String,
}

/// Happenings of one sort: the first ones are kept, all are counted. A consumer that runs for
/// months on a bad line must not fill its memory with the news of it.
pub struct Kept<T> {
    /// The first [`KEPT_MAX`].
    pub first: Vec<T>,
    /// How many there were.
    pub total: u64,
}

/// Happenings of one sort that are kept.
const KEPT_MAX: usize = 10_000;

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept { first: Vec::new(), total: 0 }
    }
}

impl<T> Kept<T> {
    fn note(&mut self, item: Option<T>) {
        let Some(item) = item else { return };
        self.total += 1;
        if self.first.len() < KEPT_MAX {
            self.first.push(item);
        }
    }
}

/// What was seen.
#[derive(Default)]
pub struct Follow {
    /// Books of every lane.
    pub books: Option<BookSet>,
    /// Rows of every instrument that a record named, by lane and number.
    pub rows: BTreeMap<(usize, u32), InstrumentRow>,
    /// Records by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Records in all.
    pub records: u64,
    /// Losses that were declared.
    pub lost: Kept<Lost>,
    /// Gaps that began.
    pub gaps: Kept<GapBegin>,
    /// Gaps that ended.
    pub gaps_ended: u64,
    /// Attaches, deaths, generations.
    pub happenings: Kept<Happening>,
    /// Names of the lanes.
    pub lanes: Vec<String>,
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Follows until the producer ends, a signal comes, or enough was seen.
///
/// # Errors
/// If the specification cannot be meant, or a file cannot be written.
pub fn run(args: &Args) -> Result<(Follow, Outcome), Box<dyn std::error::Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    let spec = BookSpec { classes: args.class_set(), ..BookSpec::default() };
    let follow = Follow { books: Some(BookSet::new(spec)), ..Follow::default() };
    let file = match &args.records {
        Some(path) => Some(BufWriter::with_capacity(1 << 20, File::create(path)?)),
        None => None,
    };
    if args.join_after_ms > 0 {
        join_later(args);
    }
    let client = Client::attach(args.attach_spec())?;
    let mut state = Running { client, follow, file, failed: None, paused: false, ended: None };
    let outcome = state.follow(args, &stop);
    if let Some(error) = state.failed {
        return Err(error.into());
    }
    if let Some(mut file) = state.file {
        file.flush()?;
    }
    Ok((state.follow, outcome))
}

/// Waits for the instance's directory, then as long as was asked for.
fn join_later(args: &Args) {
    let spec = args.attach_spec();
    let directory = spec.root.join(format!("hotlane-{}", spec.instance));
    let begun = Instant::now();
    while !directory.exists() && begun.elapsed() < Duration::from_secs(args.timeout) {
        std::thread::sleep(NAP);
    }
    std::thread::sleep(Duration::from_millis(args.join_after_ms));
}

struct Running {
    client: Client,
    follow: Follow,
    file: Option<BufWriter<File>>,
    failed: Option<std::io::Error>,
    paused: bool,
    ended: Option<Outcome>,
}

impl Running {
    fn follow(&mut self, args: &Args, stop: &AtomicBool) -> Outcome {
        let begun = Instant::now();
        let timeout = Duration::from_secs(args.timeout);
        let mut idle = 0u32;
        loop {
            // Acquire: partner is the signal handler's store; nothing else comes with it.
            if stop.load(Ordering::Acquire) || self.failed.is_some() {
                return Outcome::Stopped;
            }
            let taken = self.poll();
            if let Some(outcome) = self.ended.take() {
                return outcome;
            }
            if args.stop_after.is_some_and(|enough| self.follow.records >= enough) {
                return Outcome::Stopped;
            }
            self.pause(args);
            if self.client.generation().is_none() && begun.elapsed() > timeout {
                return Outcome::NeverCame;
            }
            idle = if taken > 0 { 0 } else { idle.saturating_add(1) };
            if idle > SPINS && !args.busy {
                std::thread::sleep(NAP);
            }
        }
    }

    fn poll(&mut self) -> usize {
        let Running { client, follow, file, failed, ended, .. } = self;
        let mut unknown = Vec::new();
        let taken = client.poll(|event| {
            // The books of a producer that ended in order are what this consumer reports.
            if let (Some(books), false) = (&mut follow.books, matches!(event, Event::Closed { .. }))
            {
                books.on(&event);
            }
            match event {
                Event::Record { lane, record } => {
                    if note(follow, lane, record) {
                        unknown.push((lane, record.instrument));
                    }
                    if let Some(file) = file
                        && failed.is_none()
                    {
                        *failed = file.write_all(record.as_bytes()).err();
                    }
                }
                other => happened(follow, &other, ended),
            }
        });
        for (lane, id) in unknown {
            if let Some(row) = client.instrument(lane, id) {
                follow.rows.insert((lane, id.0), *row);
            }
        }
        if follow.lanes.len() < client.lanes().len() {
            follow.lanes = client.lanes().iter().map(|lane| lane.name().to_owned()).collect();
        }
        taken
    }

    fn pause(&mut self, args: &Args) {
        let (Some(at), Some(ms)) = (args.pause_at, args.pause_ms) else { return };
        if !self.paused && self.follow.records >= at {
            self.paused = true;
            std::thread::sleep(Duration::from_millis(ms));
        }
    }
}

/// Counts a record. True if its instrument has not been looked up yet.
fn note(follow: &mut Follow, lane: usize, record: &Record) -> bool {
    follow.records += 1;
    let kind = record.kind();
    *follow.kinds.entry(kind.map_or("unknown", Kind::name)).or_default() += 1;
    match kind {
        Some(Kind::Lost) => follow.lost.note(record.get::<Lost>()),
        Some(Kind::GapBegin) => follow.gaps.note(record.get::<GapBegin>()),
        Some(Kind::GapEnd) => follow.gaps_ended += 1,
        _ => {}
    }
    let InstrumentId(number) = record.instrument;
    record.instrument.index() != 0 && !follow.rows.contains_key(&(lane, number))
}

fn happened(follow: &mut Follow, event: &Event<'_>, ended: &mut Option<Outcome>) {
    let (what, detail) = match event {
        Event::Record { .. } => return,
        Event::Attached { lane, generation, .. } => {
            ("attached", format!("lane {lane} generation {generation}"))
        }
        Event::Stalled { ns } => ("stalled", format!("{ns} ns")),
        Event::Resumed => ("resumed", String::new()),
        Event::ProducerDead { generation } => ("dead", generation.to_string()),
        Event::Closed { generation } => {
            *ended = Some(Outcome::Ended);
            ("closed", generation.to_string())
        }
        Event::NewGeneration { generation, .. } => {
            // Numbers of the last generation mean nothing any more.
            follow.rows.clear();
            ("new_generation", generation.to_string())
        }
        Event::Detached { lane, reason } => {
            // One lane of several may end before the others: `Closed` comes with the last.
            let waits = match reason {
                client::Detached::NoFreeSeat | client::Detached::NoLane => true,
                client::Detached::Closed(reason) => *reason == Reason::ProducerClosed,
                client::Detached::Refused(_) => false,
            };
            if !waits {
                let why = format!("lane {lane}: the seat was closed or refused: {}", reason.name());
                *ended = Some(Outcome::Refused(why));
            }
            ("detached", reason.name().to_owned())
        }
        Event::Resynced { skipped, .. } => ("resynced", format!("{skipped} records skipped")),
        Event::Filtered { lane, .. } => ("filtered", format!("lane {lane}")),
    };
    follow.happenings.note(Some(Happening { at_ns: now_ns(), what, detail }));
}
