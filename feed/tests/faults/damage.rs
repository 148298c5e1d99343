//! Rows 6 to 8: packets that are damaged, that lie, or that are of no form we take.

use std::collections::BTreeSet;

use feed::lane::Lane;
use feed::net::chaos::{Chance, Chaos, ChaosSpec, Fault};
use feed::net::{Layer, Packet};
use protocol::frame::LinkType;
use wire::StampBy;
use wire::record::first_difference;

use crate::common::collect::Collect;
use crate::common::files::{Link, ipv4, seal, udp};
use crate::common::packets::{SESSION, mold};
use crate::common::{self, itch};
use crate::stage::{self, Timed, assert_accounts, declared, packet, play, ranges, stream, truth};

const RAW: Layer = Layer::Link(LinkType::RawIp);
const ETHERNET: Layer = Layer::Link(LinkType::Ethernet);

fn give(lane: &mut Lane<Collect>, layer: Layer, bytes: &[u8], now: u64) {
    let packet = Packet { bytes, layer, ts_receive: now, stamp: StampBy::Kernel, line: 1 };
    lane.packet(&packet, now);
    lane.end_poll(false, now);
}

/// What was refused, whatever its name.
fn refused(lane: &Lane<Collect>) -> u64 {
    common::refusals(lane).iter().map(|&(_, count)| count).sum()
}

#[test]
fn row_06_corrupt_packets_are_refused_without_the_kernels_help() {
    // As from a NIC that checks nothing: IPv4 and UDP headers and all, one bit of 1 % flipped.
    let messages = stream(61, 30_000);
    let mut timed = Timed::of(&messages, 1);
    timed.layer = Some(RAW);
    timed.sent.iter_mut().for_each(|sent| sent.bytes = ipv4(&udp(&sent.bytes), &[]));
    let corrupt = Chance { probability: 0.01, most: 1 };
    let spec = ChaosSpec { seed: 61, corrupt, ..ChaosSpec::default() };
    let mut source = Chaos::new(timed, spec).logged();
    let mut lane = stage::lane(1);
    let now = play(&mut lane, &mut source);
    let end = ipv4(&udp(&crate::common::packets::heartbeat(SESSION, 30_001)), &[]);
    give(&mut lane, RAW, &end, now);
    let log = source.log().iter().filter(|l| l.fault == Fault::Corrupted);
    let damaged: BTreeSet<u64> = log.map(|l| l.index + 1).collect();
    assert!(damaged.len() > 200);
    assert_eq!(declared(&lane), damaged, "each damaged packet is missing, and no other");
    let book = ["unknown_reference", "over_execution", "over_reduction"];
    let of_packets = common::refusals(&lane);
    let of_packets = of_packets.iter().filter(|(name, _)| !book.contains(name));
    assert_eq!(of_packets.map(|&(_, n)| n).sum::<u64>(), damaged.len() as u64);
    assert_accounts(&lane, &messages);

    // Every bit of one packet, one at a time.
    let good = ipv4(&udp(&packet(&messages, 1)), &[]);
    for bit in 0..good.len() * 8 {
        let mut lane = stage::lane(1);
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        give(&mut lane, RAW, &bad, 1);
        assert_eq!((refused(&lane), lane.expected()), (1, 1), "bit {bit}");
        assert_eq!(lane.publisher.outlet.records, []);
    }
    println!(
        "row 6: {} of 30,000 packets damaged, all refused; {} single bits, all refused",
        damaged.len(),
        good.len() * 8
    );
}

#[test]
fn row_07_lies_are_refused_whole_and_the_session_goes_on() {
    let messages: Vec<_> = (1..=12).map(|n| itch::bid(n, n, 5, 100)).collect();
    let good = mold(SESSION, 5, &messages[4..8]);
    let with = |at: usize, new: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    };
    let mut lies: Vec<Vec<u8>> = (0..good.len()).map(|length| good[..length].to_vec()).collect();
    lies.extend((1..40).map(|more| [&good[..], &vec![0; more]].concat()));
    lies.extend((0..=0xFFFFu16).filter(|&n| n != 4).map(|n| with(18, &n.to_be_bytes())));
    lies.extend((0..=0xFFFFu16).filter(|&n| n != 36).map(|n| with(20, &n.to_be_bytes())));
    let mut tried = 0;
    for lie in &lies {
        let mut lane = stage::lane(1);
        give(&mut lane, Layer::Udp, &mold(SESSION, 1, &messages[..4]), 1);
        give(&mut lane, Layer::Udp, lie, 2);
        assert_eq!((refused(&lane), lane.expected()), (1, 5), "{:?}", &lie[..lie.len().min(24)]);
        give(&mut lane, Layer::Udp, &mold(SESSION, 9, &messages[8..]), 3);
        assert_eq!(ranges(&lane), [(5, 9)], "what it carried is missing, exactly");
        assert_eq!((lane.expected(), refused(&lane)), (13, 1));
        tried += 1;
    }
    println!("row 7: {tried} truncations, surpluses, counts and lengths: each refused and counted");
}

