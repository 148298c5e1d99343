//! One instrument gets what came late.

use protocol::venue::nasdaq::{BookEvent, EventKind};
use wire::codes::BookCause;
use wire::payload::BookStateChange;
use wire::{BookState, Origin, Path, Side};

use super::{Heal, Healed};
use crate::publish::Outlet;
use crate::publish::step::Stamp;
use crate::recover::store::{Gone, Kept, Store, flag};
use crate::venue::nasdaq::Effect;

/// Words of the filter of levels.
const FILTER: usize = 16;

/// What has been done to one instrument.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Its index, once it is known.
    pub(super) index: u32,
    /// Its book has changed.
    pub(super) changed: bool,
    /// What came contradicts its book.
    pub(super) contradiction: Option<(BookCause, u64)>,
    /// First number of an order that was placed late.
    placed_from: Option<u64>,
    /// Levels at which orders were placed late: a bit for each hash.
    levels: [u64; FILTER],
    /// The orders that are gone are indexed.
    gone_indexed: bool,
}

impl Done {
    /// Nothing yet.
    pub(super) fn of(index: u32) -> Done {
        Done { index, ..Done::default() }
    }

    fn bit(side: Side, price: i64) -> (usize, u64) {
        let hash = ((price as u64) << 1 | side as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
        (hash as usize / 64 % FILTER, 1 << (hash % 64))
    }

    pub(super) fn placed(&mut self, number: u64, side: Side, price: i64) {
        self.placed_from.get_or_insert(number);
        let (word, bit) = Done::bit(side, price);
        if let Some(word) = self.levels.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_be_placed(&self, side: Side, price: i64) -> bool {
        let (word, bit) = Done::bit(side, price);
        self.levels.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn contradicts(&mut self, cause: BookCause, number: u64) {
        // It may have cost an order; consumers get what is left.
        self.changed = true;
        self.contradiction.get_or_insert((cause, number));
    }
}

impl<O: Outlet> Heal<'_, O> {
    /// Gives the instrument of `locate` all that is pending below `limit`. Gives back how many
    /// messages were looked at.
    pub(super) fn merge(&mut self, locate: u16, limit: u64, now: u64) -> u64 {
        let mut done = Done::of(self.venue.directory.index(locate));
        let first = self.repair.store.first_of(locate);
        let (mut place, mut looked_at) = (first, 0);
        while let Some(kept) = self.repair.store.at(place) {
            if kept.number >= limit {
                break;
            }
            if kept.is_pending() {
                self.take_late(&kept, place, &mut done);
                self.repair.store.set_flags(kept.number, 0, flag::PENDING);
                looked_at += 8;
            }
            place = self.repair.store.next_of(place);
            looked_at += 1;
        }
        looked_at += self.requeue(first, &mut done);
        self.finish(&done, limit == u64::MAX, BookCause::Healed, now);
        self.repair.counts.books_merged += u64::from(done.changed);
        looked_at
    }

    /// A message that came late, or that its book has refused, in its turn.
    fn take_late(&mut self, kept: &Kept, place: u32, done: &mut Done) {
        let event = BookEvent::read(kept.message());
        if !event.kind.is_book() {
            return self.tell_late(kept, place);
        }
        done.index = self.venue.index_late(&event, kept.number, self.gaps, self.publisher);
        let index = done.index;
        if index == 0 {
            // Nobody knows the instrument, so no book is wrong.
            return self.repair.counts.contradictions += 1;
        }
        let order = self.venue.order_of(index, event.reference);
        let shrinks =
            matches!(event.kind, EventKind::Execute | EventKind::ExecuteAt | EventKind::Reduce);
        if shrinks && order.is_none() {
            return self.order_is_gone(kept, place, &event, done);
        }
        match self.venue.apply_silently(index, &event) {
            Effect::Placed(side, price) => {
                done.changed = true;
                done.placed(kept.number, side, price);
            }
            Effect::Shrunk(side, price) => {
                done.changed = true;
                self.print(index, kept, &event, Some((price, side)));
            }
            Effect::Refused(cause) => done.contradicts(cause, kept.number),
        }
    }

    /// The order of a reduction has been taken away by a message that came later in the session and
    /// was taken before.
    fn order_is_gone(&mut self, kept: &Kept, place: u32, event: &BookEvent, done: &mut Done) {
        let Some((remover, gone)) = self.find_gone(event.reference, place, done) else {
            return done.contradicts(BookCause::Inconsistent, kept.number);
        };
        let by_execution = matches!(remover.code(), b'E' | b'C' | b'X');
        if by_execution || gone.shares <= event.shares {
            // More was taken off the order than it had.
            return done.contradicts(BookCause::Inconsistent, kept.number);
        }
        let gone = Gone { shares: gone.shares - event.shares, ..gone };
        self.repair.store.set_gone(remover.number, gone);
        self.print(done.index, kept, event, Some((i64::from(gone.price), gone.side)));
    }

    /// The message behind `place` that took an order away.
    fn find_gone(&mut self, reference: u64, place: u32, done: &mut Done) -> Option<(Kept, Gone)> {
        let (store, gone) = (&self.repair.store, &mut self.repair.gone);
        let reference_of = |kept: &Kept| BookEvent::read(kept.message()).reference;
        if !std::mem::replace(&mut done.gone_indexed, true) {
            gone.begin();
            let mut at = place;
            while let Some(kept) = store.at(at) {
                if kept.flags & flag::REMOVED != 0 {
                    gone.insert(reference_of(&kept), at);
                }
                at = store.next_of(at);
            }
        }
        let is_it = |at| store.at(at).is_some_and(|kept| reference_of(&kept) == reference);
        let kept = store.at(gone.find(reference, is_it)?)?;
        let behind = store.at(place).is_some_and(|first| first.number < kept.number);
        Some((kept, Store::gone(&kept).filter(|_| behind)?))
    }

    /// A message that changes no book, unless a later one of its kind has come live.
    fn tell_late(&mut self, kept: &Kept, place: u32) {
        let mut at = self.repair.store.next_of(place);
        while let Some(later) = self.repair.store.at(at) {
            if later.flags & flag::LATE == 0 && same_subject(kept, &later) {
                return self.repair.counts.superseded += 1;
            }
            at = self.repair.store.next_of(at);
        }
        let origin = Origin::new(kept.origin.line(), Path::Retransmission, kept.origin.stamp());
        let stamp = Stamp { ts_venue: 0, ts_receive: kept.ts_receive, origin };
        self.publish(kept.number, kept.message(), stamp);
    }

    /// Brings the queues into order in which orders were placed late: every order placed since goes
    /// behind all others, in the order of the session.
    pub(super) fn requeue(&mut self, first: u32, done: &mut Done) -> u64 {
        let Some(from) = done.placed_from else { return 0 };
        let (mut place, mut looked_at) = (first, 0);
        while let Some(kept) = self.repair.store.at(place) {
            place = self.repair.store.next_of(place);
            looked_at += 1;
            if kept.number <= from
                || kept.is_pending()
                || !matches!(kept.code(), b'A' | b'F' | b'U')
            {
                continue;
            }
            let event = BookEvent::read(kept.message());
            let reference = event.new_reference().unwrap_or(event.reference);
            if let Some(order) = self.venue.order_of(done.index, reference)
                && done.may_be_placed(order.side, order.price)
            {
                self.venue.put_last(done.index, &order);
                looked_at += 4;
            }
        }
        looked_at
    }

    /// An instrument is done: proven, if nothing is missing any more; refreshed, if it has changed.
    /// `whole`: nothing that it lacks is missing.
    pub(super) fn finish(&mut self, done: &Done, whole: bool, cause: BookCause, now: u64) {
        let index = done.index;
        if index == 0 {
            return;
        }
        if let Some((cause, number)) = done.contradiction {
            self.repair.counts.contradictions += 1;
            if !self.venue.is_broken(index) {
                self.venue.break_book(index, cause, (number, now), self.gaps, self.publisher);
            }
        } else if whole && !self.venue.is_broken(index) {
            let proof = self.gaps.healed(&Healed(()));
            self.venue.prove(index, proof);
        }
        if done.changed {
            let new = match self.venue.is_broken(index) {
                true => BookState::Gapped,
                false => BookState::Building,
            };
            let change = BookStateChange {
                new: new as u8,
                old: BookState::Gapped as u8,
                cause: cause as u8,
                gap_id: self.gaps.open().first().map_or(0, |gap| u64::from(gap.id)),
                first: self.repair.store.base(),
                end: self.repair.store.head(),
                ..BookStateChange::default()
            };
            self.venue.changed_silently(index, change, now, self.publisher);
        }
    }
}

/// Whether a message says again what another one has said: the same type about the same stock, and
/// where it is about a participant or a market, the same of these.
fn same_subject(one: &Kept, other: &Kept) -> bool {
    let (a, b) = (one.message(), other.message());
    let same = |from: usize, to: usize| a.get(from..to) == b.get(from..to);
    one.code() == other.code()
        && match one.code() {
            b'L' => same(11, 15),
            b'h' => same(19, 20),
            b'B' => false,
            _ => true,
        }
}
