//! The UDP source in a network of its own: several interfaces, and a system that refuses.
//!
//! A thread can leave the host's network for an empty one, if it is root. There it makes two
//! interfaces; a datagram sent to a group on one of them is looped back on that one alone.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;

use feed::net::udp::{Interface, UdpLine};
use socket2::SockRef;

use crate::sockets::{line, open, receive, refused, send, spec};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 7, 7, 7);
const PORT: u16 = 26_400;
/// Addresses of the interfaces `hot0` and `hot1`.
const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 77, 0, 1), Ipv4Addr::new(10, 77, 1, 1)];

fn ip(arguments: &str) -> bool {
    let done = Command::new("ip").args(arguments.split(' ')).output();
    done.is_ok_and(|done| done.status.success())
}

/// Runs the body in an empty network, where loopback is down.
fn in_own_network(test: &str, body: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            // SAFETY: moves this thread alone to a new network; no pointer is passed.
            if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 || !ip("link show lo") {
                return e2e::skipped(test, "it needs root and the program ip");
            }
            body();
        });
        done.join().expect("the body has not failed");
    });
}

/// Two interfaces that are up and have an address each.
fn interfaces() {
    for made in [
        "link set lo up",
        "link add hot0 type veth peer name hot1",
        "address add 10.77.0.1/24 dev hot0",
        "address add 10.77.1.1/24 dev hot1",
        "link set hot0 up",
        "link set hot1 up",
    ] {
        assert!(ip(made), "ip {made}");
    }
}

fn on(number: u8, interface: Interface) -> UdpLine {
    UdpLine { interface, ..line(number, GROUP, PORT) }
}

fn named(name: &str) -> Interface {
    Interface::Name(name.to_owned())
}

/// Sends from an interface; the datagram comes back on the same.
fn sender(address: Ipv4Addr) -> UdpSocket {
    let socket = UdpSocket::bind((address, 0)).expect("an address of ours");
    SockRef::from(&socket).set_multicast_if_v4(&address).expect("an interface of ours");
    socket
}

fn says(message: &str, parts: &[&str]) {
    assert!(!message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "no {part} in: {message}");
    }
}

#[test]
fn a_group_is_joined_on_the_interface_that_was_chosen() {
    in_own_network("a_group_is_joined_on_the_interface_that_was_chosen", || {
        interfaces();
        // The same group and port, as line A on one interface and as line B on the other.
        let (a, b) = (on(1, named("hot0")), on(2, Interface::Address(ADDRESSES[1])));
        let mut source = open(&spec(vec![a.clone(), b]));
        assert!(!source.is_loopback());
        let described = source.describe().join("\n");
        assert!(described.contains("on hot0") && described.contains("on hot1"), "{described}");
        let from = ADDRESSES.map(sender);
        for n in 0..10 {
            send(&from[0], &a, &[n, 1]);
            send(&from[1], &a, &[n, 2]);
        }
        let got = receive(&mut source, 20);
        assert_eq!(got.len(), 20);
        assert!(got.iter().all(|got| got.bytes[1] == got.line), "{got:?}");
        // Only from one sender, on an interface with a name.
        let only = UdpLine { source: Some(ADDRESSES[0]), port: PORT + 1, ..a };
        let mut source = open(&spec(vec![only.clone()]));
        let elsewhere = UdpSocket::bind((ADDRESSES[1], 0)).expect("an address of ours");
        SockRef::from(&elsewhere).set_multicast_if_v4(&ADDRESSES[0]).expect("an interface of ours");
        for n in 0..10 {
            send(&from[0], &only, &[n]);
            send(&elsewhere, &only, &[100 + n]);
        }
        let got: Vec<u8> = receive(&mut source, 10).iter().map(|got| got.bytes[0]).collect();
        assert_eq!(got, (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn routes_decide_where_no_interface_is_named() {
    in_own_network("routes_decide_where_no_interface_is_named", || {
        interfaces();
        let any = spec(vec![on(1, Interface::Any)]);
        says(&refused(&any), &["239.7.7.7:26400", "no route", "ip route add 239.7.7.7 dev"]);
        assert!(ip("route add 239.0.0.0/8 dev hot1"));
        let mut source = open(&any);
        assert!(!source.is_loopback());
        let described = source.describe().join("\n");
        assert!(described.contains("on hot1, by the system's routes"), "{described}");
        send(&sender(ADDRESSES[0]), &any.lines[0], b"0");
        send(&sender(ADDRESSES[1]), &any.lines[0], b"1");
        assert_eq!(receive(&mut source, 1)[0].bytes, b"1");
        drop(source);
        // What comes by loopback must not pass for live.
        assert!(ip("route del 239.0.0.0/8 dev hot1") && ip("route add 239.0.0.0/8 dev lo"));
        assert!(open(&any).is_loopback());
    });
}

#[test]
fn what_the_system_refuses_is_told_with_a_way_out() {
    in_own_network("what_the_system_refuses_is_told_with_a_way_out", || {
        says(&refused(&spec(vec![on(1, named("lo"))])), &["lo", "down", "ip link set lo up"]);
        interfaces();
        assert!(ip("link set hot0 multicast off"));
        let off = refused(&spec(vec![on(1, named("hot0"))]));
        says(&off, &["interface hot0", "multicast is off", "ip link set hot0 multicast on"]);
        assert!(ip("address flush dev hot1"));
        let filtered = UdpLine { source: Some(ADDRESSES[0]), ..on(1, named("hot1")) };
        says(&refused(&spec(vec![filtered])), &["hot1", "no IPv4 address", "ip address add"]);
        // Without an address a group can still be joined, by the interface's number.
        drop(open(&spec(vec![on(1, named("hot1"))])));
        let limit = "/proc/sys/net/ipv4/igmp_max_memberships";
        std::fs::write(limit, "0").expect("root may write it");
        let full = refused(&spec(vec![on(1, named("lo"))]));
        says(&full, &["igmp_max_memberships = 0", "net.ipv4.igmp_max_memberships=40"]);
        // From here on this thread, and it alone, is nobody.
        // SAFETY: changes the user of this thread; no pointer is passed.
        assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, 65_534, 65_534, 65_534) }, 0);
        let low = refused(&spec(vec![line(1, Ipv4Addr::LOCALHOST, 80)]));
        says(&low, &["127.0.0.1:80", "permission denied", "CAP_NET_BIND_SERVICE"]);
    });
}
