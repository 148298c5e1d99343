//! What can go wrong outside the hot path, told so that the user knows what to do.

use std::path::PathBuf;

/// An error of the feed handler's control plane.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// A file could not be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is neither a capture nor raw ITCH.
    #[error(
        "{path}: not a capture that hotlane knows: {found}. It reads pcap, pcapng and raw \
         length-prefixed ITCH, each plain or gzip"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// What its first bytes look like.
        found: String,
    },
    /// A capture cannot be read any further.
    #[error("{path}: at byte {offset}: {reason}")]
    Capture {
        /// The file.
        path: PathBuf,
        /// Offset in the (decompressed) file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Raw ITCH has no date and none was given.
    #[error(
        "{path}: raw ITCH holds times of day but no date, and the name has none. \
         Say it with --date YYYY-MM-DD"
    )]
    NoDate {
        /// The file.
        path: PathBuf,
    },
    /// A date that does not exist, or a day whose midnight cannot be computed.
    #[error("date {text}: {reason}; write YYYY-MM-DD, for example 2020-01-30")]
    Date {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another program of this build is missing or failed.
    #[error("{program}: {reason}")]
    Sibling {
        /// The program.
        program: String,
        /// What happened.
        reason: String,
    },
    /// An argument that cannot be used.
    #[error("{text}: expected {reason}")]
    Argument {
        /// What was given.
        text: String,
        /// What is expected.
        reason: String,
    },
    /// A configuration that cannot be used: everything that is wrong in it.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// Shared memory could not be looked at.
    #[error(transparent)]
    Shm(#[from] shm::error::Error),
    /// The instance could not be made or ended.
    #[error(transparent)]
    Producer(#[from] producer::ProducerError),
    /// The directory under which instances live cannot be used.
    #[error(
        "{source}; instances are made below {root}, which must exist and let this user write: \
         choose another with shm = \"...\" in the configuration, or by HOTLANE_SHM"
    )]
    Root {
        /// The directory.
        root: PathBuf,
        /// What happened.
        source: shm::error::Error,
    },
    /// A UDP source could not be opened.
    #[error(transparent)]
    Udp(#[from] crate::net::udp::UdpError),
    /// Tables of these sizes cannot be had.
    #[error(transparent)]
    Limits(#[from] book::LimitsError),
    /// The publisher's socket could not be opened.
    #[error(transparent)]
    Send(#[from] crate::net::send::SendError),
    /// The publisher could not attach.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// The host refused.
    #[error(transparent)]
    Host(#[from] affinity::AffinityError),
    /// A thread ended in a way that none should.
    #[error("thread {name} ended unexpectedly; what it said stands above: please report it")]
    Thread {
        /// Its name.
        name: String,
    },
    /// An instance that has no configuration to read again.
    #[error(
        "instance {instance} is not one of `hotlane run`, so it has no configuration to read again"
    )]
    NoReload {
        /// The instance.
        instance: String,
    },
    /// A handler did not answer.
    #[error(
        "instance {instance} has not answered within {waited_s} s: it may be stopped or starved of \
         processor time; look at it with shm-dump"
    )]
    NoAnswer {
        /// The instance.
        instance: String,
        /// Seconds waited.
        waited_s: u64,
    },
    /// A consumer was waited for and did not come.
    #[error("waited {waited_s} s for {wanted} consumer(s) on instance {instance}; {found} came")]
    NoConsumer {
        /// The instance.
        instance: String,
        /// Seconds waited.
        waited_s: u64,
        /// Consumers wanted.
        wanted: usize,
        /// Consumers seen.
        found: usize,
    },
}

impl FeedError {
    /// An I/O error with the file it concerns.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> FeedError {
        FeedError::Io { path: path.into(), source }
    }
}

/// Result of the control plane.
pub type Result<T> = std::result::Result<T, FeedError>;
