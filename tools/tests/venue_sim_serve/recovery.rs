//! The handler's own recovery against these servers, in virtual time: what they do wrong must not
//! become a wrong message or a wrong book, and where they are good again everything is had.

use std::collections::{BTreeMap, BTreeSet};

use feed::recover::mail::{LaneEnd, News, Want, mail};
use feed::recover::snapshot::Snapshot;
use feed::recover::{Network, Recovery, RecoveryCounts, RecoverySpec, StreamEvent};
use protocol::frame::moldudp64::MoldPacket;
use tools::venue_sim::serve::books::Books;
use tools::venue_sim::serve::{Connection, Delayed, History, Outbox, Retransmitter, Service};

use super::books::wanted;
use super::{SESSION, history, messages, session};

const SECOND: u64 = 1_000_000_000;
/// How long a datagram or bytes of a stream take from one side to the other, ns.
const FLIGHT: u64 = 100_000;
/// Servers of each kind.
const SERVERS: u8 = 2;

/// What recovery asked of the world in one call.
#[derive(Default)]
struct Asked {
    requests: Vec<(u8, Vec<u8>)>,
    connect: Option<u8>,
    bytes: Vec<u8>,
    close: bool,
}

impl Network for Asked {
    fn request(&mut self, server: u8, datagram: &[u8]) -> bool {
        self.requests.push((server, datagram.to_vec()));
        true
    }

    fn connect(&mut self, server: u8) {
        self.close = true;
        self.bytes.clear();
        self.connect = Some(server);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn close(&mut self) {
        self.close = true;
        self.connect = None;
        self.bytes.clear();
    }
}

/// Two servers of each kind, recovery, and a lane that only keeps what comes.
struct World {
    recovery: Recovery,
    lane: LaneEnd,
    history: History,
    books: Books,
    servers: Vec<Retransmitter>,
    service: Service,
    outbox: Outbox<u8>,
    stream: Option<Connection>,
    connections: u64,
    now: u64,
    filled: BTreeMap<u64, Vec<u8>>,
    unfillable: u32,
    no_snapshot: u32,
    snapshot: Option<Box<Snapshot>>,
}

impl World {
    fn new(file: &[u8], requests: &str, snapshots: &str, seed: u64) -> Self {
        let spec = RecoverySpec {
            request_servers: SERVERS,
            snapshot_servers: SERVERS,
            login: (*b"USER  ", *b"SECRET    "),
            seed,
            ..RecoverySpec::default()
        };
        let (lane, end) = mail();
        let all = messages(file);
        let mut books = Books::new(SESSION);
        all.iter().for_each(|message| books.apply(message));
        let server = |k: u8| {
            Retransmitter::new(requests.parse().expect("faults"), seed ^ u64::from(k) << 32)
        };
        Self {
            recovery: Recovery::new(spec, end),
            lane,
            history: history(&all),
            books,
            servers: (0..SERVERS).map(server).collect(),
            service: Service { login: None, faults: snapshots.parse().expect("faults") },
            outbox: Outbox::default(),
            stream: None,
            connections: seed << 20,
            now: 0,
            filled: BTreeMap::new(),
            unfillable: 0,
            no_snapshot: 0,
            snapshot: None,
        }
    }

    fn want(&mut self, want: Want) {
        self.lane.wants.push(want).expect("room");
    }

    /// Runs until this time, or until nothing has a deadline.
    fn run(&mut self, until: u64) {
        while self.now < until {
            self.step();
            self.receive();
            let stream = self.stream.as_ref().map_or(u64::MAX, |stream| stream.deadline(self.now));
            let next = self.recovery.deadline().min(self.outbox.deadline()).min(stream);
            self.now = next.clamp(self.now + 1_000, until);
        }
    }

