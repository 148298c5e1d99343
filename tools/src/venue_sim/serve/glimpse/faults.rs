//! What a snapshot server does wrong, as a text: `slow=200000,cut=0.2,dead=2.0:5.0`.
//!
//! | part | what happens |
//! |--|--|
//! | `dead[=FROM:FOR]` | connections are taken and never answered |
//! | `close=P` | with this probability a connection is closed at once |
//! | `reject=P` | a login is rejected, whoever it is |
//! | `think=US` | the snapshot is sent so much after the moment it stands for |
//! | `slow=N` | N bytes of a snapshot a second |
//! | `stall=P[:US]` | a snapshot stops somewhere for so long (20,000,000), silent |
//! | `cut=P` | the connection is closed somewhere within a snapshot |
//! | `session=P` | the snapshot has the name of another session |
//! | `end=P` | the end is missing, or its number is none, 0 or far ahead |
//! | `garbage=P` | somewhere there are bytes that are no packet of the protocol |
//! | `nonsense=P` | an order of a stock that is not there, the same twice, no message, ... |
//! | `lie=P` | the number at the end is up to 100 off: nothing in the snapshot shows it |
//! | `until=S` | from second S on it is a good server |
//!
//! Parts are separated by commas; `dead` may be given several times. Seconds count from the time
//! that the machine calls 0. What happens to a connection is drawn when it comes in.

use std::str::FromStr;

use protocol::frame::moldudp64::Session;
use protocol::frame::soupbintcp::LoginReject;

use super::super::script::{
    Chance, Window, chance, chance_and, microseconds, parts, seconds, whole, window,
};
use crate::venue_sim::random::Random;

const PARTS: &str = "dead, close, reject, think, slow, stall, cut, session, end, garbage, \
                     nonsense, lie and until";
/// Longer than a peer is taken for alive.
const STALL_NS: u64 = 20_000_000_000;

/// All that a server does wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlimpseFaults {
    /// The text that they were given as, for the report.
    pub text: String,
    /// When connections are taken and never answered.
    pub dead: Vec<Window>,
    /// Connections that are closed at once.
    pub close: Chance,
    /// Logins that are rejected.
    pub reject: Chance,
    /// How old a snapshot is when it is sent, ns.
    pub think_ns: u64,
    /// Bytes of a snapshot in a second.
    pub slow: Option<u64>,
    /// Snapshots that stop for a while.
    pub stall: Chance,
    /// For how long, ns.
    pub stall_ns: u64,
    /// Snapshots that are cut.
    pub cut: Chance,
    /// Snapshots of another session.
    pub session: Chance,
    /// Snapshots without a right end.
    pub end: Chance,
    /// Snapshots with bytes that are no packet.
    pub garbage: Chance,
    /// Snapshots with a message that cannot be.
    pub nonsense: Chance,
    /// Snapshots whose number is wrong and looks right.
    pub lie: Chance,
    /// When all this ends, ns.
    pub until: u64,
}

impl Default for GlimpseFaults {
    fn default() -> Self {
        let never = Chance::default();
        Self {
            text: String::new(),
            dead: Vec::new(),
            close: never,
            reject: never,
            think_ns: 0,
            slow: None,
            stall: never,
            stall_ns: STALL_NS,
            cut: never,
            session: never,
            end: never,
            garbage: never,
            nonsense: never,
            lie: never,
            until: u64::MAX,
        }
    }
}

impl FromStr for GlimpseFaults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self { text: text.to_owned(), ..Self::default() };
        parts(text, |name, value| faults.set(name, value))?;
        Ok(faults)
    }
}

impl GlimpseFaults {
    fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        match name {
            "dead" => self.dead.push(window(value)?),
            "close" => self.close = chance(value)?,
            "reject" => self.reject = chance(value)?,
            "think" => self.think_ns = microseconds(value)?,
            "slow" => self.slow = Some(whole(value)?),
            "stall" => (self.stall, self.stall_ns) = chance_and(value, STALL_NS, microseconds)?,
            "cut" => self.cut = chance(value)?,
            "session" => self.session = chance(value)?,
            "end" => self.end = chance(value)?,
            "garbage" => self.garbage = chance(value)?,
            "nonsense" => self.nonsense = chance(value)?,
            "lie" => self.lie = chance(value)?,
            "until" => self.until = seconds(value)?,
            _ => return Err(format!("no such fault; there are {PARTS}")),
        }
        Ok(())
    }

    /// What happens to a connection of this seed.
    pub(super) fn draw(&self, seed: u64, now: u64) -> Fate {
        let mut random = Random::new(seed);
        let mut hits = |chance: Chance| chance.draw(&mut random);
        let mut fate = Fate {
            dead: self.dead.iter().any(|window| window.holds(now)),
            close: hits(self.close),
            reject: hits(self.reject).then_some(LoginReject::NotAuthorised),
            think_ns: self.think_ns,
            rate: self.slow,
            stall: hits(self.stall),
            stall_ns: self.stall_ns,
            cut: hits(self.cut),
            session: hits(self.session).then_some(*b"SIMOTHER  "),
            end: hits(self.end),
            garbage: hits(self.garbage),
            nonsense: hits(self.nonsense),
            lie: hits(self.lie),
            random,
        };
        if fate.random.chance(5_000) {
            fate.reject = fate.reject.map(|_| LoginReject::SessionNotAvailable);
        }
        if now >= self.until { Fate::good(seed) } else { fate }
    }
}

/// What happens to one connection.
#[derive(Debug)]
pub(super) struct Fate {
    pub(super) dead: bool,
    pub(super) close: bool,
    pub(super) reject: Option<LoginReject>,
    pub(super) think_ns: u64,
    pub(super) rate: Option<u64>,
    pub(super) stall: bool,
    pub(super) stall_ns: u64,
    pub(super) cut: bool,
    pub(super) session: Option<Session>,
    pub(super) end: bool,
    pub(super) garbage: bool,
    pub(super) nonsense: bool,
    pub(super) lie: bool,
    /// Where and how.
    pub(super) random: Random,
}

impl Fate {
    fn good(seed: u64) -> Self {
        Self {
            dead: false,
            close: false,
            reject: None,
            think_ns: 0,
            rate: None,
            stall: false,
            stall_ns: 0,
            cut: false,
            session: None,
            end: false,
            garbage: false,
            nonsense: false,
            lie: false,
            random: Random::new(seed),
        }
    }
}
