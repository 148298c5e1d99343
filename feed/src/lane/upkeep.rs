//! What a lane does besides its packets: seats, images, counters, heartbeats, time.

use wire::BookState;
use wire::payload::Heartbeat;

use super::{CHANNEL, Lane};
use crate::net::Source;
use crate::publish::Publisher;
use crate::publish::outlet::Outlet;
use crate::publish::refresh::BookRefresh;

/// A silent lane says so this often.
const HEARTBEAT_NS: u64 = 100_000_000;
/// Counters are published this often.
const COUNTS_NS: u64 = 10_000_000;
/// Images are brought up to date at least every so many polls.
const UPKEEP_POLLS: u32 = 64;
/// Instruments that a change of what is published looks at in one poll.
const RELISTED_A_POLL: usize = 16;
/// Images written in one poll.
const IMAGES_A_POLL: usize = 8;

impl<O: Outlet> Lane<O> {
    /// Serves the seats after a poll: holds that are over, positions, refreshes, images,
    /// heartbeat.
    #[inline]
    pub fn end_poll(&mut self, found_nothing: bool, now: u64) {
        let lane_now = self.lane_now(now);
        if lane_now >= self.arbiter.deadline() {
            // A recording's clock is its packets': all that came until now has been seen.
            self.pass_time(lane_now, found_nothing || self.recorded_now.is_some());
        }
        self.polls = self.polls.wrapping_add(1);
        if found_nothing || self.polls.is_multiple_of(UPKEEP_POLLS) {
            self.upkeep(now);
            self.repair_some(found_nothing, lane_now);
        }
        let (venue, gaps) = (&self.venue, &self.gaps);
        let stamp = self.publisher.stamp();
        let (nature, step) = (self.publisher.nature(), self.publisher.step());
        let Publisher { outlet, listed, told, .. } = &mut self.publisher;
        let state = |index| {
            let state = venue.book_state(index, gaps);
            if state == BookState::Gapped && !gaps.is_whole() {
                told.mark(index);
            }
            state
        };
        let mut refresh = BookRefresh {
            books: &venue.books,
            listed,
            channel: if gaps.is_whole() { BookState::Live } else { BookState::Gapped },
            instruments: venue.directory.len(),
            state: &state,
            venue: venue.market().venue(),
            nature,
            step,
            ts_venue: stamp.ts_venue,
            ts_receive: stamp.ts_receive,
        };
        outlet.end_poll(found_nothing, now, &mut refresh);
    }

    #[cold]
    fn pass_time(&mut self, now: u64, drained: bool) {
        let (arbiter, mut output) = self.split();
        arbiter.pass_time(now, drained, &mut output);
        self.end_session_if_due(now);
    }

    /// Does a part of what is to be repaired.
    #[inline(always)]
    fn repair_some(&mut self, found_nothing: bool, now: u64) {
        let expected = self.arbiter.expected();
        let (_, mut output) = self.split();
        let mut heal = output.heal();
        if heal.is_due() {
            heal.serve(found_nothing, expected, now);
        }
    }

    fn upkeep(&mut self, now: u64) {
        if self.publisher.listed.is_changing() {
            self.venue.relist(RELISTED_A_POLL, now, &self.gaps, &mut self.publisher);
        }
        for _ in 0..IMAGES_A_POLL {
            if !self.venue.write_image(&self.gaps, &mut self.publisher) {
                break;
            }
        }
        if self.counts_are_due(now) {
            self.counts_at = now;
            self.publish_counts();
        }
        if now.saturating_sub(self.heartbeat_at) < HEARTBEAT_NS {
            return;
        }
        self.heartbeat_at = now;
        if self.heartbeat_step == self.publisher.step() {
            let heartbeat = Heartbeat {
                lane_now: now,
                venue_sequence: self.arbiter.expected().saturating_sub(1),
                channel: CHANNEL,
                lines_up: self.arbiter.up().count_ones() as u8,
                ..Heartbeat::default()
            };
            self.publisher.emit_private(now, heartbeat);
        }
        self.heartbeat_step = self.publisher.step();
    }

    /// Whether counters are to be published at the next opportunity.
    #[inline(always)]
    pub(super) fn counts_are_due(&self, now: u64) -> bool {
        // A clock that was set back makes them due at once.
        now.wrapping_sub(self.counts_at) >= COUNTS_NS
    }

    /// Asks the source what it dropped itself.
    #[cold]
    pub(super) fn take_source_counts(&mut self, source: &impl Source) {
        for (line, counts) in (1..).zip(&mut self.publisher.counts.lines) {
            counts.source = source.counts(line);
        }
    }

    /// Brings the counts of lines and gaps up to date and hands all to the outlet.
    fn publish_counts(&mut self) {
        let counts = &mut self.publisher.counts;
        for (to, from) in counts.lines.iter_mut().zip(self.arbiter.lines()) {
            *to = crate::counts::LineCounts { source: to.source, ..*from };
        }
        let holds = self.arbiter.hold_counts();
        counts.held = holds.held;
        counts.hold_expired = holds.expired;
        counts.hold_overflow = holds.overflow;
        counts.gaps_declared = self.gaps.declared();
        counts.gaps_open = self.gaps.open().len() as u64;
        counts.messages_missed = self.gaps.missing();
        counts.repair = self.repair.counts;
        let listed = &self.publisher.listed;
        [counts.symbols_listed, counts.symbols_added, counts.symbols_removed] =
            listed.totals(self.venue.directory.len());
        if !listed.is_changing() {
            let listing = listed.listing();
            counts.config_version = listing.version;
            counts.config_refused = listing.refused;
            counts.config_restart = listing.restart;
        }
        self.publisher.outlet.counts(&self.publisher.counts);
    }

    /// Ends a lane: nothing waits any more, images and counters are as they will stay.
    pub fn finish(&mut self, source: &impl Source, now: u64) {
        self.end_holds(now);
        self.take_source_counts(source);
        self.flush_images();
    }

    /// Writes every image that is out of date, and all counts.
    pub fn flush_images(&mut self) {
        while self.venue.write_image(&self.gaps, &mut self.publisher) {}
        self.publish_counts();
    }
}
