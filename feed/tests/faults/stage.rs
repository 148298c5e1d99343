//! What the rows share: a venue's stream, a source that keeps to the clock, and who runs them.

use std::collections::BTreeSet;
use std::process::Command;

use feed::error::FeedError;
use feed::lane::{Lane, LaneConfig};
use feed::net::{Layer, Packet, Polled, Source};
use feed::publish::Outlet;
use wire::{Path, StampBy};

use crate::common::collect::Collect;
use crate::common::market::Market;
use crate::common::packets::{SESSION, give_line, heartbeat, mold};
use crate::common::{self, DAY, Sizes};

/// Time between two messages of the venue, ns.
pub const APART: u64 = 10_000;
/// How long a hole may wait, ns.
pub const HOLD: u64 = 1_000_000;
/// Time between heartbeats of an idle venue, ns.
pub const HEARTBEAT: u64 = 1_000_000_000;

/// Whether the campaign's sizes are wanted.
pub fn is_full() -> bool {
    std::env::var_os("HOTLANE_FAULTS").is_some_and(|value| value == "full")
}

/// So many messages of a session, opening included.
pub fn stream(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut market = Market::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut messages = market.opening();
    messages.extend((messages.len()..count).map(|_| market.message()));
    messages
}

/// Each message in a packet of its own.
pub fn packet(messages: &[Vec<u8>], number: u64) -> Vec<u8> {
    let at = number as usize - 1;
    mold(SESSION, number, &messages[at..=at])
}

/// A datagram at its time.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: u64,
    pub line: u8,
    pub bytes: Vec<u8>,
}

/// A source whose packets come when they are due.
#[derive(Clone, Debug, Default)]
pub struct Timed {
    pub sent: Vec<Sent>,
    pub layer: Option<Layer>,
    next: usize,
}

impl Timed {
    /// Every message on each of the lines, those of B right behind those of A.
    pub fn of(messages: &[Vec<u8>], lines: u8) -> Timed {
        let mut sent = Vec::new();
        for number in 1..=messages.len() as u64 {
            for line in 1..=lines {
                let at = DAY.midnight_ns + number * APART + u64::from(line);
                sent.push(Sent { at, line, bytes: packet(messages, number) });
            }
        }
        Timed { sent, layer: None, next: 0 }
    }

    /// In order of their times.
    pub fn sorted(mut self) -> Timed {
        self.sent.sort_by_key(|sent| sent.at);
        self
    }
}

impl Source for Timed {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        let due = self.sent[self.next..].iter().take(budget).take_while(|sent| sent.at <= now);
        let mut given = 0;
        for sent in due {
            let layer = self.layer.unwrap_or(Layer::Udp);
            let (line, ts_receive, stamp) = (sent.line, sent.at, StampBy::Kernel);
            sink(Packet { bytes: &sent.bytes, layer, ts_receive, stamp, line });
            given += 1;
        }
        self.next += given;
        Ok(match given {
            0 if self.next == self.sent.len() => Polled::End,
            0 => Polled::Nothing,
            given => Polled::Packets(given),
        })
    }
}

/// A configuration of so many lines.
pub fn config(lines: u8) -> LaneConfig {
    let (hold_ns, line_timeout_ns) = (HOLD, 2 * HEARTBEAT);
    LaneConfig { lines, hold_ns, line_timeout_ns, ..common::config() }
}

/// A lane of so many lines that keeps what it says.
pub fn lane(lines: u8) -> Lane<Collect> {
    common::lane_with(config(lines), Sizes::default())
}

/// Polls until the source is at its end, and gives the time then.
pub fn play<O: Outlet>(lane: &mut Lane<O>, source: &mut impl Source) -> u64 {
    let mut now = DAY.midnight_ns;
    while lane.poll(source, now).expect("a source in memory") != Polled::End {
        now += APART / 2;
    }
    now
}

/// The venue goes on with heartbeats that everybody hears, and every hold ends.
pub fn idle<O: Outlet>(lane: &mut Lane<O>, lines: u8, next: u64, now: u64) {
    for line in 1..=lines {
        give_line(lane, &heartbeat(SESSION, next), line, now);
    }
    lane.end_poll(true, now + HOLD);
    lane.flush_images();
}

/// What a lane without faults says of the same messages on one line.
pub fn truth(messages: &[Vec<u8>]) -> Lane<Collect> {
    let mut lane = lane(1);
    play(&mut lane, &mut Timed::of(messages, 1));
    assert_eq!(common::refusals(&lane), []);
    lane
}

/// Numbers of the gaps.
pub fn declared(lane: &Lane<Collect>) -> BTreeSet<u64> {
    lane.publisher.outlet.opened.iter().flat_map(|gap| gap.first..gap.end).collect()
}

/// Consecutive numbers as ranges.
pub fn runs(numbers: &BTreeSet<u64>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some(last) if last.1 == number => last.1 += 1,
            _ => runs.push((number, number + 1)),
        }
    }
    runs
}

/// Numbers of the gaps as they were declared.
pub fn ranges(lane: &Lane<Collect>) -> Vec<(u64, u64)> {
    lane.publisher.outlet.opened.iter().map(|gap| (gap.first, gap.end)).collect()
}

/// Every record is of a message that was not declared, and they come in order.
pub fn assert_in_order(lane: &Lane<Collect>, messages: &[Vec<u8>]) {
    let time = |m: &Vec<u8>| m[5..11].iter().fold(0u64, |time, &byte| time << 8 | u64::from(byte));
    let times: Vec<u64> = messages.iter().map(time).collect();
    assert!(times.is_sorted());
    let declared = declared(lane);
    let mut last = 0;
    for record in &lane.publisher.outlet.records {
        // The handler's own records, and those of messages that came before the market's clock.
        if record.origin.path() == Path::Handler || record.ts_venue <= DAY.midnight_ns {
            continue;
        }
        assert_eq!(record.origin.path(), Path::Live);
        let at = times.binary_search(&(record.ts_venue - DAY.midnight_ns)).expect("a message");
        let number = at as u64 + 1;
        assert!(number >= last, "{number} behind {last}");
        assert!(!declared.contains(&number), "{number} is delivered and declared");
        last = number;
    }
}

/// sent = delivered + declared, exactly, and nothing twice.
pub fn assert_accounts(lane: &Lane<Collect>, messages: &[Vec<u8>]) {
    let declared = declared(lane).len() as u64;
    let delivered = lane.publisher.counts.messages_total();
    assert_eq!(delivered + declared, messages.len() as u64, "sent = delivered + declared");
    assert_eq!(lane.gaps.missing(), declared, "no number is declared twice");
    assert_in_order(lane, messages);
}

/// Runs a test alone in a process of its own, so that what it measures is its own.
pub fn alone(name: &str, body: impl FnOnce()) {
    const ALONE: &str = "HOTLANE_FAULTS_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", name, "--nocapture", "--test-threads", "1"]).env(ALONE, "1");
    let output = command.output().expect("this program runs");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{out}");
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}
