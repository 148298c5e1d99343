//! Counters and histograms of lines, as any tool reads them from shared memory.

use feed::counts::Interval;
use feed::error::FeedError;
use feed::lane::LaneConfig;
use feed::net::{Layer, Packet, Polled, Source, SourceCounts};
use shm::histogram::lowest_of;
use wire::StampBy;

use super::lane::{HOLD, bids, config};
use crate::common::packets::{Memory, SESSION, give_line, heartbeat, mold};
use crate::common::{self, DAY, Sizes, seats};

type Counters = shm::counter_reader::CounterReader<shm::mapping::MappedLines>;

/// Memory whose lines say that the kernel dropped packets.
struct Dropping(Memory);

impl Source for Dropping {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        self.0.poll(now, budget, sink)
    }

    fn counts(&self, line: u8) -> SourceCounts {
        let line = u64::from(line);
        SourceCounts { kernel_drops: 100 * line, truncated: 10 * line, unstamped: line }
    }
}

#[test]
fn every_count_of_a_line_is_in_shared_memory_under_its_name() {
    let root = seats::root();
    let mut lane = seats::lane_of(root.path(), 1, 1_024, config());
    let start = DAY.midnight_ns;
    let mut source = Dropping(Memory::default());
    let mut push = |line, at, packet: Vec<u8>| source.0.push(&packet, start + at, line);
    push(1, 10, mold(SESSION, 1, &bids(1..3)));
    push(2, 260, mold(SESSION, 1, &bids(1..3)));
    push(1, 300, mold(SESSION, 5, &bids(5..6)));
    push(2, 400, mold(SESSION, 3, &bids(3..4)));
    push(2, 410, heartbeat(SESSION, 7));
    lane.poll(&mut source, start + 500).expect("memory");
    lane.published(start + 1_000);
    // 4 is a gap when both have passed it, 6 when its time is over; then A brings 4, late.
    lane.end_poll(true, start + 500 + HOLD);
    give_line(&mut lane, &mold(SESSION, 4, &bids(4..5)), 1, start + 2_000);
    lane.poll(&mut source, start + 20_000_000).expect("memory");
    lane.flush_images();

    let counters = seats::producer(root.path()).counters().expect("counters");
    counts_are_named(&counters, start);
    histograms_are_named(&counters);
    lane.publisher.outlet.close().expect("closed");
}

fn counts_are_named(counters: &Counters, start: u64) {
    let value = |name: &str| counters.value_of(name).unwrap_or_else(|| panic!("no {name}"));
    let message = 20 + 2 * 38;
    let line_a = [
        ("packets", 3),
        ("bytes", message + 2 * (20 + 38)),
        ("won", 3),
        ("copied", 0),
        ("missed", 2),
        ("heartbeats", 0),
        ("late", 1),
        ("diverged", 0),
        ("kernel_drops", 100),
        ("truncated", 10),
        ("unstamped", 1),
        ("up", 1),
        ("downs", 0),
        ("last_receive_ns", start + 2_000),
    ];
    for (name, wanted) in line_a {
        assert_eq!(value(&format!("line1.{name}")), wanted, "line1.{name}");
    }
    let line_b = [("won", 1), ("copied", 2), ("missed", 3), ("heartbeats", 1), ("late", 0)];
    for (name, wanted) in line_b {
        assert_eq!(value(&format!("line2.{name}")), wanted, "line2.{name}");
    }
    assert_eq!((value("line2.kernel_drops"), value("line2.downs")), (200, 0));
    assert_eq!(counters.value_of("line3.packets"), None);
    let lane_wide = [
        ("held", 1),
        ("hold_expired", 1),
        ("hold_overflow", 0),
        ("gaps_declared", 2),
        ("gaps_open", 2),
        ("messages_missed", 2),
        ("copies", 3),
        ("heartbeats_received", 1),
    ];
    for (name, wanted) in lane_wide {
        assert_eq!(value(name), wanted, "{name}");
    }
}

fn histograms_are_named(counters: &Counters) {
    // B came 250 ns after A; 5 waited, but not beyond its poll; 1, 3 and 5 were published.
    let one = |name: &str, low: u64, high: u64| {
        let found = counters.histogram_of(name).unwrap_or_else(|| panic!("no {name}"));
        let (least, most) = (found.least().expect("values"), found.most().expect("values"));
        assert!(least <= low && 33 * least >= 32 * low, "{name}: {least} for {low}");
        assert!(most >= high && 32 * most <= 33 * high, "{name}: {most} for {high}");
        found.count()
    };
    assert_eq!(one("line2.skew", 250, 250), 1);
    assert_eq!(counters.histogram_of("hold").map(|h| (h.count(), h.most())), Some((1, Some(0))));
    assert_eq!(one("receive_publish", 600, 990), 3);
    assert_eq!(counters.histogram_of("line1.skew").map(|h| h.count()), Some(0));
    let label = counters.labels().iter().find(|label| label.name == "receive_publish");
    let label = label.expect("a label");
    assert_eq!((label.unit.as_str(), label.block), ("ns", 0));
    assert_eq!(lowest_of(5, 1151), (63 << 34), "the last bucket of 40 bits");
}

#[test]
fn only_what_is_live_and_was_taken_is_measured() {
    let mut lane = common::lane_with(config(), Sizes::default());
    let give = |lane: &mut feed::lane::Lane<_>, stamp, first: u64, line, at| {
        let bytes = mold(SESSION, first, &bids(first..first + 1));
        let packet = Packet { bytes: &bytes, layer: Layer::Udp, ts_receive: at, stamp, line };
        lane.packet(&packet, at);
    };
    give(&mut lane, StampBy::Kernel, 1, 1, 10);
    give(&mut lane, StampBy::Kernel, 1, 2, 20);
    give(&mut lane, StampBy::Poll, 2, 2, 30);
    give(&mut lane, StampBy::Nic, 3, 2, 40);
    lane.published(100);
    lane.published(200);
    let of = |lane: &feed::lane::Lane<crate::common::collect::Collect>| -> Vec<u64> {
        let all = lane.publisher.outlet.intervals.iter();
        all.filter(|(what, _)| *what == Interval::ReceivePublish).map(|(_, ns)| *ns).collect()
    };
    assert_eq!(of(&lane), [90, 70, 60], "the copy was not published");
    // A recording's stamp says nothing about this machine.
    give(&mut lane, StampBy::Recording, 4, 1, 50);
    lane.published(300);
    assert_eq!(of(&lane).len(), 3);
}

#[test]
fn counts_are_published_by_time_and_not_by_poll() {
    let mut lane = common::lane_with(config(), Sizes::default());
    let start = DAY.midnight_ns;
    (0..10_000).for_each(|n| lane.end_poll(true, start + n * 10_000));
    let counted = lane.publisher.outlet.counted;
    assert!((9..=12).contains(&counted), "{counted} times in 100 ms");
}

#[test]
fn a_lane_has_counters_for_as_many_lines_as_it_has() {
    for lines in [1u8, 2, 15] {
        let root = seats::root();
        let config = LaneConfig { lines, ..config() };
        let lane = seats::lane_of(root.path(), 1, 1_024, config);
        let counters = seats::producer(root.path()).counters().expect("counters");
        let has = |line: u8| counters.value_of(&format!("line{line}.won")).is_some();
        assert_eq!((1..=16).filter(|&n| has(n)).count(), usize::from(lines));
        let names: Vec<_> = lane.publisher.counts.named().map(|(name, ..)| name).collect();
        assert!(names.iter().all(|name| counters.value_of(name).is_some()));
        lane.publisher.outlet.close().expect("closed");
    }
}
