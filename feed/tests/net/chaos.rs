//! Chaos: every packet is accounted for, and the same seed does the same.

use std::collections::BTreeMap;

use feed::error::FeedError;
use feed::net::chaos::{Chance, Chaos, ChaosSpec, Fault, Logged, OVERTAKE_MAX_NS};
use feed::net::{Layer, Packet, Polled, Source};
use proptest::prelude::*;
use wire::StampBy;

use crate::allocations::allocations;
use crate::common::packets::Memory;

const START: u64 = 1_580_000_000_000_000_000;

/// The bytes of packet `index` of a line: they tell which it is, eight times, so that a few flipped
/// bits never make another one of it.
fn bytes_of(line: u8, index: u64) -> Vec<u8> {
    let mut bytes = vec![line];
    (0..8).for_each(|_| bytes.extend(index.to_le_bytes()));
    bytes.extend(std::iter::repeat_n(0x55, 20 + (index % 50) as usize));
    bytes
}

/// So many packets, on these lines in turn.
fn memory(packets: u64, lines: &[u8]) -> Memory {
    let mut memory = Memory::default();
    let mut next: BTreeMap<u8, u64> = BTreeMap::new();
    for n in 0..packets {
        let line = lines[n as usize % lines.len()];
        let index = next.entry(line).or_default();
        memory.push(&bytes_of(line, *index), START, line);
        *index += 1;
    }
    memory
}

/// What came out: bytes, line, receive stamp, time of the poll.
type Came = (Vec<u8>, u8, u64, u64);

/// Polls to the end, `step` ns and `budget` packets at a time.
fn drain<S: Source>(source: &mut S, budget: usize, step: u64) -> Vec<Came> {
    let mut came = Vec::new();
    let mut now = START;
    loop {
        let before = came.len();
        let polled = source
            .poll(now, budget, &mut |p: Packet<'_>| {
                came.push((p.bytes.to_vec(), p.line, p.ts_receive, now));
            })
            .expect("memory has no errors");
        let given = came.len() - before;
        assert!(given <= budget, "{given} packets, {budget} were wanted");
        match polled {
            Polled::Packets(n) => assert!(n == given && n > 0, "it says {n}, it gave {given}"),
            Polled::Nothing => assert_eq!(given, 0),
            Polled::End => {
                assert_eq!(given, 0);
                return came;
            }
        }
        now += step;
    }
}

fn spec(text: &str) -> ChaosSpec {
    text.parse().expect("a specification")
}

fn logged(log: &[Logged], fault: Fault, line: u8, index: u64) -> usize {
    log.iter().filter(|l| **l == Logged { line, index, fault }).count()
}

