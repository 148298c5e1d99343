//! A world in virtual time: servers that answer requests, with faults; a lane that wants numbers.
//!
//! What message a number has is a function of the number, so that a filled message can be judged
//! without any history of the test's own.

use std::collections::{BTreeMap, BTreeSet};

use feed::recover::mail::{LaneEnd, News, SessionName, Unfillable, Want, mail};
use feed::recover::{Network, Recovery, RecoverySpec, StreamEvent};

use crate::common::itch::{self, Add};
use crate::common::packets::{end_of_session, header, heartbeat, mold};

pub const SESSION: SessionName = *b"SIM0000001";
pub const MS: u64 = 1_000_000;
pub const BEGIN: u64 = 1_700_000_000_000_000_000;

/// A small generator, so that a seed is the whole of a case.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

/// The message of a number: ITCH of one of four lengths, or one without bytes.
pub fn message(number: u64) -> Vec<u8> {
    let add = Add { reference: number, side: b'S', shares: 7, stock: "AAA", price: 5 };
    match number % 5 {
        0 => Vec::new(),
        1 => itch::add(1, number, add),
        2 => itch::cancel(1, number, number, 3),
        3 => itch::delete(1, number, number),
        _ => itch::replace((1, number), (number, number + 1), 2, 3),
    }
}

/// Another message under the same number.
fn lie(number: u64) -> Vec<u8> {
    itch::delete(2, number, number + 1)
}

pub fn messages(first: u64, end: u64) -> Vec<Vec<u8>> {
    (first..end).map(message).collect()
}

/// What a server does wrong, each as a share of requests in a hundred.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub dead: bool,
    pub drops: u64,
    pub delay_ns: u64,
    pub spread_ns: u64,
    /// Answers are cut to so many messages; 0: as many as fit.
    pub at_most: u64,
    /// The rest of an answer comes in further packets.
    pub goes_on: bool,
    pub duplicates: u64,
    pub wrong_session: u64,
    pub beyond: u64,
    pub elsewhere: u64,
    pub malformed: u64,
    pub heartbeats: u64,
    pub ends: u64,
    pub oldest: u64,
    /// Answers with messages that are no ITCH.
    pub garbles: u64,
    /// Answers with messages that are others.
    pub lies: u64,
}

/// A request as the network saw it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub at: u64,
    pub server: u8,
    pub first: u64,
    pub count: u16,
}

/// The network and its servers.
pub struct Net {
    pub now: u64,
    pub servers: Vec<Faults>,
    pub seen: Vec<Seen>,
    pub due: BTreeMap<(u64, u64), (u8, Vec<u8>)>,
    pub random: Random,
    /// Sends that the network refuses, in a hundred.
    pub refuses: u64,
    given: u64,
}

impl Net {
    pub fn new(servers: Vec<Faults>, seed: u64) -> Net {
        let random = Random(seed);
        let (seen, due) = (Vec::new(), BTreeMap::new());
        Net { now: BEGIN, servers, seen, due, random, refuses: 0, given: 0 }
    }

    pub fn send(&mut self, server: u8, delay: u64, bytes: Vec<u8>) {
        self.given += 1;
        self.due.insert((self.now + delay, self.given), (server, bytes));
    }

    fn answer(&mut self, server: u8, session: SessionName, first: u64, count: u64) {
        let Some(faults) = self.servers.get(usize::from(server)).cloned() else { return };
        if faults.dead || self.random.percent(faults.drops) || first < faults.oldest {
            return;
        }
        let mut delay = faults.delay_ns + self.random.below(faults.spread_ns);
        if self.random.percent(faults.malformed) {
            let mut bytes = mold(&session, first, &messages(first, first + count));
            bytes.pop();
            return self.send(server, delay, bytes);
        }
        if self.random.percent(faults.heartbeats) {
            return self.send(server, delay, heartbeat(&session, first).to_vec());
        }
        if self.random.percent(faults.ends) {
            return self.send(server, delay, end_of_session(&session, first).to_vec());
        }
        let session =
            if self.random.percent(faults.wrong_session) { *b"SIM9999999" } else { session };
        let shift = if self.random.percent(faults.elsewhere) { 1_000_000 } else { 0 };
        let more = if self.random.percent(faults.beyond) { 7 } else { 0 };
        let (mut at, end) = (first + shift, first + shift + count + more);
        while at < end {
            let most = if faults.at_most == 0 { 20 } else { faults.at_most };
            let to = end.min(at + most);
            let mut content = messages(at, to);
            if self.random.percent(faults.garbles) {
                content[0] = b"?not a message".to_vec();
            }
            if self.random.percent(faults.lies) {
                content = (at..to).map(lie).collect();
            }
            let bytes = mold(&session, at, &content);
            if self.random.percent(faults.duplicates) {
                let again = delay + self.random.below(5 * MS);
                self.send(server, again, bytes.clone());
            }
            self.send(server, delay, bytes);
            delay += 10_000;
            at = to;
            if !faults.goes_on {
                break;
            }
        }
    }
}

impl Network for Net {
    fn request(&mut self, server: u8, datagram: &[u8]) -> bool {
        if self.random.percent(self.refuses) {
            return false;
        }
        assert_eq!(datagram.len(), 20);
        let session: SessionName = datagram[..10].try_into().unwrap();
        let first = u64::from_be_bytes(datagram[10..18].try_into().unwrap());
        let count = u16::from_be_bytes(datagram[18..].try_into().unwrap());
        assert_eq!(header(&session, first, count).to_vec(), datagram);
        self.seen.push(Seen { at: self.now, server, first, count });
        self.answer(server, session, first, u64::from(count));
        true
    }

