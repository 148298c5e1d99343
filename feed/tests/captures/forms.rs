//! The same messages, however they are captured, give the same records.

use wire::record::first_difference;
use wire::{Nature, StampBy};

use super::{Folder, NAME, Played, datagrams, messages, play_file, timed};
use crate::common::files::{Link, gzip, ipv4, pcap, pcapng, play, raw_itch, udp};
use crate::common::packets::give;
use crate::common::{self, DAY};

/// What a lane says that gets the datagrams from memory.
fn reference() -> common::collect::Collect {
    let mut lane = common::lane();
    for (now, datagram) in timed(datagrams(NAME, &messages())) {
        give(&mut lane, &datagram, now);
    }
    assert_eq!(common::refusals(&lane), []);
    lane.publisher.outlet
}

fn assert_same(played: &Played, about: &str) {
    let wanted = reference().records;
    assert_eq!(played.refusals(), [], "{about}");
    assert_eq!(first_difference(played.records(), &wanted), None, "{about}");
    assert_eq!(played.taken(), 30, "{about}");
    let records = played.records().iter();
    assert!(records.clone().all(|r| r.quality.nature() == Some(Nature::Recorded)), "{about}");
    let venue = records.filter(|r| r.ts_venue != 0);
    assert!(venue.clone().count() > 30);
    for record in venue {
        assert_eq!((record.origin.line(), record.origin.stamp()), (1, StampBy::Recording));
    }
}

/// Times of reception of each step's first record.
fn times(played: &Played) -> Vec<u64> {
    played.records().iter().map(|r| r.ts_receive).collect()
}

#[test]
fn every_link_layer_in_every_kind_of_file() {
    let folder = Folder::new();
    let mut forms = 0;
    for link in Link::ALL {
        let packets = datagrams(NAME, &messages());
        let packets = timed(packets.iter().map(|p| link.packet(p)).collect());
        for big in [false, true] {
            for nano in [false, true] {
                let file = pcap(big, nano, link.number(), &packets);
                let about = format!("pcap {link:?} big {big} nano {nano}");
                assert_same(&play_file(&folder.write("a.pcap", &file)), &about);
                forms += 1;
            }
            let file = pcapng(big, link.number(), &packets);
            let about = format!("pcapng {link:?} big {big}");
            assert_same(&play_file(&folder.write("a.pcapng", &file)), &about);
            forms += 1;
        }
    }
    assert_eq!(forms, 9 * 6);
}

#[test]
fn raw_messages_and_compressed_files() {
    let folder = Folder::new();
    let packets = datagrams(NAME, &messages());
    let packets = timed(packets.iter().map(|p| Link::Vlan.packet(p)).collect());
    for (name, file) in [
        ("a.NASDAQ_ITCH50", raw_itch(&messages())),
        ("a.NASDAQ_ITCH50.gz", gzip(&raw_itch(&messages()))),
        ("a.pcap.gz", gzip(&pcap(false, true, 1, &packets))),
        ("a.pcapng.gz", gzip(&pcapng(true, 1, &packets))),
    ] {
        assert_same(&play_file(&folder.write(name, &file)), name);
    }
    // Two gzip members are one file.
    let file = pcap(false, true, 1, &packets);
    let halves = [gzip(&file[..100]), gzip(&file[100..])].concat();
    assert_same(&play_file(&folder.write("halves.gz", &halves)), "two members");
}

#[test]
fn ipv4_options_padding_and_absent_checksums_change_nothing() {
    let folder = Folder::new();
    let packets = datagrams(NAME, &messages());
    let with_options = packets.iter().map(|p| Link::Ethernet.around(&ipv4(&udp(p), &[1; 40])));
    let padded = packets.iter().map(|p| [&Link::Ethernet.packet(p)[..], &[0xEE; 7]].concat());
    let unsummed = packets.iter().map(|p| {
        let mut datagram = udp(p);
        datagram[6..8].fill(0);
        Link::Ethernet.around(&ipv4(&datagram, &[]))
    });
    let forms: [(&str, Vec<Vec<u8>>); 3] = [
        ("options", with_options.collect()),
        ("padding", padded.collect()),
        ("no checksum", unsummed.collect()),
    ];
    for (about, packets) in forms {
        let file = pcap(false, true, 1, &timed(packets));
        assert_same(&play_file(&folder.write("a.pcap", &file)), about);
    }
}

