//! The consumer's side of a seat.

use super::layout::{CTL_CLAIM, RING_STATUS, ctl_lines, ring_lines, ring_shape};
use super::request::{Filter, RequestRow};
use super::status::{Reason, SeatState, SeatStatus, StatusError};
use crate::claim::{self, Claim, Taken};
use crate::lines::{LINE_WORDS, Lines};
use crate::ring::RingReader;
use crate::seqlock;
use crate::slot::ShapeError;
use thiserror::Error;

/// Why a seat could not be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AttachError {
    /// Another consumer has it.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// The memory does not have the size that capacity and instruments ask for.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// Where an attach stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// The producer has not answered yet; it looks once per poll.
    Waiting,
    /// Records flow.
    Active,
    /// The producer does not grant the request. Drop the consumer and ask otherwise.
    Refused(Reason),
    /// The producer has closed the seat. Drop the consumer.
    Closed(Reason),
}

/// A claimed seat. Dropping it gives the seat back.
#[derive(Debug)]
pub struct Consumer<R: Lines, C: Lines> {
    reader: RingReader<R, C>,
    claim: Claim,
    filter: Filter,
    row: RequestRow,
    resyncs: u64,
    number: u64,
    seen: u64,
    epoch: u64,
    state: Attach,
}

impl<R: Lines, C: Lines> Consumer<R, C> {
    /// Claims the seat whose memories are `ring` and `ctl`, and asks for `filter`. Go on with
    /// [`Consumer::poll_attach`].
    ///
    /// # Errors
    /// [`AttachError`] if the seat is taken or the memories are too small.
    pub fn claim(
        ring: R,
        ctl: C,
        capacity: usize,
        instruments: usize,
        filter: Filter,
        claim: Claim,
    ) -> Result<Self, AttachError> {
        // A capacity that overflows is refused by its own check, in `idle`.
        let needed = ring_lines(capacity.min(1 << 31), 1);
        at_least(needed, ring.lines())?;
        at_least(ctl_lines(instruments), ctl.lines())?;
        let reader = RingReader::idle(ring, ctl, ring_shape(capacity))?;
        claim::take(reader.ctl(), CTL_CLAIM, claim)?;
        let row = RequestRow::new(instruments);
        let (seen, state) = (0, Attach::Waiting);
        let mut consumer =
            Consumer { reader, claim, filter, row, resyncs: 0, number: 0, seen, epoch: 0, state };
        consumer.ask();
        Ok(consumer)
    }

    fn ask(&mut self) {
        self.number += 1;
        self.write_request();
    }

    fn write_request(&mut self) {
        let ctl = self.reader.ctl();
        self.row.write(ctl, self.claim, &self.filter, self.resyncs, self.number);
        claim::ring_bell(ctl, CTL_CLAIM);
    }

    /// Looks for the producer's answer. Call until it is not [`Attach::Waiting`], and later, while
    /// there are no records, to learn that the seat was closed; costs one load if nothing changed.
    pub fn poll_attach(&mut self) -> Attach {
        let version = seqlock::version(self.reader.ring(), RING_STATUS);
        let closed = matches!(self.state, Attach::Closed(_));
        if closed || (version == self.seen && self.state != Attach::Waiting) {
            return self.state;
        }
        if let Ok(status) = self.status() {
            self.seen = version;
            self.judge(&status);
        }
        self.state
    }

    fn judge(&mut self, status: &SeatStatus) {
        if status.claim != self.claim.word() {
            if self.epoch == 0 {
                self.restore_request();
            } else {
                // The producer took the seat back and has even forgotten whose it was.
                self.state = Attach::Closed(status.reason);
            }
            return;
        }
        match status.state {
            SeatState::Refused if status.number == self.number => {
                self.state = Attach::Refused(status.reason);
            }
            SeatState::Detached if self.epoch == 0 && status.epoch != 0 => {
                // Granted and closed between two looks: what was written meanwhile is ours. The
                // seat counts as active once, and the next look tells that it is closed.
                self.begin(status);
                self.seen = 0;
            }
            SeatState::Detached | SeatState::Inactive => {
                self.state = Attach::Closed(status.reason);
            }
            SeatState::Active | SeatState::Silent => {
                if self.state != Attach::Active {
                    self.begin(status);
                }
                if status.number != self.number {
                    self.restore_request();
                }
            }
            SeatState::Refused => {}
        }
    }

