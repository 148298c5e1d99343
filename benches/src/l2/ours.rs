//! Ours, as a consumer uses it, and with the position of every change, as a handler needs it.

use book::L2Book;
use wire::Side;

use super::player::{LevelBook, Quote};
use super::stream::{Stream, Update};
use crate::harness::CompareError;

/// A level record's fields.
pub struct Input {
    price: i64,
    quantity: i64,
    side: Side,
    orders: u32,
}

/// Room for twice what the stream needs at most.
fn build(stream: &Stream) -> Result<L2Book, CompareError> {
    L2Book::with_tick(stream.levels * 2, stream.of.tick)
        .map_err(|error| CompareError::failed("level book", error))
}

fn input(stream: &Stream, update: Update) -> Input {
    let side = if update.ask { Side::Ask } else { Side::Bid };
    let price = update.tick * stream.of.tick;
    Input { price, quantity: update.lots, side, orders: u32::MAX }
}

fn read(book: &L2Book) -> u64 {
    let top = book.best();
    (top.bid_price ^ top.bid_qty).wrapping_add(top.ask_price ^ top.ask_qty) as u64
}

fn quote(book: &L2Book, stream: &Stream) -> Quote {
    let top = book.best();
    let side = |price: i64, lots| (price != wire::NONE).then_some((price / stream.of.tick, lots));
    [side(top.bid_price, top.bid_qty), side(top.ask_price, top.ask_qty)]
}

/// `L2Book::update`.
pub struct Ours(L2Book);

impl LevelBook for Ours {
    const NAME: &'static str = "hotlane";
    const OURS: bool = true;
    const NOTE: &'static str = "exact integers; every price, quantity and limit checked";
    type Input = Input;

    fn new(stream: &Stream) -> Result<Self, CompareError> {
        build(stream).map(Ours)
    }

    fn input(&self, stream: &Stream, _: usize, update: Update) -> Result<Input, CompareError> {
        Ok(input(stream, update))
    }

    #[inline(always)]
    fn apply(&mut self, m: &Input) -> bool {
        self.0.update(m.side, m.price, m.quantity, m.orders).is_ok()
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        read(&self.0)
    }

    fn quote(&self, stream: &Stream) -> Quote {
        quote(&self.0, stream)
    }

    fn reset(&mut self, _: &Stream) -> Result<(), CompareError> {
        self.0.clear();
        Ok(())
    }
}

/// `L2Book::set`.
pub struct WithPosition(L2Book, u64);

impl LevelBook for WithPosition {
    const NAME: &'static str = "hotlane, with positions";
    const OURS: bool = true;
    const NOTE: &'static str = "tells how many levels are better than the one that changed";
    type Input = Input;

    fn new(stream: &Stream) -> Result<Self, CompareError> {
        build(stream).map(|book| WithPosition(book, 0))
    }

    fn input(&self, stream: &Stream, _: usize, update: Update) -> Result<Input, CompareError> {
        Ok(input(stream, update))
    }

    #[inline(always)]
    fn apply(&mut self, m: &Input) -> bool {
        let change = self.0.set(m.side, m.price, m.quantity, m.orders);
        self.1 = self.1.wrapping_add(change.map_or(0, |change| u64::from(change.position)));
        change.is_ok()
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        read(&self.0).wrapping_add(self.1)
    }

    fn quote(&self, stream: &Stream) -> Quote {
        quote(&self.0, stream)
    }

    fn reset(&mut self, _: &Stream) -> Result<(), CompareError> {
        self.0.clear();
        Ok(())
    }
}
