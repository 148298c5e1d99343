//! The end of a poll: positions for observers, changes by consumers, silent seats, refreshes.

use super::Fanout;
use super::refresh::{LostReport, Refresh, RefreshTooLarge};
use crate::claim;
use crate::lines::Lines;
use crate::seat::layout::CTL_CLAIM;
use crate::seat::{Reason, SeatState};

/// A refresh is written at the latest in every so many polls, however busy the lane is.
pub const REFRESH_POLLS: u32 = 1_024;
/// Cursors are read and counters stored in every so many polls.
pub const SAMPLE_POLLS: u32 = 256;

/// What changed among the seats in a poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Seats that became active. Their refreshes begin with the next poll, so that a greeting
    /// sent now comes first.
    pub activated: u8,
    /// Seats that ended: released, killed or detached.
    pub closed: u8,
    /// Seats that resynced.
    pub resynced: u8,
    /// The last refresh that was larger than its ring.
    pub too_large: Option<RefreshTooLarge>,
}

impl Events {
    /// Whether anything happened.
    #[inline(always)]
    pub const fn any(&self) -> bool {
        self.activated | self.closed | self.resynced != 0 || self.too_large.is_some()
    }
}

impl<L: Lines> Fanout<L> {
    /// Ends a poll. `found_nothing` says that the lane has time for a refresh; `now_ns` is the
    /// lane's clock.
    ///
    /// A step that was not ended is ended here, under the number of the step before it.
    #[inline]
    pub fn end_poll(
        &mut self,
        found_nothing: bool,
        now_ns: u64,
        callback: &mut impl Refresh,
    ) -> Events {
        if self.in_step != 0 {
            self.end_step(self.last_step);
        }
        self.now_ns = now_ns;
        self.store_positions(now_ns);
        self.polls = self.polls.wrapping_add(1);
        self.hear_bells(now_ns);
        let mut staging = self.active & !self.silent & !self.direct & self.large;
        while staging != 0 {
            let number = staging.trailing_zeros() as usize;
            staging &= staging - 1;
            self.reconsider(number);
        }
        if self.silent != 0 {
            self.resume_seats(callback);
        }
        self.refresh_due += 1;
        let fresh = self.events.activated | self.events.resynced;
        if found_nothing {
            self.refresh_due = 0;
            self.refresh_part(callback, fresh);
        } else if self.refresh_due >= REFRESH_POLLS {
            self.refresh_due = 0;
            self.refresh_whole(callback, fresh);
        }
        if self.polls.is_multiple_of(SAMPLE_POLLS) {
            self.sample();
        }
        if self.events.any() { std::mem::take(&mut self.events) } else { Events::default() }
    }

    #[inline(always)]
    fn store_positions(&mut self, now_ns: u64) {
        let mut seats = self.moved;
        self.moved = 0;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            if let Some(seat) = self.seats.get_mut(number) {
                seat.ring.store_position();
                seat.note_age(now_ns);
            }
        }
    }

    #[inline(always)]
    fn hear_bells(&mut self, now_ns: u64) {
        let dead = self.signals.take_dead();
        if dead != 0 {
            self.kill_seats(dead);
        }
        let mut rung = 0_u8;
        for (number, seat) in self.seats.iter().enumerate() {
            let bell = claim::hear_bell(seat.ring.ctl(), CTL_CLAIM);
            rung |= u8::from(bell != seat.bell) << number;
        }
        while rung != 0 {
            let number = rung.trailing_zeros() as usize;
            rung &= rung - 1;
            self.answer_bell(number, now_ns);
        }
    }

    #[cold]
    fn kill_seats(&mut self, dead: u8) {
        let mut seats = dead;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            self.kill_seat(number);
        }
    }

    /// Lets silent seats speak again: the loss first, then what the refreshes bring.
    #[cold]
    fn resume_seats(&mut self, callback: &mut impl Refresh) {
        let mut seats = self.silent;
        while seats != 0 {
            let number = seats.trailing_zeros() as usize;
            seats &= seats - 1;
            let Some(seat) = self.seats.get_mut(number) else { continue };
            let enough = (seat.ring.capacity() / 4).max(1);
            if !seat.has_room(enough) {
                continue;
            }
            if seat.loss.records != 0 {
                let report = std::mem::take(&mut seat.loss);
                seat.in_loss = false;
                seat.ring.try_push(&callback.lost(report));
                seat.private += 1;
                seat.ring.store_position();
            }
            seat.loss = LostReport::default();
            seat.set_state(SeatState::Active, Reason::None);
            self.silent &= !(1 << number);
            self.withhold_pending(number);
            self.reconsider(number);
        }
    }

    /// Reads the cursors and stores the counters now; else done every [`SAMPLE_POLLS`] polls.
    #[cold]
    pub fn sample(&mut self) {
        let now_ns = self.now_ns;
        for number in 0..self.seats.len() {
            if self.active >> number & 1 == 0 {
                continue;
            }
            if let Some(seat) = self.seats.get_mut(number) {
                seat.sample(now_ns);
            }
        }
    }
}
