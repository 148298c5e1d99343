//! Sockets that listen to groups, and what the kernel dropped on the way to them.
//!
//! A socket is bound to its group's address, not to any: otherwise it would also be given the
//! datagrams of every other group on the same port that some program of this host has joined.
//! The kernel's own count of datagrams that found the receive buffer full (SO_RXQ_OVFL) comes
//! with the datagrams, so a gap can be told from a listener that was too slow.

use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::{RcvBufForce, RxqOvfl};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt};
use socket2::{Domain, Protocol, Socket, Type};

use super::MonitorError;

/// Receive buffer asked for, bytes; the system may give less (net.core.rmem_max). It counts its own
/// overhead too, and so says that it gave twice as much.
pub const RECEIVE_BUFFER: usize = 32 << 20;

/// A datagram longer than any of the publisher's is cut here, and then rejected by its length.
pub const BUFFER_BYTES: usize = 2_048;

/// A socket that listens to one group.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    group: SocketAddrV4,
    receive_buffer: usize,
    counts_drops: bool,
    control: Vec<u8>,
}

/// What was received.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Bytes in the buffer.
    pub length: usize,
    /// Sender.
    pub source: SocketAddrV4,
    /// The kernel's count of datagrams dropped at this socket so far, where it says one.
    pub kernel_drops: Option<u32>,
}

impl Listener {
    /// Joins a group on the interface with that address.
    ///
    /// # Errors
    /// [`MonitorError`] with the group and the fix.
    pub fn open(group: SocketAddrV4, interface: Ipv4Addr) -> Result<Listener, MonitorError> {
        let failed =
            |action| move |source: io::Error| MonitorError::Socket { group, action, source };
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
            .map_err(failed("make a socket"))?;
        socket.set_reuse_address(true).map_err(failed("share the port"))?;
        socket.bind(&group.into()).map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => MonitorError::Taken { group },
            ErrorKind::PermissionDenied => MonitorError::Permission { group },
            _ => MonitorError::Socket { group, action: "bind", source },
        })?;
        socket.join_multicast_v4(group.ip(), &interface).map_err(|source| {
            match source.raw_os_error() {
                Some(code) if code == Errno::ENOBUFS as i32 => MonitorError::Memberships { group },
                _ => MonitorError::Join { group, interface, source },
            }
        })?;
        socket.set_nonblocking(true).map_err(failed("make the socket non-blocking"))?;
        // With the privilege (CAP_NET_ADMIN) beyond net.core.rmem_max, else up to it; what the
        // system gave is shown.
        if setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER).is_err() {
            let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        }
        let receive_buffer = socket.recv_buffer_size().map_err(failed("read its buffer size"))?;
        let counts_drops = setsockopt(&socket, RxqOvfl, &1).is_ok();
        let control = nix::cmsg_space!(u32);
        Ok(Listener { socket, group, receive_buffer, counts_drops, control })
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> SocketAddrV4 {
        self.group
    }

    /// Receive buffer that the system gave, bytes.
    #[must_use]
    pub fn receive_buffer(&self) -> usize {
        self.receive_buffer
    }

    /// Whether the kernel says what it dropped.
    #[must_use]
    pub fn counts_drops(&self) -> bool {
        self.counts_drops
    }

    /// For waiting.
    #[must_use]
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes a datagram; `None` where there is none now.
    ///
    /// # Errors
    /// [`MonitorError::Socket`].
    pub fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, MonitorError> {
        let group = self.group;
        let mut parts = [IoSliceMut::new(buffer)];
        let fd = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT;
        let message = match recvmsg::<SockaddrIn>(fd, &mut parts, Some(&mut self.control), flags) {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(errno) => {
                let source = io::Error::from(errno);
                return Err(MonitorError::Socket { group, action: "receive", source });
            }
        };
        let kernel_drops = message.cmsgs().ok().and_then(|mut all| {
            all.find_map(|part| match part {
                ControlMessageOwned::RxqOvfl(count) => Some(count),
                _ => None,
            })
        });
        let unknown = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        let source = message.address.map_or(unknown, SocketAddrV4::from);
        Ok(Some(Received { length: message.bytes, source, kernel_drops }))
    }
}
