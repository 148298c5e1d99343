use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use protocol::frame::moldudp64::{MoldPacket, MoldWriter};

use super::{Datagram, Fate, Faults, Faulty, LineCounts, Packet, REORDER_HOLD_NS};

const GAP_NS: u64 = 50_000;

/// Packets of one to five messages that say their own numbers.
fn packets(count: u64) -> Vec<Packet> {
    let mut first = 1;
    (0..count)
        .map(|number| {
            let messages = (number * 7 % 5 + 1) as u16;
            let mut buffer = [0; 512];
            let mut writer =
                MoldWriter::begin(&mut buffer, *b"REC0000001", first).expect("a header");
            for offset in 0..u64::from(messages) {
                assert!(writer.push(&(first + offset).to_be_bytes()));
            }
            let bytes = Arc::from(writer.finish());
            let packet = Packet { first, count: messages, first_ns: 0, last_ns: 0, bytes };
            first += u64::from(messages);
            packet
        })
        .collect()
}

fn run(faults: &str, seed: u64, packets: &[Packet]) -> (Faulty, Vec<Datagram>) {
    let faults: Faults = faults.parse().expect("faults");
    let mut line = Faulty::new(faults, seed);
    let mut out = vec![];
    for (packet, number) in packets.iter().zip(0..) {
        line.packet(packet, number * GAP_NS, &mut out);
    }
    line.finish(&mut out);
    (line, out)
}

/// Numbers and bytes of what goes out, in its order.
fn received(out: &[Datagram]) -> Vec<(u64, Vec<u8>)> {
    let sent = out.iter().filter_map(|datagram| match &datagram.fate {
        Fate::Sent(bytes) => Some(bytes),
        Fate::Lost => None,
    });
    let mut all = vec![];
    for bytes in sent {
        let packet = MoldPacket::parse(bytes).expect("well-formed");
        all.extend((packet.sequence..).zip(packet.messages().map(<[u8]>::to_vec)));
    }
    all
}

#[test]
fn a_line_without_faults_is_what_the_venue_sends() {
    let packets = packets(50);
    let (line, out) = run("", 1, &packets);
    assert_eq!(line.counts(), LineCounts { packets: 50, ..LineCounts::default() });
    for ((datagram, packet), number) in out.iter().zip(&packets).zip(0..) {
        assert_eq!((datagram.at, datagram.end), (number * GAP_NS, packet.end()));
        assert_eq!(datagram.fate, Fate::Sent(Arc::clone(&packet.bytes)));
    }
    assert_eq!(line.missing().total(), 0);
}

#[test]
fn losses_hit_the_packets_they_name() {
    let packets = packets(40);
    let lost = |faults: &str| -> Vec<u64> {
        let (_, out) = run(faults, 1, &packets);
        assert_eq!(out.len(), 40, "a lost packet keeps its place");
        (1..).zip(&out).filter(|(_, d)| d.fate == Fate::Lost).map(|(number, _)| number).collect()
    };
    assert_eq!(lost("drop=every:7"), [7, 14, 21, 28, 35]);
    assert_eq!(lost("drop=every:7:3"), [3, 10, 17, 24, 31, 38]);
    assert_eq!(lost("drop=packets:2-4+39"), [2, 3, 4, 39]);
    let holding: Vec<u64> = (1..)
        .zip(&packets)
        .filter(|(_, p)| (p.first..p.end()).any(|s| (20..=30).contains(&s) || s == 77))
        .map(|(number, _)| number)
        .collect();
    assert_eq!(lost("drop=seqs:20-30+77"), holding);
    assert!(holding.len() >= 4, "{holding:?}");
    assert_eq!(lost("drop=1").len(), 40);
    assert_eq!(lost("burst=1:1").len(), 40);
}

#[test]
fn a_stop_takes_all_that_was_due_meanwhile() {
    let packets = packets(100);
    // One millisecond from the second on is twenty packets of 50 us.
    let (line, out) = run("stop=0.001:0.001", 1, &packets);
    let silent: Vec<u64> =
        out.iter().filter(|d| d.fate == Fate::Lost).map(|d| d.at / GAP_NS).collect();
    assert_eq!(silent, (20..40).collect::<Vec<_>>());
    assert_eq!(line.counts().stopped, 20);
    assert!(line.is_silent(1_000_000) && !line.is_silent(2_000_000) && !line.is_silent(999_999));
}

#[test]
fn delay_and_jitter_keep_the_order() {
    let packets = packets(200);
    let (_, out) = run("delay=300", 1, &packets);
    assert!(out.iter().zip(0..).all(|(d, number)| d.at == number * GAP_NS + 300_000));
    let (_, out) = run("delay=300,jitter=200", 1, &packets);
    let late: Vec<u64> = out.iter().zip(0..).map(|(d, number)| d.at - number * GAP_NS).collect();
    assert!(late.iter().all(|late| (300_000..=500_000).contains(late)), "{late:?}");
    assert!(late.iter().any(|late| *late > 450_000) && late.iter().any(|late| *late < 400_000));
    assert!(out.is_sorted_by_key(|d| d.at));
    let numbers: Vec<u64> = received(&out).iter().map(|(sequence, _)| *sequence).collect();
    assert!(numbers.is_sorted());
}

