//! What a snapshot server did, one by one.

use serde::Serialize;

/// Counts of a connection, or of many added together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GlimpseCounts {
    /// Connections that came in.
    pub connections: u64,
    /// Of these, those that were never answered.
    pub dead: u64,
    /// Of these, those that were closed at once.
    pub closed: u64,
    /// Logins of connections that were neither.
    pub logins: u64,
    /// Logins of somebody else.
    pub rejected_user: u64,
    /// Logins into another session, or not for number 1.
    pub rejected_session: u64,
    /// Logins that a bad server rejected without a reason.
    pub rejected_falsely: u64,
    /// Snapshots that were made.
    pub begun: u64,
    /// Snapshots that were written to their end.
    pub complete: u64,
    /// Messages in them, the end included.
    pub messages: u64,
    /// Orders among these.
    pub orders: u64,
    /// Heartbeats.
    pub heartbeats: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Clients that logged out before their snapshot was written.
    pub logouts: u64,
    /// Clients that sent what no client sends, or that twice.
    pub malformed: u64,
    /// Clients that were silent for too long.
    pub timed_out: u64,
    /// Connections that were cut within a snapshot.
    pub cut: u64,
    /// Snapshots that stopped for a while.
    pub stalled: u64,
    /// Snapshots under the name of another session.
    pub wrong_session: u64,
    /// Snapshots without a right end: none, or one with a number that is none or far ahead.
    pub wrong_end: u64,
    /// Snapshots with bytes that are no packet.
    pub garbage: u64,
    /// Snapshots with a message that cannot be.
    pub nonsense: u64,
    /// Snapshots whose number is near the true one: nothing in them shows it.
    pub lied: u64,
}

impl std::ops::AddAssign for GlimpseCounts {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.dead += other.dead;
        self.closed += other.closed;
        self.logins += other.logins;
        self.rejected_user += other.rejected_user;
        self.rejected_session += other.rejected_session;
        self.rejected_falsely += other.rejected_falsely;
        self.begun += other.begun;
        self.complete += other.complete;
        self.messages += other.messages;
        self.orders += other.orders;
        self.heartbeats += other.heartbeats;
        self.bytes += other.bytes;
        self.logouts += other.logouts;
        self.malformed += other.malformed;
        self.timed_out += other.timed_out;
        self.cut += other.cut;
        self.stalled += other.stalled;
        self.wrong_session += other.wrong_session;
        self.wrong_end += other.wrong_end;
        self.garbage += other.garbage;
        self.nonsense += other.nonsense;
        self.lied += other.lied;
    }
}

impl GlimpseCounts {
    /// Whether every login is accounted for.
    #[must_use]
    pub const fn balances(&self) -> bool {
        let rejected = self.rejected_user + self.rejected_session + self.rejected_falsely;
        self.logins == rejected + self.begun && self.complete <= self.begun
    }
}
