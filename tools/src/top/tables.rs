//! The tables of a picture, for text and for the screen alike: the columns that matter most first,
//! because a narrow terminal cuts the last.

use shm::seat::Counter;

use super::line::{LineState, LineTop};
use super::picture::{Count, InstanceTop, LaneTop, Picture};
use super::seat::SeatTop;
use crate::inspect::page::{Cell, Paint, Table};
use crate::inspect::spread::Spread;
use crate::inspect::words::{span, utc};

/// The tables, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Lanes and their lines.
    Overview,
    /// Seats.
    Seats,
    /// Gaps.
    Gaps,
    /// Errors.
    Errors,
    /// Receive to publish, and skews.
    Latency,
}

impl Tab {
    /// All, in their order.
    pub const ALL: [Tab; 5] = [Tab::Overview, Tab::Seats, Tab::Gaps, Tab::Errors, Tab::Latency];

    /// Name on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Tab::Overview => "Overview",
            Tab::Seats => "Seats",
            Tab::Gaps => "Gaps",
            Tab::Errors => "Errors",
            Tab::Latency => "Latency",
        }
    }

    /// Its tables with their titles; of gaps and errors at most so many of each lane.
    pub fn tables(self, picture: &Picture, most: usize) -> Vec<(String, Table)> {
        let titled = |title: &str, table| (title.to_string(), table);
        match self {
            Tab::Overview => vec![
                titled("lanes", lanes(picture)),
                titled("lines", lines(picture)),
                titled("polling", polling(picture)),
            ],
            Tab::Seats => vec![titled("seats", seats(picture))],
            Tab::Gaps => vec![
                (gaps_title(picture, most), gaps(picture, most)),
                titled("recovery", recovery(picture)),
            ],
            Tab::Errors => vec![titled("errors", errors(picture, most))],
            Tab::Latency => vec![
                titled("receive -> publish", latency(picture)),
                titled("copies that came later than the first", skews(picture)),
            ],
        }
    }
}

fn all(picture: &Picture) -> impl Iterator<Item = (&InstanceTop, &LaneTop)> {
    picture.instances.iter().flat_map(|one| one.lanes.iter().map(move |lane| (one, lane)))
}

/// Names a lane, with its instance only where there are several: columns are scarce.
fn label(picture: &Picture, (instance, lane): (&InstanceTop, &LaneTop)) -> Cell {
    let name = match picture.instances.len() {
        1 => lane.name.clone(),
        _ => format!("{}.{}", instance.name, lane.name),
    };
    Cell::text(name).paint(Paint::Bold)
}

/// A number with `k`, `M` or `G`, three or four digits wide.
pub fn short(number: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match UNITS.iter().find(|(size, _)| number >= 10.0 * size) {
        Some((size, unit)) => format!("{:.1}{unit}", number / size),
        None if number < 10.0 && number.fract() > 0.0 => format!("{number:.1}"),
        None => format!("{number:.0}"),
    }
}

fn rate(count: Count) -> Cell {
    count.per_s.map_or_else(|| dash(true), |per_s| Cell::number(short(per_s)))
}

fn dash(right: bool) -> Cell {
    let cell = if right { Cell::number("-") } else { Cell::text("-") };
    cell.paint(Paint::Dim)
}

fn total(number: Option<u64>) -> Cell {
    number.map_or_else(|| dash(true), |number| Cell::number(short(number as f64)))
}

/// A count that should be 0.
fn loss(number: Option<u64>) -> Cell {
    number.map_or_else(|| dash(true), Cell::loss)
}

fn time(ns: Option<u64>) -> Cell {
    ns.map_or_else(|| dash(true), |ns| Cell::number(span(ns)))
}

fn percent(part: Option<f64>) -> Cell {
    part.map_or_else(|| dash(true), |part| Cell::number(format!("{:.1} %", part * 100.0)))
}

fn lanes(picture: &Picture) -> Table {
    let mut table = Table::new(&[
        "lane",
        "state",
        "nature",
        "packets/s",
        "messages/s",
        "records/s",
        "packets",
        "messages",
        "steps",
        "sessions",
        "missed",
        "held",
        "expired",
    ]);
    for (instance, lane) in all(picture) {
        let live = if lane.nature.is_live() { Paint::Good } else { Paint::Warn };
        table.row([
            label(picture, (instance, lane)),
            Cell::text(lane.state.name()).paint(lane.state.paint()),
            Cell::text(lane.nature.name()).paint(live),
            rate(lane.packets),
            rate(lane.messages),
            rate(lane.records),
            total(lane.packets.total),
            total(lane.messages.total),
            total(lane.steps.total),
            total(lane.sessions),
            loss(lane.messages_missed),
            total(lane.held),
            total(lane.hold_expired),
        ]);
    }
    for instance in picture.instances.iter().filter(|one| one.lanes.is_empty()) {
        let name = Cell::text(&instance.name).paint(Paint::Bold);
        table.row([name, Cell::text(instance.state.name()).paint(instance.state.paint())]);
    }
    table
}

