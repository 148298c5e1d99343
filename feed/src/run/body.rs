//! A lane as its core polls it: lane, source, and what the loop counts of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use affinity::core_loop::Round;
use affinity::{Bodies, Now};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::error::FeedError;
use crate::lane::Lane;
use crate::net::Polled;
use crate::publish::listing::Listing;
use crate::publish::region::Regions;
use crate::recover::worker::SharedCounts;
use crate::run::source::LiveSource;

/// A poll longer than this counts as a breach, ns.
const BREACH_NS: u64 = 1_000_000;

/// Polls between two looks into the mail.
const MAIL_POLLS: u64 = 256;
/// Listings that can be on their way at a time.
const MAIL_ROOM: usize = 2;

/// The lane's end of the way on which listings come and go.
pub struct LaneMail {
    inbox: Consumer<Box<Listing>>,
    outbox: Producer<Box<Listing>>,
}

/// The watching thread's end.
pub struct ControlMail {
    outbox: Producer<Box<Listing>>,
    inbox: Consumer<Box<Listing>>,
}

/// Both ends.
pub fn mail() -> (ControlMail, LaneMail) {
    let (to_lane, from_control) = RingBuffer::new(MAIL_ROOM);
    let (to_control, from_lane) = RingBuffer::new(MAIL_ROOM);
    let control = ControlMail { outbox: to_lane, inbox: from_lane };
    (control, LaneMail { inbox: from_control, outbox: to_control })
}

impl ControlMail {
    /// Hands a listing over; `false` if the lane has not taken the last ones yet.
    pub fn send(&mut self, listing: Listing) -> bool {
        self.collect();
        self.outbox.push(Box::new(listing)).is_ok()
    }

    /// Frees what the lane gave back.
    pub fn collect(&mut self) {
        while self.inbox.pop().is_ok() {}
    }
}

/// A lane on its core.
pub struct LaneBody {
    /// Name of its section.
    pub name: String,
    /// The lane.
    pub lane: Lane<Regions>,
    /// Where its packets come from.
    pub source: LiveSource,
    /// Lines that it has.
    pub lines: u8,
    /// New listings from the watching thread; the old ones go back to be freed there.
    pub mail: LaneMail,
    /// What recovery beside the lane counts; `None` where it has none.
    pub recovery: Option<Arc<SharedCounts>>,
    /// Raised when the lane cannot go on: one lane's end is the process's.
    pub stop: Arc<AtomicBool>,
    /// Why it cannot.
    pub error: Option<FeedError>,
}

impl LaneBody {
    #[cold]
    fn fail(&mut self, error: FeedError) {
        // The first is the cause; a source that has failed may fail again before the loop ends.
        self.error.get_or_insert(error);
        // Release: partner is the core loop's look at its stop flag.
        self.stop.store(true, Ordering::Release);
    }

    /// Takes a new listing, if there is room to give the old one back.
    #[cold]
    fn look_into_mail(&mut self) {
        if self.mail.outbox.is_full() {
            return;
        }
        if let Ok(listing) = self.mail.inbox.pop() {
            let old = self.lane.change_listing(listing);
            // There is room: this end alone fills it.
            let _ = self.mail.outbox.push(old);
        }
    }

    /// Ends the lane: what waits behind a hole is taken and the hole is said, images and counters
    /// are as they will stay, and the seats are served once more.
    pub fn finish(&mut self, now: u64) {
        self.take_recovery_counts();
        self.lane.finish(&self.source, now);
        self.lane.end_poll(true, now);
    }

    fn take_recovery_counts(&mut self) {
        if let Some(counts) = &self.recovery {
            counts.load(&mut self.lane.publisher.counts.recovery);
        }
    }

    #[inline]
    fn count(&mut self, took: u64, found: bool) {
        let counts = &mut self.lane.publisher.counts;
        counts.polls += 1;
        let look = counts.polls.is_multiple_of(MAIL_POLLS);
        counts.polls_found += u64::from(found);
        counts.poll_longest_ns = counts.poll_longest_ns.max(took);
        counts.poll_breaches += u64::from(took > BREACH_NS);
        if look {
            self.take_recovery_counts();
            self.look_into_mail();
        }
    }
}

impl Bodies for LaneBody {
    #[inline]
    fn round<N: Now>(&mut self, clock: &mut N, now_ns: u64) -> Round {
        let polled = self.lane.poll(&mut self.source, now_ns);
        let after = clock.now();
        self.lane.published(after);
        let found = matches!(polled, Ok(Polled::Packets(_)));
        if let Err(error) = polled {
            self.fail(error);
        }
        self.count(after.saturating_sub(now_ns), found);
        Round { now_ns: after, found }
    }
}
