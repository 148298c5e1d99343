//! The lines of a feed together: packets in, and what is to be sent next on which line.
//!
//! Sans-I/O. Whoever drives it gives packets with the time each is due, in order, and takes
//! datagrams out by time. A heartbeat is due on a line that the venue has sent nothing on for a
//! while; like the end of the session it carries the number that the venue would send next. Faults
//! other than silence leave heartbeats alone.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::frame::moldudp64::{HEADER_LEN, Session, end_of_session, heartbeat};

use super::fault::{Datagram, Fate, Faults, Faulty};
use super::packets::Packet;
use crate::venue_sim::random::Random;

/// What goes out on a line, for its report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentCounts {
    /// Datagrams with messages, copies included.
    pub datagrams: u64,
    /// Messages in them.
    pub messages: u64,
    /// Bytes of UDP payload, heartbeats and ends of session included.
    pub bytes: u64,
    /// Heartbeats.
    pub heartbeats: u64,
    /// Ends of session.
    pub ends: u64,
}

/// One line.
#[derive(Debug)]
pub struct Line {
    faulty: Faulty,
    queue: VecDeque<Datagram>,
    /// The number the venue sends next.
    next: u64,
    sent: SentCounts,
}

impl Line {
    /// What was done to its packets.
    #[must_use]
    pub const fn faulty(&self) -> &Faulty {
        &self.faulty
    }

    /// What went out.
    #[must_use]
    pub const fn sent(&self) -> SentCounts {
        self.sent
    }
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// On which line.
    pub line: usize,
    /// The UDP payload; `None` where the network lost it.
    pub bytes: Option<Arc<[u8]>>,
}

/// The lines of a feed.
#[derive(Debug)]
pub struct Lines {
    session: Session,
    lines: Vec<Line>,
}

impl Lines {
    /// Lines with these faults. Each has its own seed, drawn from this one by its place.
    #[must_use]
    pub fn new(session: Session, first: u64, faults: Vec<Faults>, seed: u64) -> Self {
        let mut seeds = Random::new(seed);
        let lines = faults
            .into_iter()
            .map(|faults| Line {
                faulty: Faulty::new(faults, seeds.bits()),
                queue: VecDeque::new(),
                next: first,
                sent: SentCounts::default(),
            })
            .collect();
        Self { session, lines }
    }

    /// The lines, in the order of their faults.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Takes the next packet of some lines, due at this time (ns since the first message was due).
    pub fn packet(&mut self, on: impl Fn(usize) -> bool, packet: &Packet, due: u64) {
        for (index, line) in self.lines.iter_mut().enumerate() {
            if on(index) {
                line.faulty.packet(packet, due, &mut line.queue);
            }
        }
    }

    /// Numbers that the recording lacks, on some lines.
    pub fn skip(&mut self, on: impl Fn(usize) -> bool, first: u64, end: u64) {
        for (index, line) in self.lines.iter_mut().enumerate() {
            if on(index) {
                line.faulty.skip(first, end);
            }
        }
    }

    /// No packet follows: what is held back goes out as well.
    pub fn finish(&mut self) {
        for line in &mut self.lines {
            line.faulty.finish(&mut line.queue);
        }
    }

    /// The line whose datagram is next, and when it is due.
    #[must_use]
    pub fn head(&self) -> Option<(usize, u64)> {
        let heads = self.lines.iter().enumerate();
        heads
            .filter_map(|(index, line)| line.queue.front().map(|head| (index, head.at)))
            .min_by_key(|(_, at)| *at)
    }

    /// Takes the next datagram of a line.
    pub fn pop(&mut self, index: usize) -> Option<Next> {
        let line = self.lines.get_mut(index)?;
        let datagram = line.queue.pop_front()?;
        line.next = line.next.max(datagram.end);
        let bytes = match datagram.fate {
            Fate::Lost => None,
            Fate::Sent(bytes) => {
                line.sent.datagrams += 1;
                line.sent.messages += u64::from(datagram.count);
                line.sent.bytes += bytes.len() as u64;
                Some(bytes)
            }
        };
        Some(Next { line: index, bytes })
    }

    /// A heartbeat for a line at this time; `None` while the line is silent. `at` is negative
    /// before the first message is due.
    pub fn heartbeat(&mut self, index: usize, at: i64) -> Option<[u8; HEADER_LEN]> {
        let session = self.session;
        let line = self.audible(index, at)?;
        line.sent.heartbeats += 1;
        line.sent.bytes += HEADER_LEN as u64;
        Some(heartbeat(session, line.next))
    }

    /// An end of session for a line at this time; `None` while the line is silent.
    pub fn end_of_session(&mut self, index: usize, at: i64) -> Option<[u8; HEADER_LEN]> {
        let session = self.session;
        let line = self.audible(index, at)?;
        line.sent.ends += 1;
        line.sent.bytes += HEADER_LEN as u64;
        Some(end_of_session(session, line.next))
    }

    fn audible(&mut self, index: usize, at: i64) -> Option<&mut Line> {
        let line = self.lines.get_mut(index)?;
        let silent = u64::try_from(at).is_ok_and(|at| line.faulty.is_silent(at));
        if silent { None } else { Some(line) }
    }
}
