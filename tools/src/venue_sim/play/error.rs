//! What can go wrong while a session is played, told so that the next command is right.

use std::io;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

/// An error of `venue-sim play`.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// A file could not be opened, read or written.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is nothing that can be played.
    #[error("{path}: {what}", path = path.display())]
    NotPlayable {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        what: String,
    },
    /// A message that no packet has room for.
    #[error("message {sequence}: {source}; play the file without it")]
    TooLong {
        /// Its number.
        sequence: u64,
        /// Its length.
        source: super::packets::TooLong,
    },
    /// A generated file under the name of a recording.
    #[error(
        "{path} says that it is simulated; a session named {session} would call it a recording. \
         Leave --session out, or give a name that begins with SIM",
        path = path.display()
    )]
    Session {
        /// The name given.
        session: String,
        /// The first file.
        path: PathBuf,
    },
    /// Two lines to one place.
    #[error(
        "lines {first} and {second} both go to {group}; a receiver could not tell them apart. \
         Give each line a group or a port of its own"
    )]
    SameGroup {
        /// A line.
        first: String,
        /// Another line.
        second: String,
        /// Where both go.
        group: SocketAddrV4,
    },
    /// Two lines of one name.
    #[error("two lines are named {name}; give the second --group another name")]
    SameName {
        /// The name.
        name: String,
    },
    /// Faults for a line that is not sent.
    #[error("faults for line {name}, but there is no such line; add --group{option}")]
    NoSuchLine {
        /// The line.
        name: String,
        /// What to add.
        option: String,
    },
    /// The interface is not there, is down, or has no IPv4 address.
    #[error("--interface {given}: {what}; there are {known}")]
    Interface {
        /// What was asked for.
        given: String,
        /// What is wrong.
        what: &'static str,
        /// What there is.
        known: String,
    },
    /// A socket could not be made, or could not be set up.
    #[error("line {line} to {group}: cannot {action}: {source}{advice}")]
    Socket {
        /// The line.
        line: String,
        /// Where it goes.
        group: SocketAddrV4,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// The market that makes the messages failed.
    #[error(transparent)]
    Market(#[from] crate::venue_sim::Error),
    /// A server's address cannot be had.
    #[error("{option} {address}: cannot listen: {source}; choose another address or port")]
    Server {
        /// The option.
        option: &'static str,
        /// The address.
        address: SocketAddrV4,
        /// What the system said.
        source: io::Error,
    },
    /// A server's thread cannot be had.
    #[error("cannot start the thread of a server: {0}")]
    Thread(io::Error),
    /// The signals that end a session cannot be heard.
    #[error("cannot listen for SIGINT and SIGTERM: {0}")]
    Signals(io::Error),
}

impl PlayError {
    /// An I/O error with its file.
    pub(super) fn io(path: &Path, action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }
}
