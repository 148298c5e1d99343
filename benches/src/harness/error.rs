//! What can go wrong in a comparison.

use thiserror::Error;

/// Why a comparison has no result.
#[derive(Debug, Error)]
pub enum CompareError {
    /// Two contestants gave different answers to the same question: one of them is wrong, and a
    /// time for a wrong answer is worth nothing.
    #[error("{section}: {first} answers {first_answer}, {second} answers {second_answer}")]
    Answers {
        /// The comparison.
        section: String,
        /// A contestant.
        first: String,
        /// Its answer.
        first_answer: u64,
        /// Another one.
        second: String,
        /// Its answer.
        second_answer: u64,
    },
    /// Recordings are needed and no folder of them was given: not a failure, the section is
    /// skipped and says so.
    #[error("HOTLANE_DATA is not set")]
    NoData,
    /// A recording is needed that is not there.
    #[error("{path}: {error}; set HOTLANE_DATA to the folder of the recordings")]
    Data {
        /// What was looked for.
        path: String,
        /// What happened.
        error: std::io::Error,
    },
    /// Anything else that ends a contestant.
    #[error("{what}: {why}")]
    Failed {
        /// What was done.
        what: String,
        /// What happened.
        why: String,
    },
}

impl CompareError {
    /// An error of a peer or of ours, as text.
    pub fn failed(what: impl Into<String>, why: impl std::fmt::Display) -> CompareError {
        CompareError::Failed { what: what.into(), why: why.to_string() }
    }
}
