//! The tap: what passed is in the file, and the file replays to the same records.

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use feed::net::capture::CaptureSource;
use feed::net::tap::{Tap, TapCounts, TapLine, TapOutput, TapSpec};
use feed::net::udp::UdpSpec;
use feed::net::{Packet, Polled, Source};
use wire::Record;

use crate::allocations::allocations;
use crate::common::files::{Link, pcap, play};
use crate::common::market::Market;
use crate::common::packets::{Memory, SESSION, mold};
use crate::common::{self, DAY, Sizes};
use crate::pcapng::{Captured, read};
use crate::sockets::{group, line, open, port, receive, send, sender, spec};

const LINES: [TapLine; 2] = [
    TapLine {
        line: 1,
        group: std::net::Ipv4Addr::new(233, 54, 12, 111),
        port: 26_477,
        source: std::net::Ipv4Addr::new(10, 0, 0, 1),
    },
    TapLine {
        line: 2,
        group: std::net::Ipv4Addr::new(233, 49, 196, 111),
        port: 26_478,
        source: std::net::Ipv4Addr::new(10, 0, 0, 2),
    },
];

fn tap_spec() -> TapSpec {
    TapSpec { lines: LINES.to_vec(), ..TapSpec::default() }
}

/// An opening and some thousand packets of a market, each on both lines.
fn market() -> Memory {
    let mut market = Market::new(3);
    let mut once = Memory::default();
    let first = market.opening();
    once.push(&mold(SESSION, 1, &first), DAY.midnight_ns + 5, 1);
    market.packets(first.len() as u64 + 1, 3_000, &mut once);
    let mut both = Memory::default();
    drain(&mut once, &mut |packet| {
        both.push(packet.bytes, packet.ts_receive, 1);
        both.push(packet.bytes, packet.ts_receive + 700, 2);
    });
    both
}

fn drain(source: &mut impl Source, sink: &mut impl FnMut(Packet<'_>)) {
    while source.poll(0, 64, &mut *sink).expect("memory") != Polled::End {}
}

/// All but the stamp's taker: records that two runs must have in common, times included.
fn without_origin(mut records: Vec<Record>) -> Vec<Record> {
    for record in &mut records {
        record.origin = Default::default();
    }
    records
}

fn file(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("tap.pcapng")
}

#[test]
fn a_recording_replays_to_equal_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    let mut lane = common::lane_with(common::config(), Sizes::default());
    let mut tap = Tap::create(market(), &path, &tap_spec()).expect("a file");
    while lane.poll(&mut tap, 0).expect("memory") != Polled::End {}
    let (_, counts) = tap.finish();
    assert!(counts.seen > 2_000, "{counts:?}");
    let want = TapCounts { seen: counts.seen, written: counts.seen, ..TapCounts::default() };
    assert_eq!(counts, want);
    let lived = without_origin(lane.publisher.outlet.take());
    assert!(lived.len() > 3_000, "{} records", lived.len());
    let mut lane = common::lane_with(common::config(), Sizes::default());
    let source = play(&mut lane, &[&path]).expect("it replays");
    assert_eq!(source.rejects(), []);
    let replayed = without_origin(lane.publisher.outlet.take());
    assert!(lived == replayed, "{} records lived, {} replayed", lived.len(), replayed.len());
}

#[test]
fn payloads_get_the_headers_of_their_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    let mut memory = Memory::default();
    let long = vec![0x5A; 9_001];
    let payloads: [(&[u8], u8); 5] = [(b"a", 1), (b"", 2), (&long, 1), (b"odd", 2), (b"??", 7)];
    for (n, (payload, line)) in payloads.into_iter().enumerate() {
        memory.push(payload, 1_580_000_000_123_456_789 + n as u64, line);
    }
    let mut tap = Tap::create(memory, &path, &tap_spec()).expect("a file");
    drain(&mut tap, &mut |_| {});
    drop(tap);
    let recorded = read(&std::fs::read(&path).expect("there"));
    assert_eq!(recorded.links, [1], "one interface, Ethernet");
    assert_eq!(recorded.statistics, [(5, 0)]);
    assert_eq!(recorded.packets.len(), payloads.len());
    for (n, (got, (payload, line))) in recorded.packets.iter().zip(payloads).enumerate() {
        assert_eq!(got.ts_ns, 1_580_000_000_123_456_789 + n as u64);
        let udp = got.udp();
        assert_eq!(udp.payload, payload);
        if let Some(want) = LINES.iter().find(|one| one.line == line) {
            let [_, b, c, d] = want.group.octets();
            assert_eq!(udp.destination_mac, [1, 0, 0x5E, b & 0x7F, c, d]);
            assert_eq!((udp.destination, udp.port), (want.group, want.port));
            assert_eq!(udp.source, want.source);
        } else {
            assert_eq!(udp.destination.octets(), [239, 255, 255, 7]);
        }
    }
}

