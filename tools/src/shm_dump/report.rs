//! The report of one instance: which sections, of which producers, and what could not be read.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::listing::{self, Summary};
use super::section;
use super::section::clock::Clock;
use super::section::counters::Counters;
use super::section::images::{Images, Want};
use super::section::instruments::Instruments;
use super::section::layout::Layout;
use super::section::tail::Tail;
use super::symbols::Symbols;
use super::{Args, DumpError, Outcome};
use crate::inspect::open::{Lane, Opened};
use crate::inspect::page::{Page, Paint};
use crate::inspect::state::State;
use crate::inspect::table::errors::Errors;
use crate::inspect::table::gaps::Gaps;
use crate::inspect::table::seats::Seat;
use crate::inspect::table::{self, Depth};
use crate::inspect::words::{size, span, utc};

/// Everything that is shown of an instance.
#[derive(Debug, Serialize)]
struct Report {
    instance: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<Clock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layout: Option<Layout>,
    producers: Vec<LaneReport>,
    /// What could not be read, and why.
    problems: Vec<String>,
}

/// Everything that is shown of a producer.
#[derive(Debug, Serialize)]
struct LaneReport {
    name: String,
    state: State,
    /// The lane's own heartbeat, in the clock of its records; 0 where it keeps none.
    heartbeat_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<Vec<Seat>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tail: Option<Tail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<Counters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps: Option<Gaps>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Errors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instruments: Option<Instruments>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Images>,
}

/// What is asked for: the sections named, or all in short.
struct Scope<'a> {
    args: &'a Args,
    depth: Depth,
    ours: bool,
    life: State,
}

impl Scope<'_> {
    fn wants(&self, named: bool) -> bool {
        named || self.depth == Depth::Brief
    }
}

/// Shows an instance.
///
/// # Errors
/// [`DumpError`] where nothing can be shown; what is wrong with a part is a problem in the report.
pub fn show<W: Write>(
    root: &Path,
    name: &str,
    args: &Args,
    page: &mut Page<W>,
) -> Result<Outcome, DumpError> {
    let opened = Opened::open(root, name)?;
    let report = report(&opened, args)?;
    if let Some(Some(symbol)) = &args.images {
        let found = |lane: &LaneReport| lane.images.as_ref().is_some_and(Images::is_found);
        if !report.producers.iter().any(found) && report.problems.is_empty() {
            return Err(DumpError::NoSymbol { symbol: symbol.clone() });
        }
    }
    if args.json {
        page.json(&report)?;
    } else {
        report.print(page)?;
    }
    Ok(if report.problems.is_empty() { Outcome::Whole } else { Outcome::Partial })
}

/// The producers that are asked for.
///
/// # Errors
/// [`DumpError::NoProducer`].
pub fn wanted_lanes(lanes: Vec<Lane>, wanted: Option<&str>) -> Result<Vec<Lane>, DumpError> {
    let Some(name) = wanted else { return Ok(lanes) };
    let others = || lanes.iter().map(|lane| lane.info.name.clone()).collect();
    match lanes.iter().find(|lane| lane.info.name == name) {
        Some(lane) => Ok(vec![lane.clone()]),
        None => Err(DumpError::NoProducer { name: name.to_string(), others: others() }),
    }
}

fn report(opened: &Opened, args: &Args) -> Result<Report, DumpError> {
    let summary = listing::summary(opened);
    let depth = if args.any_section() { Depth::Full } else { Depth::Brief };
    let ours = opened.is_ours();
    let scope = Scope { args, depth, ours, life: summary.state };
    let mut problems: Vec<String> = summary.error.clone().into_iter().collect();
    let lanes = opened.lanes().unwrap_or_default();
    let lanes =
        if lanes.is_empty() { lanes } else { wanted_lanes(lanes, args.producer.as_deref())? };
    let clock = scope
        .wants(args.clock)
        .then(|| keep(section::clock::read(opened.region()), "clock page", &mut problems));
    let layout = scope
        .wants(args.layout)
        .then(|| section::layout::read(opened.region(), &lanes, depth, &mut problems));
    let producers = lanes.iter().map(|lane| lane_report(lane, &scope, &mut problems)).collect();
    Ok(Report { instance: summary, clock: clock.flatten(), layout, producers, problems })
}

/// The value, or a problem.
fn keep<T, E: Display>(result: Result<T, E>, what: &str, problems: &mut Vec<String>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(format!("{what}: {error}"));
            None
        }
    }
}

