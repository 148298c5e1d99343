//! Messages that change the book: A, F, E, C, X, D, U.
//!
//! | message | book | records |
//! |---|---|---|
//! | A, F | a new order at the end of its queue | `order_add` |
//! | E | executed at its own price | `trade`, `order_execute` |
//! | C | executed at another price | `trade` if printable, `order_execute` |
//! | X | reduced, keeps its place; gone at 0 | `order_reduce` or `order_delete` |
//! | D | gone | `order_delete` |
//! | U | replaced; goes to the end of its queue | `order_replace` |
//!
//! Each is followed by the `level` that changed (two for U) and by `top` if the best changed.

use book::LevelChange;
use protocol::venue::nasdaq::codes::{Side as ItchSide, YesNo};
use protocol::venue::nasdaq::{
    AddOrder, AddOrderAttributed, OrderCancel, OrderDelete, OrderExecuted, OrderExecutedWithPrice,
    OrderReplace as ReplaceMessage,
};
use wire::codes::{Aggressor, DeleteCause};
use wire::payload::{Level, OrderAdd, OrderDelete as Deleted, OrderExecute, OrderReduce};
use wire::payload::{OrderReplace, Trade};
use wire::{Quality, Side};

use super::session::Stock;
use super::{Context, Nasdaq};
use crate::counts::LaneReject;
use crate::publish::Outlet;
use crate::publish::refresh::{position_field, top_payload};

/// What an A and an F have in common.
struct NewOrder {
    reference: u64,
    side: Option<ItchSide>,
    shares: i64,
    price: i64,
    attribution: [u8; 4],
}

impl Nasdaq {
    #[inline(always)]
    pub(super) fn add<O: Outlet>(
        &mut self,
        m: &AddOrder,
        attribution: [u8; 4],
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let order = NewOrder {
            reference: m.reference.get(),
            side: m.side(),
            shares: i64::from(m.shares.get()),
            price: i64::from(m.price.get()),
            attribution,
        };
        self.new_order(m.header.locate.get(), &m.stock, &order, cx)
    }

    #[inline(always)]
    pub(super) fn add_attributed<O: Outlet>(
        &mut self,
        m: &AddOrderAttributed,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let order = NewOrder {
            reference: m.reference.get(),
            side: m.side(),
            shares: i64::from(m.shares.get()),
            price: i64::from(m.price.get()),
            attribution: m.attribution,
        };
        self.new_order(m.header.locate.get(), &m.stock, &order, cx)
    }

