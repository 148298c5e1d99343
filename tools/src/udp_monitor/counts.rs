//! Counts by packet type, and how fast they grow.

use serde::Serialize;
use wire::datagram::{Datagram, PacketType};

/// Datagrams and items of each type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    datagrams: [u64; 8],
    items: [u64; 8],
    /// Bytes of all.
    pub bytes: u64,
}

impl Counts {
    /// Counts a datagram.
    pub fn add(&mut self, datagram: &Datagram<'_>) {
        let at = datagram.items.packet() as usize;
        self.datagrams[at] += 1;
        self.items[at] += datagram.items.count() as u64;
        self.bytes += datagram.bytes() as u64;
    }

    /// Datagrams of all types.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.datagrams.iter().sum()
    }

    /// Datagrams of a type.
    #[must_use]
    pub fn datagrams(&self, packet: PacketType) -> u64 {
        self.datagrams[packet as usize]
    }

    /// Items of a type.
    #[must_use]
    pub fn items(&self, packet: PacketType) -> u64 {
        self.items[packet as usize]
    }

    /// By name, for reports: trades, orders and records are items, the rest datagrams.
    #[must_use]
    pub fn named(&self) -> Named {
        Named {
            trades: self.items(PacketType::Trade),
            books: self.datagrams(PacketType::Book),
            statuses: self.items(PacketType::Status),
            definitions: self.datagrams(PacketType::Definition),
            heartbeats: self.datagrams(PacketType::Heartbeat),
            orders: self.items(PacketType::OrderEvent),
            records: self.items(PacketType::Record),
            datagrams: self.total(),
            bytes: self.bytes,
        }
    }
}

/// Counts with their names.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Named {
    /// Trades.
    pub trades: u64,
    /// Datagrams of books.
    pub books: u64,
    /// States.
    pub statuses: u64,
    /// Definitions.
    pub definitions: u64,
    /// Heartbeats.
    pub heartbeats: u64,
    /// Order events.
    pub orders: u64,
    /// Records.
    pub records: u64,
    /// Datagrams of all types.
    pub datagrams: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a count was at the last view.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    before: u64,
    per_second: f64,
}

impl Rate {
    /// Takes the count after so many seconds.
    pub fn tick(&mut self, now: u64, seconds: f64) {
        self.per_second = now.saturating_sub(self.before) as f64 / seconds.max(1e-9);
        self.before = now;
    }

    /// The whole run is the interval.
    pub fn whole(&mut self, now: u64, seconds: f64) {
        self.before = 0;
        self.tick(now, seconds);
    }

    /// A second, over the last interval; tenths.
    #[must_use]
    pub fn get(&self) -> f64 {
        (self.per_second * 10.0).round() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_interval() {
        let mut rate = Rate::default();
        rate.tick(100, 0.5);
        assert_eq!(rate.get(), 200.0);
        rate.tick(100, 1.0);
        assert_eq!(rate.get(), 0.0);
        rate.tick(101, 3.0);
        assert_eq!(rate.get(), 0.3);
        rate.whole(101, 10.0);
        assert_eq!(rate.get(), 10.1);
    }
}
