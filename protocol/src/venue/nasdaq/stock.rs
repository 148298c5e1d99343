//! Messages about one stock's state and terms: R, H, Y, L, K, J, h.

use zerocopy::byteorder::big_endian::U32;

use super::codes::{
    Authenticity, FinancialStatus, HaltAction, IpoFlag, IpoQualifier, IssueClass, LuldTier,
    MarketCategory, MarketCenter, MarketMakerMode, ParticipantState, PrimaryMarketMaker,
    RegShoAction, TradingState, YesNo,
};
use super::header::{code_fields, message};

message! {
    /// A stock of the day and the locate that all its messages carry.
    StockDirectory, b'R', "stock directory", 39 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// Listing market, see [`MarketCategory`].
        19 market_category: u8,
        /// See [`FinancialStatus`].
        20 financial_status: u8,
        /// Shares of a round lot.
        21 round_lot_size: U32,
        /// `Y` if only round lots may be entered.
        25 round_lots_only: u8,
        /// See [`IssueClass`].
        26 issue_classification: u8,
        /// One or two characters, the venue's list.
        27 issue_sub_type: [u8; 2],
        /// Production or test symbol.
        29 authenticity: u8,
        /// `Y` if subject to mandatory close-out under Reg SHO rule 203(b)(3).
        30 short_sale_threshold: u8,
        /// Whether the stock is set up for an IPO release.
        31 ipo_flag: u8,
        /// Limit up, limit down reference price tier.
        32 luld_tier: u8,
        /// `Y` for an exchange traded product.
        33 etp_flag: u8,
        /// Leverage of an exchange traded product, rounded to whole numbers.
        34 etp_leverage: U32,
        /// `Y` for an inverse exchange traded product.
        38 inverse: u8,
    }
}

code_fields! {
    StockDirectory {
        /// The listing market.
        market: market_category as MarketCategory,
        /// Whether the issuer is deficient, delinquent or bankrupt.
        financial: financial_status as FinancialStatus,
        /// Whether only round lots may be entered.
        only_round_lots: round_lots_only as YesNo,
        /// The kind of security.
        class: issue_classification as IssueClass,
        /// Production or test.
        authentic: authenticity as Authenticity,
        /// Whether the stock is on the threshold list.
        threshold: short_sale_threshold as YesNo,
        /// Whether the stock is set up for an IPO release.
        ipo: ipo_flag as IpoFlag,
        /// Limit up, limit down tier.
        tier: luld_tier as LuldTier,
        /// Whether it is an exchange traded product.
        etp: etp_flag as YesNo,
        /// Whether it is an inverse product.
        is_inverse: inverse as YesNo,
    }
}

message! {
    /// Halts, pauses, quotation only, trading.
    TradingAction, b'H', "stock trading action", 25 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// See [`TradingState`].
        19 trading_state: u8,
        /// Reserved.
        20 reserved: u8,
        /// The venue's reason, padded with spaces.
        21 reason: [u8; 4],
    }
}

code_fields! {
    TradingAction {
        /// The new state.
        state: trading_state as TradingState,
    }
}

message! {
    /// Short sale price test restriction.
    RegSho, b'Y', "reg sho restriction", 20 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// See [`RegShoAction`].
        19 reg_sho_action: u8,
    }
}

code_fields! {
    RegSho {
        /// Whether the price test is in effect.
        action: reg_sho_action as RegShoAction,
    }
}

message! {
    /// A market maker's standing in a stock.
    ParticipantPosition, b'L', "market participant position", 26 {
        /// The participant.
        11 mpid: [u8; 4],
        /// Symbol, padded with spaces.
        15 stock: [u8; 8],
        /// `Y` for the primary market maker.
        23 primary_market_maker: u8,
        /// See [`MarketMakerMode`].
        24 market_maker_mode: u8,
        /// See [`ParticipantState`].
        25 participant_state: u8,
    }
}

code_fields! {
    ParticipantPosition {
        /// Whether it is the primary market maker.
        primary: primary_market_maker as PrimaryMarketMaker,
        /// How it makes the market.
        mode: market_maker_mode as MarketMakerMode,
        /// Its registration.
        state: participant_state as ParticipantState,
    }
}

message! {
    /// When an IPO may be quoted.
    IpoQuoting, b'K', "ipo quoting period update", 28 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// Seconds since midnight at which quotation begins.
        19 release_time: U32,
        /// See [`IpoQualifier`].
        23 release_qualifier: u8,
        /// IPO price, 10^-4 dollars.
        24 ipo_price: U32,
    }
}

code_fields! {
    IpoQuoting {
        /// Anticipated, cancelled or postponed.
        qualifier: release_qualifier as IpoQualifier,
    }
}

message! {
    /// Collars of the auction that ends a limit up, limit down pause.
    LuldCollar, b'J', "luld auction collar", 35 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// Reference price, 10^-4 dollars.
        19 reference_price: U32,
        /// Upper collar, 10^-4 dollars.
        23 upper_price: U32,
        /// Lower collar, 10^-4 dollars.
        27 lower_price: U32,
        /// How often the auction was extended.
        31 extension: U32,
    }
}

message! {
    /// A halt of one market centre, not of the stock.
    OperationalHalt, b'h', "operational halt", 21 {
        /// Symbol, padded with spaces.
        11 stock: [u8; 8],
        /// See [`MarketCenter`].
        19 market_code: u8,
        /// See [`HaltAction`].
        20 halt_action: u8,
    }
}

code_fields! {
    OperationalHalt {
        /// Which market centre.
        market: market_code as MarketCenter,
        /// Halted or resumed.
        action: halt_action as HaltAction,
    }
}
