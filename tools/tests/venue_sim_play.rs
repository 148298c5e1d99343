//! `venue-sim play` on real sockets: what receivers on the loopback interface get.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::frame::moldudp64::{MoldKind, MoldPacket};
use protocol::venue::nasdaq::file::{Frame, next};
use serde_json::Value;

/// Longest silence before a receiver gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one line's receiver heard.
#[derive(Default)]
struct Heard {
    sessions: BTreeSet<Vec<u8>>,
    /// Messages by number, the first copy.
    messages: BTreeMap<u64, Vec<u8>>,
    /// Sizes of the packets with messages, in messages.
    sizes: Vec<u16>,
    largest: usize,
    duplicates: u64,
    in_order: bool,
    heartbeats: Vec<(Instant, u64)>,
    /// When messages came.
    times: Vec<Instant>,
    end: Option<u64>,
}

/// A receiver that has joined its group, and listens until the end of the session.
struct Receiver {
    address: SocketAddrV4,
    thread: JoinHandle<Heard>,
    /// Datagrams heard so far.
    count: Arc<AtomicU64>,
}

impl Receiver {
    fn join() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Groups of one test run differ from each other and, mostly, from those of another run.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let [high, low] = (std::process::id() as u16).wrapping_add(number).to_be_bytes();
        let group = Ipv4Addr::new(239, 254, high, low);
        // Any free port, and bound to the group so that others' datagrams stay away.
        let socket = UdpSocket::bind((group, 0)).expect("a socket");
        socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).expect("a group on loopback");
        let port = socket.local_addr().expect("bound").port();
        Self::listen(socket, SocketAddrV4::new(group, port))
    }

    fn unicast() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let port = socket.local_addr().expect("bound").port();
        Self::listen(socket, SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
    }

    fn listen(socket: UdpSocket, address: SocketAddrV4) -> Self {
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let count = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&count);
        Self { address, thread: std::thread::spawn(move || hear(&socket, &counter)), count }
    }

    /// Returns when so many datagrams were heard.
    fn await_datagrams(&self, wanted: u64) {
        let started = Instant::now();
        // Partner: the addition in `hear`.
        while self.count.load(Ordering::Relaxed) < wanted {
            assert!(started.elapsed() < PATIENCE, "{wanted} datagrams did not come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn heard(self) -> Heard {
        self.thread.join().expect("a receiver")
    }
}

fn hear(socket: &UdpSocket, count: &AtomicU64) -> Heard {
    let mut heard = Heard { in_order: true, ..Heard::default() };
    let mut buffer = [0; 65_536];
    loop {
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return heard,
            Err(error) => panic!("{error}"),
        };
        let packet = MoldPacket::parse(&buffer[..length]).expect("MoldUDP64");
        // Partner: the load in `Receiver::await_datagrams`; only the number matters.
        count.fetch_add(1, Ordering::Relaxed);
        heard.sessions.insert(packet.session.to_vec());
        match packet.kind {
            MoldKind::Heartbeat => heard.heartbeats.push((Instant::now(), packet.sequence)),
            MoldKind::EndOfSession => {
                heard.end = Some(packet.sequence);
                let dropped = kernel_drops(socket);
                assert_eq!(dropped, 0, "inconclusive: the kernel dropped datagrams; run again");
                return heard;
            }
            MoldKind::Data(count) => {
                heard.sizes.push(count);
                heard.times.push(Instant::now());
                heard.largest = heard.largest.max(length);
            }
        }
        for (sequence, message) in (packet.sequence..).zip(packet.messages()) {
            heard.in_order &=
                heard.messages.last_key_value().is_none_or(|(last, _)| *last < sequence);
            if heard.messages.insert(sequence, message.to_vec()).is_some() {
                heard.duplicates += 1;
            }
        }
    }
}

/// Datagrams that the kernel dropped because the socket was full: the last column of the system's
/// table, in the row of the socket's port.
fn kernel_drops(socket: &UdpSocket) -> u64 {
    let port = socket.local_addr().expect("bound").port();
    let table = std::fs::read_to_string("/proc/net/udp").expect("the table of UDP sockets");
    let rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
    let port = format!(":{port:04X}");
    let ours = rows.filter(|row| row.get(1).is_some_and(|address| address.ends_with(&port)));
    ours.filter_map(|row| row.last()?.parse::<u64>().ok()).sum()
}