fn lane_report(lane: &Lane, scope: &Scope<'_>, problems: &mut Vec<String>) -> LaneReport {
    let Scope { args, depth, ours, life } = *scope;
    let name = &lane.info.name;
    let stalled = life == State::Alive && lane.is_stalled();
    let state = if stalled { State::Stalled } else { life };
    let seats = scope.wants(args.seats).then(|| table::seats::read(lane, ours, problems));
    let tail = (scope.wants(args.seats) && lane.info.tail).then(|| {
        let ring = keep(lane.tail(), name, problems)?;
        Some(section::tail::read(&ring))
    });
    let counters = scope.wants(args.counters).then(|| {
        let reader = keep(lane.counters(), name, problems)?;
        Some(section::counters::read(&reader, depth))
    });
    let gaps = scope.wants(args.gaps).then(|| {
        let reader = keep(lane.gaps(), name, problems)?;
        Some(table::gaps::read(&reader, ours, depth))
    });
    let errors = scope.wants(args.errors).then(|| {
        let reader = keep(lane.errors(), name, problems)?;
        Some(table::errors::read(&reader, depth))
    });
    let instruments = scope.wants(args.instruments).then(|| {
        let reader = keep(lane.instruments(), name, problems)?;
        Some(section::instruments::read(&reader, ours, depth))
    });
    let images = scope.wants(args.images.is_some()).then(|| images(lane, scope, state, problems));
    LaneReport {
        name: name.clone(),
        state,
        heartbeat_ns: lane.heartbeat_ns(),
        seats,
        tail: tail.flatten(),
        counters: counters.flatten(),
        gaps: gaps.flatten(),
        errors: errors.flatten(),
        instruments: instruments.flatten(),
        images: images.flatten(),
    }
}

fn images(
    lane: &Lane,
    scope: &Scope<'_>,
    state: State,
    problems: &mut Vec<String>,
) -> Option<Images> {
    let reader = keep(lane.images(), &lane.info.name, problems)?;
    let table = if scope.ours { keep(lane.instruments(), "symbols", problems) } else { None };
    let want = match &scope.args.images {
        None => Want::Sums,
        Some(None) => Want::Tops,
        Some(Some(symbol)) => Want::Book(symbol),
    };
    Some(section::images::read(&reader, &mut Symbols::new(table), state, scope.ours, want))
}

impl Report {
    fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        self.print_head(page)?;
        if let Some(clock) = &self.clock {
            page.heading("clock")?;
            clock.print(page)?;
        }
        if let Some(layout) = &self.layout {
            page.heading("layout")?;
            layout.print(page)?;
        }
        for lane in &self.producers {
            lane.print(page)?;
        }
        if !self.problems.is_empty() {
            page.heading("problems")?;
        }
        self.problems.iter().try_for_each(|text| page.line(&format!("  {text}"), Paint::Bad))
    }

    fn print_head<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let of = &self.instance;
        let beat = of.heartbeat_age_ns.map_or_else(|| String::from("none"), span);
        let line = format!(
            "{}: {}, pid {}, generation {}, heartbeat {beat}",
            of.name,
            of.state.name(),
            of.pid,
            of.generation
        );
        page.line(&line, of.state.paint())?;
        let (made, age) = (utc(of.created_ns), span(of.age_ns));
        let (used, seats, bytes) = (of.seats_used, of.seats, size(of.bytes));
        let line = format!("  made {made} ({age} ago), {used} of {seats} seats used, {bytes}");
        page.line(&line, Paint::Dim)
    }
}

impl LaneReport {
    fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let beat = match self.heartbeat_ns {
            0 => String::new(),
            beat => format!(", heartbeat {}", utc(beat)),
        };
        page.heading(&format!("producer {}: {}{beat}", self.name, self.state.name()))?;
        let title = |page: &mut Page<W>, text: &str| page.line(&format!(" {text}"), Paint::Bold);
        if let Some(seats) = &self.seats {
            title(page, "seats")?;
            table::seats::print(seats, page)?;
        }
        if let Some(tail) = &self.tail {
            tail.print(page)?;
        }
        if let Some(counters) = &self.counters {
            title(page, "counters")?;
            counters.print(page)?;
        }
        if let Some(gaps) = &self.gaps {
            title(page, "gaps")?;
            gaps.print(page)?;
        }
        if let Some(errors) = &self.errors {
            title(page, "errors")?;
            errors.print(page)?;
        }
        if let Some(instruments) = &self.instruments {
            title(page, "instruments")?;
            instruments.print(page)?;
        }
        if let Some(images) = &self.images {
            title(page, "images")?;
            images.print(page)?;
        }
        Ok(())
    }
}
