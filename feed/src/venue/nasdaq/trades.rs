//! Prints: P, Q, B, and what every trade does to volume and image.

use protocol::venue::nasdaq::{BrokenTrade, CrossTrade, Trade as HiddenTrade};
use wire::codes::{Aggressor, trade_flags};
use wire::payload::{Auction, Trade, TradeBreak};
use wire::{NONE, Quality};

use super::{Context, Nasdaq};
use crate::counts::LaneReject;
use crate::publish::Outlet;

impl Nasdaq {
    /// A trade that counts in volume.
    #[inline(always)]
    pub(super) fn traded<O: Outlet>(
        &mut self,
        index: u32,
        quality: Quality,
        trade: Trade,
        cx: &mut Context<'_, O>,
    ) {
        let ts_venue = cx.out.stamp().ts_venue;
        if let Some(shown) = self.shown.get_mut(index as usize) {
            // One that comes late is not the last one.
            if ts_venue >= shown.trade_ts_venue {
                shown.trade_price = trade.price;
                shown.trade_quantity = trade.quantity;
                shown.trade_id = trade.trade_id;
                shown.trade_ts_venue = ts_venue;
            }
            shown.volume = shown.volume.saturating_add(trade.quantity);
            shown.trades += 1;
        }
        cx.out.emit(index, quality, trade);
    }

    /// P: a match against an order that was not displayed. Since 2014 its side is always "buy" and
    /// says nothing of the aggressor.
    pub(super) fn hidden_trade<O: Outlet>(
        &mut self,
        m: &HiddenTrade,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.by_stock(m.header.locate.get(), &m.stock, cx);
        if index == 0 {
            return 0;
        }
        let _ = cx.unknown_code(m.side());
        let trade = Trade {
            price: i64::from(m.price.get()),
            quantity: i64::from(m.shares.get()),
            trade_id: m.match_number.get(),
            aggressor: Aggressor::Unknown as u8,
            flags: trade_flags::HIDDEN,
            matches: 1,
            ..Trade::default()
        };
        let quality = self.quality(index, cx);
        self.traded(index, quality, trade, cx);
        index
    }

    /// Q: the bulk print of an auction. One of no shares is still the auction's result.
    pub(super) fn cross_trade<O: Outlet>(
        &mut self,
        m: &CrossTrade,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.by_stock(m.header.locate.get(), &m.stock, cx);
        if index == 0 {
            return 0;
        }
        let _ = cx.unknown_code(m.cross());
        let Ok(quantity) = i64::try_from(m.shares.get()) else {
            cx.refuse(LaneReject::ValueOverflow);
            return index;
        };
        let price = i64::from(m.price.get());
        let quality = self.quality(index, cx);
        if quantity > 0 {
            let trade = Trade {
                price,
                quantity,
                trade_id: m.match_number.get(),
                flags: trade_flags::AUCTION | trade_flags::AGGREGATE,
                condition: u16::from(m.cross_type),
                ..Trade::default()
            };
            self.traded(index, quality, trade, cx);
        }
        let auction = Auction {
            clearing_price: if price == 0 { NONE } else { price },
            paired: quantity,
            cross: m.cross_type,
            ..Auction::default()
        };
        cx.out.emit(index, quality, auction);
        index
    }

    /// B: an earlier match is void. The message does not say of which price or quantity.
    pub(super) fn broken_trade<O: Outlet>(
        &mut self,
        m: &BrokenTrade,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.by_locate(m.header.locate.get(), cx);
        if index == 0 {
            return 0;
        }
        let trade_id = m.match_number.get();
        let broken = TradeBreak { trade_id, price: NONE, quantity: NONE, flags: 0 };
        let quality = self.quality(index, cx);
        cx.out.emit(index, quality, broken);
        index
    }
}
