//! What a lane writes, into the regions: the lane's side of every call.

use shm::fanout::{LostReport, Refresh, RefreshOut, SeatWant};
use shm::ledger::{self, GapState};
use wire::codes::GapHow;
use wire::payload::Lost;
use wire::{Class, Image, InstrumentRow, Record};

use super::{Inner, Regions};
use crate::counts::{Counts, Interval};
use crate::gap::Gap;
use crate::publish::outlet::{EmptyBook, Outlet};
use crate::publish::refresh::BookRefresh;

/// Codes of the error table: what was refused carries its name as text.
const REFUSED: u32 = 1;
/// Code of a refresh that no ring of this size can hold.
const REFRESH_TOO_LARGE: u32 = 2;

/// How the seats get whole books and learn of losses.
struct Callback<'a, 'b>(&'a BookRefresh<'b>);

impl Refresh for Callback<'_, '_> {
    fn refresh(&mut self, instrument: u32, want: SeatWant, out: &mut RefreshOut) {
        self.0.write_to(instrument, want, out);
    }

    #[inline(always)]
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

impl Inner {
    fn gap_opened(&mut self, channel: u16, gap: &Gap) {
        let ticket = self.gaps.declare(&ledger::Gap {
            gap_id: gap.id,
            channel,
            how: GapHow::Open as u8,
            state: GapState::Open,
            session: self.session,
            first: gap.first,
            end: gap.end,
            lines: u64::from(gap.lines),
            declared_ns: gap.declared_ns,
            ended_ns: 0,
            recovered: 0,
        });
        if self.tickets.len() < self.tickets.capacity() {
            self.tickets.push((gap.id, ticket));
        }
    }

    fn gap_closed(&mut self, gap: &Gap, how: GapHow, now: u64) {
        let Some(at) = self.tickets.iter().position(|(id, _)| *id == gap.id) else { return };
        let (_, ticket) = self.tickets.swap_remove(at);
        let healed = matches!(how, GapHow::Retransmission | GapHow::Snapshot);
        let (end, recovered) = (gap.end, gap.recovered);
        let end = ledger::GapEnd { healed, how: how as u8, end, ended_ns: now, recovered };
        self.gaps.end(ticket, &end);
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        let index = row.instrument.index();
        let words = row.to_words();
        if index == self.instruments.count() {
            // The table has as many rows as the lane has indices.
            let _ = self.instruments.append(&words);
        } else {
            let _ = self.instruments.update(index, &words);
        }
    }
}

impl Outlet for Regions {
    #[inline(always)]
    fn interest(&self, instrument: u32, class: Class) -> u8 {
        match &self.inner {
            Some(inner) => inner.fanout.interest(instrument, class as u8),
            None => 0,
        }
    }

    #[inline(always)]
    fn push(&mut self, seats: u8, class: Class, instrument: u32, record: &Record) {
        if let Some(inner) = &mut self.inner {
            inner.fanout.push(seats, class as u8, instrument, &record.to_words());
        }
    }

    #[inline(always)]
    fn end_step(&mut self, step: u64) {
        if let Some(inner) = &mut self.inner {
            inner.fanout.end_step(step);
        }
    }

    fn push_private(&mut self, record: &Record) {
        if let Some(inner) = &mut self.inner {
            let seats = inner.fanout.active();
            inner.fanout.push_private(seats, &record.to_words());
        }
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        if let Some(inner) = &mut self.inner {
            inner.instrument(row);
        }
    }

    fn book_begins(&mut self, instrument: u32, book: &EmptyBook) {
        let Some(inner) = &mut self.inner else { return };
        // As book records: a seat that loses one of them gets the book by refresh.
        let orders = inner.fanout.interest(instrument, Class::Orders as u8)
            | inner.fanout.interest(instrument, Class::Levels as u8);
        let tops = inner.fanout.interest(instrument, Class::Top as u8);
        inner.fanout.interrupt(orders);
        let parts = [
            (orders, Class::Orders, &book.begin),
            (orders, Class::Orders, &book.end),
            (tops, Class::Top, &book.top),
        ];
        for (seats, class, record) in parts {
            if seats != 0 {
                inner.fanout.push(seats, class as u8, instrument, &record.to_words());
            }
        }
    }

    fn image(&mut self, instrument: u32, image: &Image) {
        let Some(inner) = &mut self.inner else { return };
        let words = image.as_words();
        // Word 0 of an image is its seqlock's version, which belongs to the memory.
        let _ = inner.images.update(instrument, |row| {
            for (at, &word) in words.iter().skip(1).enumerate() {
                row.set(at, word);
            }
        });
    }

    fn session(&mut self, id: &[u8; 16]) {
        if let Some(inner) = &mut self.inner {
            inner.session = *id;
        }
    }

    fn session_began(&mut self, instruments: u32) {
        let Some(inner) = &mut self.inner else { return };
        let deaf = inner.fanout.silent();
        for index in 1..=instruments {
            inner.fanout.request_refresh(index, deaf);
        }
    }

    fn gap_opened(&mut self, channel: u16, gap: &Gap) {
        if let Some(inner) = &mut self.inner {
            inner.gap_opened(channel, gap);
        }
    }

    fn gap_closed(&mut self, _channel: u16, gap: &Gap, how: GapHow, now: u64) {
        if let Some(inner) = &mut self.inner {
            inner.gap_closed(gap, how, now);
        }
    }

    fn refused(&mut self, name: &'static str, now: u64) {
        if let Some(inner) = &mut self.inner {
            inner.errors.report(REFUSED, name, now);
        }
    }

    fn request_refresh(&mut self, instrument: u32) {
        if let Some(inner) = &mut self.inner {
            let seats = inner.fanout.active();
            inner.fanout.request_refresh(instrument, seats);
        }
    }

    #[inline(always)]
    fn end_poll(&mut self, found_nothing: bool, now: u64, books: &mut BookRefresh<'_>) {
        let Some(inner) = &mut self.inner else { return };
        inner.producer.beat(now);
        let events = inner.fanout.end_poll(found_nothing, now, &mut Callback(books));
        if events.too_large.is_some() {
            inner.errors.report(REFRESH_TOO_LARGE, "refresh_larger_than_ring", now);
        }
    }

    fn refreshes_pending(&self) -> bool {
        let Some(inner) = &self.inner else { return false };
        (0..inner.fanout.seats()).any(|seat| inner.fanout.refreshes_pending(seat) > 0)
    }

    fn counts(&mut self, counts: &Counts) {
        let Some(inner) = &mut self.inner else { return };
        inner.counter_places.set(&mut inner.counters, counts);
    }

    #[inline(always)]
    fn interval(&mut self, interval: Interval, ns: u64) {
        if let Some(inner) = &mut self.inner {
            inner.counter_places.record(&mut inner.counters, interval, ns);
        }
    }
}
