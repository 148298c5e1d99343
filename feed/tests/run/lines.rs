//! A feed on two lines through the running handler.

use std::net::UdpSocket;
use std::time::Duration;

use serde_json::Value;

use crate::common::market::Market;
use crate::common::packets::{end_of_session, mold};
use crate::support::{Place, Running, config, counter, free_port, wait_for_counter};

const SESSION: &[u8; 10] = b"REC0000001";

/// Packets of one message each, numbered from 1.
fn packets(count: usize) -> Vec<Vec<u8>> {
    let mut market = Market::new(7);
    let mut messages = market.opening();
    while messages.len() < count {
        messages.push(market.message());
    }
    messages.truncate(count);
    let one = |(number, message): (u64, Vec<u8>)| mold(SESSION, number, &[message]);
    (1..).zip(messages).map(one).collect()
}

fn send(socket: &UdpSocket, port: u16, packet: &[u8]) {
    let sent = socket.send_to(packet, ("127.0.0.1", port)).expect("sent");
    assert_eq!(sent, packet.len());
    // Slow enough for a busy host: what the kernel drops would be no fault of the handler.
    std::thread::sleep(Duration::from_micros(200));
}

fn summary(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn two_damaged_lines_give_everything_once() {
    let ports = [free_port(), free_port()];
    let place = Place::new(&config("two", &ports, "hold_us = 1000000"));
    let mut handler = Running::start(&place, &["--json"]);
    let said = handler.said.join("\n");
    let not_live = "lane nasdaq is NOT LIVE (simulated): environment is \"simulated\"";
    assert!(said.contains(not_live), "{said}");
    assert!(said.contains("receive buffer"), "{said}");
    assert!(said.contains("core 0 (not pinned) polls nasdaq"), "{said}");

    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let packets = packets(500);
    for (at, packet) in packets.iter().enumerate() {
        // Each line lacks every seventh packet, another one on the other.
        if at % 7 != 3 {
            send(&sender, ports[0], packet);
        }
        if at % 7 != 5 {
            send(&sender, ports[1], packet);
        }
    }
    let end = end_of_session(SESSION, 501);
    ports.iter().for_each(|&port| send(&sender, port, &end));
    wait_for_counter(&place, "two", "messages", 500);
    // Of 500 = 71 x 7 + 3 packets each line lacks 71, and has the end of the session.
    wait_for_counter(&place, "two", "line1.packets", 430);
    wait_for_counter(&place, "two", "line2.packets", 430);
    assert_eq!(counter(&place, "two", "line1.kernel_drops"), 0, "inconclusive: repeat");

    handler.signal("INT");
    let (code, out) = handler.ended();
    let out = summary(&out);
    assert_eq!(code, 0);
    place.assert_empty();
    let lane = &out["lanes"][0];
    assert_eq!((&out["ended_by"], &out["instance"]), (&"signal".into(), &"two".into()), "{out}");
    assert_eq!((&lane["venue"], &lane["report"]["gaps"]), (&"nasdaq".into(), &0.into()), "{lane}");
    let total: u64 = lane["report"]["messages"]
        .as_object()
        .map_or(0, |codes| codes.values().filter_map(Value::as_u64).sum());
    assert_eq!(total, 500, "{lane}");
    assert_eq!(lane["report"]["nature"], "simulated");
    let count = |name: &str| lane["counters"][name].as_u64().unwrap_or(0);
    assert_eq!((count("line1.missed"), count("line2.missed")), (71, 71), "{lane}");
    // Which line is first is the scheduler's affair; together they are first 500 times.
    assert_eq!(count("line1.won") + count("line2.won"), 500, "{lane}");
    assert_eq!(count("line1.copied") + count("line2.copied"), 2 * 429 - 500, "{lane}");
    assert!(lane["counters"]["polls"].as_u64() > Some(500), "{lane}");
}

#[test]
fn what_both_lines_lack_is_said() {
    let ports = [free_port(), free_port()];
    let place = Place::new(&config("hole", &ports, "hold_us = 2000"));
    let mut handler = Running::start(&place, &["--json"]);
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for (at, packet) in packets(100).iter().enumerate() {
        if !(40..43).contains(&at) {
            ports.iter().for_each(|&port| send(&sender, port, packet));
        }
    }
    wait_for_counter(&place, "hole", "messages", 97);
    handler.signal("TERM");
    let (code, out) = handler.ended();
    let lane = &summary(&out)["lanes"][0];
    assert_eq!(code, 0);
    assert_eq!((&lane["report"]["gaps"], &lane["report"]["missing"]), (&1.into(), &3.into()));
    place.assert_empty();
}

#[test]
fn what_still_waits_at_the_end_is_taken_and_its_hole_said() {
    let ports = [free_port(), free_port()];
    let place = Place::new(&config("wait", &ports, "hold_us = 1000000"));
    let mut handler = Running::start(&place, &["--json"]);
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let packets = packets(60);
    // Line B goes silent before the hole, so what follows it on A waits for a second.
    packets[..40].iter().for_each(|packet| send(&sender, ports[1], packet));
    for (at, packet) in packets.iter().enumerate() {
        if at != 40 {
            send(&sender, ports[0], packet);
        }
    }
    wait_for_counter(&place, "wait", "held", 19);
    assert_eq!(counter(&place, "wait", "gaps_declared"), 0, "it waits still");
    handler.signal("TERM");
    let (code, out) = handler.ended();
    let lane = &summary(&out)["lanes"][0];
    assert_eq!(code, 0);
    assert_eq!((&lane["report"]["gaps"], &lane["report"]["missing"]), (&1.into(), &1.into()));
    let messages = lane["report"]["messages"].as_object().expect("by type").values();
    assert_eq!(messages.filter_map(Value::as_u64).sum::<u64>(), 59, "{lane}");
    place.assert_empty();
}

#[test]
fn a_run_ends_by_itself_when_told_how_long() {
    let place = Place::new(&config("short", &[free_port()], ""));
    let out = place.run_to_end(&["--for", "0.2"]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{out:?}");
    assert!(text.contains("instance short ran for 0.") && text.contains("ended by time"), "{text}");
    place.assert_empty();
}

#[test]
fn production_data_from_this_host_is_not_live() {
    let text = format!("environment = \"production\"\n{}", config("prod", &[free_port()], ""));
    let place = Place::new(&text);
    let handler = Running::start(&place, &[]);
    let said = handler.said.join("\n");
    let expected = "lane nasdaq is NOT LIVE (simulated): it receives on loopback";
    assert!(said.contains(expected), "{said}");
    let (code, out) = handler.end();
    assert_eq!(code, 0);
    assert!(out.contains("NOT LIVE: simulated"), "{out}");
}

/// Records by kind, without heartbeats and states of connections: those are the clock's.
fn kinds(report: &Value) -> serde_json::Map<String, Value> {
    let mut kinds = report["kinds"].as_object().cloned().unwrap_or_default();
    kinds.retain(|name, _| name != "heartbeat" && name != "connection");
    assert!(!kinds.is_empty(), "{report}");
    kinds
}

#[test]
fn what_was_recorded_on_the_way_in_replays_to_the_same() {
    // One line: how long a hole is held would depend on when the host lets the core poll.
    let ports = [free_port()];
    let place = Place::new("");
    let tap = place.config.with_file_name("tap.pcapng");
    let keys = format!("tap = \"{}\"\nchaos = \"seed=3,drop=0.05\"", tap.display());
    place.write(&config("tap", &ports, &keys));
    let mut handler = Running::start(&place, &["--json"]);
    assert!(handler.said.join("\n").contains("DAMAGED on purpose"), "{:?}", handler.said);
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for packet in &packets(300) {
        ports.iter().for_each(|&port| send(&sender, port, packet));
    }
    let end = end_of_session(SESSION, 301);
    (0..3).for_each(|_| ports.iter().for_each(|&port| send(&sender, port, &end)));
    // How many the damage leaves is not known; when nothing comes any more, all have come.
    let mut before = 0;
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = counter(&place, "tap", "packets");
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    handler.signal("TERM");
    let (code, out) = handler.ended();
    let live = summary(&out);
    let lane = &live["lanes"][0];
    assert_eq!(code, 0);
    let source = &lane["source"];
    let dropped = source["damage"]["dropped"].as_u64().expect("a count");
    assert!(dropped > 0, "{source}");
    assert_eq!(source["recorded"]["written"].as_u64(), Some(303 - dropped), "{source}");

    let file = tap.display().to_string();
    let replay = place.hotlane(&["replay", "--json", "--no-seats", &file]).output();
    let replay = replay.expect("the binary starts");
    let replayed = summary(&String::from_utf8_lossy(&replay.stdout));
    for what in ["messages", "gaps", "missing", "instruments"] {
        assert_eq!(replayed[what], lane["report"][what], "{what}");
    }
    assert_eq!(kinds(&replayed), kinds(&lane["report"]));
    // A recording is never overwritten, and its instance is gone again.
    let again = place.run_to_end(&["--for", "5"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(1), "{said}");
    assert!(said.contains("this one exists"), "{said}");
    place.assert_empty();
}

#[test]
fn two_markets_share_a_core_and_keep_their_instruments_apart() {
    let ports = [free_port(), free_port()];
    let bx = config("pair", &ports[1..], "").replace("instance = \"pair\"\n", "");
    let bx = bx.replace("lane.nasdaq", "lane.bx").replace("\"nasdaq\"", "\"nasdaq_bx\"");
    let place = Place::new(&format!("{}{bx}", config("pair", &ports[..1], "")));
    let mut handler = Running::start(&place, &["--json"]);
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for packet in &packets(50) {
        send(&sender, ports[0], packet);
    }
    for packet in &packets(30) {
        send(&sender, ports[1], packet);
    }
    wait_for_counter(&place, "pair", "messages", 50);
    let layout = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
    let view = shm::attach::attach_blocking(&place.shm, "pair", layout, Duration::from_secs(10));
    let view = view.expect("attached").producer("nasdaq_bx").expect("the second lane");
    let row = view.instruments().expect("its table").read(1).expect("the first instrument");
    let row = wire::InstrumentRow::from_words(row);
    assert_eq!(row.instrument, wire::InstrumentId::new(wire::Venue::NasdaqBx, 1));
    assert_eq!(wire::instrument::text_of(&row.datagram_exchange), "NASDAQ.BX");
    assert_eq!(wire::instrument::text_of(&row.canonical), "AAPL.NASDAQ.BX");
    handler.signal("TERM");
    let (code, out) = handler.ended();
    let live = summary(&out);
    assert_eq!(code, 0);
    let lanes = ["messages", "sessions"]
        .map(|what| [0, 1].map(|lane: usize| live["lanes"][lane]["counters"][what].as_u64()));
    assert_eq!(lanes, [[Some(50), Some(30)], [Some(1), Some(1)]], "{live}");
    assert_eq!(live["cores"].as_array().map(Vec::len), Some(1));
    place.assert_empty();
}
