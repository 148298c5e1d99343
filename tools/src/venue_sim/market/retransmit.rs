//! The re-request server on a socket.

use std::io;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::clock::ServerClock;
use crate::venue_sim::serve::{History, Outbox, RetransmitCounts, RetransmitFaults, Retransmitter};

/// More than a request has.
const LONGEST: usize = 2_048;
/// Requests that are taken before answers are sent.
const BATCH: usize = 64;

/// What a re-request server did.
#[derive(Clone, Debug, Serialize)]
pub struct RetransmitReport {
    /// Where it listened.
    pub address: SocketAddrV4,
    /// Its faults, as they were given.
    pub faults: String,
    /// What it did.
    #[serde(flatten)]
    pub counts: RetransmitCounts,
    /// Datagrams that the system did not take.
    pub unsent: u64,
    /// Datagrams that were due after the end.
    pub too_late: u64,
}

/// A re-request server.
#[derive(Debug)]
pub(super) struct RetransmitServer {
    address: SocketAddrV4,
    faults: String,
    socket: UdpSocket,
    machine: Retransmitter,
    history: Arc<Mutex<History>>,
    outbox: Outbox<SocketAddr>,
    unsent: u64,
}

impl RetransmitServer {
    /// Takes its socket, so that requests may come.
    pub(super) fn open(
        address: SocketAddrV4,
        faults: RetransmitFaults,
        seed: u64,
        history: Arc<Mutex<History>>,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            address,
            faults: faults.text.clone(),
            socket,
            machine: Retransmitter::new(faults, seed),
            history,
            outbox: Outbox::default(),
            unsent: 0,
        })
    }

    /// Serves until the session is over.
    pub(super) fn serve(mut self, clock: &ServerClock) -> RetransmitReport {
        while !clock.is_over() {
            let deadline = self.outbox.deadline();
            clock.wait(&[(self.socket.as_fd(), false)], deadline);
            self.take_requests(clock);
            self.send_due(clock.now());
        }
        RetransmitReport {
            address: self.address,
            faults: self.faults,
            counts: *self.machine.counts(),
            unsent: self.unsent,
            too_late: self.outbox.len() as u64,
        }
    }

    fn take_requests(&mut self, clock: &ServerClock) {
        let mut buffer = [0; LONGEST];
        for _ in 0..BATCH {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    let request = buffer.get(..length).unwrap_or_default();
                    let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
                    let outbox = &mut self.outbox;
                    self.machine.request(&history, request, from, clock.now(), outbox);
                }
                // A client that has gone shows as an error of the next call, once each.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    fn send_due(&mut self, now: u64) {
        while let Some(datagram) = self.outbox.due(now) {
            if self.socket.send_to(&datagram.bytes, datagram.to).is_err() {
                self.unsent += 1;
            }
        }
    }
}
