//! Messages about one stock's terms and state: R, H, Y, L, K, J, h.

use protocol::venue::nasdaq::codes::{
    Authenticity, HaltAction, IpoQualifier, IssueClass, RegShoAction,
    TradingState as ItchTradingState, YesNo,
};
use protocol::venue::nasdaq::{
    IpoQuoting, LuldCollar, OperationalHalt, ParticipantPosition, RegSho, StockDirectory,
    TradingAction,
};
use wire::codes::{
    BookCause, DefinitionAction, InstrumentClass, PriceTag, StatisticTag, StatusScope,
    TradingState, auction_flags, instrument_flags,
};
use wire::payload::{Auction, Prices, Statistic, Status};
use wire::{NONE, Quality};

use super::relist::definition;
use super::session::Stock;
use super::{Context, Nasdaq};
use crate::counts::LaneReject;
use crate::publish::Outlet;

/// `short_sale` of a status that does not speak of it.
pub(super) const SHORT_SALE_UNSAID: u8 = 255;

/// A status that says nothing yet.
pub(super) const STATUS: Status = Status {
    state: TradingState::Unsaid as u8,
    scope: StatusScope::Instrument as u8,
    short_sale: SHORT_SALE_UNSAID,
    market: 0,
    reason: [0; 4],
    effective_ns: 0,
    lower_band: NONE,
    upper_band: NONE,
};

/// A price field of the venue, in which 0 means "not available".
pub(super) fn price_or_none(price: u32) -> i64 {
    if price == 0 { NONE } else { i64::from(price) }
}

fn class_of(m: &StockDirectory) -> InstrumentClass {
    if m.etp() == Some(YesNo::Yes) {
        return InstrumentClass::Fund;
    }
    match m.class() {
        Some(IssueClass::Bond | IssueClass::Notes | IssueClass::ConvertibleDebenture) => {
            InstrumentClass::Bond
        }
        Some(IssueClass::Warrant | IssueClass::Right) => InstrumentClass::Warrant,
        Some(_) => InstrumentClass::Equity,
        None => InstrumentClass::Unknown,
    }
}

/// Counts the codes of a directory message that the specification does not list.
fn unknown_codes<O: Outlet>(m: &StockDirectory, cx: &mut Context<'_, O>) {
    let _ = cx.unknown_code(m.market());
    let _ = cx.unknown_code(m.financial());
    let _ = cx.unknown_code(m.only_round_lots());
    let _ = cx.unknown_code(m.class());
    let _ = cx.unknown_code(m.authentic());
    let _ = cx.unknown_code(m.threshold());
    let _ = cx.unknown_code(m.ipo());
    let _ = cx.unknown_code(m.tier());
    let _ = cx.unknown_code(m.etp());
    let _ = cx.unknown_code(m.is_inverse());
}

impl Nasdaq {
    /// R: names a locate for the session and describes the stock.
    pub(super) fn stock_directory<O: Outlet>(
        &mut self,
        m: &StockDirectory,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let locate = m.header.locate.get();
        let known = self.directory.index(locate);
        let named = self.directory.index_of(&m.stock);
        let moved = known != 0 && named != Some(known);
        let index = if known != 0 && !moved { known } else { self.introduce(locate, &m.stock, cx) };
        if moved {
            // Messages told the two apart by this number: what either book is worth is not known.
            cx.refuse(LaneReject::LocateMoved);
            self.mark_gapped(known, BookCause::Inconsistent, cx);
            self.mark_gapped(index, BookCause::Inconsistent, cx);
        }
        let class = class_of(m);
        unknown_codes(m, cx);
        let lot = i64::from(m.round_lot_size.get());
        let test = m.authentic() == Some(Authenticity::Test);
        let mut action = DefinitionAction::Change;
        let row = self.define(index, cx.out, |row| {
            if row.flags & instrument_flags::UNDEFINED != 0 {
                action = DefinitionAction::Add;
            }
            row.class = class as u8;
            row.lot = lot;
            row.flags = if test { instrument_flags::TEST } else { 0 };
        });
        let Some(row) = row else { return 0 };
        let definition = definition(&row, action);
        let quality = self.quality(index, cx);
        cx.out.emit(index, quality, definition);
        index
    }

