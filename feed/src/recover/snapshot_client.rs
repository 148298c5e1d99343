//! The client of snapshot servers: GLIMPSE over SoupBinTCP.
//!
//! ```text
//! idle -> waiting -> connecting -> logging in -> receiving -> idle, with the snapshot
//!            ^___________________________________|  whatever goes wrong: the next server
//! ```
//!
//! After all servers failed there is a pause, which doubles with every round; after as many rounds
//! as are allowed the wish is given up, and it is the lane's to wish again. A snapshot is handed
//! over whole or not at all.

use protocol::frame::soupbintcp::{
    ClientPacket, DEAD_AFTER_NS, HEARTBEAT_NS, LoginRequest, ServerPacket, SoupReader, same_session,
};

use super::assemble::Assembly;
use super::backoff::Backoff;
use super::counts::{RecoveryCounts, RecoveryReject};
use super::mail::{News, SessionName, Unfillable};
use super::spec::{Network, RecoverySpec, StreamEvent};

/// Longest payload that is read; messages have 50 bytes at most, texts for people more.
const PAYLOAD_MAX: usize = 4096;
/// How far behind what is wanted a snapshot's end can be: more messages than a session has while it
/// is sent.
const AHEAD_MAX: u64 = 1 << 32;
/// Number of a snapshot's first message.
const FIRST: u64 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is wanted.
    Idle,
    /// The next connection begins then.
    Waiting(u64),
    Connecting,
    LoggingIn,
    Receiving,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
struct Wish {
    session: SessionName,
    from: u64,
    /// Connections that came to nothing.
    failed: u32,
}

/// One client for all snapshot servers.
pub struct SnapshotClient {
    servers: u8,
    rounds: u8,
    timeout_ns: u64,
    login: LoginRequest,
    backoff: Backoff,
    wish: Option<Wish>,
    state: State,
    /// Server of this connection, or of the next.
    server: u8,
    /// No connection begins before.
    not_before: u64,
    /// When the connection is given up.
    deadline: u64,
    heard_at: u64,
    said_at: u64,
    reader: Option<SoupReader>,
    assembly: Option<Assembly>,
    news: Option<News>,
}

impl SnapshotClient {
    /// A client that has nothing to do yet.
    pub fn new(spec: &RecoverySpec) -> SnapshotClient {
        let (user, password) = spec.login;
        SnapshotClient {
            servers: spec.snapshot_servers,
            rounds: spec.tries.max(1),
            timeout_ns: spec.snapshot_timeout_ns.max(1),
            login: LoginRequest { user, password, session: LoginRequest::CURRENT, sequence: FIRST },
            backoff: Backoff::new(spec.backoff_ns, spec.seed),
            wish: None,
            state: State::Idle,
            server: 0,
            not_before: 0,
            deadline: u64::MAX,
            heard_at: 0,
            said_at: 0,
            reader: Some(SoupReader::new(PAYLOAD_MAX)),
            assembly: None,
            news: None,
        }
    }

    /// A snapshot is wanted that has all messages before `from`; `false` if there is no server.
    pub fn want(&mut self, session: SessionName, from: u64) -> bool {
        if self.servers == 0 {
            return false;
        }
        match &mut self.wish {
            // One on its way may still be young enough.
            Some(wish) => wish.from = wish.from.max(from),
            None => {
                self.wish = Some(Wish { session, from, failed: 0 });
                self.state = State::Waiting(self.not_before);
            }
        }
        true
    }

    /// Nothing is wanted any more.
    pub fn abandon(&mut self, net: &mut impl Network) {
        if self.is_connected() {
            net.close();
        }
        (self.wish, self.assembly, self.news, self.state) = (None, None, None, State::Idle);
    }

    /// What there is to say.
    pub fn take_news(&mut self) -> Option<News> {
        self.news.take()
    }

    /// When the next poll is due.
    pub fn deadline(&self) -> u64 {
        let silence = self.heard_at.saturating_add(DEAD_AFTER_NS).min(self.deadline);
        match self.state {
            State::Idle => u64::MAX,
            State::Waiting(until) => until,
            State::Connecting => silence,
            State::LoggingIn | State::Receiving => {
                silence.min(self.said_at.saturating_add(HEARTBEAT_NS))
            }
        }
    }

    fn is_connected(&self) -> bool {
        matches!(self.state, State::Connecting | State::LoggingIn | State::Receiving)
    }

    /// Begins a connection that is due, says that this side lives, gives up one that is dead.
    pub fn poll(&mut self, now: u64, net: &mut impl Network, counts: &mut RecoveryCounts) {
        match self.state {
            State::Idle => {}
            State::Waiting(until) => {
                if until <= now {
                    self.connect(now, net, counts);
                }
            }
            State::Connecting | State::LoggingIn | State::Receiving => {
                if self.deadline <= now {
                    self.fail(RecoveryReject::SnapshotTimeout, now, net, counts);
                } else if now.saturating_sub(self.heard_at) >= DEAD_AFTER_NS {
                    self.fail(RecoveryReject::StreamSilent, now, net, counts);
                } else if self.state != State::Connecting
                    && now.saturating_sub(self.said_at) >= HEARTBEAT_NS
                {
                    self.say(ClientPacket::Heartbeat, now, net);
                }
            }
        }
    }

