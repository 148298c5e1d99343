//! The queues between a lane and its recovery.
//!
//! | queue | from | holds |
//! |---|---|---|
//! | wants | lane | ranges that are missing, ranges that are not missed any more, wishes for a snapshot |
//! | fills | recovery | packets that hold missing messages |
//! | news | recovery | what cannot be filled; whole snapshots, by pointer |
//! | used | lane | snapshots that were applied, to be freed elsewhere |
//!
//! All have a fixed size, and neither side waits for the other: what does not fit is tried again
//! at the next poll by whoever has it.

use rtrb::{Consumer, Producer, RingBuffer};

use super::snapshot::Snapshot;

/// Most bytes of a packet with messages: a UDP payload in an Ethernet frame of 1,500 bytes.
pub const PACKET_MAX: usize = 1472;
/// Wants that can be on their way at a time.
const WANTS: usize = 4096;
/// Packets that can be on their way at a time.
const FILLS: usize = 512;
/// News that can be on their way at a time.
const NEWS: usize = 1024;

/// A session's name.
pub type SessionName = [u8; 10];

/// What a lane wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Messages `[first, end)` of a session are missing; they are gap `gap` of the lane.
    Range {
        /// Number of the gap.
        gap: u32,
        /// Session.
        session: SessionName,
        /// First missing number.
        first: u64,
        /// End of the range, exclusive.
        end: u64,
    },
    /// A gap is not to be filled any more: its messages came, or it was given up.
    Forget {
        /// Number of the gap.
        gap: u32,
    },
    /// All books as they are at `from` or later. The lane keeps every message from `from` on.
    Snapshot {
        /// Session.
        session: SessionName,
        /// The lane's next number.
        from: u64,
    },
    /// A new session has begun: nothing that was wanted before is wanted any more.
    Session {
        /// Session.
        session: SessionName,
    },
}

/// Why something cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfillable {
    /// No server of that kind is configured.
    NoServer,
    /// The range is larger than is asked for by requests.
    TooLarge,
    /// Every server was asked as often as is allowed, and none has it.
    NoAnswer,
    /// What the servers sent is not what was asked for.
    Refused,
}

/// A packet that holds missing messages.
#[derive(Clone, Copy)]
pub struct Fill {
    /// When it was received, ns UTC.
    pub ts_receive: u64,
    /// Bytes of it.
    pub len: u16,
    /// The UDP payload: a MoldUDP64 packet of the session that was asked for.
    pub bytes: [u8; PACKET_MAX],
}

/// What recovery has to say beside packets.
pub enum News {
    /// A gap, or what is left of it, cannot be filled by requests.
    Unfillable {
        /// Number of the gap.
        gap: u32,
        /// Why.
        why: Unfillable,
    },
    /// All books as they were at one number.
    Snapshot(Box<Snapshot>),
    /// No snapshot can be had now. The lane may ask again later.
    NoSnapshot {
        /// Why.
        why: Unfillable,
    },
}

/// The lane's end.
pub struct LaneEnd {
    /// What is wanted.
    pub wants: Producer<Want>,
    /// What came.
    pub fills: Consumer<Fill>,
    /// What is said.
    pub news: Consumer<News>,
    /// Snapshots to be freed by the other side.
    pub used: Producer<Box<Snapshot>>,
}

/// Recovery's end.
pub struct RecoveryEnd {
    /// What is wanted.
    pub wants: Consumer<Want>,
    /// What came.
    pub fills: Producer<Fill>,
    /// What is to be said.
    pub news: Producer<News>,
    /// Snapshots to free.
    pub used: Consumer<Box<Snapshot>>,
}

/// Both ends.
pub fn mail() -> (LaneEnd, RecoveryEnd) {
    let (want, wants) = RingBuffer::new(WANTS);
    let (fill, fills) = RingBuffer::new(FILLS);
    let (tell, news) = RingBuffer::new(NEWS);
    let (give, used) = RingBuffer::new(4);
    let lane = LaneEnd { wants: want, fills, news, used: give };
    (lane, RecoveryEnd { wants, fills: fill, news: tell, used })
}