fn polling(picture: &Picture) -> Table {
    let mut table =
        Table::new(&["lane", "polls/s", "found", "longest poll", "breaches", "pid", "up"]);
    for (instance, lane) in all(picture).filter(|(_, lane)| lane.polls.total.is_some()) {
        table.row([
            label(picture, (instance, lane)),
            rate(lane.polls),
            percent(lane.polls_found),
            time(lane.poll_longest_ns),
            loss(lane.poll_breaches),
            Cell::number(instance.pid),
            Cell::number(span(instance.age_ns)),
        ]);
    }
    table
}

fn lines(picture: &Picture) -> Table {
    let mut table = Table::new(&[
        "lane",
        "line",
        "state",
        "packets/s",
        "won",
        "copied",
        "missed",
        "last packet",
        "skew p50",
        "skew p99",
        "late",
        "drops",
        "diverged",
        "downs",
        "packets",
    ]);
    for (instance, lane) in all(picture) {
        for line in &lane.lines {
            let first = [label(picture, (instance, lane)), Cell::text(&line.line)];
            table.row(first.into_iter().chain(line_cells(line)));
        }
    }
    table
}

fn line_cells(line: &LineTop) -> [Cell; 13] {
    let paint = match line.state {
        LineState::Up => Paint::Good,
        LineState::Unknown => Paint::Dim,
        LineState::Silent => Paint::Warn,
        LineState::Down => Paint::Bad,
    };
    let skew = |of: fn(&Spread) -> Option<u64>| time(line.skew.as_ref().and_then(of));
    [
        Cell::text(line.state.name()).paint(paint),
        rate(line.packets),
        percent(line.won_share),
        total(line.copied),
        total(line.missed),
        time(line.last_packet_age_ns),
        skew(|s| s.p50),
        skew(|s| s.p99),
        total(line.late),
        loss(line.kernel_drops.total),
        loss(line.diverged),
        total(line.downs),
        total(line.packets.total),
    ]
}

fn seats(picture: &Picture) -> Table {
    let mut table = Table::new(&[
        "lane",
        "seat",
        "state",
        "consumer",
        "pid",
        "policy",
        "lag",
        "lag time",
        "lost",
        "lost now",
        "highest",
        "delivered",
        "classes",
    ]);
    for (instance, lane) in all(picture) {
        for top in lane.seats.iter().filter(|top| top.is_used()) {
            table.row([label(picture, (instance, lane))].into_iter().chain(seat_cells(top)));
        }
    }
    table
}

fn seat_cells(top: &SeatTop) -> [Cell; 12] {
    let seat = &top.seat;
    let consumer = top.consumer.as_deref().unwrap_or("-");
    let lives = seat.claim_pid == 0 || seat.consumer_lives;
    [
        Cell::number(seat.seat),
        Cell::text(seat.state).paint(seat.paint()),
        Cell::text(consumer).paint(if lives { Paint::Plain } else { Paint::Bad }),
        seat.consumer(),
        Cell::text(seat.policy),
        Cell::number(seat.count(Counter::LagRecords)),
        Cell::number(span(seat.count(Counter::LagNs))),
        Cell::loss(seat.count(Counter::LostAll)),
        loss(top.lost_now),
        Cell::number(seat.count(Counter::HighWater)),
        total(Some(seat.count(Counter::Delivered))),
        Cell::text(&seat.classes),
    ]
}

fn gaps_title(picture: &Picture, most: usize) -> String {
    let sum = |of: fn(&LaneTop) -> u64| {
        all(picture).map(|(_, lane)| of(lane)).fold(0, u64::saturating_add)
    };
    let (declared, open) = (sum(|lane| lane.gaps.declared), sum(|lane| lane.gaps.open));
    let abandoned = sum(|lane| lane.gaps.abandoned);
    let cut = all(picture).any(|(_, lane)| lane.gaps.rows.len() > most);
    let cut = if cut { format!("; the first {most} of each lane") } else { String::new() };
    format!("gaps: {declared} declared, {open} open, {abandoned} given up{cut}")
}

