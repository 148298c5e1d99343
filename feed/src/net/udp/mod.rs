//! UDP sockets as a source: multicast groups and unicast addresses, read without waiting.
//!
//! ```text
//! interface.rs  which interface     open.rs     checks, options, membership    options.rs
//! batch.rs      recvmmsg            control.rs  stamps and counts of drops
//! warm.rs       are stamps real     holder.rs   who has the port               error.rs
//! membership.rs what routes chose
//! ```
//!
//! Each line and group has a socket of its own, bound to the group's address. So no other group of
//! the port reaches it, what the kernel drops is known by line, and the kernel's limit of groups
//! per socket never binds. A poll makes one system call per socket, without waiting, and lets each
//! have an equal share of the packets wanted, beginning with another one each time.
//!
//! What was dropped for want of buffer is told by the kernel with the next datagram that is queued,
//! so the count lags until one comes.

mod batch;
mod control;
mod error;
mod holder;
mod interface;
mod membership;
mod open;
mod options;
mod warm;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsFd;

use socket2::Socket;
use wire::StampBy;

use self::batch::{BATCH, Batch, Received};
use self::control::Control;
use self::interface::Interfaces;
use crate::error::{FeedError, Result};
use crate::net::{Layer, Packet, Polled, Source, SourceCounts};

pub use self::batch::DATAGRAM_MAX;
pub use self::error::UdpError;
pub use self::interface::Interface;

/// Lines are numbered below this; 0 is none.
const LINES: usize = 16;

/// What to receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpSpec {
    /// Groups and addresses, each as a line.
    pub lines: Vec<UdpLine>,
    /// Receive buffer of each socket, bytes; 0 = the system's default.
    pub receive_buffer: usize,
    /// Whether the kernel stamps packets when they come; otherwise the poll does.
    pub stamps: bool,
}

/// A group or address that belongs to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpLine {
    /// Line: 1 A, 2 B, ... 15. Several groups may belong to one.
    pub line: u8,
    /// Multicast group, or an address of this host.
    pub group: Ipv4Addr,
    /// UDP port.
    pub port: u16,
    /// Where the group is joined.
    pub interface: Interface,
    /// The only sender whose datagrams are taken.
    pub source: Option<Ipv4Addr>,
}

impl UdpLine {
    /// Group and port.
    pub fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.group, self.port)
    }
}

/// One socket.
struct Port {
    socket: Socket,
    line: u8,
    address: SocketAddrV4,
    /// Index of its interface; 0 where the system's routes decide.
    interface: u32,
    source: Option<Ipv4Addr>,
    drops: Drops,
}

/// The kernel's count of what a socket dropped, which runs over at 2^32.
#[derive(Clone, Copy, Debug, Default)]
struct Drops(u32);

impl Drops {
    /// How many more there are.
    fn told(&mut self, count: u32) -> u64 {
        u64::from(count.wrapping_sub(std::mem::replace(&mut self.0, count)))
    }
}

/// What was counted of a line.
#[derive(Clone, Copy, Debug, Default)]
struct LineCounts {
    source: SourceCounts,
    foreign: u64,
}

/// A source of UDP datagrams.
pub struct UdpSource {
    ports: Vec<Port>,
    batch: Batch,
    lines: [LineCounts; LINES],
    stamps: bool,
    /// The socket that is read first in the next poll.
    first: usize,
    errors: u64,
    is_loopback: bool,
    described: Vec<String>,
    warnings: Vec<String>,
}

impl UdpSource {
    /// Opens all sockets and takes all memory.
    ///
    /// # Errors
    /// If something is wrong with the lines or the system refuses; nothing then stays open.
    pub fn open(spec: &UdpSpec) -> Result<UdpSource> {
        open::check(&spec.lines)?;
        let interfaces = Interfaces::list();
        let mut source = UdpSource {
            ports: Vec::with_capacity(spec.lines.len()),
            batch: Batch::new(),
            lines: [LineCounts::default(); LINES],
            stamps: spec.stamps,
            first: 0,
            errors: 0,
            is_loopback: false,
            described: Vec::new(),
            warnings: Vec::new(),
        };
        for line in &spec.lines {
            source.add(line, spec, &interfaces)?;
        }
        if spec.stamps && !warm::stamps(&mut source.batch).unwrap_or(false) {
            let text = "receive stamps of the kernel look as if taken at reading, not at arrival";
            source.warnings.push(text.to_owned());
        }
        Ok(source)
    }

