//! The snapshot server: SoupBinTCP, and all books of the moment in ITCH messages.
//!
//! One [`Connection`] is one client's: it takes the bytes that came and gives those that may be
//! written, when they may be written; the socket, or the simulated network, is the caller's. A good
//! server answers a login with the snapshot as of the venue's next message, ends it with that
//! number, ends the session and closes. What a bad one does is in [`GlimpseFaults`].

mod counts;
mod faults;
mod stream;

use protocol::frame::moldudp64::Session;
use protocol::frame::soupbintcp::{
    ClientPacket, DEAD_AFTER_NS, HEARTBEAT_NS, LoginReject, LoginRequest, ServerPacket, SoupReader,
    same_session,
};

pub use counts::GlimpseCounts;
use faults::Fate;
pub use faults::GlimpseFaults;
use stream::Answer;

/// The longest payload that a client has a reason to send.
const LIMIT: usize = 256;
/// Bytes that a slow server puts into one piece.
const PIECE: usize = 1_460;
const NS_PER_S: u128 = 1_000_000_000;

/// Something that knows all books as of one message.
pub trait SnapshotSource {
    /// Name of the session.
    fn session(&self) -> Session;

    /// Number of the first message that the books do not know.
    fn next(&self) -> u64;

    /// Gives every message of a snapshot as of [`SnapshotSource::next`], in the order that
    /// [`protocol::venue::nasdaq::glimpse`] describes, without its end: system events, directory,
    /// standing of the stocks, then every live order with its remaining shares, by stock, best
    /// price first and in the order of the queue.
    fn snapshot(&self, give: &mut dyn FnMut(&[u8]));
}

/// What all connections of a server have in common.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// User and password that are let in; anybody where there is none.
    pub login: Option<([u8; 6], [u8; 10])>,
    /// What goes wrong.
    pub faults: GlimpseFaults,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The client has not logged in yet.
    Waiting,
    /// What is in the stream is written; then it closes.
    Serving,
    /// Nothing is written and nothing read any more.
    Closed,
}

/// Where the stream stops for a while.
#[derive(Clone, Copy, Debug)]
enum Stall {
    /// Once so many bytes were written.
    At(usize),
    /// Until then.
    Until(u64),
}

/// A client's connection.
#[derive(Debug)]
pub struct Connection {
    login: Option<([u8; 6], [u8; 10])>,
    fate: Fate,
    state: State,
    reader: SoupReader,
    /// All that is written, and how much of it was.
    stream: Vec<u8>,
    written: usize,
    /// The snapshot while the server still thinks, and when it is done.
    ready: Option<(u64, Answer)>,
    /// Where the connection is cut.
    cut: Option<usize>,
    stall: Option<Stall>,
    /// When the stream began to flow, and what was written before.
    began: u64,
    flowed: usize,
    /// When the client was heard last, and when something was last written.
    heard: u64,
    spoke: u64,
    counts: GlimpseCounts,
}

impl Connection {
    /// A connection that came in at `now` (ns since the server began); what goes wrong with it is
    /// drawn from the seed, which should differ from connection to connection.
    #[must_use]
    pub fn new(service: &Service, seed: u64, now: u64) -> Self {
        let fate = service.faults.draw(seed, now);
        let mut counts = GlimpseCounts { connections: 1, ..GlimpseCounts::default() };
        counts.dead += u64::from(fate.dead);
        counts.closed += u64::from(fate.close && !fate.dead);
        let closed = fate.close && !fate.dead;
        Self {
            login: service.login,
            fate,
            state: if closed { State::Closed } else { State::Waiting },
            reader: SoupReader::new(LIMIT),
            stream: Vec::new(),
            written: 0,
            ready: None,
            cut: None,
            stall: None,
            began: now,
            flowed: 0,
            heard: now,
            spoke: now,
            counts,
        }
    }

    /// What was served, and what was done wrong.
    #[must_use]
    pub const fn counts(&self) -> &GlimpseCounts {
        &self.counts
    }

    /// Whether the server is done with it: close it.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Takes bytes that the client sent.
    pub fn received(&mut self, bytes: &[u8], now: u64, source: &(impl SnapshotSource + ?Sized)) {
        self.heard = now;
        let mut rest = bytes;
        // A dead server's machine may still read.
        while self.state != State::Closed && !self.fate.dead {
            let said = match self.reader.next(&mut rest) {
                None => return,
                Some(packet) => packet.and_then(|packet| {
                    packet.client().map(|packet| match packet {
                        ClientPacket::Login(login) => Said::Login(login),
                        ClientPacket::Logout => Said::Logout,
                        _ => Said::Nothing,
                    })
                }),
            };
            match (said, self.state) {
                (Ok(Said::Nothing), _) => {}
                (Ok(Said::Login(login)), State::Waiting) => self.log_in(&login, now, source),
                (Ok(Said::Logout), _) => self.close_by(|counts| &mut counts.logouts),
                (Ok(Said::Login(_)) | Err(_), _) => self.close_by(|counts| &mut counts.malformed),
            }
        }
    }

    fn close_by(&mut self, counter: fn(&mut GlimpseCounts) -> &mut u64) {
        *counter(&mut self.counts) += 1;
        self.state = State::Closed;
    }

