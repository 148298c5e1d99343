//! Packets that are no datagram for us: each is dropped under its name, and what it carried is a
//! gap of exactly its messages.

use wire::payload::GapBegin;
use wire::record::first_difference;

use super::{Folder, NAME, Played, captured, datagrams, messages, play_packets};
use crate::common::files::{Link, ipv4, seal, udp};

/// Changes a byte of an IPv4 packet.
type Damage = fn(&mut Vec<u8>);

/// Damages of the packet that begins with the IPv4 header; those before the second list have
/// their header sealed again, so that only what is meant is wrong.
const SEALED: [(&str, Damage); 9] = [
    ("fragment", |p| p[6] |= 0x20),
    ("fragment", |p| p[7] = 1),
    ("not_udp", |p| p[9] = 6),
    ("not_udp", |p| p[9] = 1),
    ("ip_length", |p| p[2..4].copy_from_slice(&[0, 19])),
    ("ip_truncated", |p| p[3] = p[3].wrapping_add(1)),
    ("udp_length", |p| p[24..26].copy_from_slice(&[0, 7])),
    ("udp_length", |p| p[25] = p[25].wrapping_add(1)),
    ("udp_truncated", |p| {
        p.truncate(27);
        p[2..4].copy_from_slice(&[0, 27]);
    }),
];

const UNSEALED: [(&str, Damage); 9] = [
    ("ip_checksum", |p| p[10] ^= 0x40),
    ("ip_checksum", |p| p[8] -= 1),
    ("ip_checksum", |p| p[19] ^= 1),
    ("udp_checksum", |p| p[26] ^= 0x10),
    ("udp_checksum", |p| *p.last_mut().expect("bytes") ^= 0x80),
    ("udp_checksum", |p| p[22] ^= 1),
    ("ip_version", |p| p[0] = 0x55),
    ("ipv6", |p| p[0] = 0x65),
    ("ip_header_length", |p| p[0] = 0x44),
];

/// Plays the stream with packet `at` replaced.
fn replaced(folder: &Folder, at: usize, packet: Vec<u8>) -> Played {
    let mut packets = captured();
    packets[at].1 = packet;
    play_packets(folder, &packets)
}

/// Whatever replaces packet 3 is dropped as `name`; the rest is as if it had never come.
fn assert_dropped(folder: &Folder, name: &'static str, packet: Vec<u8>) {
    let played = replaced(folder, 3, packet);
    assert_eq!(played.refusals(), [(name, 1)], "{name}");
    // Packets carry 1, 2, 3, 4, ... messages: the fourth has 7 to 10.
    let gaps = played.lane.publisher.outlet.of::<GapBegin>();
    let ranges: Vec<_> = gaps.iter().map(|gap| (gap.first, gap.end)).collect();
    assert_eq!(ranges, [(7, 11)], "{name}");
    assert_eq!(played.taken() + played.lane.gaps.missing(), 30, "{name}");
    let mut without = captured();
    without.remove(3);
    let without = play_packets(folder, &without);
    assert_eq!(first_difference(played.records(), without.records()), None, "{name}");
    assert_eq!(played.lane.publisher.counts.packets, 9);
}

#[test]
fn ip_and_udp() {
    let folder = Folder::new();
    let datagram = &datagrams(NAME, &messages())[3];
    for (name, damage) in SEALED {
        let mut packet = ipv4(&udp(datagram), &[]);
        damage(&mut packet);
        assert_dropped(&folder, name, Link::Ethernet.around(&seal(packet)));
    }
    for (name, damage) in UNSEALED {
        let mut packet = ipv4(&udp(datagram), &[]);
        damage(&mut packet);
        assert_dropped(&folder, name, Link::Ethernet.around(&packet));
    }
}

#[test]
fn link_layers() {
    let folder = Folder::new();
    let ip = ipv4(&udp(&datagrams(NAME, &messages())[3]), &[]);
    let macs = &Link::Ethernet.header()[..12];
    let behind = |types: &[u8]| [macs, types, &ip].concat();
    assert_dropped(&folder, "not_ip", behind(&[8, 6]));
    assert_dropped(&folder, "ipv6", behind(&[0x86, 0xDD]));
    assert_dropped(&folder, "not_ip", behind(&[0, 60]));
    let tag = [0x81, 0, 0, 5];
    let tags = [&tag[..], &tag, &tag, &[8, 0]].concat();
    assert_dropped(&folder, "vlan_depth", behind(&tags));
    assert_dropped(&folder, "vlan_truncated", [macs, &[0x81, 0, 0]].concat());
    assert_dropped(&folder, "link_truncated", macs.to_vec());
    assert_dropped(&folder, "link_truncated", vec![]);
    assert_dropped(&folder, "ip_truncated", [macs, &[8, 0], &ip[..19]].concat());
}

#[test]
fn ignored_checksums_are_not_looked_at() {
    let folder = Folder::new();
    let mut packets = captured();
    for (_, packet) in &mut packets {
        packet[14 + 10] ^= 0x40;
        packet[14 + 26] ^= 0x40;
    }
    let path = folder.write("a.pcap", &crate::common::files::pcap(false, true, 1, &packets));
    let config = feed::lane::LaneConfig {
        checksums: protocol::frame::Checksums::Ignore,
        ..crate::common::config()
    };
    let mut lane = crate::common::lane_with(config, crate::common::Sizes::default());
    crate::common::files::play(&mut lane, &[&path]).expect("played");
    assert_eq!(crate::common::refusals(&lane), []);
    let whole = play_packets(&folder, &captured());
    assert_eq!(first_difference(&lane.publisher.outlet.records, whole.records()), None);
}

#[test]
fn only_configured_groups_are_taken_and_name_the_line() {
    let folder = Folder::new();
    let file = crate::common::files::pcap(false, true, 1, &captured());
    let path = folder.write("a.pcap", &file);
    let group = u32::from_be_bytes(crate::common::files::GROUP);
    let port = crate::common::files::PORT;
    let played = |groups: Vec<(u32, u16)>| {
        let config = feed::lane::LaneConfig { groups, ..crate::common::config() };
        let mut lane = crate::common::lane_with(config, crate::common::Sizes::default());
        crate::common::files::play(&mut lane, &[&path]).expect("played");
        lane
    };
    let lane = played(vec![(group + 1, port), (group, port)]);
    let lines = lane.publisher.outlet.records.iter().filter(|r| r.ts_venue != 0);
    assert!(lines.clone().all(|r| r.origin.line() == 2) && lines.count() > 0);
    let lane = played(vec![(group, port + 1)]);
    assert_eq!(crate::common::refusals(&lane), [("other_group", 9)]);
    assert_eq!(lane.publisher.outlet.records, []);
}
