//! What the multicast publisher is told: the table `[publisher]`.

use std::net::{Ipv4Addr, SocketAddrV4};

use serde::{Deserialize, Serialize};

use crate::net::send::SendSpec;
use crate::publish::multicast::Plan;
use crate::publish::multicast::group::destinations;

/// Most levels a side.
pub const DEPTH_MAX: u16 = 100;
/// Least cap: below it definitions alone would not be said in time.
pub const CAP_MIN: u64 = 1_000;

/// Keys of `[publisher]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublisherConfig {
    /// Whether there is a publisher.
    pub enabled: bool,
    /// Interface that datagrams leave by: its name, or an IPv4 address of it.
    pub interface: String,
    /// Group and port of what is live, crypto.
    pub crypto: SocketAddrV4,
    /// Group and port of what is live, everything else.
    pub stock: SocketAddrV4,
    /// Group of what is recorded or simulated; the ports are those of the live groups.
    pub not_live: Ipv4Addr,
    /// Levels a side of a book.
    pub depth: u16,
    /// Every trade.
    pub trades: bool,
    /// Books on change.
    pub books: bool,
    /// Events of single orders.
    pub orders: bool,
    /// Every record, as it is in shared memory.
    pub records: bool,
    /// Hops that a datagram may make.
    pub ttl: u8,
    /// Most datagrams a second; 0 = no limit.
    pub cap: u64,
    /// Whether datagrams of one size leave in trains (UDP_SEGMENT) where the kernel can.
    pub segment: bool,
}

impl Default for PublisherConfig {
    fn default() -> Self {
        let live = Ipv4Addr::new(239, 255, 42, 99);
        PublisherConfig {
            enabled: false,
            interface: "127.0.0.1".to_owned(),
            crypto: SocketAddrV4::new(live, 9001),
            stock: SocketAddrV4::new(live, 9002),
            not_live: Ipv4Addr::new(239, 255, 42, 98),
            depth: 10,
            trades: true,
            books: true,
            orders: false,
            records: false,
            ttl: 1,
            cap: 0,
            segment: true,
        }
    }
}

impl PublisherConfig {
    /// Everything that is wrong in itself, by key, with the way out. Interfaces and routes are
    /// checked when the socket is opened.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (key, address) in [
            ("crypto", *self.crypto.ip()),
            ("stock", *self.stock.ip()),
            ("not_live", self.not_live),
        ] {
            if !address.is_multicast() {
                found.push((
                    key,
                    format!("a multicast group, 224.0.0.0 to 239.255.255.255, not {address}"),
                ));
            }
        }
        for (key, port) in [("crypto", self.crypto.port()), ("stock", self.stock.port())] {
            if port == 0 {
                found.push((key, "a port, for example 9001".to_owned()));
            }
        }
        if self.crypto == self.stock {
            found.push(("stock", format!("another group or port than crypto, {}", self.crypto)));
        }
        if [self.crypto.ip(), self.stock.ip()].contains(&&self.not_live) {
            found.push((
                "not_live",
                format!("another group than the live ones, not {}", self.not_live),
            ));
        } else if self.crypto.port() == self.stock.port() {
            found.push(("stock", "another port than crypto: not_live shares one group".to_owned()));
        }
        if self.depth == 0 || self.depth > DEPTH_MAX {
            found.push(("depth", format!("1 to {DEPTH_MAX} levels, not {}", self.depth)));
        }
        if self.cap != 0 && self.cap < CAP_MIN {
            found.push(("cap", format!("0 for no limit, or {CAP_MIN} and more, not {}", self.cap)));
        }
        if !(self.trades || self.books || self.orders || self.records) {
            found.push(("trades", "true, or books, orders or records: nothing is sent".to_owned()));
        }
        found
    }

    /// The socket.
    pub fn send_spec(&self) -> SendSpec {
        SendSpec {
            interface: self.interface.clone(),
            ttl: self.ttl,
            destinations: destinations(self.crypto, self.stock, self.not_live).to_vec(),
            segment: self.segment,
        }
    }

    /// What the state machine does, of a publisher that starts at `start_ns` (ns UTC) and sends at
    /// most `room` datagrams at once.
    pub fn plan(&self, start_ns: u64, room: usize) -> Plan {
        Plan {
            start_ns,
            depth: usize::from(self.depth),
            trades: self.trades,
            books: self.books,
            orders: self.orders,
            records: self.records,
            room,
        }
    }
}
