//! What is done for recovery in one poll: a bounded part, so that live data never waits for it.

use wire::BookState;
use wire::codes::{BookCause, GapHow};
use wire::payload::BookStateChange;

use super::{Heal, INDEX};
use crate::gap::OPEN_GAPS_MAX;
use crate::publish::Outlet;
use crate::recover::mail::{News, Unfillable};
use crate::recover::repair::{Phase, Repair, Stage};
use crate::recover::snapshot::Snapshot;

/// Packets of a server that are taken in one poll.
const FILLS_A_POLL: usize = 8;
/// News that are taken in one poll.
const NEWS_A_POLL: usize = 16;
/// Books that are told anew in one poll.
const TOLD_A_POLL: usize = 64;
/// In a poll that found packets, which is one in many, so many times more is done.
const BUSY: u64 = 8;
/// How long a snapshot may be ahead of the lines, ns.
const AHEAD_NS: u64 = 1_000_000_000;

impl<O: Outlet> Heal<'_, O> {
    /// Whether there is anything to do.
    #[inline(always)]
    pub(crate) fn is_due(&self) -> bool {
        self.repair.is_enabled()
            && (self.gaps.keeping()
                || self.repair.session_unsent
                || self.repair.asked
                || self.venue.broken() > 0
                || !self.publisher.told.is_empty())
    }

    /// Does a part of what there is to do. `expected`: the number that comes next.
    #[cold]
    pub(crate) fn serve(&mut self, found_nothing: bool, expected: u64, now: u64) {
        self.repair.return_used();
        if self.gaps.keeping() || self.repair.session_unsent {
            self.repair.send_wants(self.gaps);
        }
        self.take_news(now);
        self.take_fills(if found_nothing { 1 } else { BUSY as usize });
        self.want_snapshot(expected, now);
        if self.gaps.is_whole() {
            self.tell_anew(now);
        }
        let work = u64::from(self.repair.spec.work);
        let mut budget = if found_nothing { work } else { work * BUSY };
        while budget > 0 && self.gaps.keeping() {
            match self.repair.phase {
                Phase::Idle => {
                    if !self.begin_phase(expected) {
                        return;
                    }
                }
                Phase::Merge { limit, at } => budget = self.merge_some(limit, at, budget, now),
                Phase::Replace(stage) => budget = self.replace_some(stage, budget, now),
            }
        }
    }

    fn take_news(&mut self, now: u64) {
        for _ in 0..NEWS_A_POLL {
            let Some(end) = &mut self.repair.end else { return };
            match end.news.pop() {
                Err(_) => return,
                Ok(News::Unfillable { gap, .. }) => {
                    self.repair.unfillable(gap, self.gaps);
                    self.hope(now);
                }
                Ok(News::NoSnapshot { why }) => {
                    self.repair.asked = false;
                    self.repair.no_snapshots |= why == Unfillable::NoServer;
                    self.hope(now);
                    if self.gaps.is_whole() {
                        // Nothing is missing, and the books that are wrong can wait.
                        let head = self.repair.store.head();
                        self.evict_below(head, now);
                        self.stop_keeping();
                    }
                }
                Ok(News::Snapshot(snapshot)) => self.take_snapshot(snapshot, now),
            }
        }
    }

    fn take_snapshot(&mut self, snapshot: Box<Snapshot>, now: u64) {
        let Repair { store, lost_below, session, asked, .. } = &mut *self.repair;
        let wanted = std::mem::replace(asked, false) && self.gaps.keeping();
        let least = store.base().max(*lost_below);
        if wanted && snapshot.session == *session && snapshot.next >= least {
            self.repair.held = Some(snapshot);
            self.repair.held_at = now;
            return;
        }
        self.repair.counts.snapshots_refused += 1;
        self.repair.give_back(snapshot);
    }

    fn take_fills(&mut self, times: usize) {
        for _ in 0..FILLS_A_POLL * times {
            let Some(end) = &mut self.repair.end else { return };
            let Ok(fill) = end.fills.pop() else { return };
            self.fill(&fill);
        }
    }

    /// Asks for a snapshot where nothing else heals, and keeps all messages from now on.
    fn want_snapshot(&mut self, expected: u64, now: u64) {
        self.refuse_from_the_future(expected, now);
        let lost = self.repair.lost_below > 0 || self.gaps.is_unhealed();
        if !lost && self.venue.broken() == 0 {
            return;
        }
        let asked = self.repair.ask_snapshot(expected, now);
        if asked && !self.gaps.keeping() {
            self.gaps.set_keeping(true);
            self.repair.store.begin(expected);
        }
    }

    /// A snapshot may be ahead of the lines by what is on its way. One that the lines do not catch
    /// up with names a number that is none.
    fn refuse_from_the_future(&mut self, expected: u64, now: u64) {
        let waited = now.saturating_sub(self.repair.held_at);
        let over = |snapshot: &mut Box<Snapshot>| snapshot.next > expected && waited >= AHEAD_NS;
        if self.repair.phase == Phase::Idle
            && let Some(snapshot) = self.repair.held.take_if(over)
        {
            self.repair.counts.snapshots_refused += 1;
            self.repair.give_back(snapshot);
        }
    }

    /// While a snapshot waited for the lines, messages behind it may have been given up.
    fn refuse_overtaken(&mut self) {
        let least = self.repair.store.base().max(self.repair.lost_below);
        if let Some(snapshot) = self.repair.held.take_if(|snapshot| snapshot.next < least) {
            self.repair.counts.snapshots_refused += 1;
            self.repair.give_back(snapshot);
        }
    }

    /// Begins what can be done now, if anything can.
    fn begin_phase(&mut self, expected: u64) -> bool {
        self.refuse_overtaken();
        if let Some(snapshot) = &self.repair.held {
            if snapshot.next > expected {
                return false;
            }
            self.repair.store.begin_index(snapshot.next);
            self.repair.phase = Phase::Replace(Stage::Messages(0));
            return true;
        }
        if self.repair.lost_below > 0 || self.gaps.open().is_empty() {
            return false;
        }
        let limit = match self.gaps.first_missing() {
            None => u64::MAX,
            // Some are complete, and what is kept becomes too much.
            Some(first) if self.is_crowded(first) => first,
            Some(_) => return false,
        };
        let base = self.repair.store.base();
        self.repair.store.begin_index(base);
        self.repair.phase = Phase::Merge { limit, at: 0 };
        true
    }

    /// Whether what is open becomes too much: so much is lost that something is always missing.
    fn is_crowded(&self, first_missing: u64) -> bool {
        let store = &self.repair.store;
        let crowded = store.len() > store.room() / 2 || self.gaps.open().len() > OPEN_GAPS_MAX / 4;
        crowded && first_missing > store.base()
    }

    /// Brings instruments up to date. Gives back what is left of `budget`.
    fn merge_some(&mut self, limit: u64, at: usize, budget: u64, now: u64) -> u64 {
        let mut left = self.repair.store.index(budget * INDEX) / INDEX;
        let mut at = at;
        while left > 0 {
            let Some(&locate) = self.repair.store.work().get(at) else {
                self.end_merge(limit, now);
                return left.saturating_sub(1);
            };
            left = left.saturating_sub(self.merge(locate, limit, now));
            at += 1;
        }
        if let Phase::Merge { at: done, .. } = &mut self.repair.phase {
            *done = at;
        }
        0
    }

    /// Every instrument has what came late below `limit`: the gaps below it are healed.
    fn end_merge(&mut self, limit: u64, now: u64) {
        self.repair.phase = Phase::Idle;
        self.close_gaps_below(limit, GapHow::Retransmission, now);
        if self.gaps.open().is_empty() {
            return self.all_healed();
        }
        let base = limit.min(self.repair.store.head());
        self.repair.store.forget_below(base);
    }

    /// Closes the gaps of which nothing is missing below `limit`.
    pub(super) fn close_gaps_below(&mut self, limit: u64, how: GapHow, now: u64) {
        while let Some(&gap) = self.gaps.open().first().filter(|gap| gap.end <= limit) {
            if self.gaps.close(gap.id, how).is_none() {
                return;
            }
            self.repair.forget(gap.id);
            let how = if gap.patched { GapHow::Snapshot } else { how };
            self.gap_end(&gap, how, now);
        }
    }

    /// No gap is open: books that none of them has touched are live again.
    pub(super) fn all_healed(&mut self) {
        if self.gaps.is_whole() {
            self.venue.touch_all_images();
        }
        self.stop_keeping();
    }

    /// Seats that were told that a book is gapped, because the channel was, get it once more.
    fn tell_anew(&mut self, now: u64) {
        for _ in 0..TOLD_A_POLL {
            let Some(index) = self.publisher.told.take() else { return };
            if self.venue.book_state(index, self.gaps) == BookState::Live {
                // Other seats may hold it live: what comes until the refresh is withheld from them.
                let change = BookStateChange {
                    new: BookState::Building as u8,
                    old: BookState::Live as u8,
                    cause: BookCause::Healed as u8,
                    ..BookStateChange::default()
                };
                self.venue.changed_silently(index, change, now, self.publisher);
            }
        }
    }
}
