//! The groups: crypto and stock, live and not live, each with its own numbers.
//!
//! What is not live goes to another group, so that a listener of the live one cannot receive it
//! whatever it does with names.

use std::net::{Ipv4Addr, SocketAddrV4};

use wire::datagram::sequence;
use wire::{Nature, Venue};

/// Number of groups.
pub const GROUPS: usize = 4;

/// What an exchange trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Coins and contracts on them.
    Crypto,
    /// Everything else.
    Stock,
}

impl Product {
    /// Name in text lines.
    pub const fn name(self) -> &'static str {
        match self {
            Product::Crypto => "crypto",
            Product::Stock => "stock",
        }
    }

    /// What a venue trades.
    pub const fn of(venue: Option<Venue>) -> Product {
        match venue {
            Some(
                Venue::BinanceSpot
                | Venue::BinanceUsdm
                | Venue::BinanceCoinm
                | Venue::BybitSpot
                | Venue::BybitLinear
                | Venue::BybitInverse
                | Venue::Okx
                | Venue::Coinbase
                | Venue::Deribit
                | Venue::Upbit
                | Venue::Bithumb
                | Venue::Consolidated,
            ) => Product::Crypto,
            _ => Product::Stock,
        }
    }
}

/// Number of the group that data of this product and nature goes to.
pub const fn group_of(product: Product, nature: Nature) -> u8 {
    let live = match nature {
        Nature::Live => 0,
        Nature::Recorded | Nature::Simulated => 2,
    };
    match product {
        Product::Crypto => live,
        Product::Stock => live + 1,
    }
}

/// Destinations in the order of [`group_of`].
pub fn destinations(
    crypto: SocketAddrV4,
    stock: SocketAddrV4,
    not_live: Ipv4Addr,
) -> [SocketAddrV4; GROUPS] {
    let recorded = |live: SocketAddrV4| SocketAddrV4::new(not_live, live.port());
    [crypto, stock, recorded(crypto), recorded(stock)]
}

/// The stream of one group.
#[derive(Clone, Copy, Debug, Default)]
pub struct Group {
    /// Whether anything goes there.
    pub used: bool,
    /// Datagrams so far; text lines have no number.
    pub datagrams: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When its next heartbeat is due, ns UTC.
    pub heartbeat_due: u64,
}

impl Group {
    /// Number of the next datagram, of `bytes` bytes.
    pub fn next(&mut self, start_s: u32, bytes: u64) -> u64 {
        self.datagrams += 1;
        self.bytes += bytes;
        sequence(start_s, self.datagrams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_live_never_shares_a_destination_with_live() {
        let live = Ipv4Addr::new(239, 255, 42, 99);
        let all = destinations(
            SocketAddrV4::new(live, 9001),
            SocketAddrV4::new(live, 9002),
            Ipv4Addr::new(239, 255, 42, 98),
        );
        for product in [Product::Crypto, Product::Stock] {
            let to = |nature| all[usize::from(group_of(product, nature))];
            assert_eq!(*to(Nature::Live).ip(), live);
            for nature in [Nature::Recorded, Nature::Simulated] {
                assert_eq!(*to(nature).ip(), Ipv4Addr::new(239, 255, 42, 98));
                assert_eq!(to(nature).port(), to(Nature::Live).port());
            }
        }
        assert_eq!(Product::of(Some(Venue::Nasdaq)), Product::Stock);
        assert_eq!(Product::of(Some(Venue::Okx)), Product::Crypto);
    }
}
