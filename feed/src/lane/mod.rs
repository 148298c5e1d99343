//! The lane: one venue's state machine. Frames in, records out.
//!
//! `poll(now)` takes packets from a source, walks link layer, IP, UDP and MoldUDP64, lets the
//! [`Arbiter`] choose between the lines, declares what is missing, hands
//! messages to the venue and serves the seats. It has no clock, thread or I/O of its own: `now` is
//! an argument, the source is borrowed, the outlet is a type parameter.
//!
//! ```text
//! mod.rs      configuration, poll       receive.rs   from a packet to the arbiter
//! session.rs  sessions begin and end    output.rs    from the arbiter to the venue, gaps
//! upkeep.rs   seats, images, counters, heartbeats
//! ```

mod output;
mod receive;
mod session;
mod upkeep;

pub use session::SessionStart;

use protocol::frame::Checksums;
use protocol::venue::nasdaq::BookEvent;
use wire::{Nature, StampBy};

use self::output::{Output, WINDOW};
use self::session::{Current, OldSessions};
use crate::counts::{Counts, Interval};
use crate::error::FeedError;
use crate::gap::Gaps;
use crate::line::{Arbiter, ArbiterSpec, LINES_MAX, LineState, SlabSpec};
use crate::net::{Polled, Source};
use crate::publish::listing::Listing;
use crate::publish::outlet::Outlet;
use crate::publish::step::Publisher;
use crate::recover::mail::LaneEnd;
use crate::recover::{Repair, RepairCounts, RepairSpec};
use crate::venue::nasdaq::Nasdaq;
use crate::venue::nasdaq::day::{Day, Eastern};

/// Packets taken from a source in one poll.
pub const BURST: usize = 32;
/// The only channel of this venue: one sequence for the whole feed.
const CHANNEL: u16 = 0;
/// Packets of one poll whose way through the lane is measured. More can only come where a hold
/// ends; those beyond are not measured.
const MEASURED: usize = 2 * BURST;

/// A UDP destination: address and port.
pub type Group = (u32, u16);

/// How a lane reads its packets.
#[derive(Clone, Debug)]
pub struct LaneConfig {
    /// What the data is, unless a session's name says less.
    pub nature: Nature,
    /// Whether IP and UDP checksums are compared.
    pub checksums: Checksums,
    /// Destinations that are taken; empty = all. The first is line A, the second B, ...
    pub groups: Vec<Group>,
    /// Trading day of every session; `None`: the day on which its first packet was received.
    pub day: Option<Day>,
    /// Lines that are expected, at most 15; 0 = those that appear.
    pub lines: u8,
    /// How long what follows a hole waits for another line, ns; with one line nothing waits.
    pub hold_ns: u64,
    /// Silence after which a line is down, ns; 0 = never.
    pub line_timeout_ns: u64,
    /// One packet in so many is compared between lines; 1 = every one, 0 = none.
    pub divergence_sample: u32,
}

/// One venue's state machine.
pub struct Lane<O> {
    config: LaneConfig,
    eastern: Eastern,
    /// The venue's part: books, symbols, session.
    pub venue: Nasdaq,
    /// Gaps of the channel.
    pub gaps: Gaps,
    /// Steps, records, counts, outlet.
    pub publisher: Publisher<O>,
    arbiter: Arbiter,
    repair: Repair,
    current: Option<Current>,
    old_sessions: OldSessions,
    seen_groups: Vec<Group>,
    /// Receive stamps of the packets that this poll published.
    published: Vec<u64>,
    /// The recording's clock, once a packet was stamped by it.
    recorded_now: Option<u64>,
    /// Messages of a packet that are read and not yet taken.
    window: Box<[BookEvent; WINDOW]>,
    polls: u32,
    counts_at: u64,
    heartbeat_at: u64,
    heartbeat_step: u64,
}

