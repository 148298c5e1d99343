//! What keeps a sending socket from opening, with the way out.

use std::net::SocketAddrV4;

/// A socket that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No interface of this name or address.
    #[error("publisher.interface {wanted:?}: no such interface; this host has {have}")]
    NoInterface {
        /// What was asked for.
        wanted: String,
        /// Names of those that there are.
        have: String,
    },
    /// A destination that no group can have.
    #[error(
        "publisher: {destination} is no multicast group; groups are 224.0.0.0 to 239.255.255.255, \
         for example 239.255.42.99:9002"
    )]
    NotMulticast {
        /// The destination.
        destination: SocketAddrV4,
    },
    /// A destination without a port.
    #[error("publisher: {destination} has no port; write one, for example {}:9002", destination.ip())]
    NoPort {
        /// The destination.
        destination: SocketAddrV4,
    },
    /// No way to a group.
    #[error(
        "publisher: no way to {destination} by {interface}: {source}; add one with `ip route add \
         {}/32 dev {interface}`, or name another interface",
        destination.ip()
    )]
    Unreachable {
        /// The group.
        destination: SocketAddrV4,
        /// The interface.
        interface: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The kernel refused something of the socket.
    #[error("publisher: {what} on {interface} was refused: {source}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The interface.
        interface: String,
        /// What the system said.
        source: std::io::Error,
    },
}