    fn step(&mut self) {
        let mut asked = Asked::default();
        self.recovery.poll(self.now, &mut asked);
        self.carry(asked);
        while let Some(Delayed { to, bytes, .. }) = self.outbox.due(self.now) {
            self.recovery.datagram(to, &bytes, self.now);
        }
        let Some(stream) = &mut self.stream else { return };
        let bytes = stream.output(self.now).to_vec();
        stream.wrote(bytes.len(), self.now);
        let closed = stream.is_closed();
        let mut asked = Asked::default();
        // In two parts, so that packets go over an edge.
        let (one, other) = bytes.split_at(bytes.len() / 3);
        for part in [one, other] {
            if !part.is_empty() && !asked.close {
                self.recovery.stream(StreamEvent::Bytes(part), self.now, &mut asked);
            }
        }
        if closed {
            self.stream = None;
            if !asked.close {
                self.recovery.stream(StreamEvent::Closed, self.now, &mut asked);
            }
        }
        self.carry(asked);
    }

    fn carry(&mut self, asked: Asked) {
        for (server, bytes) in asked.requests {
            let mut answers = Vec::new();
            let of = &mut self.servers[usize::from(server)];
            of.request(&self.history, &bytes, server, self.now, &mut answers);
            let late = |datagram: Delayed<u8>| Delayed { at: datagram.at + FLIGHT, ..datagram };
            self.outbox.extend(answers.into_iter().map(late));
        }
        if asked.close {
            self.stream = None;
        }
        if asked.connect.is_some() {
            self.connections += 1;
            self.stream = Some(Connection::new(&self.service, self.connections, self.now));
            let mut asked = Asked::default();
            self.recovery.stream(StreamEvent::Connected, self.now, &mut asked);
            self.carry(asked);
        }
        if let Some(stream) = self.stream.as_mut().filter(|_| !asked.bytes.is_empty()) {
            stream.received(&asked.bytes, self.now, &self.books);
        }
    }

    /// What the lane finds in its queues.
    fn receive(&mut self) {
        while let Ok(fill) = self.lane.fills.pop() {
            let packet = MoldPacket::parse(&fill.bytes[..usize::from(fill.len)]).expect("a packet");
            assert_eq!(packet.session, SESSION);
            for (number, message) in (packet.sequence..).zip(packet.messages()) {
                let before = self.filled.insert(number, message.to_vec());
                assert_eq!(before, None, "{number} came twice");
            }
        }
        while let Ok(news) = self.lane.news.pop() {
            match news {
                News::Unfillable { .. } => self.unfillable += 1,
                News::NoSnapshot { .. } => self.no_snapshot += 1,
                News::Snapshot(snapshot) => self.snapshot = Some(snapshot),
            }
        }
    }

