//! What happened last, with virtual times: printed where a run fails.

use std::collections::VecDeque;
use std::fmt;

use crate::scenario::START_NS;

/// Events that are kept.
const KEPT: usize = 40;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A packet came to the lane.
    Packet {
        /// Line.
        line: u8,
        /// Number of the session.
        session: usize,
        /// Number of its first message.
        first: u64,
        /// Messages.
        count: u16,
        /// Whether it was damaged.
        damaged: bool,
    },
    /// The lane was polled.
    Poll {
        /// Packets that it was given.
        packets: usize,
        /// Number that comes next.
        expected: u64,
        /// Gaps that are open.
        open: usize,
        /// Steps so far.
        steps: u64,
    },
    /// A consumer looked at its ring.
    Seat {
        /// Its seat.
        seat: usize,
        /// Records that it has read.
        read: u64,
    },
    /// A session began at the venue.
    Session(usize),
    /// The venue's numbers jumped.
    Jump(u64),
    /// Something that recovery or a server did.
    Recovery(&'static str, u64, u64),
    /// The faults stop.
    Calm,
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Happened::Packet { line, session, first, count, damaged } => {
                let line = if line == 1 { 'A' } else { 'B' };
                let damaged = if damaged { ", damaged" } else { "" };
                let what = match count {
                    0 => format!("heartbeat, next {first}"),
                    0xFFFF => format!("end of session, next {first}"),
                    count => format!("{first} to {}", first + u64::from(count) - 1),
                };
                write!(f, "line {line}, session {session}: {what}{damaged}")
            }
            Happened::Poll { packets, expected, open, steps } => {
                write!(
                    f,
                    "poll: {packets} packets; next {expected}, {open} gaps open, step {steps}"
                )
            }
            Happened::Seat { seat, read } => write!(f, "seat {seat}: {read} records read"),
            Happened::Session(number) => write!(f, "session {number} begins"),
            Happened::Jump(by) => write!(f, "numbers jump by {by}"),
            Happened::Recovery(what, a, b) => write!(f, "recovery: {what} {a} {b}"),
            Happened::Calm => write!(f, "the faults stop"),
        }
    }
}

/// The last events of a run, or all of them.
#[derive(Debug, Default)]
pub struct Trace {
    kept: VecDeque<(u64, Happened)>,
    print: bool,
}

impl Trace {
    /// A trace that prints each event at once, or keeps the last.
    pub fn new(print: bool) -> Trace {
        Trace { kept: VecDeque::with_capacity(KEPT + 1), print }
    }

    /// Whether everything is printed.
    pub fn prints(&self) -> bool {
        self.print
    }

    /// Something happened.
    pub fn note(&mut self, now: u64, what: Happened) {
        if self.print {
            println!("{}", line(now, &what));
        }
        self.kept.push_back((now, what));
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }

    /// The last events, a line each.
    pub fn lines(&self) -> Vec<String> {
        self.kept.iter().map(|(now, what)| line(*now, what)).collect()
    }
}

fn line(now: u64, what: &Happened) -> String {
    let us = now.saturating_sub(START_NS);
    format!("{:>6}.{:06} ms  {what}", us / 1_000_000, us % 1_000_000)
}
