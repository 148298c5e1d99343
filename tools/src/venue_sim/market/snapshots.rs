//! The snapshot server on a socket.
//!
//! A snapshot of all books takes as long as thousands of messages, for which the feed is not to
//! wait. So this thread has a market of its own: the same seed makes the same messages, and it is
//! brought up to what has been published all the time, so that a client gets books of the moment.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::frame::moldudp64::Session as SessionBytes;
use serde::Serialize;

use super::clock::ServerClock;
use super::running::Market;
use crate::venue_sim::play::{Message, Messages};
use crate::venue_sim::random::Random;
use crate::venue_sim::serve::{Connection, GlimpseCounts, Service};

/// Connections at a time; those beyond are closed at once.
const CONNECTIONS: usize = 64;
/// Time between looks at how far the session is, ns.
const FOLLOW_NS: u64 = 5_000_000;
/// Messages that the market is brought on between looks at the sockets.
const FOLLOW_BATCH: u64 = 50_000;
/// How long a client that was told everything has to close, ns.
const LINGER_NS: u64 = 2_000_000_000;

/// What a snapshot server did.
#[derive(Clone, Debug, Serialize)]
pub struct SnapshotReport {
    /// Where it listened.
    pub address: SocketAddrV4,
    /// Its faults, as they were given.
    pub faults: String,
    /// What it did.
    #[serde(flatten)]
    pub counts: GlimpseCounts,
    /// Connections beyond the most at a time.
    pub refused: u64,
    /// Connections that the client broke, or that were open at the end.
    pub broken: u64,
}

/// One client.
#[derive(Debug)]
struct Client {
    stream: TcpStream,
    machine: Connection,
    /// Everything was written: the client is to close, and has until then.
    closing: Option<u64>,
    gone: bool,
}

/// A snapshot server.
#[derive(Debug)]
pub(super) struct SnapshotServer {
    listener: TcpListener,
    service: Service,
    seeds: Random,
    market: Market,
    session: SessionBytes,
    published: Arc<AtomicU64>,
    clients: Vec<Client>,
    report: SnapshotReport,
}

impl SnapshotServer {
    /// Takes its socket, so that clients may come. `market` is one that nobody has asked yet.
    pub(super) fn open(
        address: SocketAddrV4,
        service: Service,
        seed: u64,
        market: Market,
        session: SessionBytes,
        published: Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let report = SnapshotReport {
            address,
            faults: service.faults.text.clone(),
            counts: GlimpseCounts::default(),
            refused: 0,
            broken: 0,
        };
        let seeds = Random::new(seed);
        let clients = Vec::new();
        Ok(Self { listener, service, seeds, market, session, published, clients, report })
    }

    /// Serves until the session is over.
    pub(super) fn serve(mut self, clock: &ServerClock) -> SnapshotReport {
        while !clock.is_over() {
            let behind = self.follow();
            let now = clock.now();
            let wanted = if behind { now } else { now.saturating_add(FOLLOW_NS) };
            let deadline = self.clients.iter().map(|client| client.machine.deadline(now));
            let deadline = deadline.filter(|at| *at > now).fold(wanted, u64::min);
            let mut sockets = vec![(self.listener.as_fd(), false)];
            sockets.extend(self.clients.iter().map(|client| {
                let writes = client.closing.is_none() && client.machine.deadline(now) <= now;
                (client.stream.as_fd(), writes)
            }));
            clock.wait(&sockets, deadline);
            self.accept(clock.now());
            self.talk(clock.now());
        }
        for client in std::mem::take(&mut self.clients) {
            self.gone(&client);
        }
        self.report
    }

    /// Brings the market up to what was published, a batch at a time; whether it is behind still.
    fn follow(&mut self) -> bool {
        // Relaxed: partner is the addition in `Outgoing::send`; only the number matters.
        let published = self.published.load(Ordering::Relaxed);
        let until = published.min(self.market.number() + FOLLOW_BATCH);
        let mut message = Message::default();
        while self.market.number() < until {
            if !matches!(self.market.next(&mut message), Ok(true)) {
                return false;
            }
        }
        self.market.number() < published
    }

    fn accept(&mut self, now: u64) {
        while let Ok((stream, _)) = self.listener.accept() {
            if self.clients.len() >= CONNECTIONS || stream.set_nonblocking(true).is_err() {
                self.report.refused += 1;
                continue;
            }
            let _ = stream.set_nodelay(true);
            let machine = Connection::new(&self.service, self.seeds.bits(), now);
            self.clients.push(Client { stream, machine, closing: None, gone: false });
        }
    }

    fn talk(&mut self, now: u64) {
        let mut clients = std::mem::take(&mut self.clients);
        for client in &mut clients {
            client.read(now, &self.market, self.session);
            client.write(now);
        }
        for client in clients.extract_if(.., |client| client.gone) {
            self.gone(&client);
        }
        self.clients = clients;
    }

    fn gone(&mut self, client: &Client) {
        self.report.counts += *client.machine.counts();
        self.report.broken += u64::from(client.closing.is_none());
    }
}

impl Client {
    fn read(&mut self, now: u64, market: &Market, session: SessionBytes) {
        let mut buffer = [0; 4_096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.gone = true,
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    if self.closing.is_none() {
                        self.machine.received(bytes, now, &market.snapshot(session));
                    }
                    continue;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => continue,
                    io::ErrorKind::WouldBlock => {}
                    _ => self.gone = true,
                },
            }
            return;
        }
    }

    fn write(&mut self, now: u64) {
        while !self.gone && self.closing.is_none() {
            let bytes = self.machine.output(now);
            if bytes.is_empty() {
                break;
            }
            match self.stream.write(bytes) {
                Ok(written) => self.machine.wrote(written, now),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => break,
                    _ => self.gone = true,
                },
            }
        }
        match self.closing {
            Some(until) => self.gone |= now >= until,
            // Closing while the client's bytes are unread would throw away what it has not read.
            None if self.machine.is_closed() => {
                let _ = self.stream.shutdown(Shutdown::Write);
                self.closing = Some(now.saturating_add(LINGER_NS));
            }
            None => {}
        }
    }
}
