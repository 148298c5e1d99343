//! What a lane writes to: the fan-out to its seats, and beside it a log of everything it says.
//!
//! The log is what the checks read. The seats are those of `shm` over memory of this process: no
//! file, no thread that watches locks, so that a run depends on nothing but its seed. Deaths are
//! told to the fan-out as the producer's watcher tells them.

use std::sync::Arc;

use feed::counts::Counts;
use feed::gap::Gap;
use feed::publish::outlet::{EmptyBook, Outlet};
use feed::publish::refresh::BookRefresh;
use shm::fanout::{Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant};
use shm::lines::HeapLines;
use shm::seat::layout::{ctl_lines, ring_lines};
use wire::codes::GapHow;
use wire::payload::Lost;
use wire::{Class, Image, InstrumentRow, Record};

use crate::mutant::Mutant;

/// Seats of the lane.
pub const SEATS: usize = 6;

/// Something that a lane said.
#[derive(Clone, Copy, Debug)]
pub enum Said {
    /// A record of the step that is going on.
    Record(Record),
    /// The end of a step.
    Step(u64),
    /// A record that belongs to no step.
    Private(Record),
    /// A gap in the ledger, open.
    Opened(Gap),
    /// A gap of the ledger, closed.
    Closed(Gap, GapHow),
}

/// Memory of a seat, shared by both ends.
#[derive(Clone)]
pub struct Memory {
    /// What the lane writes.
    pub ring: Arc<HeapLines>,
    /// What the consumer writes.
    pub ctl: Arc<HeapLines>,
    /// Records in the ring.
    pub capacity: usize,
}

/// The outlet.
pub struct Tap {
    /// What was said since the log was last taken.
    pub said: Vec<Said>,
    /// Rows of the instrument table as they were last written, by index; 0 is empty.
    pub rows: Vec<InstrumentRow>,
    /// The seats.
    pub fanout: Fanout<Arc<HeapLines>>,
    /// Memory of the seats.
    pub memories: Vec<Memory>,
    /// Records handed to each seat's ring since its last activation.
    pub pushed: [u64; SEATS],
    /// Names of what was refused, with their counts.
    pub refused: Vec<(&'static str, u64)>,
    /// Refreshes that the lane asked for.
    pub asked: u64,
    instruments: usize,
    mutant: Option<Mutant>,
}

impl Tap {
    /// Seats with rings of this size for a lane of this many instruments, 0 included.
    pub fn new(instruments: u32, capacity: usize, mutant: Option<Mutant>) -> Tap {
        let instruments = instruments as usize;
        let memory = || Memory {
            ring: Arc::new(HeapLines::new(ring_lines(capacity, 1))),
            ctl: Arc::new(HeapLines::new(ctl_lines(instruments))),
            capacity,
        };
        let memories: Vec<Memory> = (0..SEATS).map(|_| memory()).collect();
        let theirs = memories.iter().cloned();
        let theirs =
            theirs.map(|Memory { ring, ctl, capacity }| SeatMemory { ring, ctl, capacity });
        let spec =
            FanoutSpec { instruments, rules: producer::RULES, allow_wait: false, generation: 1 };
        let fanout = Fanout::new(spec, theirs.collect());
        let fanout = fanout.unwrap_or_else(|error| panic!("seats of {capacity}: {error}"));
        Tap {
            said: Vec::new(),
            rows: Vec::new(),
            fanout,
            memories,
            pushed: [0; SEATS],
            refused: Vec::new(),
            asked: 0,
            instruments,
            mutant,
        }
    }

