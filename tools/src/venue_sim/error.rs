//! What can go wrong, told so that the next command is right.

use std::io;
use std::path::PathBuf;

/// An error of the simulator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
    /// Writing messages failed.
    #[error("cannot write messages: {0}")]
    Write(#[from] io::Error),
    /// The name could be taken for a recording.
    #[error(
        "{path}: the name of a made session must contain SIM, so that nobody takes it for a \
         recording; for example {suggestion}",
        path = path.display()
    )]
    Name {
        /// The name given.
        path: PathBuf,
        /// A better one.
        suggestion: String,
    },
    /// The day is not long enough for the session.
    #[error(
        "a session of {duration_s} s that starts {start_s} s after midnight does not end on the \
         same day; choose an earlier --session-start or a shorter --duration"
    )]
    Hours {
        /// Seconds from midnight to the start.
        start_s: u64,
        /// Seconds of the session.
        duration_s: u64,
    },
    /// A number that makes no session.
    #[error("{option} must be from {low} to {high}, not {value}")]
    Range {
        /// The option.
        option: &'static str,
        /// What was given.
        value: u64,
        /// The least.
        low: u64,
        /// The most.
        high: u64,
    },
    /// The slice to clone is not a valid ITCH file of one symbol.
    #[error("{path}, message {message} at byte {offset}: {what}", path = path.display())]
    Slice {
        /// The file.
        path: PathBuf,
        /// Number of the message, from 1.
        message: u64,
        /// Where its length stands in the (uncompressed) file.
        offset: u64,
        /// What is wrong and what to do.
        what: String,
    },
}

impl Error {
    /// An I/O error with its file.
    pub(super) fn io(path: &std::path::Path, action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }
}
