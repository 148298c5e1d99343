//! The report as text.

use std::io::{self, Write};

use super::report::{AttachedLane, AttachedReport, InstanceReport, Report, StageReport};
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::spread::Spread;
use crate::inspect::words::{span, utc};

/// Width of the longest bar of a plot.
const BAR: f64 = 48.0;

/// A number of a histogram in its unit.
fn value(number: Option<u64>, unit: &str) -> Cell {
    match number {
        None => Cell::number("-").paint(Paint::Dim),
        Some(ns) if unit == "ns" => Cell::number(span(ns)),
        Some(number) => Cell::number(format!("{number} {unit}")),
    }
}

fn numbers(spread: &Spread, unit: &str) -> Vec<Cell> {
    let mut cells = vec![Cell::number(spread.count), value(spread.min, unit)];
    cells.extend(spread.quantiles().map(|(_, number)| value(number, unit)));
    // No value of a histogram is negative, and a mean lies among them.
    cells.push(value(spread.mean.map(|mean| mean.round() as u64), unit));
    cells
}

const NUMBERS: [&str; 9] = ["count", "min", "p50", "p90", "p99", "p99.9", "p99.99", "max", "mean"];

fn table(first: &[&'static str]) -> Table {
    Table::new(&[first, &NUMBERS].concat())
}

/// Prints the report; with a plot under each table where that is asked for.
///
/// # Errors
/// What the page says.
pub fn print<W: Write>(report: &Report, plot: bool, page: &mut Page<W>) -> io::Result<()> {
    for instance in &report.instances {
        if let Some(what) = instance.not_live() {
            page.line(&format!("NOT LIVE: {}: {what}", instance.name), Paint::Warn)?;
        }
    }
    let over = match report.interval_ns {
        Some(ns) => format!("over {}", span(ns)),
        None => String::from("since each producer's start"),
    };
    page.line(&format!("latency  {}, {over}", utc(report.at_ns)), Paint::Bold)?;
    for line in report.host.lines() {
        page.line(&line, Paint::Dim)?;
    }
    for h in &report.host.hiccups {
        let line = format!(
            "core {}  in {}: {} gaps over 1 us, {} over 10 us, {} over 100 us; 99.9 % within {}, \
             longest {}; {} ppm taken away",
            h.core,
            span(h.duration_ns),
            h.over_1us,
            h.over_10us,
            h.over_100us,
            span(h.p999_ns),
            span(h.max_ns),
            h.stolen_ppm
        );
        page.line(&line, Paint::Dim)?;
    }
    report.instances.iter().try_for_each(|one| print_instance(one, plot, page))?;
    for file in &report.files {
        page.line(&format!("wrote {file}"), Paint::Dim)?;
    }
    if !report.problems.is_empty() {
        page.heading("problems")?;
    }
    report.problems.iter().try_for_each(|text| page.line(&format!("  {text}"), Paint::Bad))
}

fn print_instance<W: Write>(of: &InstanceReport, plot: bool, page: &mut Page<W>) -> io::Result<()> {
    let state = of.state.name();
    page.heading(&format!("{}: {state}, pid {}, generation {}", of.name, of.pid, of.generation))?;
    let clock = match of.clock {
        Some(clock) => {
            let counter = clock.counter.unwrap_or("unknown counter");
            format!("clock page: {counter}, UTC within {}", span(clock.error_ns))
        }
        None => String::from("no clock page"),
    };
    let pinned = of.pinned.iter().map(|thread| format!("{} on core {}", thread.name, thread.core));
    let pinned: Vec<String> = pinned.collect();
    let pinned = if pinned.is_empty() { String::from("none seen") } else { pinned.join(", ") };
    page.line(&format!("  {clock}; pinned threads: {pinned}"), Paint::Dim)?;
    if of.restarted {
        let line = "  the producer was restarted within the interval: numbers are since its start";
        page.line(line, Paint::Warn)?;
    }
    for lane in &of.lanes {
        page.line(&format!(" lane {} ({})", lane.name, lane.nature.name()), Paint::Bold)?;
        if lane.stages.is_empty() {
            page.line("  no histograms", Paint::Dim)?;
        }
        let mut rows = table(&["stage"]);
        for stage in &lane.stages {
            rows.row(
                [Cell::text(&stage.name)].into_iter().chain(numbers(&stage.spread, &stage.unit)),
            );
        }
        page.table(&rows)?;
        for stage in lane.stages.iter().filter(|stage| stage.spread.count > 0) {
            explain(stage, page)?;
            if plot {
                draw(&stage.name, &stage.spread, &stage.unit, page)?;
            }
        }
    }
    of.attached.iter().try_for_each(|attached| print_attached(attached, plot, page))
}

fn explain<W: Write>(stage: &StageReport, page: &mut Page<W>) -> io::Result<()> {
    page.line(&format!("  {}: {}", stage.name, stage.what), Paint::Dim)?;
    if let (Some(bound), Some(meaningless)) = (stage.bound_ns, stage.meaningless) {
        print_bound(&stage.name, bound, meaningless, page)?;
    }
    Ok(())
}

fn print_bound<W: Write>(
    name: &str,
    bound: u64,
    meaningless: bool,
    page: &mut Page<W>,
) -> io::Result<()> {
    let (said, paint) = match meaningless {
        true => (": MEANINGLESS, the clocks may be further apart than the value", Paint::Bad),
        false => (", and the venue's own error on top", Paint::Plain),
    };
    page.line(&format!("  {name}: each number is +- {}{said}", span(bound)), paint)
}

fn print_attached<W: Write>(of: &AttachedReport, plot: bool, page: &mut Page<W>) -> io::Result<()> {
    let (time, poll, counter) = (span(of.duration_ns), of.poll, of.counter);
    let line =
        format!(" measured from here for {time}, polling {poll}, by the clock page ({counter})");
    page.line(&line, Paint::Bold)?;
    if let Some(why) = of.cut_short {
        page.line(&format!("  ended early: {why}"), Paint::Warn)?;
    }
    if of.lost > 0 {
        let line = format!("  {} records were lost to our seats: we were too slow", of.lost);
        page.line(&line, Paint::Warn)?;
    }
    of.lanes.iter().try_for_each(|lane| print_lane(lane, plot, page))
}

fn print_lane<W: Write>(lane: &AttachedLane, plot: bool, page: &mut Page<W>) -> io::Result<()> {
    let AttachedLane { name, records, measured, .. } = lane;
    let line = format!("  lane {name}: {records} records, {measured} measured");
    page.line(&line, Paint::Plain)?;
    let skipped = &lane.unmeasured;
    let reasons = [
        (skipped.recorded_stamps, "stamped by a recording: recorded stamps say nothing"),
        (skipped.from_the_future, "stamped later than they were read: two clocks disagree"),
        (skipped.other_paths, "not of the live path"),
        (skipped.refreshes, "of refreshes"),
        (skipped.stream, "of the stream itself"),
        (skipped.unstamped, "without a receive stamp"),
        (skipped.unknown_kinds, "of unknown kinds"),
    ];
    for (count, why) in reasons.into_iter().filter(|(count, _)| *count > 0) {
        page.line(&format!("    {count} not measured: {why}"), Paint::Dim)?;
    }
    let mut rows = table(&["stage", "class", "stamp"]);
    for found in &lane.consume {
        let stage = if found.bound_ns == 0 {
            String::from("receive_consume")
        } else {
            format!("receive_consume +- {}", span(found.bound_ns))
        };
        let head = [Cell::text(stage), Cell::text(found.class), Cell::text(found.stamp)];
        rows.row(head.into_iter().chain(numbers(&found.spread, found.unit)));
    }
    for found in &lane.venue {
        let head = [Cell::text("venue_receive"), Cell::text("all"), Cell::text(found.stamp)];
        rows.row(head.into_iter().chain(numbers(&found.spread, found.unit)));
    }
    page.table(&rows)?;
    for found in &lane.venue {
        print_bound("venue_receive", found.bound_ns, found.meaningless, page)?;
        if found.from_the_future > 0 {
            let n = found.from_the_future;
            let line = format!("  venue_receive: {n} records were received before they were sent");
            page.line(&line, Paint::Bad)?;
        }
    }
    if plot {
        for found in &lane.consume {
            let title = format!("receive_consume {} {}", found.class, found.stamp);
            draw(&title, &found.spread, found.unit, page)?;
        }
    }
    Ok(())
}

/// Percentiles as bars, by the logarithm: each eighth of a bar is a factor.
fn draw<W: Write>(title: &str, spread: &Spread, unit: &str, page: &mut Page<W>) -> io::Result<()> {
    let most = spread.max.unwrap_or(0).max(1);
    let floor = spread.min.unwrap_or(0).max(1) as f64 / 2.0;
    let length = |number: u64| {
        let part = (number.max(1) as f64 / floor).ln() / (most as f64 / floor).ln();
        (part.clamp(0.0, 1.0) * BAR).round() as usize
    };
    page.line(&format!("  {title}, logarithmic"), Paint::Dim)?;
    let mut rows = Table::new(&["", "", ""]);
    for (name, number) in spread.quantiles() {
        let Some(number) = number else { continue };
        let bar = Cell::text("\u{2588}".repeat(length(number)));
        rows.row([Cell::number(name), bar, value(Some(number), unit)]);
    }
    page.table(&rows)
}