    /// Instruments that there is room for, 0 included.
    pub fn instruments(&self) -> usize {
        self.instruments
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn give(&mut self, seats: u8, class: Class, instrument: u32, record: &Record) {
        if seats == 0 {
            return;
        }
        // A change of the book that is just being refreshed for a seat is not given to it.
        let book = Class::BOOK & class.bit() != 0;
        let begun = self.fanout.refreshing().filter(|&(_, of)| book && of == instrument);
        for (seat, pushed) in self.pushed.iter_mut().enumerate() {
            let given = seats >> seat & 1 != 0 && begun.is_none_or(|(begun, _)| begun != seat);
            *pushed += u64::from(given);
        }
        self.fanout.push(seats, class as u8, instrument, &record.to_words());
    }
}

/// How the seats get whole books and learn of losses.
struct Callback<'a, 'b>(&'a BookRefresh<'b>);

impl Refresh for Callback<'_, '_> {
    fn refresh(&mut self, instrument: u32, want: SeatWant, out: &mut RefreshOut) {
        self.0.write_to(instrument, want, out);
    }

    fn expect(&mut self, instrument: u32, _want: SeatWant) {
        self.0.expect(instrument);
    }

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = Lost {
            first_step: report.first_step,
            last_step: report.last_step,
            records: report.records,
            trades: report.counted.min(u64::from(u32::MAX)) as u32,
            instruments: report.instruments.min(u64::from(u32::MAX)) as u32,
        };
        self.0.lost(lost).to_words()
    }
}

impl Outlet for Tap {
    fn interest(&self, instrument: u32, class: Class) -> u8 {
        self.fanout.interest(instrument, class as u8)
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn push(&mut self, seats: u8, class: Class, instrument: u32, record: &Record) {
        if let Some(mutant) = self.mutant
            && mutant.swallows(record)
        {
            return;
        }
        self.said.push(Said::Record(*record));
        self.give(seats, class, instrument, record);
    }

    fn end_step(&mut self, step: u64) {
        self.said.push(Said::Step(step));
        self.fanout.end_step(step);
    }

    fn push_private(&mut self, record: &Record) {
        if let Some(mutant) = self.mutant
            && mutant.swallows(record)
        {
            return;
        }
        self.said.push(Said::Private(*record));
        self.fanout.push_private(self.fanout.active(), &record.to_words());
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        let index = row.instrument.index() as usize;
        if self.rows.len() <= index {
            self.rows.resize(index + 1, InstrumentRow::from_words([0; 32]));
        }
        self.rows[index] = *row;
    }

    fn book_begins(&mut self, instrument: u32, book: &EmptyBook) {
        let orders = self.fanout.interest(instrument, Class::Orders as u8)
            | self.fanout.interest(instrument, Class::Levels as u8);
        let tops = self.fanout.interest(instrument, Class::Top as u8);
        self.give(orders, Class::Orders, instrument, &book.begin);
        self.give(orders, Class::Orders, instrument, &book.end);
        self.give(tops, Class::Top, instrument, &book.top);
    }

    fn image(&mut self, _instrument: u32, _image: &Image) {}

    fn session_began(&mut self, instruments: u32) {
        let deaf = self.fanout.silent();
        for index in 1..=instruments {
            self.fanout.request_refresh(index, deaf);
        }
    }

    fn gap_opened(&mut self, _channel: u16, gap: &Gap) {
        self.said.push(Said::Opened(*gap));
    }

    fn gap_closed(&mut self, _channel: u16, gap: &Gap, how: GapHow, _now: u64) {
        self.said.push(Said::Closed(*gap, how));
    }

    fn refused(&mut self, name: &'static str, _now: u64) {
        match self.refused.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => self.refused.push((name, 1)),
        }
    }

    fn request_refresh(&mut self, instrument: u32) {
        self.asked += 1;
        if self.is(Mutant::SkipRefresh) && self.asked.is_multiple_of(4) {
            return;
        }
        self.fanout.request_refresh(instrument, self.fanout.active());
    }

    fn end_poll(&mut self, found_nothing: bool, now: u64, books: &mut BookRefresh<'_>) {
        let events = self.fanout.end_poll(found_nothing, now, &mut Callback(books));
        for (seat, pushed) in self.pushed.iter_mut().enumerate() {
            if events.activated >> seat & 1 != 0 {
                *pushed = 0;
            }
        }
    }

    fn refreshes_pending(&self) -> bool {
        (0..self.fanout.seats()).any(|seat| self.fanout.refreshes_pending(seat) > 0)
    }

    fn counts(&mut self, _counts: &Counts) {}
}
