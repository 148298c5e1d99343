//! Real recordings: every packet is walked to its last byte or rejected by name.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use protocol::capture::CaptureReject;
use protocol::frame::moldudp64::{MoldKind, MoldPacket};
use protocol::frame::{Checksums, FrameReject, LinkType, udp};
use protocol::venue::nasdaq::decode;
use protocol::venue::nasdaq::{file, message_name};
use support::{Capture, files, read_capture, recordings};

fn capture_of(path: &Path) -> Capture {
    read_capture(&std::fs::read(path).expect("a readable recording"), 4096)
}

/// Single packets with the headers of the real network verify fully; those with rewritten
/// headers are known by a wrong IP checksum.
#[test]
fn nasdaq_vectors_walk_without_residue() {
    let Some(data) = recordings("nasdaq_vectors_walk_without_residue") else { return };
    let (mut packets, mut messages, mut rewritten) = (0, 0, 0);
    for path in files(&data.join("packets/vectors/nasdaq"), "pcap") {
        let is_rewritten = path.to_string_lossy().contains(".20230822");
        let capture = capture_of(&path);
        assert_eq!((capture.rejects.len(), capture.fatal), (0, None), "{path:?}");
        for packet in &capture.packets {
            let verified = udp(packet.link, &packet.data, Checksums::Verify);
            let read = udp(packet.link, &packet.data, Checksums::Ignore).expect("UDP");
            if is_rewritten {
                assert_eq!(verified, Err(FrameReject::IpChecksum), "{path:?}");
                rewritten += 1;
            } else {
                assert_eq!(verified, Ok(read), "{path:?}");
                assert_eq!(read.destination, 0xE936_0C6F, "233.54.12.111");
                assert_eq!(read.destination_port, 26_477);
                assert_ne!(read.vlan, 0);
            }
            let mold = MoldPacket::parse(read.payload).expect("no residue");
            assert_eq!(mold.session == [0; 10], is_rewritten, "{path:?}");
            assert!(matches!(mold.kind, MoldKind::Data(_)));
            for message in mold.messages() {
                decode(message).expect("a message of the specification");
                messages += 1;
            }
            packets += 1;
        }
    }
    println!("{packets} packets, {rewritten} with rewritten headers, {messages} messages");
    assert!(packets > rewritten && rewritten > 0 && messages >= packets);
}

/// Every bit of the smaller vectors flipped, every length cut: an answer, never a panic.
#[test]
fn damaged_vectors_are_answered() {
    let Some(data) = recordings("damaged_vectors_are_answered") else { return };
    let mut damaged = 0_u64;
    for path in files(&data.join("packets/vectors"), "pcap") {
        let mut file = std::fs::read(&path).expect("a readable recording");
        if file.len() > 700 {
            continue;
        }
        let walk = |file: &[u8]| {
            for packet in read_capture(file, 4096).packets {
                for checks in [Checksums::Verify, Checksums::Ignore] {
                    let Ok(read) = udp(packet.link, &packet.data, checks) else { continue };
                    let Ok(mold) = MoldPacket::parse(read.payload) else { continue };
                    for message in mold.messages() {
                        let _ = decode(message);
                    }
                }
            }
        };
        for cut in 0..file.len() {
            walk(&file[..cut]);
        }
        for bit in 0..file.len() * 8 {
            file[bit / 8] ^= 1 << (bit % 8);
            walk(&file);
            file[bit / 8] ^= 1 << (bit % 8);
            damaged += 1;
        }
    }
    assert!(damaged > 0);
}

#[test]
fn aapl_file_has_its_counts() {
    let Some(data) = recordings("aapl_file_has_its_counts") else { return };
    let path = data.join("packets/nasdaq/AAPL_locate13_first10k_01302020.NASDAQ_ITCH50");
    let bytes = std::fs::read(path).expect("a readable recording");
    let mut rest = &bytes[..];
    let mut counts: BTreeMap<char, u64> = BTreeMap::new();
    let mut last = 0;
    loop {
        match file::next(rest, true) {
            file::Frame::Message { bytes, consumed } => {
                let message = decode(bytes).expect("a message of the specification");
                assert!(message_name(message.code()).is_some());
                assert_eq!(message.locate(), 13);
                assert!(message.timestamp() >= last, "time runs backwards");
                last = message.timestamp();
                *counts.entry(char::from(message.code())).or_default() += 1;
                rest = &rest[consumed..];
            }
            file::Frame::End => break,
            other => panic!("the file is whole: {other:?}"),
        }
    }
    let expected = [
        ('A', 4758),
        ('D', 4083),
        ('E', 849),
        ('P', 240),
        ('L', 52),
        ('U', 7),
        ('X', 6),
        ('F', 2),
        ('R', 1),
        ('H', 1),
        ('Y', 1),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

/// The last of three packets was cut off when the file was copied.
#[test]
fn iex_truncated_tail_is_named() {
    let Some(data) = recordings("iex_truncated_tail_is_named") else { return };
    let capture = capture_of(&data.join("packets/iex/example1.pcap"));
    assert_eq!(capture.rejects, [CaptureReject::BlockTruncated]);
    assert_eq!((capture.packets.len(), capture.fatal), (2, None));
    for packet in &capture.packets {
        udp(packet.link, &packet.data, Checksums::Ignore).expect("UDP");
    }
}

#[test]
fn deribit_capture_is_all_udp() {
    let Some(data) = recordings("deribit_capture_is_all_udp") else { return };
    let capture = capture_of(&data.join("packets/deribit/sample_capture_v1_6.pcapng"));
    assert_eq!((capture.rejects.len(), capture.fatal), (0, None));
    assert_eq!(capture.packets.len(), 5_066);
    let times: Vec<u64> = capture.packets.iter().map(|packet| packet.ts_ns).collect();
    let span = times.iter().max().zip(times.iter().min()).map_or(0, |(max, min)| max - min);
    assert_eq!((span + 500_000_000) / 1_000_000_000, 81, "81 s");
    for packet in &capture.packets {
        assert_eq!(packet.link, LinkType::Ethernet);
        assert_eq!(packet.data.len(), packet.original_length as usize);
        let read = udp(packet.link, &packet.data, Checksums::Ignore).expect("UDP");
        assert!(!read.payload.is_empty());
    }
}

/// Captures taken where the packet was sent, and headers rewritten later, show as wrong checksums;
/// with those ignored only two TCP packets are not UDP. The counts are those of a second, separate
/// implementation of the two checksums.
#[test]
fn every_vector_is_udp_or_a_named_reject() {
    let Some(data) = recordings("every_vector_is_udp_or_a_named_reject") else { return };
    let mut outcome: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for path in files(&data.join("packets/vectors"), "pcap") {
        let capture = capture_of(&path);
        assert_eq!((capture.rejects.len(), capture.fatal), (0, None), "{path:?}");
        assert!(!capture.packets.is_empty(), "{path:?}");
        for packet in &capture.packets {
            let name = |checks| {
                let read = udp(packet.link, &packet.data, checks);
                read.map_or_else(FrameReject::name, |_| "udp")
            };
            let outcomes = (name(Checksums::Verify), name(Checksums::Ignore));
            *outcome.entry(outcomes).or_default() += 1;
        }
    }
    let expected = [
        (("ip_checksum", "udp"), 71),
        (("not_udp", "not_udp"), 2),
        (("udp", "udp"), 75),
        (("udp_checksum", "udp"), 22),
    ];
    assert_eq!(outcome, BTreeMap::from(expected));
}
