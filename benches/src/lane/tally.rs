//! What was read: the number of records and the sum of all their words.
//!
//! The lane's side adds up what it hands out, the consumer what it reads. Equal sums over millions
//! of records mean that every word of every record came through. The same step has another number in
//! another round, so its difference to the round's first step is what counts; that is put right by
//! [`Tally::with_steps_from`].

use feed::gap::Gap;
use feed::publish::outlet::Outlet;
use feed::publish::refresh::BookRefresh;
use wire::codes::GapHow;
use wire::{Class, Image, InstrumentRow, Kind, Record};

use super::consumer::CLASSES;

/// Records and the sum of their words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub records: u64,
    /// Sum of all words, wrapping.
    pub sum: u64,
}

impl Tally {
    /// Takes a record into account, if it is of the classes that were asked for. What comes to every
    /// seat (sessions, heartbeats) depends on the clock and does not count.
    #[inline(always)]
    pub fn note(&mut self, record: &Record) {
        let words = record.to_words();
        let counts = COUNTED >> (record.kind & 63) & 1 != 0 && record.kind < 64;
        let sum = words.iter().fold(0_u64, |sum, word| sum.wrapping_add(*word));
        self.sum = self.sum.wrapping_add(if counts { sum } else { 0 });
        self.records += u64::from(counts);
    }

    /// What came since `before`.
    pub fn since(self, before: Tally) -> Tally {
        Tally {
            records: self.records.wrapping_sub(before.records),
            sum: self.sum.wrapping_sub(before.sum),
        }
    }

    /// The same records in a round whose steps have numbers greater by `steps`.
    pub fn with_steps_from(self, steps: u64) -> Tally {
        Tally { sum: self.sum.wrapping_add(self.records.wrapping_mul(steps)), ..self }
    }
}

/// Kinds of the classes that were asked for, a bit a kind; all are below 64. What comes to every
/// seat, such as the bounds of a book, is not among them.
const COUNTED: u64 = {
    let (mut kinds, mut at) = (0, 0);
    while at < Kind::ALL.len() {
        let kind = Kind::ALL[at];
        if CLASSES & kind.class().bit() != 0 {
            kinds |= 1 << kind as u8;
        }
        at += 1;
    }
    kinds
};

/// An outlet that adds up what a seat for ORDERS and TRADES would get.
#[derive(Clone, Copy, Debug, Default)]
pub struct Adder(pub Tally);

impl Outlet for Adder {
    fn interest(&self, _instrument: u32, class: Class) -> u8 {
        u8::from(CLASSES & class.bit() != 0)
    }
    fn push(&mut self, _seats: u8, _class: Class, _instrument: u32, record: &Record) {
        self.0.note(record);
    }
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
    fn counts(&mut self, _counts: &feed::counts::Counts) {}
}
