//! How an instance or a lane stands, from what can be seen without asking it.

use serde::Serialize;
use shm::generation::Observed;

use super::page::Paint;

/// Age of a heartbeat beyond which its owner counts as stalled, ns: what images call stale.
pub const STALL_NS: u64 = 100_000_000;

/// How an instance or a lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its owner lives and its heart beats (or it has never had a heartbeat to stop).
    Alive,
    /// Its owner lives, but its heart has not beaten for [`STALL_NS`].
    Stalled,
    /// Its owner died.
    Dead,
    /// Its owner ended in order; the files are still there.
    Closed,
    /// Its owner is making the files.
    Initialising,
    /// Its `instance` file cannot be read.
    Damaged,
}

impl State {
    /// From its life word, whether an owner holds the lock, and the age of its heartbeat.
    pub fn of(life: Observed, owned: bool, beat_age_ns: Option<u64>) -> State {
        match life {
            Observed::Invalid(_) => State::Damaged,
            Observed::Closed(_) => State::Closed,
            _ if !owned => State::Dead,
            Observed::Absent | Observed::Initialising(_) => State::Initialising,
            Observed::Ready(_) if beat_age_ns.is_some_and(|age| age > STALL_NS) => State::Stalled,
            Observed::Ready(_) => State::Alive,
        }
    }

    /// Name for people and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            State::Alive => "alive",
            State::Stalled => "stalled",
            State::Dead => "dead",
            State::Closed => "closed",
            State::Initialising => "initialising",
            State::Damaged => "damaged",
        }
    }

    /// Colour on a terminal.
    pub const fn paint(self) -> Paint {
        match self {
            State::Alive => Paint::Good,
            State::Initialising | State::Stalled => Paint::Warn,
            State::Closed => Paint::Dim,
            State::Dead | State::Damaged => Paint::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_decides() {
        let ready = Observed::Ready(3);
        assert_eq!(State::of(ready, true, None), State::Alive);
        assert_eq!(State::of(ready, true, Some(STALL_NS)), State::Alive);
        assert_eq!(State::of(ready, true, Some(STALL_NS + 1)), State::Stalled);
        assert_eq!(State::of(ready, false, Some(0)), State::Dead);
        assert_eq!(State::of(Observed::Initialising(3), true, None), State::Initialising);
        assert_eq!(State::of(Observed::Initialising(3), false, None), State::Dead);
        assert_eq!(State::of(Observed::Closed(3), true, Some(0)), State::Closed);
        assert_eq!(State::of(Observed::Invalid(9), true, Some(0)), State::Damaged);
    }
}
