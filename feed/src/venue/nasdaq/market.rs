//! Messages about the whole market and about auctions to come: S, V, W, I, N, O.

use protocol::venue::nasdaq::codes::{EventCode, ImbalanceSide};
use protocol::venue::nasdaq::{
    DirectListing, Imbalance, MwcbDecline, MwcbStatus, RetailInterest, SystemEvent,
};
use wire::codes::{PriceTag, SessionEvent, StatisticTag, StatusScope, TradingState, auction_flags};
use wire::payload::{Auction, Prices, Session, Statistic, Status};
use wire::{BookState, NONE};

use super::reference::{STATUS, price_or_none};
use super::{Context, Nasdaq};
use crate::counts::LaneReject;
use crate::publish::Outlet;

/// A session's name as a record holds it.
pub(crate) fn session_id(session: &[u8; 10]) -> [u8; 16] {
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(session) {
        *to = *from;
    }
    id
}

/// A 64-bit number of the venue as a signed one; counted and `NONE` if it does not fit.
fn signed<O: Outlet>(value: u64, cx: &mut Context<'_, O>) -> i64 {
    i64::try_from(value).unwrap_or_else(|_| {
        cx.refuse(LaneReject::ValueOverflow);
        NONE
    })
}

impl Nasdaq {
    /// S: the day's phases.
    pub(super) fn system_event<O: Outlet>(
        &mut self,
        m: &SystemEvent,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let event = match cx.unknown_code(m.event()) {
            Some(EventCode::StartOfMessages) => SessionEvent::StartOfMessages,
            Some(EventCode::StartOfSystemHours) => SessionEvent::StartOfSystemHours,
            Some(EventCode::StartOfMarketHours) => SessionEvent::StartOfMarketHours,
            Some(EventCode::EndOfMarketHours) => SessionEvent::EndOfMarketHours,
            Some(EventCode::EndOfSystemHours) => SessionEvent::EndOfSystemHours,
            Some(EventCode::EndOfMessages) => SessionEvent::EndOfMessages,
            None => return 0,
        };
        let session = Session {
            id: session_id(&self.session),
            first_sequence: cx.number,
            date: self.day.date,
            channel: 0,
            event: event as u8,
            _pad0: 0,
        };
        let quality = cx.out.quality(BookState::None).end_of_event();
        cx.out.emit(0, quality, session);
        0
    }

    /// V: levels of the market-wide circuit breaker, in 10^-8.
    pub(super) fn mwcb_decline<O: Outlet>(
        &mut self,
        m: &MwcbDecline,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let prices = Prices {
            tags: [
                PriceTag::BreakerLevel1 as u8,
                PriceTag::BreakerLevel2 as u8,
                PriceTag::BreakerLevel3 as u8,
            ],
            p0: signed(m.level_1.get(), cx),
            p1: signed(m.level_2.get(), cx),
            p2: signed(m.level_3.get(), cx),
            ..Prices::default()
        };
        let quality = cx.out.quality(BookState::None).end_of_event();
        cx.out.emit(0, quality, prices);
        0
    }

    /// W: a level of the circuit breaker was breached.
    pub(super) fn mwcb_status<O: Outlet>(
        &mut self,
        m: &MwcbStatus,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let _ = cx.unknown_code(m.level());
        let status = Status {
            state: TradingState::CircuitBreaker as u8,
            scope: StatusScope::Market as u8,
            market: m.breached_level,
            ..STATUS
        };
        let quality = cx.out.quality(BookState::None).end_of_event();
        cx.out.emit(0, quality, status);
        0
    }

    /// I: the imbalance before a cross.
    pub(super) fn imbalance<O: Outlet>(&mut self, m: &Imbalance, cx: &mut Context<'_, O>) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let _ = cx.unknown_code(m.cross());
        let _ = cx.unknown_code(m.variation());
        let size = signed(m.imbalance.get(), cx);
        let (imbalance, flags) = match cx.unknown_code(m.direction()) {
            Some(ImbalanceSide::Buy | ImbalanceSide::None) => (size, 0),
            Some(ImbalanceSide::Sell) => (size.saturating_neg(), 0),
            Some(ImbalanceSide::InsufficientOrders) => (NONE, auction_flags::INSUFFICIENT),
            Some(ImbalanceSide::Paused) => (NONE, auction_flags::PAUSED),
            None => (NONE, 0),
        };
        let auction = Auction {
            clearing_price: price_or_none(m.near_price.get()),
            paired: signed(m.paired.get(), cx),
            imbalance,
            cross: m.cross_type,
            variation: m.price_variation,
            flags,
            time_s: 0,
        };
        cx.out.emit(index, quality.within_event(), auction);
        let prices = Prices {
            tags: [PriceTag::Far as u8, PriceTag::Near as u8, PriceTag::Reference as u8],
            p0: price_or_none(m.far_price.get()),
            p1: price_or_none(m.near_price.get()),
            p2: price_or_none(m.reference_price.get()),
            ..Prices::default()
        };
        cx.out.emit(index, quality, prices);
        index
    }

    /// N: retail price improvement interest. `market` is the side's letter.
    pub(super) fn retail_interest<O: Outlet>(
        &mut self,
        m: &RetailInterest,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let _ = cx.unknown_code(m.interest());
        let scope = StatusScope::RetailInterest as u8;
        cx.out.emit(index, quality, Status { scope, market: m.interest_flag, ..STATUS });
        index
    }

    /// O: price discovery of a direct listing. Eligibility is the statistic's quantity.
    pub(super) fn direct_listing<O: Outlet>(
        &mut self,
        m: &DirectListing,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, quality)) = self.about(m.header.locate.get(), &m.stock, cx) else {
            return 0;
        };
        let eligible = cx.unknown_code(m.eligible());
        let bounds = Prices {
            tags: [
                PriceTag::MinimumAllowable as u8,
                PriceTag::MaximumAllowable as u8,
                PriceTag::NearExecution as u8,
            ],
            p0: price_or_none(m.minimum_price.get()),
            p1: price_or_none(m.maximum_price.get()),
            p2: price_or_none(m.near_price.get()),
            ..Prices::default()
        };
        cx.out.emit(index, quality.within_event(), bounds);
        let collars = Prices {
            tags: [PriceTag::LowerCollar as u8, PriceTag::UpperCollar as u8, PriceTag::None as u8],
            p0: price_or_none(m.lower_collar.get()),
            p1: price_or_none(m.upper_collar.get()),
            p2: NONE,
            ..Prices::default()
        };
        cx.out.emit(index, quality.within_event(), collars);
        let near = Statistic {
            tag: StatisticTag::NearExecution as u8,
            price: price_or_none(m.near_price.get()),
            quantity: i64::from(eligible == Some(protocol::venue::nasdaq::codes::YesNo::Yes)),
            ts_ref: self.ts_venue(m.near_time.get()),
            ..Statistic::default()
        };
        cx.out.emit(index, quality, near);
        index
    }
}
