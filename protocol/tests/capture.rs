//! pcap and pcapng: hand-made files in both byte orders, round trips, cuts, damage, windows.

mod support;

use proptest::prelude::*;
use protocol::capture::{CaptureReject, FileType, MAX_PACKET, Packet, detect, write};
use protocol::frame::LinkType;
use support::{Capture, Owned, hex, read_capture};

fn one(capture: &Capture) -> &Owned {
    assert_eq!((capture.packets.len(), &capture.rejects[..], capture.fatal), (1, &[][..], None));
    &capture.packets[0]
}

/// 2020-01-30 12:00:00.000000005 UTC is second 1,580,385,600 = 0x5E32C540.
#[test]
fn pcap_in_both_orders_and_units() {
    let big = "0002 0004 00000000 00000000 0000ffff 00000071";
    let little = "0200 0400 00000000 00000000 ffff0000 71000000";
    let files = [
        (format!("a1b2c3d4 {big} 5e32c540 00000005 00000003 00000009 616263"), 5_000),
        (format!("a1b23c4d {big} 5e32c540 00000005 00000003 00000009 616263"), 5),
        (format!("d4c3b2a1 {little} 40c5325e 05000000 03000000 09000000 616263"), 5_000),
        (format!("4d3cb2a1 {little} 40c5325e 05000000 03000000 09000000 616263"), 5),
    ];
    for (text, fraction_ns) in files {
        let file = hex(&text);
        assert_eq!(detect(&file), FileType::Pcap);
        let expected = Owned {
            ts_ns: 1_580_385_600_000_000_000 + fraction_ns,
            link: LinkType::LinuxSll,
            data: b"abc".to_vec(),
            original_length: 9,
        };
        assert_eq!(one(&read_capture(&file, 1)), &expected, "{text}");
    }
}

#[test]
fn detection_by_magic() {
    assert_eq!(detect(&hex("0a0d0d0a")), FileType::PcapNg);
    assert_eq!(detect(&hex("1f8b0800")), FileType::Gzip);
    assert_eq!(detect(&hex("28b52ffd")), FileType::Zstd);
    assert_eq!(detect(&hex("000c5300")), FileType::Unknown);
    assert_eq!(detect(&[]), FileType::Unknown);
    for (text, reason) in [
        ("000c5300 00000000", CaptureReject::UnknownFormat),
        ("1f8b0800 00000000", CaptureReject::UnknownFormat),
        ("", CaptureReject::HeaderTruncated),
        ("d4c3", CaptureReject::HeaderTruncated),
        ("d4c3b2a1 0200", CaptureReject::HeaderTruncated),
    ] {
        assert_eq!(read_capture(&hex(text), 64).fatal, Some(reason), "{text}");
    }
}

#[test]
fn pcap_rejects_are_named() {
    let header = "d4c3b2a1 0200 0400 00000000 00000000 ffff0000";
    let link = "01000000";
    let record = "00000000 01000000 02000000 02000000 6162";
    let read = |text: String| read_capture(&hex(&text), 64);

    let unknown = read(format!("{header} 93000000 {record}"));
    assert_eq!(unknown.fatal, Some(CaptureReject::LinkUnknown));

    let cut = read(format!("{header} {link} {record} 00000000 01000000 05000000 05000000 6162"));
    assert_eq!((cut.packets.len(), &cut.rejects[..]), (1, &[CaptureReject::PacketTruncated][..]));
    let cut = read(format!("{header} {link} 000000"));
    assert_eq!(cut.rejects, [CaptureReject::PacketTruncated]);

    // 1,000,000 microseconds are a second; the next packet is found again.
    let late = read(format!("{header} {link} 00000000 40420f00 02000000 02000000 6162 {record}"));
    assert_eq!(late.rejects, [CaptureReject::TimestampFraction]);
    assert_eq!(late.packets.len(), 1);

    let huge = read(format!("{header} {link} 00000000 00000000 01000400 02000000 6162"));
    assert_eq!(huge.fatal, Some(CaptureReject::PacketTooLarge));
}

/// A block in either byte order.
fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let word = |w: u32| if big { w.to_be_bytes() } else { w.to_le_bytes() };
    let length = 12 + body.len() as u32;
    [&word(kind)[..], &word(length), body, &word(length)].concat()
}

fn section(big: bool) -> Vec<u8> {
    let body = if big { "1a2b3c4d 0001 0000" } else { "4d3c2b1a 0100 0000" };
    block(big, 0x0A0D_0D0A, &[hex(body), vec![0xFF; 8]].concat())
}

/// An enhanced packet of interface 0 with `data` "abcd".
fn enhanced(big: bool, high: u32, low: u32) -> Vec<u8> {
    let word = |w: u32| if big { w.to_be_bytes() } else { w.to_le_bytes() };
    let words: Vec<u8> = [0, high, low, 4, 9].into_iter().flat_map(word).collect();
    block(big, 6, &[words, b"abcd".to_vec()].concat())
}

