//! Recovery's sockets: one connected UDP socket for each request server, one TCP stream at a time.
//!
//! A connected socket takes datagrams of its server alone; the kernel drops all others. Nothing
//! here blocks: what cannot be sent now is refused (requests) or kept (the stream's few bytes).

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::{FeedError, Result};
use crate::recover::machine::Recovery;
use crate::recover::spec::{Network, StreamEvent};

/// Longest UDP payload over IPv4.
const DATAGRAM_MAX: usize = 65_507;
/// Most portions that are taken from one socket before others are looked at.
const PORTIONS: usize = 64;
/// Bytes that may wait to be written: a login and heartbeats are some dozen.
const UNWRITTEN_MAX: usize = 1 << 16;

/// The stream's state.
enum Stream {
    None,
    /// A connection is being made.
    Connecting(TcpStream),
    Open(TcpStream),
    /// It could not be begun; told at the next look.
    Failed,
}

/// The sockets of one lane's recovery.
pub struct Sockets {
    requests: Vec<UdpSocket>,
    snapshots: Vec<SocketAddr>,
    stream: Stream,
    unwritten: Vec<u8>,
    buffer: Box<[u8]>,
    /// Errors of sockets that passed.
    errors: u64,
}

impl Sockets {
    /// Opens the sockets of the request servers. Streams are opened when they are needed.
    ///
    /// # Errors
    /// If a socket cannot be had.
    pub fn open(requests: &[SocketAddr], snapshots: &[SocketAddr]) -> Result<Sockets> {
        let open = |server: &SocketAddr| {
            request_socket(*server)
                .map_err(|source| FeedError::io(format!("request server {server}"), source))
        };
        Ok(Sockets {
            requests: requests.iter().map(open).collect::<Result<_>>()?,
            snapshots: snapshots.to_vec(),
            stream: Stream::None,
            unwritten: Vec::new(),
            buffer: vec![0; DATAGRAM_MAX].into_boxed_slice(),
            errors: 0,
        })
    }

    /// Addresses of the request servers and of the snapshot servers.
    pub fn servers(&self) -> (Vec<SocketAddr>, &[SocketAddr]) {
        let requests = self.requests.iter().filter_map(|socket| socket.peer_addr().ok());
        (requests.collect(), &self.snapshots)
    }

    /// Errors of sockets that passed: a server that is not there, a network without a way to it.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// Gives recovery what came; whether anything did. `now` is asked for each portion, as its
    /// receive stamp.
    pub fn receive(&mut self, recovery: &mut Recovery, now: &mut impl FnMut() -> u64) -> bool {
        let mut found = false;
        for server in 0..self.requests.len() {
            found |= self.receive_answers(server, recovery, now);
        }
        found | self.receive_stream(recovery, now)
    }

    fn receive_answers(
        &mut self,
        server: usize,
        recovery: &mut Recovery,
        now: &mut impl FnMut() -> u64,
    ) -> bool {
        let Some(socket) = self.requests.get(server) else { return false };
        for portion in 0..PORTIONS {
            match socket.recv(&mut self.buffer) {
                Ok(length) => {
                    let bytes = self.buffer.get(..length).unwrap_or_default();
                    recovery.datagram(server as u8, bytes, now());
                }
                Err(error) => {
                    // A connected socket is told that its server's port is closed.
                    self.errors += u64::from(!is_passing(&error));
                    return portion > 0;
                }
            }
        }
        true
    }

    fn receive_stream(&mut self, recovery: &mut Recovery, now: &mut impl FnMut() -> u64) -> bool {
        self.finish_connecting(recovery, now);
        self.flush();
        if matches!(self.stream, Stream::Failed) {
            self.stream = Stream::None;
            self.errors += 1;
            recovery.stream(StreamEvent::Closed, now(), self);
            return true;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut found = false;
        for _ in 0..PORTIONS {
            // Recovery may have closed it over the last portion, and begun another.
            let Stream::Open(stream) = &mut self.stream else { break };
            match stream.read(&mut buffer) {
                Ok(0) => {
                    self.stream = Stream::None;
                    recovery.stream(StreamEvent::Closed, now(), self);
                }
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    recovery.stream(StreamEvent::Bytes(bytes), now(), self);
                }
                Err(error) if is_passing(&error) => break,
                Err(_) => {
                    self.errors += 1;
                    self.stream = Stream::None;
                    recovery.stream(StreamEvent::Closed, now(), self);
                }
            }
            found = true;
        }
        self.buffer = buffer;
        found
    }

    /// Whether the connection that is being made is there: it has a peer, or an error.
    fn finish_connecting(&mut self, recovery: &mut Recovery, now: &mut impl FnMut() -> u64) {
        let Stream::Connecting(stream) = &self.stream else { return };
        let failed = !matches!(stream.take_error(), Ok(None));
        if !failed && stream.peer_addr().is_err() {
            return;
        }
        self.stream = match (failed, std::mem::replace(&mut self.stream, Stream::None)) {
            (false, Stream::Connecting(stream)) => Stream::Open(stream),
            _ => Stream::Failed,
        };
        if !failed {
            recovery.stream(StreamEvent::Connected, now(), self);
        }
    }

    /// Writes what waits, as far as the kernel takes it.
    fn flush(&mut self) {
        let Stream::Open(stream) = &mut self.stream else { return };
        while !self.unwritten.is_empty() {
            match stream.write(&self.unwritten) {
                Ok(0) => break,
                Ok(written) => drop(self.unwritten.drain(..written)),
                Err(error) if is_passing(&error) => return,
                Err(_) => {
                    self.stream = Stream::Failed;
                    return;
                }
            }
        }
    }
}

impl Network for Sockets {
    fn request(&mut self, server: u8, datagram: &[u8]) -> bool {
        let Some(socket) = self.requests.get(usize::from(server)) else { return false };
        match socket.send(datagram) {
            Ok(_) => true,
            // The error of an earlier datagram, told now and gone: this one is tried once more.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.errors += 1;
                socket.send(datagram).is_ok()
            }
            Err(error) => {
                self.errors += u64::from(!is_passing(&error));
                // A server without a way to it is one that does not answer.
                !is_passing(&error)
            }
        }
    }

    fn connect(&mut self, server: u8) {
        self.close();
        let Some(&address) = self.snapshots.get(usize::from(server)) else {
            self.stream = Stream::Failed;
            return;
        };
        self.stream = begin_connecting(address).map_or(Stream::Failed, Stream::Connecting);
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.unwritten.len() + bytes.len() > UNWRITTEN_MAX {
            self.stream = Stream::Failed;
            return;
        }
        self.unwritten.extend_from_slice(bytes);
        self.flush();
    }

    fn close(&mut self) {
        self.stream = Stream::None;
        self.unwritten.clear();
    }
}

/// Nothing is there now; not an error of the socket.
fn is_passing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn request_socket(server: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Begins a connection without waiting for it.
fn begin_connecting(server: SocketAddr) -> Option<TcpStream> {
    let socket =
        Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP)).ok()?;
    socket.set_nonblocking(true).ok()?;
    // A login is one small packet, and nobody gains by its waiting for another.
    socket.set_tcp_nodelay(true).ok()?;
    match socket.connect(&server.into()) {
        Ok(()) => {}
        // The error of a connection that is being made has no kind of its own on every system.
        Err(error) if is_passing(&error) || is_in_progress(&error) => {}
        Err(_) => return None,
    }
    Some(socket.into())
}

fn is_in_progress(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}
