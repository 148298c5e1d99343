//! One session with its faults, compared with the naive feed at every step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use feed::lane::{Lane, LaneConfig};
use feed::recover::RepairSpec;
use feed::recover::mail::{Fill, News, PACKET_MAX, RecoveryEnd, Unfillable, Want, mail};
use wire::codes::GapHow;
use wire::{BookState, InstrumentId, Side, Venue};

use crate::common::market::STOCKS;
use crate::common::packets::{SESSION, give_line, heartbeat, mold};
use crate::common::twin::Twin;
use crate::common::{self, Sizes};
use crate::ear::Ear;
use crate::venue::{Random, messages, numbers_of_prints, snapshot};

/// What goes wrong, and how.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    pub seed: u64,
    pub messages: usize,
    /// One packet in so many is lost, on each line.
    pub loss: u64,
    pub lines: u8,
    /// Packets of line B are so many steps behind those of A, at most.
    pub skew: u64,
    /// Answers take so many steps at most.
    pub delay: u64,
    /// One request in so many cannot be filled; 0 none.
    pub unfillable: u64,
    /// One snapshot in so many is too old; 0 none.
    pub too_old: u64,
    /// Number of the first message that is received.
    pub join: u64,
    /// Messages that the lane keeps at most.
    pub room: u32,
    /// One poll in so many gives a seat a refresh.
    pub slowness: u64,
    /// Work of a poll.
    pub work: u32,
}

impl Faults {
    pub fn usual(seed: u64) -> Faults {
        Faults {
            seed,
            messages: 400,
            loss: 8,
            lines: 1,
            skew: 0,
            delay: 20,
            unfillable: 0,
            too_old: 0,
            join: 1,
            room: 1 << 12,
            slowness: 3,
            work: 64,
        }
    }
}

/// Something that will come.
enum Due {
    Packet(u8, Vec<u8>),
    Fill(Vec<u8>),
    News(News),
    Snapshot(bool),
}

pub struct Rig {
    pub faults: Faults,
    pub lane: Lane<Ear>,
    pub end: RecoveryEnd,
    pub messages: Vec<Vec<u8>>,
    random: Random,
    /// The venue, and the venue as far as the lane has come.
    venue: Twin,
    truth: Twin,
    /// Messages sent, and those in `truth`.
    sent: u64,
    seen: u64,
    old: Option<(u64, Twin)>,
    due: BTreeMap<u64, VecDeque<Due>>,
    step: u64,
    refused_gaps: BTreeSet<u32>,
    pub merged_live: u64,
}

impl Rig {
    pub fn new(faults: Faults) -> Rig {
        let config = LaneConfig { lines: faults.lines, hold_ns: 3_000, ..common::config() };
        let (lane_end, end) = mail();
        let spec =
            RepairSpec { messages: faults.room, snapshot_retry_ns: 20_000, work: faults.work };
        let ear = Ear::new(faults.seed, faults.slowness);
        let lane = common::lane_into(config, Sizes::default(), ear);
        Rig {
            lane: lane.with_recovery(Some(lane_end), spec),
            end,
            messages: messages(faults.seed, faults.messages),
            random: Random::new(faults.seed),
            venue: Twin::default(),
            truth: Twin::default(),
            sent: 0,
            seen: 0,
            old: None,
            due: BTreeMap::new(),
            step: 0,
            refused_gaps: BTreeSet::new(),
            merged_live: 0,
            faults,
        }
    }

    fn now(&self) -> u64 {
        common::DAY.midnight_ns + self.step * 1_000
    }

    fn later(&mut self, steps: u64, due: Due) {
        self.due.entry(self.step + steps).or_default().push_back(due);
    }

    /// Sends the next messages in a packet on every line that does not lose it.
    fn send(&mut self, count: usize) {
        let first = self.sent + 1;
        let from = self.sent as usize;
        let block = self.messages[from..(from + count).min(self.messages.len())].to_vec();
        for message in &block {
            self.venue.message(message);
        }
        self.sent += block.len() as u64;
        if self.random.one_in(60) {
            self.old = Some((self.sent + 1, self.venue.clone()));
        }
        let received = self.sent >= self.faults.join;
        for line in 1..=self.faults.lines {
            let behind = if line == 1 { 0 } else { self.random.below(self.faults.skew + 1) };
            if received && !self.random.one_in(self.faults.loss) {
                let packet = mold(SESSION, first, &block);
                self.later(1 + behind, Due::Packet(line, packet));
            }
        }
    }

