//! A made-up market on both sides of a fan-out: what was sent to whom, and what each consumer has
//! made of what it got. Books add up, so that one missed or doubled record shows for ever.
#![allow(dead_code)] // Each test file uses its part.

use shm::claim::Claim;
use shm::fanout::{
    ClassRules, Events, Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant,
};
use shm::lines::HeapLines;
use shm::seat::layout::{ctl_lines, ring_lines};
use shm::seat::{Attach, Consumer, Counter, Filter};
use std::sync::Arc;

pub const STREAM: u8 = 0;
pub const ORDERS: u8 = 1;
pub const TOP: u8 = 3;
pub const TRADES: u8 = 4;
pub const STATUS: u8 = 5;
pub const BOOKS: u8 = 1 << ORDERS | 1 << 2 | 1 << TOP;
pub const RULES: ClassRules =
    ClassRules { stream: STREAM, book_classes: BOOKS, conflate_class: TOP, counted_class: TRADES };

const UPDATE: u64 = 1;
const BEGIN: u64 = 2;
const VALUE: u64 = 3;
const END: u64 = 4;
const LOST: u64 = 5;
pub const GREETING: u64 = 6;

pub type Record = [u64; 8];
pub type Memory = Arc<HeapLines>;

/// Byte 1 is the kind, byte 2 the class, the upper half the instrument, as far as the tests care.
pub fn record(kind: u64, class: u8, instrument: u32, step: u64, value: u64) -> Record {
    let head = kind << 8 | u64::from(class) << 16 | u64::from(instrument) << 32;
    [head, step, value, !value, value ^ step, head, step, value]
}

/// The producer's books: one number per instrument and class.
pub struct Books {
    pub values: Vec<[u64; 8]>,
    /// Records of a refresh beyond the values, to make it large.
    pub padding: u64,
    pub step: u64,
    pub refreshed: u64,
    /// Whether a refresh is written whole even where a part is asked for.
    pub whole: bool,
}

impl Books {
    /// All records of a refresh as the book is now.
    fn records(&self, instrument: u32, want: SeatWant) -> Vec<Record> {
        let mut records = vec![record(BEGIN, 0, instrument, self.step, 0)];
        for class in 0..8 {
            if want.classes & BOOKS >> class << class & 1 << class != 0 {
                let value = self.values[instrument as usize][usize::from(class)];
                records.push(record(VALUE, class, instrument, self.step, value));
            }
        }
        for _ in 0..self.padding {
            records.push(record(VALUE, 7, instrument, self.step, 0));
        }
        records.push(record(END, 0, instrument, self.step, 0));
        records
    }
}

impl Refresh for Books {
    fn refresh(&mut self, instrument: u32, want: SeatWant, out: &mut RefreshOut) {
        let records = self.records(instrument, want);
        if self.whole {
            self.refreshed += 1;
            records.iter().for_each(|record| out.push(record));
            return;
        }
        // Word 0: records written; word 1: the instrument, to see that places are not mixed up;
        // word 2: records of the whole refresh, without which it begins anew.
        let [written, of, whole, _] = out.place();
        assert!(written == 0 || of == u64::from(instrument), "the place of another book");
        let written = if whole == records.len() as u64 { written } else { 0 };
        self.refreshed += u64::from(written == 0);
        if written == 0 {
            out.announce(records.len() as u64);
        }
        let (from, end) = (written as usize, records.len());
        let to = from.saturating_add(out.part()).min(end);
        records[from..to].iter().for_each(|record| out.push(record));
        if to < end {
            out.go_on_at([to as u64, u64::from(instrument), end as u64, 0]);
        }
    }

    fn lost(&mut self, report: LostReport) -> Record {
        let LostReport { first_step, last_step, records, counted, instruments } = report;
        [LOST << 8, self.step, first_step, last_step, records, counted, instruments, 0]
    }
}

pub struct Market {
    pub fanout: Fanout<Memory>,
    pub books: Books,
    pub memories: Vec<(Memory, Memory, usize)>,
    pub instruments: usize,
    /// Per seat: records of steps given to it in its epoch, with their step.
    pub sent: Vec<Vec<Record>>,
    pub now: u64,
}

