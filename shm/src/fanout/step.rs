//! Steps: records from the lane to the seats, each seat's part of a step whole or not at all.
//!
//! A seat whose ring has room for the largest possible step takes records as they come: one copy,
//! one commit, no bookkeeping per record. Where that is not certain, records are staged until the
//! step ends and its size is known. A seat that is silent only has its losses counted.

use super::Fanout;
use crate::claim;
use crate::lines::{LINE_WORDS, Lines};
use crate::seat::layout::CTL_CLAIM;
use crate::seat::{Policy, Reason, SeatState};
use crate::sync::pause;

/// Records of a step at most. What a lane pushes beyond it is lost, declared and refreshed.
pub const MAX_STEP: usize = 4_096;
const LARGEST: u64 = MAX_STEP as u64;

/// A record that waits for the end of its step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Staged {
    record: [u64; LINE_WORDS],
    instrument: u32,
    class: u8,
    mask: u8,
}

impl<L: Lines> Fanout<L> {
    /// Gives a record of the present step to the seats of `mask`, which is what
    /// [`Fanout::interest`] returned for it. Byte 0 of the record is not looked at.
    #[inline(always)]
    pub fn push(&mut self, mask: u8, class: u8, instrument: u32, record: &[u64; LINE_WORDS]) {
        self.in_step += 1;
        let mut mask = mask;
        if instrument & self.others == 0 {
            mask = self.meets_refresh(mask, class, instrument);
        }
        if mask & !self.direct != 0 || self.in_step > LARGEST {
            let further = mask & !self.direct;
            if further & !self.silent != 0 || self.in_step > LARGEST {
                return self.push_slowly(mask, class, instrument, record);
            }
            // A stopped consumer is not to cost more than one that reads: nothing is staged for it.
            self.lose(further, class, instrument);
            mask &= self.direct;
        }
        self.push_direct(mask, record);
    }

    #[inline(always)]
    fn push_direct(&mut self, mask: u8, record: &[u64; LINE_WORDS]) {
        self.moved |= mask;
        let seats = self.seats.as_mut_slice();
        let mut mask = u32::from(mask);
        while mask != 0 {
            let number = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            if let Some(seat) = seats.get_mut(number) {
                // Cannot fail: a direct seat had room for a whole step when the step began.
                seat.ring.try_push(record);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn push_slowly(&mut self, mask: u8, class: u8, instrument: u32, record: &[u64; LINE_WORDS]) {
        let mask = mask & self.active;
        if self.in_step > LARGEST {
            self.oversized += u64::from(self.in_step == LARGEST + 1);
            return self.lose(mask, class, instrument);
        }
        let direct = mask & self.direct;
        self.push_direct(direct, record);
        self.lose(mask & self.silent, class, instrument);
        let mask = mask & !self.direct & !self.silent;
        if mask != 0 {
            self.staged.push(Staged { record: *record, instrument, class, mask });
            self.waiting |= mask;
        }
    }

    /// Counts a record as lost to the seats of `mask`, and has lost books refreshed.
    #[inline(never)]
    pub(super) fn lose(&mut self, mask: u8, class: u8, instrument: u32) {
        let book = self.rules.book_classes >> (class & 7) & 1 != 0;
        let counted = class == self.rules.counted_class;
        let mut seats = mask;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            let Some(seat) = self.seats.get_mut(number) else { continue };
            let declared = seat.count_lost(book, counted);
            self.losing |= u8::from(declared) << number;
            // All but the first record of a book that is lost find it marked already.
            if book && !seat.pending.contains(instrument) {
                self.lose_book(number, instrument, declared);
            }
        }
    }

    /// Marks a book as to be refreshed for a seat. Where the loss is to be declared, the report
    /// announces it.
    #[cold]
    #[inline(never)]
    fn lose_book(&mut self, number: usize, instrument: u32, declared: bool) {
        let new = self.lost_book(number, instrument);
        if let Some(seat) = self.seats.get_mut(number) {
            seat.loss.instruments += u64::from(new && declared);
        }
    }

    /// Ends the present step, which is number `step`.
    #[inline(always)]
    pub fn end_step(&mut self, step: u64) {
        let pushed = std::mem::take(&mut self.in_step);
        self.last_step = step;
        if self.waiting | self.losing != 0 {
            if self.waiting | (self.losing & !self.silent) != 0 {
                self.end_slowly(step);
            } else {
                self.close_losses(step);
            }
        }
        self.spend(pushed);
    }

    /// Has the losses of this step reach to it. Returns the seats that lost something.
    #[inline(always)]
    fn close_losses(&mut self, step: u64) -> u8 {
        let losing = std::mem::take(&mut self.losing);
        let mut seats = losing;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            if let Some(seat) = self.seats.get_mut(number) {
                seat.close_loss(step);
            }
        }
        losing
    }

    /// Takes records that were pushed off the room that all direct seats are known to have.
    #[inline(always)]
    pub(super) fn spend(&mut self, records: u64) {
        match self.room.checked_sub(records) {
            Some(room) => self.room = room,
            None => self.measure_room(),
        }
    }

    /// Looks how much room the direct seats have now. Those that may be without room for a step
    /// of any size are direct no more.
    #[cold]
    #[inline(never)]
    fn measure_room(&mut self) {
        self.room = u64::MAX;
        let mut seats = self.direct;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            let Some(seat) = self.seats.get_mut(number) else { continue };
            // The cursor is a cache line of the consumer's: read where it is worth it.
            if seat.ring.free() < 2 * LARGEST {
                seat.refresh_free();
            }
            self.reconsider(number);
        }
    }

