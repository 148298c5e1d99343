//! What can go wrong as a whole. What is wrong with one table is a problem in the report instead.

use std::io;
use std::path::PathBuf;

use crate::inspect::LookError;
use crate::inspect::error::list;

/// Why nothing, or nothing more, can be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// The instance cannot be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// There is no such producer.
    #[error("no producer {name:?}; there {are}", are = list("is none", "is", others))]
    NoProducer {
        /// Name asked for.
        name: String,
        /// Producers that there are.
        others: Vec<String>,
    },
    /// Several producers, and records can only be shown of one.
    #[error("records of which producer? Say --producer with one of {}", others.join(", "))]
    WhichProducer {
        /// Producers that there are.
        others: Vec<String>,
    },
    /// The instance is not complete, so it has no producers to show.
    #[error("{path}: {state}, and was never ready: it has no records", path = path.display())]
    NotReady {
        /// Directory of the instance.
        path: PathBuf,
        /// Its state.
        state: &'static str,
    },
    /// No ring to read records from.
    #[error(
        "producer {producer:?} has no overwriting ring and no seat in use: say --seat K to see \
         what an unused seat's ring still holds"
    )]
    NoRing {
        /// The producer.
        producer: String,
    },
    /// A slot of a size that cannot be followed.
    #[error("{path}: slots of {lines} lines of 64 bytes are not shown", path = path.display())]
    Slot {
        /// The ring.
        path: PathBuf,
        /// Lines of a slot.
        lines: u32,
    },
    /// A ring that does not fit into its file.
    #[error("{path}: {source}", path = path.display())]
    Ring {
        /// The ring.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: shm::slot::ShapeError,
    },
    /// No such instrument.
    #[error("no instrument {symbol:?} with an image; see --instruments and --images")]
    NoSymbol {
        /// Symbol asked for.
        symbol: String,
    },
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<shm::error::Error> for DumpError {
    fn from(error: shm::error::Error) -> DumpError {
        DumpError::Look(LookError::Shm(error))
    }
}

impl DumpError {
    /// Name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            DumpError::Look(error) => error.name(),
            DumpError::NoProducer { .. } => "no_such_producer",
            DumpError::WhichProducer { .. } => "which_producer",
            DumpError::NotReady { .. } => "not_ready",
            DumpError::NoRing { .. } => "no_ring",
            DumpError::Slot { .. } => "slot_size",
            DumpError::Ring { .. } => "ring_shape",
            DumpError::NoSymbol { .. } => "no_such_symbol",
            DumpError::Output(_) => "output",
        }
    }

    /// Exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            DumpError::Look(LookError::NoInstance { .. }) => 3,
            _ => 1,
        }
    }
}
