//! What keeps the program from running, said so that a person can act on it.

use std::path::PathBuf;

use thiserror::Error;

/// Result of the program.
pub type Result<T> = std::result::Result<T, Error>;

/// Why it does not run.
#[derive(Debug, Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("{path}: cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The configuration says something that cannot be meant.
    #[error("{path}:{line}: {what}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A value out of range.
    #[error("{name}: {found}, wanted {wanted}")]
    Range {
        /// Option or key.
        name: &'static str,
        /// The value given.
        found: u64,
        /// What is allowed.
        wanted: &'static str,
    },
    /// The table of the microprice does not fit.
    #[error("{path}: {what}", path = path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Input and output have one name.
    #[error("--out-name {name:?} is the instance that is followed; choose another name")]
    OwnName {
        /// The name.
        name: String,
    },
    /// Somebody publishes under our name.
    #[error(
        "instance {name:?} is already running (process {pid}); end it, or choose another --out-name"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// Who has it.
        pid: u32,
    },
    /// The source never came.
    #[error(
        "no instance {name:?} under {root} within {seconds} s; start its producer, or see \
         `shm-dump` for those that there are",
        root = root.display()
    )]
    NeverCame {
        /// Name of the instance.
        name: String,
        /// Where it was looked for.
        root: PathBuf,
        /// Time waited.
        seconds: u64,
    },
    /// Attaching failed.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// Our own instance cannot be made.
    #[error(transparent)]
    Producer(#[from] producer::ProducerError),
    /// The core or the clock.
    #[error(transparent)]
    Host(#[from] affinity::AffinityError),
    /// The books cannot be built.
    #[error(transparent)]
    Books(#[from] book::LimitsError),
    /// Signals cannot be caught.
    #[error("cannot catch signals: {source}")]
    Signals {
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Exit code: 2 for what was asked for, 3 for an instance that is not there, else 1.
    pub fn code(&self) -> u8 {
        match self {
            Error::Read { .. } | Error::Config { .. } | Error::Range { .. } => 2,
            Error::Table { .. } | Error::OwnName { .. } => 2,
            Error::NeverCame { .. } => 3,
            _ => 1,
        }
    }
}