    fn begin(&mut self, status: &SeatStatus) {
        self.epoch = status.epoch;
        // The cursor carries the low 16 bits.
        self.reader.begin(status.epoch as u16, status.start);
        self.state = Attach::Active;
    }

    /// Writes the request again if a consumer of an older epoch has written over it.
    fn restore_request(&mut self) {
        let (claim, number) = (self.claim.word(), self.number);
        let holds = claim::holder(self.reader.ctl(), CTL_CLAIM) == Some(self.claim);
        if !holds {
            return;
        }
        // A row that stays half written is left by a stopped writer of an older epoch.
        let whole = self.row.read(self.reader.ctl()) && self.row.terms().is_some();
        if !whole || self.row.claim() != claim || self.row.number() != number {
            self.write_request();
        }
    }

    /// The next record, byte 0 cleared.
    #[inline(always)]
    #[allow(clippy::should_implement_trait)] // An iterator would end; a ring is only empty now.
    pub fn next(&mut self) -> Option<[u64; LINE_WORDS]> {
        if self.epoch == 0 {
            return None;
        }
        self.reader.next()
    }

    /// Gives the slots of all records taken so far back. Once per batch, and also after an empty
    /// one: that repairs the cursor if a consumer of an older epoch wrote over it.
    #[inline(always)]
    pub fn release(&mut self) {
        if self.state != Attach::Active {
            return;
        }
        self.reader.release();
        self.reader.heal_cursor();
    }

    /// Asks for something else. What is newly wanted comes with refreshes; what is no longer
    /// wanted may still come until [`SeatStatus::number`] is this request's, [`Consumer::number`].
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        if self.holds() {
            if matches!(self.state, Attach::Refused(_)) {
                self.state = Attach::Waiting;
            }
            self.ask();
        }
    }

    /// Gives up whatever is unread, and asks for refreshes of everything. Returns how many records
    /// were skipped. Books are unusable until their next refresh.
    pub fn resync(&mut self) -> u64 {
        if self.state != Attach::Active || !self.holds() {
            return 0;
        }
        let skipped = self.reader.skip_to_head();
        self.resyncs += 1;
        self.ask();
        skipped
    }

    fn holds(&self) -> bool {
        claim::holder(self.reader.ctl(), CTL_CLAIM) == Some(self.claim)
    }

    /// What the producer says about this seat.
    ///
    /// # Errors
    /// [`StatusError`] if it cannot be read.
    pub fn status(&self) -> Result<SeatStatus, StatusError> {
        SeatStatus::read(self.reader.ring())
    }

    /// Number of the last request.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Epoch of this attach, 0 before it is active.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Position of the next record.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Records behind the producer's stored position.
    pub fn lag(&self) -> u64 {
        self.reader.lag()
    }

    /// The claim.
    pub fn held(&self) -> Claim {
        self.claim
    }

    /// The filter that was last asked for.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Gives the seat back.
    pub fn detach(self) {
        drop(self);
    }
}

impl<R: Lines, C: Lines> Drop for Consumer<R, C> {
    fn drop(&mut self) {
        // False if the producer has already freed it: then there is nothing to give back.
        let _ = claim::give(self.reader.ctl(), CTL_CLAIM, self.claim);
    }
}

fn at_least(needed: usize, found: usize) -> Result<(), ShapeError> {
    if needed <= found { Ok(()) } else { Err(ShapeError::TooSmall { needed, found }) }
}
