//! Rows 1 to 5 and 11: packets that are lost, repeated or moved.

use std::collections::BTreeSet;

use feed::line::{
    Arbiter, ArbiterSpec, Arrival, LineChange, LineState, Missing, Part, Sink, SlabSpec,
};
use feed::net::chaos::{Chance, Chaos, ChaosSpec, Fault, Logged};
use wire::StampBy;
use wire::codes::ConnectionState;
use wire::record::first_difference;

use crate::common;
use crate::common::packets::{SESSION, give_line, heartbeat};
use crate::rig::{Faults, Rig};
use crate::stage::{
    self, APART, HEARTBEAT, HOLD, Timed, assert_accounts, declared, idle, play, ranges, runs,
    stream, truth,
};

fn chance(probability: f64, most: u32) -> Chance {
    Chance { probability, most }
}

/// Numbers of the packets of a line that were dropped: each carries one message.
fn dropped(log: &[Logged], line: u8) -> BTreeSet<u64> {
    let of_line = log.iter().filter(|l| l.line == line && l.fault == Fault::Dropped);
    of_line.map(|l| l.index + 1).collect()
}

#[test]
fn row_01_random_loss_is_accounted_exactly() {
    for (seed, rate, count) in
        [(1, 0.0001, 60_000), (2, 0.001, 30_000), (3, 0.01, 30_000), (4, 0.05, 30_000)]
    {
        let messages = stream(seed, count);
        let spec = ChaosSpec { seed, drop: rate, ..ChaosSpec::default() };
        // One line: what it loses is what is declared.
        let mut source = Chaos::new(Timed::of(&messages, 1), spec.clone()).logged();
        let mut lane = stage::lane(1);
        let now = play(&mut lane, &mut source);
        idle(&mut lane, 1, count as u64 + 1, now);
        let lost = dropped(source.log(), 1);
        assert!(!lost.is_empty());
        assert_eq!(ranges(&lane), runs(&lost), "{rate}");
        assert_accounts(&lane, &messages);
        // Two lines: what both lose.
        let mut source = Chaos::new(Timed::of(&messages, 2), spec).logged();
        let mut lane = stage::lane(2);
        let now = play(&mut lane, &mut source);
        idle(&mut lane, 2, count as u64 + 1, now);
        let both = &dropped(source.log(), 1) & &dropped(source.log(), 2);
        assert_eq!(declared(&lane), both, "{rate}");
        assert_accounts(&lane, &messages);
        println!(
            "row 1: {}%: {count} sent, {} lost on one line, {} on both, all declared",
            100.0 * rate,
            lost.len(),
            both.len()
        );
    }
}

#[test]
fn row_02_a_burst_is_one_declaration() {
    let messages = stream(5, 40_000);
    let spec = ChaosSpec { seed: 5, burst: chance(0.001, 1_000), ..ChaosSpec::default() };
    let mut source = Chaos::new(Timed::of(&messages, 1), spec).logged();
    let mut lane = stage::lane(1);
    let now = play(&mut lane, &mut source);
    idle(&mut lane, 1, messages.len() as u64 + 1, now);
    let bursts = runs(&dropped(source.log(), 1));
    assert!(bursts.len() >= 10 && bursts.iter().any(|(first, end)| end - first > 300));
    assert_eq!(ranges(&lane), bursts, "one declaration for each burst, with its range");
    assert_accounts(&lane, &messages);
    // The same twenty in each thousand on both lines.
    let mut both = Timed::of(&messages, 2);
    let at = |sent: &stage::Sent| (sent.at - common::DAY.midnight_ns) / APART;
    both.sent.retain(|sent| at(sent) % 1_000 >= 20 || at(sent) < 1_000);
    let mut lane = stage::lane(2);
    let now = play(&mut lane, &mut both);
    idle(&mut lane, 2, messages.len() as u64 + 1, now);
    let wanted: Vec<_> =
        (1..=40u64).map(|n| (1_000 * n, (1_000 * n + 20).min(messages.len() as u64 + 1))).collect();
    assert_eq!(ranges(&lane), wanted);
    assert_accounts(&lane, &messages);
    println!(
        "row 2: {} bursts up to 1,000, {} declarations; 40 of 20 on both lines, 40",
        bursts.len(),
        bursts.len()
    );
}

