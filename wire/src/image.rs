//! The image of an instrument: its latest state, for readers that come at random times.
//!
//! 1 KiB, written by the lane under a seqlock whose version is the first word.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | version | seqlock: odd while the image is written |
//! | 8 | 4 | instrument | |
//! | 12 | 1 | quality | book state and nature, as in a record |
//! | 13 | 1 | status | [`crate::codes::TradingState`] |
//! | 14 | 1 | bids | bid levels below, at most 20 |
//! | 15 | 1 | asks | ask levels below, at most 20 |
//! | 16 | 8 | sequence | the lane's step of the last change |
//! | 24 | 8 | ts_venue | ns UTC |
//! | 32 | 8 | ts_receive | ns UTC |
//! | 40 | 8 | trade_price | last trade; NONE |
//! | 48 | 8 | trade_quantity | last trade; NONE |
//! | 56 | 8 | trade_id | last trade |
//! | 64 | 8 | trade_ts_venue | ns UTC; 0 none |
//! | 72 | 8 | mark | NONE |
//! | 80 | 8 | index | NONE |
//! | 88 | 8 | funding_rate | 10^-12; NONE |
//! | 96 | 8 | funding_next_ns | ns UTC; 0 none |
//! | 104 | 8 | volume | sum of trade quantities of the session |
//! | 112 | 8 | trades | number of trades of the session |
//! | 120 | 8 | zero | |
//! | 128 | 320 | bid levels | 20 of price, quantity; best first |
//! | 448 | 80 | bid orders | 20 of u32 |
//! | 528 | 320 | ask levels | 20 of price, quantity; best first |
//! | 848 | 80 | ask orders | 20 of u32 |
//! | 928 | 96 | zero | |

use std::mem::{offset_of, size_of};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::NONE;
use crate::instrument::InstrumentId;
use crate::quality::Quality;

/// Size of an [`Image`].
pub const IMAGE_BYTES: usize = 1024;
/// Words of an [`Image`].
pub const IMAGE_WORDS: usize = IMAGE_BYTES / 8;
/// Levels of a side in an [`Image`].
pub const IMAGE_LEVELS: usize = 20;

/// A level of an image.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct ImageLevel {
    /// Price.
    pub price: i64,
    /// Quantity.
    pub quantity: i64,
}

/// Latest state of an instrument. See the module's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Image {
    /// Seqlock version; belongs to the shared memory, not to the state.
    pub version: u64,
    /// Number of the instrument.
    pub instrument: InstrumentId,
    /// Book state and nature.
    pub quality: Quality,
    /// [`crate::codes::TradingState`].
    pub status: u8,
    /// Bid levels, at most 20.
    pub bids: u8,
    /// Ask levels, at most 20.
    pub asks: u8,
    /// The lane's step of the last change.
    pub sequence: u64,
    /// ns UTC stamped by the venue.
    pub ts_venue: u64,
    /// ns UTC of reception.
    pub ts_receive: u64,
    /// Price of the last trade; NONE.
    pub trade_price: i64,
    /// Quantity of the last trade; NONE.
    pub trade_quantity: i64,
    /// The venue's number of the last trade.
    pub trade_id: u64,
    /// Venue time of the last trade, ns UTC; 0 none.
    pub trade_ts_venue: u64,
    /// Mark price; NONE.
    pub mark: i64,
    /// Index price; NONE.
    pub index: i64,
    /// Funding rate in 10^-12; NONE.
    pub funding_rate: i64,
    /// Next funding, ns UTC; 0 none.
    pub funding_next_ns: u64,
    /// Sum of trade quantities of the session.
    pub volume: i64,
    /// Number of trades of the session.
    pub trades: u64,
    /// Zero.
    pub _pad0: u64,
    /// Bid levels, best first.
    pub bid_levels: [ImageLevel; IMAGE_LEVELS],
    /// Orders of each bid level; u32::MAX unknown.
    pub bid_orders: [u32; IMAGE_LEVELS],
    /// Ask levels, best first.
    pub ask_levels: [ImageLevel; IMAGE_LEVELS],
    /// Orders of each ask level; u32::MAX unknown.
    pub ask_orders: [u32; IMAGE_LEVELS],
    /// Zero.
    pub _pad1: [u64; 12],
}