#[test]
fn pcapng_resolutions_and_offsets() {
    // Options of the interface, ticks of the packet (high, low), expected nanoseconds.
    let cases: [(&str, (u32, u32), u64); 9] = [
        ("", (0, 7), 7_000),
        ("0009 0001 06 000000 0000 0000", (0, 7), 7_000),
        ("0009 0001 09 000000 0000 0000", (1, 7), (1 << 32) + 7),
        ("0009 0001 00 000000", (0, 7), 7_000_000_000),
        // 10^-12: picoseconds, 7,999 of them are 7 ns.
        ("0009 0001 0c 000000", (0, 7_999), 7),
        // 10^-60: shorter than anything.
        ("0009 0001 3c 000000", (u32::MAX, u32::MAX), 0),
        // 2^-10: 512 ticks are half a second.
        ("0009 0001 8a 000000", (0, 512), 500_000_000),
        ("0009 0001 ff 000000", (u32::MAX, 0), 0),
        // Offset of 100 s, after a comment whose 3 bytes are padded.
        ("0001 0003 616263 00 000e 0008 0000000000000064", (0, 7), 100_000_007_000),
    ];
    for (options, (high, low), expected) in cases {
        let interface = [hex("0001 0000 00000000"), hex(options)].concat();
        let file = [section(true), block(true, 1, &interface), enhanced(true, high, low)].concat();
        let capture = read_capture(&file, 5);
        let packet = one(&capture);
        assert_eq!(packet.ts_ns, expected, "{options}");
        assert_eq!((&packet.data[..], packet.original_length), (&b"abcd"[..], 9));
    }
}

#[test]
fn pcapng_sections_change_byte_order_and_forget_interfaces() {
    let big_interface = block(true, 1, &hex("0071 0000 00000000"));
    let little_interface = block(false, 1, &hex("0100 0000 00000000"));
    let file = [
        section(true),
        big_interface,
        enhanced(true, 0, 1),
        section(false),
        enhanced(false, 0, 2),
        little_interface,
        enhanced(false, 0, 3),
    ]
    .concat();
    let capture = read_capture(&file, 7);
    let seen: Vec<_> = capture.packets.iter().map(|p| (p.ts_ns, p.link)).collect();
    assert_eq!(seen, [(1_000, LinkType::LinuxSll), (3_000, LinkType::Ethernet)]);
    assert_eq!(capture.rejects, [CaptureReject::InterfaceUnknown]);
}

#[test]
fn pcapng_simple_and_obsolete_packets() {
    // Snap length 3: a simple packet of 9 bytes holds 3, padded to 4.
    let interface = block(false, 1, &hex("0100 0000 03000000"));
    let simple = block(false, 3, &hex("09000000 616263 00"));
    let obsolete = block(false, 2, &hex("0000 0500 00000000 07000000 02000000 08000000 6162 0000"));
    let file = [section(false), interface, simple, obsolete].concat();
    let capture = read_capture(&file, 3);
    assert_eq!(capture.rejects, []);
    let seen: Vec<_> =
        capture.packets.iter().map(|p| (p.ts_ns, &p.data[..], p.original_length)).collect();
    assert_eq!(seen, [(0, &b"abc"[..], 9), (7_000, &b"ab"[..], 8)]);
}

#[test]
fn pcapng_rejects_are_named() {
    let start = [section(false), block(false, 1, &hex("0100 0000 00000000"))].concat();
    let read = |blocks: &[Vec<u8>]| {
        read_capture(&[start.clone(), blocks.concat(), enhanced(false, 0, 1)].concat(), 64)
    };
    let mut trailer = enhanced(false, 0, 1);
    let last = trailer.len() - 1;
    trailer[last] = 1;
    let long = block(false, 6, &hex("00000000 00000000 00000000 05000000 05000000 61626364"));
    let other = block(false, 6, &hex("01000000 00000000 00000000 00000000 00000000"));
    let short = block(false, 6, &hex("00000000 00000000"));
    let unread = block(false, 0x0BAD, &vec![7; 500_000]);
    let large = block(false, 6, &vec![7; 500_000]);
    for (name, blocks, rejects) in [
        ("trailer", vec![trailer], vec![CaptureReject::BlockTrailer]),
        ("captured", vec![long], vec![CaptureReject::CapturedLength]),
        ("interface", vec![other], vec![CaptureReject::InterfaceUnknown]),
        ("short", vec![short], vec![CaptureReject::BlockLength]),
        ("unread", vec![unread], vec![]),
        ("large", vec![large], vec![CaptureReject::BlockTooLarge]),
    ] {
        let capture = read(&blocks);
        assert_eq!((capture.rejects, capture.fatal), (rejects, None), "{name}");
        assert_eq!(capture.packets.len(), 1, "{name}: the next packet is found");
    }
    let odd = hex("06000000 0d000000 00000000 00");
    assert_eq!(read(&[odd]).fatal, Some(CaptureReject::BlockLength));
    let order = [block(false, 0x0A0D_0D0A, &hex("00000000 0100 0000")), vec![0; 20]].concat();
    assert_eq!(read_capture(&order, 64).fatal, Some(CaptureReject::ByteOrder));
    // Ticks before 1970 and interfaces whose packets cannot be read.
    for (interface, reason) in [
        ("0100 0000 00000000 0e00 0800 ffffffffffffffff", CaptureReject::TimestampRange),
        ("0100 0000 00000000 0900 0200 0600 0000", CaptureReject::InterfaceOptions),
        ("0100 0000 00000000 0900 ffff 0600 0000", CaptureReject::InterfaceOptions),
        ("9300 0000 00000000", CaptureReject::LinkUnknown),
        ("0100 0000", CaptureReject::BlockLength),
    ] {
        let file =
            [section(false), block(false, 1, &hex(interface)), enhanced(false, 0, 1)].concat();
        assert_eq!(read_capture(&file, 64).rejects, [reason], "{interface}");
    }
}

