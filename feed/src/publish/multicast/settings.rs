//! From the configuration to what the socket and the state machine take.

use crate::config::PublisherConfig;
use crate::net::send::SendSpec;

use super::group::destinations;
use super::machine::Plan;

/// Most levels a side.
pub const DEPTH_MAX: u16 = 100;
/// Keys of the command line.
const KEYS: &str = "interface, crypto, stock, not_live, depth, trades, books, orders, records, \
                    ttl, cap, segment";
/// Least cap: below it definitions alone would not be said in time.
pub const CAP_MIN: u64 = 1_000;

impl PublisherConfig {
    /// The defaults with keys of a command line: `key=value,key=value`; no text, no change.
    ///
    /// # Errors
    /// The part that cannot be meant, and what is expected there.
    pub fn parse(text: &str) -> Result<PublisherConfig, (String, String)> {
        let mut config = PublisherConfig { enabled: true, ..PublisherConfig::default() };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let wrong = |wanted: &str| (part.to_owned(), wanted.to_owned());
            let (key, value) = part.split_once('=').ok_or_else(|| wrong("KEY=VALUE"))?;
            let done = match key {
                "interface" => {
                    config.interface = value.to_owned();
                    Some(())
                }
                "crypto" => put(&mut config.crypto, value),
                "stock" => put(&mut config.stock, value),
                "not_live" => put(&mut config.not_live, value),
                "depth" => put(&mut config.depth, value),
                "trades" => put(&mut config.trades, value),
                "books" => put(&mut config.books, value),
                "orders" => put(&mut config.orders, value),
                "records" => put(&mut config.records, value),
                "ttl" => put(&mut config.ttl, value),
                "cap" => put(&mut config.cap, value),
                "segment" => put(&mut config.segment, value),
                _ => return Err(wrong(&format!("one of the keys {KEYS}"))),
            };
            done.ok_or_else(|| wrong("a value that the key takes; see docs/OPERATIONS.md"))?;
        }
        Ok(config)
    }

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

fn put<T: std::str::FromStr>(to: &mut T, text: &str) -> Option<()> {
    *to = text.parse().ok()?;
    Some(())
}
