//! The sending socket: what arrives, what is refused, and what a datagram costs.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use feed::net::send::{SendSpec, Sender};

use super::reader::Groups;

fn group() -> SocketAddrV4 {
    Groups::new().recorded().parse().expect("a group")
}

fn listener(group: SocketAddrV4) -> UdpSocket {
    let socket = UdpSocket::bind(group).expect("bound");
    socket.join_multicast_v4(group.ip(), &Ipv4Addr::LOCALHOST).expect("joined");
    socket.set_read_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    socket
}

fn spec(group: SocketAddrV4, segment: bool) -> SendSpec {
    SendSpec { interface: "127.0.0.1".to_owned(), ttl: 1, destinations: vec![group], segment }
}

/// Datagrams of mixed sizes, each with its number in front.
fn datagrams() -> Vec<Vec<u8>> {
    let sizes = [178, 178, 178, 114, 98, 98, 514, 66, 66, 66, 282, 281, 282];
    let one = |n: u16| {
        let mut bytes = vec![n as u8; sizes[usize::from(n) % sizes.len()]];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        bytes
    };
    (0..150).map(one).collect()
}

#[test]
fn what_is_sent_arrives_whole_and_in_order_with_trains_and_without() {
    for segment in [true, false] {
        let group = group();
        let listener = listener(group);
        let mut sender = Sender::open(&spec(group, segment)).expect("a socket");
        let all = datagrams();
        sender.send(all.iter().map(|bytes| (0, bytes.as_slice())));
        let mut buffer = [0; 2048];
        for wanted in &all {
            let length = listener.recv(&mut buffer).expect("a datagram");
            assert_eq!(&buffer[..length], wanted.as_slice());
        }
        let counts = sender.counts();
        assert_eq!((counts.datagrams, counts.lost()), (150, 0));
        assert_eq!(counts.bytes, all.iter().map(|d| d.len() as u64).sum::<u64>());
        let trains = counts.messages < counts.datagrams;
        assert_eq!(trains, segment && sender.describe().contains("UDP_SEGMENT)"), "{counts:?}");
    }
}

#[test]
fn a_wrong_destination_is_counted_and_the_rest_goes_on() {
    let group = group();
    let mut sender = Sender::open(&spec(group, true)).expect("a socket");
    let long = vec![0; 65_530];
    let list: [(usize, &[u8]); 4] = [(0, b"A"), (7, b"B"), (0, &long), (0, b"C")];
    sender.send(list.into_iter());
    assert_eq!(sender.counts().datagrams, 2);
    assert_eq!(sender.counts().lost(), 2);
}

#[test]
fn what_keeps_a_socket_from_opening_is_said_with_the_way_out() {
    let good = spec(group(), true);
    let told = |spec: &SendSpec| Sender::open(spec).expect_err("refused").to_string();
    let nowhere = SendSpec { interface: "nowhere0".to_owned(), ..good.clone() };
    assert!(told(&nowhere).contains("no such interface; this host has"), "{}", told(&nowhere));
    assert!(told(&nowhere).contains("lo"));
    let foreign = SendSpec { interface: "192.0.2.77".to_owned(), ..good.clone() };
    assert!(told(&foreign).contains("no such interface"));
    let unicast = SendSpec { destinations: vec!["10.0.0.1:9001".parse().expect("one")], ..good };
    assert!(told(&unicast).contains("is no multicast group; groups are 224.0.0.0"));
}

/// ns a datagram of sending `rounds` bursts of 32 by `send`.
fn cost(rounds: u32, mut send: impl FnMut()) -> f64 {
    (0..rounds / 10).for_each(|_| send());
    let begun = Instant::now();
    (0..rounds).for_each(|_| send());
    begun.elapsed().as_nanos() as f64 / f64::from(rounds) / 32.0
}

/// The cost of a datagram in a burst of 32, against one sendto each, in one run. Nobody listens in
/// the first case, one reader that sleeps in the second.
#[test]
fn a_burst_costs_at_most_a_third_of_single_sends() {
    for heard in [false, true] {
        let group = group();
        let _listener = heard.then(|| listener(group));
        let bytes = [7u8; 130];
        let plain = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let mut sender = Sender::open(&spec(group, true)).expect("a socket");
        let (mut single, mut burst) = (Vec::new(), Vec::new());
        for _ in 0..9 {
            single.push(cost(1_000, || {
                (0..32).for_each(|_| drop(plain.send_to(&bytes, group)));
            }));
            burst.push(cost(1_000, || sender.send((0..32).map(|_| (0, &bytes[..])))));
        }
        single.sort_by(f64::total_cmp);
        burst.sort_by(f64::total_cmp);
        let (single, burst) = (single[4], burst[4]);
        let ratio = burst / single;
        println!(
            "listener: {heard}; sendto {single:.0} ns, burst {burst:.0} ns a datagram: {ratio:.3}x"
        );
        assert!(ratio <= 0.35, "{ratio:.3}");
    }
}