    #[inline(always)]
    fn new_order<O: Outlet>(
        &mut self,
        locate: u16,
        stock: &Stock,
        order: &NewOrder,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.by_stock(locate, stock, cx);
        if index == 0 {
            return 0;
        }
        let side = match order.side {
            Some(ItchSide::Buy) => Side::Bid,
            Some(ItchSide::Sell) => Side::Ask,
            None => {
                cx.refuse(LaneReject::UnknownSide);
                self.mark_gapped(index, wire::codes::BookCause::Inconsistent, cx);
                return index;
            }
        };
        match self.books.add(index, order.reference, side, order.price, order.shares) {
            Ok(added) => {
                let quality = self.quality(index, cx).side(side);
                let [a, b, c, d] = order.attribution;
                let payload = OrderAdd {
                    order_id: order.reference,
                    price: order.price,
                    quantity: order.shares,
                    priority: [a, b, c, d, 0, 0, 0, 0],
                };
                cx.out.emit(index, quality, payload);
                self.level_changed(index, quality, added.level, cx);
                self.best_changed(index, quality, added.level.changed_best(), cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
        index
    }

    #[inline(always)]
    pub(super) fn executed<O: Outlet>(
        &mut self,
        m: &OrderExecuted,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let (reference, shares) = (m.reference.get(), i64::from(m.executed.get()));
        self.execution(m.header.locate.get(), reference, shares, m.match_number.get(), None, cx)
    }

    #[inline(always)]
    pub(super) fn executed_with_price<O: Outlet>(
        &mut self,
        m: &OrderExecutedWithPrice,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let (reference, shares) = (m.reference.get(), i64::from(m.executed.get()));
        let prints = match m.prints() {
            Some(YesNo::Yes) => true,
            Some(YesNo::No) => false,
            // Counted, and printed: volume that is not shown is the worse lie.
            Some(YesNo::NotAvailable) | None => {
                cx.refuse(LaneReject::UnknownCode);
                true
            }
        };
        let at = Some((i64::from(m.price.get()), prints));
        self.execution(m.header.locate.get(), reference, shares, m.match_number.get(), at, cx)
    }

    /// An execution at the order's own price, or at another one that may not print.
    #[inline(always)]
    fn execution<O: Outlet>(
        &mut self,
        locate: u16,
        reference: u64,
        shares: i64,
        match_number: u64,
        at: Option<(i64, bool)>,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.by_locate(locate, cx);
        if index == 0 {
            return 0;
        }
        match self.books.execute(index, reference, shares) {
            Ok(done) => {
                let quality = self.quality(index, cx).side(done.side);
                let (price, prints) = at.unwrap_or((done.price, true));
                if prints {
                    let aggressor = match done.side {
                        Side::Bid => Aggressor::Sell,
                        Side::Ask => Aggressor::Buy,
                    };
                    let trade = Trade {
                        price,
                        quantity: shares,
                        trade_id: match_number,
                        aggressor: aggressor as u8,
                        matches: 1,
                        ..Trade::default()
                    };
                    self.traded(index, quality, trade, cx);
                }
                let execute = OrderExecute {
                    order_id: reference,
                    price,
                    executed: shares,
                    trade_id: match_number,
                };
                cx.out.emit(index, quality, execute);
                self.level_changed(index, quality, done.level, cx);
                self.best_changed(index, quality, done.level.changed_best(), cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
        index
    }

    #[inline(always)]
    pub(super) fn cancel<O: Outlet>(&mut self, m: &OrderCancel, cx: &mut Context<'_, O>) -> u32 {
        let index = self.by_locate(m.header.locate.get(), cx);
        if index == 0 {
            return 0;
        }
        let (reference, shares) = (m.reference.get(), i64::from(m.cancelled.get()));
        match self.books.reduce(index, reference, shares) {
            Ok(done) => {
                let quality = self.quality(index, cx).side(done.side);
                if done.remaining > 0 {
                    let reduce = OrderReduce {
                        order_id: reference,
                        price: done.price,
                        reduced_by: shares,
                        remaining: done.remaining,
                    };
                    cx.out.emit(index, quality, reduce);
                } else {
                    let cause = DeleteCause::ReducedToZero as u8;
                    let (order_id, price) = (reference, done.price);
                    let gone =
                        Deleted { order_id, price, removed: shares, cause, ..Deleted::default() };
                    cx.out.emit(index, quality, gone);
                }
                self.level_changed(index, quality, done.level, cx);
                self.best_changed(index, quality, done.level.changed_best(), cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
        index
    }

    #[inline(always)]
    pub(super) fn delete<O: Outlet>(&mut self, m: &OrderDelete, cx: &mut Context<'_, O>) -> u32 {
        let index = self.by_locate(m.header.locate.get(), cx);
        if index == 0 {
            return 0;
        }
        let reference = m.reference.get();
        match self.books.delete(index, reference) {
            Ok(done) => {
                let quality = self.quality(index, cx).side(done.side);
                let gone = Deleted {
                    order_id: reference,
                    price: done.price,
                    removed: done.quantity,
                    cause: DeleteCause::Cancel as u8,
                    ..Deleted::default()
                };
                cx.out.emit(index, quality, gone);
                self.level_changed(index, quality, done.level, cx);
                self.best_changed(index, quality, done.level.changed_best(), cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
        index
    }

    #[inline(always)]
    pub(super) fn replace<O: Outlet>(
        &mut self,
        m: &ReplaceMessage,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.by_locate(m.header.locate.get(), cx);
        if index == 0 {
            return 0;
        }
        let (old_id, new_id) = (m.original.get(), m.reference.get());
        let (price, quantity) = (i64::from(m.price.get()), i64::from(m.shares.get()));
        match self.books.replace(index, old_id, new_id, price, quantity) {
            Ok(done) => {
                let quality = self.quality(index, cx).side(done.side);
                cx.out.emit(index, quality, OrderReplace { old_id, new_id, price, quantity });
                if done.old_price != price {
                    self.level_changed(index, quality.within_event(), done.from, cx);
                }
                self.level_changed(index, quality, done.to, cx);
                self.best_changed(index, quality, done.changed_best, cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
        index
    }

    #[inline(always)]
    fn level_changed<O: Outlet>(
        &mut self,
        index: u32,
        quality: Quality,
        level: LevelChange,
        cx: &mut Context<'_, O>,
    ) {
        let payload = Level {
            price: level.price,
            quantity: level.quantity,
            update_id: 0,
            orders: level.orders,
            position: position_field(level.position),
            flags: 0,
        };
        cx.out.emit(index, quality, payload);
    }

    /// The best of a book may have changed: crossed and locked states, `top`.
    #[inline(always)]
    fn best_changed<O: Outlet>(
        &mut self,
        index: u32,
        quality: Quality,
        changed: bool,
        cx: &mut Context<'_, O>,
    ) {
        if !changed {
            return;
        }
        let top = self.best_of(index);
        cx.out.emit(index, quality.side(Side::Bid), top_payload(top));
    }
}