/// How many bits differ.
fn distance(a: &[u8], b: &[u8]) -> u32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Checks what came against what was sent and the log: nothing more, nothing less.
fn account(sent: u64, lines: &[u8], spec: &ChaosSpec, came: &[Came], log: &[Logged]) {
    let mut left: BTreeMap<(u8, u64), usize> = BTreeMap::new();
    for n in 0..sent {
        let (line, index) = (lines[n as usize % lines.len()], n / lines.len() as u64);
        let dropped = logged(log, Fault::Dropped, line, index);
        let twice = logged(log, Fault::Duplicated, line, index);
        assert!(dropped + twice <= 1, "a dropped packet has no copy");
        left.insert((line, index), 1 + twice - dropped);
    }
    let damaged: Vec<&Logged> = log.iter().filter(|l| l.fault == Fault::Corrupted).collect();
    for (bytes, line, ..) in came {
        let index = u64::from_le_bytes(bytes[1..9].try_into().expect("eight"));
        let whole = bytes[0] == *line && *bytes == bytes_of(*line, index);
        let index = if whole {
            index
        } else {
            // Its own number may be damaged: it is one that the log names.
            let is_it = |l: &&&Logged| {
                let sent = bytes_of(l.line, l.index);
                l.line == *line
                    && sent.len() == bytes.len()
                    && (1..=spec.corrupt.most).contains(&distance(&sent, bytes))
                    && left[&(l.line, l.index)] > 0
            };
            damaged.iter().find(is_it).expect("the log names what is damaged").index
        };
        assert_eq!(whole, logged(log, Fault::Corrupted, *line, index) == 0, "{line}/{index}");
        let left = left.get_mut(&(*line, index)).expect("it was sent");
        *left = left.checked_sub(1).expect("it comes too often");
    }
    let missing: Vec<_> = left.iter().filter(|(_, left)| **left > 0).collect();
    assert!(missing.is_empty(), "neither given nor logged: {missing:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_packet_is_accounted_for(
        seed: u64,
        drop in 0.0..0.1f64,
        burst in (0.0..0.01f64, 1..200u32),
        duplicate in 0.0..0.2f64,
        reorder in (0.0..0.3f64, 1..30u32),
        corrupt in (0.0..0.1f64, 1..4u32),
        delay in (0..3_000u64, 0..3_000u64),
        lines in prop_oneof![Just(vec![1]), Just(vec![1, 2]), Just(vec![0, 1, 3])],
        budget in 1..80usize,
    ) {
        let spec = ChaosSpec {
            seed,
            drop,
            burst: Chance { probability: burst.0, most: burst.1 },
            duplicate,
            reorder: Chance { probability: reorder.0, most: reorder.1 },
            corrupt: Chance { probability: corrupt.0, most: corrupt.1 },
            delay_ns: (delay.0.min(delay.1), delay.0.max(delay.1)),
            lines: vec![1],
        };
        let sent = 600;
        let mut chaos = Chaos::new(memory(sent, &lines), spec.clone()).logged();
        let came = drain(&mut chaos, budget, 500);
        account(sent, &lines, &spec, &came, chaos.log());
        prop_assert!(chaos.log().iter().all(|l| l.line == 1), "other lines are untouched");
        prop_assert_eq!(chaos.waiting(), 0);
        let total = chaos.total();
        prop_assert_eq!(total.seen, sent);
        prop_assert_eq!(sent - total.dropped + total.duplicated, came.len() as u64);
        prop_assert_eq!(total.spared, 0);
        for line in lines.into_iter().filter(|line| *line != 1) {
            let mine: Vec<_> = came.iter().filter(|c| c.1 == line).map(|c| &c.0).collect();
            let want: Vec<_> = (0..mine.len() as u64).map(|n| bytes_of(line, n)).collect();
            prop_assert!(mine.iter().zip(&want).all(|(a, b)| **a == *b), "line {} in order", line);
            prop_assert_eq!(chaos.done(line).dropped, 0);
        }
        let again = drain(&mut Chaos::new(memory(sent, &[1]), spec.clone()), budget, 500);
        let once_more = drain(&mut Chaos::new(memory(sent, &[1]), spec), budget, 500);
        prop_assert_eq!(again, once_more);
    }
}

#[test]
fn faults_of_a_line_do_not_depend_on_other_lines() {
    let spec = spec("seed=9,drop=0.03,burst=0.002x20,duplicate=0.02,corrupt=0.01x3");
    let fates = |lines: &[u8], packets: u64| {
        let mut chaos = Chaos::new(memory(packets, lines), spec.clone()).logged();
        drain(&mut chaos, 64, 1_000);
        chaos.log().iter().filter(|l| l.line == 2).copied().collect::<Vec<_>>()
    };
    let alone = fates(&[2], 5_000);
    assert!(alone.len() > 200, "{} faults", alone.len());
    assert_eq!(alone, fates(&[1, 2, 3], 15_000));
    assert_eq!(alone, fates(&[1, 1, 1, 2], 20_000));
}

#[test]
fn another_rate_leaves_other_faults_where_they_were() {
    let faults = |text: &str, fault: Fault| {
        let mut chaos = Chaos::new(memory(20_000, &[1]), spec(text)).logged();
        drain(&mut chaos, 64, 1_000);
        let log = chaos.log().iter().filter(|l| l.fault == fault).map(|l| l.index);
        log.collect::<Vec<_>>()
    };
    let few = faults("seed=3,duplicate=0.01", Fault::Duplicated);
    assert_eq!(few, faults("seed=3,duplicate=0.01,reorder=0.2x9", Fault::Duplicated));
    let more = faults("seed=3,duplicate=0.05", Fault::Duplicated);
    assert!(few.iter().all(|n| more.contains(n)) && more.len() > few.len());
    assert_ne!(few, faults("seed=4,duplicate=0.01", Fault::Duplicated));
}

