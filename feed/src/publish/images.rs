//! Images: which are out of date, and how one is made.
//!
//! An image is 1 KiB, so it is not written at every message. A change marks its instrument; marked
//! ones are written in polls that found nothing, and at the latest every so many polls. A reader
//! sees the time of the last change in the image itself.

use wire::codes::TradingState;
use wire::image::{IMAGE_LEVELS, ImageLevel};
use wire::{BookState, Image, InstrumentId, NONE, Nature, Quality, Side};

use crate::publish::outlet::Books;

/// What an image shows beside the book.
#[derive(Clone, Copy, Debug)]
pub struct ImageState {
    /// Price of the last trade; NONE.
    pub trade_price: i64,
    /// Its quantity; NONE.
    pub trade_quantity: i64,
    /// Its number.
    pub trade_id: u64,
    /// Its venue time, ns UTC.
    pub trade_ts_venue: u64,
    /// Quantity traded in the session.
    pub volume: i64,
    /// Trades in the session.
    pub trades: u64,
    /// Trading state.
    pub status: TradingState,
    /// Step of the last change.
    pub sequence: u64,
    /// Its venue time, ns UTC.
    pub ts_venue: u64,
    /// Its receive time, ns UTC.
    pub ts_receive: u64,
}

impl Default for ImageState {
    fn default() -> Self {
        ImageState {
            trade_price: NONE,
            trade_quantity: NONE,
            trade_id: 0,
            trade_ts_venue: 0,
            volume: 0,
            trades: 0,
            status: TradingState::Unsaid,
            sequence: 0,
            ts_venue: 0,
            ts_receive: 0,
        }
    }
}

/// Instruments whose image is out of date: a bit each, and a queue of those set.
#[derive(Debug)]
pub struct Dirty {
    marked: Vec<u64>,
    queue: Vec<u32>,
}

impl Dirty {
    /// For instruments below `instruments`.
    pub fn new(instruments: u32) -> Dirty {
        Dirty {
            marked: vec![0; instruments as usize / 64 + 1],
            queue: Vec::with_capacity(instruments as usize + 64),
        }
    }

    /// Marks an instrument. One beyond the table is left out.
    #[inline]
    pub fn mark(&mut self, instrument: u32) {
        let Some(word) = self.marked.get_mut(instrument as usize / 64) else { return };
        let bit = 1 << (instrument % 64);
        if *word & bit == 0 {
            *word |= bit;
            // Never grows: a bit is in the queue at most once, and there are fewer bits than room.
            self.queue.push(instrument);
        }
    }

    /// Takes one marked instrument.
    pub fn take(&mut self) -> Option<u32> {
        let instrument = self.queue.pop()?;
        if let Some(word) = self.marked.get_mut(instrument as usize / 64) {
            *word &= !(1 << (instrument % 64));
        }
        Some(instrument)
    }

    /// Whether none is marked.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Makes the image of an instrument.
pub fn image(
    id: InstrumentId,
    state: &ImageState,
    book_state: BookState,
    nature: Nature,
    books: &Books,
) -> Image {
    let mut image = Image {
        instrument: id,
        quality: Quality::new(book_state, nature),
        status: state.status as u8,
        sequence: state.sequence,
        ts_venue: state.ts_venue,
        ts_receive: state.ts_receive,
        trade_price: state.trade_price,
        trade_quantity: state.trade_quantity,
        trade_id: state.trade_id,
        trade_ts_venue: state.trade_ts_venue,
        volume: state.volume,
        trades: state.trades,
        ..Image::EMPTY
    };
    let index = id.index();
    image.bids = fill(&mut image.bid_levels, &mut image.bid_orders, books, index, Side::Bid);
    image.asks = fill(&mut image.ask_levels, &mut image.ask_orders, books, index, Side::Ask);
    image
}

fn fill(
    levels: &mut [ImageLevel; IMAGE_LEVELS],
    orders: &mut [u32; IMAGE_LEVELS],
    books: &Books,
    index: u32,
    side: Side,
) -> u8 {
    let mut count = 0;
    let slots = levels.iter_mut().zip(orders.iter_mut());
    for ((to, to_orders), level) in slots.zip(books.levels(index, side)) {
        *to = ImageLevel { price: level.price, quantity: level.quantity };
        *to_orders = level.orders;
        count += 1;
    }
    count
}