#[test]
fn writers_refuse_what_readers_would() {
    let data = vec![0; MAX_PACKET + 1];
    let mut packet = Packet { ts_ns: 0, link: LinkType::Ethernet, data: &data, original_length: 1 };
    let mut out = Vec::new();
    assert!(!write::pcap_packet(&mut out, &packet));
    assert!(!write::pcapng_packet(&mut out, 0, &packet));
    packet.data = &[];
    packet.ts_ns = u64::MAX;
    assert!(!write::pcap_packet(&mut out, &packet), "beyond 32 bits of seconds");
    assert!(out.is_empty());
    assert!(write::pcapng_packet(&mut out, 0, &packet));
}

fn packets() -> impl Strategy<Value = Vec<Owned>> {
    let link = prop::sample::select(LinkType::ALL.to_vec());
    let one = (0..4_000_000_000_000_000_000_u64, prop::collection::vec(any::<u8>(), 0..40));
    (link, prop::collection::vec(one, 0..5)).prop_map(|(link, many)| {
        many.into_iter()
            .map(|(ts_ns, data)| Owned {
                ts_ns,
                link,
                original_length: data.len() as u32 + 7,
                data,
            })
            .collect()
    })
}

/// A pcap and a pcapng file of the same packets.
fn written(packets: &[Owned]) -> [Vec<u8>; 2] {
    let link = packets.first().map_or(LinkType::Ethernet, |packet| packet.link);
    let [mut pcap, mut pcapng] = [Vec::new(), Vec::new()];
    write::pcap_header(&mut pcap, link);
    write::pcapng_header(&mut pcapng);
    write::pcapng_interface(&mut pcapng, link);
    for p in packets {
        let packet =
            Packet { ts_ns: p.ts_ns, link, data: &p.data, original_length: p.original_length };
        assert!(write::pcap_packet(&mut pcap, &packet));
        assert!(write::pcapng_packet(&mut pcapng, 0, &packet));
    }
    [pcap, pcapng]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever window is shown, the same packets come out.
    #[test]
    fn round_trip(packets in packets(), chunk in 1_usize..200) {
        for file in written(&packets) {
            let capture = read_capture(&file, chunk);
            prop_assert_eq!(&capture.packets, &packets);
            prop_assert_eq!((capture.rejects.len(), capture.fatal), (0, None));
        }
    }

    /// A cut file gives the whole packets before the cut, and says that it was cut.
    #[test]
    fn every_cut(packets in packets()) {
        for file in written(&packets) {
            for cut in 0..file.len() {
                let capture = read_capture(&file[..cut], 64);
                let whole = capture.packets.len();
                prop_assert_eq!(&capture.packets[..], &packets[..whole]);
                let told = capture.rejects.len() + usize::from(capture.fatal.is_some());
                prop_assert!(told <= 1);
                // Untold only where a record ended: the file begun with these packets alone.
                if told == 0 {
                    let alone = written(&packets[..whole]);
                    let headers = written(&packets[..0]);
                    let ends = |f: &Vec<u8>| f.len() == cut;
                    let shorter = cut < headers[1].len();
                    prop_assert!(alone.iter().any(ends) || shorter, "cut at {}", cut);
                }
            }
        }
    }

    /// A flipped bit: the reader ends, without panic and within the file.
    #[test]
    fn every_flipped_bit(packets in packets()) {
        for mut file in written(&packets) {
            for bit in 0..file.len() * 8 {
                file[bit / 8] ^= 1 << (bit % 8);
                let capture = read_capture(&file, 4096);
                prop_assert!(capture.packets.len() <= packets.len());
                file[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..99) {
        for start in ["", "0a0d0d0a 1c000000 4d3c2b1a", "d4c3b2a1 0200"] {
            read_capture(&[hex(start), bytes.clone()].concat(), chunk);
        }
    }
}