    fn counts(&self) -> &RecoveryCounts {
        self.recovery.counts()
    }
}

/// Gaps of a session of 4,000 messages.
const GAPS: [(u64, u64); 6] =
    [(10, 11), (50, 90), (300, 301), (500, 1_200), (2_000, 2_040), (3_990, 4_001)];

fn want_gaps(world: &mut World) -> BTreeSet<u64> {
    world.want(Want::Session { session: SESSION });
    let mut all = BTreeSet::new();
    for (gap, (first, end)) in (0..).zip(GAPS) {
        world.want(Want::Range { gap, session: SESSION, first, end });
        all.extend(first..end);
    }
    all
}

/// A file of exactly this many messages.
fn file(count: usize) -> Vec<u8> {
    let file = session(61, 6, 12_000);
    let length = messages(&file).iter().take(count).map(|message| message.len() + 2).sum();
    file[..length].to_vec()
}

#[test]
fn good_servers_fill_every_gap() {
    let mut world = World::new(&file(4_000), "", "", 1);
    let all = want_gaps(&mut world);
    world.run(SECOND);
    assert!(world.filled.keys().eq(all.iter()));
    assert!(world.filled.iter().all(|(n, bytes)| world.history.get(*n) == Some(bytes)));
    assert_eq!((world.unfillable, world.counts().snapshots), (0, 0));
    let served: u64 = world.servers.iter().map(|server| server.counts().messages).sum();
    assert_eq!(served, all.len() as u64, "nothing was asked for twice");
    assert!(world.servers.iter().all(|server| server.counts().answered > 0), "by turns");
}

/// Bad for two seconds, then good: everything that was not given up comes, and nothing is wrong.
#[test]
fn bad_servers_make_no_wrong_message() {
    for faults in [
        "dead",
        "every=3",
        "quota=20",
        "delay=30000",
        "delay=5000,jitter=30000",
        "late=0.3:100000",
        "drop=0.5",
        "duplicate=1",
        "packets=1,partial=0.8",
        "session=0.5",
        "range=0.5",
        "garble=0.1",
        "absurd=0.5",
        "drop=0.2,duplicate=0.2,late=0.2:50000,jitter=3000,partial=0.3,session=0.1,range=0.2,absurd=0.2",
    ] {
        for seed in 0..8 {
            let mut world = World::new(&file(4_000), &format!("{faults},until=2"), "", seed);
            let all = want_gaps(&mut world);
            world.run(2 * SECOND);
            // What was given up is wanted again once the servers are good.
            let missing: Vec<u64> =
                all.iter().copied().filter(|n| !world.filled.contains_key(n)).collect();
            world.want(Want::Session { session: SESSION });
            for (gap, number) in (100..).zip(&missing) {
                let (first, end) = (*number, number + 1);
                world.want(Want::Range { gap, session: SESSION, first, end });
            }
            world.run(10 * SECOND);
            assert!(world.filled.keys().eq(all.iter()), "{faults} seed {seed}: not all");
            let wrong =
                world.filled.iter().find(|(n, bytes)| world.history.get(**n) != Some(bytes));
            assert_eq!(wrong, None, "{faults} seed {seed}");
            assert!(world.servers.iter().all(|server| server.counts().balances()));
        }
    }
}

/// What no answer shows: a wrong message is one that a server lied about, and there are such, or
/// the tests above would not see one either.
#[test]
fn a_lie_is_found_by_comparison_only() {
    let mut world = World::new(&file(4_000), "lie=0.2", "", 5);
    let all = want_gaps(&mut world);
    world.run(10 * SECOND);
    assert!(world.filled.keys().eq(all.iter()));
    let wrong = world.filled.iter().filter(|(n, bytes)| world.history.get(**n) != Some(bytes));
    let wrong: BTreeSet<u64> = wrong.map(|(number, _)| *number).collect();
    let lied = world.servers.iter().flat_map(|server| server.lied().iter().copied());
    assert_eq!(wrong, lied.collect());
    assert!(wrong.len() > 50, "{}", wrong.len());
}

/// Whatever a snapshot server does that shows, the snapshot that is taken is the book.
#[test]
fn bad_snapshot_servers_make_no_wrong_book() {
    let file = file(4_000);
    let rows = wanted(&file);
    assert!(rows.len() > 100);
    for faults in [
        "",
        "dead=0:20",
        "close=0.7",
        "reject=0.7",
        "think=2500000",
        "slow=20000",
        "stall=0.5",
        "stall=0.5:900000",
        "cut=0.7",
        "session=0.7",
        "garbage=0.7",
        "nonsense=0.7",
        "close=0.1,reject=0.1,cut=0.3,session=0.1,garbage=0.2,nonsense=0.3,stall=0.2",
    ] {
        for seed in 0..8 {
            let mut world = World::new(&file, "", &format!("{faults},until=60"), seed);
            world.want(Want::Session { session: SESSION });
            // It may be given up; then it is wished for again.
            for round in 1..20 {
                world.want(Want::Snapshot { session: SESSION, from: 3_900 });
                world.run(round * 30 * SECOND);
                if world.snapshot.is_some() {
                    break;
                }
            }
            let snapshot = world.snapshot.take();
            let snapshot = snapshot.unwrap_or_else(|| panic!("{faults} seed {seed}: none"));
            assert_eq!((snapshot.session, snapshot.next), (SESSION, 4_001), "{faults} {seed}");
            let got: Vec<(u16, u64, u32, u32)> = snapshot
                .orders
                .iter()
                .map(|order| (order.locate, order.reference, order.shares, order.price))
                .collect();
            let rows: Vec<(u16, u64, u32, u32)> = rows
                .iter()
                .map(|&(locate, _, price, reference, shares)| (locate, reference, shares, price))
                .collect();
            assert_eq!(got, rows, "{faults} seed {seed}");
        }
    }
}
