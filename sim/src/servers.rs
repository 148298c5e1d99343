//! The venue's servers and the network between them and recovery, in virtual time.
//!
//! Retransmission and snapshots are those of `venue-sim`, without sockets. What they do wrong is
//! drawn from the seed. Lies that nothing in an answer shows (another message of the session under
//! a number, a snapshot whose end says another number) are not among it: nobody could find them.

use std::collections::VecDeque;

use feed::recover::{Network, RecoverySpec, RepairSpec};
use tools::venue_sim::serve::{
    Connection, Delayed, GlimpseFaults, History, RetransmitFaults, Retransmitter, Service,
};

use crate::market::Market;
use crate::random::Random;
use crate::scenario::START_NS;

/// Recovery of a run, as drawn.
#[derive(Clone, Debug)]
pub struct RecoveryDraw {
    /// The lane's side.
    pub repair: RepairSpec,
    /// Recovery's side; `None`: late packets of the other line are all that heals.
    pub requests: Option<RecoverySpec>,
    /// What each retransmission server does wrong.
    pub retransmit: Vec<String>,
    /// What each snapshot server does wrong.
    pub glimpse: Vec<String>,
    /// Time that a packet takes between recovery and a server, ns.
    pub way_ns: u64,
    /// Time between two looks of recovery's thread at most, ns.
    pub every_ns: u64,
    /// Messages that a retransmission server still has.
    pub window: u64,
}

impl RecoveryDraw {
    /// Whether everything must be healed once faults have stopped.
    pub fn must_heal(&self) -> bool {
        self.requests.as_ref().is_some_and(|spec| spec.snapshot_servers > 0)
    }
}

const MS: u64 = 1_000_000;

/// What a seed draws of recovery; `None`: the lane has none.
pub fn draw(random: &mut Random) -> Option<RecoveryDraw> {
    let kind = random.below(100);
    if kind < 10 {
        return None;
    }
    let repair = RepairSpec {
        messages: random.pick(&[64, 512, 4_096, 1 << 16]),
        snapshot_retry_ns: random.pick(&[5 * MS, 50 * MS]),
        work: random.pick(&[16, 128, 1_024]),
    };
    let asks = random.pick(&[0, 1, 1, 2, 3]);
    let snapshots = random.pick(&[0, 1, 1, 2]);
    let spec = RecoverySpec {
        request_servers: asks,
        snapshot_servers: snapshots,
        timeout_ns: random.pick(&[2 * MS, 20 * MS]),
        tries: random.pick(&[1, 3]),
        rate: random.pick(&[0, 200, 1_000]),
        burst: random.pick(&[1, 8, 32]),
        in_flight: random.pick(&[1, 4, 8]),
        max_count: random.pick(&[1, 10, 32, 200]),
        max_request: random.pick(&[50, 500, 100_000]),
        snapshot_timeout_ns: 400 * MS,
        backoff_ns: 5 * MS,
        seed: random.bits(),
        ..RecoverySpec::default()
    };
    let retransmit = (0..asks).map(|_| bad_retransmitter(random)).collect();
    let glimpse = (0..snapshots).map(|_| bad_glimpse(random)).collect();
    Some(RecoveryDraw {
        repair,
        requests: (kind >= 20).then_some(spec),
        retransmit,
        glimpse,
        way_ns: random.pick(&[20_000, 200_000, 2 * MS]),
        every_ns: random.pick(&[50_000, 500_000]),
        window: random.pick(&[u64::MAX, u64::MAX, 300]),
    })
}

/// Two servers of each kind that do nothing wrong.
pub fn good() -> RecoveryDraw {
    let spec = RecoverySpec { request_servers: 2, snapshot_servers: 2, ..RecoverySpec::default() };
    RecoveryDraw {
        repair: RepairSpec {
            messages: 1 << 12,
            snapshot_retry_ns: 5 * MS,
            ..RepairSpec::default()
        },
        requests: Some(spec),
        retransmit: vec![String::new(); 2],
        glimpse: vec![String::new(); 2],
        way_ns: 100_000,
        every_ns: 100_000,
        window: u64::MAX,
    }
}

fn bad_retransmitter(random: &mut Random) -> String {
    random
        .pick(&[
            "",
            "",
            "dead",
            "every=3",
            "quota=20",
            "delay=3000,jitter=4000",
            "late=20%:60000,drop=10%,duplicate=10%",
            "packets=1,partial=30%",
            "session=30%,range=30%",
            "garble=20%",
            "absurd=40%",
            "drop=30%,partial=20%,range=10%,garble=5%,absurd=10%,duplicate=20%,jitter=1000",
        ])
        .to_owned()
}

fn bad_glimpse(random: &mut Random) -> String {
    random
        .pick(&[
            "",
            "",
            "dead",
            "close=60%",
            "reject=60%",
            "think=30000",
            "slow=400000",
            "stall=60%:300000",
            "cut=60%",
            "session=60%",
            "end=60%",
            "garbage=60%",
            "nonsense=60%",
        ])
        .to_owned()
}

/// Something that recovery did.
#[derive(Debug)]
pub enum Action {
    /// A datagram to a retransmission server.
    Request(u8, Vec<u8>),
    /// A connection to a snapshot server.
    Connect(u8),
    /// Bytes on the connection.
    Write(Vec<u8>),
    /// The end of the connection.
    Close,
}

/// Recovery's sockets: what it does is done when its call is over.
#[derive(Debug, Default)]
pub struct Sockets {
    /// What it did.
    pub actions: VecDeque<Action>,
    /// Every so many datagrams cannot be sent; 0 none.
    pub refuses: u64,
    /// Datagrams that it wanted to send.
    pub asked: u64,
}

