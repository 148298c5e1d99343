//! Gaps through the running handler, with servers behind real sockets of this host.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use serde_json::Value;

use crate::common::itch::{self, Add};
use crate::common::packets::{end_of_session, mold};
use crate::support::{Place, Running, config, counter, free_port, wait_for_counter};

const SESSION: &[u8; 10] = b"SIM0000001";

/// Two stocks and many orders: message 1 is the first.
fn messages(count: u64) -> Vec<Vec<u8>> {
    let mut all = vec![itch::directory(1, 5, "AAA"), itch::directory(2, 5, "BBB")];
    for reference in 3..=count {
        all.push(order(reference));
    }
    all
}

fn order(reference: u64) -> Vec<u8> {
    let locate = 1 + (reference % 2) as u16;
    let stock = ["AAA", "BBB"][usize::from(locate - 1)];
    let price = 1_000_000 - 100 * (reference % 7) as u32;
    itch::add(locate, 10 + reference, Add { reference, side: b'B', shares: 100, stock, price })
}

/// A request server of these messages, of which `limit` go into one packet.
fn request_server(messages: Vec<Vec<u8>>, limit: usize) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut request = [0; 100];
        while let Ok((20, from)) = socket.recv_from(&mut request) {
            assert_eq!(&request[..10], SESSION);
            let first = u64::from_be_bytes(request[10..18].try_into().expect("eight bytes"));
            let count = usize::from(u16::from_be_bytes([request[18], request[19]]));
            let at = first as usize - 1;
            let some = &messages[at.min(messages.len())..messages.len().min(at + count.min(limit))];
            if !some.is_empty() {
                socket.send_to(&mold(SESSION, first, some), from).expect("sent");
            }
        }
    });
    port
}

fn soup(code: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = (payload.len() as u16 + 1).to_be_bytes().to_vec();
    packet.push(code);
    packet.extend_from_slice(payload);
    packet
}

/// A snapshot server that sends these messages to whoever logs in as `me` with `secret`.
fn snapshot_server(messages: Vec<Vec<u8>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut login = [0; 49];
            stream.read_exact(&mut login).expect("a login");
            assert_eq!(&login[..29], b"\0\x2fLme    secret              ");
            let mut bytes = soup(b'A', b"SIM0000001                   1");
            messages.iter().for_each(|message| bytes.extend(soup(b'S', message)));
            // In pieces that end within packets.
            for piece in bytes.chunks(37) {
                if stream.write_all(piece).is_err() {
                    break;
                }
            }
            let mut logout = [0; 3];
            let _ = stream.read_exact(&mut logout);
        }
    });
    port
}

fn send(socket: &UdpSocket, port: u16, packet: &[u8]) {
    socket.send_to(packet, ("127.0.0.1", port)).expect("sent");
    std::thread::sleep(Duration::from_micros(200));
}

/// All messages but those that are to be lost, on both lines; then the end of the session.
fn play(ports: &[u16], messages: &[Vec<u8>], lost: impl Fn(u64) -> bool) {
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for (number, message) in (1..).zip(messages) {
        if !lost(number) {
            let packet = mold(SESSION, number, std::slice::from_ref(message));
            ports.iter().for_each(|&port| send(&sender, port, &packet));
        }
    }
    let end = end_of_session(SESSION, messages.len() as u64 + 1);
    ports.iter().for_each(|&port| send(&sender, port, &end));
}

/// The handler's lane in its summary, once nothing is missing any more.
fn ended(place: &Place, instance: &str, handler: &mut Running) -> Value {
    wait_for_counter(place, instance, "session_ends", 2);
    let begun = std::time::Instant::now();
    while counter(place, instance, "gaps_open") > 0 {
        assert!(begun.elapsed() < crate::support::PATIENCE, "a gap stays open");
        std::thread::sleep(Duration::from_millis(2));
    }
    handler.signal("TERM");
    let (code, out) = handler.ended();
    assert_eq!(code, 0, "{out}");
    place.assert_empty();
    let summary: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
    summary["lanes"][0].clone()
}

fn section(requests: &[u16], snapshots: &[u16], more: &str) -> String {
    let list = |ports: &[u16]| {
        let texts: Vec<_> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
        texts.join(", ")
    };
    format!(
        "[lane.nasdaq.recovery]\nrequests = [{}]\nsnapshots = [{}]\n{more}\n",
        list(requests),
        list(snapshots)
    )
}