    fn log_in(&mut self, login: &LoginRequest, now: u64, source: &(impl SnapshotSource + ?Sized)) {
        self.counts.logins += 1;
        self.began = now;
        self.state = State::Serving;
        let known = self
            .login
            .is_none_or(|(user, password)| (user, password) == (login.user, login.password));
        let current = login.session == LoginRequest::CURRENT
            || same_session(&login.session, &source.session());
        let reject = if let Some(reason) = self.fate.reject {
            self.counts.rejected_falsely += 1;
            Some(reason)
        } else if !known {
            self.counts.rejected_user += 1;
            Some(LoginReject::NotAuthorised)
        } else if !current || login.sequence != 1 {
            self.counts.rejected_session += 1;
            Some(LoginReject::SessionNotAvailable)
        } else {
            None
        };
        match reject {
            Some(reason) => {
                let _ = ServerPacket::Rejected(reason).encode(&mut self.stream);
            }
            None => {
                let session = self.fate.session.unwrap_or(source.session());
                self.counts.wrong_session += u64::from(self.fate.session.is_some());
                let accepted = ServerPacket::Accepted { session, sequence: 1 };
                let _ = accepted.encode(&mut self.stream);
                let answer = stream::snapshot(source, &mut self.fate, &mut self.counts);
                self.ready = Some((now.saturating_add(self.fate.think_ns), answer));
            }
        }
    }

    /// The bytes that may be written at `now`; say with [`Connection::wrote`] how many were.
    pub fn output(&mut self, now: u64) -> &[u8] {
        self.advance(now);
        let end = if self.state == State::Closed { self.written } else { self.limit(now) };
        self.stream.get(self.written..end).unwrap_or_default()
    }

    /// Closes what is over, and begins and ends a stall.
    fn advance(&mut self, now: u64) {
        if self.state != State::Closed && now.saturating_sub(self.heard) >= DEAD_AFTER_NS {
            self.close_by(|counts| &mut counts.timed_out);
        }
        if let Some((_, answer)) = self.ready.take_if(|(at, _)| *at <= now) {
            let begin = self.stream.len();
            self.stream.extend_from_slice(&answer.bytes);
            self.cut = answer.cut.map(|cut| begin + cut);
            self.stall = answer.stall.map(|stall| Stall::At(begin + stall));
            self.began = now;
            self.flowed = self.written;
        }
        match self.stall {
            Some(Stall::At(place)) if self.written >= place => {
                self.counts.stalled += 1;
                self.stall = Some(Stall::Until(now.saturating_add(self.fate.stall_ns)));
            }
            Some(Stall::Until(end)) if now >= end => self.stall = None,
            _ => {}
        }
        let idle = now.saturating_sub(self.spoke) >= HEARTBEAT_NS;
        let silent = self.fate.dead || matches!(self.stall, Some(Stall::Until(_)));
        if self.state == State::Serving && idle && !silent && self.written == self.stream.len() {
            let _ = ServerPacket::Heartbeat.encode(&mut self.stream);
            self.counts.heartbeats += 1;
        }
    }

    /// How much of the stream may have been written at `now`.
    fn limit(&self, now: u64) -> usize {
        let mut limit = self.stream.len();
        if let Some(cut) = self.cut {
            limit = limit.min(cut);
        }
        match self.stall {
            Some(Stall::At(place)) => limit = limit.min(place),
            Some(Stall::Until(_)) => limit = self.written,
            None => {}
        }
        if let Some(rate) = self.fate.rate {
            let flown = u128::from(rate) * u128::from(now.saturating_sub(self.began)) / NS_PER_S;
            let flown = usize::try_from(flown).unwrap_or(usize::MAX);
            limit = limit.min(self.flowed.saturating_add(flown));
        }
        limit.max(self.written)
    }

    /// So many bytes of [`Connection::output`] were written.
    pub fn wrote(&mut self, bytes: usize, now: u64) {
        if bytes == 0 {
            return;
        }
        self.written = self.stream.len().min(self.written.saturating_add(bytes));
        self.counts.bytes += bytes as u64;
        self.spoke = now;
        if self.cut.is_some_and(|cut| self.written >= cut) {
            self.close_by(|counts| &mut counts.cut);
        } else if self.written == self.stream.len() && self.ready.is_none() {
            self.counts.complete += self.counts.begun;
            self.state = State::Closed;
        }
    }

    /// When to ask again though nothing came from the client: `now` if bytes may be written at once,
    /// `u64::MAX` if never.
    #[must_use]
    pub fn deadline(&self, now: u64) -> u64 {
        if self.state == State::Closed {
            return u64::MAX;
        }
        if self.limit(now) > self.written {
            return now;
        }
        let mut next = self.heard.saturating_add(DEAD_AFTER_NS);
        if let Some((at, _)) = &self.ready {
            let at = *at;
            next = next.min(at).min(self.spoke.saturating_add(HEARTBEAT_NS));
        }
        match self.stall {
            // What would have flown in the meantime waits too.
            Some(Stall::Until(end)) => return next.min(end),
            Some(Stall::At(place)) if self.written >= place => return now,
            _ => {}
        }
        if let Some(rate) = self.fate.rate.filter(|_| self.written < self.stream.len()) {
            let piece = (self.stream.len() - self.written).min(PIECE);
            let wanted = self.written - self.flowed + piece;
            let after = wanted as u128 * NS_PER_S / u128::from(rate.max(1)) + 1;
            let at = self.began.saturating_add(u64::try_from(after).unwrap_or(u64::MAX));
            next = next.min(at);
        }
        next
    }
}

/// What matters of a client's packet.
enum Said {
    Login(LoginRequest),
    Logout,
    Nothing,
}
