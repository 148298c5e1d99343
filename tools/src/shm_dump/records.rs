//! Records out of a ring: the last N, and new ones until the producer ends.
//!
//! An observer has no seat, so the producer does not wait for it: what was overwritten before it
//! was read is counted and said. Nobody but the observer is slower for it.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::decode::Decoder;
use super::report::wanted_lanes;
use super::source::{self, Flavour, Found, Source};
use super::symbols::Symbols;
use super::{Args, DumpError, Outcome};
use crate::inspect::open::is_ours;
use crate::inspect::open::{Lane, OpenRing, Opened};
use crate::inspect::page::{Page, Paint};
use crate::inspect::table::seats::is_used;

/// How long an observer sleeps where there is nothing new.
const NAP: Duration = Duration::from_millis(1);
/// How often it looks whether the producer has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A ring, how to read it and what to call it.
struct Chosen {
    name: String,
    ring: OpenRing,
    flavour: Flavour,
    lane: Lane,
}

/// Shows records.
///
/// # Errors
/// [`DumpError`]: no such instance, producer or ring, a refused file, or a failing output.
pub fn show<W: Write>(
    root: &Path,
    name: &str,
    args: &Args,
    page: &mut Page<W>,
) -> Result<Outcome, DumpError> {
    let opened = Opened::open(root, name)?;
    let chosen = choose(&opened, args)?;
    let mut reader = Reader::new(&opened, &chosen, args.json)?;
    reader.title(&chosen, page)?;
    if let Some(count) = args.records {
        reader.last(count, page)?;
    }
    if args.follow {
        reader.follow(page)?;
    }
    reader.total(args.follow, page)?;
    Ok(Outcome::Whole)
}

fn choose(opened: &Opened, args: &Args) -> Result<Chosen, DumpError> {
    let lanes = opened.lanes()?;
    if lanes.is_empty() {
        return Err(DumpError::NotReady { path: opened.dir.clone(), state: opened.state().name() });
    }
    let mut lanes = wanted_lanes(lanes, args.producer.as_deref())?;
    if lanes.len() > 1 {
        let others = lanes.into_iter().map(|lane| lane.info.name).collect();
        return Err(DumpError::WhichProducer { others });
    }
    let producer = || args.producer.clone().unwrap_or_default();
    let lane = lanes.pop().ok_or_else(|| DumpError::NoRing { producer: producer() })?;
    let name = |what: &str| format!("{}/{what}", lane.info.name);
    if args.tail || (args.seat.is_none() && lane.info.tail) {
        let (ring, flavour) = (lane.tail()?, Flavour::Tail);
        return Ok(Chosen { name: name("tail"), ring, flavour, lane });
    }
    let seat = match args.seat {
        Some(seat) => seat,
        None => (0..lane.info.seats)
            .find(|&seat| lane.ring(seat).is_ok_and(|ring| is_used(&ring)))
            .ok_or_else(|| DumpError::NoRing { producer: lane.info.name.clone() })?,
    };
    let (ring, flavour) = (lane.ring(seat)?, Flavour::Seat);
    Ok(Chosen { name: name(&format!("seat-{seat}")), ring, flavour, lane })
}

struct Reader<'a> {
    opened: &'a Opened,
    source: Box<dyn Source>,
    decoder: Decoder,
    json: bool,
    capacity: u64,
    shown: u64,
    missed: u64,
}

impl<'a> Reader<'a> {
    fn new(opened: &'a Opened, chosen: &Chosen, json: bool) -> Result<Reader<'a>, DumpError> {
        let ring = &chosen.ring;
        let decoder = if is_ours(&ring.region) && ring.slot_lines == 1 {
            // Without a table records have no names, which is no reason not to show them.
            Decoder::ours(Symbols::new(chosen.lane.instruments().ok()))
        } else {
            Decoder::foreign(ring.region.rows())
        };
        let source = source::open(ring, chosen.flavour)?;
        let capacity = ring.capacity as u64;
        Ok(Reader { opened, source, decoder, json, capacity, shown: 0, missed: 0 })
    }

    fn title<W: Write>(&self, chosen: &Chosen, page: &mut Page<W>) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let name = &chosen.name;
        if self.decoder.is_foreign() {
            let line = format!("# {name}: layout of another release or table: shown by its own");
            page.line(&line, Paint::Warn)
        } else {
            page.line(&format!("# {name}"), Paint::Dim)
        }
    }

    /// The last `count` records that are still there.
    fn last<W: Write>(&mut self, count: u64, page: &mut Page<W>) -> io::Result<()> {
        self.source.rewind(count);
        // A producer in full flight must not keep us here, nor a damaged ring.
        let mut looks = count.saturating_add(self.capacity);
        while self.shown < count && looks > 0 && self.step(page)? {
            looks -= 1;
        }
        Ok(())
    }

    /// New records until the producer ends or somebody interrupts.
    fn follow<W: Write>(&mut self, page: &mut Page<W>) -> io::Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // Where it cannot be caught, the default ends us too, without the sum.
            let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
        }
        let (mut looked, mut over) = (Instant::now(), self.opened.is_over());
        // What is left after the end is at most a ring, unless the ring is damaged.
        let mut left = self.capacity.saturating_mul(2);
        // Partner: the store of the signal's handler. A flag by itself.
        while !stop.load(Ordering::Relaxed) && left > 0 {
            left -= u64::from(over);
            let found = self.step(page)?;
            if !found && over {
                // This look came after the end was seen, so nothing was left out.
                break;
            }
            if looked.elapsed() >= LOOK {
                (looked, over) = (Instant::now(), over || self.opened.is_over());
            }
            if !found {
                page.flush()?;
                std::thread::sleep(NAP);
            }
        }
        Ok(())
    }

    /// Shows what stands at the position; false where that is nothing.
    fn step<W: Write>(&mut self, page: &mut Page<W>) -> io::Result<bool> {
        match self.source.poll() {
            Found::Empty => Ok(false),
            Found::Missed(missed) => {
                self.missed = self.missed.saturating_add(missed);
                if self.json {
                    page.json_line(&json!({ "missed": missed }))?;
                } else {
                    page.line(&format!("# {missed} records missed"), Paint::Warn)?;
                }
                Ok(true)
            }
            Found::Record(position, words) => {
                self.shown += 1;
                if self.json {
                    let record: Value = self.decoder.json(position, &words);
                    page.json_line(&record)?;
                } else {
                    page.line(&self.decoder.line(position, &words), Paint::Plain)?;
                }
                Ok(true)
            }
        }
    }

    fn total<W: Write>(&self, followed: bool, page: &mut Page<W>) -> io::Result<()> {
        let (shown, missed, state) = (self.shown, self.missed, self.opened.state().name());
        if self.json {
            let total = json!({ "records": shown, "missed": missed, "state": state });
            return if followed { page.json_line(&json!({ "end": total })) } else { Ok(()) };
        }
        page.line(&format!("# {shown} records, {missed} missed, producer {state}"), Paint::Dim)
    }
}
