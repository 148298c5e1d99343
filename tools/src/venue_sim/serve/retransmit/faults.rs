//! What a re-request server does wrong, as a text: `drop=5%,delay=200,dead=2.0:5.0`.
//!
//! | part | what happens |
//! |--|--|
//! | `dead[=FROM:FOR]` | no answer, always or for FOR seconds from second FROM on |
//! | `every=N` | only every N-th request is answered |
//! | `quota=N` | only N requests of a second are answered |
//! | `delay=US` | every datagram leaves so many microseconds after the request |
//! | `jitter=US` | and 0 to so many more, each by itself: they overtake each other |
//! | `late=P[:US]` | with this probability a datagram leaves so much later still (500,000) |
//! | `drop=P` | a datagram is lost |
//! | `duplicate=P` | a datagram is sent twice |
//! | `packets=N` | an answer has at most so many datagrams |
//! | `partial=P` | an answer holds only the first of the messages asked for |
//! | `session=P` | an answer has the name of another session |
//! | `range=P` | an answer holds other numbers than asked for, truly |
//! | `garble=P` | a message is none: type or length is wrong |
//! | `lie=P` | a message is another of the session: nothing in the answer shows it |
//! | `absurd=P` | instead of an answer a heartbeat, an end of session, a count that lies, ... |
//! | `until=S` | from second S on it is a good server |
//!
//! Parts are separated by commas; `dead` may be given several times. Seconds count from the time
//! that the machine calls 0.

use std::str::FromStr;

use super::super::script::{
    Chance, Window, chance, chance_and, microseconds, parts, seconds, whole, window,
};

const PARTS: &str = "dead, every, quota, delay, jitter, late, drop, duplicate, packets, partial, \
                     session, range, garble, lie, absurd and until";
const LATE_NS: u64 = 500_000_000;

/// All that a server does wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetransmitFaults {
    /// The text that they were given as, for the report.
    pub text: String,
    /// When it does not answer.
    pub dead: Vec<Window>,
    /// One of how many requests is answered.
    pub every: u64,
    /// Most requests that are answered in a second.
    pub quota: Option<u64>,
    /// How long every answer takes, ns.
    pub delay_ns: u64,
    /// How much longer each datagram may take, ns.
    pub jitter_ns: u64,
    /// Datagrams that take longer still.
    pub late: Chance,
    /// How much longer, ns.
    pub late_ns: u64,
    /// Datagrams that are lost.
    pub drop: Chance,
    /// Datagrams that are sent twice.
    pub duplicate: Chance,
    /// Most datagrams of an answer.
    pub packets: u64,
    /// Answers that hold only the first of the messages.
    pub partial: Chance,
    /// Answers under the name of another session.
    pub session: Chance,
    /// Answers with other numbers.
    pub range: Chance,
    /// Messages that are none.
    pub garble: Chance,
    /// Messages that are others.
    pub lie: Chance,
    /// Answers that are absurd.
    pub absurd: Chance,
    /// When all this ends, ns.
    pub until: u64,
}

impl Default for RetransmitFaults {
    fn default() -> Self {
        let never = Chance::default();
        Self {
            text: String::new(),
            dead: Vec::new(),
            every: 1,
            quota: None,
            delay_ns: 0,
            jitter_ns: 0,
            late: never,
            late_ns: LATE_NS,
            drop: never,
            duplicate: never,
            packets: u64::MAX,
            partial: never,
            session: never,
            range: never,
            garble: never,
            lie: never,
            absurd: never,
            until: u64::MAX,
        }
    }
}

impl FromStr for RetransmitFaults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self { text: text.to_owned(), ..Self::default() };
        parts(text, |name, value| faults.set(name, value))?;
        Ok(faults)
    }
}

impl RetransmitFaults {
    fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        match name {
            "dead" => self.dead.push(window(value)?),
            "every" => self.every = whole(value)?,
            "quota" => self.quota = Some(whole(value)?),
            "delay" => self.delay_ns = microseconds(value)?,
            "jitter" => self.jitter_ns = microseconds(value)?,
            "late" => (self.late, self.late_ns) = chance_and(value, LATE_NS, microseconds)?,
            "drop" => self.drop = chance(value)?,
            "duplicate" => self.duplicate = chance(value)?,
            "packets" => self.packets = whole(value)?,
            "partial" => self.partial = chance(value)?,
            "session" => self.session = chance(value)?,
            "range" => self.range = chance(value)?,
            "garble" => self.garble = chance(value)?,
            "lie" => self.lie = chance(value)?,
            "absurd" => self.absurd = chance(value)?,
            "until" => self.until = seconds(value)?,
            _ => return Err(format!("no such fault; there are {PARTS}")),
        }
        Ok(())
    }
}