    /// What recovery does: everything that is wanted comes, some time, in some form.
    fn answer(&mut self) {
        while let Ok(want) = self.end.wants.pop() {
            match want {
                Want::Range { gap, first, end, .. } => self.answer_range(gap, first, end),
                Want::Snapshot { from, .. } => {
                    assert!(from <= self.sent + 1, "a snapshot of what was never sent");
                    let steps = 1 + self.random.below(self.faults.delay);
                    let old = self.faults.too_old > 0 && self.random.one_in(self.faults.too_old);
                    self.later(steps, Due::Snapshot(old));
                }
                Want::Forget { .. } | Want::Session { .. } => {}
            }
        }
        while self.end.used.pop().is_ok() {}
    }

    fn answer_range(&mut self, gap: u32, first: u64, end: u64) {
        assert!(first < end && end <= self.sent + 1, "{first}..{end} was never sent");
        let faults = self.faults;
        let steps = 1 + self.random.below(faults.delay);
        if faults.unfillable > 0 && self.random.one_in(faults.unfillable) {
            let news = News::Unfillable { gap, why: Unfillable::NoAnswer };
            self.refused_gaps.insert(gap);
            return self.later(steps, Due::News(news));
        }
        let mut at = first;
        while at < end {
            let count = (1 + self.random.below(5)).min(end - at);
            // Some are asked for with more around them, and some come twice.
            let before = self.random.below(3).min(at - 1);
            let after = self.random.below(3).min(self.sent - (at + count - 1));
            let (from, to) = (at - before, at + count + after);
            let block = self.messages[from as usize - 1..to as usize - 1].to_vec();
            let times = if self.random.one_in(5) { 2 } else { 1 };
            for _ in 0..times {
                let steps = 1 + self.random.below(faults.delay);
                let packet = mold(SESSION, from, &block);
                self.later(steps, Due::Fill(packet));
            }
            at += count;
        }
    }

    fn give(&mut self, due: Due) {
        let now = self.now();
        match due {
            Due::Packet(line, packet) => give_line(&mut self.lane, &packet, line, now),
            Due::Fill(packet) => {
                let mut fill =
                    Fill { ts_receive: now, len: packet.len() as u16, bytes: [0; PACKET_MAX] };
                fill.bytes[..packet.len()].copy_from_slice(&packet);
                assert!(self.end.fills.push(fill).is_ok());
            }
            Due::News(news) => assert!(self.end.news.push(news).is_ok()),
            Due::Snapshot(old) => {
                let made = match self.old.as_ref().filter(|_| old) {
                    Some((next, twin)) => snapshot(twin, *SESSION, *next, now),
                    None => snapshot(&self.venue, *SESSION, self.sent + 1, now),
                };
                assert!(self.end.news.push(News::Snapshot(Box::new(made))).is_ok());
            }
        }
    }

    /// One step of time: what is due comes, then the lane polls.
    pub fn step(&mut self) {
        self.step += 1;
        for due in self.due.remove(&self.step).unwrap_or_default() {
            self.give(due);
            self.check();
        }
        let idle = self.random.one_in(2);
        let now = self.now();
        self.lane.end_poll(idle, now);
        self.answer();
        self.check();
    }

    /// Messages that the lane has gone through.
    fn expected(&self) -> u64 {
        self.lane.expected()
    }

