//! What keeps a UDP source from opening, each with the way out in one line.

use std::net::{Ipv4Addr, SocketAddrV4};

/// An error of a UDP source.
#[derive(Debug, thiserror::Error)]
pub enum UdpError {
    /// A source without lines.
    #[error("a UDP source needs at least one line: give it a group, a port and an interface")]
    NoLines,
    /// A line number that records cannot carry.
    #[error("line {line} of {group}: lines are numbered 1 (A) to 15")]
    Line {
        /// The number.
        line: u8,
        /// Its group.
        group: SocketAddrV4,
    },
    /// The same twice.
    #[error(
        "{group} on {interface} is given twice (lines {first} and {second}): each packet would \
         come twice; remove one, or give the other line its own group or interface"
    )]
    Twice {
        /// The group.
        group: SocketAddrV4,
        /// The interface.
        interface: String,
        /// Line that has it.
        first: u8,
        /// Line that wants it, too.
        second: u8,
    },
    /// An address that cannot be listened to.
    #[error(
        "{address}: {reason}; use a group from 224.0.0.0 to 239.255.255.255, or an address of \
         this host"
    )]
    Address {
        /// What was given.
        address: SocketAddrV4,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A sender that cannot be one.
    #[error(
        "source {source_address} of {group} is no address that a packet can come from; give the \
         sender's own address, or none"
    )]
    Source {
        /// What was given.
        source_address: Ipv4Addr,
        /// The group.
        group: SocketAddrV4,
    },
    /// No interface of this name or address.
    #[error("interface {wanted}: there is none; this host has {exist}")]
    NoInterface {
        /// What was asked for.
        wanted: String,
        /// Names and addresses of those that there are.
        exist: String,
    },
    /// An interface that cannot do it.
    #[error("interface {name}: {reason}; {fix}")]
    Interface {
        /// The interface.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
        /// What to do.
        fix: String,
    },
    /// The system has no interface for a group.
    #[error(
        "{group}: no route says on which interface it is; name an interface, or add \
         `ip route add {} dev INTERFACE`", group.ip()
    )]
    NoRoute {
        /// The group.
        group: SocketAddrV4,
    },
    /// Another program has the port.
    #[error(
        "{address}: the port is taken by {holder}; stop it, or let it set SO_REUSEADDR where \
         both listen to a group"
    )]
    PortTaken {
        /// What was to be listened to.
        address: SocketAddrV4,
        /// Who has it.
        holder: String,
    },
    /// Not allowed.
    #[error(
        "{address}: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE: \
         `setcap cap_net_bind_service+ep $(which hotlane)`, or use a higher port"
    )]
    Permission {
        /// What was to be listened to.
        address: SocketAddrV4,
    },
    /// The kernel allows no more memberships.
    #[error(
        "{group}: the kernel allows no more group memberships (igmp_max_memberships = {limit}); \
         raise it: `sysctl -w net.ipv4.igmp_max_memberships={}`", (*limit).max(20) * 2
    )]
    Memberships {
        /// The group.
        group: SocketAddrV4,
        /// Memberships allowed to a socket.
        limit: u64,
    },
    /// Too many sockets.
    #[error(
        "{address}: this process may open no more files; raise the limit: `ulimit -n 4096` in the \
         shell, LimitNOFILE=4096 in a unit"
    )]
    Files {
        /// What was to be listened to.
        address: SocketAddrV4,
    },
    /// Something else that the system refused.
    #[error("{address}: {doing}: {source}")]
    System {
        /// What was to be listened to.
        address: SocketAddrV4,
        /// What was asked of the system.
        doing: &'static str,
        /// What it said.
        source: std::io::Error,
    },
}