    fn add(&mut self, line: &UdpLine, spec: &UdpSpec, interfaces: &Interfaces) -> Result<()> {
        let chosen = interfaces.choose(&line.interface, line.address())?;
        let same = |port: &&Port| {
            (port.address, port.interface, port.source)
                == (line.address(), chosen.index, line.source)
        };
        if let Some(port) = self.ports.iter().find(same) {
            let (first, second) = (port.line, line.line);
            let (group, interface) = (line.address(), line.interface.to_string());
            return Err(UdpError::Twice { group, interface, first, second }.into());
        }
        let opened = open::open(line, &chosen, spec, interfaces)?;
        let (asked, granted) = (spec.receive_buffer, opened.buffer);
        let letter = char::from(b'A' + (line.line - 1) % 26);
        let place = match (&chosen.name, &opened.by_route) {
            (Some(name), _) => format!("on {name}"),
            (None, Some(name)) => format!("on {name}, by the system's routes"),
            (None, None) => "on any interface".to_owned(),
        };
        let only = line.source.map(|source| format!(", only from {source}")).unwrap_or_default();
        let stamps = if spec.stamps { "by the kernel" } else { "by the poll" };
        self.described.push(format!(
            "line {letter}: {} {place}{only}, receive buffer {granted} bytes, stamps {stamps}",
            line.address()
        ));
        if granted < asked {
            self.warnings.push(format!(
                "line {letter}: {}: receive buffer of {granted} bytes in place of {asked}; allow \
                 it with `sysctl -w net.core.rmem_max={asked}`, or run with CAP_NET_ADMIN",
                line.address()
            ));
        }
        let by_route = opened.by_route.is_some_and(|name| interfaces.is_loopback(&name));
        self.is_loopback |= chosen.is_loopback || by_route;
        self.ports.push(Port {
            socket: opened.socket,
            line: line.line,
            address: line.address(),
            interface: chosen.index,
            source: line.source,
            drops: Drops::default(),
        });
        Ok(())
    }

    /// What was got, a text per socket, then what is less than was asked for.
    pub fn describe(&self) -> Vec<String> {
        self.described.iter().chain(&self.warnings).cloned().collect()
    }

    /// What is less than was asked for, with what to do.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether any line can be fed from this host alone: such data is not live.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Datagrams of a line that came from another sender than its own and were not handed over.
    pub fn foreign(&self, line: u8) -> u64 {
        self.lines.get(usize::from(line)).map_or(0, |counts| counts.foreign)
    }

    /// Errors of the system that passed by themselves.
    pub fn receive_errors(&self) -> u64 {
        self.errors
    }

    /// Takes one batch of a socket; returns how many packets were handed over.
    #[inline]
    fn poll_port(
        &mut self,
        n: usize,
        now: u64,
        wanted: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<usize> {
        let Some(port) = self.ports.get_mut(n) else { return Ok(0) };
        let received = match self.batch.receive(port.socket.as_fd(), wanted) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => {
                let address = port.address;
                return self.receive_error(address, error);
            }
        };
        let Some(counts) = self.lines.get_mut(usize::from(port.line)) else { return Ok(0) };
        let mut handed = 0;
        for n in 0..received {
            let Some(message) = self.batch.message(n) else { break };
            if let Some(packet) = port.take(&message, counts, self.stamps, now) {
                sink(packet);
                handed += 1;
            }
        }
        Ok(handed)
    }

    #[cold]
    fn receive_error(&mut self, address: SocketAddrV4, error: io::Error) -> Result<usize> {
        match error.raw_os_error() {
            Some(libc::EINTR) => Ok(0),
            Some(libc::EBADF | libc::ENOTSOCK | libc::EINVAL | libc::EFAULT) => {
                let doing = "receiving";
                Err(UdpError::System { address, doing, source: error }.into())
            }
            _ => {
                self.errors += 1;
                Ok(0)
            }
        }
    }
}

impl Port {
    /// The packet of a datagram, if it is one to be handed over.
    #[inline]
    fn take<'a>(
        &mut self,
        message: &Received<'a>,
        counts: &mut LineCounts,
        stamps: bool,
        now: u64,
    ) -> Option<Packet<'a>> {
        let control = Control::parse(message.control);
        if let Some(dropped) = control.dropped {
            counts.source.kernel_drops += self.drops.told(dropped);
        }
        if self.source.is_some() && message.sender.map(|sender| *sender.ip()) != self.source {
            counts.foreign += 1;
            return None;
        }
        if message.truncated {
            counts.source.truncated += 1;
            return None;
        }
        let (ts_receive, stamp) = match control.stamp_ns {
            Some(stamp) if stamps => (stamp, StampBy::Kernel),
            _ => {
                counts.source.unstamped += u64::from(stamps);
                (now, StampBy::Poll)
            }
        };
        let (bytes, line) = (message.bytes, self.line);
        Some(Packet { bytes, layer: Layer::Udp, ts_receive, stamp, line })
    }
}

impl Source for UdpSource {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> std::result::Result<Polled, FeedError> {
        let ports = self.ports.len();
        let (mut handed, mut n) = (0, self.first);
        for done in 0..ports {
            let share = (budget - handed).div_ceil(ports - done).min(BATCH);
            if share == 0 {
                break;
            }
            handed += self.poll_port(n, now, share, sink)?;
            n = if n + 1 < ports { n + 1 } else { 0 };
        }
        self.first = if self.first + 1 < ports { self.first + 1 } else { 0 };
        Ok(if handed == 0 { Polled::Nothing } else { Polled::Packets(handed) })
    }

    #[inline]
    fn counts(&self, line: u8) -> SourceCounts {
        self.lines.get(usize::from(line)).map_or_else(SourceCounts::default, |l| l.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_of_drops_that_runs_over_goes_on() {
        let mut drops = Drops::default();
        let told = [0, 5, 5, u32::MAX, 0, 2, 2];
        let more = [0, 5, 0, u64::from(u32::MAX) - 5, 1, 2, 0];
        assert_eq!(told.map(|count| drops.told(count)), more);
    }
}
