//! What a lane can write to.
//!
//! A lane knows no shared memory and no files: it writes to an [`Outlet`]. The handler's outlet is
//! a directory of regions under /dev/shm; a replay adds files; tests collect.

use book::{L3Books, PagedIndex};
use wire::codes::GapHow;
use wire::{Class, Image, InstrumentRow, Record};

use crate::counts::{Counts, Interval};
use crate::gap::Gap;
use crate::publish::refresh::BookRefresh;

/// Books of a lane of a venue with dense order references.
pub type Books = L3Books<PagedIndex>;

/// The state in which a step left an instrument.
#[derive(Clone, Copy)]
pub struct StepView<'a> {
    /// The step.
    pub step: u64,
    /// ns UTC of the venue.
    pub ts_venue: u64,
    /// Index of the instrument; 0 none.
    pub instrument: u32,
    /// All books of the lane.
    pub books: &'a Books,
}

/// A book without orders, as a refresh would send it.
#[derive(Clone, Copy, Debug)]
pub struct EmptyBook {
    /// Its `book_begin`.
    pub begin: Record,
    /// Its `book_end`.
    pub end: Record,
    /// Its `top`.
    pub top: Record,
}

/// Where a lane writes. Every method is called on the lane's thread and may not block, allocate or
/// call the system, but for outlets that say they may (files of a replay).
pub trait Outlet {
    /// Seats that want records of this class and instrument, a bit a seat.
    fn interest(&self, instrument: u32, class: Class) -> u8;

    /// Whether records are to be built even if no seat wants them.
    #[inline(always)]
    fn wants_all(&self) -> bool {
        false
    }

    /// A record of the current step for these seats.
    fn push(&mut self, seats: u8, class: Class, instrument: u32, record: &Record);

    /// The step is complete: its records are delivered.
    fn end_step(&mut self, step: u64);

    /// The step is complete, seen from the book. Only outlets that compare books care.
    #[inline(always)]
    fn step_view(&mut self, _view: StepView<'_>) {}

    /// A record that belongs to no step, to all seats: heartbeats.
    fn push_private(&mut self, record: &Record);

    /// A new or changed row of the instrument table.
    fn instrument(&mut self, row: &InstrumentRow);

    /// The book of an instrument begins, empty: its boundaries and its top, for seats that want it
    /// and wait for no refresh of it. Only outlets with seats care.
    fn book_begins(&mut self, _instrument: u32, _book: &EmptyBook) {}

    /// The latest state of an instrument.
    fn image(&mut self, instrument: u32, image: &Image);

    /// The session that follows, or that has just ended: gaps are told by it. Only outlets with a
    /// ledger care.
    fn session(&mut self, _id: &[u8; 16]) {}

    /// The start of a session has been published. Seats that could not take it hold books of the
    /// last one, of `instruments` instruments. Only outlets with seats care.
    fn session_began(&mut self, _instruments: u32) {}

    /// A gap was declared.
    fn gap_opened(&mut self, channel: u16, gap: &Gap);

    /// A gap is closed.
    fn gap_closed(&mut self, channel: u16, gap: &Gap, how: GapHow, now: u64);

    /// Something was refused: by name, at the lane's time.
    fn refused(&mut self, name: &'static str, now: u64);

    /// Every seat that wants this book needs it whole again.
    fn request_refresh(&mut self, instrument: u32);

    /// The poll is over. Seats are served: positions, losses, at most one refresh each.
    fn end_poll(&mut self, found_nothing: bool, now: u64, books: &mut BookRefresh<'_>);

    /// Whether a seat still waits for a book.
    fn refreshes_pending(&self) -> bool;

    /// The counts as they are now.
    fn counts(&mut self, counts: &Counts);

    /// A measured interval, ns, for the lane's histograms. Only outlets with counters care.
    #[inline(always)]
    fn interval(&mut self, _interval: Interval, _ns: u64) {}
}

/// An outlet that takes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutlet;

impl Outlet for NoOutlet {
    #[inline(always)]
    fn interest(&self, _instrument: u32, _class: Class) -> u8 {
        0
    }
    fn push(&mut self, _seats: u8, _class: Class, _instrument: u32, _record: &Record) {}
    fn end_step(&mut self, _step: u64) {}
    fn push_private(&mut self, _record: &Record) {}
    fn instrument(&mut self, _row: &InstrumentRow) {}
    fn image(&mut self, _instrument: u32, _image: &Image) {}
    fn gap_opened(&mut self, _channel: u16, _gap: &Gap) {}
    fn gap_closed(&mut self, _channel: u16, _gap: &Gap, _how: GapHow, _now: u64) {}
    fn refused(&mut self, _name: &'static str, _now: u64) {}
    fn request_refresh(&mut self, _instrument: u32) {}
    fn end_poll(&mut self, _found_nothing: bool, _now: u64, _books: &mut BookRefresh<'_>) {}
    fn refreshes_pending(&self) -> bool {
        false
    }
    fn counts(&mut self, _counts: &Counts) {}
}
