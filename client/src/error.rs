//! Why a consumer cannot be attached, said so that a person can act on it.

use std::path::PathBuf;

use shm::seat::{AttachError, Reason};
use thiserror::Error;

/// Result of everything in this crate that may touch files.
pub type Result<T> = std::result::Result<T, Error>;

/// A refused attach, or a refused part of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Files, regions, layouts: the instance itself.
    #[error(transparent)]
    Shm(#[from] shm::error::Error),
    /// A specification that asks for nothing.
    #[error("no class asked for; name at least one of: {known}", known = class_names())]
    NoClass,
    /// A lane that the instance does not have.
    #[error("{path}: no lane {lane:?}; it has {have}", path = path.display())]
    NoLane {
        /// Directory of the instance.
        path: PathBuf,
        /// The lane asked for.
        lane: String,
        /// Those that there are, joined by commas.
        have: String,
    },
    /// Every seat of a lane has a consumer.
    #[error(
        "{path}: none of {seats} seats is free; end another consumer, or give the lane more seats",
        path = path.display()
    )]
    NoFreeSeat {
        /// Directory of the lane.
        path: PathBuf,
        /// Seats that the lane has.
        seats: usize,
    },
    /// The memory of a seat cannot be used.
    #[error("{path}: seat {seat}: {source}; restart the producer", path = path.display())]
    Seat {
        /// Directory of the lane.
        path: PathBuf,
        /// Number of the seat.
        seat: usize,
        /// What is wrong.
        #[source]
        source: AttachError,
    },
    /// Records of another size than this program reads.
    #[error(
        "{path}: records of {found} cache lines, wanted 1: this lane does not carry market data",
        path = path.display()
    )]
    SlotSize {
        /// Directory of the lane.
        path: PathBuf,
        /// Lines of a slot.
        found: u32,
    },
    /// The producer does not grant what was asked for.
    #[error("lane {lane:?}: refused ({reason}): {advice}", reason = reason.name(), advice = advice(*reason))]
    Refused {
        /// Name of the lane.
        lane: String,
        /// The producer's reason.
        reason: Reason,
    },
    /// The producer is there but does not answer.
    #[error(
        "{path}: lane {lane:?} did not answer within {waited_ms} ms; does the producer run, or is \
         it stopped?",
        path = path.display()
    )]
    NoAnswer {
        /// Directory of the instance.
        path: PathBuf,
        /// Name of the lane.
        lane: String,
        /// Time waited, milliseconds.
        waited_ms: u64,
    },
    /// A table or book cannot be built as asked.
    #[error(transparent)]
    Books(#[from] book::LimitsError),
}

fn class_names() -> String {
    wire::class::set_names(!wire::Class::Stream.bit())
}

fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::WaitOnLive => "the policy `wait` is granted by replays only; use lose or conflate",
        Reason::ConflateClass => "`conflate` gives books as `top` only; drop orders and levels",
        Reason::UnknownPolicy => "run producer and consumer of one release",
        Reason::NoClass => "ask for at least one class",
        Reason::RingFull => "the consumer was too slow for the policy `detach`; use lose",
        _ => "attach again",
    }
}

impl Error {
    /// Whether waiting longer cannot help: the specification and the instance do not fit.
    pub fn is_definite(&self) -> bool {
        match self {
            Error::NoFreeSeat { .. } | Error::NoAnswer { .. } => false,
            // Seen half-way through a restart of the producer.
            Error::Shm(shm::error::Error::Generation { .. }) => false,
            Error::Shm(inner) => !inner.is_missing(),
            _ => true,
        }
    }

    /// Whether there is no such instance, or none that lives.
    pub fn is_absent(&self) -> bool {
        use shm::error::Error as Shm;
        let Error::Shm(inner) = self else { return false };
        matches!(inner, Shm::Absent { .. } | Shm::DeadGeneration { .. } | Shm::Timeout { .. })
    }
}