impl Market {
    pub fn new(instruments: usize, capacities: &[usize], allow_wait: bool) -> Market {
        let memories: Vec<_> = capacities
            .iter()
            .map(|capacity| {
                let ring = Arc::new(HeapLines::new(ring_lines(*capacity, 1)));
                (ring, Arc::new(HeapLines::new(ctl_lines(instruments))), *capacity)
            })
            .collect();
        let seats = memories
            .iter()
            .map(|(ring, ctl, capacity)| SeatMemory {
                ring: ring.clone(),
                ctl: ctl.clone(),
                capacity: *capacity,
            })
            .collect();
        let spec = FanoutSpec { instruments, rules: RULES, allow_wait, generation: 3 };
        let values = vec![[0; 8]; instruments];
        let mut fanout = Fanout::new(spec, seats).expect("memories that fit");
        fanout.set_pace(1);
        Market {
            fanout,
            books: Books { values, padding: 0, step: 0, refreshed: 0, whole: false },
            sent: vec![Vec::new(); capacities.len()],
            memories,
            instruments,
            now: 1,
        }
    }

    pub fn claim(&self, seat: usize, nonce: u32, filter: Filter) -> Player {
        let (ring, ctl, capacity) = &self.memories[seat];
        let claim = Claim::new(1000 + seat as u32, nonce).expect("a claim");
        let (ring, ctl) = (ring.clone(), ctl.clone());
        let consumer = Consumer::claim(ring, ctl, *capacity, self.instruments, filter, claim);
        Player::new(seat, consumer.expect("a free seat"), self.instruments)
    }

    /// Claims and waits until records flow.
    pub fn join(&mut self, seat: usize, nonce: u32, filter: Filter) -> Player {
        let mut player = self.claim(seat, nonce, filter);
        self.poll(false);
        assert_eq!(player.consumer.poll_attach(), Attach::Active);
        player
    }

    /// One record of the present step; books change whether or not anybody listens.
    pub fn push(&mut self, class: u8, instrument: u32, delta: u64) -> u8 {
        let step = self.books.step + 1;
        let value = &mut self.books.values[instrument as usize][usize::from(class)];
        *value = value.wrapping_add(delta);
        let mask = self.fanout.interest(instrument, class);
        // A change of the book that is being refreshed: the refresh brings it.
        let refreshing = self.fanout.refreshing();
        if mask != 0 {
            let record = record(UPDATE, class, instrument, step, delta);
            self.fanout.push(mask, class, instrument, &record);
            let withheld =
                refreshing.filter(|(_, of)| *of == instrument && BOOKS >> class & 1 != 0);
            for (seat, sent) in self.sent.iter_mut().enumerate() {
                if mask >> seat & 1 != 0 && withheld.is_none_or(|(of, _)| of != seat) {
                    sent.push(record);
                }
            }
        }
        mask
    }

    pub fn end_step(&mut self) {
        self.books.step += 1;
        self.fanout.end_step(self.books.step);
    }

    pub fn step(&mut self, records: &[(u8, u32, u64)]) {
        for (class, instrument, delta) in records {
            self.push(*class, *instrument, *delta);
        }
        self.end_step();
    }

    pub fn poll(&mut self, found_nothing: bool) -> Events {
        self.now += 1_000;
        let events = self.fanout.end_poll(found_nothing, self.now, &mut self.books);
        for (seat, sent) in self.sent.iter_mut().enumerate() {
            if events.activated >> seat & 1 != 0 {
                sent.clear();
            }
        }
        events
    }

    pub fn counter(&self, seat: usize, counter: Counter) -> u64 {
        self.fanout.counters(seat)[counter.index()]
    }
}

/// A consumer that follows the rules of the protocol.
pub struct Player {
    pub seat: usize,
    pub consumer: Consumer<Memory, Memory>,
    pub books: Vec<[u64; 8]>,
    pub usable: Vec<bool>,
    pub got: Vec<Record>,
    pub lost: LostReport,
    pub losses: u64,
    pub skipped: u64,
    /// Whether it has ever resynced.
    skips: bool,
    pub greetings: u64,
    /// Refreshes that were given up before their end.
    pub given_up: u64,
    refreshing: u32,
    last_step: u64,
}

impl Player {
    fn new(seat: usize, consumer: Consumer<Memory, Memory>, instruments: usize) -> Player {
        Player {
            seat,
            consumer,
            books: vec![[0; 8]; instruments],
            usable: vec![false; instruments],
            got: Vec::new(),
            lost: LostReport::default(),
            losses: 0,
            skipped: 0,
            skips: false,
            greetings: 0,
            given_up: 0,
            refreshing: 0,
            last_step: 0,
        }
    }

    /// Takes up to `most` records; true if there was nothing more.
    pub fn take(&mut self, most: usize) -> bool {
        self.consumer.poll_attach();
        for _ in 0..most {
            match self.consumer.next() {
                Some(record) => self.apply(&record),
                None => {
                    self.consumer.release();
                    return true;
                }
            }
        }
        self.consumer.release();
        false
    }

