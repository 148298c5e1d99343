//! The small numbers inside payloads, each with its names.

use crate::quality::small_enum;

small_enum! {
    /// How a gap ended (`gap_begin` and `gap_end`).
    GapHow {
        /// Still open.
        Open = 0 "open",
        /// Filled by a retransmission.
        Retransmission = 1 "retransmission",
        /// Replaced by a snapshot of the venue.
        Snapshot = 2 "snapshot",
        /// A new session of the venue made it meaningless; its data stays lost.
        SessionRoll = 3 "session_roll",
        /// Given up; its data stays lost.
        Abandoned = 4 "abandoned",
    }
}

small_enum! {
    /// What a `session` record says.
    SessionEvent {
        /// A new session: new date, locate map and order table.
        Start = 1 "start",
        /// The venue said that the session is over.
        End = 2 "end",
        /// Trading-day event: start of messages.
        StartOfMessages = 3 "start_of_messages",
        /// Trading-day event: system hours begin.
        StartOfSystemHours = 4 "start_of_system_hours",
        /// Trading-day event: market hours begin.
        StartOfMarketHours = 5 "start_of_market_hours",
        /// Trading-day event: market hours end.
        EndOfMarketHours = 6 "end_of_market_hours",
        /// Trading-day event: system hours end.
        EndOfSystemHours = 7 "end_of_system_hours",
        /// Trading-day event: end of messages.
        EndOfMessages = 8 "end_of_messages",
    }
}

small_enum! {
    /// State of a connection.
    ConnectionState {
        /// No connection.
        Down = 0 "down",
        /// Being set up.
        Connecting = 1 "connecting",
        /// Data flows.
        Up = 2 "up",
        /// Subscribed, but no first data yet.
        Waiting = 3 "waiting",
    }
}

small_enum! {
    /// Why an order is gone.
    DeleteCause {
        /// The venue does not say.
        Unknown = 0 "unknown",
        /// Cancelled.
        Cancel = 1 "cancel",
        /// Its whole quantity was cancelled in parts.
        ReducedToZero = 2 "reduced_to_zero",
    }
}

small_enum! {
    /// Why a book is sent whole or its state changed.
    BookCause {
        /// Not said.
        None = 0 "none",
        /// The seat became active.
        Activation = 1 "activation",
        /// The seat changed its filter or asked again.
        Request = 2 "request",
        /// The seat lost records of this instrument.
        Lost = 3 "lost",
        /// A gap of the feed.
        Gap = 4 "gap",
        /// A gap was healed.
        Healed = 5 "healed",
        /// A snapshot of the venue.
        Snapshot = 6 "snapshot",
        /// The venue's messages contradict the book.
        Inconsistent = 7 "inconsistent",
        /// A new session.
        Session = 8 "session",
        /// A table of fixed size is full.
        Capacity = 9 "capacity",
        /// A refresh of some cause: the lane keeps one bit an instrument, not the reason.
        Refresh = 10 "refresh",
    }
}

small_enum! {
    /// Who took the liquidity.
    Aggressor {
        /// Not known.
        Unknown = 0 "unknown",
        /// The buyer.
        Buy = 1 "buy",
        /// The seller.
        Sell = 2 "sell",
    }
}

small_enum! {
    /// Trading state of an instrument or market.
    TradingState {
        /// Not said by this record.
        Unsaid = 0 "unsaid",
        /// Trading.
        Trading = 1 "trading",
        /// Halted.
        Halted = 2 "halted",
        /// Paused.
        Paused = 3 "paused",
        /// Quotation only.
        QuotationOnly = 4 "quotation_only",
        /// The market-wide circuit breaker was hit; `market` has the level.
        CircuitBreaker = 5 "circuit_breaker",
        /// Closed.
        Closed = 6 "closed",
    }
}

