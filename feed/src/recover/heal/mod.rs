//! Healing: what came late goes into the books, and a snapshot replaces those that nothing fills.
//!
//! ```text
//! mod.rs      what is kept and what comes      merge.rs     messages that came late
//! serve.rs    what is done in one poll         replace.rs   books from a snapshot
//! ```
//!
//! While something is missing, the books go on with what is live. What a book refuses (because its
//! order is among the missing) is kept as *pending*, and so is every message that comes late. When
//! nothing is missing any more, each instrument in turn gets all that is pending, in the order of the
//! session, and is then what it would be had everything come in order:
//!
//! - reductions and deletions commute with those that were taken live. Where the order has gone in
//!   the meantime, the message that took it away has kept its price, side and shares;
//! - orders that came late join the end of their queue. Then all orders that were placed since the
//!   first missing number go to the end of theirs once more, in order of the messages that placed
//!   them. Those placed before are ahead of them all, in the order in which they always were;
//! - executions become trades now, flagged as retransmitted.
//!
//! An instrument is done within one poll, so no consumer sees it half done. Behind it stands a
//! `book_state` record, so that no consumer believes its copy before it has got the book whole.

mod merge;
mod replace;
mod serve;

use book::OrderView;
use protocol::frame::moldudp64::MoldPacket;
use protocol::venue::nasdaq::{BookEvent, EventKind};
use wire::codes::GapHow;
use wire::payload::{GapBegin, GapEnd};
use wire::{BookState, Origin, Path, StampBy};

use self::replace::taken_away;
use super::mail::Fill;
use super::repair::{Phase, Repair};
use super::store::{Kept, flag};
use crate::gap::{Gap, Gaps};
use crate::publish::Outlet;
use crate::publish::step::{HANDLER, Publisher, Stamp};
use crate::venue::nasdaq::Nasdaq;

/// The only channel of this venue.
const CHANNEL: u16 = 0;
/// Messages are put into lists so many times faster than into books.
const INDEX: u64 = 4;

/// What proves a book complete: only code of this module can make it.
#[derive(Debug)]
pub struct Healed(());

/// The parts of a lane that are repaired.
pub(crate) struct Heal<'a, O> {
    pub(crate) venue: &'a mut Nasdaq,
    pub(crate) gaps: &'a mut Gaps,
    pub(crate) publisher: &'a mut Publisher<O>,
    pub(crate) repair: &'a mut Repair,
}