#[test]
fn rates_are_as_asked_for() {
    let packets = 200_000;
    let mut chaos = Chaos::new(
        memory(packets, &[1]),
        spec("seed=1,drop=0.02,duplicate=0.05,reorder=0.1x10,corrupt=0.01x1"),
    );
    drain(&mut chaos, 64, 1_000);
    let done = chaos.done(1);
    let expect = |got: u64, of: u64, rate: f64| {
        let sigma = (of as f64 * rate * (1.0 - rate)).sqrt();
        let off = (got as f64 - of as f64 * rate).abs();
        assert!(off < 5.0 * sigma, "{got} of {of}, expected {rate}: off by {off}");
    };
    expect(done.dropped, packets, 0.02);
    let left = packets - done.dropped;
    expect(done.duplicated, left, 0.05);
    expect(done.corrupted, left, 0.01);
    expect(done.reordered, left + done.duplicated, 0.1);
}

#[test]
fn bursts_are_as_long_as_drawn() {
    let packets = 300_000;
    let mut chaos = Chaos::new(memory(packets, &[1]), spec("seed=5,burst=0.0005x100")).logged();
    drain(&mut chaos, 64, 1_000);
    let dropped: Vec<u64> = chaos.log().iter().map(|l| l.index).collect();
    let mut runs = vec![1u64];
    for pair in dropped.windows(2) {
        if pair[1] == pair[0] + 1 { *runs.last_mut().expect("one") += 1 } else { runs.push(1) }
    }
    // Two may touch, so a run can be longer than a burst, rarely.
    let long = runs.iter().filter(|run| **run > 100).count();
    assert!(long * 20 < runs.len(), "{long} of {} runs are longer than a burst", runs.len());
    let mean = dropped.len() as f64 / runs.len() as f64;
    assert!((40.0..65.0).contains(&mean), "bursts of 1 to 100 are {mean} long on average");
    assert!(runs.iter().any(|run| *run > 90) && runs.iter().any(|run| *run < 10));
}

#[test]
fn no_more_packets_overtake_one_than_allowed() {
    let (packets, most) = (20_000, 7);
    let mut chaos = Chaos::new(memory(packets, &[1]), spec("seed=2,reorder=0.2x7")).logged();
    let came = drain(&mut chaos, 64, 1_000);
    let order: Vec<u64> =
        came.iter().map(|c| u64::from_le_bytes(c.0[1..9].try_into().expect("eight"))).collect();
    let mut moved = 0;
    for (place, index) in order.iter().enumerate() {
        let before = &order[place.saturating_sub(64)..place];
        let overtook = before.iter().filter(|other| *other > index).count();
        assert!(overtook <= most, "{overtook} packets overtook {index}");
        moved += usize::from(overtook > 0);
        let is_logged = logged(chaos.log(), Fault::Reordered, 1, *index) == 1;
        assert!(is_logged || overtook == 0, "{index} was overtaken and is not in the log");
    }
    assert!(moved > 3_000, "{moved} were overtaken");
}

/// Gives what is put in, else nothing.
#[derive(Default)]
struct Trickle(Vec<(u8, u64)>);

impl Source for Trickle {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        let given = self.0.len().min(budget);
        for (line, index) in self.0.drain(..given) {
            let bytes = &bytes_of(line, index);
            let stamp = StampBy::Kernel;
            sink(Packet { bytes, layer: Layer::Udp, ts_receive: now, stamp, line });
        }
        Ok(if given == 0 { Polled::Nothing } else { Polled::Packets(given) })
    }
}

