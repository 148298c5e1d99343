//! Every byte of a small file, changed or cut off behind it: no panic, and everything accounted.
//!
//! What holds for a damaged pcap of N messages that ends with a heartbeat, checksums verified:
//!
//! * what a flipped bit in packet k does is nothing, or the loss of packet k under one name;
//! * messages taken + messages declared missing = N, if the heartbeat itself arrives; else the
//!   loss of the tail is not known to anyone, and they are at most N;
//! * packets handed over = packets refused by name + MoldUDP64 packets taken.
//!
//! For raw ITCH, which has no checksums: every byte of the file is in a message that was taken or
//! refused by name, or in a truncated tail that is counted.

use protocol::frame::FrameReject;
use protocol::frame::moldudp64::MoldReject;
use wire::Record;
use wire::record::first_difference;

use super::{Folder, Played, captured, messages, play_file, play_packets};
use crate::common::files::{PCAP_HEADER, PCAP_RECORD, pcap, pcapng, raw_itch};

const SENT: u64 = 30;
const FLIPS: [u8; 2] = [0x01, 0x80];

fn flipped(file: &[u8], at: usize, mask: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] ^= mask;
    file
}

/// Packets that were refused by name.
fn refused(played: &Played) -> u64 {
    let frame = FrameReject::ALL.iter().map(|r| r.name());
    let mold = MoldReject::ALL.iter().map(|r| r.name());
    let lane = ["other_group", "old_session", "sequence_zero", "session_name"];
    let names = frame.chain(mold).chain(lane);
    names.map(|name| crate::common::refused(&played.lane, name)).sum()
}

/// What holds however a capture is damaged.
fn assert_accounted(played: &Played, about: &str) {
    let counts = &played.lane.publisher.counts;
    let known = played.taken() + played.lane.gaps.missing();
    if counts.heartbeats > 0 {
        assert_eq!(known, SENT, "{about}");
    } else {
        assert!(known <= SENT, "{about}");
    }
    assert_eq!(counts.copies, 0, "{about}");
    // Each packet of MoldUDP64 was the heartbeat or carried messages that were taken.
    let taken = counts.packets - refused(played);
    assert!(taken <= counts.heartbeats + played.taken(), "{about}");
}

/// The stream without each of its packets.
fn without_each(folder: &Folder) -> Vec<Played> {
    let without = |k: usize| {
        let mut packets = captured();
        packets.remove(k);
        play_packets(folder, &packets)
    };
    (0..captured().len()).map(without).collect()
}