    /// No book that anybody calls live is another than the venue's.
    pub fn check(&mut self) {
        let expected = self.expected();
        while self.seen + 1 < expected {
            self.truth.message(&self.messages[self.seen as usize]);
            self.seen += 1;
        }
        assert_eq!(self.lane.publisher.outlet.contradictions(), [], "{:?}", self.faults);
        let open = !self.lane.gaps.open().is_empty();
        for name in STOCKS {
            let Some(index) = self.lane.venue.directory.index_of(&common::itch::stock(name)) else {
                continue;
            };
            let at = || format!("{name} before {expected}: {:?}", self.faults);
            if self.lane.venue.book_state(index, &self.lane.gaps) == BookState::Live {
                self.merged_live += u64::from(open);
                for (side, letter) in [(Side::Bid, b'B'), (Side::Ask, b'S')] {
                    let mine = self.lane.venue.books.orders(index, side);
                    let mine: Vec<_> = mine.map(|o| (o.reference, o.price, o.quantity)).collect();
                    assert_eq!(mine, self.truth.queue(name, letter), "lane, {}", at());
                }
            }
            let id = InstrumentId::new(Venue::Nasdaq, index);
            let books = &self.lane.publisher.outlet.books;
            if books.state(id) == BookState::Live {
                for (side, letter) in [(Side::Bid, b'B'), (Side::Ask, b'S')] {
                    let mine = books.orders(id, side).expect("it is complete");
                    let mine: Vec<_> = mine.map(|o| (o.reference, o.price, o.quantity)).collect();
                    assert_eq!(mine, self.truth.queue(name, letter), "consumer, {}", at());
                }
            }
        }
    }

    /// The whole session, and then time for everything to be healed.
    pub fn run(&mut self) {
        while (self.sent as usize) < self.messages.len() {
            let count = 1 + self.random.below(4) as usize;
            self.send(count);
            for _ in 0..1 + self.random.below(3) {
                self.step();
            }
        }
        for round in 0..400 {
            let next = self.sent + 1;
            if round % 10 == 0 {
                for line in 1..=self.faults.lines {
                    self.later(1, Due::Packet(line, heartbeat(SESSION, next)));
                }
            }
            self.step();
        }
        assert_eq!(self.expected(), self.sent + 1);
    }

    /// Everything is healed and said.
    pub fn assert_healed(&mut self) {
        let faults = self.faults;
        assert_eq!(self.lane.gaps.open(), [], "{faults:?}\n{:?}", self.lane.repaired());
        let outlet = &self.lane.publisher.outlet;
        assert_eq!(outlet.opened.len(), outlet.closed.len(), "{faults:?}");
        for name in STOCKS {
            let stock = common::itch::stock(name);
            let Some(index) = self.lane.venue.directory.index_of(&stock) else { continue };
            let state = self.lane.venue.book_state(index, &self.lane.gaps);
            assert_eq!(state, BookState::Live, "{name} {faults:?}");
            let id = InstrumentId::new(Venue::Nasdaq, index);
            assert_eq!(outlet.books.state(id), BookState::Live, "consumer, {name} {faults:?}");
        }
        self.assert_prints();
    }

    /// Each print came exactly once, or is in a gap that a snapshot healed.
    fn assert_prints(&self) {
        let faults = self.faults;
        let outlet = &self.lane.publisher.outlet;
        let mut heard: BTreeMap<u64, (String, i64, i64)> = BTreeMap::new();
        for &(index, price, shares, number, _) in &outlet.prints {
            let name = outlet.rows[&index].symbol().to_owned();
            let before = heard.insert(number, (name, price, shares));
            assert_eq!(before, None, "print {number} came twice: {faults:?}");
        }
        let by_number = numbers_of_prints(&self.messages);
        let mut declared = 0;
        for (stock, price, shares, number) in &self.truth.prints {
            match heard.remove(number) {
                Some(print) => assert_eq!(print, (stock.clone(), *price, *shares), "{faults:?}"),
                None => {
                    let message = by_number[number];
                    let lost = outlet.closed.iter().any(|(gap, how)| {
                        *how != GapHow::Retransmission && (gap.first..gap.end).contains(&message)
                    });
                    assert!(lost, "print {number} of message {message} is lost: {faults:?}");
                    declared += 1;
                }
            }
        }
        assert!(heard.is_empty(), "prints of nothing: {heard:?} {faults:?}");
        let snapshots = self.lane.repaired().snapshots;
        assert!(declared == 0 || snapshots > 0, "{faults:?}");
    }
}