#[test]
fn frames_are_recorded_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    let mut want = Vec::new();
    for (n, link) in [Link::Sll, Link::Ethernet, Link::Raw, Link::Vlan].into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.pcap"));
        let packets: Vec<_> =
            (0..3u64).map(|p| (1_580_000_000_000_000_007 + p, link.packet(&[p as u8]))).collect();
        std::fs::write(&path, pcap(false, true, link.number(), &packets)).expect("written");
        files.push(path);
        want.extend(packets.into_iter().map(|(ts_ns, data)| Captured {
            ts_ns,
            link: link.number() as u16,
            data,
        }));
    }
    let source = CaptureSource::open(&files, None).expect("captures");
    let path = file(&folder);
    let mut tap = Tap::create(source, &path, &TapSpec::default()).expect("a file");
    let mut passed = Vec::new();
    drain(&mut tap, &mut |packet| passed.push(packet.bytes.to_vec()));
    tap.finish();
    assert_eq!(passed, want.iter().map(|p| p.data.clone()).collect::<Vec<_>>());
    assert_eq!(read(&std::fs::read(&path).expect("there")).packets, want);
}

/// An output that waits for leave before its first write, and takes only so many bytes.
struct Slow {
    leave: Option<Receiver<()>>,
    room: usize,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(leave) = self.leave.take() {
            leave.recv().expect("leave is given");
        }
        let mut all = self.bytes.lock().expect("not poisoned");
        let fits = bytes.len().min(self.room - all.len());
        if fits == 0 {
            return Err(io::Error::from_raw_os_error(libc::ENOSPC));
        }
        all.extend(&bytes[..fits]);
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TapOutput for Slow {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.bytes.lock().expect("not poisoned").truncate(length as usize);
        Ok(())
    }
}

fn numbered(packets: u32) -> Memory {
    let mut memory = Memory::default();
    (0..packets).for_each(|n| memory.push(&n.to_be_bytes(), 7_000 + u64::from(n), 1));
    memory
}

fn number(captured: &Captured) -> u32 {
    u32::from_be_bytes(captured.udp().payload.try_into().expect("four bytes"))
}

#[test]
fn a_full_queue_costs_the_recording_packets_and_the_lane_nothing() {
    let (leave, wait) = channel();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let output = Slow { leave: Some(wait), room: 1 << 20, bytes: bytes.clone() };
    let spec = TapSpec { queue_bytes: 2_000, ..tap_spec() };
    let name = Path::new("slow.pcapng");
    let mut tap = Tap::start(numbered(1_000), output, name, &spec).expect("a thread");
    let mut passed = 0;
    // The writer stands still all the while.
    drain(&mut tap, &mut |_| passed += 1);
    assert_eq!(passed, 1_000);
    leave.send(()).expect("it waits");
    let (_, counts) = tap.finish();
    // 16 bytes of header and four of payload each.
    let want = TapCounts { seen: 1_000, missed: 900, written: 100, ..TapCounts::default() };
    assert_eq!(counts, want);
    let recorded = read(&bytes.lock().expect("not poisoned"));
    let numbers: Vec<u32> = recorded.packets.iter().map(number).collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    assert_eq!(recorded.statistics, [(1_000, 900)], "the file itself says what it lacks");
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_lane() {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let output = Slow { leave: None, room: 30_001, bytes: bytes.clone() };
    let name = Path::new("full.pcapng");
    let mut tap = Tap::start(numbered(0), output, name, &tap_spec()).expect("a thread");
    let mut passed = 0;
    for _ in 0..200 {
        // In small parts, so that several are written before the end.
        let begun = Instant::now();
        while tap.counts().written + tap.counts().unwritten < passed {
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", tap.counts());
            std::thread::yield_now();
        }
        *tap.inner_mut() = numbered(10);
        drain(&mut tap, &mut |_| passed += 1);
    }
    assert_eq!(passed, 2_000);
    let (_, counts) = tap.finish();
    assert_eq!((counts.seen, counts.missed), (2_000, 0));
    assert_eq!(counts.written + counts.unwritten, 2_000);
    let error = counts.error.expect("it is said");
    let written = counts.written;
    for part in ["full.pcapng", "No space left", &format!("after {written} packets"), "make room"] {
        assert!(error.contains(part) && !error.contains('\n'), "{error}");
    }
    let recorded = read(&bytes.lock().expect("not poisoned"));
    assert_eq!(recorded.packets.len() as u64, written);
    assert!((100..1_000).contains(&written), "{written} packets of 30 KB");
    let numbers: Vec<u32> = recorded.packets.iter().map(number).collect();
    assert!(numbers.iter().enumerate().all(|(n, number)| n as u32 % 10 == *number));
}

#[test]
fn a_torn_tail_costs_its_packet_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    let mut tap = Tap::create(numbered(6), &path, &tap_spec()).expect("a file");
    drain(&mut tap, &mut |_| {});
    tap.finish();
    let whole = std::fs::read(&path).expect("there");
    let ends = crate::pcapng::ends(&whole);
    for cut in 60..whole.len() {
        std::fs::write(&path, &whole[..cut]).expect("written");
        let mut source = CaptureSource::open(std::slice::from_ref(&path), None).expect("opened");
        let mut packets = 0;
        drain(&mut source, &mut |_| packets += 1);
        let want = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(packets, want, "cut at {cut} of {}", whole.len());
    }
}

