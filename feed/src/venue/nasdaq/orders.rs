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
use protocol::venue::nasdaq::codes::YesNo;
use protocol::venue::nasdaq::{BookEvent, EventKind};
use wire::codes::{Aggressor, BookCause, DeleteCause};
use wire::payload::{Level, OrderAdd, OrderDelete as Deleted, OrderExecute, OrderReduce};
use wire::payload::{OrderReplace, Trade};
use wire::{Quality, Side};

use super::session::Stock;
use super::{Context, Nasdaq};
use crate::counts::LaneReject;
use crate::gap::Gaps;
use crate::publish::refresh::{position_field, top_payload};
use crate::publish::{Outlet, Publisher};

impl Nasdaq {
    /// Takes an event of the book, number `number` of the session. Others are messages for
    /// [`Nasdaq::message`].
    ///
    /// The caller has begun the step and ends it. `false`: the book has refused it.
    #[inline(always)]
    pub fn event<O: Outlet>(
        &mut self,
        event: &BookEvent,
        number: u64,
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) -> bool {
        out.counts.message(event.code);
        let mut cx = Context::new(out, gaps, number);
        let known = self.directory.index(event.locate);
        let index = if known != 0 { known } else { self.unknown_locate(event, &mut cx) };
        if index == 0 {
            return false;
        }
        match event.kind {
            EventKind::Add => self.add(index, event, &mut cx),
            EventKind::Delete => self.delete(index, event, &mut cx),
            EventKind::Replace => self.replace(index, event, &mut cx),
            EventKind::Execute => self.execution(index, event, None, &mut cx),
            EventKind::ExecuteAt => self.executed_with_price(index, event, &mut cx),
            EventKind::Reduce => self.cancel(index, event, &mut cx),
            EventKind::Other | EventKind::Refused => return false,
        }
        self.touched(index, &mut cx);
        !cx.refused
    }

    /// The first message of a locate names it, if it carries a symbol. 0: nothing is known of it.
    #[cold]
    #[inline(never)]
    fn unknown_locate<O: Outlet>(&mut self, event: &BookEvent, cx: &mut Context<'_, O>) -> u32 {
        if event.kind == EventKind::Add {
            return self.introduce(event.locate, &event.stock, cx);
        }
        if event.kind == EventKind::ExecuteAt {
            prints(event, cx);
        }
        cx.refuse(LaneReject::UnknownLocate);
        0
    }

    /// An added order without a known side: its book is not what the venue's is.
    #[cold]
    pub(super) fn add_without_side<O: Outlet>(
        &mut self,
        locate: u16,
        stock: &Stock,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.by_stock(locate, stock, cx);
        if index != 0 {
            cx.refuse(LaneReject::UnknownSide);
            self.mark_gapped(index, BookCause::Inconsistent, cx);
        }
        index
    }

    #[inline(always)]
    fn add<O: Outlet>(&mut self, index: u32, event: &BookEvent, cx: &mut Context<'_, O>) {
        let side = if event.side == 0 { Side::Bid } else { Side::Ask };
        let (price, quantity) = (i64::from(event.price), i64::from(event.shares));
        match self.books.add(index, event.reference, side, price, quantity) {
            Ok(added) => {
                let quality = self.quality(index, cx).side(side);
                let [a, b, c, d] = event.attribution;
                let priority = [a, b, c, d, 0, 0, 0, 0];
                let add = OrderAdd { order_id: event.reference, price, quantity, priority };
                cx.out.emit(index, quality, add);
                self.level_changed(index, quality, added.level, cx);
                self.best_changed(index, quality, added.level.changed_best(), cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
    }

    #[inline(always)]
    fn executed_with_price<O: Outlet>(
        &mut self,
        index: u32,
        event: &BookEvent,
        cx: &mut Context<'_, O>,
    ) {
        let at = Some((i64::from(event.price), prints(event, cx)));
        self.execution(index, event, at, cx);
    }

    /// An execution at the order's own price, or at another one that may not print.
    #[inline(always)]
    fn execution<O: Outlet>(
        &mut self,
        index: u32,
        event: &BookEvent,
        at: Option<(i64, bool)>,
        cx: &mut Context<'_, O>,
    ) {
        let (order_id, trade_id) = (event.reference, event.linked);
        let quantity = i64::from(event.shares);
        match self.books.execute(index, order_id, quantity) {
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
                        quantity,
                        trade_id,
                        aggressor: aggressor as u8,
                        matches: 1,
                        ..Trade::default()
                    };
                    self.traded(index, quality, trade, cx);
                }
                let execute = OrderExecute { order_id, price, executed: quantity, trade_id };
                cx.out.emit(index, quality, execute);
                self.level_changed(index, quality, done.level, cx);
                self.best_changed(index, quality, done.level.changed_best(), cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
    }

    #[inline(always)]
    fn cancel<O: Outlet>(&mut self, index: u32, event: &BookEvent, cx: &mut Context<'_, O>) {
        let (order_id, shares) = (event.reference, i64::from(event.shares));
        match self.books.reduce(index, order_id, shares) {
            Ok(done) => {
                let quality = self.quality(index, cx).side(done.side);
                let (price, remaining) = (done.price, done.remaining);
                if remaining > 0 {
                    let reduce = OrderReduce { order_id, price, reduced_by: shares, remaining };
                    cx.out.emit(index, quality, reduce);
                } else {
                    let cause = DeleteCause::ReducedToZero as u8;
                    let gone =
                        Deleted { order_id, price, removed: shares, cause, ..Deleted::default() };
                    cx.out.emit(index, quality, gone);
                }
                self.level_changed(index, quality, done.level, cx);
                self.best_changed(index, quality, done.level.changed_best(), cx);
            }
            Err(error) => self.book_error(index, error, cx),
        }
    }

    #[inline(always)]
    fn delete<O: Outlet>(&mut self, index: u32, event: &BookEvent, cx: &mut Context<'_, O>) {
        match self.books.delete(index, event.reference) {
            Ok(done) => {
                let quality = self.quality(index, cx).side(done.side);
                let gone = Deleted {
                    order_id: event.reference,
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
    }

    #[inline(always)]
    fn replace<O: Outlet>(&mut self, index: u32, event: &BookEvent, cx: &mut Context<'_, O>) {
        let (old_id, new_id) = (event.reference, event.linked);
        let (price, quantity) = (i64::from(event.price), i64::from(event.shares));
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
    }

    #[inline(always)]
    fn level_changed<O: Outlet>(
        &mut self,
        index: u32,
        quality: Quality,
        level: LevelChange,
        cx: &mut Context<'_, O>,
    ) {
        cx.out.emit_with(index, quality, || Level {
            price: level.price,
            quantity: level.quantity,
            update_id: 0,
            orders: level.orders,
            position: position_field(level.position),
            flags: 0,
        });
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
        self.compare_bests(index);
        let books = &self.books;
        // The quantities are in the levels, which nobody has fetched: read only if somebody asks.
        cx.out.emit_with(index, quality.side(Side::Bid), || top_payload(books.best(index)));
    }
}

/// Whether a C counts in volume now.
#[inline(always)]
fn prints<O: Outlet>(event: &BookEvent, cx: &mut Context<'_, O>) -> bool {
    match event.prints() {
        Some(YesNo::Yes) => true,
        Some(YesNo::No) => false,
        // Counted, and printed: volume that is not shown is the worse lie.
        Some(YesNo::NotAvailable) | None => {
            cx.refuse(LaneReject::UnknownCode);
            true
        }
    }
}
