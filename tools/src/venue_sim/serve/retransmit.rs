//! The re-request server: a datagram asks for messages by number, datagrams with them come back.
//!
//! A good server answers with ordinary packets of the session that hold what it has of the range,
//! as many as are needed; it never says no: what it does not have, or is not to give, is met with
//! silence. What a bad one does is in [`RetransmitFaults`]. The machine has no clock and no socket:
//! it is handed a request and the time, and gives datagrams with the times at which they leave,
//! for an [`Outbox`](super::Outbox) or a simulated network.

mod build;
mod counts;
mod faults;

use std::collections::BTreeSet;

use protocol::frame::moldudp64::MoldRequest;

pub use counts::RetransmitCounts;
pub use faults::RetransmitFaults;

use super::delay::Delayed;
use super::history::History;
use crate::venue_sim::play::packets::MAX_PAYLOAD;
use crate::venue_sim::random::Random;

const NS_PER_S: u64 = 1_000_000_000;

/// One seeded sequence for each thing that is drawn, so that a fault changes none of the others.
#[derive(Debug)]
struct Draws {
    partial: Random,
    session: Random,
    range: Random,
    lie: Random,
    garble: Random,
    absurd: Random,
    drop: Random,
    duplicate: Random,
    late: Random,
    jitter: Random,
}

impl Draws {
    fn new(seed: u64) -> Self {
        let mut seeds = Random::new(seed);
        let mut draw = || Random::new(seeds.bits());
        Self {
            partial: draw(),
            session: draw(),
            range: draw(),
            lie: draw(),
            garble: draw(),
            absurd: draw(),
            drop: draw(),
            duplicate: draw(),
            late: draw(),
            jitter: draw(),
        }
    }
}

/// A server.
#[derive(Debug)]
pub struct Retransmitter {
    faults: RetransmitFaults,
    draws: Draws,
    counts: RetransmitCounts,
    /// Most bytes of a datagram.
    payload: usize,
    /// The second that `in_second` requests were answered in.
    second: u64,
    in_second: u64,
    /// Requests that a server that answers only some was asked.
    turn: u64,
    lied: BTreeSet<u64>,
}

impl Retransmitter {
    /// A server with these faults, drawn from this seed.
    #[must_use]
    pub fn new(faults: RetransmitFaults, seed: u64) -> Self {
        Self {
            faults,
            draws: Draws::new(seed),
            counts: RetransmitCounts::default(),
            payload: MAX_PAYLOAD,
            second: 0,
            in_second: 0,
            turn: 0,
            lied: BTreeSet::new(),
        }
    }

    /// The same with datagrams of at most so many bytes.
    #[must_use]
    pub fn with_payload(self, bytes: usize) -> Self {
        Self { payload: bytes, ..self }
    }

    /// What was served, and what was done wrong.
    #[must_use]
    pub const fn counts(&self) -> &RetransmitCounts {
        &self.counts
    }

    /// Numbers under which well-formed messages were sent that are not theirs. Nothing in an answer
    /// shows such a lie; only what a line brings under the same number does.
    #[must_use]
    pub const fn lied(&self) -> &BTreeSet<u64> {
        &self.lied
    }

    /// Takes a request that came from `from` at `now` (ns since the server began) and gives what is
    /// sent, and when.
    pub fn request<A: Copy>(
        &mut self,
        history: &History,
        bytes: &[u8],
        from: A,
        now: u64,
        out: &mut impl Extend<Delayed<A>>,
    ) {
        self.counts.requests += 1;
        let bad = now < self.faults.until;
        if bad && self.faults.dead.iter().any(|window| window.holds(now)) {
            self.counts.dead += 1;
            return;
        }
        let request = match MoldRequest::parse(bytes) {
            Ok(request) => request,
            Err(reason) => return self.counts.malformed(reason),
        };
        self.counts.asked += u64::from(request.count);
        if request.session != history.session() {
            self.counts.other_session += 1;
            return;
        }
        if bad && !self.may_answer(now) {
            return;
        }
        if history.range(request.sequence, u64::from(request.count)).is_empty() {
            self.counts.unavailable += 1;
            return;
        }
        self.counts.answered += 1;
        self.answer(history, request, from, now, out);
    }

    /// Whether this request is one of those that are answered.
    fn may_answer(&mut self, now: u64) -> bool {
        self.turn += 1;
        if !self.turn.is_multiple_of(self.faults.every.max(1)) {
            self.counts.ignored += 1;
            return false;
        }
        if now / NS_PER_S != self.second {
            self.second = now / NS_PER_S;
            self.in_second = 0;
        }
        if self.faults.quota.is_some_and(|quota| self.in_second >= quota) {
            self.counts.over_quota += 1;
            return false;
        }
        self.in_second += 1;
        true
    }
}
