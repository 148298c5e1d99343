//! Why a row of a shared table could not be read.

use crate::seqlock::Torn;

/// Why a row of a shared table could not be read. Small, `Copy`, for callers that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// No such row: the index is at or beyond the table's count.
    #[error("no such row")]
    Beyond,
    /// The row was being written at every attempt: try later, or its writer died half-way.
    #[error("row is being written, or its writer died half-way")]
    Torn,
    /// The row was overwritten by a later one.
    #[error("row was overwritten")]
    Overwritten,
}

impl RowError {
    /// All of them, in order of their index.
    pub const ALL: [RowError; 3] = [RowError::Beyond, RowError::Torn, RowError::Overwritten];

    /// Name for counters.
    pub const fn name(self) -> &'static str {
        match self {
            RowError::Beyond => "beyond",
            RowError::Torn => "torn",
            RowError::Overwritten => "overwritten",
        }
    }

    /// Place in [`RowError::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl From<Torn> for RowError {
    fn from(_: Torn) -> Self {
        RowError::Torn
    }
}
