//! What can go wrong, told so that the next command is right.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use protocol::capture::CaptureReject;

/// Why the monitor cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// There is no such interface.
    #[error(
        "no interface {name:?} with an IPv4 address; --interface takes one of: {}",
        there.join(", ")
    )]
    Interface {
        /// What was given.
        name: String,
        /// Interfaces that there are, with their addresses.
        there: Vec<String>,
    },
    /// The port belongs to a program that does not share it.
    #[error(
        "{group}: port {port} is taken by a program that does not share it; `ss -ulpn` says which: \
         stop it, or choose another --group",
        port = group.port()
    )]
    Taken {
        /// The group.
        group: SocketAddrV4,
    },
    /// The port needs a privilege.
    #[error(
        "{group}: no permission to use port {port}; choose a --group with a port above 1023",
        port = group.port()
    )]
    Permission {
        /// The group.
        group: SocketAddrV4,
    },
    /// The interface does not take the group.
    #[error(
        "{group}: cannot join on {interface}: {source}; the interface must be up and able to \
         multicast (`ip link`), or choose another --interface"
    )]
    Join {
        /// The group.
        group: SocketAddrV4,
        /// Address of the interface.
        interface: Ipv4Addr,
        /// What the system said.
        source: io::Error,
    },
    /// Too many groups for this system.
    #[error(
        "{group}: the system allows no more groups; raise it with `sysctl \
         net.ipv4.igmp_max_memberships=100`"
    )]
    Memberships {
        /// The group.
        group: SocketAddrV4,
    },
    /// Another step of opening or reading a socket.
    #[error("{group}: cannot {action}: {source}")]
    Socket {
        /// The group.
        group: SocketAddrV4,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Waiting for datagrams, or for signals, failed.
    #[error("cannot wait for {what}: {source}")]
    Wait {
        /// For what.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The capture cannot be opened or read.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    File {
        /// The capture.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no capture.
    #[error(
        "{path}, byte {offset}: {reason}; --file takes pcap or pcapng, also gzip",
        path = path.display()
    )]
    Capture {
        /// The capture.
        path: PathBuf,
        /// Where, in the uncompressed file.
        offset: u64,
        /// What is wrong.
        reason: CaptureReject,
    },
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl MonitorError {
    /// Name in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            MonitorError::Interface { .. } => "no_such_interface",
            MonitorError::Taken { .. } => "port_taken",
            MonitorError::Permission { .. } => "permission",
            MonitorError::Join { .. } => "join",
            MonitorError::Memberships { .. } => "memberships",
            MonitorError::Socket { .. } => "socket",
            MonitorError::Wait { .. } => "wait",
            MonitorError::File { .. } => "file",
            MonitorError::Capture { .. } => "capture",
            MonitorError::Output(_) => "output",
        }
    }
}