impl Network for Sockets {
    fn request(&mut self, server: u8, datagram: &[u8]) -> bool {
        self.asked += 1;
        if self.refuses != 0 && self.asked.is_multiple_of(self.refuses) {
            return false;
        }
        self.actions.push_back(Action::Request(server, datagram.to_vec()));
        true
    }

    fn connect(&mut self, server: u8) {
        self.actions.push_back(Action::Connect(server));
    }

    fn write(&mut self, bytes: &[u8]) {
        self.actions.push_back(Action::Write(bytes.to_vec()));
    }

    fn close(&mut self) {
        self.actions.push_back(Action::Close);
    }
}

/// The servers.
#[derive(Debug)]
pub struct Servers {
    history: History,
    /// Messages of the running session that are in the history.
    kept: (usize, usize),
    retransmitters: Vec<Retransmitter>,
    services: Vec<Service>,
    /// The connection, its number, and when its last bytes arrive.
    connection: Option<(u64, Connection, u64)>,
    connections: u64,
    random: Random,
    way_ns: u64,
}

/// Bytes or the end of a connection on their way to recovery.
pub type Piece = (u64, Option<Vec<u8>>);

fn since_start(now: u64) -> u64 {
    now.saturating_sub(START_NS)
}

impl Servers {
    /// The servers of a run; with `lie`, those that retransmit lie where nothing shows it.
    pub fn new(draw: &RecoveryDraw, seed: u64, session: [u8; 10], lie: bool) -> Servers {
        let mut random = Random::new(seed, 20);
        let faults = |text: &String| {
            let text = if lie { "lie=50%" } else { text.as_str() };
            text.parse::<RetransmitFaults>().unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        let retransmitters = draw.retransmit.iter().map(faults);
        let retransmitters =
            retransmitters.map(|faults| Retransmitter::new(faults, random.bits())).collect();
        let faults = |text: &String| {
            text.parse::<GlimpseFaults>().unwrap_or_else(|error| panic!("{text}: {error}"))
        };
        let services = draw.glimpse.iter().map(faults);
        let services = services.map(|faults| Service { login: None, faults }).collect();
        Servers {
            history: History::new(session).with_window(draw.window),
            kept: (0, 0),
            retransmitters,
            services,
            connection: None,
            connections: 0,
            random,
            way_ns: draw.way_ns,
        }
    }

    /// Faults stop: every server is a good one from now on.
    pub fn calm(&mut self) {
        for server in &mut self.retransmitters {
            *server = Retransmitter::new(RetransmitFaults::default(), 1);
        }
        for service in &mut self.services {
            service.faults = GlimpseFaults::default();
        }
    }

    /// The market has made messages.
    pub fn keep(&mut self, market: &Market) {
        let last = market.sessions.len() - 1;
        if self.kept.0 != last {
            self.history.roll(market.sessions[last].name);
            self.kept = (last, 0);
        }
        let session = &market.sessions[last];
        for (index, message) in session.messages.iter().enumerate().skip(self.kept.1) {
            self.history.skip(session.number(index).saturating_sub(self.history.next()));
            self.history.append(&message.bytes);
        }
        self.kept.1 = session.messages.len();
    }

    /// A request comes to a server. What it answers, and when that arrives.
    pub fn request(&mut self, server: u8, bytes: &[u8], now: u64, out: &mut Vec<Delayed<u8>>) {
        let before = out.len();
        let Some(of) = self.retransmitters.get_mut(usize::from(server)) else { return };
        of.request(&self.history, bytes, server, since_start(now) + self.way_ns, out);
        for answer in &mut out[before..] {
            answer.at += START_NS + self.way_ns;
        }
    }

    /// Recovery connects. Number of the connection.
    pub fn connect(&mut self, server: u8, now: u64) -> u64 {
        self.connections += 1;
        self.connection = None;
        if let Some(service) = self.services.get(usize::from(server)) {
            let connection = Connection::new(service, self.random.bits(), since_start(now));
            self.connection = Some((self.connections, connection, now));
        }
        self.connections
    }

    /// Recovery closes the connection.
    pub fn close(&mut self) {
        self.connection = None;
    }

    /// Bytes come from recovery.
    pub fn received(&mut self, bytes: &[u8], now: u64, market: &Market) {
        if let Some((_, connection, _)) = &mut self.connection {
            connection.received(bytes, since_start(now), &market.as_snapshot());
        }
    }

    /// What the connection `number` sends now, and when to ask again.
    pub fn serve(&mut self, number: u64, now: u64, out: &mut Vec<Piece>) -> Option<u64> {
        let (current, connection, arrives) = self.connection.as_mut()?;
        if *current != number {
            return None;
        }
        let clock = since_start(now);
        let bytes = connection.output(clock).to_vec();
        connection.wrote(bytes.len(), clock);
        let mut rest = &bytes[..];
        *arrives = (*arrives).max(now + self.way_ns);
        while !rest.is_empty() {
            // A stream keeps no boundaries.
            let length = self.random.between(1, 1_460).min(rest.len() as u64) as usize;
            let (piece, left) = rest.split_at(length);
            out.push((*arrives, Some(piece.to_vec())));
            *arrives += 1_000;
            rest = left;
        }
        if connection.is_closed() {
            out.push((*arrives, None));
            self.connection = None;
            return None;
        }
        let next = connection.deadline(clock).saturating_add(START_NS);
        Some(next.clamp(now + 10_000, now + 1_000 * MS))
    }

    /// Number of the connection that is open.
    pub fn connected(&self) -> Option<u64> {
        self.connection.as_ref().map(|(number, ..)| *number)
    }
}
