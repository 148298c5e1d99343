//! A seat: a consumer, by which terms, how far behind, and what it lost.

use serde::Serialize;
use shm::seat::{Counter, SeatState};

use super::picture::Since;
use crate::inspect::table::seats::Seat;

/// A seat with who sits there.
#[derive(Debug, Serialize)]
pub struct SeatTop {
    /// As the producer has it.
    #[serde(flatten)]
    pub seat: Seat,
    /// Name of the consumer's process, if there is one and it may be looked at.
    pub consumer: Option<String>,
    /// Records lost to it within the interval.
    pub lost_now: Option<u64>,
}

impl SeatTop {
    /// Of a seat.
    pub fn new(seat: &Seat, since: &Since<'_>) -> SeatTop {
        let lost = |seat: &Seat| seat.count(Counter::LostAll);
        let then = |number: usize| since.before?.seats.iter().find(|s| s.seat == number).map(lost);
        SeatTop {
            consumer: process_name(seat.claim_pid),
            lost_now: then(seat.seat).map(|before| lost(seat).saturating_sub(before)),
            seat: seat.clone(),
        }
    }

    /// Whether somebody uses it, or should have: an inactive seat that nobody claims is free.
    pub fn is_used(&self) -> bool {
        let idle = matches!(self.seat.status, Some(SeatState::Inactive) | None);
        !idle || self.seat.claim_pid != 0
    }
}

/// What the kernel calls a process: at most 15 bytes.
fn process_name(pid: u32) -> Option<String> {
    let path = format!("/proc/{pid}/comm");
    let name = std::fs::read_to_string(path).ok().filter(|_| pid != 0)?;
    Some(name.trim_end().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_a_name_and_nobody_has_none() {
        assert!(process_name(std::process::id()).is_some_and(|name| !name.is_empty()));
        assert_eq!(process_name(0), None);
    }
}
