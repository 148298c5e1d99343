//! From the arbiter to the venue: messages in order, gaps, lines.

use book::Trail;
use protocol::frame::moldudp64::{HEADER_LEN, MoldPacket};
use protocol::venue::nasdaq::{Blocks, BookEvent, Taken};
use wire::codes::GapHow;
use wire::payload::{Connection, GapBegin};
use wire::{BookState, Origin, Path};

use super::{CHANNEL, Lane};
use crate::counts::{Interval, LaneReject};
use crate::gap::{Gaps, OPEN_GAPS_MAX};
use crate::line::{Arrival, LineChange, Missing, Part, Sink};
use crate::publish::outlet::Outlet;
use crate::publish::step::{HANDLER, Publisher, Stamp};
use crate::recover::Repair;
use crate::recover::heal::Heal;
use crate::venue::nasdaq::Nasdaq;

/// The parts of a lane that what was taken goes through.
pub(super) struct Output<'a, O> {
    pub(super) venue: &'a mut Nasdaq,
    pub(super) gaps: &'a mut Gaps,
    pub(super) publisher: &'a mut Publisher<O>,
    pub(super) published: &'a mut Vec<u64>,
    pub(super) window: &'a mut [BookEvent; WINDOW],
    pub(super) repair: &'a mut Repair,
}

/// Messages of a packet that are read before the first of them is taken.
pub(super) const WINDOW: usize = 64;
/// Messages that go from one hint to the next together: time enough for memory to answer.
const GROUP: usize = 8;

/// What messages of a packet have in common.
#[derive(Clone, Copy)]
pub(super) struct Received {
    /// Number of the first.
    pub(super) first: u64,
    /// Line, path, taker of the receive stamp.
    pub(super) origin: Origin,
    /// When the packet was received, ns UTC.
    pub(super) ts_receive: u64,
}

/// Takes the messages of a window one after the other.
struct Taking<'a, O> {
    gaps: &'a Gaps,
    publisher: &'a mut Publisher<O>,
    taken: &'a Taken<'a>,
    of: &'a Received,
    /// Number of the next.
    number: u64,
}

impl<O: Outlet> Taking<'_, O> {
    #[inline(always)]
    fn one(&mut self, venue: &mut Nasdaq, event: &BookEvent) -> bool {
        let mut applied = true;
        if event.kind.is_book() {
            let ts_venue = venue.ts_venue(event.timestamp);
            self.begin_step(ts_venue);
            applied = venue.event(event, self.number, self.gaps, self.publisher);
            self.publisher.end_step();
        } else {
            self.other(venue, self.taken.message(event));
        }
        self.number = self.number.saturating_add(1);
        applied
    }

    #[inline(always)]
    fn begin_step(&mut self, ts_venue: u64) {
        let Received { origin, ts_receive, .. } = *self.of;
        self.publisher.begin_step(Stamp { ts_venue, ts_receive, origin });
    }

    /// A message that changes no book, or none at all.
    #[inline(never)]
    fn other(&mut self, venue: &mut Nasdaq, bytes: &[u8]) {
        // The time of day stands at the same place in every message.
        let ts_venue = match bytes.get(5..11) {
            Some(&[a, b, c, d, e, f]) => {
                venue.ts_venue(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
            }
            _ => 0,
        };
        self.begin_step(ts_venue);
        let taken = venue.message(bytes, self.number, self.gaps, self.publisher);
        self.publisher.end_step();
        if let Err(reject) = taken {
            self.publisher.counts.itch(reject);
            self.publisher.outlet.refused(reject.name(), self.of.ts_receive);
        }
    }
}

