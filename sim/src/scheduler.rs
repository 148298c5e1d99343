//! Virtual time: events in the order of their times, and of their making where these are equal.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// An event that is due.
#[derive(Debug)]
struct Due<E> {
    at: u64,
    number: u64,
    event: E,
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Due<E> {}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Due<E> {
    /// The heap gives its greatest: the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// What is going to happen, and the clock.
#[derive(Debug)]
pub struct Scheduler<E> {
    heap: BinaryHeap<Due<E>>,
    now: u64,
    number: u64,
}

impl<E> Scheduler<E> {
    /// A clock that shows `now`, ns UTC.
    pub fn new(now: u64) -> Scheduler<E> {
        Scheduler { heap: BinaryHeap::new(), now, number: 0 }
    }

    /// The clock, ns UTC.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Events that have happened or will.
    pub fn events(&self) -> u64 {
        self.number
    }

    /// Has an event happen at `at`, or now if that has passed.
    pub fn at(&mut self, at: u64, event: E) {
        self.number += 1;
        self.heap.push(Due { at: at.max(self.now), number: self.number, event });
    }

    /// The next event; the clock is then at its time.
    pub fn pop(&mut self) -> Option<E> {
        let due = self.heap.pop()?;
        self.now = due.at;
        Some(due.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_then_in_the_order_of_their_making() {
        let mut scheduler = Scheduler::new(10);
        for (at, event) in [(30, 'c'), (20, 'a'), (30, 'd'), (5, 'x'), (20, 'b')] {
            scheduler.at(at, event);
        }
        let mut seen = Vec::new();
        while let Some(event) = scheduler.pop() {
            seen.push((scheduler.now(), event));
        }
        assert_eq!(seen, [(10, 'x'), (20, 'a'), (20, 'b'), (30, 'c'), (30, 'd')]);
    }
}