fn recovery(picture: &Picture) -> Table {
    let mut table = Table::new(&[
        "lane",
        "missed",
        "late",
        "filled",
        "unfillable",
        "requests",
        "timeouts",
        "answers",
        "refused",
        "snapshots",
        "failed",
        "books merged",
        "replaced",
        "bytes",
    ]);
    for (instance, lane) in all(picture) {
        let Some(recovery) = &lane.recovery else { continue };
        let number = |number: u64| total(Some(number));
        table.row([
            label(picture, (instance, lane)),
            loss(Some(recovery.missed)),
            number(recovery.late),
            number(recovery.filled),
            loss(Some(recovery.unfillable)),
            number(recovery.requests),
            loss(Some(recovery.timeouts)),
            number(recovery.answers),
            loss(Some(recovery.refused)),
            number(recovery.snapshots),
            loss(Some(recovery.snapshots_failed)),
            number(recovery.books_merged),
            number(recovery.books_replaced),
            number(recovery.bytes),
        ]);
    }
    table
}

fn gaps(picture: &Picture, most: usize) -> Table {
    let mut table = Table::new(&[
        "lane",
        "gap",
        "state",
        "first",
        "missing",
        "open for",
        "lines",
        "how",
        "recovered",
        "channel",
        "session",
        "declared",
    ]);
    for (instance, lane) in all(picture) {
        for row in lane.gaps.rows.iter().take(most) {
            let gap = &row.gap;
            let paint = match gap.state {
                "healed" => Paint::Good,
                "open" => Paint::Bad,
                _ => Paint::Warn,
            };
            let missing = gap.end.checked_sub(gap.first).filter(|_| gap.end != 0);
            table.row([
                label(picture, (instance, lane)),
                Cell::number(gap.gap_id),
                Cell::text(gap.state).paint(paint),
                Cell::number(gap.first),
                missing.map_or_else(|| Cell::number("?"), Cell::number),
                time(row.open_for_ns),
                Cell::text(&gap.lines),
                Cell::text(&gap.how),
                Cell::number(gap.recovered),
                Cell::number(gap.channel),
                Cell::text(&gap.session),
                Cell::text(utc(gap.declared_ns)),
            ]);
        }
    }
    table
}

fn errors(picture: &Picture, most: usize) -> Table {
    let mut table = Table::new(&["lane", "count", "new", "error", "first", "last"]);
    for (instance, lane) in all(picture) {
        for row in lane.errors.rows.iter().take(most) {
            let new = match row.new {
                None => dash(true),
                Some(0) => Cell::number(0).paint(Paint::Dim),
                Some(new) => Cell::number(format!("+{new}")).paint(Paint::Warn),
            };
            table.row([
                label(picture, (instance, lane)),
                Cell::number(row.error.count),
                new,
                Cell::text(&row.error.text),
                Cell::text(utc(row.error.first_ns)),
                Cell::text(utc(row.error.last_ns)),
            ]);
        }
    }
    table
}

fn latency(picture: &Picture) -> Table {
    let mut table = Table::new(&["lane", "over", "count", "p50", "p99", "p99.9", "max", "min"]);
    for of in all(picture) {
        let recent = of.1.receive_publish.as_ref().map(|spread| ("the interval", spread));
        let total = of.1.receive_publish_total.as_ref().map(|spread| ("all", spread));
        for (over, spread) in recent.into_iter().chain(total) {
            table.row(
                [label(picture, of), Cell::text(over)].into_iter().chain(spread_cells(spread)),
            );
        }
    }
    table
}

fn spread_cells(spread: &Spread) -> [Cell; 6] {
    let Spread { count, min, p50, p99, p999, max, .. } = *spread;
    [total(Some(count)), time(p50), time(p99), time(p999), time(max), time(min)]
}

fn skews(picture: &Picture) -> Table {
    let mut table = Table::new(&["lane", "line", "count", "p50", "p99", "p99.9", "max", "min"]);
    for (instance, lane) in all(picture) {
        for line in &lane.lines {
            let Some(skew) = &line.skew else { continue };
            let first = [label(picture, (instance, lane)), Cell::text(&line.line)];
            table.row(first.into_iter().chain(spread_cells(skew)));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_short() {
        assert_eq!(short(0.0), "0");
        assert_eq!(short(2.5), "2.5");
        assert_eq!(short(9_999.4), "9999");
        assert_eq!(short(10_000.0), "10.0k");
        assert_eq!(short(12_345_678.0), "12.3M");
        assert_eq!(short(9e10), "90.0G");
    }
}
