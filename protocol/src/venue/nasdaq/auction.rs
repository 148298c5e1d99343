//! Indications of interest and of auctions to come: I, N, O.

use zerocopy::byteorder::big_endian::{U32, U64};

use super::codes::{CrossType, ImbalanceSide, InterestFlag, PriceVariation, YesNo};
use super::header::{code_fields, message};

message! {
    /// Net order imbalance before a cross. A price of 0 is "not available".
    Imbalance, b'I', "net order imbalance indicator", 50 {
        /// Shares that would match at the reference price.
        11 paired: U64,
        /// Shares that would not.
        19 imbalance: U64,
        /// See [`ImbalanceSide`].
        27 imbalance_direction: u8,
        /// Symbol, padded with spaces.
        28 stock: [u8; 8],
        /// Clearing price of cross orders only, 10^-4 dollars.
        36 far_price: U32,
        /// Clearing price of cross and continuous orders, 10^-4 dollars.
        40 near_price: U32,
        /// Price the shares above are computed for, 10^-4 dollars.
        44 reference_price: U32,
        /// See [`CrossType`].
        48 cross_type: u8,
        /// Distance of the near price from the reference price, see [`PriceVariation`].
        49 price_variation: u8,
    }
}

code_fields! {
    Imbalance {
        /// On which side shares are left over.
        direction: imbalance_direction as ImbalanceSide,
        /// Which auction.
        cross: cross_type as CrossType,
        /// Distance of the near price from the reference price.
        variation: price_variation as PriceVariation,
    }
}

message! {
    /// Retail price improvement orders are there, or no longer.
    RetailInterest, b'N', "retail interest", 20 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// See [`InterestFlag`].
        19 interest_flag: u8,
    }
}

code_fields! {
    RetailInterest {
        /// On which side.
        interest: interest_flag as InterestFlag,
    }
}

message! {
    /// Price discovery of a direct listing with capital raise.
    DirectListing, b'O', "direct listing with capital raise", 48 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// `Y` if the stock may be released.
        19 open_eligibility: u8,
        /// Lowest price allowed, 10^-4 dollars: 20 % below the registration's lowest.
        20 minimum_price: U32,
        /// Highest price allowed, 10^-4 dollars: 80 % above the registration's highest.
        24 maximum_price: U32,
        /// Price the cross would have now, 10^-4 dollars.
        28 near_price: U32,
        /// When that price was computed, ns since midnight.
        32 near_time: U64,
        /// Lower collar, 10^-4 dollars: 10 % below the near price.
        40 lower_collar: U32,
        /// Upper collar, 10^-4 dollars: 10 % above the near price.
        44 upper_collar: U32,
    }
}

code_fields! {
    DirectListing {
        /// Whether the stock may be released.
        eligible: open_eligibility as YesNo,
    }
}
