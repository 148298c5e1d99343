//! Consumers: seats of every policy and class, prompt, slow, stopped, dying, joining, changing
//! their minds. Each keeps books with `client` and is checked at every step it reads.

use std::sync::Arc;

use client::books::{BookSpec, Books as ClientBooks, Inconsistency};
use shm::claim::Claim;
use shm::lines::HeapLines;
use shm::seat::{Attach, Consumer, Counter, Filter, Policy};
use wire::payload::Lost;
use wire::{BookState, Class, InstrumentId, Kind, Record};

use crate::checks::Found;
use crate::compare::{self, Depth};
use crate::itch::stock_of;
use crate::market::Market;
use crate::mutant::Mutant;
use crate::outlet::{Memory, Tap};
use crate::random::Random;
use crate::truth::Books;

/// Longest time between two looks of one that finds nothing, ns.
const WAIT: u64 = 2_000_000;

/// How a consumer behaves, as drawn for a run.
#[derive(Clone, Debug)]
pub struct SeatSpec {
    /// Classes.
    pub classes: u8,
    /// Levels of a refresh; 0 all.
    pub depth: u16,
    /// What happens when its ring is full.
    pub policy: Policy,
    /// Instruments; empty: all.
    pub instruments: Vec<u32>,
    /// When it joins, ns UTC.
    pub joins: u64,
    /// Time between two looks, ns.
    pub every_ns: u64,
    /// Records that it takes at a time at most.
    pub batch: usize,
    /// When it stands still: from, until.
    pub stops: Option<(u64, u64)>,
    /// When it dies; another consumer takes the seat a while later.
    pub dies: Option<u64>,
    /// When it asks for other instruments: then, and for which; empty: all.
    pub changes: Vec<(u64, Vec<u32>)>,
    /// When it gives up what is unread.
    pub resyncs: Option<u64>,
}

/// Counts of a seat over all of its lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatTotals {
    /// Records read.
    pub read: u64,
    /// Records declared lost.
    pub lost: u64,
    /// Books compared with the true ones.
    pub compared: u64,
    /// Times the seat was had.
    pub lives: u64,
}

/// What is counted in one life of a seat.
#[derive(Clone, Copy, Debug, Default)]
struct Life {
    read: u64,
    lost: u64,
    skipped: u64,
    /// The last step of which a record was read.
    step: u64,
}

/// One seat and who holds it.
pub struct Seat {
    number: usize,
    spec: SeatSpec,
    memory: Memory,
    instruments: usize,
    consumer: Option<Consumer<Arc<HeapLines>, Arc<HeapLines>>>,
    books: Option<ClientBooks>,
    random: Random,
    nonce: u32,
    /// Where records of a new filter begin.
    boundary: Option<u64>,
    next_filter: Option<Filter>,
    /// The true books at the last step read, and where that is: session, messages.
    truth: Books,
    at: (u32, u32),
    /// Instruments about which the step that is being read has records.
    touched: Vec<u32>,
    life: Life,
    closed: bool,
    /// Books of limited depth that were used up, as last looked at.
    exhausted: u64,
    /// Contradictions, as last printed.
    doubted: Vec<(&'static str, u64)>,
    /// How long it waits because there was nothing, ns.
    wait: u64,
    /// What was counted.
    pub totals: SeatTotals,
    mutant: Option<Mutant>,
}

/// What a consumer can know of the lane and the market.
pub struct Around<'a> {
    /// The market.
    pub market: &'a Market,
    /// By step: session and messages.
    pub steps: &'a [(u32, u32)],
    /// The lane's outlet.
    pub tap: &'a Tap,
    /// Virtual time, ns UTC.
    pub now: u64,
    /// Whether every record is printed.
    pub print: bool,
}

impl Seat {
    /// Seat `number` of a lane; nobody holds it yet.
    pub fn new(number: usize, spec: SeatSpec, tap: &Tap, seed: u64, stocks: u16) -> Seat {
        Seat {
            number,
            spec,
            memory: tap.memories[number].clone(),
            instruments: tap.instruments(),
            consumer: None,
            books: None,
            random: Random::new(seed, 100 + number as u64),
            nonce: 0,
            boundary: None,
            next_filter: None,
            truth: Books::new(stocks),
            at: (0, 0),
            touched: Vec::new(),
            life: Life::default(),
            closed: false,
            exhausted: 0,
            doubted: Vec::new(),
            wait: 0,
            totals: SeatTotals::default(),
            mutant: None,
        }
    }

    /// Builds a fault into this consumer.
    pub fn mutate(&mut self, mutant: Option<Mutant>) {
        self.mutant = mutant;
    }