#[test]
fn row_08_forms_of_frames_are_read_or_counted() {
    let messages = stream(8, 400);
    let whole = truth(&messages);
    // Taken: VLAN tags, IP options, a jumbo frame of 9,000 bytes.
    type Frame = fn(&[u8]) -> Vec<u8>;
    let taken: [Frame; 5] = [
        |datagram| Link::Ethernet.packet(datagram),
        |datagram| Link::Vlan.packet(datagram),
        |datagram| Link::QinQ.packet(datagram),
        |datagram| Link::Ethernet.around(&ipv4(&udp(datagram), &[1; 4])),
        |datagram| Link::Vlan.around(&ipv4(&udp(datagram), &[1; 40])),
    ];
    for frame in taken {
        let mut lane = stage::lane(1);
        for number in 1..=messages.len() as u64 {
            give(&mut lane, ETHERNET, &frame(&packet(&messages, number)), number);
        }
        let (got, wanted) = (&lane.publisher.outlet.records, &whole.publisher.outlet.records);
        assert_eq!(first_difference(got, wanted), None);
    }
    let mut jumbo = stage::lane(1);
    let mut bytes = 0;
    for (at, block) in (0u64..).zip(messages.chunks(200)) {
        let frame = Link::Ethernet.packet(&mold(SESSION, at * 200 + 1, block));
        bytes = bytes.max(frame.len());
        give(&mut jumbo, ETHERNET, &frame, at + 1);
    }
    assert!(bytes > 6_000, "{bytes}");
    let (got, wanted) = (&jumbo.publisher.outlet.records, &whole.publisher.outlet.records);
    assert_eq!(first_difference(got, wanted), None);

    // Not taken, and said so by name: fragments, IPv6, more tags than there are, other protocols.
    let macs = Link::Ethernet.header()[..12].to_vec();
    let ip = |change: fn(&mut Vec<u8>)| {
        let mut packet = ipv4(&udp(&packet(&messages, 3)), &[]);
        change(&mut packet);
        Link::Ethernet.around(&seal(packet))
    };
    let plain = ipv4(&udp(&packet(&messages, 3)), &[]);
    let tagged = [&macs[..], &[0x81, 0, 0, 5], &[0x81, 0, 0, 6], &[0x81, 0, 0, 7], &[8, 0], &plain];
    let refused: [(&str, Vec<u8>); 6] = [
        ("fragment", ip(|p| p[6] |= 0x20)),
        ("fragment", ip(|p| p[7] = 9)),
        ("not_udp", ip(|p| p[9] = 6)),
        ("ipv6", [&macs[..], &[0x86, 0xDD], &plain].concat()),
        ("not_ip", [&macs[..], &[8, 6], &plain].concat()),
        ("vlan_depth", tagged.concat()),
    ];
    for (name, frame) in refused {
        let mut lane = stage::lane(1);
        give(&mut lane, ETHERNET, &Link::Ethernet.packet(&packet(&messages, 1)), 1);
        give(&mut lane, ETHERNET, &Link::Ethernet.packet(&packet(&messages, 2)), 2);
        give(&mut lane, ETHERNET, &frame, 3);
        assert_eq!(common::refusals(&lane), [(name, 1)]);
        give(&mut lane, ETHERNET, &Link::Ethernet.packet(&packet(&messages, 4)), 4);
        assert_eq!(ranges(&lane), [(3, 4)], "{name}");
    }
    println!("row 8: 5 forms and a frame of {bytes} bytes taken; 6 forms refused by name");
}