/// Numbers that a poll gives, with their stamps.
fn poll(chaos: &mut Chaos<Trickle>, now: u64) -> Vec<(u8, u64, u64)> {
    let mut came = Vec::new();
    let mut take = |p: Packet<'_>| {
        came.push((p.line, u64::from_le_bytes(p.bytes[1..9].try_into().expect("8")), p.ts_receive));
    };
    let polled = chaos.poll(now, 64, &mut take).expect("no errors");
    assert_eq!(polled == Polled::Nothing, came.is_empty());
    came
}

#[test]
fn a_late_line_comes_later_and_in_order() {
    let mut chaos = Chaos::new(Trickle::default(), spec("delay=100us..200us,lines=B"));
    let mut sent = BTreeMap::new();
    let mut came = Vec::new();
    for n in 0..2_000u64 {
        let now = START + n * 10_000;
        if n < 1_000 {
            chaos.inner_mut().0 = vec![(1, n), (2, n)];
            sent.insert(n, now);
        }
        for (line, index, stamp) in poll(&mut chaos, now) {
            let late = now - sent[&index];
            if line == 1 {
                assert_eq!((late, stamp), (0, now), "line A is not touched");
                continue;
            }
            assert!((100_000..=210_000).contains(&late), "{index} came {late} ns late");
            // The stamp is the exact time; the poll comes up to 10 us after it.
            assert!(stamp <= now && now - stamp < 10_000, "{index}: {stamp} at {now}");
            came.push(index);
        }
    }
    assert_eq!(came, (0..1_000).collect::<Vec<_>>());
    assert_eq!(chaos.done(2).delayed, 1_000);
    assert_eq!(chaos.done(1).delayed, 0);
}

#[test]
fn a_silent_line_does_not_keep_a_packet() {
    let mut chaos = Chaos::new(Trickle::default(), spec("reorder=1x5"));
    chaos.inner_mut().0 = vec![(1, 0)];
    assert_eq!(poll(&mut chaos, START), []);
    assert_eq!(poll(&mut chaos, START + OVERTAKE_MAX_NS - 1), []);
    let now = START + OVERTAKE_MAX_NS;
    assert_eq!(poll(&mut chaos, now), [(1, 0, now)]);
}

#[test]
fn more_than_fits_waits_outside() {
    let mut chaos = Chaos::new(memory(10_000, &[1, 2]), spec("delay=10ms,duplicate=1"));
    let came = drain(&mut chaos, 10_000, 1_000_000);
    assert_eq!(came.len(), 20_000);
    assert_eq!(chaos.total().spared, 0);
    let last = came.last().expect("many").3;
    assert!(last - START > 40_000_000, "2,048 with their copies are 10 ms late at a time");
}

#[test]
fn a_packet_beyond_every_frame_passes() {
    let mut memory = Memory::default();
    memory.push(&[7; 40_000], START, 1);
    let mut chaos = Chaos::new(memory, spec("delay=1s,corrupt=1x4"));
    let came = drain(&mut chaos, 64, 1_000);
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].0, [7; 40_000]);
    assert_eq!(chaos.done(1).spared, 1);
}

#[test]
fn it_allocates_nothing_once_it_stands() {
    let text = "seed=8,drop=0.02,burst=0.001x50,duplicate=0.1,reorder=0.2x50,corrupt=0.1x8,\
                delay=1us..80us";
    let mut chaos = Chaos::new(memory(50_000, &[1, 2]), spec(text));
    let (mut now, mut given) = (START, 0);
    let counted = allocations(|| {
        while chaos.poll(now, 64, &mut |_: Packet<'_>| given += 1).expect("memory") != Polled::End {
            now += 1_000;
        }
    });
    assert_eq!(counted, 0);
    assert!(given > 50_000, "{given}");
}

#[test]
fn without_faults_everything_passes_at_once() {
    let mut chaos = Chaos::new(memory(1_000, &[1, 2]), ChaosSpec::default());
    let came = drain(&mut chaos, 10, 0);
    assert_eq!(came, drain(&mut memory(1_000, &[1, 2]), 10, 0));
    assert_eq!(chaos.total().seen, 1_000);
}