small_enum! {
    /// What a `status` record applies to.
    StatusScope {
        /// One instrument.
        Instrument = 0 "instrument",
        /// One instrument on one market centre.
        MarketCentre = 1 "market_centre",
        /// The whole market.
        Market = 2 "market",
        /// Short sales of one instrument.
        ShortSale = 3 "short_sale",
        /// A market maker's position in one instrument; `reason` is the participant.
        Participant = 4 "participant",
        /// Retail interest in one instrument; `market` is the venue's letter.
        RetailInterest = 5 "retail_interest",
    }
}

small_enum! {
    /// What a `definition` record says.
    DefinitionAction {
        /// New.
        Add = 0 "add",
        /// Changed.
        Change = 1 "change",
        /// Gone.
        Remove = 2 "remove",
    }
}

small_enum! {
    /// Class of an instrument.
    InstrumentClass {
        /// Not known.
        Unknown = 0 "unknown",
        /// Share or depositary receipt.
        Equity = 1 "equity",
        /// Exchange-traded product.
        Fund = 2 "fund",
        /// Bond or note.
        Bond = 3 "bond",
        /// Warrant or right.
        Warrant = 4 "warrant",
        /// Spot pair.
        Spot = 5 "spot",
        /// Perpetual future.
        Perpetual = 6 "perpetual",
        /// Dated future.
        Future = 7 "future",
        /// Option.
        Option = 8 "option",
        /// Index.
        Index = 9 "index",
        /// Spread or other combination.
        Combination = 10 "combination",
    }
}

small_enum! {
    /// Meaning of a price in a `prices` record.
    PriceTag {
        /// No price.
        None = 0 "none",
        /// Far price of an auction.
        Far = 1 "far",
        /// Near price of an auction.
        Near = 2 "near",
        /// Current reference price.
        Reference = 3 "reference",
        /// Lower collar.
        LowerCollar = 4 "lower_collar",
        /// Upper collar.
        UpperCollar = 5 "upper_collar",
        /// Circuit breaker level 1.
        BreakerLevel1 = 6 "breaker_level_1",
        /// Circuit breaker level 2.
        BreakerLevel2 = 7 "breaker_level_2",
        /// Circuit breaker level 3.
        BreakerLevel3 = 8 "breaker_level_3",
        /// Price of an initial public offering.
        Ipo = 9 "ipo",
        /// Least price allowed in a direct listing.
        MinimumAllowable = 10 "minimum_allowable",
        /// Greatest price allowed in a direct listing.
        MaximumAllowable = 11 "maximum_allowable",
        /// Near execution price of a direct listing.
        NearExecution = 12 "near_execution",
    }
}

small_enum! {
    /// Meaning of a `statistic` record.
    StatisticTag {
        /// Not known.
        Unknown = 0 "unknown",
        /// Time at which an initial public offering is released; quantity 1 anticipated, 0 cancelled.
        IpoRelease = 1 "ipo_release",
        /// Near execution time of a direct listing.
        NearExecution = 2 "near_execution",
    }
}

/// Bits of `trade.flags`.
pub mod trade_flags {
    /// The id is a 64-bit hash of a longer one.
    pub const ID_HASHED: u8 = 1;
    /// Against an order that was not displayed.
    pub const HIDDEN: u8 = 2;
    /// In an auction.
    pub const AUCTION: u8 = 4;
    /// Block or off book.
    pub const BLOCK: u8 = 8;
    /// Several executions in one.
    pub const AGGREGATE: u8 = 16;
    /// From a liquidation.
    pub const LIQUIDATION: u8 = 32;
}

/// Bits of `auction.flags`.
pub mod auction_flags {
    /// The venue could not say the imbalance: too few orders.
    pub const INSUFFICIENT: u16 = 1;
    /// The auction is paused.
    pub const PAUSED: u16 = 2;
    /// The record carries collars of an auction, not its imbalance.
    pub const COLLAR: u16 = 4;
}

/// Bits of `InstrumentRow.flags` and of the venue's day list.
pub mod instrument_flags {
    /// A test instrument of the venue.
    pub const TEST: u16 = 1;
    /// Known only from its messages: no definition has been seen.
    pub const UNDEFINED: u16 = 2;
}
