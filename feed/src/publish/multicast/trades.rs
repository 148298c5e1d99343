//! Trades and order events: each one, in order, never conflated.

use wire::codes::Aggressor;
use wire::datagram::{OrderItem, TradeItem, TradeSide, to_scale_8};
use wire::payload::{
    OrderAdd, OrderDelete, OrderExecute, OrderModify, OrderReduce, OrderReplace, Trade,
};
use wire::{Kind, Record};

use super::compose::Head;
use super::machine::Machine;

/// Numbers of an order event: price and quantity in the instrument's exponents.
struct Numbers {
    order_id: u64,
    price: i64,
    quantity: i64,
    reference: u64,
}

impl Machine {
    fn exponents(&self, lane: usize, index: u32) -> Option<(i8, i8)> {
        let instrument = self.lanes.get(lane)?.get(index)?;
        Some((instrument.price_exp, instrument.quantity_exp))
    }

    fn head(lane: usize, record: &Record) -> Head {
        Head {
            lane,
            index: record.instrument.index(),
            ts: record.ts_venue,
            is_last: record.quality.is_end_of_event(),
            is_bid: false,
        }
    }

    /// What 10^-8 does not hold goes as a record, once.
    pub(super) fn unscaled(&mut self, lane: usize, record: &Record) {
        self.counts.unscaled += 1;
        if !self.plan.records {
            self.raw(lane, record);
        }
    }

    #[inline]
    pub(super) fn trade(&mut self, lane: usize, record: &Record) {
        if !self.plan.trades {
            return;
        }
        let Some(m) = record.get::<Trade>() else { return };
        let index = record.instrument.index();
        let scaled = self.exponents(lane, index).and_then(|(price, quantity)| {
            Some((to_scale_8(m.price, price)?, to_scale_8(m.quantity, quantity)?))
        });
        let Some((price, quantity)) = scaled else { return self.unscaled(lane, record) };
        let side = match Aggressor::from_bits(m.aggressor) {
            Some(Aggressor::Buy) => TradeSide::Buy,
            Some(Aggressor::Sell) => TradeSide::Sell,
            _ => TradeSide::Unknown,
        };
        let item = TradeItem {
            trade_id: m.trade_id.into(),
            price: price.into(),
            quantity: quantity.into(),
            side: side as u8,
            ..TradeItem::ZERO
        };
        if self.item(Machine::head(lane, record), &item) {
            self.counts.trades += 1;
            self.with_exchange(lane, index, |exchange| exchange.trades += 1);
        }
    }

    /// An order event; entries of refreshes are no events.
    pub(super) fn order(&mut self, lane: usize, record: &Record) {
        if record.quality.is_snapshot() {
            return;
        }
        let Some(m) = numbers(record) else { return };
        let exponents = self.exponents(lane, record.instrument.index());
        let scaled = exponents.and_then(|(price, quantity)| {
            let remaining = match record.kind() {
                Some(Kind::OrderReduce) => {
                    to_scale_8(m.reference as i64, quantity).map(|scaled| scaled as u64)?
                }
                _ => m.reference,
            };
            Some((to_scale_8(m.price, price)?, to_scale_8(m.quantity, quantity)?, remaining))
        });
        let Some((price, quantity, reference)) = scaled else {
            return self.unscaled(lane, record);
        };
        let item = OrderItem {
            order_id: m.order_id.into(),
            price: price.into(),
            quantity: quantity.into(),
            reference: reference.into(),
            kind: record.kind,
            side: TradeSide::of(record.quality.get_side()) as u8,
            ..OrderItem::ZERO
        };
        if self.item(Machine::head(lane, record), &item) {
            self.counts.order_events += 1;
        }
    }
}

fn numbers(record: &Record) -> Option<Numbers> {
    let all = |order_id, price, quantity, reference| {
        Some(Numbers { order_id, price, quantity, reference })
    };
    match record.kind()? {
        Kind::OrderAdd => {
            let m = record.get::<OrderAdd>()?;
            all(m.order_id, m.price, m.quantity, u64::from_be_bytes(m.priority))
        }
        Kind::OrderModify => {
            let m = record.get::<OrderModify>()?;
            all(m.order_id, m.price, m.quantity, m.priority)
        }
        Kind::OrderReplace => {
            let m = record.get::<OrderReplace>()?;
            all(m.old_id, m.price, m.quantity, m.new_id)
        }
        Kind::OrderExecute => {
            let m = record.get::<OrderExecute>()?;
            all(m.order_id, m.price, m.executed, m.trade_id)
        }
        Kind::OrderReduce => {
            let m = record.get::<OrderReduce>()?;
            all(m.order_id, m.price, m.reduced_by, m.remaining as u64)
        }
        Kind::OrderDelete => {
            let m = record.get::<OrderDelete>()?;
            all(m.order_id, m.price, m.removed, u64::from(m.cause))
        }
        _ => None,
    }
}