fn venue_sim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_venue-sim"));
    command.args(arguments);
    command
}

fn finished(child: Child) -> (Output, Value) {
    let output = child.wait_with_output().expect("the binary ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    (output, report)
}

/// Plays to these receivers with options, and gives the report.
fn start(file: &Path, receivers: &[&Receiver], options: &[&str]) -> Child {
    let mut command = venue_sim(&["play"]);
    command.arg(file);
    for (receiver, option) in receivers.iter().zip(["--group-a", "--group-b"]) {
        command.args([option, &receiver.address.to_string()]);
    }
    // Slow enough for a receiver on a busy host.
    command.args(["--json", "--start-delay", "0.2", "--max-packets-per-second", "2500"]);
    command.args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

/// A generated session and its messages by number.
fn session(folder: &Path, messages: u64) -> (PathBuf, BTreeMap<u64, Vec<u8>>) {
    let path = folder.join("SIM_day.itch");
    let messages = messages.to_string();
    let made = venue_sim(&["generate", "--instruments", "5", "--duration", "1m"])
        .args(["--session-start", "09:30", "--messages", &messages, "--out"])
        .arg(&path)
        .output()
        .expect("the binary runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let messages = numbered(&path);
    (path, messages)
}

fn numbered(path: &Path) -> BTreeMap<u64, Vec<u8>> {
    let file = std::fs::read(path).expect("a file");
    let (mut rest, mut all) = (&file[..], BTreeMap::new());
    while let Frame::Message { bytes, consumed } = next(rest, true) {
        all.insert(all.len() as u64 + 1, bytes.to_vec());
        rest = &rest[consumed..];
    }
    all
}

/// The numbers that a JSON list of ranges holds.
fn numbers(ranges: &Value) -> BTreeSet<u64> {
    let ranges = ranges.as_array().expect("a list");
    let edge = |range: &Value, name: &str| range[name].as_u64().expect("a number");
    ranges.iter().flat_map(|range| edge(range, "first")..edge(range, "end")).collect()
}

fn missing(all: &BTreeMap<u64, Vec<u8>>, heard: &[&Heard]) -> BTreeSet<u64> {
    let nobody = |number: &&u64| !heard.iter().any(|heard| heard.messages.contains_key(number));
    all.keys().filter(nobody).copied().collect()
}

#[test]
fn both_lines_carry_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, all) = session(folder.path(), 4_000);
    let (a, b) = (Receiver::join(), Receiver::join());
    let child = start(&file, &[&a, &b], &["--speed", "max"]);
    let (output, report) = finished(child);
    assert!(output.stderr.is_empty(), "--json says nothing else");
    let (a, b) = (a.heard(), b.heard());
    for heard in [&a, &b] {
        assert!(heard.messages == all, "{} of {} messages", heard.messages.len(), all.len());
        assert!(heard.in_order && heard.duplicates == 0);
        assert_eq!(heard.end, Some(all.len() as u64 + 1));
        assert_eq!(heard.heartbeats[0].1, 1, "a heartbeat before the first message");
        assert!(heard.largest <= 1_472, "{}", heard.largest);
    }
    assert_eq!(a.sizes, b.sizes, "the same packets on both lines");
    assert_eq!(a.sessions, b.sessions);
    let name = a.sessions.first().expect("a session");
    assert!(name.starts_with(b"SIM"), "a generated file is not called a recording");
    assert_eq!(report["nature"], "simulated");
    assert_eq!(report["session"], String::from_utf8_lossy(name).as_ref());
    assert_eq!(report["messages"], all.len());
    assert_eq!(report["last_sequence"], all.len());
    assert_eq!(report["lines"][1]["datagrams_sent"], b.sizes.len());
    assert_eq!(report["messages_missing_on_all"], 0);
}

#[test]
fn faults_lose_exactly_what_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, all) = session(folder.path(), 3_000);
    let oracle = folder.path().join("gaps.json");
    let play = || {
        let (a, b) = (Receiver::join(), Receiver::join());
        let child = start(
            &file,
            &[&a, &b],
            &[
                "--rate",
                "8000",
                "--seed",
                "42",
                "--session",
                "SIM0000042",
                "--fault-a",
                "drop=every:7,drop=seqs:100-120,drop=2%,reorder=0.05",
                "--fault-b",
                "drop=seqs:110-130+900,burst=0.01:20,duplicate=0.1,delay=300,corrupt=0.02",
                "--oracle",
                oracle.to_str().expect("a path"),
            ],
        );
        let (_, report) = finished(child);
        (a.heard(), b.heard(), report)
    };
    let (a, b, report) = play();
    for (heard, line) in [(&a, 0), (&b, 1)] {
        let lost = &report["lines"][line]["missing"];
        assert_eq!(missing(&all, &[heard]), numbers(lost), "line {line}");
    }
    let nobody = missing(&all, &[&a, &b]);
    assert_eq!(nobody, numbers(&report["missing_on_all"]));
    assert!((110..=120).all(|number| nobody.contains(&number)));
    assert!(!a.in_order && a.duplicates == 0 && b.duplicates > 0);
    let changed: BTreeSet<u64> =
        b.messages.iter().filter(|(n, bytes)| all[n] != **bytes).map(|(n, _)| *n).collect();
    assert_eq!(changed, numbers(&report["lines"][1]["corrupted_messages"]));
    assert!(!changed.is_empty());
    let written: Value =
        serde_json::from_slice(&std::fs::read(&oracle).expect("the oracle")).expect("JSON");
    assert_eq!(written, report, "--oracle writes what --json prints");
    // And again: the same on every line, whatever the timing.
    let (again_a, again_b, _) = play();
    assert!(again_a.messages == a.messages && again_b.messages == b.messages);
    assert_eq!((again_a.sizes, again_b.sizes), (a.sizes, b.sizes));
}

