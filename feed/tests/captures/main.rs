//! Captures through the lane: one stream in every form a file can have, and every form of damage.

#[path = "../common/mod.rs"]
mod common;

mod damage;
mod drops;
mod forms;
mod lies;

use std::path::{Path, PathBuf};

use common::DAY;
use common::collect::Collect;
use common::files::{Link, pcap, play};
use common::packets::{heartbeat, mold};
use common::{Sizes, itch};
use feed::error::Result;
use feed::lane::Lane;
use feed::net::capture::CaptureSource;
use wire::Record;

/// The name that a raw file of this day has as a session, so that all forms tell the same.
const NAME: &[u8; 10] = b"REC2001300";

/// A folder of a test's own.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    /// Writes a file; the name tells the day.
    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(format!("20200130.{name}"));
        std::fs::write(&path, bytes).expect("write");
        path
    }
}

/// One message of each type, and more orders: 30 messages.
fn messages() -> Vec<Vec<u8>> {
    let mut messages = itch::one_of_each();
    messages.extend((0..7).map(|n| itch::bid(30 + n, 10 + n, 5, 90_0000 + n as u32)));
    messages
}

/// The messages in packets of 1, 2, 3, 4, ... of them.
fn datagrams(session: &[u8; 10], messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (mut packets, mut from, mut size) = (Vec::new(), 0, 1);
    while from < messages.len() {
        let to = (from + size).min(messages.len());
        packets.push(mold(session, from as u64 + 1, &messages[from..to]));
        (from, size) = (to, size + 1);
    }
    packets
}

/// With times, 1.5 ms apart.
fn timed(packets: Vec<Vec<u8>>) -> Vec<(u64, Vec<u8>)> {
    let at = |n: usize| DAY.midnight_ns + 34_200_000_000_000 + n as u64 * 1_500_000;
    packets.into_iter().enumerate().map(|(n, packet)| (at(n), packet)).collect()
}

/// What a lane made of a file.
struct Played {
    lane: Lane<Collect>,
    /// The source at its end, or what ended it.
    source: Result<CaptureSource>,
}

impl Played {
    fn records(&self) -> &[Record] {
        &self.lane.publisher.outlet.records
    }

    /// Refusals of the file and of the lane, by name, in order of their names.
    fn refusals(&self) -> Vec<(&'static str, u64)> {
        let mut all = common::refusals(&self.lane);
        all.extend(self.source.as_ref().expect("played to the end").rejects());
        all.sort_unstable();
        all
    }

    /// Messages of the venue that were taken, those that are no ITCH included.
    fn taken(&self) -> u64 {
        let counts = &self.lane.publisher.counts;
        let itch = counts.rejects().filter(|(name, _)| name.starts_with("itch_"));
        counts.messages_total() + itch.map(|(_, n)| n).sum::<u64>()
    }
}

fn play_file(path: &Path) -> Played {
    let mut lane = common::lane_with(common::config(), Sizes::default());
    let source = play(&mut lane, &[path]);
    Played { lane, source }
}

/// The stream of most tests as captured packets, a heartbeat at its end.
fn captured() -> Vec<(u64, Vec<u8>)> {
    let messages = messages();
    let mut packets = datagrams(NAME, &messages);
    packets.push(heartbeat(NAME, messages.len() as u64 + 1));
    timed(packets.iter().map(|payload| Link::Ethernet.packet(payload)).collect())
}

/// A capture of these Ethernet packets, and what came of it.
fn play_packets(folder: &Folder, packets: &[(u64, Vec<u8>)]) -> Played {
    play_file(&folder.write("some.pcap", &pcap(false, true, 1, packets)))
}
