//! The sockets of a session, one for each line.
//!
//! TTL 1: a recording stays on its own network segment. Sent datagrams are looped back, so that
//! receivers on the same host hear them. What can be known before the session begins, a missing
//! route above all, is found out by connecting a second socket, which sends nothing.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use nix::errno::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::drive::Transmit;
use super::error::PlayError;

/// How often, and how long apart, a datagram is offered to a network that has no room.
const TRIES: u32 = 1_000;
const TRY_AGAIN: Duration = Duration::from_millis(1);

/// Where a line goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name of the line.
    pub name: String,
    /// A multicast group, or the address of one receiver.
    pub address: SocketAddrV4,
}

/// One line's socket.
#[derive(Debug)]
struct Outlet {
    group: Group,
    to: SockAddr,
    socket: Socket,
    retries: u64,
}

/// The sockets of a session.
#[derive(Debug)]
pub struct Sockets(Vec<Outlet>);

impl Sockets {
    /// Opens a socket for each group; multicast leaves by the interface with this address.
    ///
    /// # Errors
    /// [`PlayError::Socket`], [`PlayError::SameGroup`] or [`PlayError::SameName`].
    pub fn open(groups: &[Group], interface: Ipv4Addr) -> Result<Self, PlayError> {
        for (index, second) in groups.iter().enumerate() {
            for first in groups.iter().take(index) {
                if first.name == second.name {
                    return Err(PlayError::SameName { name: first.name.clone() });
                }
                if first.address == second.address {
                    return Err(PlayError::SameGroup {
                        first: first.name.clone(),
                        second: second.name.clone(),
                        group: first.address,
                    });
                }
            }
        }
        groups
            .iter()
            .map(|group| Outlet::open(group, interface))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// How often each line had to wait for the network.
    pub fn retries(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|outlet| outlet.retries)
    }
}

impl Transmit for Sockets {
    fn send(&mut self, line: usize, payload: &[u8]) -> Result<(), PlayError> {
        match self.0.get_mut(line) {
            Some(outlet) => outlet.send(payload),
            None => Ok(()),
        }
    }
}

impl Outlet {
    fn open(group: &Group, interface: Ipv4Addr) -> Result<Self, PlayError> {
        let fail = |action| move |source| failure(group, action, source);
        let prepared = || -> Result<Socket, PlayError> {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
                .map_err(fail("open a socket"))?;
            if group.address.ip().is_multicast() {
                socket.set_multicast_if_v4(&interface).map_err(fail("choose the interface"))?;
                socket.set_multicast_ttl_v4(1).map_err(fail("limit the TTL"))?;
                socket.set_multicast_loop_v4(true).map_err(fail("loop datagrams back"))?;
            }
            Ok(socket)
        };
        let to = SockAddr::from(group.address);
        prepared()?.connect(&to).map_err(fail("find a route"))?;
        Ok(Self { group: group.clone(), to, socket: prepared()?, retries: 0 })
    }

    fn send(&mut self, payload: &[u8]) -> Result<(), PlayError> {
        let mut tries = 0;
        loop {
            let Err(error) = self.socket.send_to(payload, &self.to) else { return Ok(()) };
            tries += 1;
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                // One receiver that is not there: a venue would not know.
                io::ErrorKind::ConnectionRefused => return Ok(()),
                _ if is_full(&error) && tries < TRIES => {
                    self.retries += 1;
                    std::thread::sleep(TRY_AGAIN);
                }
                _ => return Err(failure(&self.group, "send", error)),
            }
        }
    }
}

/// Whether the network has no room now and may have later.
fn is_full(error: &io::Error) -> bool {
    let full = [Errno::ENOBUFS, Errno::ENOMEM, Errno::EAGAIN].map(|errno| errno as i32);
    error.raw_os_error().is_some_and(|errno| full.contains(&errno))
}

fn failure(group: &Group, action: &'static str, source: io::Error) -> PlayError {
    let advice = match source.kind() {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            "; this host has no way there: choose another --interface, or add a route with `ip route`"
        }
        io::ErrorKind::AddrNotAvailable => "; the interface is gone: choose another --interface",
        io::ErrorKind::PermissionDenied => {
            "; a firewall, a sandbox or a broadcast address: allow it, or choose another group"
        }
        _ if is_full(&source) => "; the network takes no more: lower --max-packets-per-second",
        _ => "",
    };
    PlayError::Socket { line: group.name.clone(), group: group.address, action, source, advice }
}
