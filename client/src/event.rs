//! What a poll hands to the consumer.

use shm::seat::{Filter, Reason};
use wire::Record;

/// Something that a consumer has to know, in the order in which it happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A record of a lane. Valid during the call: copy what is to be kept.
    Record {
        /// Number of the lane, its place in [`crate::Client::lanes`].
        lane: usize,
        /// The record.
        record: &'a Record,
    },
    /// A lane's seat is active. Books of the lane are void until their refresh.
    Attached {
        /// Number of the lane.
        lane: usize,
        /// Generation of the producer.
        generation: u64,
        /// Instruments that the lane has room for, index 0 included.
        instruments: u32,
        /// What was asked for.
        filter: &'a Filter,
    },
    /// The producer lives but its heart has not beaten for so long.
    Stalled {
        /// How long, ns.
        ns: u64,
    },
    /// Its heart beats again.
    Resumed,
    /// The producer died. All that it had committed was delivered before this event; the client
    /// now waits for the next generation.
    ProducerDead {
        /// The generation that ended.
        generation: u64,
    },
    /// The producer ended in order; everything was delivered before this event. The client now
    /// waits for the next generation.
    Closed {
        /// The generation that ended.
        generation: u64,
    },
    /// Another generation was attached to: instrument numbers were read anew, and numbers of the
    /// last generation mean nothing any more. `Attached` follows for each lane.
    NewGeneration {
        /// The new one.
        generation: u64,
        /// The one before.
        previous: u64,
    },
    /// A lane's seat is lost, or was not granted. See [`crate::Client::reattach`].
    Detached {
        /// Number of the lane.
        lane: usize,
        /// Why.
        reason: Detached,
    },
    /// [`crate::Client::resync`] was carried out: books of the lane are void until their refresh.
    Resynced {
        /// Number of the lane.
        lane: usize,
        /// Records that were given up unread.
        skipped: u64,
    },
    /// The filter of the lane was changed, by the caller or because a wanted symbol appeared.
    Filtered {
        /// Number of the lane.
        lane: usize,
        /// What is now asked for.
        filter: &'a Filter,
    },
}

/// Why a lane has no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detached {
    /// The producer refused the request.
    Refused(Reason),
    /// The producer closed the seat.
    Closed(Reason),
    /// Every seat has a consumer; the client keeps trying.
    NoFreeSeat,
    /// The new generation has no such lane.
    NoLane,
}

impl Detached {
    /// A short name.
    pub const fn name(self) -> &'static str {
        match self {
            Detached::Refused(reason) | Detached::Closed(reason) => reason.name(),
            Detached::NoFreeSeat => "no_free_seat",
            Detached::NoLane => "no_lane",
        }
    }
}

/// An event that is not a record, kept until the next poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Attached { lane: usize, generation: u64 },
    Stalled { ns: u64 },
    Resumed,
    ProducerDead { generation: u64 },
    Closed { generation: u64 },
    NewGeneration { generation: u64, previous: u64 },
    Detached { lane: usize, reason: Detached },
    Resynced { lane: usize, skipped: u64 },
}
