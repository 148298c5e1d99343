//! Groups of a test's own on the loopback interface, and who sends to them.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use feed::net::udp::{Interface, UdpLine, UdpSource, UdpSpec};
use feed::net::{Layer, Packet, Polled, Source};
use socket2::SockRef;
use wire::StampBy;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A port that nobody has.
pub fn port() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.local_addr().expect("bound").port()
}

/// A group that no other test and no other run of the tests uses.
pub fn group() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    // Relaxed: it only has to differ; partner is itself.
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(239, 128 | high, low, n)
}

/// A line on the loopback interface.
pub fn line(line: u8, group: Ipv4Addr, port: u16) -> UdpLine {
    let interface = Interface::Address(Ipv4Addr::LOCALHOST);
    UdpLine { line, group, port, interface, source: None }
}

/// With stamps and a buffer of 4 MiB.
pub fn spec(lines: Vec<UdpLine>) -> UdpSpec {
    UdpSpec { lines, receive_buffer: 4 << 20, stamps: true }
}

/// Opens the source.
pub fn open(spec: &UdpSpec) -> UdpSource {
    UdpSource::open(spec).expect("loopback is there")
}

/// What a source says when it does not open.
pub fn refused(spec: &UdpSpec) -> String {
    UdpSource::open(spec).err().expect("it cannot open").to_string()
}

/// Sends from an address of this host, by the loopback interface.
pub fn sender(from: Ipv4Addr) -> UdpSocket {
    let socket = UdpSocket::bind((from, 0)).expect("127/8 is ours");
    SockRef::from(&socket).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).expect("loopback");
    socket
}

/// ns UTC.
pub fn utc() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
}

/// Sends.
pub fn send(from: &UdpSocket, to: &UdpLine, bytes: &[u8]) {
    let to = SocketAddrV4::new(to.group, to.port);
    assert_eq!(from.send_to(bytes, to).expect("sent"), bytes.len());
}

/// A packet that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub bytes: Vec<u8>,
    pub line: u8,
    pub ts_receive: u64,
    pub stamp: StampBy,
}

/// One poll.
pub fn poll(source: &mut impl Source, budget: usize) -> Vec<Got> {
    let mut got = Vec::new();
    let polled = source
        .poll(utc(), budget, &mut |packet: Packet<'_>| {
            assert_eq!(packet.layer, Layer::Udp);
            let bytes = packet.bytes.to_vec();
            let (line, ts_receive, stamp) = (packet.line, packet.ts_receive, packet.stamp);
            got.push(Got { bytes, line, ts_receive, stamp });
        })
        .expect("the socket is open");
    assert!(got.len() <= budget);
    let want = if got.is_empty() { Polled::Nothing } else { Polled::Packets(got.len()) };
    assert_eq!(polled, want);
    got
}

/// Polls until so many packets have come, then until nothing more comes.
pub fn receive(source: &mut impl Source, wanted: usize) -> Vec<Got> {
    let begun = Instant::now();
    let mut got = Vec::new();
    while got.len() < wanted {
        assert!(begun.elapsed() < PATIENCE, "{} of {wanted} packets came", got.len());
        got.extend(poll(source, 64));
    }
    for _ in 0..20 {
        got.extend(poll(source, 64));
    }
    got
}