    /// Index and quality of a message that names its stock; `None` if the table is full.
    pub(super) fn about<O: Outlet>(
        &mut self,
        locate: u16,
        stock: &Stock,
        cx: &mut Context<'_, O>,
    ) -> Option<(u32, Quality)> {
        match self.by_stock(locate, stock, cx) {
            0 => None,
            index => Some((index, self.quality(index, cx))),
        }
    }

    /// H: halts, pauses, quotation only, trading.
    pub(super) fn trading_action<O: Outlet>(
        &mut self,
        m: &TradingAction,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let state = match cx.unknown_code(m.state()) {
            Some(ItchTradingState::Trading) => TradingState::Trading,
            Some(ItchTradingState::Halted) => TradingState::Halted,
            Some(ItchTradingState::Paused) => TradingState::Paused,
            Some(ItchTradingState::QuotationOnly) => TradingState::QuotationOnly,
            None => TradingState::Unsaid,
        };
        if let Some(shown) = self.shown.get_mut(index as usize) {
            shown.status = state;
        }
        cx.out.emit(index, quality, Status { state: state as u8, reason: m.reason, ..STATUS });
        index
    }

    /// Y: short sale price test.
    pub(super) fn reg_sho<O: Outlet>(&mut self, m: &RegSho, cx: &mut Context<'_, O>) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let short_sale = match cx.unknown_code(m.action()) {
            Some(RegShoAction::NoTest) => 0,
            Some(RegShoAction::Restricted) => 1,
            Some(RegShoAction::Remains) => 2,
            None => SHORT_SALE_UNSAID,
        };
        let scope = StatusScope::ShortSale as u8;
        cx.out.emit(index, quality, Status { scope, short_sale, ..STATUS });
        index
    }

    /// L: a market maker's standing. `reason` is the participant, `market` the state's letter.
    pub(super) fn participant<O: Outlet>(
        &mut self,
        m: &ParticipantPosition,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let _ = cx.unknown_code(m.primary());
        let _ = cx.unknown_code(m.mode());
        let _ = cx.unknown_code(m.state());
        let scope = StatusScope::Participant as u8;
        let (market, reason) = (m.participant_state, m.mpid);
        cx.out.emit(index, quality, Status { scope, market, reason, ..STATUS });
        index
    }

    /// K: when an offering may be quoted, and its price.
    pub(super) fn ipo_quoting<O: Outlet>(
        &mut self,
        m: &IpoQuoting,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let anticipated = cx.unknown_code(m.qualifier()) == Some(IpoQualifier::Anticipated);
        let release = self.ts_venue(u64::from(m.release_time.get()) * 1_000_000_000);
        let statistic = Statistic {
            tag: StatisticTag::IpoRelease as u8,
            price: price_or_none(m.ipo_price.get()),
            quantity: i64::from(anticipated),
            ts_ref: release,
            ..Statistic::default()
        };
        cx.out.emit(index, quality, statistic);
        index
    }

    /// J: collars of the auction that ends a pause, and how often it was extended.
    pub(super) fn luld_collar<O: Outlet>(
        &mut self,
        m: &LuldCollar,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let prices = Prices {
            tags: [
                PriceTag::Reference as u8,
                PriceTag::LowerCollar as u8,
                PriceTag::UpperCollar as u8,
            ],
            p0: price_or_none(m.reference_price.get()),
            p1: price_or_none(m.lower_price.get()),
            p2: price_or_none(m.upper_price.get()),
            ..Prices::default()
        };
        cx.out.emit(index, quality.within_event(), prices);
        let auction = Auction {
            clearing_price: NONE,
            flags: auction_flags::COLLAR,
            time_s: m.extension.get(),
            ..Auction::default()
        };
        cx.out.emit(index, quality, auction);
        index
    }

    /// h: a halt of one market centre.
    pub(super) fn operational_halt<O: Outlet>(
        &mut self,
        m: &OperationalHalt,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let _ = cx.unknown_code(m.market());
        let state = match cx.unknown_code(m.action()) {
            Some(HaltAction::Halted) => TradingState::Halted,
            Some(HaltAction::Resumed) => TradingState::Trading,
            None => TradingState::Unsaid,
        };
        let scope = StatusScope::MarketCentre as u8;
        let status = Status { state: state as u8, scope, market: m.market_code, ..STATUS };
        cx.out.emit(index, quality, status);
        index
    }
}