#[test]
fn a_stopped_line_is_silent_and_the_other_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, all) = session(folder.path(), 2_000);
    let (a, b) = (Receiver::join(), Receiver::join());
    let options = ["--rate", "1000", "--fault-a", "stop=0.6:0.8", "--heartbeat-ms", "50"];
    let (_, report) = finished(start(&file, &[&a, &b], &options));
    let (a, b) = (a.heard(), b.heard());
    assert!(b.messages == all);
    assert_eq!(missing(&all, &[&a]), numbers(&report["lines"][0]["missing"]));
    let lost = all.len() - a.messages.len();
    assert!((700..900).contains(&lost), "{lost} of 800 messages that were due meanwhile");
    let mut heard: Vec<Instant> = a.times.clone();
    heard.extend(a.heartbeats.iter().map(|(at, _)| *at));
    heard.sort();
    let longest = heard.windows(2).map(|pair| pair[1] - pair[0]).max().expect("datagrams");
    assert!(longest > Duration::from_millis(700), "{longest:?}: no heartbeats either");
}

#[test]
fn lines_may_be_split_differently_or_go_to_one_receiver_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, all) = session(folder.path(), 6_000);
    let (a, b) = (Receiver::unicast(), Receiver::unicast());
    let options = ["--speed", "max", "--split-b", "--first-sequence", "1000001"];
    finished(start(&file, &[&a, &b], &options));
    let (a, b) = (a.heard(), b.heard());
    let shifted: BTreeMap<_, _> = all.iter().map(|(n, m)| (n + 1_000_000, m.clone())).collect();
    assert!(a.messages == shifted && b.messages == shifted);
    assert_ne!(a.sizes, b.sizes);
    let (a, options) = (Receiver::unicast(), ["--speed", "max", "--packet-messages", "10"]);
    finished(start(&file, &[&a], &options));
    let heard = a.heard();
    assert!(heard.messages == all);
    assert!(heard.sizes.iter().rev().skip(1).all(|size| *size == 10), "{:?}", heard.sizes);
}

