//! Link layers, VLAN tags, IPv4 and UDP: hand-made packets, round trips, damage.

mod support;

use proptest::prelude::*;
use protocol::frame::{Checksums, FrameReject, LinkType, MAX_OVERHEAD, UdpPacket, emit, udp};
use support::hex;

/// A UDP packet with the much-quoted IPv4 header whose checksum is b861 (192.168.0.1 to
/// 192.168.0.199, 115 bytes); its 95 bytes of UDP carry no checksum.
fn known_packet() -> Vec<u8> {
    let mut bytes = hex("4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7");
    bytes.extend(hex("1000 2000 005f 0000"));
    bytes.extend((0..87).map(|n| n as u8));
    bytes
}

#[test]
fn known_header_checksum_verifies() {
    let bytes = known_packet();
    let packet = udp(LinkType::RawIp, &bytes, Checksums::Verify).expect("a valid packet");
    assert_eq!(packet.source, 0xC0A8_0001);
    assert_eq!(packet.destination, 0xC0A8_00C7);
    assert_eq!((packet.source_port, packet.destination_port), (0x1000, 0x2000));
    assert_eq!(packet.payload.len(), 87);
    assert_eq!(packet.vlan, 0);
}

/// Both checksums computed by hand, independent of the code.
#[test]
fn udp_checksum_of_hand_computed_packet() {
    // Pseudo header 0a000001 0a000002 0011 000c, UDP 0400 0035 000c, payload 61626364.
    // 0a00+0001=0a01; +0a00=1401; +0002=1403; +0011=1414; +000c=1420; +0400=1820; +0035=1855;
    // +000c=1861; +6162=79c3; +6364=dd27; complement 22d8.
    let mut bytes = hex("4500 0020 0000 0000 0111 0000 0a000001 0a000002");
    // Header: 4500+0020+0111+0a00+0001+0a00+0002 = 5a34; complement a5cb.
    bytes[10..12].copy_from_slice(&[0xA5, 0xCB]);
    bytes.extend(hex("0400 0035 000c 22d8 61626364"));
    let packet = udp(LinkType::RawIp, &bytes, Checksums::Verify).expect("a valid packet");
    assert_eq!(packet.payload, b"abcd");
    bytes[27] ^= 1;
    assert_eq!(udp(LinkType::RawIp, &bytes, Checksums::Verify), Err(FrameReject::UdpChecksum));
    assert!(udp(LinkType::RawIp, &bytes, Checksums::Ignore).is_ok());
}