impl<O: Outlet> Lane<O> {
    /// A lane whose tables have been allocated.
    pub fn new(config: LaneConfig, eastern: Eastern, venue: Nasdaq, outlet: O) -> Lane<O> {
        let mut seen_groups = Vec::with_capacity(LINES_MAX);
        seen_groups.extend(config.groups.iter().take(LINES_MAX));
        let slots = venue.slots();
        let mut publisher = Publisher::new(venue.market().venue(), config.nature, slots, outlet);
        publisher.counts = Counts::new(config.lines);
        let arbiter = Arbiter::new(ArbiterSpec {
            lines: config.lines.min(LINES_MAX as u8),
            // Behind a hole of the only line, nothing is to be waited for.
            hold_ns: if config.lines == 1 { 0 } else { config.hold_ns },
            line_timeout_ns: config.line_timeout_ns,
            divergence_sample: config.divergence_sample,
            slab: SlabSpec::default(),
        });
        Lane {
            config,
            eastern,
            venue,
            gaps: Gaps::default(),
            publisher,
            arbiter,
            repair: Repair::new(None, RepairSpec { messages: 0, ..RepairSpec::default() }),
            current: None,
            old_sessions: OldSessions::default(),
            seen_groups,
            published: Vec::with_capacity(MEASURED),
            recorded_now: None,
            window: Box::new([BookEvent::NONE; WINDOW]),
            polls: 0,
            counts_at: 0,
            heartbeat_at: 0,
            heartbeat_step: 0,
        }
    }

    /// The same lane, which repairs its books: from what other lines bring late, and, with an end of
    /// the queues to recovery, from what that can get. Memory is allocated now.
    #[must_use]
    pub fn with_recovery(mut self, end: Option<LaneEnd>, spec: RepairSpec) -> Lane<O> {
        self.repair = Repair::new(end, spec);
        self
    }

    /// Number of the message that comes next.
    pub fn expected(&self) -> u64 {
        self.arbiter.expected()
    }

    /// What was repaired.
    pub fn repaired(&self) -> &RepairCounts {
        &self.repair.counts
    }

    /// What is kept and wanted for repairs.
    pub fn repair(&self) -> &Repair {
        &self.repair
    }

    /// Takes what the source has, at most [`BURST`] packets, and serves the seats. At the end of
    /// the source every hold ends.
    ///
    /// # Errors
    /// Only what ends the source.
    #[inline]
    pub fn poll(&mut self, source: &mut impl Source, now: u64) -> Result<Polled, FeedError> {
        self.published.clear();
        let polled = source.poll(now, BURST, &mut |packet| self.packet(&packet, now))?;
        if polled == Polled::End {
            self.end_holds(now);
        }
        if self.counts_are_due(now) {
            self.take_source_counts(source);
        }
        self.end_poll(!matches!(polled, Polled::Packets(_)), now);
        Ok(polled)
    }

    /// Records how long the packets of the last poll took from their receive stamps to `after`,
    /// the clock read when the poll was over: `receive_publish`. The records of a packet were
    /// visible before the poll ended, so for all but the last packet of a burst this is more than
    /// it was. What a recording stamped is not measured.
    #[inline]
    pub fn published(&mut self, after: u64) {
        for &received in &self.published {
            let ns = after.saturating_sub(received);
            self.publisher.outlet.interval(Interval::ReceivePublish, ns);
        }
        self.published.clear();
    }

    /// Begins with a listing, before the first packet.
    pub fn begin_listing(&mut self, listing: Box<Listing>) {
        let _ = self.publisher.listed.begin(listing);
    }

    /// Changes what is published; instruments are looked at in later polls. Gives the old listing
    /// back, so that it is freed elsewhere.
    pub fn change_listing(&mut self, listing: Box<Listing>) -> Box<Listing> {
        self.publisher.listed.change(listing)
    }

    /// State of a line: 1 A, 2 B, ...
    pub fn line_state(&self, line: u8) -> LineState {
        self.arbiter.state(line)
    }

    /// Ends every hold: nothing stays in the slab.
    pub fn end_holds(&mut self, now: u64) {
        let now = self.lane_now(now);
        let (arbiter, mut output) = self.split();
        arbiter.flush(now, &mut output);
        self.end_session_if_due(now);
    }

    /// The recording's clock if the packets come from one, so that two replays decide alike.
    #[inline(always)]
    fn lane_now(&self, now: u64) -> u64 {
        self.recorded_now.unwrap_or(now)
    }

    /// The arbiter, and what it talks to.
    #[inline(always)]
    fn split(&mut self) -> (&mut Arbiter, Output<'_, O>) {
        let Lane { arbiter, venue, gaps, publisher, published, window, repair, .. } = self;
        (arbiter, Output { venue, gaps, publisher, published, window, repair })
    }

    #[inline(always)]
    fn measure(published: &mut Vec<u64>, ts_receive: u64, stamp: StampBy) {
        if stamp != StampBy::Recording && published.len() < MEASURED {
            published.push(ts_receive);
        }
    }
}