#[test]
fn a_signal_ends_the_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, all) = session(folder.path(), 2_000);
    let a = Receiver::join();
    let child = start(&file, &[&a], &["--rate", "500"]);
    a.await_datagrams(50);
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()));
    let (_, report) = finished(child);
    let heard = a.heard();
    assert_eq!(report["interrupted"], true);
    let sent = report["messages"].as_u64().expect("a number");
    assert!(sent > 0 && sent < all.len() as u64, "{sent}");
    assert_eq!(heard.end, Some(sent + 1));
    assert_eq!(heard.messages.len() as u64, sent);
}

#[test]
fn mistakes_are_told_with_their_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, _) = session(folder.path(), 200);
    let file = file.to_str().expect("a path");
    let (a, b) = ("239.254.0.1:26477", "239.254.0.2:26477");
    let text = folder.path().join("text.itch");
    std::fs::write(&text, "no messages in here").expect("a file");
    let text = text.to_str().expect("a path");
    let cases: [(i32, &[&str], &str); 17] = [
        (1, &["absent.itch", "--group-a", a], "absent.itch: cannot read: No such file"),
        (1, &[text, "--group-a", a], "which is no ITCH 5.0 message"),
        (1, &["/", "--group-a", a], "cannot read: Is a directory"),
        (1, &[file, "--group-a", a, "--interface", "eth99"], "there are lo 127.0.0.1"),
        (1, &[file, "--group-a", a, "--interface", "203.0.113.7"], "no interface of this host has"),
        (1, &[file, "--group-a", a, "--group-b", a], "lines A and B both go to 239.254.0.1:26477"),
        (1, &[file, "--group-a", a, "--group", "A=239.254.0.2:1"], "two lines are named A"),
        (1, &[file, "--group-a", a, "--fault-b", "drop=1"], "add --group-b ADDR:PORT"),
        (1, &[file, "--group-a", a, "--fault", "C:drop=1"], "add --group C=ADDR:PORT"),
        (1, &[file, "--group-a", a, "--session", "REC1"], "says that it is simulated"),
        (1, &[file, "--group-a", a, "--oracle", "/nowhere/x"], "/nowhere/x: cannot create"),
        (2, &[file, "--group-a", "somewhere:1"], "for example 239.255.1.1:26477"),
        (2, &[file, "--group-a", "239.254.0.1:0"], "port 0 is no port"),
        (2, &[file, "--group-a", a, "--session", "LIVE1"], "must begin with REC or SIM"),
        (2, &[file, "--group-a", a, "--speed", "fast"], "a factor such as 10x"),
        (2, &[file, "--group-a", a, "--fault-a", "drop=often"], "no probability from 0 to 1"),
        (2, &[file, "--group-b", b], "--group-a <ADDR:PORT>"),
    ];
    for (code, arguments, expected) in cases {
        let started = Instant::now();
        let output = venue_sim(&["play"]).args(arguments).output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(code == 2 || said.lines().count() == 1, "{arguments:?}: {said}");
        assert!(started.elapsed() < Duration::from_secs(5), "{arguments:?} played something");
    }
}

#[test]
fn the_recording_arrives_byte_for_byte() {
    let Some(path) = e2e::aapl("the_recording_arrives_byte_for_byte") else { return };
    let all = numbered(&path);
    assert_eq!(all.len(), 10_000);
    let (a, b) = (Receiver::join(), Receiver::join());
    let options = ["--speed", "max", "--fault-a", "drop=every:7"];
    let (_, report) = finished(start(&path, &[&a, &b], &options));
    let (a, b) = (a.heard(), b.heard());
    assert!(b.messages == all);
    assert!(b.sessions.first().is_some_and(|name| name.starts_with(b"REC")));
    assert_eq!(missing(&all, &[&a]), numbers(&report["lines"][0]["missing"]));
    assert_eq!(
        report["lines"][0]["dropped"].as_u64(),
        report["lines"][0]["packets"].as_u64().map(|n| n / 7)
    );
    assert_eq!(report["nature"], "recorded");
    // Two hours before the market opens: hardly two messages at a time.
    let single = b.sizes.iter().filter(|size| **size == 1).count();
    assert!(single * 10 > b.sizes.len() * 8, "{single} of {}", b.sizes.len());
}
