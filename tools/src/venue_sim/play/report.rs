//! What a session was: a table for people, JSON for tests.
//!
//! Ranges of message numbers are `first` to, not including, `end`, as gap records give them.

use std::path::PathBuf;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::drive::Played;
use super::fault::LineCounts;
use super::lines::Lines;
use super::ranges::{Range, Ranges};
use super::session::SessionName;
use super::socket::Group;
use super::source::InputCounts;

/// How many ranges the table shows before it says how many more there are.
const SHOWN: usize = 12;

/// One line's part.
#[derive(Clone, Debug, Serialize)]
pub struct LineReport {
    /// Its name.
    pub name: String,
    /// Where it went.
    pub group: String,
    /// What was done to its packets.
    #[serde(flatten)]
    pub counts: LineCounts,
    /// Datagrams with messages that were sent, copies included.
    pub datagrams_sent: u64,
    /// Messages in them.
    pub messages_sent: u64,
    /// Bytes of UDP payload, heartbeats and ends of session included.
    pub bytes_sent: u64,
    /// Heartbeats.
    pub heartbeats: u64,
    /// Ends of session.
    pub ends_of_session: u64,
    /// How often it had to wait for the network.
    pub send_retries: u64,
    /// Messages that it did not carry.
    pub messages_missing: u64,
    /// Their numbers.
    pub missing: Ranges,
    /// Numbers of messages that it carried with another byte.
    pub corrupted_messages: Ranges,
}

/// The whole session.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `recorded` or `simulated`.
    pub nature: &'static str,
    /// Name of the session.
    pub session: String,
    /// What was played.
    pub files: Vec<PathBuf>,
    /// The seed.
    pub seed: u64,
    /// Messages of the venue.
    pub messages: u64,
    /// Number of the first.
    pub first_sequence: u64,
    /// Number of the last, one below the first if there was none.
    pub last_sequence: u64,
    /// Packets, by the messages they carry.
    pub packets_by_messages: std::collections::BTreeMap<u16, u64>,
    /// Largest payload, bytes.
    pub largest_packet: usize,
    /// Whether it was ended before the last message.
    pub interrupted: bool,
    /// From the first packet to the last, seconds.
    pub seconds: f64,
    /// Messages a second over that time.
    pub messages_per_second: f64,
    /// The longest that handing over a datagram took, ns.
    pub slowest_send_ns: u64,
    /// The most that a packet was late, ns.
    pub latest_ns: u64,
    /// Messages that no line carried: exactly what every receiver must find missing.
    pub messages_missing_on_all: u64,
    /// Their numbers.
    pub missing_on_all: Ranges,
    /// The lines.
    pub lines: Vec<LineReport>,
    /// What else was in the files.
    pub input: InputCounts,
}

/// What is known of a session before it begins.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name.
    pub session: SessionName,
    /// What is played.
    pub files: Vec<PathBuf>,
    /// The seed.
    pub seed: u64,
    /// Number of the first message.
    pub first_sequence: u64,
    /// The lines.
    pub groups: Vec<Group>,
}

impl Report {
    /// Puts together what was played.
    #[must_use]
    pub fn new(
        subject: &Subject,
        played: &Played,
        lines: &Lines,
        retries: &[u64],
        input: InputCounts,
    ) -> Self {
        let missing_on_all = Ranges::in_all(lines.lines().iter().map(|l| l.faulty().missing()));
        let seconds = played.data_ns as f64 / 1e9;
        let groups = subject.groups.iter().zip(lines.lines()).zip(retries);
        Self {
            nature: if subject.session.is_simulated() { "simulated" } else { "recorded" },
            session: subject.session.to_string(),
            files: subject.files.clone(),
            seed: subject.seed,
            messages: played.messages,
            first_sequence: subject.first_sequence,
            last_sequence: played.end.saturating_sub(1),
            packets_by_messages: played.packets.by_messages.clone(),
            largest_packet: played.packets.largest,
            interrupted: played.interrupted,
            seconds,
            messages_per_second: played.messages as f64 / seconds.max(1e-9),
            slowest_send_ns: played.slowest_send_ns,
            latest_ns: played.latest_ns,
            messages_missing_on_all: missing_on_all.total(),
            missing_on_all,
            lines: groups
                .map(|((group, line), retries)| {
                    let (faulty, sent) = (line.faulty(), line.sent());
                    LineReport {
                        name: group.name.clone(),
                        group: group.address.to_string(),
                        counts: faulty.counts(),
                        datagrams_sent: sent.datagrams,
                        messages_sent: sent.messages,
                        bytes_sent: sent.bytes,
                        heartbeats: sent.heartbeats,
                        ends_of_session: sent.ends,
                        send_retries: *retries,
                        messages_missing: faulty.missing().total(),
                        missing: faulty.missing().clone(),
                        corrupted_messages: faulty.corrupted().clone(),
                    }
                })
                .collect(),
            input,
        }
    }

    /// The summary for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}, {}: {} messages, numbers {} to {}, in {:.1} s ({:.0} a second){}\n",
            self.session,
            self.nature,
            self.messages,
            self.first_sequence,
            self.last_sequence,
            self.seconds,
            self.messages_per_second,
            if self.interrupted { ", interrupted" } else { "" },
        );
        text += &format!("{}\n", self.table());
        text += &format!("missing on every line: {}\n", listed(&self.missing_on_all));
        text += &format!(
            "slowest send {:.1} us, at most {:.1} us behind the plan",
            self.slowest_send_ns as f64 / 1e3,
            self.latest_ns as f64 / 1e3,
        );
        for (count, what) in [
            (self.input.undecoded, "messages that are not ITCH 5.0 were sent as they are"),
            (self.input.truncated_bytes, "bytes at the end of a file are no whole message"),
            (self.input.other_packets, "captured packets are no MoldUDP64"),
            (self.input.other_sessions, "captured packets of another session were left out"),
        ] {
            if count > 0 {
                text += &format!("\nnote: {count} {what}");
            }
        }
        text
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header([
            "line",
            "group",
            "packets",
            "dropped",
            "stopped",
            "twice",
            "reordered",
            "corrupted",
            "sent",
            "messages",
            "missing",
            "heartbeats",
        ]);
        for line in &self.lines {
            let counts = line.counts;
            let numbers = [
                counts.packets,
                counts.dropped,
                counts.stopped,
                counts.duplicated,
                counts.reordered,
                counts.corrupted,
                line.datagrams_sent,
                line.messages_sent,
                line.messages_missing,
                line.heartbeats,
            ];
            let mut row = vec![line.name.clone(), line.group.clone()];
            row.extend(numbers.map(|number| number.to_string()));
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

/// Ranges for people: both ends included.
fn listed(ranges: &Ranges) -> String {
    let all = ranges.as_slice();
    if all.is_empty() {
        return "none".to_owned();
    }
    let one = |range: &Range| match range.len() {
        1 => range.first.to_string(),
        _ => format!("{}-{}", range.first, range.end.saturating_sub(1)),
    };
    let shown: Vec<String> = all.iter().take(SHOWN).map(one).collect();
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more ranges"),
    };
    format!("{}{more} ({} messages)", shown.join(", "), ranges.total())
}
