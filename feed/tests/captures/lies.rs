//! Lengths and counts that lie: in MoldUDP64, UDP, IP, and in the files themselves.

use super::{Folder, NAME, captured, datagrams, messages, play_file, play_packets};
use crate::common::files::{Link, PCAP_HEADER, PCAP_RECORD, pcap, pcapng, raw_itch};

fn with(mut bytes: Vec<u8>, at: usize, new: &[u8]) -> Vec<u8> {
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

#[test]
fn a_datagram_that_lies_is_dropped_whole_and_its_messages_are_missing() {
    let folder = Folder::new();
    // Messages 7 to 10: count at 18, first length at 20.
    let good = datagrams(NAME, &messages())[3].clone();
    let end = good.len();
    let lies: Vec<(&str, Vec<u8>)> = vec![
        ("mold_length_truncated", with(good.clone(), 18, &[0, 5])),
        ("mold_length_truncated", with(good.clone(), 18, &[0xFF, 0xFE])),
        ("mold_residue", with(good.clone(), 18, &[0, 3])),
        ("mold_residue", with(good.clone(), 18, &[0, 0])),
        ("mold_residue", with(good.clone(), 18, &[0xFF, 0xFF])),
        ("mold_message_truncated", with(good.clone(), 20, &[0xFF, 0xFF])),
        ("mold_header_truncated", good[..19].to_vec()),
        ("mold_header_truncated", vec![]),
        ("mold_message_truncated", good[..end - 1].to_vec()),
        ("mold_residue", [&good[..], &[0]].concat()),
        ("mold_sequence_overflow", with(good.clone(), 10, &[0xFF; 8])),
        ("sequence_zero", with(good.clone(), 10, &[0; 8])),
    ];
    for (name, datagram) in lies {
        let mut packets = captured();
        packets[3].1 = Link::Ethernet.packet(&datagram);
        let played = play_packets(&folder, &packets);
        assert_eq!(played.refusals(), [(name, 1)], "{name}");
        let gaps = &played.lane.publisher.outlet.opened;
        assert_eq!(gaps.iter().map(|g| (g.first, g.end)).collect::<Vec<_>>(), [(7, 11)], "{name}");
        assert_eq!(played.taken() + played.lane.gaps.missing(), 30, "{name}");
    }
}

#[test]
fn a_length_that_cuts_messages_differently_is_caught_by_their_types() {
    let folder = Folder::new();
    // Message 7 is a W of 12 bytes, 8 a K of 28: 13 and a block of 27 after a swallowed byte.
    let good = datagrams(NAME, &messages())[3].clone();
    let lie = with(good, 20, &[0, 13]);
    let mut packets = captured();
    packets[3].1 = Link::Ethernet.packet(&lie);
    let played = play_packets(&folder, &packets);
    let refused: u64 = played.refusals().iter().map(|(_, n)| n).sum();
    assert!(refused > 0, "something is told");
    assert_eq!(played.taken() + played.lane.gaps.missing(), 30);
}

#[test]
fn a_pcap_record_that_cannot_be_long_enough_ends_the_file_with_an_error() {
    let folder = Folder::new();
    let file = pcap(false, true, 1, &captured());
    let second = PCAP_HEADER + PCAP_RECORD + captured()[0].1.len();
    let lie = with(file, second + 8, &0x7FFF_FFFFu32.to_le_bytes());
    let played = play_file(&folder.write("a.pcap", &lie));
    let error = played.source.as_ref().err().expect("an error").to_string();
    assert!(error.contains("capture_packet_too_large"), "{error}");
    assert!(error.contains(&format!("byte {second}")), "{error}");
    assert_eq!(played.taken(), 1, "what came before it was taken");
}

#[test]
fn a_pcap_record_that_is_shorter_than_it_was_is_a_packet_cut_short() {
    let folder = Folder::new();
    let mut packets = captured();
    let cut = packets[3].1.len() - 5;
    packets[3].1.truncate(cut);
    let played = play_packets(&folder, &packets);
    assert_eq!(played.refusals(), [("ip_truncated", 1)]);
    assert_eq!(played.taken() + played.lane.gaps.missing(), 30);
}

#[test]
fn pcapng_blocks_that_lie() {
    let folder = Folder::new();
    let packets = captured();
    let file = pcapng(false, 1, &packets);
    // Section 28 bytes, interface 32, first packet: captured length at 20 of its block.
    let first = 28 + 32;
    let cases: [(&str, Vec<u8>); 2] = [
        ("capture_captured_length", with(file.clone(), first + 20, &[0xFF, 0xFF, 0, 0])),
        ("capture_interface_unknown", with(file.clone(), first + 8, &[9, 0, 0, 0])),
    ];
    for (name, lie) in cases {
        let played = play_file(&folder.write("a.pcapng", &lie));
        assert_eq!(played.refusals(), [(name, 1)], "{name}");
        assert_eq!((played.taken(), played.lane.gaps.missing()), (29, 1), "{name}");
    }
    // One that reaches beyond the end takes the rest of the file with it.
    let lie = with(file.clone(), first + 4, &[0xFC, 0xFF, 0xFF, 0x7F]);
    let played = play_file(&folder.write("a.pcapng", &lie));
    let wanted = [("capture_block_too_large", 1), ("capture_block_truncated", 1)];
    assert_eq!(played.refusals(), wanted);
    assert_eq!(played.taken(), 0);
    for (name, lie) in [
        ("capture_block_length", with(file.clone(), first + 4, &[8, 0, 0, 0])),
        ("capture_byte_order", with(file, 8, &[0; 4])),
    ] {
        let error = play_file(&folder.write("a.pcapng", &lie)).source.err().expect("an error");
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
}

#[test]
fn a_raw_length_that_lies_is_caught_by_the_type() {
    let folder = Folder::new();
    let messages = messages();
    let file = raw_itch(&messages);
    // The fifth message: the first four must look like ITCH for the file to be believed.
    let at: usize = messages[..4].iter().map(|m| m.len() + 2).sum();
    let played = play_file(&folder.write("a.itch", &with(file.clone(), at, &[0xFF, 0xFF])));
    assert_eq!(played.refusals(), [("itch_file_truncated", 1)]);
    assert_eq!(played.taken(), 4);
    let played = play_file(&folder.write("a.itch", &with(file, at, &[0, 25])));
    assert!(played.refusals().iter().any(|(name, _)| *name == "itch_wrong_length"));
}