const _: () = {
    assert!(size_of::<Image>() == IMAGE_BYTES);
    assert!(offset_of!(Image, instrument) == 8);
    assert!(offset_of!(Image, quality) == 12);
    assert!(offset_of!(Image, status) == 13);
    assert!(offset_of!(Image, bids) == 14);
    assert!(offset_of!(Image, asks) == 15);
    assert!(offset_of!(Image, sequence) == 16);
    assert!(offset_of!(Image, ts_venue) == 24);
    assert!(offset_of!(Image, ts_receive) == 32);
    assert!(offset_of!(Image, trade_price) == 40);
    assert!(offset_of!(Image, trade_quantity) == 48);
    assert!(offset_of!(Image, trade_id) == 56);
    assert!(offset_of!(Image, trade_ts_venue) == 64);
    assert!(offset_of!(Image, mark) == 72);
    assert!(offset_of!(Image, index) == 80);
    assert!(offset_of!(Image, funding_rate) == 88);
    assert!(offset_of!(Image, funding_next_ns) == 96);
    assert!(offset_of!(Image, volume) == 104);
    assert!(offset_of!(Image, trades) == 112);
    assert!(offset_of!(Image, bid_levels) == 128);
    assert!(offset_of!(Image, bid_orders) == 448);
    assert!(offset_of!(Image, ask_levels) == 528);
    assert!(offset_of!(Image, ask_orders) == 848);
    assert!(offset_of!(Image, _pad1) == 928);
};

impl Image {
    /// The image of an instrument of which nothing is known.
    pub const EMPTY: Image = Image {
        version: 0,
        instrument: InstrumentId(0),
        quality: Quality(0),
        status: 0,
        bids: 0,
        asks: 0,
        sequence: 0,
        ts_venue: 0,
        ts_receive: 0,
        trade_price: NONE,
        trade_quantity: NONE,
        trade_id: 0,
        trade_ts_venue: 0,
        mark: NONE,
        index: NONE,
        funding_rate: NONE,
        funding_next_ns: 0,
        volume: 0,
        trades: 0,
        _pad0: 0,
        bid_levels: [ImageLevel { price: 0, quantity: 0 }; IMAGE_LEVELS],
        bid_orders: [0; IMAGE_LEVELS],
        ask_levels: [ImageLevel { price: 0, quantity: 0 }; IMAGE_LEVELS],
        ask_orders: [0; IMAGE_LEVELS],
        _pad1: [0; 12],
    };

    /// The image as words of shared memory.
    pub fn as_words(&self) -> &[u64; IMAGE_WORDS] {
        zerocopy::transmute_ref!(self)
    }

    /// The image in words of shared memory. Any words are an image; counts may lie, see
    /// [`Image::bid_side`].
    pub fn from_words(words: [u64; IMAGE_WORDS]) -> Image {
        zerocopy::transmute!(words)
    }

    /// Bid levels with their orders, best first; a lying count is cut to 20.
    pub fn bid_side(&self) -> impl Iterator<Item = (ImageLevel, u32)> + '_ {
        let levels = self.bid_levels.iter().copied().zip(self.bid_orders.iter().copied());
        levels.take(usize::from(self.bids))
    }

    /// Ask levels with their orders, best first; a lying count is cut to 20.
    pub fn ask_side(&self) -> impl Iterator<Item = (ImageLevel, u32)> + '_ {
        let levels = self.ask_levels.iter().copied().zip(self.ask_orders.iter().copied());
        levels.take(usize::from(self.asks))
    }
}