#[test]
fn times_of_reception_are_those_of_the_file() {
    let folder = Folder::new();
    let packets = datagrams(NAME, &messages());
    let mut packets = timed(packets.iter().map(|p| Link::Ethernet.packet(p)).collect());
    packets.iter_mut().for_each(|(ts, _)| *ts += 789);
    let nano = play_file(&folder.write("a.pcap", &pcap(true, true, 1, &packets)));
    let ng = play_file(&folder.write("a.pcapng", &pcapng(false, 1, &packets)));
    let micro = play_file(&folder.write("b.pcap", &pcap(false, false, 1, &packets)));
    assert_eq!(times(&nano), times(&ng));
    assert_eq!(times(&nano)[0], packets[0].0);
    assert_eq!(*times(&nano).last().expect("records"), packets.last().expect("packets").0);
    let cut: Vec<u64> = times(&nano).iter().map(|ts| ts - 789).collect();
    assert_eq!(times(&micro), cut, "microseconds cannot say the last three digits");
    // Raw ITCH has no times of reception: the venue's stand in for them.
    let raw = play_file(&folder.write("a.itch", &raw_itch(&messages())));
    let of_venue = raw.records().iter().filter(|r| r.ts_venue != 0);
    assert!(of_venue.clone().all(|r| r.ts_receive == r.ts_venue));
    assert_eq!(of_venue.map(|r| r.ts_venue).min(), Some(DAY.midnight_ns + 1));
}

#[test]
fn several_files_are_one_stream() {
    let folder = Folder::new();
    let packets = datagrams(NAME, &messages());
    let packets = timed(packets.iter().map(|p| Link::Ethernet.packet(p)).collect());
    let (first, second) = packets.split_at(3);
    let first = folder.write("1.pcap", &pcap(false, true, 1, first));
    let second = folder.write("2.pcapng.gz", &gzip(&pcapng(true, 1, second)));
    let mut lane = common::lane();
    let source = play(&mut lane, &[&first, &second]);
    let played = Played { lane, source };
    assert_same(&played, "two files");
    let progress = played.source.as_ref().expect("played").progress();
    assert_eq!(progress.read, progress.total);
    // Raw files are a session each.
    let raw = folder.write("a.itch", &raw_itch(&messages()));
    let mut lane = common::lane();
    play(&mut lane, &[&raw, &raw]).expect("played");
    assert_eq!(lane.publisher.counts.sessions, 2);
    assert_eq!((lane.gaps.declared(), common::refusals(&lane)), (0, vec![]));
}

#[test]
fn files_that_are_nothing_known_are_errors_that_say_so() {
    let folder = Folder::new();
    for (bytes, says) in [
        (&b""[..], "empty"),
        (b"hello, this is no capture", "not a capture"),
        (&gzip(&gzip(b"twice"))[..], "not a capture"),
        (&[0x28, 0xB5, 0x2F, 0xFD, 0, 0, 0, 0][..], "not a capture"),
    ] {
        let error = play_file(&folder.write("x", bytes)).source.err().expect("an error");
        assert!(error.to_string().contains(says), "{error}");
    }
    let path = folder.0.path().join("undated.itch");
    std::fs::write(&path, raw_itch(&messages())).expect("write");
    let error = play_file(&path).source.err().expect("an error").to_string();
    assert!(error.contains("--date"), "{error}");
    let error = play_file(&folder.0.path().join("absent")).source.err().expect("an error");
    assert!(error.to_string().contains("absent"), "{error}");
}
