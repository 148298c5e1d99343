//! What a lane has back of what it lost, and what that took.

use serde::Serialize;

use super::sample::LaneSample;

/// Recovery of a lane, since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RecoveryTop {
    /// Messages that were missing.
    pub missed: u64,
    /// Messages that came late on a line.
    pub late: u64,
    /// Messages that servers filled.
    pub filled: u64,
    /// Gaps that servers could not fill.
    pub unfillable: u64,
    /// Requests sent.
    pub requests: u64,
    /// Requests that nothing answered in time.
    pub timeouts: u64,
    /// Datagrams that came as answers.
    pub answers: u64,
    /// What servers sent and was refused.
    pub refused: u64,
    /// Snapshots that came whole.
    pub snapshots: u64,
    /// Wishes for a snapshot that came to nothing.
    pub snapshots_failed: u64,
    /// Bytes that servers sent.
    pub bytes: u64,
    /// Books that were brought up to date with what came late.
    pub books_merged: u64,
    /// Books that were replaced from a snapshot.
    pub books_replaced: u64,
}

impl RecoveryTop {
    /// `None` where the lane does not count it, or nothing was ever missing.
    pub fn of(lane: &LaneSample) -> Option<RecoveryTop> {
        let get = |name: &str| lane.get(name).unwrap_or(0);
        let recovery = RecoveryTop {
            missed: get("messages_missed"),
            late: get("repair_late"),
            filled: get("repair_filled"),
            unfillable: get("recovery_unfillable"),
            requests: get("recovery_requests"),
            timeouts: get("recovery_timeouts"),
            answers: get("recovery_answers"),
            refused: get("recovery_refused_all"),
            snapshots: get("recovery_snapshots"),
            snapshots_failed: get("recovery_snapshots_failed"),
            bytes: get("recovery_answer_bytes").saturating_add(get("recovery_stream_bytes")),
            books_merged: get("repair_books_merged"),
            books_replaced: get("repair_books_replaced"),
        };
        let counted = lane.get("recovery_requests").is_some();
        (counted && (recovery.missed > 0 || recovery.snapshots > 0)).then_some(recovery)
    }
}