    /// Whether a seat may take records as they come. Small rings never do: they would have room
    /// for the largest step only while they are nearly empty.
    #[cold]
    #[inline(never)]
    pub(super) fn reconsider(&mut self, number: usize) {
        let bit = 1 << number;
        let Some(seat) = self.seats.get_mut(number) else { return };
        let room = self.active & !self.silent & bit != 0
            && seat.ring.capacity() >= 2 * LARGEST
            && seat.has_room(LARGEST);
        if room {
            self.direct |= bit;
            self.room = self.room.min(seat.ring.free() - LARGEST);
        } else {
            self.direct &= !bit;
        }
    }

    #[cold]
    #[inline(never)]
    fn end_slowly(&mut self, step: u64) {
        let mut seats = self.waiting;
        self.waiting = 0;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            self.deliver_staged(number);
        }
        self.staged.clear();
        let mut seats = self.close_losses(step);
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            self.fall_silent(number);
        }
    }

    /// Gives a seat its part of the step if it fits, else treats it as its policy says.
    fn deliver_staged(&mut self, number: usize) {
        let bit = 1 << number;
        let part = self.staged.iter().filter(|staged| staged.mask & bit != 0).count() as u64;
        let Some(seat) = self.seats.get_mut(number) else { return };
        if seat.has_room(part) {
            for staged in self.staged.iter().filter(|staged| staged.mask & bit != 0) {
                seat.ring.try_push(&staged.record);
            }
            self.moved |= bit;
            return;
        }
        match seat.policy {
            Policy::Wait => self.deliver_waiting(number),
            Policy::Detach => self.close_seat(number, SeatState::Detached, Reason::RingFull),
            Policy::Lose | Policy::Conflate => {
                for at in 0..self.staged.len() {
                    let Staged { instrument, class, mask, .. } = self.staged[at];
                    self.lose(mask & bit, class, instrument);
                }
                self.fall_silent(number);
            }
        }
    }

    fn fall_silent(&mut self, number: usize) {
        let bit = 1 << number;
        if self.silent & bit != 0 || self.active & bit == 0 {
            return;
        }
        self.silent |= bit;
        self.direct &= !bit;
        self.abandon(number);
        if let Some(seat) = self.seats.get_mut(number) {
            seat.set_state(SeatState::Silent, Reason::RingFull);
        }
    }

    /// Writes a seat's part of the step as its consumer makes room. Ends early if the consumer
    /// leaves or dies, or the lane is to stop.
    fn deliver_waiting(&mut self, number: usize) {
        let bit = 1 << number;
        self.moved |= bit;
        for at in 0..self.staged.len() {
            let staged = self.staged[at];
            if staged.mask & bit == 0 {
                continue;
            }
            let Some(seat) = self.seats.get_mut(number) else { return };
            while !seat.has_room(1) {
                if self.signals.stopped() {
                    return self.close_seat(number, SeatState::Detached, Reason::ProducerClosed);
                }
                if self.signals.pending() & bit != 0 {
                    // The next poll takes the seat back from the dead.
                    return self.close_seat(number, SeatState::Detached, Reason::Died);
                }
                let holder = claim::holder(seat.ring.ctl(), CTL_CLAIM);
                if holder.map_or(0, |claim| claim.word()) != seat.claim {
                    return self.close_seat(number, SeatState::Inactive, Reason::Released);
                }
                pause();
            }
            seat.ring.try_push(&staged.record);
            seat.ring.store_position();
        }
    }

    /// Gives a record that belongs to no step (a heartbeat, a greeting) to the seats of `mask`
    /// that have room for it, between steps. Returns the seats that took it: to the others it is
    /// not a loss, because it says nothing about any step.
    pub fn push_private(&mut self, mask: u8, record: &[u64; LINE_WORDS]) -> u8 {
        let mut seats = mask & self.active & !self.silent;
        let mut took = 0;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            let Some(seat) = self.seats.get_mut(number) else { continue };
            if seat.has_room(1) && seat.ring.try_push(record) {
                seat.private += 1;
                took |= 1 << number;
            }
        }
        self.moved |= took;
        self.spend(1);
        took
    }
}