    fn connect(&mut self, now: u64, net: &mut impl Network, counts: &mut RecoveryCounts) {
        counts.connects += 1;
        if let Some(reader) = &mut self.reader {
            reader.reset();
        }
        self.assembly = None;
        self.state = State::Connecting;
        self.deadline = now.saturating_add(self.timeout_ns);
        (self.heard_at, self.said_at) = (now, now);
        net.connect(self.server);
    }

    fn say(&mut self, packet: ClientPacket<'_>, now: u64, net: &mut impl Network) {
        let mut bytes = Vec::with_capacity(64);
        if packet.encode(&mut bytes) {
            net.write(&bytes);
        }
        self.said_at = now;
    }

    /// Takes what happened to the connection. What comes of one that was closed is not heard.
    pub fn event(
        &mut self,
        event: StreamEvent<'_>,
        now: u64,
        net: &mut impl Network,
        counts: &mut RecoveryCounts,
    ) {
        if !self.is_connected() {
            return;
        }
        self.heard_at = now;
        match event {
            StreamEvent::Connected => {
                if self.state == State::Connecting {
                    self.state = State::LoggingIn;
                    self.say(ClientPacket::Login(self.login), now, net);
                }
            }
            StreamEvent::Closed => self.fail(RecoveryReject::StreamClosed, now, net, counts),
            StreamEvent::Bytes(bytes) => {
                counts.stream_bytes += bytes.len() as u64;
                let Some(mut reader) = self.reader.take() else { return };
                let end = self.bytes(&mut reader, bytes);
                self.reader = Some(reader);
                match end {
                    Ok(false) => {}
                    Ok(true) => self.complete(now, net, counts),
                    Err(why) => self.fail(why, now, net, counts),
                }
            }
        }
    }

    /// Takes bytes of the stream; true if the snapshot is complete.
    fn bytes(&mut self, reader: &mut SoupReader, mut bytes: &[u8]) -> Result<bool, RecoveryReject> {
        while let Some(packet) = reader.next(&mut bytes) {
            let packet = packet.and_then(|packet| packet.server());
            let packet = packet.map_err(|_| RecoveryReject::StreamMalformed)?;
            if self.packet(packet)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn packet(&mut self, packet: ServerPacket<'_>) -> Result<bool, RecoveryReject> {
        match (packet, self.state) {
            (ServerPacket::Debug(_) | ServerPacket::Heartbeat, _) => Ok(false),
            (ServerPacket::Rejected(_), _) => Err(RecoveryReject::LoginRejected),
            (ServerPacket::EndOfSession, _) => Err(RecoveryReject::SnapshotUnfinished),
            (ServerPacket::Accepted { session, sequence }, State::LoggingIn) => {
                let wanted = self.wish.map(|wish| wish.session).unwrap_or_default();
                if !same_session(&session, &wanted) {
                    return Err(RecoveryReject::SnapshotSession);
                }
                if sequence != FIRST {
                    return Err(RecoveryReject::SnapshotUnfinished);
                }
                self.assembly = Some(Assembly::new(wanted));
                self.state = State::Receiving;
                Ok(false)
            }
            (ServerPacket::Sequenced(message), State::Receiving) => {
                let Some(assembly) = &mut self.assembly else { return Ok(false) };
                let complete = assembly.take(message)?;
                let from = self.wish.map_or(0, |wish| wish.from);
                if complete && assembly.next() < from {
                    return Err(RecoveryReject::SnapshotTooOld);
                }
                if complete && assembly.next() - from > AHEAD_MAX {
                    return Err(RecoveryReject::SnapshotTooNew);
                }
                Ok(complete)
            }
            _ => Err(RecoveryReject::StreamMalformed),
        }
    }

    fn complete(&mut self, now: u64, net: &mut impl Network, counts: &mut RecoveryCounts) {
        self.say(ClientPacket::Logout, now, net);
        net.close();
        self.state = State::Idle;
        self.wish = None;
        self.not_before = 0;
        self.backoff.succeeded();
        if let Some(assembly) = self.assembly.take() {
            let snapshot = assembly.finish(now);
            counts.snapshots += 1;
            counts.snapshot_orders += snapshot.orders.len() as u64;
            self.news = Some(News::Snapshot(Box::new(snapshot)));
        }
    }

    /// Gives this connection up: the next server, at once or after a pause; or the wish.
    fn fail(
        &mut self,
        why: RecoveryReject,
        now: u64,
        net: &mut impl Network,
        counts: &mut RecoveryCounts,
    ) {
        counts.refuse(why);
        if why != RecoveryReject::StreamClosed {
            net.close();
        }
        self.assembly = None;
        self.server = (self.server + 1) % self.servers.max(1);
        let Some(wish) = &mut self.wish else {
            self.state = State::Idle;
            return;
        };
        wish.failed += 1;
        let round_is_over = wish.failed.is_multiple_of(u32::from(self.servers.max(1)));
        self.not_before =
            if round_is_over { now.saturating_add(self.backoff.next_ns()) } else { now };
        self.state = State::Waiting(self.not_before);
        if wish.failed >= u32::from(self.servers) * u32::from(self.rounds) {
            (self.wish, self.state) = (None, State::Idle);
            counts.snapshots_failed += 1;
            self.news = Some(News::NoSnapshot { why: unfillable(why) });
        }
    }
}

/// Nothing came, or what came cannot be used.
fn unfillable(why: RecoveryReject) -> Unfillable {
    match why {
        RecoveryReject::StreamClosed
        | RecoveryReject::StreamSilent
        | RecoveryReject::SnapshotTimeout => Unfillable::NoAnswer,
        _ => Unfillable::Refused,
    }
}