/// Each reject is reached by one hand-made change of a valid packet.
#[test]
fn every_reject_is_named() {
    let ip = known_packet();
    let ethernet = |ether_type: &str, tags: &str| {
        let mut bytes = hex("01005e360c6f 020000000001");
        bytes.extend(hex(tags));
        bytes.extend(hex(ether_type));
        bytes.extend(&ip);
        bytes
    };
    let changed = |at: usize, value: u8| {
        let mut bytes = ip.clone();
        bytes[at] = value;
        bytes
    };
    use FrameReject::*;
    use LinkType::*;
    let cases: Vec<(LinkType, Vec<u8>, Checksums, FrameReject)> = vec![
        (Ethernet, hex("01005e360c6f 0200000000"), Checksums::Ignore, LinkTruncated),
        (LinuxSll, vec![0; 15], Checksums::Ignore, LinkTruncated),
        (LinuxSll2, vec![0; 19], Checksums::Ignore, LinkTruncated),
        (Null, vec![0; 3], Checksums::Ignore, LinkTruncated),
        (Loop, vec![0; 3], Checksums::Ignore, LinkTruncated),
        (Ethernet, hex("01005e360c6f 020000000001 8100 00"), Checksums::Ignore, VlanTruncated),
        (Ethernet, ethernet("0800", "88a8 0001 8100 0002 8100 0003"), Checksums::Ignore, VlanDepth),
        (Ethernet, ethernet("0806", ""), Checksums::Ignore, NotIp),
        (Ethernet, ethernet("0026", ""), Checksums::Ignore, NotIp),
        (Null, hex("00000007 4500"), Checksums::Ignore, NotIp),
        (Loop, hex("02000000 4500"), Checksums::Ignore, NotIp),
        (RawIp, changed(0, 0x55), Checksums::Ignore, NotIp),
        (Ethernet, ethernet("86dd", ""), Checksums::Ignore, Ipv6),
        (Ethernet, ethernet("86dd", "8100 0001"), Checksums::Ignore, Ipv6),
        (Null, hex("1e000000 6000"), Checksums::Ignore, Ipv6),
        (Loop, hex("00000018 6000"), Checksums::Ignore, Ipv6),
        (RawIp, changed(0, 0x65), Checksums::Ignore, Ipv6),
        (RawIp, vec![], Checksums::Ignore, IpTruncated),
        (RawIp, ip[..19].to_vec(), Checksums::Ignore, IpTruncated),
        (RawIp, ip[..114].to_vec(), Checksums::Ignore, IpTruncated),
        (Loop, [hex("00000002"), changed(0, 0x55)].concat(), Checksums::Ignore, IpVersion),
        (RawIp, changed(0, 0x44), Checksums::Ignore, IpHeaderLength),
        (RawIp, changed(3, 0x13), Checksums::Ignore, IpLength),
        (RawIp, changed(10, 0xB9), Checksums::Verify, IpChecksum),
        (RawIp, changed(6, 0x20), Checksums::Ignore, Fragment),
        (RawIp, changed(7, 0x01), Checksums::Ignore, Fragment),
        (RawIp, changed(9, 6), Checksums::Ignore, NotUdp),
        (RawIp, changed(3, 0x1B), Checksums::Ignore, UdpTruncated),
        (RawIp, changed(25, 0x07), Checksums::Ignore, UdpLength),
        (RawIp, changed(25, 0x60), Checksums::Ignore, UdpLength),
        (RawIp, changed(27, 0x01), Checksums::Verify, UdpChecksum),
    ];
    let mut reached = [false; FrameReject::ALL.len()];
    for (link, bytes, checks, reject) in cases {
        assert_eq!(udp(link, &bytes, checks), Err(reject), "{link:?} {bytes:02x?}");
        reached[reject.index()] = true;
    }
    for reject in FrameReject::ALL {
        assert!(reached[reject.index()], "{reject} has no case");
        assert_eq!(FrameReject::ALL[reject.index()], reject);
    }
}

/// The innermost of two tags is the network the packet is for; priority bits do not count.
#[test]
fn vlan_tags_are_followed() {
    let payload = known_packet();
    for (tags, vlan) in
        [("", 0), ("8100 e123", 0x123), ("88a8 0064 8100 0065", 0x65), ("9100 0007", 7)]
    {
        let mut bytes = hex("01005e360c6f 020000000001");
        bytes.extend(hex(tags));
        bytes.extend(hex("0800"));
        bytes.extend(&payload);
        let packet = udp(LinkType::Ethernet, &bytes, Checksums::Verify).expect("a valid packet");
        assert_eq!(packet.vlan, vlan, "{tags}");
    }
}

/// Options are skipped by the header length; padding behind the datagram is cut off.
#[test]
fn options_and_padding() {
    let mut bytes = hex("4600 0024 0000 0000 0111 0000 0a000001 0a000002 94040000");
    bytes.extend(hex("0400 0035 000a 0000 6162"));
    bytes.extend([0xEE; 20]);
    // UDP length 10 in 12 bytes of IPv4 payload: two bytes belong to nobody.
    let packet = udp(LinkType::RawIp, &bytes, Checksums::Ignore).expect("a valid packet");
    assert_eq!(packet.payload, b"ab");
}

