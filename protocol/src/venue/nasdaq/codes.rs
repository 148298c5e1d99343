//! One-character codes. `from_byte` answers `None` for what is not in the venue's list.

macro_rules! codes {
    ($($(#[$meta:meta])+ $name:ident { $($variant:ident = $byte:literal $text:literal,)+ })+) => {
        $(
            $(#[$meta])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            #[repr(u8)]
            pub enum $name { $(#[doc = $text] $variant = $byte,)+ }

            impl $name {
                /// Every code of the venue's list.
                pub const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];

                /// The code for this byte, `None` if the venue's list does not have it.
                #[inline]
                #[must_use]
                pub const fn from_byte(byte: u8) -> Option<Self> {
                    match byte { $($byte => Some(Self::$variant),)+ _ => None }
                }

                /// The byte on the wire.
                #[inline]
                #[must_use]
                pub const fn byte(self) -> u8 {
                    self as u8
                }

                /// In words, for people.
                #[must_use]
                pub const fn name(self) -> &'static str {
                    match self { $(Self::$variant => $text,)+ }
                }
            }
        )+
    };
}

codes! {
    /// Side of an order.
    Side { Buy = b'B' "buy", Sell = b'S' "sell", }

    /// Phase of the day (S).
    EventCode {
        StartOfMessages = b'O' "start of messages",
        StartOfSystemHours = b'S' "start of system hours",
        StartOfMarketHours = b'Q' "start of market hours",
        EndOfMarketHours = b'M' "end of market hours",
        EndOfSystemHours = b'E' "end of system hours",
        EndOfMessages = b'C' "end of messages",
    }

    /// Level of the market-wide circuit breaker (W).
    BreachedLevel { One = b'1' "level 1", Two = b'2' "level 2", Three = b'3' "level 3", }

    /// Listing market (R).
    MarketCategory {
        GlobalSelect = b'Q' "Nasdaq Global Select Market",
        Global = b'G' "Nasdaq Global Market",
        Capital = b'S' "Nasdaq Capital Market",
        Nyse = b'N' "NYSE",
        NyseAmerican = b'A' "NYSE American",
        NyseArca = b'P' "NYSE Arca",
        NyseTexas = b'M' "NYSE Texas",
        Bats = b'Z' "Cboe BZX",
        Iex = b'V' "Investors Exchange",
        NotAvailable = b' ' "not available",
    }

    /// Standing of the issuer (R).
    FinancialStatus {
        Deficient = b'D' "deficient",
        Delinquent = b'E' "delinquent",
        Bankrupt = b'Q' "bankrupt",
        Suspended = b'S' "suspended",
        DeficientBankrupt = b'G' "deficient and bankrupt",
        DeficientDelinquent = b'H' "deficient and delinquent",
        DelinquentBankrupt = b'J' "delinquent and bankrupt",
        All = b'K' "deficient, delinquent and bankrupt",
        CreationsSuspended = b'C' "creations or redemptions suspended",
        Normal = b'N' "normal",
        NotAvailable = b' ' "not available",
    }

    /// Yes, no, or a space where the venue does not say.
    YesNo { Yes = b'Y' "yes", No = b'N' "no", NotAvailable = b' ' "not available", }

    /// Kind of security (R).
    IssueClass {
        DepositaryShare = b'A' "American depositary share",
        Bond = b'B' "bond",
        CommonStock = b'C' "common stock",
        DepositoryReceipt = b'F' "depository receipt",
        Rule144A = b'I' "144A",
        LimitedPartnership = b'L' "limited partnership",
        Notes = b'N' "notes",
        OrdinaryShare = b'O' "ordinary share",
        PreferredStock = b'P' "preferred stock",
        OtherSecurities = b'Q' "other securities",
        Right = b'R' "right",
        BeneficialShares = b'S' "shares of beneficial interest",
        ConvertibleDebenture = b'T' "convertible debenture",
        Unit = b'U' "unit",
        BeneficialUnits = b'V' "units of beneficial interest",
        Warrant = b'W' "warrant",
    }

    /// Production or test symbol (R).
    Authenticity { Production = b'P' "live or production", Test = b'T' "test", }

    /// Whether the stock is set up for an IPO (R).
    IpoFlag {
        SetUp = b'Y' "set up for IPO release",
        NotSetUp = b'N' "not set up for IPO release",
        NewlyListed = b'Z' "newly listed without IPO",
        NotAvailable = b' ' "not available",
    }

    /// Limit up, limit down tier (R).
    LuldTier { One = b'1' "tier 1", Two = b'2' "tier 2", NotAvailable = b' ' "not available", }

    /// Trading state of a stock (H).
    TradingState {
        Halted = b'H' "halted",
        Paused = b'P' "paused",
        QuotationOnly = b'Q' "quotation only",
        Trading = b'T' "trading",
    }

    /// Short sale price test (Y).
    RegShoAction {
        NoTest = b'0' "no price test",
        Restricted = b'1' "restricted, intraday price drop",
        Remains = b'2' "restriction remains in effect",
    }

    /// Whether a participant is the primary market maker (L).
    PrimaryMarketMaker { Primary = b'Y' "primary", NonPrimary = b'N' "non-primary", }

    /// How a participant makes the market (L).
    MarketMakerMode {
        Normal = b'N' "normal",
        Passive = b'P' "passive",
        Syndicate = b'S' "syndicate",
        PreSyndicate = b'R' "pre-syndicate",
        Penalty = b'L' "penalty",
    }

    /// Registration of a participant in a stock (L).
    ParticipantState {
        Active = b'A' "active",
        Excused = b'E' "excused",
        Withdrawn = b'W' "withdrawn",
        Suspended = b'S' "suspended",
        Deleted = b'D' "deleted",
    }

    /// What the release time of an IPO is (K).
    IpoQualifier {
        Anticipated = b'A' "anticipated quotation release",
        Cancelled = b'C' "release cancelled or postponed",
    }

    /// Market centre of an operational halt (h).
    MarketCenter { Nasdaq = b'Q' "Nasdaq", NasdaqTexas = b'B' "Nasdaq Texas", Psx = b'X' "PSX", }

    /// Operational halt or its end (h).
    HaltAction { Halted = b'H' "halted", Resumed = b'T' "resumed", }

    /// Which auction (Q, I).
    CrossType {
        Opening = b'O' "opening",
        Closing = b'C' "closing",
        HaltedOrPaused = b'H' "halt, pause or IPO",
        ExtendedClose = b'A' "extended trading close",
    }

    /// Side of an imbalance (I).
    ImbalanceSide {
        Buy = b'B' "buy",
        Sell = b'S' "sell",
        None = b'N' "none",
        InsufficientOrders = b'O' "insufficient orders",
        Paused = b'P' "paused",
    }

    /// Distance of the near price from the reference price (I).
    PriceVariation {
        Below1 = b'L' "below 1 %",
        Below2 = b'1' "1 % to 2 %",
        Below3 = b'2' "2 % to 3 %",
        Below4 = b'3' "3 % to 4 %",
        Below5 = b'4' "4 % to 5 %",
        Below6 = b'5' "5 % to 6 %",
        Below7 = b'6' "6 % to 7 %",
        Below8 = b'7' "7 % to 8 %",
        Below9 = b'8' "8 % to 9 %",
        Below10 = b'9' "9 % to 10 %",
        Below20 = b'A' "10 % to 20 %",
        Below30 = b'B' "20 % to 30 %",
        Above30 = b'C' "above 30 %",
        NotAvailable = b' ' "not available",
    }

    /// Sides with retail interest (N).
    InterestFlag {
        Buy = b'B' "buy side",
        Sell = b'S' "sell side",
        Both = b'A' "both sides",
        None = b'N' "none",
    }
}
