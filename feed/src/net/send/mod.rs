//! Datagrams out: one socket, bursts of datagrams in few system calls.
//!
//! ```text
//! mod.rs         opening, and what was granted     burst.rs   sendmmsg with UDP_SEGMENT
//! interface.rs   a name or address to an index     error.rs   what keeps a socket from opening
//! reject.rs      what the kernel said to a send
//! ```
//!
//! Sending is done by the publisher's own thread, never by a lane: what the kernel refuses is
//! counted by name and given up, because the stream repeats itself.

mod burst;
mod error;
mod interface;
mod reject;

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

pub use burst::{Burst, SEGMENTS_MAX, SendCounts};
pub use error::SendError;
pub use reject::SendReject;

use interface::Interface;

/// Bytes asked for as the socket's send buffer: a full burst with the kernel's own overhead.
const SEND_BUFFER: libc::c_int = 4 << 20;

/// What a sending socket is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendSpec {
    /// Interface that datagrams leave by: its name, or an IPv4 address of it.
    pub interface: String,
    /// Hops that a datagram may make; 1 stays on the link.
    pub ttl: u8,
    /// Destinations, in the order in which datagrams name them.
    pub destinations: Vec<SocketAddrV4>,
    /// Whether UDP_SEGMENT may be used. Without it every datagram is a message of its own.
    pub segment: bool,
}

/// A socket that sends to multicast groups.
#[derive(Debug)]
pub struct Sender {
    socket: UdpSocket,
    interface: Interface,
    destinations: Vec<SocketAddrV4>,
    burst: Burst,
}

impl Sender {
    /// Opens the socket and checks that every destination can be sent to.
    ///
    /// # Errors
    /// No such interface, a destination that is no multicast group, or what the kernel refused.
    pub fn open(spec: &SendSpec) -> Result<Sender, SendError> {
        for destination in &spec.destinations {
            if !destination.ip().is_multicast() {
                return Err(SendError::NotMulticast { destination: *destination });
            }
            if destination.port() == 0 {
                return Err(SendError::NoPort { destination: *destination });
            }
        }
        let interface = Interface::find(&spec.interface)?;
        let failed = |what: &'static str| {
            let interface = interface.clone();
            move |source| SendError::Refused { what, interface: interface.to_string(), source }
        };
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(failed("a UDP socket"))?;
        interface.choose(&socket).map_err(failed("IP_MULTICAST_IF"))?;
        socket.set_multicast_ttl_v4(u32::from(spec.ttl)).map_err(failed("IP_MULTICAST_TTL"))?;
        // Listeners on this host are the usual ones.
        socket.set_multicast_loop_v4(true).map_err(failed("IP_MULTICAST_LOOP"))?;
        burst::send_buffer(socket.as_raw_fd(), SEND_BUFFER);
        for destination in &spec.destinations {
            reachable(*destination, &interface)?;
        }
        let segment = spec.segment && burst::has_segment(socket.as_raw_fd());
        let burst = Burst::new(&spec.destinations, segment);
        Ok(Sender { socket, interface, destinations: spec.destinations.clone(), burst })
    }

    /// Sends datagrams in their order: each is the number of its destination and its bytes.
    ///
    /// Datagrams that follow each other to one destination with one size leave as one message of
    /// the kernel; a shorter one may end such a message. Waits a few milliseconds at most.
    pub fn send<'a>(&mut self, datagrams: impl Iterator<Item = (usize, &'a [u8])>) {
        self.burst.send(self.socket.as_raw_fd(), datagrams);
    }

    /// What was sent and refused.
    pub fn counts(&self) -> &SendCounts {
        self.burst.counts()
    }

    /// What the socket got, in words.
    pub fn describe(&self) -> String {
        let list: Vec<_> = self.destinations.iter().map(ToString::to_string).collect();
        let how = match self.burst.is_segmented() {
            true => "batches of equal sizes (UDP_SEGMENT)",
            false => "one datagram a message (sendmmsg: the kernel has no UDP_SEGMENT here)",
        };
        format!("multicast to {} by {}: {how}", list.join(" "), self.interface)
    }
}

/// Whether the kernel has a route to a group by this interface. Sends nothing.
fn reachable(destination: SocketAddrV4, interface: &Interface) -> Result<(), SendError> {
    let failed =
        |source| SendError::Unreachable { destination, interface: interface.to_string(), source };
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(failed)?;
    interface.choose(&probe).map_err(failed)?;
    probe.connect(destination).map_err(failed)
}
