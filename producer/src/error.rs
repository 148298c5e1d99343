//! What keeps a producer from starting or from ending cleanly.

use std::path::PathBuf;

/// An error of a producer's control plane.
#[derive(Debug, thiserror::Error)]
pub enum ProducerError {
    /// Shared memory could not be set up.
    #[error(transparent)]
    Shm(#[from] shm::error::Error),
    /// Seats could not be set up.
    #[error(transparent)]
    Seats(#[from] shm::fanout::FanoutError),
    /// The host refused: its clock cannot be measured.
    #[error(transparent)]
    Host(#[from] affinity::AffinityError),
    /// A file that was just made is not among the instance's.
    #[error(
        "{path}: missing from the instance that was just made; remove its directory and restart",
        path = path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// No thread for the clock page.
    #[error("cannot start the control thread: {source}; raise the limit of processes (ulimit -u)")]
    Thread {
        /// What the system said.
        source: std::io::Error,
    },
}

/// Result of a producer's control plane.
pub type Result<T> = std::result::Result<T, ProducerError>;
