//! What keeps a UDP source from opening: one line each, with what was wrong and what to do.

use std::net::{Ipv4Addr, UdpSocket};

use feed::net::udp::{Interface, UdpLine};

use crate::sockets::{group, line, port, refused, spec};

/// Checks that a message names all of this, in one line.
fn says(message: &str, parts: &[&str]) {
    assert!(!message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "no {part} in: {message}");
    }
}

#[test]
fn lines_that_cannot_be() {
    says(&refused(&spec(vec![])), &["at least one line"]);
    for number in [0, 16, 255] {
        let message = refused(&spec(vec![line(number, group(), 5_000)]));
        says(&message, &[&format!("line {number}"), "1 (A) to 15"]);
    }
    let same = line(1, group(), 5_000);
    let address = same.address().to_string();
    // By another name it is still the same interface.
    for interface in [same.interface.clone(), Interface::Name("lo".into())] {
        let said = interface.to_string();
        let twin = UdpLine { line: 2, interface, ..same.clone() };
        let message = refused(&spec(vec![same.clone(), twin]));
        says(&message, &[&address, "twice", "lines 1 and 2", &said]);
    }
}

#[test]
fn addresses_that_cannot_be() {
    for (ip, port, part) in [
        ([239, 1, 2, 3], 0, "no port"),
        ([0, 0, 0, 0], 5_000, "no address"),
        ([255, 255, 255, 255], 5_000, "broadcast"),
        ([250, 1, 1, 1], 5_000, "reserved"),
    ] {
        let message = refused(&spec(vec![line(1, ip.into(), port)]));
        says(&message, &[part, "224.0.0.0 to 239.255.255.255"]);
    }
    for source in [[0, 0, 0, 0], [239, 0, 0, 1], [255, 255, 255, 255]] {
        let source: Ipv4Addr = source.into();
        let filtered = UdpLine { source: Some(source), ..line(1, group(), 5_000) };
        says(&refused(&spec(vec![filtered])), &[&source.to_string(), "the sender's own address"]);
    }
}

#[test]
fn interfaces_that_are_not() {
    let on = |interface| refused(&spec(vec![UdpLine { interface, ..line(1, group(), 5_000) }]));
    let there = ["this host has", "lo (127.0.0.1"];
    says(&on(Interface::Name("hotlane9".into())), &["interface hotlane9", there[0], there[1]]);
    let address = Interface::Address(Ipv4Addr::new(192, 0, 2, 1));
    says(&on(address), &["interface 192.0.2.1", there[0], there[1]]);
    // An address to listen to that is not of this host.
    let elsewhere =
        UdpLine { interface: Interface::Any, ..line(1, Ipv4Addr::new(192, 0, 2, 1), port()) };
    says(&refused(&spec(vec![elsewhere])), &["192.0.2.1", there[0], there[1]]);
}

#[test]
fn a_port_that_is_taken_and_by_whom() {
    let holder = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = holder.local_addr().expect("bound").port();
    let message = refused(&spec(vec![line(1, Ipv4Addr::LOCALHOST, port)]));
    let us = format!("process {}", std::process::id());
    says(&message, &[&format!("127.0.0.1:{port}"), "taken by", &us, "stop it"]);
    // A program that has the port of all addresses, and does not share it.
    let holder = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
    let port = holder.local_addr().expect("bound").port();
    let group = group();
    let message = refused(&spec(vec![line(1, group, port)]));
    says(&message, &[&format!("{group}:{port}"), "taken by", &us, "SO_REUSEADDR"]);
}

#[test]
fn nothing_stays_behind_when_the_second_line_fails() {
    let port = port();
    let first = line(1, Ipv4Addr::LOCALHOST, port);
    let second =
        UdpLine { interface: Interface::Name("hotlane9".into()), ..line(2, group(), port) };
    says(&refused(&spec(vec![first, second])), &["hotlane9"]);
    assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok(), "the port is free again");
}
