//! Rounds in turns, each between two looks at the floor.

use super::exchange::{OneWay, Place, one_way, round_trips, stream};
use super::link::Link;
use crate::floor::{Probe, Shape};
use crate::harness::memory::{Spent, take_noted};
use crate::harness::{CompareError, Series, median, progress};

/// Tries of a round whose floor does not stay where it is.
const TRIES: usize = 5;
/// A floor that changes by more than this between two looks has moved from near to far.
const MOVED: f64 = 1.6;

/// What is asked of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// So many round trips.
    RoundTrip(u64),
    /// So many records, one per microsecond.
    OneWay(u64),
    /// So many records, each published by itself.
    Single(u64),
    /// So many records, in batches.
    Batch(u64),
}

/// What a round gave.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// ns per operation.
    pub ns: f64,
    /// A second figure (p99), else 0.
    pub second: f64,
    /// Floor of the round, ns per round trip.
    pub floor: f64,
    /// Answer.
    pub answer: u64,
    /// Page faults and allocations of both ends in measured time.
    pub spent: Option<Spent>,
}

/// Puts a question to a ring: nanoseconds, the second figure of the question, and the answer.
type Ask = fn(Place<'_>, Question) -> Result<(f64, f64, u64), CompareError>;

/// A ring to ask.
#[derive(Clone, Copy)]
pub struct Ring {
    /// Name and version.
    pub name: &'static str,
    /// Whether it is ours.
    pub ours: bool,
    /// What the reader must know.
    pub note: &'static str,
    /// Whether its ends are processes.
    pub processes: bool,
    ask: Ask,
}

/// A ring of this kind.
#[must_use]
pub const fn ring<L: Link>() -> Ring {
    Ring { name: L::NAME, ours: L::OURS, note: L::NOTE, processes: L::PROCESSES, ask: ask::<L> }
}

fn ask<L: Link>(place: Place<'_>, question: Question) -> Result<(f64, f64, u64), CompareError> {
    let round = match question {
        Question::RoundTrip(exchanges) => round_trips::<L>(place, exchanges)?,
        Question::Single(records) => stream::<L>(place, records, false)?,
        Question::Batch(records) => stream::<L>(place, records, true)?,
        Question::OneWay(records) => {
            let OneWay { p50, p99, answer } = one_way::<L>(place, records)?;
            return Ok((p50, p99, answer));
        }
    };
    Ok((round.ns, 0.0, round.answer))
}

/// The rounds of one ring.
#[derive(Clone)]
pub struct Rounds {
    /// Which ring.
    pub ring: Ring,
    /// Its rounds.
    pub turns: Vec<Turn>,
}

impl Rounds {
    /// The times as the harness keeps them.
    #[must_use]
    pub fn series(&self) -> Series {
        let rounds = self.turns.iter().map(|turn| turn.ns).collect();
        // Every round has new rings and new processes, warmed alike: all of them count.
        let spent = self.turns.iter().filter_map(|turn| turn.spent).reduce(Spent::and);
        Series { rounds, spent, ..Series::new(self.ring.name, self.ring.ours) }
    }

    /// Median of time over floor.
    #[must_use]
    pub fn over_floor(&self) -> f64 {
        median(&self.turns.iter().map(|turn| turn.ns / turn.floor).collect::<Vec<_>>())
    }

    /// Median floor, ns.
    #[must_use]
    pub fn floor(&self) -> f64 {
        median(&self.turns.iter().map(|turn| turn.floor).collect::<Vec<_>>())
    }

    /// Median of the second figure.
    #[must_use]
    pub fn second(&self) -> f64 {
        median(&self.turns.iter().map(|turn| turn.second).collect::<Vec<_>>())
    }
}

/// Asks all rings the same, in turns; every answer must be the same.
///
/// # Errors
/// If a ring fails, or two answers differ.
pub fn turns(
    place: Place<'_>,
    question: Question,
    rounds: usize,
    rings: &[Ring],
    probe: &mut Probe,
) -> Result<Vec<Rounds>, CompareError> {
    let mut all: Vec<Rounds> =
        rings.iter().map(|ring| Rounds { ring: *ring, turns: Vec::new() }).collect();
    let mut first: Option<(&'static str, u64)> = None;
    for round in 0..rounds {
        for turn in 0..all.len() {
            let at = (round + turn) % rings.len();
            progress::step(&format!("round {}/{rounds}, {}", round + 1, rings[at].name));
            let took = guarded(place, question, &rings[at], probe)?;
            let name = rings[at].name;
            let (first_name, answer) = *first.get_or_insert((name, took.answer));
            if answer != took.answer {
                return Err(CompareError::Answers {
                    section: format!("ring {question:?}"),
                    first: first_name.to_owned(),
                    first_answer: answer,
                    second: name.to_owned(),
                    second_answer: took.answer,
                });
            }
            all[at].turns.push(took);
        }
    }
    Ok(all)
}

fn guarded(
    place: Place<'_>,
    question: Question,
    ring: &Ring,
    probe: &mut Probe,
) -> Result<Turn, CompareError> {
    // Two rings are two lines: what goes there and what comes back cannot share one.
    let mut before = probe.measure_as(Shape::TwoLines)?.rtt_ns;
    let mut tries = 0;
    loop {
        let _ = take_noted();
        let (ns, second, answer) = (ring.ask)(place, question)?;
        let spent = take_noted();
        let after = probe.measure_as(Shape::TwoLines)?.rtt_ns;
        let moved = before.max(after) / before.min(after) > MOVED;
        tries += 1;
        if !moved || tries == TRIES {
            return Ok(Turn { ns, second, floor: (before + after) / 2.0, answer, spent });
        }
        before = after;
    }
}
