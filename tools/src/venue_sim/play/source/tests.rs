use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use protocol::capture::{Packet, write};
use protocol::frame::moldudp64::{MoldWriter, end_of_session, heartbeat};
use protocol::frame::{LinkType, UdpPacket, emit};
use protocol::venue::nasdaq::file::{SIMULATED_TRACKING, append};
use protocol::venue::nasdaq::{Header, OrderDelete};
use zerocopy::IntoBytes;

use super::splice::Splice;
use super::{InputCounts, Message, Messages, Recording};

const SESSION: [u8; 10] = *b"0000012345";

/// A message that says its number, stamped so many nanoseconds after midnight.
fn message(number: u64, time_ns: u64) -> Vec<u8> {
    let header = Header::of::<OrderDelete>(1, 0, time_ns);
    OrderDelete { header, reference: number.into() }.as_bytes().to_vec()
}

fn itch(messages: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut file = vec![];
    messages.into_iter().for_each(|message| assert!(append(&mut file, &message)));
    file
}

fn read(files: &[PathBuf]) -> (Vec<Message>, Recording) {
    let mut recording = Recording::open(files).expect("a recording");
    let (mut all, mut message) = (vec![], Message::default());
    while recording.next(&mut message).expect("readable") {
        all.push(message.clone());
    }
    (all, recording)
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file");
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(bytes).expect("a buffer");
    encoder.finish().expect("a buffer")
}

/// MoldUDP64 with the messages of these numbers; messages are stamped a microsecond apart.
fn mold(session: [u8; 10], numbers: std::ops::Range<u64>) -> Vec<u8> {
    let mut buffer = [0; 1_472];
    let mut writer = MoldWriter::begin(&mut buffer, session, numbers.start).expect("a header");
    numbers.for_each(|number| assert!(writer.push(&message(number, number * 1_000))));
    writer.finish().to_vec()
}

fn pcapng(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![];
    write::pcapng_header(&mut file);
    write::pcapng_interface(&mut file, LinkType::Ethernet);
    for payload in payloads {
        let datagram = UdpPacket {
            source: 0x0A00_0001,
            destination: 0xEFFF_0101,
            source_port: 30_000,
            destination_port: 26_477,
            vlan: 0,
            payload,
        };
        let mut frame = [0; 2_000];
        let length = emit(LinkType::Ethernet, &datagram, &mut frame).expect("room");
        let data = &frame[..length];
        let original_length = length as u32;
        let packet = Packet { ts_ns: 1, link: LinkType::Ethernet, data, original_length };
        assert!(write::pcapng_packet(&mut file, 0, &packet));
    }
    file
}

fn numbers(messages: &[Message]) -> Vec<u64> {
    let number = |m: &Message| u64::from_be_bytes(m.bytes[11..19].try_into().expect("eight bytes"));
    messages.iter().map(number).collect()
}

#[test]
fn files_follow_each_other_plain_or_compressed() {
    let folder = tempfile::tempdir().expect("a folder");
    // More than a window of the first file, so that reading goes on over its edges.
    let first = itch((1..=30_000).map(|number| message(number, number)));
    let second = itch((30_001..=30_003).map(|number| message(number, number)));
    let files = [
        written(folder.path(), "a.itch", &first),
        written(folder.path(), "b.itch.gz", &gzip(&second)),
    ];
    let (messages, recording) = read(&files);
    assert_eq!(numbers(&messages), (1..=30_003).collect::<Vec<_>>());
    assert!(messages.iter().all(|m| m.skipped == 0 && m.begins_packet));
    assert!(messages.iter().zip(1..).all(|(m, time_ns)| m.time_ns == time_ns));
    assert_eq!(recording.counts(), InputCounts::default());
    assert!(!recording.is_simulated());
    let on_disk = files.iter().map(|f| fs::metadata(f).expect("a file").len()).sum::<u64>();
    assert_eq!(recording.progress().position(), (on_disk, on_disk));
}

#[test]
fn what_is_not_itch_is_sent_with_the_time_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = [message(1, 77), vec![], b"zzz".to_vec(), message(2, 99)];
    let mut file = itch(all.clone());
    file.extend([0, 19, b'D']);
    let (messages, recording) = read(&[written(folder.path(), "a", &file)]);
    assert_eq!(messages.iter().map(|m| m.bytes.clone()).collect::<Vec<_>>(), all);
    assert_eq!(messages.iter().map(|m| m.time_ns).collect::<Vec<_>>(), [77, 77, 77, 99]);
    let expected = InputCounts { undecoded: 2, truncated_bytes: 3, ..InputCounts::default() };
    assert_eq!(recording.counts(), expected);
}

#[test]
fn generated_files_are_told_by_name_mark_or_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = itch([message(1, 1)]);
    let header = Header::of::<OrderDelete>(1, SIMULATED_TRACKING, 1);
    let marked = itch([OrderDelete { header, reference: 1.into() }.as_bytes().to_vec()]);
    for (name, bytes, simulated) in [
        ("day.itch", plain.clone(), false),
        ("SIM_day.itch", plain, true),
        ("renamed.itch", marked.clone(), true),
        ("renamed.gz", gzip(&marked), true),
        ("day.pcapng", pcapng(&[mold(SESSION, 1..3)]), false),
        ("sim.pcapng", pcapng(&[mold(*b"SIM0000001", 1..3)]), true),
    ] {
        let path = written(folder.path(), name, &bytes);
        let recording = Recording::open(&[path]).expect("a recording");
        assert_eq!(recording.is_simulated(), simulated, "{name}");
    }
}

