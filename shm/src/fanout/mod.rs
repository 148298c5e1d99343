//! The producer's side of its seats: one stream of records, up to eight consumers, each with its
//! filter, its ring and its own way of being slow.
//!
//! The lane asks before it builds a record ([`Fanout::interest`]): two loads and an AND tell which
//! seats want it, and nothing is built that nobody wants. Records go to the seats in steps, whole
//! or not at all ([`step`]). A seat that cannot keep up never holds the lane up: it falls silent,
//! its losses are counted exactly, and when there is room it gets one record that declares them
//! and then whole books in the lane's idle polls ([`poll`], [`refresh`], [`parts`]). Joining, changing a
//! filter, losing and resyncing all end in the same refresh bits.
//!
//! Nothing here knows what a book is: records are eight words, classes are numbers from 0 to 7,
//! instruments are indexes, and index 0 stands for the producer as a whole.
//!
//! Accounting, per seat and epoch: records pushed to it = delivered + lost + conflated. A change of
//! the book that is just being refreshed for a seat ([`Fanout::refreshing`]) is not given to it.

mod admit;
mod bits;
pub mod parts;
pub mod poll;
pub mod refresh;
mod seat;
mod signals;
pub mod step;

pub use poll::Events;
pub use refresh::{LostReport, Refresh, RefreshOut, RefreshTooLarge, SeatWant};
pub use signals::Signals;
pub use step::MAX_STEP;

use crate::lines::{LINE_WORDS, Lines};
use crate::ring::RingWriter;
use crate::seat::layout::{MAX_SEATS, bitmap_words, ctl_lines, ring_lines, ring_shape};
use crate::seat::{COUNTERS, SeatState};
use crate::slot::ShapeError;
use parts::UnderWay;
use seat::Seat;
use std::sync::Arc;
use step::Staged;
use thiserror::Error;

/// What the classes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassRules {
    /// Class that every seat gets, whatever it asked for.
    pub stream: u8,
    /// Bit c: records of class c are part of a book, and come back with a refresh.
    pub book_classes: u8,
    /// The only book class that a conflating seat may ask for.
    pub conflate_class: u8,
    /// Class whose losses are counted by themselves: trades.
    pub counted_class: u8,
}

/// What a fan-out is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanoutSpec {
    /// Instruments, index 0 included.
    pub instruments: usize,
    /// What the classes mean.
    pub rules: ClassRules,
    /// Whether the policy `wait` is granted: only where every source is a recording.
    pub allow_wait: bool,
    /// Generation of the producer, for the status.
    pub generation: u64,
}

/// Memory of one seat.
#[derive(Debug)]
pub struct SeatMemory<L> {
    /// What the producer writes, of [`ring_lines`] lines.
    pub ring: L,
    /// What the consumer writes, of [`ctl_lines`] lines.
    pub ctl: L,
    /// Slots of the ring.
    pub capacity: usize,
}

/// Why a fan-out cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FanoutError {
    /// More seats than bits in a mask.
    #[error("{seats} seats: at most {MAX_SEATS}")]
    Seats {
        /// Seats asked for.
        seats: usize,
    },
    /// No instrument, or more than an index can name.
    #[error("{instruments} instruments: from 1 to 16777216")]
    Instruments {
        /// Instruments asked for.
        instruments: usize,
    },
    /// A class number above 7.
    #[error("class {class}: from 0 to 7")]
    Class {
        /// Class given.
        class: u8,
    },
    /// The memory of a seat does not fit.
    #[error("memory of seat {seat}: {error}")]
    Shape {
        /// Number of the seat.
        seat: usize,
        /// What is wrong.
        #[source]
        error: ShapeError,
    },
}

/// The producer's side of its seats.
pub struct Fanout<L> {
    rules: ClassRules,
    allow_wait: bool,
    /// Per class: seats that want it, at the place where `instruments` has those that may have
    /// its records: the second one for the classes of books. The other one is 0.
    class_masks: [[u8; 2]; 8],
    /// Per instrument: seats that want it, and those of them that may have its book records now.
    instruments: Box<[[u8; 2]]>,
    /// Words of a bitmap over the instruments.
    words: usize,
    /// Seats that take part.
    active: u8,
    /// Those of them that get nothing until they have room.
    silent: u8,
    /// Those of them that have room for a step of any size.
    direct: u8,
    /// Seats whose ring is large enough to be direct at all.
    large: u8,
    /// Records that may be pushed before a direct seat could be without room for a step of any
    /// size: one number for all of them, so that a step looks at no seat.
    room: u64,
    /// Seats with staged records in this step.
    waiting: u8,
    /// Seats that lost something in this step.
    losing: u8,
    /// Seats whose position is to be stored at the end of the poll.
    moved: u8,
    /// Records pushed in this step, to whatever seats.
    in_step: u64,
    last_step: u64,
    staged: Vec<Staged>,
    seats: Vec<Seat<L>>,
    out: RefreshOut,
    /// The refresh that has begun and not ended.
    under_way: UnderWay,
    /// The complement of that one's instrument. A number that shares no bit with it is either that
    /// instrument, or 0, or one of a few others: these are looked at closer. All ones: none.
    others: u32,
    /// Seat that has the next turn at a refresh.
    turn: u32,
    /// A part of a refresh is written in every so many polls that found nothing.
    pace: u32,
    /// Polls that found nothing since the last one.
    idle_polls: u32,
    events: Events,
    signals: Arc<Signals>,
    polls: u32,
    refresh_due: u32,
    oversized: u64,
    now_ns: u64,
}

