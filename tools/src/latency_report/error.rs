//! Why there is no report. What is wrong with one instance or lane is a problem in it instead.

use std::io;
use std::path::PathBuf;

use affinity::AffinityError;

use crate::inspect::LookError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LatencyError {
    /// An instance cannot be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// Nothing runs.
    #[error(
        "no instance runs under {root}: start one, or name one that has ended, or say --root DIR",
        root = root.display()
    )]
    NothingRuns {
        /// Directory looked at.
        root: PathBuf,
    },
    /// A core cannot be measured.
    #[error("hiccups of core {core}: {source}; name cores with --cores LIST")]
    Hiccups {
        /// The core.
        core: usize,
        /// Why not.
        #[source]
        source: AffinityError,
    },
    /// The host does not say what cores there are, or what time it is.
    #[error("this host: {0}")]
    Host(#[from] AffinityError),
    /// A file of percentiles cannot be written.
    #[error("cannot write {path}: {source}; say --hgrm with a folder that can be written", path = path.display())]
    Hgrm {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Signals cannot be waited for, or a thread cannot be started.
    #[error("cannot measure: {0}")]
    System(#[source] io::Error),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<shm::error::Error> for LatencyError {
    fn from(error: shm::error::Error) -> LatencyError {
        LatencyError::Look(LookError::Shm(error))
    }
}

impl LatencyError {
    /// Name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            LatencyError::Look(error) => error.name(),
            LatencyError::NothingRuns { .. } => "nothing_runs",
            LatencyError::Hiccups { .. } => "hiccups",
            LatencyError::Host(_) => "host",
            LatencyError::Hgrm { .. } => "hgrm",
            LatencyError::System(_) => "system",
            LatencyError::Output(_) => "output",
        }
    }

    /// Exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            LatencyError::Look(LookError::NoInstance { .. }) | LatencyError::NothingRuns { .. } => {
                3
            }
            _ => 1,
        }
    }
}