/// NULL carries the family in the order of whoever captured.
#[test]
fn null_in_both_byte_orders() {
    let ip = known_packet();
    for family in ["02000000", "00000002"] {
        let bytes = [hex(family), ip.clone()].concat();
        assert!(udp(LinkType::Null, &bytes, Checksums::Verify).is_ok(), "{family}");
    }
}

#[test]
fn multicast_group_gives_its_mac() {
    let packet = UdpPacket {
        source: 0x0A00_0001,
        destination: 0xE936_0C6F,
        source_port: 1,
        destination_port: 2,
        vlan: 0,
        payload: b"x",
    };
    let mut out = [0; 64];
    emit(LinkType::Ethernet, &packet, &mut out).expect("it fits");
    assert_eq!(out[..6], hex("01005e360c6f"));
}

#[test]
fn emission_refuses_what_does_not_fit() {
    let payload = vec![0; 65_508];
    let mut packet = UdpPacket {
        source: 1,
        destination: 2,
        source_port: 3,
        destination_port: 4,
        vlan: 5,
        payload: &payload,
    };
    let mut out = vec![0; 70_000];
    assert_eq!(emit(LinkType::Ethernet, &packet, &mut out), None, "beyond one datagram");
    packet.payload = &payload[..65_507];
    assert_eq!(emit(LinkType::RawIp, &packet, &mut out), Some(65_535));
    packet.payload = &payload[..10];
    for link in LinkType::ALL {
        let taken = emit(link, &packet, &mut out).expect("it fits");
        assert!(taken <= 10 + MAX_OVERHEAD);
        for room in 0..taken {
            assert_eq!(emit(link, &packet, &mut out[..room]), None, "{link:?} {room}");
        }
    }
}

fn link_types() -> impl Strategy<Value = LinkType> {
    prop::sample::select(LinkType::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What is emitted is parsed back; every cut and every flipped bit is rejected or harmless.
    #[test]
    fn round_trip_and_damage(
        link in link_types(),
        addresses: [u32; 2],
        ports: [u16; 2],
        vlan in 0_u16..4096,
        payload in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let tagged = matches!(link, LinkType::Ethernet | LinkType::LinuxSll | LinkType::LinuxSll2);
        let vlan = if tagged { vlan } else { 0 };
        let ([source, destination], [source_port, destination_port]) = (addresses, ports);
        let payload = &payload[..];
        let packet =
            UdpPacket { source, destination, source_port, destination_port, vlan, payload };
        let mut out = vec![0xAA; payload.len() + MAX_OVERHEAD];
        let length = emit(link, &packet, &mut out).expect("it fits");
        out.truncate(length);
        prop_assert_eq!(udp(link, &out, Checksums::Verify), Ok(packet));
        for cut in 0..length {
            prop_assert!(udp(link, &out[..cut], Checksums::Verify).is_err(), "cut at {}", cut);
        }
        let network = length - payload.len() - 28;
        for bit in 0..length * 8 {
            out[bit / 8] ^= 1 << (bit % 8);
            let damaged = udp(link, &out, Checksums::Verify);
            if bit / 8 >= network {
                // Ones' complement sums find every single flipped bit; the one exception clears
                // the checksum itself to zero, "not computed", and leaves the content whole. But a
                // length made shorter takes words out of the sum, which one in 65,536 times fits.
                let length = (network + 24..network + 26).contains(&(bit / 8));
                let same = damaged == Ok(packet);
                prop_assert!(damaged.is_err() || same || length, "bit {}", bit);
            }
            let _ = udp(link, &out, Checksums::Ignore);
            out[bit / 8] ^= 1 << (bit % 8);
        }
    }

    /// Any bytes: an answer, never a panic.
    #[test]
    fn arbitrary_bytes(link in link_types(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(packet) = udp(link, &bytes, Checksums::Ignore) {
            prop_assert!(packet.payload.len() + 28 <= bytes.len());
        }
    }
}
