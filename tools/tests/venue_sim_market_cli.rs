//! `venue-sim market` on real sockets: the lines, the re-request server, the snapshot server, the
//! file of true books, and accounts that add up.

mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::frame::moldudp64::{MoldKind, MoldPacket, MoldRequest};
use protocol::frame::soupbintcp::{ClientPacket, LoginRequest, ServerPacket, SoupReader};
use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::decode;
use protocol::venue::nasdaq::glimpse::EndOfSnapshot;
use serde_json::Value;
use support::Replay;
use tools::venue_sim::market::{Market, Oracle};
use tools::venue_sim::play::{Message, Messages};
use tools::venue_sim::serve::SnapshotSource;
use tools::venue_sim::{Hours, Settings};

const SESSION: [u8; 10] = *b"SIM0000042";
const PATIENCE: Duration = Duration::from_secs(30);

/// What one line brought.
#[derive(Default)]
struct Heard {
    messages: BTreeMap<u64, Vec<u8>>,
    datagrams: u64,
    carried: u64,
    end: u64,
}

/// A receiver on loopback, until the end of the session.
struct Receiver {
    address: SocketAddr,
    thread: JoinHandle<Heard>,
}

impl Receiver {
    fn listen() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let address = socket.local_addr().expect("bound");
        Self { address, thread: std::thread::spawn(move || hear(&socket)) }
    }
}

fn hear(socket: &UdpSocket) -> Heard {
    let (mut heard, mut buffer) = (Heard::default(), [0; 65_536]);
    loop {
        let length = socket.recv(&mut buffer).expect("datagrams until the end of the session");
        let packet = MoldPacket::parse(&buffer[..length]).expect("MoldUDP64");
        assert_eq!(packet.session, SESSION);
        match packet.kind {
            MoldKind::EndOfSession => {
                heard.end = packet.sequence;
                return heard;
            }
            MoldKind::Heartbeat => {}
            MoldKind::Data(count) => {
                heard.datagrams += 1;
                heard.carried += u64::from(count);
            }
        }
        for (number, message) in (packet.sequence..).zip(packet.messages()) {
            heard.messages.insert(number, message.to_vec());
        }
    }
}

/// An address that was free a moment ago.
fn free(tcp: bool) -> SocketAddr {
    let any = (Ipv4Addr::LOCALHOST, 0);
    if tcp {
        TcpListener::bind(any).expect("a socket").local_addr().expect("bound")
    } else {
        UdpSocket::bind(any).expect("a socket").local_addr().expect("bound")
    }
}