impl<O: Outlet> Output<'_, O> {
    /// Messages of one packet, `count` of them from the beginning of `blocks`, numbered from `first`.
    ///
    /// All that fit into the window are read before the first is taken, so that memory is asked for
    /// in good time; see [`Nasdaq::hint_books`]. A message that is alone is taken at once.
    #[inline(always)]
    pub(super) fn messages(&mut self, blocks: Blocks<'_>, count: u16, of: &Received) {
        Lane::<O>::measure(self.published, of.ts_receive, of.origin.stamp());
        let (mut blocks, mut left, mut first) = (blocks, usize::from(count), of.first);
        while left > 0 {
            let Some(window) = self.window.get_mut(..left.min(WINDOW)) else { return };
            let taken = blocks.fill(window);
            // The parser has walked the packet, so there are as many as it says.
            if taken.count == 0 {
                return;
            }
            if self.gaps.keeping() {
                self.take_kept(&taken, &Received { first, ..*of });
            } else {
                self.take_window(&taken, &Received { first, ..*of });
            }
            left = left.saturating_sub(taken.count);
            // The parser has refused numbers that do not fit.
            first = first.saturating_add(taken.count as u64);
        }
    }

    /// Takes the messages in the window: the hints for some of them between the taking of others.
    #[inline(always)]
    fn take_window(&mut self, taken: &Taken<'_>, of: &Received) {
        let Output { venue, gaps, publisher, window, .. } = self;
        let Some(events) = window.get(..taken.count) else { return };
        let mut to = Taking { gaps, publisher, taken, of, number: of.first };
        if let [event] = events {
            to.one(venue, event);
            return;
        }
        let mut trails = [Trail::default(); WINDOW];
        let mut groups = events.chunks(GROUP).zip(trails.chunks_mut(GROUP));
        // The groups that have had the first hint, and the second; and how far they came.
        let mut after_first: (&[BookEvent], &mut [Trail]) = Default::default();
        let mut after_second: (&[BookEvent], &mut [Trail]) = Default::default();
        let mut due: &[BookEvent] = &[];
        loop {
            let fresh = groups.next().unwrap_or_default();
            venue.hint_books(fresh.0, fresh.1);
            venue.hint_orders(after_first.0, after_first.1);
            venue.hint_levels(after_second.0, after_second.1);
            for event in due {
                to.one(venue, event);
            }
            (due, after_second, after_first) = (after_second.0, after_first, fresh);
            if due.is_empty() && after_second.0.is_empty() && after_first.0.is_empty() {
                return;
            }
        }
    }

    /// What is repaired.
    pub(super) fn heal(&mut self) -> Heal<'_, O> {
        let Output { venue, gaps, publisher, repair, .. } = self;
        Heal { venue, gaps, publisher, repair }
    }

    /// Takes the messages in the window and keeps each of them, because something is missing.
    #[cold]
    #[inline(never)]
    fn take_kept(&mut self, taken: &Taken<'_>, of: &Received) {
        for (at, number) in (0..taken.count).zip(of.first..) {
            let Some(event) = self.window.get(at).copied() else { return };
            let message = taken.message(&event);
            let order = self.heal().keep(message, &event, (of.ts_receive, of.origin), number);
            let Output { venue, gaps, publisher, .. } = self;
            let mut to = Taking { gaps, publisher, taken, of, number };
            let applied = to.one(venue, &event);
            self.heal().kept(&event, number, applied, order);
        }
    }

    /// Closes every open gap without healing it: what was missing stays lost.
    pub(super) fn close_gaps(&mut self, how: GapHow, now: u64) {
        while self.close_oldest_gap(how, now) {}
    }

    fn close_oldest_gap(&mut self, how: GapHow, now: u64) -> bool {
        let Some(gap) = self.gaps.close_oldest(how) else { return false };
        self.heal().gap_end(&gap, how, now);
        true
    }
}

impl<O: Outlet> Sink for Output<'_, O> {
    #[inline(never)]
    fn take(&mut self, part: &Part<'_>) {
        // It was parsed when it came; of what would not parse there is no part.
        let mut blocks = Blocks::new(part.bytes.get(HEADER_LEN..).unwrap_or_default());
        for _ in 0..part.skip {
            blocks.next();
        }
        let origin = Origin::new(part.line, Path::Live, part.stamp);
        let of = Received { first: part.first, origin, ts_receive: part.ts_receive };
        self.messages(blocks, part.take, &of);
    }

    #[cold]
    fn missing(&mut self, missing: &Missing) {
        let Missing { first, end, lines, now, ts_receive } = *missing;
        if self.gaps.open().len() >= OPEN_GAPS_MAX {
            // The oldest makes room, and says so: every gap that begins has an end.
            if let Some(oldest) = self.gaps.open().first().copied() {
                self.close_oldest_gap(GapHow::Abandoned, now);
                self.heal().abandoned(&oldest, now);
            }
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
        self.heal().declared(&gap, now);
    }

    #[cold]
    fn late(&mut self, arrival: &Arrival, bytes: &[u8]) {
        if !self.gaps.keeping() {
            return;
        }
        // It was parsed when it came.
        if let Ok(packet) = MoldPacket::parse(bytes) {
            let origin = Origin::new(arrival.line, Path::Retransmission, arrival.stamp);
            self.heal().late(&packet, arrival.ts_receive, origin);
        }
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
