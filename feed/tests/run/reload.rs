//! Symbols that come and go while the handler runs.

use std::net::UdpSocket;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;
use shm::seat::{Attach, Filter};
use wire::codes::DefinitionAction;
use wire::payload::{BookStateChange, Definition};
use wire::{BookState, Kind, Record};

use crate::common::itch::{self, Add};
use crate::common::packets::mold;
use crate::common::seats::{ALL, NAME, Seat, claim};
use crate::support::{PATIENCE, Place, Running, config, free_port, wait_for_counter};

const SESSION: &[u8; 10] = b"REC0000002";

/// Sends messages, each in a packet of its own, and keeps the number.
struct Feed {
    socket: UdpSocket,
    port: u16,
    next: u64,
}

impl Feed {
    fn new(port: u16) -> Feed {
        Feed { socket: UdpSocket::bind("127.0.0.1:0").expect("a socket"), port, next: 1 }
    }

    fn send(&mut self, message: Vec<u8>) {
        let packet = mold(SESSION, self.next, &[message]);
        self.next += 1;
        self.socket.send_to(&packet, ("127.0.0.1", self.port)).expect("sent");
    }

    fn order(&mut self, reference: u64, locate: u16, stock: &str) {
        let add = Add { reference, side: b'B', shares: 100, stock, price: 1_000_000 };
        self.send(itch::add(locate, 0, add));
    }
}

fn reload(place: &Place, instance: &str, more: &[&str]) -> Output {
    let mut args = vec!["reload", instance];
    args.extend(more);
    place.hotlane(&args).output().expect("the binary starts")
}

/// Everything that the seat gets until `enough` of it is there.
fn read_until(seat: &mut Seat, enough: impl Fn(&[Record]) -> bool) -> Vec<Record> {
    let begun = Instant::now();
    let mut records = Vec::new();
    while !enough(&records) {
        seat.drain(&mut records);
        assert!(begun.elapsed() < PATIENCE, "only {} records", records.len());
        std::thread::sleep(Duration::from_millis(1));
    }
    records
}

fn of(records: &[Record], index: u32) -> Vec<Kind> {
    let about = records.iter().filter(|record| record.instrument.index() == index);
    about.filter_map(Record::kind).collect()
}

#[test]
fn symbols_change_without_a_gap() {
    let port = free_port();
    let place = Place::new(&config(NAME, &[port], "symbols = [\"AAPL\"]"));
    let mut handler = Running::start(&place, &[]);
    let filter = Filter::all(ALL);
    let mut seat = claim(&place.shm, 0, filter);
    let begun = Instant::now();
    while seat.consumer.poll_attach() != Attach::Active {
        assert!(begun.elapsed() < PATIENCE, "no seat");
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut feed = Feed::new(port);
    feed.send(itch::directory(1, 0, "AAPL"));
    feed.send(itch::directory(2, 0, "MSFT"));
    for reference in 1..=5 {
        feed.order(reference, 1, "AAPL");
        feed.order(100 + reference, 2, "MSFT");
    }
    wait_for_counter(&place, NAME, "messages", 12);
    wait_for_counter(&place, NAME, "symbols_listed", 1);
    // The last record of AAPL so far is its fifth order's: nothing of MSFT among them.
    let adds = |records: &[Record]| {
        records.iter().filter(|r| r.kind() == Some(Kind::OrderAdd)).count() >= 5
    };
    let records = read_until(&mut seat, adds);
    assert!(of(&records, 2).is_empty(), "{:?}", of(&records, 2));

    place.write(&config(NAME, &[port], "symbols = [\"MSFT\"]\nhold_us = 7"));
    let out = reload(&place, NAME, &["--json"]);
    let said: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert!(out.status.success(), "{said}");
    let lane = &said["lanes"][0];
    let numbers = ["config_version", "symbols_listed", "added", "removed", "needs_restart"];
    assert_eq!(numbers.map(|name| lane[name].as_u64()), [2, 1, 1, 1, 1].map(Some), "{said}");
    handler.wait_for("reload: needs a restart: lane.nasdaq.hold_us: 1000 -> 7");

    // MSFT comes with its book of five orders; AAPL is gone, and says so.
    let ended = |records: &[Record]| of(records, 2).contains(&Kind::BookEnd);
    let records = read_until(&mut seat, ended);
    let refresh = of(&records, 2);
    assert_eq!(refresh.iter().filter(|&&kind| kind == Kind::OrderAdd).count(), 5, "{refresh:?}");
    let end = records.iter().rfind(|r| r.kind() == Some(Kind::BookEnd)).expect("its end");
    assert_eq!(end.quality.state(), Some(BookState::Live));
    assert_eq!(of(&records, 1), [Kind::Definition, Kind::BookStateChange]);
    let gone = records.iter().filter(|r| r.instrument.index() == 1);
    let gone: Vec<_> = gone.collect();
    let definition = gone[0].get::<Definition>().expect("a definition");
    assert_eq!(definition.action, DefinitionAction::Remove as u8);
    let change = gone[1].get::<BookStateChange>().expect("a change");
    assert_eq!((change.new, change.old), (BookState::None as u8, BookState::Live as u8));

    // From here on MSFT alone.
    feed.order(6, 1, "AAPL");
    feed.order(106, 2, "MSFT");
    let records = read_until(&mut seat, |records| of(records, 2).contains(&Kind::OrderAdd));
    assert!(of(&records, 1).is_empty(), "{:?}", of(&records, 1));
    assert!(!records.iter().any(|r| r.kind() == Some(Kind::GapBegin)));
    assert_eq!(handler.end().0, 0);
    place.assert_empty();
}

#[test]
fn a_file_with_mistakes_changes_nothing() {
    let port = free_port();
    let place = Place::new(&config("keep", &[port], "symbols = [\"AAPL\"]"));
    let mut handler = Running::start(&place, &[]);
    place.write(&config("keep", &[port], "symbols = \"AAPL\""));
    let out = reload(&place, "keep", &[]);
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.starts_with("refused: the file has mistakes"), "{said}");
    handler.wait_for("reload refused, nothing changed");
    handler.wait_for("x.toml:9: symbols in [lane.nasdaq] is a string");
    // SIGHUP does the same, and a good file is taken again.
    place.write(&config("keep", &[port], "symbols = []"));
    handler.signal("HUP");
    handler.wait_for("reload: configuration version 2");
    wait_for_counter(&place, "keep", "config_version", 2);
    wait_for_counter(&place, "keep", "config_refused", 1);
    assert_eq!(handler.end().0, 0);
}

#[test]
fn what_has_no_configuration_is_not_signalled() {
    let place = Place::new("");
    let out = reload(&place, "nobody", &[]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("nobody"), "{said}");
    // An instance of another program: SIGHUP would end it, and here it would be this test.
    let _lane = crate::common::seats::lane(&place.shm, 1, 64);
    let out = reload(&place, NAME, &[]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("is not one of `hotlane run`"), "{said}");
}