#[test]
fn row_03_a_lost_tail_is_declared_within_a_heartbeat() {
    const TICK: u64 = 100_000;
    let mut worst = 0;
    for (tail, phase) in [(1, 0), (20, 317_000_000), (1_000, 999_900_000)] {
        let messages = stream(6, 2_000);
        let kept = messages.len() - tail;
        let mut lane = stage::lane(2);
        play(&mut lane, &mut Timed::of(&messages[..kept], 2));
        // The last message went out at `sent`; the venue's next heartbeat follows within a second.
        let sent = common::DAY.midnight_ns + messages.len() as u64 * APART;
        let beat = sent + HEARTBEAT - phase;
        let mut now = sent;
        while lane.gaps.declared() == 0 {
            now += TICK;
            assert!(now < sent + 3 * HEARTBEAT, "the tail is never declared");
            if now >= beat && now < beat + TICK {
                give_line(&mut lane, &heartbeat(SESSION, messages.len() as u64 + 1), 1, now);
            }
            lane.end_poll(true, now);
        }
        assert_eq!(ranges(&lane), [(kept as u64 + 1, messages.len() as u64 + 1)]);
        let took = now - sent;
        assert!(took <= HEARTBEAT + 10_000_000, "{took} ns after the last message");
        assert!(now - beat <= HOLD + 2 * TICK, "{} ns after the heartbeat", now - beat);
        worst = worst.max(now - beat);
    }
    println!("row 3: tails of 1, 20, 1,000: declared {} us behind the heartbeat", worst / 1_000);
}

#[test]
fn row_04_duplicates_come_out_once() {
    let messages = stream(7, 30_000);
    let whole = truth(&messages);
    for lines in [1, 2] {
        let spec = ChaosSpec { seed: 7, duplicate: 0.1, ..ChaosSpec::default() };
        let mut source = Chaos::new(Timed::of(&messages, lines), spec);
        let mut lane = stage::lane(lines);
        play(&mut lane, &mut source);
        let copies = source.total().duplicated + (u64::from(lines) - 1) * messages.len() as u64;
        assert!(source.total().duplicated > 2_000);
        assert_eq!(lane.publisher.counts.copies, copies);
        let (got, wanted) = (&lane.publisher.outlet.records, &whole.publisher.outlet.records);
        assert_eq!(first_difference(got, wanted), None);
        assert_eq!(lane.gaps.declared(), 0);
        println!("row 4: {lines} lines: {copies} copies in, 0 out");
    }
}

#[test]
fn row_05_reordering_never_shows_and_late_is_never_twice() {
    let messages = stream(8, 30_000);
    let whole = truth(&messages);
    let moved = ChaosSpec { seed: 8, reorder: chance(0.01, 20), ..ChaosSpec::default() };
    // Line A out of order, B in order: as if nothing had happened.
    let spec = ChaosSpec { lines: vec![1], ..moved.clone() };
    let mut source = Chaos::new(Timed::of(&messages, 2), spec);
    let mut lane = stage::lane(2);
    play(&mut lane, &mut source);
    assert!(source.total().reordered > 200);
    let (got, wanted) = (&lane.publisher.outlet.records, &whole.publisher.outlet.records);
    assert_eq!(first_difference(got, wanted), None);
    assert_eq!(lane.gaps.declared(), 0);
    // Both out of order: a gap where both were overtaken, and what comes late is not taken again.
    let mut source = Chaos::new(Timed::of(&messages, 2), moved);
    let mut lane = stage::lane(2);
    let now = play(&mut lane, &mut source);
    idle(&mut lane, 2, messages.len() as u64 + 1, now);
    assert_accounts(&lane, &messages);
    let late: u64 = lane.publisher.counts.lines.iter().map(|line| line.late).sum();
    assert!(late >= declared(&lane).len() as u64, "each comes late, on one line or on both");
    // With repair, late packets heal the book: a print twice, or a wrong book, fails in the rig.
    let mut healed = 0;
    for seed in 900..920 {
        let mut rig = Rig::new(Faults { lines: 2, skew: 25, loss: 5, ..Faults::usual(seed) });
        rig.run();
        rig.assert_healed();
        healed += rig.lane.repaired().late;
    }
    assert!(healed > 20);
    println!(
        "row 5: {} moved, {} declared, {late} late; {healed} healed by late packets",
        source.total().reordered,
        declared(&lane).len()
    );
}

/// Checks that numbers come in order and counts them.
#[derive(Default)]
struct Tally {
    next: u64,
    taken: u64,
    missing: u64,
    gaps: u64,
    down: Vec<(u8, u64)>,
}