#[test]
fn recording_allocates_nothing_on_the_lane() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tap = Tap::create(market(), &file(&folder), &tap_spec()).expect("a file");
    let mut passed = 0u64;
    assert_eq!(allocations(|| drain(&mut tap, &mut |_| passed += 1)), 0);
    assert!(passed > 2_000);
    assert_eq!(tap.finish().1.written, passed);
}

#[test]
fn the_file_grows_while_the_lane_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    let mut tap = Tap::create(numbered(50), &path, &tap_spec()).expect("a file");
    drain(&mut tap, &mut |_| {});
    let begun = Instant::now();
    while tap.counts().written < 50 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", tap.counts());
        std::thread::sleep(Duration::from_millis(1));
    }
    let now = read(&std::fs::read(&path).expect("there"));
    assert_eq!((now.packets.len(), now.statistics.len()), (50, 0));
    drop(tap);
    assert_eq!(read(&std::fs::read(&path).expect("there")).statistics, [(50, 0)]);
}

#[test]
fn a_file_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    std::fs::write(&path, b"yesterday").expect("written");
    let error = Tap::create(numbered(1), &path, &tap_spec()).err().expect("refused").to_string();
    assert!(error.contains("tap.pcapng") && error.contains("never overwritten"), "{error}");
    assert_eq!(std::fs::read(&path).expect("there"), b"yesterday");
    let nowhere = folder.path().join("no/such/tap.pcapng");
    let error = Tap::create(numbered(1), &nowhere, &tap_spec()).err().expect("refused");
    assert!(error.to_string().contains("no/such/tap.pcapng: No such file"), "{error}");
}

#[test]
fn a_udp_source_is_recorded_with_its_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    let (a, b) = (line(1, group(), port()), line(2, group(), port()));
    let wanted: UdpSpec = spec(vec![a.clone(), b.clone()]);
    let source = open(&wanted);
    let mut tap = Tap::create(source, &path, &TapSpec::of(&wanted)).expect("a file");
    let from = sender(std::net::Ipv4Addr::LOCALHOST);
    for n in 0..10 {
        send(&from, &a, &[n, 1]);
        send(&from, &b, &[n, 2]);
    }
    let got = receive(&mut tap, 20);
    tap.finish();
    let recorded = read(&std::fs::read(&path).expect("there")).packets;
    assert_eq!(recorded.len(), 20);
    for (got, recorded) in got.iter().zip(&recorded) {
        let udp = recorded.udp();
        let line = if got.line == 1 { &a } else { &b };
        assert_eq!((udp.destination, udp.port), (line.group, line.port));
        assert_eq!((udp.payload, recorded.ts_ns), (got.bytes.as_slice(), got.ts_receive));
    }
}

/// Records that `hotlane replay` makes of a file, without who took the stamp and on which line.
fn replayed(folder: &tempfile::TempDir, capture: &Path) -> Vec<u8> {
    let records = folder.path().join("records");
    let done = std::process::Command::new(env!("CARGO_BIN_EXE_hotlane"))
        .args(["replay", "--no-seats", "--instruments", "16", "--orders", "4096", "--records"])
        .args([records.as_path(), capture])
        .output()
        .expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut bytes = std::fs::read(&records).expect("records");
    bytes.chunks_mut(64).for_each(|record| record[3] = 0);
    bytes
}

#[test]
fn hotlane_replays_a_recording_like_the_original() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut packets = Vec::new();
    drain(&mut market(), &mut |p| packets.push((p.ts_receive, Link::Ethernet.packet(p.bytes))));
    let original = folder.path().join("original.pcap");
    std::fs::write(&original, pcap(false, true, 1, &packets)).expect("written");
    let source = CaptureSource::open(std::slice::from_ref(&original), None).expect("a capture");
    let frames = folder.path().join("frames.pcapng");
    let mut tap = Tap::create(source, &frames, &TapSpec::default()).expect("a file");
    drain(&mut tap, &mut |_| {});
    drop(tap);
    let payloads = folder.path().join("payloads.pcapng");
    let mut tap = Tap::create(market(), &payloads, &tap_spec()).expect("a file");
    drain(&mut tap, &mut |_| {});
    drop(tap);
    let want = replayed(&folder, &original);
    assert!(want.len() > 64 * 3_000, "{} bytes of records", want.len());
    for recording in [&frames, &payloads] {
        assert!(replayed(&folder, recording) == want, "{}", recording.display());
    }
}