#[test]
fn overtaken_packets_come_at_most_so_many_later() {
    let packets = packets(400);
    let (line, out) = run("reorder=0.2:3", 4, &packets);
    let order: Vec<u64> = received(&out).iter().map(|(sequence, _)| *sequence).collect();
    assert!(!order.is_sorted(), "nothing was overtaken");
    assert_eq!(order.iter().copied().collect::<BTreeSet<_>>().len(), order.len());
    let place: BTreeMap<u64, usize> = out.iter().map(|d| d.end).zip(0..).collect();
    let by = packets.iter().zip(0_usize..).map(|(p, was)| place[&p.end()].saturating_sub(was));
    let by: Vec<usize> = by.collect();
    // Packets that wait themselves do not count as overtaking, so two can add up.
    assert!(by.iter().all(|by| *by <= 6) && by.iter().any(|by| *by >= 3), "{by:?}");
    let overtaken = out
        .iter()
        .enumerate()
        .filter(|(at, d)| out.iter().take(*at).any(|before| before.end > d.end));
    assert_eq!(line.counts().reordered, overtaken.count() as u64);
    assert!(out.is_sorted_by_key(|d| d.at));
}

#[test]
fn nothing_is_held_back_for_long() {
    let packets = packets(2);
    let mut line = Faulty::new("reorder=1:4".parse().expect("faults"), 1);
    let mut out = vec![];
    line.packet(&packets[0], 0, &mut out);
    assert_eq!(out, [], "it waits to be overtaken");
    // The next one comes an hour later: the first has long gone.
    line.packet(&packets[1], 3_600_000_000_000, &mut out);
    assert_eq!((out.len(), out[0].at), (1, REORDER_HOLD_NS));
    line.finish(&mut out);
    assert_eq!(out.len(), 2);
    assert_eq!(line.counts().reordered, 0, "nothing overtook anything");
}

#[test]
fn corruption_changes_one_byte_of_the_message_it_reports() {
    let packets = packets(300);
    let (line, out) = run("corrupt=0.5", 2, &packets);
    let mut changed = BTreeSet::new();
    for (sequence, message) in received(&out) {
        let expected = sequence.to_be_bytes();
        assert_eq!(message.len(), expected.len());
        let differing = message.iter().zip(&expected).filter(|(a, b)| a != b).count();
        assert!(differing <= 1);
        if differing == 1 {
            changed.insert(sequence);
        }
    }
    let reported: BTreeSet<u64> =
        line.corrupted().as_slice().iter().flat_map(|range| range.first..range.end).collect();
    assert_eq!(reported, changed);
    assert_eq!(line.counts().corrupted, changed.len() as u64);
    assert!((100..200).contains(&changed.len()), "{}", changed.len());
    assert_eq!(line.missing().total(), 0, "it was carried");
}

#[test]
fn faults_draw_independently() {
    let packets = packets(2_000);
    let lost = |faults: &str| {
        let (line, _) = run(faults, 7, &packets);
        line.missing().clone()
    };
    let alone = lost("drop=0.05,burst=0.01:5");
    assert_eq!(
        lost("drop=0.05,burst=0.01:5,duplicate=0.3,reorder=0.2,corrupt=0.1,jitter=9"),
        alone
    );
    let share = lost("drop=0.05").total() as f64 / 6_000.0;
    assert!((0.04..0.06).contains(&share), "{share}");
}

/// A random text of faults.
fn any_faults() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        (0_u32..30).prop_map(|p| format!("drop={p}%")),
        (1_u32..9, 1_u32..9).prop_map(|(n, first)| format!("drop=every:{n}:{first}")),
        (1_u32..400, 0_u32..90).prop_map(|(a, n)| format!("drop=seqs:{a}-{}", a + n)),
        (1_u32..100, 0_u32..9).prop_map(|(a, n)| format!("drop=packets:{a}-{}", a + n)),
        (1_u32..40).prop_map(|n| format!("burst=0.05:{n}")),
        (0_u32..60).prop_map(|p| format!("duplicate={p}%")),
        (0_u32..60, 1_u32..9).prop_map(|(p, n)| format!("reorder={p}%:{n}")),
        (0_u32..900).prop_map(|us| format!("delay={us}")),
        (0_u32..900).prop_map(|us| format!("jitter={us}")),
        (0_u32..4).prop_map(|ms| format!("stop=0.00{ms}:0.001")),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.join(","))
}

proptest! {
    /// What was received and what was reported missing are the session, each number in one.
    #[test]
    fn what_is_missing_is_what_was_not_received(
        faults in any_faults(), seed: u64, count in 0_u64..150,
    ) {
        let packets = packets(count);
        let (line, out) = run(&faults, seed, &packets);
        let all: BTreeSet<u64> = packets.iter().flat_map(|p| p.first..p.end()).collect();
        let got = received(&out);
        let received: BTreeSet<u64> = got.iter().map(|(sequence, _)| *sequence).collect();
        let missing: BTreeSet<u64> =
            line.missing().as_slice().iter().flat_map(|r| r.first..r.end).collect();
        prop_assert_eq!(&all - &received, missing);
        for (sequence, message) in &got {
            prop_assert_eq!(&message[..], sequence.to_be_bytes());
        }
        let counts = line.counts();
        let lost = out.iter().filter(|d| d.fate == Fate::Lost).count() as u64;
        prop_assert_eq!(counts.dropped + counts.stopped, lost);
        prop_assert_eq!(out.len() as u64, count + counts.duplicated);
        prop_assert!(out.is_sorted_by_key(|d| d.at));
        let again = run(&faults, seed, &packets);
        prop_assert_eq!(again.1, out, "the same seed, another line");
    }
}