    fn apply(&mut self, found: &Record) {
        let [head, step, value, ..] = *found;
        assert_eq!(head & 0xff, 0, "byte 0 is the ring's");
        let (kind, class) = (head >> 8 & 0xff, (head >> 16 & 0xff) as usize);
        let at = (head >> 32) as usize;
        assert!(step >= self.last_step, "steps go back from {} to {step}", self.last_step);
        self.last_step = step;
        let inside = self.refreshing != 0 && self.refreshing as usize == at;
        let of_book = kind == UPDATE && BOOKS >> class & 1 != 0;
        assert!(!inside || !of_book, "a change of the book inside of its refresh");
        match kind {
            UPDATE => {
                self.got.push(*found);
                if BOOKS >> class & 1 != 0 {
                    let books = &mut self.books[at];
                    books[class] = books[class].wrapping_add(value);
                }
            }
            BEGIN => {
                self.given_up += u64::from(self.refreshing != 0);
                self.refreshing = at as u32;
                self.usable[at] = false;
                self.books[at] = [0; 8];
            }
            // Outside of a refresh: the rest of one whose begin a resync has skipped.
            VALUE | END if !inside => assert!(self.refreshing == 0 && self.skips),
            VALUE => self.books[at][class] = value,
            END => {
                self.refreshing = 0;
                self.usable[at] = true;
            }
            LOST => {
                let [.., first_step, last_step, records, counted, instruments, _] = *found;
                assert!(first_step > 0 && first_step <= last_step && last_step <= step);
                assert!(records > 0);
                self.losses += 1;
                self.lost.records += records;
                self.lost.counted += counted;
                self.lost.instruments += instruments;
                // Those of the last report.
                (self.lost.first_step, self.lost.last_step) = (first_step, last_step);
            }
            GREETING => self.greetings += 1,
            _ => panic!("kind {kind}"),
        }
    }

    /// After a resync whatever was half read is gone.
    pub fn forget_refresh(&mut self) {
        self.refreshing = 0;
        self.skips = true;
        self.usable.fill(false);
    }

    /// What was got is what was sent, in order, in whole steps, and what is missing was declared.
    pub fn check_against(&self, market: &Market) {
        let sent = &market.sent[self.seat];
        let (mut got, mut missing, mut trades) = (self.got.iter().peekable(), 0, 0);
        let mut at = 0;
        while at < sent.len() {
            let step = sent[at][1];
            let part = sent[at..].iter().take_while(|record| record[1] == step).count();
            let part = &sent[at..at + part];
            at += part.len();
            if got.peek().is_some_and(|first| first[1] == step) {
                for record in part {
                    assert_eq!(got.next(), Some(record), "step {step} came in part");
                }
            } else {
                missing += part.len() as u64;
                let of_trades = |record: &&Record| record[0] >> 16 & 0xff == u64::from(TRADES);
                trades += part.iter().filter(of_trades).count() as u64;
            }
        }
        assert_eq!(got.next(), None, "something was got that was not sent");
        let conflated = market.counter(self.seat, Counter::Conflated);
        assert_eq!(missing, self.lost.records + conflated, "sent = got + declared");
        assert_eq!(trades, self.lost.counted);
        assert_eq!(self.got.len() as u64, market.counter(self.seat, Counter::Delivered));
        assert_eq!(self.lost.records, market.counter(self.seat, Counter::Lost));
    }

    /// Every book that was asked for is usable and is the producer's.
    pub fn check_books(&self, market: &Market) {
        let filter = self.consumer.filter();
        if filter.classes & BOOKS == 0 {
            return;
        }
        for at in 1..market.instruments {
            if !filter.contains(at as u32) {
                continue;
            }
            assert!(self.usable[at], "instrument {at} never came");
            for class in 0..8 {
                if filter.classes & BOOKS & 1 << class != 0 {
                    let (mine, theirs) = (self.books[at][class], market.books.values[at][class]);
                    assert_eq!(mine, theirs, "instrument {at}, class {class}");
                }
            }
        }
    }
}

/// Polls idle until the player has no refresh to come.
pub fn settle(market: &mut Market, player: &mut Player) {
    for _ in 0..10_000 {
        market.poll(true);
        player.take(usize::MAX);
        if market.fanout.refreshes_pending(player.seat) == 0 {
            return;
        }
    }
    panic!("the refreshes do not end");
}