fn sum(refusals: &[(&'static str, u64)]) -> u64 {
    refusals.iter().map(|(_, n)| n).sum()
}

#[test]
fn every_byte_of_a_pcap_flipped() {
    let folder = Folder::new();
    let packets = captured();
    let whole = play_packets(&folder, &packets).records().to_vec();
    let without = without_each(&folder);
    let file = pcap(false, true, 1, &packets);
    let (mut harmless, mut dropped, mut errors) = (0, 0, 0);
    let mut start = PCAP_HEADER;
    for (k, (_, packet)) in packets.iter().enumerate() {
        for at in start..start + PCAP_RECORD + packet.len() {
            for mask in FLIPS {
                let about = format!("byte {at} ^ {mask:#x}, packet {k}");
                let played = play_file(&folder.write("a.pcap", &flipped(&file, at, mask)));
                assert_accounted(&played, &about);
                if played.source.is_err() {
                    errors += 1;
                    assert!(at < start + PCAP_RECORD, "{about}: an error of one packet");
                    continue;
                }
                if at < start + PCAP_RECORD {
                    continue;
                }
                if played.refusals().is_empty() {
                    harmless += 1;
                    let difference = first_difference(played.records(), &whole);
                    assert_eq!(difference, None, "{about}: changed and not noticed");
                } else {
                    dropped += 1;
                    let difference = first_difference(played.records(), without[k].records());
                    assert_eq!(difference, None, "{about}: more than packet {k} is missing");
                    // One name for the packet, and what its absence makes contradictory.
                    let consequences = sum(&without[k].refusals());
                    assert_eq!(sum(&played.refusals()), 1 + consequences, "{about}");
                }
            }
        }
        start += PCAP_RECORD + packet.len();
    }
    assert_eq!(start, file.len());
    // MAC addresses protect nothing; the rest of each packet is under a checksum.
    assert_eq!(harmless, packets.len() * 12 * 2);
    assert!(dropped > 2_000 && errors > 0, "{dropped} {errors}");
}

#[test]
fn every_byte_of_a_pcap_header_flipped() {
    let folder = Folder::new();
    let file = pcap(false, true, 1, &captured());
    for at in 0..PCAP_HEADER {
        for mask in FLIPS {
            let played = play_file(&folder.write("a.pcap", &flipped(&file, at, mask)));
            match &played.source {
                Ok(_) => assert_accounted(&played, &format!("byte {at}")),
                Err(error) => assert!(error.to_string().contains("a.pcap"), "{error}"),
            }
        }
    }
}

#[test]
fn a_pcap_cut_behind_every_byte() {
    let folder = Folder::new();
    let packets = captured();
    let file = pcap(false, true, 1, &packets);
    let mut ends = vec![PCAP_HEADER];
    for (_, packet) in &packets {
        ends.push(ends.last().expect("one") + PCAP_RECORD + packet.len());
    }
    let prefixes: Vec<Vec<Record>> =
        (0..ends.len()).map(|n| play_packets(&folder, &packets[..n]).records().to_vec()).collect();
    for cut in 0..file.len() {
        let played = play_file(&folder.write("a.pcap", &file[..cut]));
        if cut < PCAP_HEADER {
            assert!(played.source.is_err(), "cut {cut}");
            continue;
        }
        let whole = ends.iter().rposition(|&end| end <= cut).expect("the header");
        let wanted =
            if ends.contains(&cut) { vec![] } else { vec![("capture_packet_truncated", 1)] };
        assert_eq!(played.refusals(), wanted, "cut {cut}");
        assert_eq!(first_difference(played.records(), &prefixes[whole]), None, "cut {cut}");
        assert_accounted(&played, &format!("cut {cut}"));
    }
}

#[test]
fn every_byte_of_a_pcapng_flipped_and_cut() {
    let folder = Folder::new();
    let file = pcapng(false, 1, &captured());
    let mut errors = 0;
    for at in 0..file.len() {
        let damaged = FLIPS.map(|mask| flipped(&file, at, mask));
        for bytes in damaged.into_iter().chain([file[..at].to_vec()]) {
            let played = play_file(&folder.write("a.pcapng", &bytes));
            let about = format!("byte {at}");
            match &played.source {
                Ok(_) => assert_accounted(&played, &about),
                Err(error) => {
                    errors += 1;
                    assert!(error.to_string().contains("a.pcapng"), "{error}");
                    assert!(played.taken() + played.lane.gaps.missing() <= SENT);
                }
            }
        }
    }
    assert!(errors > 28, "a damaged section cannot be read");
}

#[test]
fn every_byte_of_raw_itch_flipped_and_cut() {
    let folder = Folder::new();
    let file = raw_itch(&messages());
    let mut whole = 0;
    for at in 0..file.len() {
        let damaged = FLIPS.map(|mask| flipped(&file, at, mask));
        for bytes in damaged.into_iter().chain([file[..at].to_vec()]) {
            let played = play_file(&folder.write("a.itch", &bytes));
            let Ok(source) = &played.source else {
                assert!(at < 2 + 12 + 1, "only the first message says what the file is: {at}");
                continue;
            };
            let counts = &played.lane.publisher.counts;
            // A packet is 20 bytes of header, and 2 of length as in the file.
            let framed = counts.bytes - 20 * counts.packets;
            let tail = bytes.len() as u64 - framed;
            let truncated = source.rejects().contains(&("itch_file_truncated", 1));
            assert_eq!(truncated, tail > 0, "byte {at}");
            assert_eq!(played.taken(), counts.packets, "byte {at}: each has its number");
            assert_eq!(played.lane.gaps.declared(), 0, "byte {at}");
            assert_eq!(counts.steps, counts.packets + 1, "byte {at}");
            whole += u64::from(counts.packets == SENT);
        }
    }
    assert!(whole > 1_000);
}

#[test]
fn a_compressed_file_cut_or_damaged_is_an_error_or_ends_early() {
    let folder = Folder::new();
    let packed = crate::common::files::gzip(&pcap(false, true, 1, &captured()));
    for at in (0..packed.len()).step_by(7) {
        for bytes in [packed[..at].to_vec(), flipped(&packed, at, 0x80)] {
            let played = play_file(&folder.write("a.pcap.gz", &bytes));
            match &played.source {
                Ok(_) => assert_accounted(&played, &format!("byte {at}")),
                Err(error) => assert!(error.to_string().contains("a.pcap.gz"), "{error}"),
            }
        }
    }
}
