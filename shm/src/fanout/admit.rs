//! Letting consumers in, changing what they get, letting them go.

use super::Fanout;
use super::seat::Seat;
use crate::claim::{self, Claim};
use crate::lines::Lines;
use crate::seat::layout::CTL_CLAIM;
use crate::seat::{Policy, Reason, SeatState, Terms};

impl<L: Lines> Fanout<L> {
    /// Looks at the claim and the request of a seat whose bell has rung.
    #[cold]
    #[inline(never)]
    pub(super) fn answer_bell(&mut self, number: usize, now_ns: u64) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        seat.bell = claim::hear_bell(seat.ring.ctl(), CTL_CLAIM);
        let word = claim::holder(seat.ring.ctl(), CTL_CLAIM).map_or(0, Claim::word);
        if word != seat.claim && seat.claim != 0 {
            // The holder has left, and perhaps somebody has come since.
            self.close_seat(number, SeatState::Inactive, Reason::Released);
            self.forget_claim(number);
        }
        if word != 0 {
            self.read_request(number, word, now_ns);
        }
    }

    fn read_request(&mut self, number: usize, word: u64, now_ns: u64) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        let Seat { row, ring, .. } = seat;
        if !row.read(ring.ctl()) {
            // Being written. The bell counts as not heard, so that the next poll looks again.
            seat.bell = seat.bell.wrapping_sub(1);
            return;
        }
        if row.claim() != word {
            // The holder has not asked yet, or another one has written over it.
            return;
        }
        let Some(terms) = row.terms() else {
            seat.request_refused += 1;
            return;
        };
        let active = seat.claim == word && is_open(seat.state);
        if !active && seat.claim == word && seat.state == SeatState::Detached {
            // Closed is closed: this claim must go before another one comes.
            return;
        }
        match self.judge(&terms) {
            Err(reason) => self.refuse(number, word, terms, reason),
            Ok(policy) if active => self.change(number, terms, policy),
            Ok(policy) => self.activate(number, word, terms, policy, now_ns),
        }
    }

    fn judge(&self, terms: &Terms) -> Result<Policy, Reason> {
        let Some(policy) = Policy::from_code(terms.policy) else {
            return Err(Reason::UnknownPolicy);
        };
        if terms.classes == 0 {
            return Err(Reason::NoClass);
        }
        let books = terms.classes & self.rules.book_classes;
        match policy {
            Policy::Wait if !self.allow_wait => Err(Reason::WaitOnLive),
            Policy::Conflate if books & !(1 << (self.rules.conflate_class & 7)) != 0 => {
                Err(Reason::ConflateClass)
            }
            _ => Ok(policy),
        }
    }

    /// Refuses a request. A seat that is active keeps what it had.
    fn refuse(&mut self, number: usize, word: u64, terms: Terms, reason: Reason) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        seat.request_refused += 1;
        if is_open(seat.state) {
            return;
        }
        seat.claim = word;
        seat.terms = Terms { policy: 0, ..terms };
        seat.set_state(SeatState::Refused, reason);
    }

    fn activate(&mut self, number: usize, word: u64, terms: Terms, policy: Policy, now_ns: u64) {
        let bit = 1 << number;
        let Some(seat) = self.seats.get_mut(number) else { return };
        seat.claim = word;
        seat.terms = terms;
        seat.policy = policy;
        seat.begin(now_ns);
        seat.set_state(SeatState::Active, Reason::None);
        self.active |= bit;
        self.silent &= !bit;
        self.set_wanted(number);
        self.set_classes(number);
        self.withhold_all(number);
        self.reconsider(number);
        self.events.activated |= bit;
    }

    /// A filter change, a resync, or both.
    fn change(&mut self, number: usize, terms: Terms, policy: Policy) {
        let Some(seat) = self.seats.get_mut(number) else { return };
        if terms.number == seat.terms.number {
            return;
        }
        let old = seat.terms;
        seat.terms = terms;
        seat.policy = policy;
        // Its book may no longer be wanted, or otherwise.
        self.abandon(number);
        let resync = terms.resyncs != old.resyncs;
        let books = self.rules.book_classes;
        let anew =
            resync || terms.depth != old.depth || terms.classes & books != old.classes & books;
        self.set_wanted(number);
        self.set_classes(number);
        if anew {
            self.withhold_all(number);
        }
        if resync {
            self.events.resynced |= 1 << number;
        }
        if let Some(seat) = self.seats.get(number) {
            seat.write_status();
        }
    }

    /// Takes the wanted instruments from the request. Newly wanted ones are to be refreshed.
    fn set_wanted(&mut self, number: usize) {
        let bit = 1_u8 << number;
        let books = self.rules.book_classes;
        let words = self.words;
        let Some(seat) = self.seats.get_mut(number) else { return };
        let with_books = seat.terms.classes & books != 0;
        for word in 0..words {
            let old = seat.wanted.word(word);
            let new = seat.row.wanted(word, seat.terms.all);
            seat.wanted.set_word(word, new);
            let keep = if with_books { new } else { 0 };
            let fresh = if with_books { new & !old } else { 0 };
            let pending = (seat.pending.word(word) & keep) | fresh;
            seat.pending.set_word(word, pending);
            seat.parked.set_word(word, seat.parked.word(word) & keep & !fresh);
            let withheld = pending | seat.parked.word(word);
            let masks = self.instruments.iter_mut().skip(word * 64).take(64);
            for (at, masks) in masks.enumerate() {
                let (wants, books) = (new >> at & 1, (new & !withheld) >> at & 1);
                masks[0] = masks[0] & !bit | (wants as u8) << number;
                masks[1] = masks[1] & !bit | (books as u8) << number;
            }
        }
        self.set_whole(bit);
    }

    /// Index 0 is the producer itself: everybody who is active gets what concerns all.
    fn set_whole(&mut self, bit: u8) {
        let on = self.active & bit;
        if let Some(masks) = self.instruments.first_mut() {
            masks[0] = masks[0] & !bit | on;
            masks[1] = masks[1] & !bit | on;
        }
    }

    fn set_classes(&mut self, number: usize) {
        let bit = 1_u8 << number;
        let on = self.active & bit != 0;
        let classes = self.seats.get(number).map_or(0, |seat| seat.terms.classes);
        let stream = 1 << (self.rules.stream & 7);
        let classes = if on { classes | stream } else { 0 };
        for (class, masks) in self.class_masks.iter_mut().enumerate() {
            let book = usize::from(self.rules.book_classes >> class & 1);
            masks[book] = masks[book] & !bit | ((classes >> class & 1) << number);
        }
    }

    /// Stops a seat. The claim stays until the holder or [`Fanout::kill_seat`] ends it.
    pub(super) fn close_seat(&mut self, number: usize, state: SeatState, reason: Reason) {
        let bit = 1_u8 << number;
        self.abandon(number);
        if self.active & bit != 0 {
            self.events.closed |= bit;
        }
        for mask in [
            &mut self.active,
            &mut self.silent,
            &mut self.direct,
            &mut self.moved,
            &mut self.losing,
        ] {
            *mask &= !bit;
        }
        for masks in &mut self.instruments {
            masks[0] &= !bit;
            masks[1] &= !bit;
        }
        self.set_classes(number);
        if let Some(seat) = self.seats.get_mut(number) {
            seat.wanted.clear();
            seat.pending.clear();
            seat.parked.clear();
            seat.ring.store_position();
            let now = self.now_ns;
            seat.sample(now);
            seat.set_state(state, reason);
        }
    }

    fn forget_claim(&mut self, number: usize) {
        if let Some(seat) = self.seats.get_mut(number) {
            seat.claim = 0;
            seat.write_status();
        }
    }

    /// Takes a seat back from a consumer that is known to be dead, whether or not it got as far as
    /// being answered. False if nobody holds it.
    pub fn kill_seat(&mut self, number: usize) -> bool {
        let Some(seat) = self.seats.get(number) else { return false };
        match claim::holder(seat.ring.ctl(), CTL_CLAIM) {
            Some(dead) => self.kill_claim(number, dead),
            None => false,
        }
    }

    /// The same, if the holder is still `dead`.
    pub fn kill_claim(&mut self, number: usize, dead: Claim) -> bool {
        let Some(seat) = self.seats.get(number) else { return false };
        let held = claim::holder(seat.ring.ctl(), CTL_CLAIM);
        if held != Some(dead) {
            return false;
        }
        // The seat is closed before it is free, so that no new claim is taken for the dead one's.
        self.close_seat(number, SeatState::Inactive, Reason::Died);
        self.forget_claim(number);
        self.seats
            .get(number)
            .is_some_and(|seat| claim::take_over(seat.ring.ctl(), CTL_CLAIM, dead))
    }

    /// Closes every seat: the producer ends.
    pub fn close(&mut self) {
        for number in 0..self.seats.len() {
            if self.active >> number & 1 != 0 {
                self.close_seat(number, SeatState::Detached, Reason::ProducerClosed);
            }
        }
    }
}

const fn is_open(state: SeatState) -> bool {
    matches!(state, SeatState::Active | SeatState::Silent)
}