impl<O: Outlet> Heal<'_, O> {
    /// A gap was declared: it has places, and what follows is kept.
    pub(crate) fn declared(&mut self, gap: &Gap, now: u64) {
        if !self.repair.is_enabled() {
            return;
        }
        if !self.gaps.keeping() {
            if self.repair.lost_below > 0 && !self.repair.may_ask() {
                return;
            }
            self.gaps.set_keeping(true);
            self.repair.store.begin(gap.first);
        }
        let Repair { store, lost_below, phase, .. } = &mut *self.repair;
        if let Phase::Merge { limit, .. } = phase {
            *limit = (*limit).min(gap.first);
        }
        if gap.end - gap.first > store.room() / 2 {
            // More than could be kept together with what follows it.
            *lost_below = gap.end;
            let head = store.head();
            self.evict_below(head, now);
            self.repair.store.begin(gap.end);
            return self.hope(now);
        }
        self.make_room(gap.end, now);
        self.repair.store.miss(gap.end);
        self.repair.send_wants(self.gaps);
    }

    /// An open gap was given up without having been healed.
    pub(crate) fn abandoned(&mut self, gap: &Gap, now: u64) {
        self.repair.lost_below = self.repair.lost_below.max(gap.end);
        self.hope(now);
    }

    /// Keeps the message that comes next. Gives back the order that it is about, as it is before.
    pub(crate) fn keep(
        &mut self,
        bytes: &[u8],
        event: &BookEvent,
        (ts_receive, origin): (u64, Origin),
        number: u64,
    ) -> Option<OrderView> {
        self.make_room(number.saturating_add(1), ts_receive);
        debug_assert!(!self.gaps.keeping() || self.repair.store.head() == number);
        self.repair.store.keep(bytes, ts_receive, origin);
        let index = self.venue.directory.index(event.locate);
        self.venue.order_of(index, event.reference).filter(|_| event.kind.is_book())
    }

    /// What became of the message that was kept last: if the book has not `applied` it, its effect
    /// is still to come. `order`: what it is about, as that was before.
    pub(crate) fn kept(
        &mut self,
        event: &BookEvent,
        number: u64,
        applied: bool,
        order: Option<OrderView>,
    ) {
        let unknown_break = event.code == b'B' && self.venue.directory.index(event.locate) == 0;
        if !applied || unknown_break {
            self.repair.store.set_flags(number, flag::PENDING, 0);
        } else if let Some(gone) = order.and_then(|order| taken_away(event, &order)) {
            self.repair.store.set_gone(number, gone);
        }
    }

    fn make_room(&mut self, end: u64, now: u64) {
        if let Some(base) = self.repair.store.surplus(end) {
            self.evict_below(base, now);
            self.hope(now);
        }
    }

    /// Another session begins: nothing that is kept can be of use any more.
    pub(crate) fn give_up(&mut self, now: u64) {
        let head = self.repair.store.head();
        self.evict_below(head, now);
    }

    /// Without a snapshot, nothing that is kept is of any use once a part of it is lost.
    fn hope(&mut self, now: u64) {
        let Repair { lost_below, .. } = *self.repair;
        if lost_below > 0 && !self.repair.may_ask() {
            let head = self.repair.store.head();
            self.evict_below(head, now);
            self.stop_keeping();
        }
    }

    fn stop_keeping(&mut self) {
        self.gaps.set_keeping(false);
        let head = self.repair.store.head();
        self.repair.store.begin(head);
        self.repair.phase = Phase::Idle;
    }

    /// Gives up what was kept below `base`. Executions of which the price is not known are lost,
    /// and declared.
    fn evict_below(&mut self, base: u64, now: u64) {
        let end = base.min(self.repair.store.head());
        for number in self.repair.store.base()..end {
            if let Some(kept) = self.repair.store.get(number) {
                self.repair.counts.evicted += 1;
                self.resolve_lost(&kept, now);
            }
        }
        if self.gaps.open().first().is_some_and(|gap| gap.first < base) {
            self.repair.lost_below = self.repair.lost_below.max(base);
        }
        match (self.repair.phase, &self.repair.held) {
            // The lists begin with what is not in the snapshot, and that is still there.
            (Phase::Replace(_), Some(snapshot)) if snapshot.next >= base => {
                return self.repair.store.advance(base);
            }
            (Phase::Replace(_), _) => {
                // Books that it has replaced are right; the others need a later one.
                self.repair.lost_below = self.repair.lost_below.max(base);
                self.repair.counts.snapshots_refused += 1;
                if let Some(snapshot) = self.repair.held.take() {
                    self.repair.give_back(snapshot);
                }
            }
            _ => {}
        }
        // What is being merged is not whole any more.
        self.repair.phase = Phase::Idle;
        self.repair.store.forget_below(base);
    }

    /// A message whose effect was still to come, and will not come by itself. An execution that was
    /// not missing, and of which nobody knows the price, is lost: that is declared. One that was
    /// missing is in a gap, which says how it ended.
    fn resolve_lost(&mut self, kept: &Kept, now: u64) {
        if !kept.is_pending() || !matches!(kept.code(), b'E' | b'C') {
            return;
        }
        let event = BookEvent::read(kept.message());
        let index = self.venue.directory.index(event.locate);
        let order = self.venue.order_of(index, event.reference);
        let known = order.is_some() || event.kind == EventKind::ExecuteAt;
        if index != 0 && known {
            self.print(index, kept, &event, order.map(|order| (order.price, order.side)));
        } else if kept.flags & flag::LATE == 0 {
            self.declare_lost(kept.number, now);
        }
        self.repair.store.set_flags(kept.number, 0, flag::PENDING);
    }

    /// Publishes a print that comes late.
    fn print(
        &mut self,
        index: u32,
        kept: &Kept,
        event: &BookEvent,
        order: Option<(i64, wire::Side)>,
    ) {
        let origin = Origin::new(kept.origin.line(), Path::Retransmission, kept.origin.stamp());
        let ts_venue = self.venue.ts_venue(event.timestamp);
        let stamp = Stamp { ts_venue, ts_receive: kept.ts_receive, origin };
        let print = crate::venue::nasdaq::LatePrint {
            price: order.map_or(0, |order| order.0),
            side: order.map(|order| order.1),
        };
        let before = self.publisher.step();
        self.venue.print_late(index, event, print, stamp, self.gaps, self.publisher);
        self.repair.counts.late_trades += u64::from(self.publisher.step() != before);
    }

    /// One message that was received is lost: said as a gap that begins and ends at once.
    fn declare_lost(&mut self, number: u64, now: u64) {
        self.repair.counts.executions_lost += 1;
        let gap = self.gaps.lost(number, number.saturating_add(1), 0, now);
        self.publisher.outlet.gap_opened(CHANNEL, &gap);
        self.publisher.begin_step(Stamp { ts_venue: 0, ts_receive: now, origin: HANDLER });
        let begin = GapBegin {
            first: gap.first,
            end: gap.end,
            gap_id: gap.id,
            channel: CHANNEL,
            lines: 0,
            how: GapHow::Open as u8,
            open_ns: 0,
        };
        let quality = self.publisher.quality(self.channel_state()).end_of_event();
        self.publisher.emit(0, quality, begin);
        self.publisher.end_step();
        self.gap_end(&gap, GapHow::Snapshot, now);
    }

    fn channel_state(&self) -> BookState {
        if self.gaps.is_whole() { BookState::Live } else { BookState::Gapped }
    }

    /// Says that a gap is closed.
    pub(crate) fn gap_end(&mut self, gap: &Gap, how: GapHow, now: u64) {
        self.publisher.outlet.gap_closed(CHANNEL, gap, how, now);
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
        let quality = self.publisher.quality(self.channel_state()).end_of_event();
        self.publisher.emit(0, quality, end);
        self.publisher.end_step();
    }

    /// A packet of a server.
    pub(crate) fn fill(&mut self, fill: &Fill) {
        let bytes = fill.bytes.get(..usize::from(fill.len)).unwrap_or_default();
        match MoldPacket::parse(bytes) {
            Ok(packet) if packet.session == self.repair.session => {
                self.repair.counts.fill_packets += 1;
                let origin = Origin::new(0, Path::Retransmission, StampBy::Poll);
                self.late(&packet, fill.ts_receive, origin);
            }
            _ => self.repair.counts.fill_refused += 1,
        }
    }

    /// Messages of which some were missing: a packet of a server, or a late one of a line.
    pub(crate) fn late(&mut self, packet: &MoldPacket<'_>, ts_receive: u64, origin: Origin) {
        for (number, message) in (packet.sequence..).zip(packet.messages()) {
            if !self.repair.store.fill(number, message, ts_receive, origin) {
                self.repair.counts.copies += 1;
                continue;
            }
            self.gaps.recovered(number);
            match origin.line() {
                0 => self.repair.counts.filled += 1,
                _ => self.repair.counts.late += 1,
            }
            self.came_late(number, message, Stamp { ts_venue: 0, ts_receive, origin });
        }
    }

    /// A message that was missing: prints are published now, the rest in the order of the session.
    fn came_late(&mut self, number: u64, message: &[u8], stamp: Stamp) {
        let event = BookEvent::read(message);
        if event.kind.is_book() {
            return self.publisher.counts.message(event.code);
        }
        let refused = event.kind == EventKind::Refused;
        let print = matches!(event.code, b'P' | b'Q');
        let broken = event.code == b'B' && self.venue.directory.index(event.locate) != 0;
        if refused || print || broken {
            self.publish(number, message, stamp);
            self.repair.store.set_flags(number, 0, flag::PENDING);
        }
    }

    /// Publishes a message that changes no book.
    fn publish(&mut self, number: u64, message: &[u8], stamp: Stamp) {
        let ts_venue = match message.get(5..11) {
            Some(&[a, b, c, d, e, f]) => {
                self.venue.ts_venue(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
            }
            _ => 0,
        };
        self.publisher.begin_step(Stamp { ts_venue, ..stamp });
        let taken = self.venue.message(message, number, self.gaps, self.publisher);
        self.publisher.end_step();
        if let Err(reject) = taken {
            self.publisher.counts.itch(reject);
            self.publisher.outlet.refused(reject.name(), stamp.ts_receive);
        }
    }
}
