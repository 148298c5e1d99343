//! What the arbiter takes and says: plain values, so that it can be driven by a lane, a test or a
//! simulation alike.

use wire::StampBy;
use wire::codes::ConnectionState;

use crate::counts::Interval;

/// A packet as the arbiter sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Number of its first message; of a heartbeat, the number that comes next.
    pub first: u64,
    /// Messages in it; 0 of a heartbeat.
    pub count: u16,
    /// Line: 1 A, 2 B, ...; 0 unknown.
    pub line: u8,
    /// When it was received, ns UTC.
    pub ts_receive: u64,
    /// Who took that stamp.
    pub stamp: StampBy,
    /// The lane's clock, ns UTC.
    pub now: u64,
}

impl Arrival {
    /// The number behind its last message.
    #[inline(always)]
    pub const fn next(&self) -> u64 {
        self.first.saturating_add(self.count as u64)
    }
}

/// Messages to take: `take` of a packet's messages, behind its first `skip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// The packet, as it was given to the arbiter.
    pub bytes: &'a [u8],
    /// Number of the first message to take.
    pub first: u64,
    /// Messages of the packet before it.
    pub skip: u16,
    /// Messages to take.
    pub take: u16,
    /// Line that brought it.
    pub line: u8,
    /// When it was received, ns UTC.
    pub ts_receive: u64,
    /// Who took that stamp.
    pub stamp: StampBy,
}

/// A range that no line brought in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// First missing number.
    pub first: u64,
    /// End of the range, exclusive.
    pub end: u64,
    /// Lines that are up, bit 0 = A; lines above the eighth are not shown.
    pub lines: u8,
    /// The lane's clock, ns UTC.
    pub now: u64,
    /// Receive stamp of the packet that decided it; without one, the lane's clock.
    pub ts_receive: u64,
}

/// A line's new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineChange {
    /// Line: 1 A, 2 B, ...
    pub line: u8,
    /// What it is now.
    pub state: ConnectionState,
    /// Since when, ns UTC: for a line that is down, its last packet.
    pub since: u64,
    /// Why: [`super::REASON_DATA`], [`super::REASON_SILENCE`].
    pub reason: u64,
    /// How often it has been down.
    pub downs: u32,
    /// The lane's clock, ns UTC.
    pub now: u64,
}

/// Who is told. Called in the order in which things are to be published.
pub trait Sink {
    /// Messages that come next.
    fn take(&mut self, part: &Part<'_>);
    /// What comes next is missing.
    fn missing(&mut self, missing: &Missing);
    /// A packet with messages that were declared missing.
    fn late(&mut self, _arrival: &Arrival, _bytes: &[u8]) {}
    /// A line has changed its state.
    fn line(&mut self, change: &LineChange);
    /// A packet's bytes differ from those that another line brought under the same numbers.
    fn diverged(&mut self, line: u8, ts_receive: u64);
    /// A measured interval, ns.
    fn interval(&mut self, interval: Interval, ns: u64);
}
