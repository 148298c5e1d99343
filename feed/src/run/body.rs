//! A lane as its core polls it: lane, source, and what the loop counts of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use affinity::core_loop::Round;
use affinity::{Bodies, Now};

use crate::error::FeedError;
use crate::lane::Lane;
use crate::net::Polled;
use crate::publish::region::Regions;
use crate::run::source::LiveSource;

/// A poll longer than this counts as a breach, ns.
const BREACH_NS: u64 = 1_000_000;

/// A lane on its core.
pub struct LaneBody {
    /// Name of its section.
    pub name: String,
    /// The lane.
    pub lane: Lane<Regions>,
    /// Where its packets come from.
    pub source: LiveSource,
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

    #[inline]
    fn count(&mut self, took: u64, found: bool) {
        let counts = &mut self.lane.publisher.counts;
        counts.polls += 1;
        counts.polls_found += u64::from(found);
        counts.poll_longest_ns = counts.poll_longest_ns.max(took);
        counts.poll_breaches += u64::from(took > BREACH_NS);
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
