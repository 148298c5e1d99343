//! From the arbiter to the venue: messages in order, gaps, lines.

use protocol::frame::moldudp64::MoldPacket;
use wire::codes::GapHow;
use wire::payload::{Connection, GapBegin, GapEnd};
use wire::{BookState, Origin, Path};

use super::{CHANNEL, Lane};
use crate::counts::{Interval, LaneReject};
use crate::gap::{Gaps, OPEN_GAPS_MAX};
use crate::line::{LineChange, Missing, Part, Sink};
use crate::publish::outlet::Outlet;
use crate::publish::step::{HANDLER, Publisher, Stamp};
use crate::venue::nasdaq::Nasdaq;

/// The parts of a lane that what was taken goes through.
pub(super) struct Output<'a, O> {
    pub(super) venue: &'a mut Nasdaq,
    pub(super) gaps: &'a mut Gaps,
    pub(super) publisher: &'a mut Publisher<O>,
    pub(super) published: &'a mut Vec<u64>,
}

impl<O: Outlet> Output<'_, O> {
    /// Messages of one packet, numbered from `first`.
    #[inline(always)]
    pub(super) fn messages<'m>(
        &mut self,
        messages: impl Iterator<Item = &'m [u8]>,
        first: u64,
        origin: Origin,
        ts_receive: u64,
    ) {
        Lane::<O>::measure(self.published, ts_receive, origin.stamp());
        for (at, message) in messages.enumerate() {
            // The parser has refused numbers that do not fit; a range would count one too far.
            self.message(message, first.saturating_add(at as u64), origin, ts_receive);
        }
    }

    #[inline]
    fn message(&mut self, bytes: &[u8], number: u64, origin: Origin, ts_receive: u64) {
        // The time of day stands at the same place in every message.
        let ts_venue = match bytes.get(5..11) {
            Some(&[a, b, c, d, e, f]) => {
                self.venue.ts_venue(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
            }
            _ => 0,
        };
        self.publisher.begin_step(Stamp { ts_venue, ts_receive, origin });
        let taken = self.venue.message(bytes, number, self.gaps, self.publisher);
        self.publisher.end_step();
        if let Err(reject) = taken {
            self.publisher.counts.itch(reject);
            self.publisher.outlet.refused(reject.name(), ts_receive);
        }
    }

    /// Closes every open gap without healing it: what was missing stays lost.
    pub(super) fn close_gaps(&mut self, how: GapHow, now: u64) {
        while self.close_oldest_gap(how, now) {}
    }

    fn close_oldest_gap(&mut self, how: GapHow, now: u64) -> bool {
        let Some(gap) = self.gaps.close_oldest() else { return false };
        self.publisher.outlet.gap_closed(CHANNEL, &gap, how, now);
        self.publisher.begin_step(Stamp { ts_venue: 0, ts_receive: now, origin: HANDLER });
        let end = GapEnd {
            first: gap.first,
            end: gap.end,
            gap_id: gap.id,
            channel: CHANNEL,
            lines: gap.lines,
            how: how as u8,
            open_ns: now.saturating_sub(gap.declared_ns),
        };
        let quality = self.publisher.quality(BookState::Gapped).end_of_event();
        self.publisher.emit(0, quality, end);
        self.publisher.end_step();
        true
    }
}

impl<O: Outlet> Sink for Output<'_, O> {
    #[inline(never)]
    fn take(&mut self, part: &Part<'_>) {
        // It was parsed when it came; of what would not parse there is no part.
        let Ok(mold) = MoldPacket::parse(part.bytes) else { return };
        let messages = mold.messages().skip(usize::from(part.skip)).take(usize::from(part.take));
        let origin = Origin::new(part.line, Path::Live, part.stamp);
        self.messages(messages, part.first, origin, part.ts_receive);
    }

    #[cold]
    fn missing(&mut self, missing: &Missing) {
        let Missing { first, end, lines, now, ts_receive } = *missing;
        if self.gaps.open().len() >= OPEN_GAPS_MAX {
            // The oldest makes room, and says so: every gap that begins has an end.
            self.close_oldest_gap(GapHow::Abandoned, now);
        }
        let gap = self.gaps.declare(first, end, lines, now);
        self.publisher.outlet.gap_opened(CHANNEL, &gap);
        self.publisher.begin_step(Stamp { ts_venue: 0, ts_receive, origin: HANDLER });
        let begin = GapBegin {
            first,
            end,
            gap_id: gap.id,
            channel: CHANNEL,
            lines,
            how: GapHow::Open as u8,
            open_ns: 0,
        };
        let quality = self.publisher.quality(BookState::Gapped).end_of_event();
        self.publisher.emit(0, quality, begin);
        self.publisher.end_step();
        self.venue.touch_all_images();
    }

    /// Private to the seats, as two runs over the same data need not have lines of equal health.
    #[cold]
    fn line(&mut self, change: &LineChange) {
        let connection = Connection {
            state: change.state as u8,
            line: change.line,
            channel: CHANNEL,
            reconnects: change.downs,
            since_ns: change.since,
            reason: change.reason,
            ..Connection::default()
        };
        self.publisher.emit_private(change.now, connection);
    }

    #[cold]
    fn diverged(&mut self, _line: u8, ts_receive: u64) {
        self.publisher.counts.lane(LaneReject::LineDivergence);
        self.publisher.outlet.refused(LaneReject::LineDivergence.name(), ts_receive);
    }

    fn interval(&mut self, interval: Interval, ns: u64) {
        self.publisher.outlet.interval(interval, ns);
    }
}