impl<L: Lines> Fanout<L> {
    /// Builds the seats in memory of zeros. All memory that is ever needed is allocated here.
    ///
    /// # Errors
    /// [`FanoutError`] if a number is out of range or a memory too small.
    pub fn new(spec: FanoutSpec, memories: Vec<SeatMemory<L>>) -> Result<Self, FanoutError> {
        let FanoutSpec { instruments, rules, allow_wait, generation } = spec;
        if memories.len() > MAX_SEATS {
            return Err(FanoutError::Seats { seats: memories.len() });
        }
        if instruments == 0 || instruments > 1 << 24 {
            return Err(FanoutError::Instruments { instruments });
        }
        for class in [rules.stream, rules.conflate_class, rules.counted_class] {
            if class > 7 {
                return Err(FanoutError::Class { class });
            }
        }
        let mut seats = Vec::with_capacity(memories.len());
        let (mut largest, mut large) = (0, 0);
        for (number, memory) in memories.into_iter().enumerate() {
            let capacity = memory.capacity;
            let ring = build(&memory, instruments)
                .and_then(|shape| RingWriter::new(memory.ring, memory.ctl, shape))
                .map_err(|error| FanoutError::Shape { seat: number, error })?;
            largest = largest.max(capacity);
            large |= u8::from(capacity >= 2 * MAX_STEP) << number;
            seats.push(Seat::new(ring, instruments, generation));
        }
        Ok(Fanout {
            rules,
            allow_wait,
            class_masks: [[0; 2]; 8],
            instruments: vec![[0; 2]; instruments].into_boxed_slice(),
            words: bitmap_words(instruments),
            active: 0,
            silent: 0,
            direct: 0,
            large,
            room: 0,
            waiting: 0,
            losing: 0,
            moved: 0,
            in_step: 0,
            last_step: 0,
            staged: Vec::with_capacity(MAX_STEP),
            seats,
            out: RefreshOut::new(largest),
            under_way: UnderWay::NONE,
            others: parts::ALL_OTHERS,
            turn: 0,
            pace: parts::PACE,
            idle_polls: 0,
            events: Events::default(),
            signals: Arc::new(Signals::new()),
            polls: 0,
            refresh_due: 0,
            oversized: 0,
            now_ns: 0,
        })
    }

    /// Seats that want a record of `class` about `instrument`, one bit each. 0 for an instrument
    /// that does not exist.
    #[inline(always)]
    pub fn interest(&self, instrument: u32, class: u8) -> u8 {
        let classes = u16::from_ne_bytes(self.class_masks[usize::from(class & 7)]);
        let Some(masks) = self.instruments.get(instrument as usize) else { return 0 };
        // One test of both: what nobody wants is to be known by as little as that.
        match u16::from_ne_bytes(*masks) & classes {
            0 => 0,
            both => both.to_ne_bytes().into_iter().fold(0, |mask, part| mask | part),
        }
    }

    /// Seats that take part now.
    #[inline(always)]
    pub fn active(&self) -> u8 {
        self.active
    }

    /// Seats that are silent because their ring was full.
    pub fn silent(&self) -> u8 {
        self.silent
    }

    /// Seats that take records as they come, because their ring has room for any step; the others'
    /// records are staged until the step ends.
    pub fn direct(&self) -> u8 {
        self.direct
    }

    /// How many seats there are.
    pub fn seats(&self) -> usize {
        self.seats.len()
    }

    /// Steps that had more than [`MAX_STEP`] records.
    pub fn oversized_steps(&self) -> u64 {
        self.oversized
    }

    /// Books that are withheld from a seat until they have been refreshed.
    pub fn refreshes_pending(&self, seat: usize) -> u32 {
        self.seats.get(seat).map_or(0, |seat| seat.pending.count())
    }

    /// The seat and the instrument of the refresh that has begun and not ended.
    pub fn refreshing(&self) -> Option<(usize, u32)> {
        self.under_way.what()
    }

    /// State of a seat.
    pub fn state(&self, seat: usize) -> Option<SeatState> {
        self.seats.get(seat).map(|seat| seat.state)
    }

    /// Counters of a seat as they are now, in the order of [`crate::seat::Counter::ALL`]; all
    /// zero for a seat that does not exist.
    pub fn counters(&self, seat: usize) -> [u64; COUNTERS] {
        self.seats.get(seat).map_or([0; COUNTERS], Seat::counters)
    }

    /// How other threads tell this fan-out of deaths and of the end.
    pub fn signals(&self) -> Arc<Signals> {
        Arc::clone(&self.signals)
    }
}

/// Checks both memories of a seat.
fn build<L: Lines>(
    memory: &SeatMemory<L>,
    instruments: usize,
) -> Result<crate::ring::RingShape, ShapeError> {
    // A capacity that overflows is refused by the ring's own check.
    let slots = memory.capacity.min(1 << 31);
    let rows =
        [(ring_lines(slots, 1), memory.ring.lines()), (ctl_lines(instruments), memory.ctl.lines())];
    for (needed, found) in rows {
        if needed > found {
            return Err(ShapeError::TooSmall { needed, found });
        }
    }
    Ok(ring_shape(memory.capacity))
}

const _: () = assert!(LINE_WORDS == 8);
