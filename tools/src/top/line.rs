//! A line: one of several redundant copies of a feed.

use serde::Serialize;

use super::picture::{Count, Since, age};
use super::sample::{InstanceSample, LaneSample};
use crate::inspect::line_name;
use crate::inspect::spread::Spread;

/// How a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Packets come.
    Up,
    /// Packets came, and do not any more.
    Down,
    /// No packet has come yet.
    Silent,
    /// The producer does not say.
    Unknown,
}

impl LineState {
    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            LineState::Up => "up",
            LineState::Down => "down",
            LineState::Silent => "silent",
            LineState::Unknown => "unknown",
        }
    }
}

/// A line. What the producer does not count is `None`.
#[derive(Debug, Serialize)]
pub struct LineTop {
    /// Letter: A is line 1.
    pub line: String,
    /// How it stands.
    pub state: LineState,
    /// Packets that it brought.
    pub packets: Count,
    /// Their bytes.
    pub bytes: Count,
    /// Messages that it delivered first.
    pub won: Option<u64>,
    /// The same as a part of what all lines delivered first.
    pub won_share: Option<f64>,
    /// Messages that it brought and that were taken already.
    pub copied: Option<u64>,
    /// Messages that are missing in its own numbering.
    pub missed: Option<u64>,
    /// Heartbeats of the venue.
    pub heartbeats: Option<u64>,
    /// Messages that came when their gap was declared already.
    pub late: Option<u64>,
    /// Copies that differ from what was taken.
    pub diverged: Option<u64>,
    /// Packets that the kernel dropped.
    pub kernel_drops: Count,
    /// Packets that were cut.
    pub truncated: Option<u64>,
    /// Packets without the stamp that was asked for.
    pub unstamped: Option<u64>,
    /// How often it went down.
    pub downs: Option<u64>,
    /// How long ago its last packet came, ns; `None` for the time of a recording.
    pub last_packet_age_ns: Option<u64>,
    /// How much later its copies came than the first, ns.
    pub skew: Option<Spread>,
}

impl LineTop {
    /// Line `number` of a lane.
    pub fn new(
        instance: &InstanceSample,
        lane: &LaneSample,
        number: u8,
        since: &Since<'_>,
        now_ns: u64,
    ) -> LineTop {
        let name = |rest: &str| format!("line{number}.{rest}");
        let get = |rest: &str| lane.get(&name(rest));
        let count = |rest: &str| {
            let name = name(rest);
            since.count(lane.get(&name), |then| then.get(&name))
        };
        let packets = count("packets");
        let state = match (get("up"), packets.total) {
            (None, _) => LineState::Unknown,
            (Some(0), Some(0) | None) => LineState::Silent,
            (Some(0), _) => LineState::Down,
            (Some(_), _) => LineState::Up,
        };
        LineTop {
            line: line_name::letter(number),
            state,
            packets,
            bytes: count("bytes"),
            won: get("won"),
            won_share: None,
            copied: get("copied"),
            missed: get("missed"),
            heartbeats: get("heartbeats"),
            late: get("late"),
            diverged: get("diverged"),
            kernel_drops: count("kernel_drops"),
            truncated: get("truncated"),
            unstamped: get("unstamped"),
            downs: get("downs"),
            last_packet_age_ns: get("last_receive_ns").and_then(|at| age(instance, at, now_ns)),
            skew: lane.skews.get(&number).map(|kept| Spread::of(&kept.histogram, kept.sub_bits)),
        }
    }

    /// The same with its part of what all lines won.
    pub fn share(mut self, all_won: u64) -> LineTop {
        let part = |won: u64| won as f64 / all_won as f64;
        self.won_share = self.won.filter(|_| all_won > 0).map(part);
        self
    }
}