impl Sink for Tally {
    fn take(&mut self, part: &Part<'_>) {
        assert_eq!(part.first, self.next);
        self.next += u64::from(part.take);
        self.taken += u64::from(part.take);
    }

    fn missing(&mut self, missing: &Missing) {
        assert_eq!(missing.first, self.next);
        self.next = missing.end;
        self.missing += missing.end - missing.first;
        self.gaps += 1;
    }

    fn line(&mut self, change: &LineChange) {
        if change.state == ConnectionState::Down {
            self.down.push((change.line, change.now));
        }
    }

    fn diverged(&mut self, line: u8, _: u64) {
        panic!("line {line} has other bytes");
    }

    fn interval(&mut self, _: feed::counts::Interval, _: u64) {}
}

fn arrive(arbiter: &mut Arbiter, tally: &mut Tally, line: u8, first: u64, now: u64) {
    let bytes = (first as u32).to_le_bytes();
    let (count, ts_receive, stamp) = (1, now, StampBy::Kernel);
    let arrival = Arrival { first, count, line, ts_receive, stamp, now };
    arbiter.brings(line, bytes.len(), now);
    arbiter.hears(line, now, tally);
    if arbiter.in_order(&arrival, &bytes) {
        tally.take(&Part { bytes: &bytes, first, skip: 0, take: 1, line, ts_receive, stamp });
    } else {
        arbiter.arrive(&arrival, &bytes, tally);
    }
}

struct Draw(u64);

impl Draw {
    /// True once in a hundred.
    fn percent(&mut self) -> bool {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let upper = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        upper * 100 < 1 << 32
    }
}

#[test]
fn row_11_both_lines_lossy_lose_the_product() {
    const PACKETS: u64 = 10_000_000;
    let slab = SlabSpec { packets: 256, bytes: 64 };
    let spec = ArbiterSpec {
        lines: 2,
        hold_ns: HOLD,
        line_timeout_ns: 2 * HEARTBEAT,
        divergence_sample: 1_024,
        slab,
    };
    let (mut arbiter, mut tally) = (Arbiter::new(spec), Tally { next: 1, ..Tally::default() });
    let (mut a, mut b) = (Draw(11), Draw(0xB0B));
    let (mut now, mut both) = (HEARTBEAT, 0);
    for number in 1..=PACKETS {
        now += 1_000;
        let lost = (a.percent(), b.percent());
        if !lost.0 {
            arrive(&mut arbiter, &mut tally, 1, number, now);
        }
        if !lost.1 {
            arrive(&mut arbiter, &mut tally, 2, number, now + 500);
        }
        both += u64::from(lost.0 && lost.1);
        if now + 500 >= arbiter.deadline() {
            arbiter.pass_time(now + 500, true, &mut tally);
        }
    }
    arbiter.flush(now + HOLD, &mut tally);
    // Those behind the last number that anybody brought are not known to be missing.
    assert_eq!(tally.missing + (PACKETS + 1 - tally.next), both);
    assert_eq!(tally.taken + both, PACKETS);
    let share = both as f64 / PACKETS as f64;
    assert!((0.8e-4..=1.2e-4).contains(&share), "{share} of 1 % x 1 %");
    // A dies. B goes on, and each of its packets is out when it comes.
    let (died, begin) = (now, tally.next);
    for number in begin..begin + 3_000 {
        now += 1_000_000;
        arrive(&mut arbiter, &mut tally, 2, number, now);
        assert_eq!(tally.next, number + 1, "a pause");
        if now >= arbiter.deadline() {
            arbiter.pass_time(now, true, &mut tally);
        }
    }
    assert_eq!(arbiter.state(1), LineState::Down);
    let [(1, at)] = tally.down[..] else { panic!("{:?}", tally.down) };
    assert!(at - died <= 2 * HEARTBEAT + 2_000_000, "alarm after {} ns", at - died);
    // And holes of B alone wait for nobody.
    let missing = tally.missing;
    now += 1_000_000;
    let beyond = tally.next + 7;
    arrive(&mut arbiter, &mut tally, 2, beyond, now);
    assert_eq!(tally.missing, missing + 7, "declared at once");
    println!(
        "row 11: {PACKETS} packets at 1 % + 1 %: {both} left ({:.4} %); line death: alarm {} ms",
        100.0 * share,
        (at - died) / 1_000_000
    );
}
