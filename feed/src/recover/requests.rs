//! Requests that wait for an answer, and the servers they were sent to.
//!
//! MoldUDP64 has no negative answer: a server that does not have what is asked for says nothing,
//! and an answer may hold less than was asked for, in one packet or in several. So a request ends
//! in one of three ways: all of it came; some of it came and then nothing for a while, and the rest
//! is asked for again; or nothing came in time, and another server is asked.

use std::ops::Range;

use super::ranges::bit;

/// Requests of the past whose answers are still known for what they are.
const REMEMBERED: usize = 256;
/// Timeouts in a row after which a server is asked only when no other one answers.
const FAILURES_MAX: u32 = 3;
/// Part of the timeout that the rest of a partial answer may take.
const SETTLE: u64 = 4;

/// A request that waits for an answer.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The server.
    pub server: u8,
    /// First number.
    pub first: u64,
    /// End, exclusive.
    pub end: u64,
    /// When it is given up, ns.
    pub deadline: u64,
    /// Whether some of it came.
    pub progress: bool,
    /// Whether its server sent something else meanwhile.
    pub refused: bool,
}

impl Request {
    /// Its numbers.
    pub fn range(&self) -> Range<u64> {
        self.first..self.end
    }
}

/// A range that a server was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Past {
    server: u8,
    first: u64,
    end: u64,
}

/// What is known of a server.
#[derive(Clone, Copy, Debug, Default)]
struct Server {
    failures: u32,
    retry_at: u64,
}

/// All requests, and all servers.
#[derive(Debug)]
pub struct Requests {
    open: Vec<Request>,
    most: usize,
    past: [Past; REMEMBERED],
    next_past: usize,
    servers: Vec<Server>,
    turn: usize,
    timeout_ns: u64,
}

impl Requests {
    /// Requests to so many servers, of which `most` may be open at a time.
    pub fn new(servers: u8, most: u8, timeout_ns: u64) -> Requests {
        Requests {
            open: Vec::with_capacity(usize::from(most)),
            most: usize::from(most.max(1)),
            past: [Past::default(); REMEMBERED],
            next_past: 0,
            servers: vec![Server::default(); usize::from(servers)],
            turn: 0,
            timeout_ns: timeout_ns.max(1),
        }
    }

    /// How many servers there are.
    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// Whether no more can be sent now.
    pub fn is_full(&self) -> bool {
        self.open.len() >= self.most
    }

    /// The request that covers a number.
    pub fn covering(&self, number: u64) -> Option<&Request> {
        self.open.iter().find(|request| request.range().contains(&number))
    }

    /// The first number at or behind `number` that a request covers.
    pub fn next_covered(&self, number: u64) -> Option<u64> {
        self.open.iter().map(|request| request.first).filter(|&first| first >= number).min()
    }

    /// The server whose turn it is: none of those that `said` it already, none that does not answer
    /// if one does, not `last` if there is another.
    pub fn choose(&self, last: u8, said: u64, now: u64) -> Option<u8> {
        let count = self.servers.len();
        let by_turns = (0..count).map(|step| (self.turn + step) % count);
        let unwell = |at: usize| {
            self.servers.get(at).is_some_and(|s| s.failures >= FAILURES_MAX && now < s.retry_at)
        };
        let has_said = |at: usize| u8::try_from(at).is_ok_and(|at| said & bit(at) != 0);
        let best =
            by_turns.min_by_key(|&at| (has_said(at), unwell(at), at == usize::from(last)))?;
        u8::try_from(best).ok()
    }

    /// Notes a request that was sent.
    pub fn sent(&mut self, server: u8, range: Range<u64>, now: u64) {
        let deadline = now.saturating_add(self.timeout_ns);
        let (first, end) = (range.start, range.end);
        self.open.push(Request { server, first, end, deadline, progress: false, refused: false });
        if let Some(past) = self.past.get_mut(self.next_past) {
            *past = Past { server, first, end };
        }
        self.next_past = (self.next_past + 1) % REMEMBERED;
        self.turn = (usize::from(server) + 1) % self.servers.len().max(1);
    }

    /// What of a range a server was ever asked for, as far as it is remembered: ranges that may
    /// overlap.
    pub fn asked(&self, server: u8, range: &Range<u64>) -> Vec<Range<u64>> {
        let own = self.past.iter().filter(|past| past.server == server);
        own.map(|past| past.first.max(range.start)..past.end.min(range.end))
            .filter(|part| !part.is_empty())
            .collect()
    }

    /// Whether a request to that server waits for any of these numbers.
    pub fn waits_for(&self, server: u8, range: &Range<u64>) -> bool {
        self.open.iter().any(|request| {
            request.server == server && request.first < range.end && range.start < request.end
        })
    }

    /// Numbers of a range came from a server: it answers, and the rest may be on its way.
    pub fn answered(&mut self, server: u8, range: &Range<u64>, now: u64) {
        if let Some(known) = self.servers.get_mut(usize::from(server)) {
            known.failures = 0;
        }
        let settle = now.saturating_add((self.timeout_ns / SETTLE).max(1));
        for request in &mut self.open {
            let touched = request.first < range.end && range.start < request.end;
            if request.server == server && touched {
                request.progress = true;
                request.deadline = settle;
            }
        }
    }

    /// A server sent what nobody asked for.
    pub fn refused(&mut self, server: u8) {
        for request in self.open.iter_mut().filter(|request| request.server == server) {
            request.refused = true;
        }
    }

    /// Drops the requests that nothing more is to come of.
    pub fn retain(&mut self, needed: impl Fn(Range<u64>, u8) -> bool) {
        self.open.retain(|request| needed(request.range(), request.server));
    }

    /// Takes a request whose time is over.
    pub fn take_due(&mut self, now: u64) -> Option<Request> {
        // A deadline further away than any can be: the clock was set back.
        let due =
            |request: &Request| request.deadline <= now || request.deadline - now > self.timeout_ns;
        let at = self.open.iter().position(due)?;
        let request = self.open.swap_remove(at);
        if let Some(server) = self.servers.get_mut(usize::from(request.server))
            && !request.progress
        {
            server.failures = server.failures.saturating_add(1);
            let rest = self.timeout_ns.saturating_mul(1 << server.failures.min(10));
            server.retry_at = now.saturating_add(rest);
        }
        Some(request)
    }

    /// When the first request is given up; `u64::MAX` if none waits.
    pub fn deadline(&self) -> u64 {
        self.open.iter().map(|request| request.deadline).min().unwrap_or(u64::MAX)
    }

    /// Forgets everything that was asked for: numbers mean something else now.
    pub fn clear(&mut self) {
        self.open.clear();
        self.past = [Past::default(); REMEMBERED];
    }
}
