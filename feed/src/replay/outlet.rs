//! The outlet of a replay: seats, and the files that a replay can write.

use wire::codes::GapHow;
use wire::{Class, Image, InstrumentRow, Record};

use crate::counts::{Counts, Interval};
use crate::gap::Gap;
use crate::publish::outlet::{EmptyBook, Outlet, StepView};
use crate::publish::refresh::BookRefresh;
use crate::replay::book_csv::BookCsv;
use crate::replay::records::RecordLog;

/// Seats `O`, a record file and a book file. The files may block and allocate: a replay has time.
pub struct ReplayOutlet<O> {
    /// The seats.
    pub seats: O,
    /// Every record.
    pub records: Option<RecordLog>,
    /// The first levels.
    pub csv: Option<BookCsv>,
}

impl<O: Outlet> Outlet for ReplayOutlet<O> {
    #[inline(always)]
    fn interest(&self, instrument: u32, class: Class) -> u8 {
        self.seats.interest(instrument, class)
    }

    #[inline(always)]
    fn wants_all(&self) -> bool {
        self.records.is_some()
    }

    #[inline(always)]
    fn push(&mut self, seats: u8, class: Class, instrument: u32, record: &Record) {
        if let Some(log) = &mut self.records {
            log.push(record);
        }
        if seats != 0 {
            self.seats.push(seats, class, instrument, record);
        }
    }

    #[inline(always)]
    fn end_step(&mut self, step: u64) {
        self.seats.end_step(step);
    }

    #[inline(always)]
    fn step_view(&mut self, view: StepView<'_>) {
        if let Some(csv) = &mut self.csv {
            csv.event(&view);
        }
    }

    fn push_private(&mut self, record: &Record) {
        self.seats.push_private(record);
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        if let Some(csv) = &mut self.csv {
            csv.name(row.instrument.index(), row.symbol());
        }
        self.seats.instrument(row);
    }

    fn book_begins(&mut self, instrument: u32, book: &EmptyBook) {
        self.seats.book_begins(instrument, book);
    }

    fn image(&mut self, instrument: u32, image: &Image) {
        self.seats.image(instrument, image);
    }

    fn session(&mut self, id: &[u8; 16]) {
        self.seats.session(id);
    }

    fn session_began(&mut self, instruments: u32) {
        self.seats.session_began(instruments);
    }

    fn gap_opened(&mut self, channel: u16, gap: &Gap) {
        self.seats.gap_opened(channel, gap);
    }

    fn gap_closed(&mut self, channel: u16, gap: &Gap, how: GapHow, now: u64) {
        self.seats.gap_closed(channel, gap, how, now);
    }

    fn refused(&mut self, name: &'static str, now: u64) {
        self.seats.refused(name, now);
    }

    fn request_refresh(&mut self, instrument: u32) {
        self.seats.request_refresh(instrument);
    }

    #[inline(always)]
    fn end_poll(&mut self, found_nothing: bool, now: u64, books: &mut BookRefresh<'_>) {
        self.seats.end_poll(found_nothing, now, books);
    }

    fn refreshes_pending(&self) -> bool {
        self.seats.refreshes_pending()
    }

    fn counts(&mut self, counts: &Counts) {
        self.seats.counts(counts);
    }

    #[inline(always)]
    fn interval(&mut self, interval: Interval, ns: u64) {
        self.seats.interval(interval, ns);
    }
}
