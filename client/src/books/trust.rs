//! Which books may be believed.
//!
//! Three things are told apart, because they end differently:
//!
//! * *complete*: what the consumer holds is what the producer holds. Ends with a contradiction or
//!   the next refresh's begin; begins with a refresh's end.
//! * *proven*: complete, and not suspected since a loss. A `lost` record says how many books are
//!   to be refreshed but not which; until as many refreshes of books that were held have come, only
//!   books refreshed since are proven.
//! * *live*: the producer itself vouches for its book. A gap takes that from all books of the lane
//!   by one addition; a healed gap gives it back.

use wire::BookState;
use wire::codes::GapHow;

use crate::images::worst;

/// What is believed of one instrument's book.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// A refresh was completed since the attach (or session): the producer keeps us up to date.
    held: bool,
    /// The copy equals the producer's book.
    complete: bool,
    /// State that the producer's records tell.
    state: BookState,
    /// Loss after which the last refresh came.
    loss: u32,
    /// Gap epoch of `state`.
    epoch: u32,
}

const UNKNOWN: Mark =
    Mark { held: false, complete: false, state: BookState::None, loss: 0, epoch: 0 };

/// What is believed of all books of a lane.
#[derive(Debug)]
pub(super) struct Trust {
    marks: Box<[Mark]>,
    /// Number of losses so far.
    loss: u32,
    /// Refreshes that losses announced and that have not come yet.
    due: u64,
    /// Some of those may never come, because the instrument is no longer wanted.
    stuck: bool,
    /// Books were given up since no refresh is due: the next loss may count them.
    given_up: bool,
    /// Number of gaps so far.
    epoch: u32,
    /// Marks of an older epoch are gapped.
    floor: u32,
    /// Floor before the first gap that is still open.
    floor_before: u32,
    open_gaps: u32,
    /// One of the gaps since then was not healed.
    unhealed: bool,
    /// State of the channel as a whole.
    whole: BookState,
}

impl Trust {
    pub(super) fn new(instruments: usize) -> Trust {
        Trust {
            marks: vec![UNKNOWN; instruments].into_boxed_slice(),
            loss: 0,
            due: 0,
            stuck: false,
            given_up: false,
            epoch: 0,
            floor: 0,
            floor_before: 0,
            open_gaps: 0,
            unhealed: false,
            whole: BookState::Live,
        }
    }

    /// Nothing is known any more: attach, session start, resync.
    pub(super) fn forget_all(&mut self) {
        self.marks.fill(UNKNOWN);
        self.due = 0;
        (self.stuck, self.given_up) = (false, false);
    }

    /// The same, and the producer is another one.
    pub(super) fn begin(&mut self) {
        *self = Trust { marks: std::mem::take(&mut self.marks), ..Trust::new(0) };
        self.forget_all();
    }

    /// One book is no longer wanted.
    pub(super) fn forget(&mut self, index: u32) {
        if let Some(mark) = self.marks.get_mut(index as usize) {
            self.stuck |= self.due > 0 && mark.held && mark.loss != self.loss;
            self.given_up |= mark.held;
            *mark = UNKNOWN;
        }
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
    }

    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    #[inline(always)]
    pub(super) fn is_complete(&self, index: u32) -> bool {
        self.marks.get(index as usize).is_some_and(|mark| mark.complete)
    }

    pub(super) fn is_proven(&self, index: u32) -> bool {
        let current = |mark: &Mark| self.due == 0 || mark.loss == self.loss;
        self.marks.get(index as usize).is_some_and(|mark| mark.complete && current(mark))
    }

    pub(super) fn due(&self) -> u64 {
        self.due
    }

    pub(super) fn open_gaps(&self) -> u32 {
        self.open_gaps
    }

    /// What may be said of a book.
    pub(super) fn state(&self, index: u32) -> BookState {
        let Some(mark) = self.marks.get(index as usize) else { return BookState::None };
        if !mark.held {
            return BookState::None;
        }
        if !self.is_proven(index) {
            return BookState::Building;
        }
        let gapped = mark.epoch < self.floor && mark.state != BookState::None;
        let own = if gapped { BookState::Gapped } else { mark.state };
        worst(own, self.whole)
    }

    /// A record of a complete book tells its state.
    #[inline(always)]
    pub(super) fn tell(&mut self, index: u32, state: BookState) {
        let (epoch, floor) = (self.epoch, self.floor);
        let Some(mark) = self.marks.get_mut(index as usize) else { return };
        // Under a gap of the channel "gapped" says nothing about this one book.
        if state != BookState::Gapped || mark.epoch >= floor {
            (mark.state, mark.epoch) = (state, epoch);
        }
    }

    /// A change of one book, or of all of them (index 0).
    pub(super) fn change(&mut self, index: u32, state: BookState) {
        if index == 0 {
            self.whole = state;
        } else if let Some(mark) = self.marks.get_mut(index as usize) {
            (mark.state, mark.epoch) = (state, self.epoch);
        }
    }

    pub(super) fn broken(&mut self, index: u32) {
        if let Some(mark) = self.marks.get_mut(index as usize) {
            mark.complete = false;
        }
    }

    /// A refresh of this book was completed.
    pub(super) fn refreshed(&mut self, index: u32, state: BookState) {
        let (loss, epoch) = (self.loss, self.epoch);
        let Some(mark) = self.marks.get_mut(index as usize) else { return };
        let announced = mark.held && mark.loss != loss;
        *mark = Mark { held: true, complete: true, state, loss, epoch };
        // A book that the seat had not been given yet was not counted by the loss.
        self.due = self.due.saturating_sub(u64::from(announced));
        if announced && self.due == 0 {
            (self.stuck, self.given_up) = (false, false);
        }
    }

    /// A loss after which so many books are refreshed. Begins and ends of gaps may be among what was
    /// lost, so the record also says how the channel stands now, if the producer tells.
    pub(super) fn lost(&mut self, instruments: u32, channel: BookState) {
        match channel {
            BookState::Gapped if self.open_gaps == 0 => self.gap_begin(),
            BookState::Live => (self.open_gaps, self.floor) = (0, 0),
            _ => {}
        }
        if instruments == 0 {
            return;
        }
        self.loss = self.loss.wrapping_add(1);
        self.due = self.due.saturating_add(u64::from(instruments));
        // The producer may have lost records of such a book before it heard of the change.
        self.stuck |= self.given_up;
    }

    pub(super) fn gap_begin(&mut self) {
        if self.open_gaps == 0 {
            self.floor_before = self.floor;
            self.unhealed = false;
        }
        self.open_gaps = self.open_gaps.saturating_add(1);
        self.epoch = self.epoch.saturating_add(1);
        self.floor = self.epoch;
    }

    pub(super) fn gap_end(&mut self, how: Option<GapHow>) {
        self.unhealed |= !matches!(how, Some(GapHow::Retransmission | GapHow::Snapshot));
        self.open_gaps = self.open_gaps.saturating_sub(1);
        if self.open_gaps == 0 && !self.unhealed {
            self.floor = self.floor_before;
        }
    }
}
