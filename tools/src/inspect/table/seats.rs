//! Seats: who reads, by which terms, how far behind, and what was lost.

use std::io::{self, Write};

use serde::Serialize;
use shm::ring::Observer;
use shm::seat::layout::ring_shape;
use shm::seat::{Counter, SeatState, SeatStatus, read_counters};
use wire::class::set_names;

use crate::inspect::open::{Lane, OpenRing};
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::words::span;

/// One seat.
#[derive(Clone, Debug, Serialize)]
pub struct Seat {
    pub(crate) seat: usize,
    /// State, or `unreadable`.
    pub(crate) state: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) policy: &'static str,
    /// Classes by name; as a number in hex where the layout is another release's.
    pub(crate) classes: String,
    /// Levels a side in a refresh; 0 all.
    pub(crate) depth: u16,
    pub(crate) epoch: u64,
    pub(crate) capacity: usize,
    pub(crate) slot_lines: u32,
    /// Records that the producer has put into the ring.
    pub(crate) position: u64,
    /// Process that the producer counts as the consumer; 0 none.
    pub(crate) consumer_pid: u64,
    /// Process that claims the seat now; 0 none.
    pub(crate) claim_pid: u32,
    /// Whether a living process holds the seat's lock.
    pub(crate) consumer_lives: bool,
    pub(crate) counters: serde_json::Map<String, serde_json::Value>,
    #[serde(skip)]
    pub(crate) counts: Vec<u64>,
    #[serde(skip)]
    pub(crate) status: Option<SeatState>,
}

/// Reads the seats of a producer; what is wrong with one is added to `problems`.
pub fn read(lane: &Lane, ours: bool, problems: &mut Vec<String>) -> Vec<Seat> {
    let seats = (0..lane.info.seats).filter_map(|number| match lane.ring(number) {
        Ok(ring) => Some(read_seat(lane, number, &ring, ours, problems)),
        Err(error) => {
            problems.push(error.to_string());
            None
        }
    });
    seats.collect()
}

/// Whether somebody uses the seat of this ring.
pub fn is_used(ring: &OpenRing) -> bool {
    let status = SeatStatus::read(ring.region.body());
    status.is_ok_and(|s| matches!(s.state, SeatState::Active | SeatState::Silent))
}

fn read_seat(
    lane: &Lane,
    number: usize,
    ring: &OpenRing,
    ours: bool,
    problems: &mut Vec<String>,
) -> Seat {
    let body = ring.region.body();
    let counts = read_counters(body).to_vec();
    let of = |counter: Counter| counts.get(counter.index()).copied().unwrap_or(0);
    let named = Counter::ALL.iter().map(|c| (c.name().to_string(), of(*c).into()));
    // An observer joins at the stored position; a ring that fits its file is never refused.
    let position = Observer::<_>::new(body.clone(), ring_shape(ring.capacity));
    let mut seat = Seat {
        seat: number,
        state: "unreadable",
        reason: "none",
        policy: "?",
        classes: String::new(),
        depth: 0,
        epoch: of(Counter::Epoch),
        capacity: ring.capacity,
        slot_lines: ring.slot_lines,
        position: position.map_or(0, |observer| observer.position()),
        consumer_pid: of(Counter::ConsumerPid),
        claim_pid: 0,
        consumer_lives: false,
        counters: named.collect(),
        status: None,
        counts,
    };
    match SeatStatus::read(body) {
        Ok(status) => {
            (seat.state, seat.reason) = (status.state.name(), status.reason.name());
            seat.policy = status.policy.name();
            let classes = status.classes;
            seat.classes = if ours { set_names(classes) } else { format!("{classes:#04x}") };
            (seat.depth, seat.status) = (status.depth, Some(status.state));
        }
        Err(error) => problems.push(format!("{}: {error}", ring.region.path().display())),
    }
    match lane.holder(number) {
        Ok(holder) => (seat.claim_pid, seat.consumer_lives) = (holder.pid, holder.lives),
        Err(error) => problems.push(error.to_string()),
    }
    seat
}

impl Seat {
    /// One of the producer's counters of the seat.
    pub(crate) fn count(&self, counter: Counter) -> u64 {
        self.counts.get(counter.index()).copied().unwrap_or(0)
    }

    pub(crate) fn paint(&self) -> Paint {
        match self.status {
            Some(SeatState::Active) => Paint::Good,
            Some(SeatState::Silent) => Paint::Warn,
            Some(SeatState::Inactive) => Paint::Dim,
            Some(SeatState::Detached | SeatState::Refused) | None => Paint::Bad,
        }
    }

    pub(crate) fn consumer(&self) -> Cell {
        match (self.claim_pid, self.consumer_lives) {
            (0, _) => Cell::text("-"),
            (pid, true) => Cell::text(pid.to_string()),
            (pid, false) => Cell::text(format!("{pid} (no lock)")).paint(Paint::Warn),
        }
    }

    fn cells(&self) -> [Cell; 14] {
        let reason = if self.reason == "none" { "" } else { self.reason };
        [
            Cell::number(self.seat),
            Cell::text(self.state).paint(self.paint()),
            Cell::text(reason),
            self.consumer(),
            Cell::text(self.policy),
            Cell::text(&self.classes),
            Cell::number(self.capacity),
            Cell::number(self.count(Counter::Delivered)),
            Cell::number(self.count(Counter::LagRecords)),
            Cell::text(span(self.count(Counter::LagNs))),
            Cell::number(self.count(Counter::HighWater)),
            Cell::loss(self.count(Counter::Lost)),
            Cell::loss(self.count(Counter::LostCounted)),
            Cell::number(self.count(Counter::Refreshes)),
        ]
    }
}

const HEAD: [&str; 14] = [
    "seat",
    "state",
    "reason",
    "consumer",
    "policy",
    "classes",
    "slots",
    "delivered",
    "lag",
    "lag time",
    "highest",
    "lost",
    "trades",
    "refreshes",
];

/// Shows the seats.
///
/// # Errors
/// What the page says.
pub fn print<W: Write>(seats: &[Seat], page: &mut Page<W>) -> io::Result<()> {
    let mut table = Table::new(&HEAD);
    seats.iter().for_each(|seat| table.row(seat.cells()));
    page.table(&table)
}
