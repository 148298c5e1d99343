//! The client behind a handle: its books, and its events until C asks for them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use client::{BookSet, Client, Event as Happened};
use wire::Record;
use wire::instrument::put_text;

use crate::error::{Code, of_client};
use crate::options::Request;
use crate::types::Event;

/// Events that are kept for C; more are counted in the last one.
const EVENTS: usize = 4_096;
/// Empty polls before a waiting poll sleeps between them.
const SPINS: u32 = 2_000;
/// How long it sleeps.
const NAP: Duration = Duration::from_micros(50);

macro_rules! event_kinds {
    ($($name:ident = $value:literal $c:literal),+ $(,)?) => {
        /// Kinds of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        #[allow(missing_docs)] // Named as the variants of `client::Event`, where they are explained.
        pub enum EventKind { $($name = $value),+ }

        /// Constants of the header.
        pub const EVENT_KINDS: &[(&str, u32)] = &[$(($c, $value)),+];
    };
}

event_kinds! {
    Attached = 1 "ATTACHED",
    Stalled = 2 "STALLED",
    Resumed = 3 "RESUMED",
    ProducerDead = 4 "PRODUCER_DEAD",
    Closed = 5 "CLOSED",
    NewGeneration = 6 "NEW_GENERATION",
    Detached = 7 "DETACHED",
    Resynced = 8 "RESYNCED",
    Filtered = 9 "FILTERED",
    Missed = 10 "MISSED",
}

/// What `hotlane_client` is.
pub struct Handle {
    pub(crate) client: Client,
    pub(crate) books: Option<BookSet>,
    events: VecDeque<Event>,
    handed_out: u64,
}

impl Handle {
    /// Attaches, waiting as long as the request says.
    pub(crate) fn open(request: Request) -> Result<Handle, Code> {
        let Request { spec, books, timeout } = request;
        let client = if timeout.is_zero() {
            Client::attach(spec)
        } else {
            Client::attach_blocking(spec, timeout)
        };
        let client = client.map_err(|error| of_client(&error))?;
        let books = books.map(BookSet::new);
        Ok(Handle { client, books, events: VecDeque::new(), handed_out: 0 })
    }

    /// Hands records to `put` until it has `room`, there are none, or something happened. Waits
    /// for the first at most `timeout`.
    pub(crate) fn poll(
        &mut self,
        room: usize,
        timeout: Duration,
        mut put: impl FnMut(usize, u32, &Record),
    ) -> usize {
        let mut begun = None;
        let mut empty = 0_u32;
        loop {
            let taken = self.poll_once(room, &mut put);
            if taken > 0 || room == 0 || !self.events.is_empty() || timeout.is_zero() {
                return taken;
            }
            if begun.get_or_insert_with(Instant::now).elapsed() >= timeout {
                return 0;
            }
            empty = empty.saturating_add(1);
            if empty > SPINS {
                std::thread::sleep(NAP.min(timeout));
            }
        }
    }

    fn poll_once(&mut self, room: usize, put: &mut impl FnMut(usize, u32, &Record)) -> usize {
        let Handle { client, books, events, handed_out } = self;
        let mut at = 0;
        client.poll_at_most(room, |event| {
            if let Some(books) = books {
                books.on(&event);
            }
            if let Happened::Record { lane, record } = event {
                put(at, number(lane), record);
                at += 1;
                *handed_out += 1;
            } else {
                keep(events, told(&event, *handed_out));
            }
        })
    }

    /// The oldest event that was not asked for yet.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

fn number(lane: usize) -> u32 {
    u32::try_from(lane).unwrap_or(u32::MAX)
}

/// Appends an event. Nobody asks for a very long time: the last one then counts the rest.
fn keep(events: &mut VecDeque<Event>, event: Event) {
    if events.len() < EVENTS {
        events.push_back(event);
        return;
    }
    if let Some(last) = events.back_mut() {
        let missed = if last.kind == EventKind::Missed as u32 { last.value } else { 1 };
        let (kind, value) = (EventKind::Missed as u32, missed + 1);
        *last = Event { kind, value, lane: 0, generation: 0, reason: [0; 32], ..event };
    }
}

/// An event as C sees it.
fn told(event: &Happened<'_>, records_before: u64) -> Event {
    let (kind, lane, generation, value) = match *event {
        Happened::Record { .. } => (EventKind::Missed, 0, 0, 0),
        Happened::Attached { lane, generation, .. } => (EventKind::Attached, lane, generation, 0),
        Happened::Stalled { ns } => (EventKind::Stalled, 0, 0, ns),
        Happened::Resumed => (EventKind::Resumed, 0, 0, 0),
        Happened::ProducerDead { generation } => (EventKind::ProducerDead, 0, generation, 0),
        Happened::Closed { generation } => (EventKind::Closed, 0, generation, 0),
        Happened::NewGeneration { generation, previous } => {
            (EventKind::NewGeneration, 0, generation, previous)
        }
        Happened::Detached { lane, .. } => (EventKind::Detached, lane, 0, 0),
        Happened::Resynced { lane, skipped } => (EventKind::Resynced, lane, 0, skipped),
        Happened::Filtered { lane, .. } => (EventKind::Filtered, lane, 0, 0),
    };
    let mut reason = [0; 32];
    if let Happened::Detached { reason: why, .. } = event {
        put_text(&mut reason, why.name());
    }
    Event { kind: kind as u32, lane: number(lane), generation, value, records_before, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_nobody_reads_are_counted() {
        let mut events = VecDeque::new();
        for n in 0..EVENTS as u64 + 10 {
            keep(&mut events, told(&Happened::Stalled { ns: n }, n));
        }
        assert_eq!(events.len(), EVENTS);
        let last = events.back().map(|event| (event.kind, event.value));
        assert_eq!(last, Some((EventKind::Missed as u32, 11)));
        assert_eq!(events.front().map(|event| event.value), Some(0));
    }
}
