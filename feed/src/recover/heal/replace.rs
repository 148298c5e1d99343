//! Books from a snapshot.
//!
//! Every book that is not live is emptied, gets the orders of the snapshot in the order of their
//! queues, and then every kept message that is not in the snapshot, in the order of the session.
//! Books that are live stay as they are: a snapshot that heals one book costs the others nothing.
//!
//! What stood in the gap and is in the snapshot only by its effect stays lost, and `gap_end` says
//! that a snapshot healed it.

use book::OrderView;
use protocol::venue::nasdaq::{BookEvent, EventKind};
use wire::codes::{BookCause, GapHow};
use wire::{BookState, Origin, Path, StampBy};

use super::merge::Done;
use super::{Heal, Healed, INDEX};
use crate::publish::Outlet;
use crate::publish::step::Stamp;
use crate::recover::repair::{Phase, Stage};
use crate::recover::snapshot::Snapshot;
use crate::recover::store::{Gone, Kept, flag};
use crate::venue::nasdaq::Effect;

impl<O: Outlet> Heal<'_, O> {
    /// Goes on with a snapshot. Gives back what is left of `budget`.
    pub(super) fn replace_some(&mut self, stage: Stage, budget: u64, now: u64) -> u64 {
        let Some(snapshot) = self.repair.held.take() else {
            self.repair.phase = Phase::Idle;
            return 0;
        };
        let mut left = budget;
        let next = match stage {
            Stage::Messages(at) => self.snapshot_messages(&snapshot, at, &mut left),
            Stage::Names(at) => self.snapshot_names(&snapshot, at, &mut left),
            Stage::Books(index) => self.snapshot_books(&snapshot, index, &mut left, now),
            Stage::Rest(number) => self.snapshot_rest(&snapshot, number, &mut left, now),
        };
        // A session or a full store may have ended it.
        if matches!(self.repair.phase, Phase::Replace(_)) {
            match next {
                Some(stage) => self.repair.phase = Phase::Replace(stage),
                None => {
                    self.end_replace(&snapshot, now);
                    self.repair.give_back(snapshot);
                    return left;
                }
            }
        }
        self.repair.held = Some(snapshot);
        left
    }

    /// What is no order: directory, states.
    fn snapshot_messages(
        &mut self,
        snapshot: &Snapshot,
        at: usize,
        left: &mut u64,
    ) -> Option<Stage> {
        let mut rest = snapshot.messages.get(at..).unwrap_or_default();
        let total = snapshot.messages.len();
        while *left > 0 {
            let Some((length, behind)) = rest.split_first_chunk::<2>() else { break };
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((message, behind)) = behind.split_at_checked(length) else { break };
            rest = behind;
            *left = left.saturating_sub(4);
            if self.is_news(message) {
                let origin = Origin::new(0, Path::Snapshot, StampBy::Poll);
                let ts_receive = snapshot.ts_receive;
                self.publish(snapshot.next, message, Stamp { ts_venue: 0, ts_receive, origin });
            }
        }
        if *left == 0 {
            return Some(Stage::Messages(total - rest.len()));
        }
        Some(Stage::Names(0))
    }

    /// Whether a message of the snapshot says what is not known.
    fn is_news(&self, message: &[u8]) -> bool {
        let (Some(&code), Some(&[high, low])) = (message.first(), message.get(1..3)) else {
            return false;
        };
        let index = self.venue.directory.index(u16::from_be_bytes([high, low]));
        match code {
            b'R' => !self.venue.is_defined(index, message.get(11..19).unwrap_or_default()),
            b'H' => !self.venue.has_state(index, message.get(19).copied().unwrap_or(0)),
            _ => !self.is_said_since(message),
        }
    }

    /// Whether a later message of the same kind about the same stock has come live.
    fn is_said_since(&self, message: &[u8]) -> bool {
        let Some(&[code, high, low]) = message.first_chunk::<3>() else { return false };
        let mut place = self.repair.store.first_of(u16::from_be_bytes([high, low]));
        while let Some(kept) = self.repair.store.at(place) {
            if kept.code() == code && !kept.is_pending() {
                return true;
            }
            place = self.repair.store.next_of(place);
        }
        false
    }

    /// Stocks that only their orders name.
    fn snapshot_names(&mut self, snapshot: &Snapshot, at: usize, left: &mut u64) -> Option<Stage> {
        for (at, (_, range)) in snapshot.by_locate.iter().enumerate().skip(at) {
            if *left == 0 {
                return Some(Stage::Names(at));
            }
            *left -= 1;
            if let Some(order) = snapshot.orders.get(range.start as usize) {
                self.venue.index_late(order, snapshot.next, self.gaps, self.publisher);
            }
        }
        Some(Stage::Books(1))
    }

    fn snapshot_books(
        &mut self,
        snapshot: &Snapshot,
        from: u32,
        left: &mut u64,
        now: u64,
    ) -> Option<Stage> {
        let mut index = from;
        while index <= self.venue.directory.len() {
            // What has come until now belongs to the book of which it is the turn.
            *left = self.repair.store.index(*left * INDEX) / INDEX;
            if *left == 0 {
                return Some(Stage::Books(index));
            }
            if self.venue.book_state(index, self.gaps) != BookState::Live {
                let cost = self.replace_book(snapshot, index, now);
                *left = left.saturating_sub(cost);
            }
            *left = left.saturating_sub(1);
            index += 1;
        }
        Some(Stage::Rest(self.repair.store.base()))
    }

    /// One book: the orders of the snapshot, then what was kept. Gives back what it cost.
    fn replace_book(&mut self, snapshot: &Snapshot, index: u32, now: u64) -> u64 {
        let mut done = Done::of(index);
        done.changed = true;
        let mut cost = 0;
        self.venue.clear_silently(index);
        if let Some(locate) = self.venue.locate_of(index) {
            for order in snapshot.orders_of(locate) {
                if let Effect::Refused(cause) = self.venue.apply_silently(index, order) {
                    done.contradicts(cause, snapshot.next);
                }
                cost += 8;
            }
            let mut place = self.repair.store.first_of(locate);
            while let Some(kept) = self.repair.store.at(place) {
                self.take_again(&kept, snapshot.next, &mut done);
                cost += 8;
                place = self.repair.store.next_of(place);
            }
        }
        self.repair.counts.books_replaced += 1;
        if done.contradiction.is_none() {
            let whole = !self.is_gap_behind(snapshot.next, u64::MAX);
            let proof = match whole {
                true => self.gaps.healed(&Healed(())),
                false => self.gaps.healed_but(&Healed(())),
            };
            self.venue.prove(index, proof);
        }
        self.finish(&done, false, BookCause::Snapshot, now);
        cost
    }

    /// Whether a gap is open that ends behind the snapshot and begins below `number`. Its messages
    /// may all have come: the lists that books are replaced from need not have them.
    fn is_gap_behind(&self, next: u64, number: u64) -> bool {
        self.gaps.open().iter().any(|gap| gap.end > next && gap.first < number)
    }

    /// A kept message goes into a book that is new. What it published when it came is not published
    /// again.
    fn take_again(&mut self, kept: &Kept, next: u64, done: &mut Done) {
        let event = BookEvent::read(kept.message());
        let (number, index) = (kept.number, done.index);
        if !event.kind.is_book() {
            if kept.is_pending() {
                let origin =
                    Origin::new(kept.origin.line(), Path::Retransmission, kept.origin.stamp());
                let stamp = Stamp { ts_venue: 0, ts_receive: kept.ts_receive, origin };
                self.publish(number, kept.message(), stamp);
                self.repair.store.set_flags(number, 0, flag::PENDING);
            }
            return;
        }
        let order = self.venue.order_of(index, event.reference);
        self.repair.store.set_flags(number, 0, flag::REMOVED);
        match self.venue.apply_silently(index, &event) {
            // Something that is missing explains it, and it waits for that.
            Effect::Refused(_) if self.is_gap_behind(next, number) => {
                self.repair.store.set_flags(number, flag::PENDING, 0);
            }
            Effect::Refused(cause) => {
                done.contradicts(cause, number);
                self.repair.store.set_flags(number, 0, flag::PENDING);
            }
            Effect::Placed(..) | Effect::Shrunk(..) => {
                if let Some(order) = order {
                    if let Some(gone) = taken_away(&event, &order) {
                        self.repair.store.set_gone(number, gone);
                    }
                    if kept.is_pending() {
                        self.print(index, kept, &event, Some((order.price, order.side)));
                    }
                }
                self.repair.store.set_flags(number, 0, flag::PENDING);
            }
        }
    }

    /// What was kept and is in the snapshot: executions that nobody could print.
    fn snapshot_rest(
        &mut self,
        snapshot: &Snapshot,
        from: u64,
        left: &mut u64,
        now: u64,
    ) -> Option<Stage> {
        for number in from..snapshot.next {
            if *left == 0 {
                return Some(Stage::Rest(number));
            }
            *left -= 1;
            if let Some(kept) = self.repair.store.get(number) {
                self.resolve_lost(&kept, now);
            }
        }
        None
    }

    /// Every book is what the snapshot and the messages behind it make of it.
    fn end_replace(&mut self, snapshot: &Snapshot, now: u64) {
        self.repair.phase = Phase::Idle;
        if self.repair.lost_below <= snapshot.next {
            self.repair.lost_below = 0;
        }
        self.repair.counts.snapshots += 1;
        for gap in self.gaps.open_mut() {
            if gap.first < snapshot.next && gap.end > snapshot.next {
                gap.left = self.repair.store.missing_in(snapshot.next, gap.end);
                gap.patched = true;
            }
        }
        self.gaps.all_healed(&Healed(()));
        self.close_gaps_below(snapshot.next, GapHow::Snapshot, now);
        if self.gaps.open().is_empty() {
            return self.all_healed();
        }
        self.repair.store.forget_below(snapshot.next);
    }
}

/// The order that an event takes away from its book.
pub(crate) fn taken_away(event: &BookEvent, order: &OrderView) -> Option<Gone> {
    let gone = match event.kind {
        EventKind::Delete | EventKind::Replace => true,
        EventKind::Execute | EventKind::ExecuteAt | EventKind::Reduce => {
            i64::from(event.shares) >= order.quantity
        }
        _ => false,
    };
    gone.then_some(Gone {
        // Both came as 32 bits.
        price: order.price as u32,
        shares: order.quantity as u32,
        side: order.side,
    })
}