    /// How it behaves.
    pub fn spec(&self) -> &SeatSpec {
        &self.spec
    }

    /// When it looks for the first time, ns UTC.
    pub fn joins(&self) -> u64 {
        self.spec.joins
    }

    /// Whether it holds books of an instrument.
    pub fn state(&self, index: u32) -> Option<BookState> {
        let books = self.books.as_ref()?;
        Some(books.state(InstrumentId::new(wire::Venue::Nasdaq, index)))
    }

    /// What contradicted its books, by name, and the refreshes that are due to it.
    pub fn doubts(&self) -> (Vec<(&'static str, u64)>, u64) {
        let Some(books) = &self.books else { return (Vec::new(), 0) };
        let counts = books.counts();
        let named = Inconsistency::all().map(|what| (what.name(), counts.of(what)));
        (named.filter(|&(_, count)| count > 0).collect(), books.refreshes_due())
    }

    /// Whether somebody has the seat and wants books of this instrument.
    pub fn wants(&self, index: u32) -> bool {
        let consumer = self.consumer.as_ref();
        consumer.is_some_and(|consumer| {
            self.spec.classes & Class::BOOK != 0 && consumer.filter().contains(index)
        })
    }

    fn filter(&self, instruments: &[u32]) -> Filter {
        let filter = match instruments {
            [] => Filter::all(self.spec.classes),
            some => Filter::of(self.spec.classes, some.iter().copied()),
        };
        filter.policy(self.spec.policy).depth(self.spec.depth)
    }

    /// Looks at its ring, and does whatever it does at this time. Gives back when it looks again.
    pub fn look(&mut self, around: &Around<'_>) -> Result<u64, String> {
        let now = around.now;
        if let Some(dies) = self.spec.dies
            && now >= dies
            && self.consumer.is_some()
        {
            self.die(around);
            self.spec.dies = None;
            return Ok(now + 3_000_000 + self.random.below(5_000_000));
        }
        if self.consumer.is_none() {
            self.join()?;
        }
        if let Some((from, until)) = self.spec.stops
            && (from..until).contains(&now)
        {
            return Ok(until.min(now + 20_000_000));
        }
        self.attend(around)?;
        let (every, batch, before) = (self.spec.every_ns, self.spec.batch, self.totals.read);
        self.read(around, batch)?;
        // Who finds nothing looks less often for a while.
        self.wait = if self.totals.read > before { 0 } else { (2 * self.wait + every).min(WAIT) };
        let every = every.max(self.wait);
        Ok(now + 1 + every / 2 + self.random.below(every))
    }

    fn join(&mut self) -> Found {
        self.nonce += 1;
        let claim = Claim::new(1 + self.number as u32, self.nonce).ok_or("a claim")?;
        let (ring, ctl) = (self.memory.ring.clone(), self.memory.ctl.clone());
        let filter = self.filter(&self.spec.instruments);
        let capacity = self.memory.capacity;
        let consumer = Consumer::claim(ring, ctl, capacity, self.instruments, filter, claim);
        // The lane may not have freed the dead one's seat yet: the next look tries again.
        let Ok(consumer) = consumer else { return Ok(()) };
        self.consumer = Some(consumer);
        let spec = BookSpec {
            classes: self.spec.classes,
            instruments: self.instruments as u32,
            orders: 1 << 12,
            levels: 64,
        };
        let books = ClientBooks::new(spec).map_err(|error| error.to_string())?;
        self.books = Some(books);
        (self.boundary, self.next_filter) = (None, None);
        self.closed = false;
        self.life = Life::default();
        Ok(())
    }

    /// It is gone without a word; the lane's watcher finds that out.
    fn die(&mut self, around: &Around<'_>) {
        if let Some(consumer) = self.consumer.take() {
            std::mem::forget(consumer);
        }
        self.books = None;
        self.totals.lives += 1;
        around.tap.fanout.signals().seat_died(self.number);
    }

    /// Answers of the lane, changes of the filter, resyncs.
    fn attend(&mut self, around: &Around<'_>) -> Found {
        let Some(consumer) = &mut self.consumer else { return Ok(()) };
        let was = consumer.epoch();
        match consumer.poll_attach() {
            Attach::Active if was == 0 => {
                self.life = Life::default();
                if let Some(books) = &mut self.books {
                    books.begin();
                    books.want(consumer.filter());
                }
            }
            Attach::Closed(reason) => {
                let full = reason == shm::seat::Reason::RingFull;
                if !(full && self.spec.policy == Policy::Detach) {
                    return Err(format!("seat {} was closed: {}", self.number, reason.name()));
                }
                self.closed = true;
            }
            Attach::Refused(reason) => {
                return Err(format!("seat {} was refused: {}", self.number, reason.name()));
            }
            _ => {}
        }
        if let Some(&(at, _)) = self.spec.changes.first()
            && around.now >= at
        {
            let (_, instruments) = self.spec.changes.remove(0);
            self.next_filter = Some(self.filter(&instruments));
        }
        if self.spec.resyncs.is_some_and(|at| around.now >= at) && was != 0 && !self.closed {
            self.spec.resyncs = None;
            self.resync();
        }
        // A book of limited depth has used up what it knew, or it cannot be known which books a
        // loss concerns: only refreshes bring them back.
        let (exhausted, stuck) = self.books.as_ref().map_or((0, false), |books| {
            (books.counts().of(Inconsistency::DepthExhausted), books.needs_resync())
        });
        let used_up = std::mem::replace(&mut self.exhausted, exhausted) < exhausted;
        if (used_up || stuck) && !self.closed {
            self.resync();
        }
        self.ask_next();
        Ok(())
    }

    fn resync(&mut self) {
        let Some(consumer) = &mut self.consumer else { return };
        self.life.skipped += consumer.resync();
        if let Some(books) = &mut self.books {
            books.forget_all();
        }
    }

    /// Asks for the next filter as `client` does: when the last request has been answered.
    fn ask_next(&mut self) {
        let Some(consumer) = &mut self.consumer else { return };
        if self.next_filter.is_none() || consumer.epoch() == 0 || self.boundary.is_some() {
            return;
        }
        let answered = consumer.status().is_ok_and(|status| {
            status.claim == consumer.held().word() && status.number == consumer.number()
        });
        if !answered {
            return;
        }
        if let Some(filter) = self.next_filter.take() {
            self.boundary = Some(consumer.position().saturating_add(consumer.lag()));
            consumer.set_filter(filter);
        }
    }

    /// Reads at most `batch` records.
    pub fn read(&mut self, around: &Around<'_>, batch: usize) -> Found {
        let mut taken = 0;
        while taken < batch {
            let Some(consumer) = &mut self.consumer else { return Ok(()) };
            if self.boundary.is_some_and(|boundary| consumer.position() >= boundary) {
                self.boundary = None;
                self.settle(around)?;
                let Some(consumer) = &self.consumer else { return Ok(()) };
                if let Some(books) = &mut self.books {
                    books.want(consumer.filter());
                }
                continue;
            }
            let Some(words) = consumer.next() else { break };
            taken += 1;
            self.record(&Record::from_words(words), around)?;
        }
        if self.is_drained() {
            // Else the batch may have ended in the middle of a step.
            self.settle(around)?;
        }
        if let Some(consumer) = &mut self.consumer {
            consumer.release();
        }
        if self.closed && taken == 0 {
            // Everything was read: the seat is free for the next one.
            self.check_life(around, true)?;
            self.consumer = None;
            self.books = None;
            self.totals.lives += 1;
        }
        Ok(())
    }

    fn record(&mut self, record: &Record, around: &Around<'_>) -> Found {
        let step = record.sequence;
        if step != self.life.step {
            self.settle(around)?;
            if step < self.life.step {
                return Err(format!(
                    "seat {}: step {step} after step {}",
                    self.number, self.life.step
                ));
            }
            self.life.step = step;
            self.advance(around)?;
        }
        self.life.read += 1;
        self.totals.read += 1;
        if let Some(lost) = record.get::<Lost>() {
            self.life.lost += lost.records;
            self.totals.lost += lost.records;
        }
        let index = record.instrument.index();
        let class = record.kind().map(Kind::class);
        let book = class.is_some_and(|class| Class::BOOK & class.bit() != 0);
        if index != 0 && (book || class == Some(Class::Stream)) && !self.touched.contains(&index) {
            self.touched.push(index);
        }
        if around.print && self.doubts().0 != self.doubted {
            self.doubted = self.doubts().0;
            println!("    seat {}: contradictions before this: {:?}", self.number, self.doubted);
        }
        if around.print {
            let (kind, seat) = (record.kind().map_or("?", Kind::name), self.number);
            let (quality, words) = (record.quality.state(), record.payload);
            println!("    seat {seat}: step {step} {kind} of {index}, {quality:?}: {words:?}");
        }
        let skips = self.mutant == Some(Mutant::ConsumerSkips) && self.random.below(100) == 0;
        if let Some(books) = &mut self.books
            && !skips
        {
            books.record(record);
        }
        Ok(())
    }

    /// The true books become those of the step that is read.
    fn advance(&mut self, around: &Around<'_>) -> Found {
        let Some(&(session, messages)) = around.steps.get(self.life.step as usize) else {
            return Err(format!("seat {}: step {} is not known", self.number, self.life.step));
        };
        if session != self.at.0 {
            self.truth.clear();
            self.at = (session, 0);
        }
        let all = &around.market.sessions[session as usize].messages;
        for message in &all[self.at.1 as usize..messages.max(self.at.1) as usize] {
            self.truth.apply(message.change);
        }
        self.at.1 = messages;
        Ok(())
    }

    /// A step has been read whole: the books that it touched are compared.
    fn settle(&mut self, around: &Around<'_>) -> Found {
        let mut touched = std::mem::take(&mut self.touched);
        for &index in &touched {
            self.compare(index, around)?;
        }
        touched.clear();
        self.touched = touched;
        Ok(())
    }

    fn depth(&self) -> Depth {
        let has = |class: Class| self.spec.classes & class.bit() != 0;
        match self.spec.depth {
            0 if has(Class::Orders) => Depth::Orders,
            depth if has(Class::Orders) || has(Class::Levels) => Depth::Levels(usize::from(depth)),
            _ => Depth::Best,
        }
    }

    fn compare(&mut self, index: u32, around: &Around<'_>) -> Found {
        let Some(books) = &self.books else { return Ok(()) };
        let id = InstrumentId::new(wire::Venue::Nasdaq, index);
        if books.state(id) != BookState::Live {
            return Ok(());
        }
        let row = around.tap.rows.get(index as usize);
        let Some(stock) = row.and_then(|row| stock_of(&row.native_symbol)) else { return Ok(()) };
        self.totals.compared += 1;
        compare::client(books, id, &self.truth, stock, self.depth()).map_err(|what| {
            format!("seat {} calls a book live that is not true at step {}: {what}", self.number, {
                self.life.step
            })
        })
    }

    /// Compares every book that is called live. One that conflates may be behind on those whose
    /// records it was not given, so it is only asked when everything has come.
    pub fn compare_all(&mut self, around: &Around<'_>, quiet: bool) -> Found {
        // Else it may have read the half of a step.
        let midway = !self.is_drained();
        if (self.spec.policy == Policy::Conflate && !quiet) || midway {
            return Ok(());
        }
        for index in 1..self.instruments as u32 {
            self.compare(index, around)?;
        }
        Ok(())
    }

    /// Everything that was wanted was read or declared lost.
    pub fn check_life(&self, around: &Around<'_>, drained: bool) -> Found {
        let Some(consumer) = &self.consumer else { return Ok(()) };
        if consumer.epoch() == 0 || !drained {
            return Ok(());
        }
        let fanout = &around.tap.fanout;
        let counters = fanout.counters(self.number);
        let [delivered, private, lost, conflated] =
            [Counter::Delivered, Counter::Private, Counter::Lost, Counter::Conflated]
                .map(|counter| counters[counter.index()]);
        let pushed = around.tap.pushed[self.number];
        let same_epoch = self.closed || counters[Counter::Epoch.index()] == consumer.epoch();
        if !same_epoch {
            return Ok(());
        }
        // A seat that detaches is closed instead of getting the step that did not fit.
        let accounted = delivered + lost + conflated;
        if pushed < accounted || (pushed != accounted && !self.closed) {
            return Err(format!(
                "seat {}: {pushed} records wanted, {delivered} delivered, {lost} lost, \
                 {conflated} conflated",
                self.number
            ));
        }
        let Life { read, skipped, lost: declared, .. } = self.life;
        if read + skipped != delivered + private {
            return Err(format!(
                "seat {}: {read} records read and {skipped} skipped of {delivered} and {private}",
                self.number
            ));
        }
        let silent = fanout.silent() >> self.number & 1 != 0;
        if declared != lost && !silent && skipped == 0 && !self.closed {
            return Err(format!("seat {}: {lost} lost, {declared} declared", self.number));
        }
        Ok(())
    }

    /// Whether the ring is empty.
    pub fn is_drained(&self) -> bool {
        self.consumer.as_ref().is_none_or(|consumer| consumer.lag() == 0)
    }

    /// Faults stop: it stands still no more, dies no more, and reads as fast as it can.
    pub fn calm(&mut self) {
        self.spec.stops = None;
        self.spec.dies = None;
        self.spec.every_ns = self.spec.every_ns.min(200_000);
        self.spec.batch = usize::MAX;
    }
}
