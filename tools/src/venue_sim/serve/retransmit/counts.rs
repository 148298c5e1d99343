//! What a re-request server did, one by one.

use protocol::frame::moldudp64::RequestReject;
use serde::Serialize;

/// Counts of a server. Every request is in exactly one of `dead`, `malformed`, `other_session`,
/// `ignored`, `over_quota`, `unavailable` and `answered`; every packet that was made is in `packets`
/// or `lost`, and once more in `packets` for each duplicate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RetransmitCounts {
    /// Datagrams that came.
    pub requests: u64,
    /// Messages that those that were requests asked for.
    pub asked: u64,
    /// Came while the server was dead.
    pub dead: u64,
    /// Were no requests.
    pub malformed: u64,
    /// Of these, those of another length than 20.
    pub malformed_length: u64,
    /// Of these, those that asked for nothing.
    pub malformed_empty: u64,
    /// Of these, those beyond the last number there can be.
    pub malformed_overflow: u64,
    /// Asked for another session.
    pub other_session: u64,
    /// Were not their turn to be answered.
    pub ignored: u64,
    /// Came when the second's quota was used up.
    pub over_quota: u64,
    /// Asked for what is not there any more, or not yet.
    pub unavailable: u64,
    /// Were answered, in one way or another.
    pub answered: u64,
    /// Datagrams sent.
    pub packets: u64,
    /// Messages in them, true or not; absurd datagrams have none.
    pub messages: u64,
    /// Bytes of their UDP payload.
    pub bytes: u64,
    /// Answers that held less than there was.
    pub partial: u64,
    /// Answers under the name of another session.
    pub wrong_session: u64,
    /// Answers with other numbers than asked for.
    pub wrong_range: u64,
    /// Answers that were absurd.
    pub absurd: u64,
    /// Messages that are none.
    pub garbled: u64,
    /// Messages that are others than their numbers'.
    pub lied: u64,
    /// Datagrams that were lost on their way.
    pub lost: u64,
    /// Datagrams that were sent twice.
    pub duplicated: u64,
    /// Datagrams that were sent late.
    pub late: u64,
}

impl RetransmitCounts {
    pub(super) fn malformed(&mut self, reason: RequestReject) {
        self.malformed += 1;
        *match reason {
            RequestReject::Length => &mut self.malformed_length,
            RequestReject::Empty => &mut self.malformed_empty,
            RequestReject::SequenceOverflow => &mut self.malformed_overflow,
        } += 1;
    }

    /// Whether every request is accounted for.
    #[must_use]
    pub const fn balances(&self) -> bool {
        let malformed = self.malformed_length + self.malformed_empty + self.malformed_overflow;
        let silent = self.dead + self.malformed + self.other_session + self.ignored;
        let silent = silent + self.over_quota + self.unavailable;
        self.malformed == malformed && self.requests == silent + self.answered
    }
}
