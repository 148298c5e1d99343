//! Which datagrams are shown.

use wire::datagram::nature_of;
use wire::quality::Nature;

/// Symbols and exchanges asked for; none: all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    symbols: Vec<String>,
    exchanges: Vec<String>,
}

impl Filter {
    /// These symbols of these exchanges; an empty list means all.
    #[must_use]
    pub fn new(symbols: &[String], exchanges: &[String]) -> Filter {
        Filter { symbols: symbols.to_vec(), exchanges: exchanges.to_vec() }
    }

    /// Whether only some symbols are asked for.
    #[must_use]
    pub fn names_symbols(&self) -> bool {
        !self.symbols.is_empty()
    }

    /// Whether an exchange is wanted: by its whole name, or without the prefix.
    #[must_use]
    pub fn wants_exchange(&self, exchange: &str) -> bool {
        let product = match nature_of(exchange) {
            Nature::Live => exchange,
            _ => exchange.split_once('.').map_or(exchange, |(_, product)| product),
        };
        self.exchanges.is_empty()
            || self.exchanges.iter().any(|wanted| wanted == exchange || wanted == product)
    }

    /// Whether an instrument is wanted. What concerns a whole exchange has no symbol.
    #[must_use]
    pub fn wants(&self, exchange: &str, symbol: &str) -> bool {
        self.wants_exchange(exchange)
            && (self.symbols.is_empty() || self.symbols.iter().any(|wanted| wanted == symbol))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_prefix() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let filter = Filter::new(&list(&["AAPL"]), &list(&["NASDAQ"]));
        assert!(filter.wants("NASDAQ", "AAPL") && filter.wants("REC.NASDAQ", "AAPL"));
        assert!(!filter.wants("NASDAQ", "MSFT") && !filter.wants("NASDAQ.BX", "AAPL"));
        assert!(!filter.wants("NASDAQ", ""));
        let filter = Filter::new(&[], &list(&["SIM.BINANCE.UM"]));
        assert!(filter.wants("SIM.BINANCE.UM", "") && !filter.wants("BINANCE.UM", "X"));
        assert!(Filter::default().wants("ANY", ""));
    }
}
