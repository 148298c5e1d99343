//! Snapshot servers by script, in virtual time. Their bytes are put together from the table of
//! SoupBinTCP 3.00: two bytes of length, a type, the payload.

use std::collections::BTreeMap;

use feed::recover::mail::{LaneEnd, News, SessionName, Unfillable, Want, mail};
use feed::recover::snapshot::Snapshot;
use feed::recover::{Network, Recovery, RecoverySpec, StreamEvent};

use crate::world::{BEGIN, MS, Random, SESSION};

/// Between two pieces of a stream.
const PIECE_NS: u64 = 10_000;
pub const S: u64 = 1_000 * MS;

/// One packet of the stream.
pub fn soup(code: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = (payload.len() as u16 + 1).to_be_bytes().to_vec();
    packet.push(code);
    packet.extend_from_slice(payload);
    packet
}

/// `A`: session, and the number of the next message.
pub fn accepted(session: &SessionName, next: u64) -> Vec<u8> {
    let mut payload = session.to_vec();
    payload.extend_from_slice(format!("{next:>20}").as_bytes());
    soup(b'A', &payload)
}

/// `G`: the number of the first message that is not in the snapshot.
pub fn end(next: u64) -> Vec<u8> {
    format!("G{next:>20}").into_bytes()
}

/// What a server does.
#[derive(Clone, Debug)]
pub enum Act {
    /// The connection cannot be made.
    Refuse,
    /// Nothing ever comes, not even a connection.
    Nothing,
    /// These bytes after the login, in pieces of at most so many; then silence.
    Say(Vec<u8>, usize),
    /// These bytes, then the connection is closed.
    SayAndClose(Vec<u8>),
    /// A heartbeat every second, and nothing else.
    OnlyHeartbeats,
}

/// A server that accepts and sends these messages.
pub fn sends(messages: &[Vec<u8>]) -> Act {
    Act::Say(whole(&SESSION, messages), 50)
}

/// Accept, then the messages.
pub fn whole(session: &SessionName, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = accepted(session, 1);
    messages.iter().for_each(|message| bytes.extend(soup(b'S', message)));
    bytes
}

/// An event of a stream, with its bytes.
enum Event {
    Connected,
    Bytes(Vec<u8>),
    Closed,
}

/// The servers: each has its acts, one for each connection; the last one is repeated.
pub struct Servers {
    pub now: u64,
    acts: Vec<Vec<Act>>,
    /// When and to which server connections were begun.
    pub connects: Vec<(u64, u8)>,
    /// When what was said.
    pub said: Vec<(u64, Vec<u8>)>,
    pub closes: u64,
    open: Option<Act>,
    due: BTreeMap<(u64, u64), Event>,
    given: u64,
    random: Random,
}

impl Servers {
    fn give(&mut self, delay: u64, event: Event) {
        self.given += 1;
        self.due.insert((self.now + delay, self.given), event);
    }

    fn say(&mut self, bytes: &[u8], most: usize) -> u64 {
        let (mut rest, mut delay) = (bytes, MS);
        while !rest.is_empty() {
            let size = 1 + self.random.below(most as u64) as usize;
            let (piece, after) = rest.split_at(size.min(rest.len()));
            self.give(delay, Event::Bytes(piece.to_vec()));
            (rest, delay) = (after, delay + PIECE_NS);
        }
        delay
    }
}

impl Network for Servers {
    fn request(&mut self, _: u8, _: &[u8]) -> bool {
        panic!("nothing is to be requested")
    }

    fn connect(&mut self, server: u8) {
        assert!(self.open.is_none(), "one connection at a time");
        let before = self.connects.iter().filter(|connect| connect.1 == server).count();
        let acts = &self.acts[usize::from(server)];
        let act = acts[before.min(acts.len() - 1)].clone();
        self.connects.push((self.now, server));
        match act {
            Act::Refuse => self.give(MS, Event::Closed),
            Act::Nothing => {}
            _ => self.give(MS, Event::Connected),
        }
        self.open = Some(act);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.said.push((self.now, bytes.to_vec()));
        let is_login = bytes.get(2) == Some(&b'L');
        match self.open.clone().expect("a connection to say it on") {
            _ if !is_login => {}
            Act::Say(bytes, most) => drop(self.say(&bytes, most)),
            Act::SayAndClose(bytes) => {
                let delay = self.say(&bytes, 50);
                self.give(delay, Event::Closed);
            }
            Act::OnlyHeartbeats => {
                self.give(MS, Event::Bytes(accepted(&SESSION, 1)));
                (1..100).for_each(|s| self.give(s * S, Event::Bytes(soup(b'H', b""))));
            }
            Act::Refuse | Act::Nothing => panic!("there is no connection"),
        }
    }

    fn close(&mut self) {
        self.closes += 1;
        self.open = None;
        self.due.clear();
    }
}

/// A lane that wants a snapshot.
pub struct Wisher {
    pub net: Servers,
    pub recovery: Recovery,
    pub lane: LaneEnd,
    pub snapshots: Vec<(u64, Box<Snapshot>)>,
    pub refusals: Vec<(u64, Unfillable)>,
}

impl Wisher {
    pub fn new(spec: RecoverySpec, acts: Vec<Vec<Act>>) -> Wisher {
        let (lane, end) = mail();
        let spec = RecoverySpec { snapshot_servers: acts.len() as u8, ..spec };
        let net = Servers {
            now: BEGIN,
            acts,
            connects: Vec::new(),
            said: Vec::new(),
            closes: 0,
            open: None,
            due: BTreeMap::new(),
            given: 0,
            random: Random(9),
        };
        let recovery = Recovery::new(spec, end);
        Wisher { net, recovery, lane, snapshots: Vec::new(), refusals: Vec::new() }
    }

    pub fn wish(&mut self, from: u64) {
        self.lane.wants.push(Want::Snapshot { session: SESSION, from }).unwrap();
    }

    /// Until nothing is to happen, or `until`.
    pub fn run(&mut self, until: u64) {
        loop {
            self.recovery.poll(self.net.now, &mut self.net);
            self.collect();
            let next = self.net.due.keys().next().map_or(u64::MAX, |key| key.0);
            let next = next.min(self.recovery.deadline());
            if next == u64::MAX || next > until {
                self.net.now = if until == u64::MAX { self.net.now } else { until };
                return;
            }
            self.net.now = next.max(self.net.now);
            while let Some(entry) = self.net.due.first_entry() {
                if entry.key().0 > self.net.now {
                    break;
                }
                let event = entry.remove();
                let now = self.net.now;
                let event = match &event {
                    Event::Connected => StreamEvent::Connected,
                    Event::Bytes(bytes) => StreamEvent::Bytes(bytes),
                    Event::Closed => {
                        self.net.open = None;
                        StreamEvent::Closed
                    }
                };
                self.recovery.stream(event, now, &mut self.net);
            }
        }
    }

    fn collect(&mut self) {
        while let Ok(news) = self.lane.news.pop() {
            match news {
                News::Snapshot(snapshot) => self.snapshots.push((self.net.now, snapshot)),
                News::NoSnapshot { why } => self.refusals.push((self.net.now, why)),
                News::Unfillable { .. } => panic!("no range was wanted"),
            }
        }
    }
}