#[test]
fn files_that_cannot_be_played_say_why() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes, why) in [
        ("empty", vec![], "it is empty"),
        ("text", b"hello, world".to_vec(), "it begins with 68 65 6c 6c 6f 2c 20 77"),
        ("zst", vec![0x28, 0xB5, 0x2F, 0xFD, 0], "zstd -d"),
        ("twice.gz", gzip(&gzip(b"x")), "gzip within gzip"),
        ("cut.gz", gzip(&itch([message(1, 1)]))[..15].to_vec(), "cannot decompress"),
        ("none.pcapng", pcapng(&[b"no market data".to_vec()]), "holds no message in a MoldUDP64"),
    ] {
        let path = written(folder.path(), name, &bytes);
        let error = Recording::open(std::slice::from_ref(&path)).expect_err(name).to_string();
        assert!(error.contains(why) && error.contains(name), "{name}: {error}");
    }
    let missing = Recording::open(&[folder.path().join("absent")]).expect_err("no file");
    assert!(missing.to_string().contains("absent: cannot read: No such file"), "{missing}");
}

/// Two lines in one capture, each with its own loss, and what does not belong to them.
#[test]
fn captures_are_spliced_and_keep_their_packets() {
    let folder = tempfile::tempdir().expect("a folder");
    let payloads = [
        mold(SESSION, 101..104),
        heartbeat(SESSION, 104).to_vec(),
        mold(SESSION, 101..104),
        // Line A loses 104 to 105; line B brings them later.
        mold(SESSION, 106..107),
        mold(*b"0000099999", 1..9),
        mold(SESSION, 104..106),
        b"something else".to_vec(),
        mold(SESSION, 106..107),
        // Neither has 107 and 108.
        mold(SESSION, 109..112),
        // The other line fills its packets differently.
        mold(SESSION, 110..113),
        end_of_session(SESSION, 113).to_vec(),
    ];
    let path = written(folder.path(), "day.pcapng", &pcapng(&payloads));
    let (messages, recording) = read(&[path]);
    assert_eq!(
        numbers(&messages),
        [(101..107).collect(), (109..113).collect::<Vec<u64>>()].concat()
    );
    let begins: Vec<u64> = messages
        .iter()
        .zip(numbers(&messages))
        .filter(|(message, _)| message.begins_packet)
        .map(|(_, number)| number)
        .collect();
    assert_eq!(begins, [101, 104, 106, 109, 112]);
    let skipped: Vec<u64> = messages.iter().map(|message| message.skipped).collect();
    assert_eq!(skipped, [0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
    assert!(messages.iter().zip(numbers(&messages)).all(|(m, n)| m.time_ns == n * 1_000));
    let expected = InputCounts {
        other_packets: 1,
        other_sessions: 1,
        duplicate_packets: 2,
        idle_packets: 2,
        missing_messages: 2,
        ..InputCounts::default()
    };
    assert_eq!(recording.counts(), expected);
}

proptest! {
    /// Any two lossy lines, shuffled a little: each number that a packet holds comes once.
    #[test]
    fn a_splice_is_the_union_of_its_lines(
        sizes in prop::collection::vec(1_u64..6, 1..80),
        lost in prop::collection::vec((any::<bool>(), any::<bool>()), 80),
        seed: u64,
    ) {
        let mut random = crate::venue_sim::random::Random::new(seed);
        let mut first = 1;
        let mut packets = vec![];
        let mut expected = vec![];
        for ((size, (on_a, on_b)), place) in sizes.iter().zip(&lost).zip(0_u64..) {
            for _ in 0..u64::from(*on_a) + u64::from(*on_b) {
                packets.push((place * 4 + random.below(20), first..first + size));
            }
            if *on_a || *on_b {
                expected.extend(first..first + size);
            }
            first += size;
        }
        packets.sort_by_key(|(place, _)| *place);
        // A capture begins with the session's first packet; what comes before it is another's.
        packets.insert(0, (0, 0..1));
        expected.insert(0, 0);
        let (mut splice, mut counts) = (Splice::default(), InputCounts::default());
        let (mut next, mut found) = (0, vec![]);
        for (place, (_, numbers)) in packets.iter().enumerate() {
            splice.offer(&mold(SESSION, numbers.clone()), &mut counts);
            let at_end = place + 1 == packets.len();
            while let Some(turn) = splice.take(at_end, &mut counts) {
                next += turn.skipped;
                let messages = turn.blocks.len() / (2 + 19);
                for _ in 0..messages {
                    found.push(next);
                    next += 1;
                }
            }
        }
        prop_assert_eq!(&found, &expected);
        let last = expected.last().copied().unwrap_or(0);
        prop_assert_eq!(counts.missing_messages, last + 1 - expected.len() as u64);
    }
}
