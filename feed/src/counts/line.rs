//! What is counted of each line, and under which names.

use crate::line::LINES_MAX;
use crate::net::SourceCounts;

/// Counts of one line. Of its messages, each is either won, copied or late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Packets that it brought, those that were refused included.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages that it brought first.
    pub won: u64,
    /// Messages that had been taken already.
    pub copied: u64,
    /// Messages skipped in its own numbering, whether or not they came later or elsewhere.
    pub missed: u64,
    /// Packets without messages.
    pub heartbeats: u64,
    /// Messages that came after they had been declared missing.
    pub late: u64,
    /// Packets whose bytes were others than those of another line.
    pub diverged: u64,
    /// What the source says of it.
    pub source: SourceCounts,
    /// 1 while it is up.
    pub up: u64,
    /// How often it went down.
    pub downs: u64,
    /// Receive stamp of its last packet, ns UTC.
    pub last_receive_ns: u64,
}

/// Fields that have a name, in the order of the names.
pub(super) const FIELDS: usize = 14;

impl LineCounts {
    pub(super) fn values(&self) -> [u64; FIELDS] {
        [
            self.packets,
            self.bytes,
            self.won,
            self.copied,
            self.missed,
            self.heartbeats,
            self.late,
            self.diverged,
            self.source.kernel_drops,
            self.source.truncated,
            self.source.unstamped,
            self.up,
            self.downs,
            self.last_receive_ns,
        ]
    }
}

/// Units, in the order of the names.
pub(super) const UNITS: [&str; FIELDS] = [
    "packets", "bytes", "messages", "messages", "messages", "packets", "messages", "packets",
    "packets", "packets", "packets", "0 or 1", "times", "ns UTC",
];

macro_rules! names {
    ($($line:literal)*) => {
        [$([
            concat!("line", $line, ".packets"),
            concat!("line", $line, ".bytes"),
            concat!("line", $line, ".won"),
            concat!("line", $line, ".copied"),
            concat!("line", $line, ".missed"),
            concat!("line", $line, ".heartbeats"),
            concat!("line", $line, ".late"),
            concat!("line", $line, ".diverged"),
            concat!("line", $line, ".kernel_drops"),
            concat!("line", $line, ".truncated"),
            concat!("line", $line, ".unstamped"),
            concat!("line", $line, ".up"),
            concat!("line", $line, ".downs"),
            concat!("line", $line, ".last_receive_ns"),
        ]),*]
    };
}

/// Names by line and field.
pub(super) const NAMES: [[&str; FIELDS]; LINES_MAX] = names!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
/// Names of the skew histograms by line.
pub(super) const SKEWS: [&str; LINES_MAX] = [
    "line1.skew",
    "line2.skew",
    "line3.skew",
    "line4.skew",
    "line5.skew",
    "line6.skew",
    "line7.skew",
    "line8.skew",
    "line9.skew",
    "line10.skew",
    "line11.skew",
    "line12.skew",
    "line13.skew",
    "line14.skew",
    "line15.skew",
];
