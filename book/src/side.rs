//! Prices as keys that sort the same way on both sides.
//!
//! A book side is stored best first. Flipping all bits of an ask price reverses its order without
//! overflow (`!p` is `-p - 1`), so on both sides a greater key is a better price and one search
//! serves both. A side is addressed by one number, `instrument << 1 | side`.

use wire::Side;

/// One side of one instrument: `instrument << 1 | side`.
pub(crate) type SideNumber = u32;

#[inline(always)]
pub(crate) const fn side_number(instrument: u32, side: Side) -> SideNumber {
    instrument << 1 | side as u32
}

#[inline(always)]
pub(crate) const fn side_of(number: SideNumber) -> Side {
    if number & 1 == 0 { Side::Bid } else { Side::Ask }
}

#[inline(always)]
pub(crate) const fn instrument_of(number: SideNumber) -> u32 {
    number >> 1
}

/// Price to key or key to price: the operation is its own inverse.
#[inline(always)]
pub(crate) const fn flip(number: SideNumber, price_or_key: i64) -> i64 {
    price_or_key ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greater_key_is_better_price_on_both_sides() {
        let prices = [i64::MIN + 1, -1, 0, 1, 1_000_000, i64::MAX];
        let (bid, ask) = (side_number(5, Side::Bid), side_number(5, Side::Ask));
        for pair in prices.windows(2) {
            assert!(flip(bid, pair[1]) > flip(bid, pair[0]));
            assert!(flip(ask, pair[1]) < flip(ask, pair[0]));
        }
        for price in prices {
            assert_eq!(flip(ask, flip(ask, price)), price);
            assert_eq!(flip(bid, price), price);
        }
        assert_eq!([instrument_of(bid), instrument_of(ask)], [5, 5]);
        assert_eq!([side_of(bid), side_of(ask)], [Side::Bid, Side::Ask]);
    }
}