fn start(folder: &Path, lines: &[&Receiver], more: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_venue-sim"));
    command.current_dir(folder).args(["market", "--json", "--session", "SIM0000042"]);
    for (option, line) in ["--group-a", "--group-b"].iter().zip(lines) {
        command.args([option.to_string(), line.address.to_string()]);
    }
    command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

fn finished(child: Child) -> Value {
    let output = child.wait_with_output().expect("the binary ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn settings(seed: u64, instruments: u16, messages: u64, seconds: u64) -> Settings {
    let hours = Hours::new(4 * 3_600, seconds).expect("hours");
    Settings { seed, instruments, messages, hours }
}

/// The messages that a market of these settings makes, by number.
fn truth(settings: &Settings) -> BTreeMap<u64, Vec<u8>> {
    let mut market = Market::new(settings).expect("a market");
    let (mut all, mut message) = (BTreeMap::new(), Message::default());
    while market.next(&mut message).expect("a message") {
        all.insert(market.number(), message.bytes.clone());
    }
    all
}

/// The lines, as the report has them, say where every packet and message is.
fn assert_balanced(report: &Value, heard: &[Heard]) {
    for (line, heard) in report["lines"].as_array().expect("lines").iter().zip(heard) {
        let count = |name: &str| line[name].as_u64().expect(name);
        assert_eq!(count("packets"), count("datagrams_sent") + count("dropped"));
        assert_eq!(count("datagrams_sent"), heard.datagrams, "lost on loopback; run again");
        assert_eq!(count("messages_sent"), heard.carried);
        let all = report["messages"].as_u64().expect("messages");
        assert_eq!(count("messages_sent") + count("messages_missing"), all);
        assert_eq!(heard.end, all + 1);
    }
}

#[test]
fn every_rate_and_speed_sends_the_same_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    let content = ["--seed", "5", "--symbols", "30", "--messages", "3000", "--duration", "1s"];
    let expected = truth(&settings(5, 30, 3_000, 1));
    for pace in [&["--rate", "6000"][..], &["--speed", "max"], &["--speed", "2x"]] {
        let line = Receiver::listen();
        let quick = ["--start-delay", "0.1", "--end-seconds", "0.1"];
        let child = start(folder.path(), &[&line], &[&content[..], pace, &quick].concat());
        let report = finished(child);
        let heard = line.thread.join().expect("a receiver");
        assert!(heard.messages == expected, "{pace:?}: other messages");
        assert_balanced(&report, &[heard]);
        assert_eq!(report["nature"], "simulated");
    }
}

/// Asks for messages until all of them are there.
fn request(server: SocketAddr, wanted: &[u64]) -> (BTreeMap<u64, Vec<u8>>, u64, u64) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let (mut found, mut buffer) = (BTreeMap::new(), [0; 2_048]);
    let (mut requests, mut asked) = (0, 0);
    for number in wanted {
        if found.contains_key(number) {
            continue;
        }
        let ask = MoldRequest { session: SESSION, sequence: *number, count: 3 };
        socket.send_to(&ask.encode(), server).expect("sent");
        requests += 1;
        asked += 3;
        let length = socket.recv(&mut buffer).expect("an answer");
        let packet = MoldPacket::parse(&buffer[..length]).expect("MoldUDP64");
        assert_eq!((packet.session, packet.sequence), (SESSION, *number));
        for (number, message) in (packet.sequence..).zip(packet.messages()) {
            found.insert(number, message.to_vec());
        }
    }
    (found, requests, asked)
}

/// A snapshot: its number and its messages.
fn snapshot(server: SocketAddr, user: &str, password: &str) -> Option<(u64, Vec<Vec<u8>>)> {
    let mut stream = TcpStream::connect(server).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let login = LoginRequest::new(user, password, 1).expect("a login");
    let mut bytes = vec![];
    assert!(ClientPacket::Login(login).encode(&mut bytes));
    stream.write_all(&bytes).expect("written");
    let mut reader = SoupReader::new(1_000);
    let (mut messages, mut buffer) = (vec![], [0; 10_000]);
    loop {
        let length = stream.read(&mut buffer).expect("bytes");
        assert!(length > 0, "closed without an end");
        let mut rest = &buffer[..length];
        while let Some(packet) = reader.next(&mut rest) {
            match packet.and_then(|packet| packet.server()).expect("a packet") {
                ServerPacket::Accepted { session, sequence } => {
                    assert_eq!((session, sequence), (SESSION, 1));
                }
                ServerPacket::Rejected(_) => return None,
                ServerPacket::Sequenced(message) => match EndOfSnapshot::parse(message) {
                    Ok(end) => return Some((end.next, messages)),
                    Err(_) => messages.push(message.to_vec()),
                },
                ServerPacket::Heartbeat => {}
                _ => panic!("nothing else comes"),
            }
        }
    }
}

/// The snapshot is the true market after the message before its number.
fn assert_true_snapshot(settings: &Settings, next: u64, messages: &[Vec<u8>]) {
    let mut market = Market::new(settings).expect("a market");
    let mut message = Message::default();
    while market.number() + 1 < next {
        assert!(market.next(&mut message).expect("a message"), "beyond the end");
    }
    let mut expected = vec![];
    market.snapshot(SESSION).snapshot(&mut |message| expected.push(message.to_vec()));
    assert!(expected == messages, "snapshot {next}: {} messages", messages.len());
}

