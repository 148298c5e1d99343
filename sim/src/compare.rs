//! A book against the true one.

use book::{L3Books, Level, OrderIndex, OrderView};
use client::books::Books as ClientBooks;
use wire::{InstrumentId, Side};

use crate::truth::Books;

/// Both sides.
pub const SIDES: [Side; 2] = [Side::Bid, Side::Ask];

/// How deep a comparison goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every order in its place.
    Orders,
    /// So many levels of a side; 0 all.
    Levels(usize),
    /// The best price of each side and its quantity.
    Best,
}

fn level(level: Level) -> (i64, i64, u32) {
    (level.price, level.quantity, level.orders)
}

fn order(order: OrderView) -> (u32, u64, u32) {
    (order.price as u32, order.reference, order.quantity as u32)
}

/// Where the orders or levels of a lane's book are not the true ones.
pub fn orders<I: OrderIndex>(
    ours: &L3Books<I>,
    index: u32,
    truth: &Books,
    stock: u16,
) -> Result<(), String> {
    for side in SIDES {
        let mine = || ours.orders(index, side).map(order);
        if !mine().eq(truth.orders(stock, side)) {
            let mine: Vec<_> = mine().collect();
            let real: Vec<_> = truth.orders(stock, side).collect();
            return Err(difference(stock, side, &mine, &real));
        }
        let mine = ours.levels(index, side).map(level);
        if !mine.eq(truth.levels(stock, side)) {
            return Err(format!("levels of stock {stock}, {}, are not its orders'", side.name()));
        }
    }
    Ok(())
}

fn difference<T: PartialEq + std::fmt::Debug>(
    stock: u16,
    side: Side,
    mine: &[T],
    real: &[T],
) -> String {
    let at = mine.iter().zip(real).position(|(a, b)| a != b).unwrap_or(mine.len().min(real.len()));
    format!(
        "book of stock {stock}, {}: {} entries, the true one has {}; at place {at} {:?}, \
         truly {:?}",
        side.name(),
        mine.len(),
        real.len(),
        mine.get(at),
        real.get(at),
    )
}

/// Where a consumer's book is not the true one.
pub fn client(
    ours: &ClientBooks,
    id: InstrumentId,
    truth: &Books,
    stock: u16,
    depth: Depth,
) -> Result<(), String> {
    match depth {
        Depth::Orders => {
            let Some(books) = ours.order_books() else {
                return Err(format!("stock {stock}: no orders are kept"));
            };
            orders(books, id.index(), truth, stock)
        }
        Depth::Levels(limit) => {
            let limit = if limit == 0 { usize::MAX } else { limit };
            for side in SIDES {
                let mine: Vec<_> = ours.levels(id, side).take(limit).map(level).collect();
                let real: Vec<_> = truth.levels(stock, side).take(limit).collect();
                // A book of limited depth may know fewer levels, until it asks again.
                let enough = mine.len() == real.len() || limit != usize::MAX;
                if !enough || !mine.iter().eq(real.iter().take(mine.len())) {
                    return Err(difference(stock, side, &mine, &real));
                }
            }
            Ok(())
        }
        Depth::Best => best(ours, id, truth, stock),
    }
}

fn best(ours: &ClientBooks, id: InstrumentId, truth: &Books, stock: u16) -> Result<(), String> {
    let Some(mine) = ours.best(id) else {
        return Err(format!("stock {stock}: a book that is live has no best"));
    };
    let side = |side| truth.levels(stock, side).next().map(|(price, shares, _)| (price, shares));
    let mine = [(mine.bid_price, mine.bid_qty), (mine.ask_price, mine.ask_qty)];
    let mine = mine.map(|(price, shares)| (price != wire::NONE).then_some((price, shares)));
    let real = SIDES.map(side);
    if mine != real {
        return Err(format!("best of stock {stock}: {mine:?}, truly {real:?}"));
    }
    Ok(())
}
