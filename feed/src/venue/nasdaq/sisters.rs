//! The markets that speak TotalView-ITCH 5.0: NASDAQ and its sisters BX and PSX.
//!
//! Messages and rules are the same; books, symbols and sessions are each market's own. So a lane
//! is told which market it is, and its instruments carry that market's venue number.

use wire::Venue;

/// A market of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Market {
    /// The Nasdaq Stock Market.
    #[default]
    Nasdaq,
    /// Nasdaq BX.
    Bx,
    /// Nasdaq PSX.
    Psx,
}

impl Market {
    /// Every market.
    pub const ALL: [Market; 3] = [Market::Nasdaq, Market::Bx, Market::Psx];

    /// Its number and name in records and tables.
    pub const fn venue(self) -> Venue {
        match self {
            Market::Nasdaq => Venue::Nasdaq,
            Market::Bx => Venue::NasdaqBx,
            Market::Psx => Venue::NasdaqPsx,
        }
    }

    /// Its name in datagrams.
    pub const fn exchange(self) -> &'static str {
        match self {
            Market::Nasdaq => "NASDAQ",
            Market::Bx => "NASDAQ.BX",
            Market::Psx => "NASDAQ.PSX",
        }
    }

    /// What follows the symbol in a canonical name.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Market::Nasdaq => ".NASDAQ",
            Market::Bx => ".NASDAQ.BX",
            Market::Psx => ".NASDAQ.PSX",
        }
    }

    /// The market of that venue name, as configuration says it.
    pub fn from_name(name: &str) -> Option<Market> {
        Market::ALL.into_iter().find(|market| market.venue().name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_market_has_its_own_names() {
        for (at, one) in Market::ALL.into_iter().enumerate() {
            assert_eq!(Market::from_name(one.venue().name()), Some(one));
            for other in Market::ALL.into_iter().skip(at + 1) {
                assert_ne!(one.venue(), other.venue());
                assert_ne!(one.exchange(), other.exchange());
            }
        }
        assert_eq!(Market::from_name("binance_spot"), None);
    }
}
