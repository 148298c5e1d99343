//! A good snapshot server, and clients good and bad.

use proptest::prelude::*;
use protocol::frame::soupbintcp::{ClientPacket, LoginRequest};
use protocol::venue::nasdaq::glimpse::EndOfSnapshot;
use tools::venue_sim::serve::books::Books;
use tools::venue_sim::serve::{Connection, Service, SnapshotSource};

use super::books::{rows, wanted};
use super::reader::{Got, drive, login, said};
use super::{SESSION, messages, session};

const SECOND: u64 = 1_000_000_000;

fn books(file: &[u8]) -> Books {
    let mut books = Books::new(SESSION);
    messages(file).iter().for_each(|message| books.apply(message));
    books
}

fn service(faults: &str) -> Service {
    Service { login: None, faults: faults.parse().expect("faults") }
}

#[test]
fn a_client_gets_the_books_and_the_next_number() {
    let file = session(21, 10, 20_000);
    let cut = messages(&file).iter().take(12_000).map(|message| message.len() + 2).sum();
    let file = &file[..cut];
    let books = books(file);
    for piece in [1, 1_000, usize::MAX] {
        let told = drive(&service(""), 1, &books, &[(0, login())], piece);
        assert_eq!(told.others(), [Got::Accepted(SESSION, 1), Got::End]);
        assert!(matches!(told.packets.last(), Some((0, Got::End))), "at once, and at the end");
        let messages = told.messages();
        let (end, snapshot) = messages.split_last().expect("messages");
        assert_eq!(EndOfSnapshot::parse(end), Ok(EndOfSnapshot { next: 12_001 }));
        let rows = rows(snapshot.iter().copied());
        assert_eq!(rows, wanted(file));
        assert!(!rows.is_empty());
        let counts = told.counts;
        assert_eq!((counts.begun, counts.complete, counts.logins), (1, 1, 1));
        assert_eq!(counts.orders, rows.len() as u64);
        assert_eq!(counts.messages, messages.len() as u64);
    }
}

#[test]
fn an_empty_venue_has_a_snapshot_too() {
    let told = drive(&service(""), 1, &Books::new(SESSION), &[(0, login())], 7);
    assert_eq!(told.messages(), [&EndOfSnapshot { next: 1 }.encode()[..]]);
}

#[test]
fn who_is_let_in() {
    let source = Books::new(SESSION);
    let ours = LoginRequest::new("USER", "SECRET", 1).expect("a login");
    let cases = [
        (ours, None),
        (ours.into_session(SESSION), None),
        (ours.into_session(*b"SIM0000002"), Some(b'S')),
        (LoginRequest { sequence: 0, ..ours }, Some(b'S')),
        (LoginRequest { sequence: 2, ..ours }, Some(b'S')),
        (LoginRequest { user: *b"user  ", ..ours }, Some(b'A')),
        (LoginRequest { password: *b"SECRE     ", ..ours }, Some(b'A')),
    ];
    let service = Service { login: Some((ours.user, ours.password)), ..Service::default() };
    for (request, reason) in cases {
        let login = said(&ClientPacket::Login(request));
        let told = drive(&service, 1, &source, &[(0, login)], 100);
        match reason {
            None => assert_eq!(told.others(), [Got::Accepted(SESSION, 1), Got::End]),
            Some(reason) => assert_eq!(told.packets, [(0, Got::Rejected(reason))], "{request:?}"),
        }
        let (user, session) = (told.counts.rejected_user, told.counts.rejected_session);
        assert_eq!(user, u64::from(reason == Some(b'A')), "{request:?}");
        assert_eq!(session, u64::from(reason == Some(b'S')), "{request:?}");
    }
}

/// While it thinks a server sends a heartbeat a second, and a snapshot is of the moment of login.
#[test]
fn heartbeats_while_it_thinks() {
    let source = Books::new(SESSION);
    let told = drive(&service("think=3500000"), 1, &source, &[(0, login())], 100);
    let times: Vec<u64> = told.packets.iter().map(|(at, _)| *at).collect();
    let half = SECOND / 2;
    assert_eq!(times, [0, SECOND, 2 * SECOND, 3 * SECOND, 3 * SECOND + half, 3 * SECOND + half]);
    assert_eq!(told.counts.heartbeats, 3);
    assert_eq!(told.others().iter().filter(|got| **got == Got::Heartbeat).count(), 3);
}

#[test]
fn a_client_that_is_silent_is_closed_after_fifteen_seconds() {
    let source = Books::new(SESSION);
    let mut connection = Connection::new(&Service::default(), 1, 5 * SECOND);
    assert!(connection.output(5 * SECOND).is_empty());
    assert_eq!(connection.deadline(5 * SECOND), 20 * SECOND);
    connection.received(&said(&ClientPacket::Heartbeat), 10 * SECOND, &source);
    assert!(connection.output(20 * SECOND).is_empty() && !connection.is_closed());
    assert_eq!(connection.deadline(20 * SECOND), 25 * SECOND);
    assert!(connection.output(25 * SECOND).is_empty() && connection.is_closed());
    assert_eq!(connection.counts().timed_out, 1);
}

#[test]
fn what_no_client_sends_closes() {
    let source = Books::new(SESSION);
    let twice = [login(), login()].concat();
    let thinks = service("think=1000000");
    for bytes in [&b"\x00\x01S"[..], b"\x00\x00", b"\xff\xff", b"\x00\x02R ", &twice] {
        let told = drive(&thinks, 1, &source, &[(0, bytes.to_vec())], 100);
        assert_eq!((told.closed, told.counts.malformed), (0, 1), "{bytes:?}");
        assert_eq!(told.messages().len(), 0);
    }
    let bye = said(&ClientPacket::Logout);
    let told = drive(&thinks, 1, &source, &[(0, login()), (5, bye)], 100);
    assert_eq!((told.closed, told.counts.logouts, told.counts.complete), (5, 1, 0));
}

proptest! {
    /// Whatever a client sends in whatever portions, a connection ends with its counts right.
    #[test]
    fn any_bytes_of_a_client(
        good in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        portion in 1..60_usize,
        faults in prop::sample::select(vec![
            "", "dead", "close=0.5", "reject=0.5", "cut=1,think=10", "stall=1:500,slow=100",
            "end=1", "garbage=1", "nonsense=1", "lie=1,session=1", "dead=0:1,until=0.5",
        ]),
        seed in any::<u64>(),
    ) {
        let source = books(&session(1, 1, 60));
        let service = service(faults);
        let mut connection = Connection::new(&service, seed, 0);
        let sent = if good { [login(), bytes].concat() } else { bytes };
        let mut now = 0;
        for portion in sent.chunks(portion) {
            now += 1;
            connection.received(portion, now, &source);
            let length = connection.output(now).len().min(300);
            connection.wrote(length, now);
        }
        for _ in 0..100_000 {
            if connection.is_closed() {
                break;
            }
            let length = connection.output(now).len();
            connection.wrote(length, now);
            let next = connection.deadline(now);
            prop_assert!(length > 0 || connection.is_closed() || next > now);
            now = next.max(now).min(60 * SECOND);
        }
        prop_assert!(connection.is_closed(), "a silent client is closed");
        prop_assert!(connection.counts().balances(), "{:?}", connection.counts());
        prop_assert_eq!(connection.counts().connections, 1);
        prop_assert!(source.next() > 1);
    }
}