#[test]
fn what_is_lost_is_served_and_every_book_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (a, b) = (Receiver::listen(), Receiver::listen());
    let (retransmit, glimpse) = (free(false), free(true));
    let (re, gl) = (retransmit.to_string(), glimpse.to_string());
    let content = ["--seed", "8", "--symbols", "20", "--messages", "20000", "--duration", "3s"];
    let settings = settings(8, 20, 20_000, 3);
    let more = [
        "--rate",
        "7000",
        "--loss",
        "5%",
        "--retransmit",
        &re,
        "--glimpse",
        &gl,
        "--login",
        "hot:lane",
        "--start-delay",
        "0.3",
        "--end-seconds",
        "4",
        "--oracle",
        "SIM_books.bin",
        "--report",
        "SIM_report.json",
    ];
    let began = Instant::now();
    let child = start(folder.path(), &[&a, &b], &[&content[..], &more[..]].concat());
    // Two snapshots within the session, and a login of somebody else.
    std::thread::sleep(Duration::from_millis(1_200));
    let early = snapshot(glimpse, "hot", "lane").expect("a snapshot");
    assert!(snapshot(glimpse, "hot", "line").is_none());
    std::thread::sleep(Duration::from_millis(800));
    let later = snapshot(glimpse, "hot", "lane").expect("a snapshot");
    assert!(began.elapsed() < Duration::from_millis(3_200), "inconclusive: a slow host");
    assert!(1 < early.0 && early.0 < later.0, "{} {}", early.0, later.0);

    let heard = [a, b].map(|line| line.thread.join().expect("a receiver"));
    let expected = truth(&settings);
    let missing: Vec<u64> =
        expected.keys().copied().filter(|n| !heard[0].messages.contains_key(n)).collect();
    assert!(missing.len() > 300, "5 % of 20,000");
    let (found, requests, asked) = request(retransmit, &missing);
    for number in &missing {
        assert_eq!(found.get(number), expected.get(number), "message {number}");
    }
    let report = finished(child);
    for line in &heard {
        assert!(line.messages.iter().all(|(n, message)| expected.get(n) == Some(message)));
    }
    assert_balanced(&report, &heard);
    assert_eq!(report["retransmit"][0]["requests"], requests);
    assert_eq!(report["retransmit"][0]["asked"], asked);
    assert_eq!(report["retransmit"][0]["answered"], requests);
    assert_eq!(report["glimpse"][0]["connections"], 3);
    assert_eq!(
        (&report["glimpse"][0]["complete"], &report["glimpse"][0]["rejected_user"]),
        (&Value::from(2), &Value::from(1))
    );
    let on_disk = std::fs::read(folder.path().join("SIM_report.json")).expect("the report");
    assert_eq!(serde_json::from_slice::<Value>(&on_disk).expect("JSON"), report);

    assert_true_snapshot(&settings, early.0, &early.1);
    assert_true_snapshot(&settings, later.0, &later.1);
    assert_books(&folder.path().join("SIM_books.bin"), &expected);
}

/// The oracle's books at some numbers are what the sent messages make.
fn assert_books(path: &Path, messages: &BTreeMap<u64, Vec<u8>>) {
    let oracle = Oracle::open(path).expect("the file");
    assert_eq!((oracle.session(), oracle.last()), (SESSION, messages.len() as u64));
    let mut plain = Replay::default();
    for (number, message) in messages {
        plain.message(&decode(message).expect("a message"));
        if number.is_multiple_of(997) || *number == oracle.last() {
            for locate in 1..=oracle.instruments() {
                let book = oracle.book(locate - 1, *number).expect("a book");
                for side in [Side::Buy, Side::Sell] {
                    assert_eq!(book.levels(side), plain.levels(locate, side), "{number}");
                }
            }
        }
    }
    oracle.verify().expect("whole books are what their changes make");
}

#[test]
fn wrong_options_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    let taken = taken.local_addr().expect("bound").to_string();
    let long = ["--duration", "21h"];
    for (more, code, what) in [
        (&["--session", "REC1"][..], 2, "begins with SIM"),
        (&["--oracle", "books.bin"], 1, "must contain SIM"),
        (&["--report", "report.json"], 1, "must contain SIM"),
        (&["--glimpse", &taken], 1, "cannot listen"),
        (&["--symbols", "0"], 1, "--instruments must be from 1"),
        (&["--rate", "5", "--speed", "2x"], 2, "cannot be used with"),
        (&["--retransmit", "127.0.0.1:1,nothing"], 2, "nothing"),
        (&long, 1, "does not end on the same day"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_venue-sim"));
        command.current_dir(folder.path()).args(["market", "--group-a", "127.0.0.1:9"]);
        let output = command.args(more).output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{more:?}: {said}");
        assert!(said.contains(what), "{more:?}: {said}");
    }
}