    fn connect(&mut self, _: u8) {}
    fn write(&mut self, _: &[u8]) {}
    fn close(&mut self) {}
}

/// What became of a gap's numbers.
#[derive(Debug, Default)]
pub struct Gap {
    pub missing: BTreeSet<u64>,
    pub unfillable: Option<Unfillable>,
    pub forgotten: bool,
}

/// A lane that wants numbers, the machine, the network.
pub struct World {
    pub net: Net,
    pub recovery: Recovery,
    pub lane: LaneEnd,
    pub gaps: BTreeMap<u32, Gap>,
    /// Every number that was ever wanted.
    pub wanted: BTreeSet<u64>,
    /// Numbers that were filled, all gaps together.
    pub filled: u64,
    /// Whether the lane looks into its queues.
    pub awake: bool,
}

impl World {
    pub fn new(spec: RecoverySpec, servers: Vec<Faults>, seed: u64) -> World {
        let (lane, end) = mail();
        let spec = RecoverySpec { request_servers: servers.len() as u8, ..spec };
        World {
            net: Net::new(servers, seed),
            recovery: Recovery::new(spec, end),
            lane,
            gaps: BTreeMap::new(),
            wanted: BTreeSet::new(),
            filled: 0,
            awake: true,
        }
    }

    pub fn want(&mut self, gap: u32, first: u64, end: u64) {
        let range = Want::Range { gap, session: SESSION, first, end };
        self.lane.wants.push(range).unwrap();
        let known = self.gaps.entry(gap).or_default();
        // What is absurdly large is not kept number by number.
        if end.saturating_sub(first) <= 1_000_000 {
            known.missing.extend(first..end);
            self.wanted.extend(first..end);
        }
    }

    pub fn forget(&mut self, gap: u32) {
        self.lane.wants.push(Want::Forget { gap }).unwrap();
        self.gaps.get_mut(&gap).unwrap().forgotten = true;
    }

    /// Lets time pass until `until`, or until nothing is to happen any more.
    pub fn run(&mut self, until: u64) {
        loop {
            self.poll();
            let next = self.net.due.keys().next().map_or(u64::MAX, |key| key.0);
            let next = next.min(self.recovery.deadline());
            if next == u64::MAX || next > until {
                if until != u64::MAX {
                    self.net.now = self.net.now.max(until);
                    self.poll();
                }
                return;
            }
            // A machine whose deadline stays in the past is still given time.
            let next = next.max(self.net.now + 1);
            self.net.now = next;
            while let Some(entry) = self.net.due.first_entry() {
                if entry.key().0 > self.net.now {
                    break;
                }
                let (server, bytes) = entry.remove();
                self.recovery.datagram(server, &bytes, self.net.now);
            }
        }
    }

    pub fn poll(&mut self) {
        let now = self.net.now;
        self.recovery.poll(now, &mut self.net);
        if self.awake {
            self.collect();
        }
    }

    /// Takes what came, and judges it.
    pub fn collect(&mut self) {
        let Self { lane, gaps, filled, .. } = self;
        while let Ok(fill) = lane.fills.pop() {
            assert!(fill.ts_receive >= BEGIN);
            let bytes = &fill.bytes[..usize::from(fill.len)];
            assert_eq!(bytes[..10], SESSION);
            let first = u64::from_be_bytes(bytes[10..18].try_into().unwrap());
            let count = u64::from(u16::from_be_bytes(bytes[18..20].try_into().unwrap()));
            assert!(count > 0);
            assert_eq!(bytes, mold(&SESSION, first, &messages(first, first + count)));
            for number in first..first + count {
                // A gap that was forgotten may have a fill on its way, never one declared lost.
                let mut owners = gaps
                    .values_mut()
                    .filter(|gap| gap.forgotten || gap.unfillable.is_none())
                    .filter(|gap| gap.missing.contains(&number));
                let owner = owners.next();
                owner.unwrap_or_else(|| panic!("{number} is not missing")).missing.remove(&number);
                *filled += 1;
            }
        }
        while let Ok(news) = lane.news.pop() {
            match news {
                News::Unfillable { gap, why } => {
                    let gap = gaps.get_mut(&gap).expect("a gap that was wanted");
                    assert_eq!(gap.unfillable, None, "declared twice");
                    gap.unfillable = Some(why);
                }
                News::Snapshot(_) | News::NoSnapshot { .. } => panic!("no snapshot was wanted"),
            }
        }
    }

    /// Every number of every gap was filled, declared lost with its gap, or forgotten.
    pub fn assert_all_told(&self) {
        for (number, gap) in &self.gaps {
            let told = gap.missing.is_empty() || gap.forgotten || gap.unfillable.is_some();
            assert!(told, "gap {number}: {gap:?}");
            if gap.missing.is_empty() && !gap.forgotten {
                assert!(gap.unfillable.is_none() || gap.unfillable == Some(Unfillable::TooLarge));
            }
        }
    }

    /// In no window are there more requests than the burst and the rate.
    pub fn assert_rate(&self, per_second: u32, burst: u32) {
        if per_second == 0 {
            return;
        }
        for (at, first) in self.net.seen.iter().enumerate() {
            for (count, last) in self.net.seen[at..].iter().enumerate() {
                let allowed =
                    f64::from(burst) + f64::from(per_second) * (last.at - first.at) as f64 / 1e9;
                assert!((count + 1) as f64 <= allowed + 1e-6, "{first:?} to {last:?}");
            }
        }
    }
}

/// Nobody listens: for machines that have no stream.
pub fn ignore(recovery: &mut Recovery, net: &mut Net) {
    recovery.stream(StreamEvent::Closed, net.now, net);
}