fn place(instance: &str, ports: &[u16], section: &str) -> Place {
    Place::new(&format!("{}{section}", config(instance, ports, "hold_us = 2000")))
}

#[test]
fn what_both_lines_lack_is_asked_for_and_filled() {
    let ports = [free_port(), free_port()];
    let all = messages(200);
    let server = request_server(all.clone(), 8);
    let place = place("fill", &ports, &section(&[server], &[], "timeout_ms = 200"));
    let mut handler = Running::start(&place, &["--json"]);
    let said = handler.said.join("\n");
    assert!(said.contains(&format!("recovery asks 127.0.0.1:{server} for messages")), "{said}");
    play(&ports, &all, |number| (40..60).contains(&number) || number == 150);
    let lane = ended(&place, "fill", &mut handler);
    let count = |name: &str| lane["counters"][name].as_u64().unwrap_or(0);
    assert_eq!((count("gaps_declared"), count("recovery_ranges")), (2, 2), "{lane}");
    assert_eq!((count("recovery_wanted"), count("recovery_filled")), (21, 21), "{lane}");
    assert_eq!(count("repair_filled"), 21, "{lane}");
    // Twenty messages at eight in an answer.
    assert!(count("recovery_requests") >= 4 && count("recovery_partial") >= 2, "{lane}");
}

#[test]
fn a_server_that_is_not_there_costs_a_timeout() {
    let ports = [free_port(), free_port()];
    let all = messages(100);
    let servers = [free_port(), request_server(all.clone(), 40)];
    let place = place("dead", &ports, &section(&servers, &[], ""));
    let mut handler = Running::start(&place, &["--json"]);
    play(&ports, &all, |number| (40..43).contains(&number));
    let lane = ended(&place, "dead", &mut handler);
    let count = |name: &str| lane["counters"][name].as_u64().unwrap_or(0);
    assert_eq!((count("recovery_timeouts"), count("recovery_filled")), (1, 3), "{lane}");
    assert!(count("recovery_socket_errors") >= 1, "the kernel says that the port is closed");
}

#[test]
fn a_gap_that_is_too_large_is_healed_by_a_snapshot() {
    use std::os::unix::fs::PermissionsExt;

    let ports = [free_port(), free_port()];
    let all = messages(100);
    let mut books = all.clone();
    books.push(format!("G{:>20}", 101).into_bytes());
    let requests = request_server(all.clone(), 40);
    // The first server closes its door, the second one has the books.
    let snapshots = [free_port(), snapshot_server(books)];
    let place = place("snap", &ports, "");
    let secret = place.config.with_file_name("secret");
    std::fs::write(&secret, "secret\n").expect("a file");
    let keys = format!(
        "max_request = 5\nbackoff_ms = 10\nuser = \"me\"\npassword_file = \"{}\"",
        secret.display()
    );
    let text = section(&[requests], &snapshots, &keys);
    place.write(&format!("{}{text}", config("snap", &ports, "hold_us = 2000")));

    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let out = place.run_to_end(&["--for", "5"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && said.contains("chmod 600"), "{said}");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("a mode");

    let mut handler = Running::start(&place, &["--json"]);
    play(&ports, &all, |number| (20..60).contains(&number));
    let lane = ended(&place, "snap", &mut handler);
    let count = |name: &str| lane["counters"][name].as_u64().unwrap_or(0);
    assert_eq!((count("recovery_requests"), count("recovery_unfillable")), (0, 1), "{lane}");
    assert!(count("recovery_snapshots") >= 1 && count("repair_snapshots") >= 1, "{lane}");
    assert_eq!(count("recovery_snapshot_orders"), 98 * count("recovery_snapshots"), "{lane}");
    assert_eq!(count("recovery_stream_closed"), 1, "{lane}");
}

#[test]
fn a_server_without_an_address_is_refused_before_anything_runs() {
    let place = place("none", &[free_port()], "");
    let text = "[lane.nasdaq.recovery]\nrequests = [\"no.such.host.invalid:1\"]\n";
    place.write(&format!("{}{text}", config("none", &[free_port()], "")));
    let out = place.run_to_end(&["--for", "5"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("recovery server no.such.host.invalid:1"), "{said}");
    place.assert_empty();
}
