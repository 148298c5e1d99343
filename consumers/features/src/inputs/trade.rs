//! A print and who took the liquidity.

use super::Quote;

/// Who took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taker {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
}

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// Price.
    pub price: i64,
    /// Quantity.
    pub quantity: i64,
    /// Who took, where the venue says.
    pub taker: Option<Taker>,
}

/// Who probably took in a trade of which the venue does not say it: the buyer above the middle of
/// the quote before the trade, the seller below it, at the middle (or without a quote) as the last
/// change of price went. `move_up` is the direction of that change, once there was one.
#[inline]
pub fn classify(price: i64, quote: Option<&Quote>, move_up: Option<bool>) -> Option<Taker> {
    let twice = price.saturating_mul(2);
    let by_quote = quote.map(|quote| twice.cmp(&quote.mid2()));
    match by_quote {
        Some(std::cmp::Ordering::Greater) => Some(Taker::Buyer),
        Some(std::cmp::Ordering::Less) => Some(Taker::Seller),
        _ => move_up.map(|up| if up { Taker::Buyer } else { Taker::Seller }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quote_first_then_tick() {
        let quote = Quote { bid_price: 100, bid_quantity: 1, ask_price: 103, ask_quantity: 1 };
        assert_eq!(classify(102, Some(&quote), Some(false)), Some(Taker::Buyer));
        assert_eq!(classify(101, Some(&quote), Some(true)), Some(Taker::Seller));
        let even = Quote { ask_price: 102, ..quote };
        assert_eq!(classify(101, Some(&even), Some(true)), Some(Taker::Buyer));
        assert_eq!(classify(101, Some(&even), Some(false)), Some(Taker::Seller));
        assert_eq!(classify(101, Some(&even), None), None);
        assert_eq!(classify(101, None, Some(true)), Some(Taker::Buyer));
    }
}
