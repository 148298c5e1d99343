//! Structs that C sees.
//!
//! Their layouts follow from `repr(C)` on both sides; the header repeats size and offsets as
//! static assertions, made from these types, so that a C compiler checks them.

use std::ffi::c_char;
use std::mem::{offset_of, size_of};

/// What to attach to. Zero everything, then set `size` and `instance`.
///
/// | offset | size | field |
/// |--|--|--|
/// | 0 | 4 | size |
/// | 4 | 4 | classes |
/// | 8 | 8 | instance |
/// | 16 | 8 | root |
/// | 24 | 8 | lanes |
/// | 32 | 8 | symbols |
/// | 40 | 8 | attach_timeout_ns |
/// | 48 | 4 | seat |
/// | 52 | 4 | book_orders |
/// | 56 | 2 | depth |
/// | 58 | 1 | policy |
/// | 59 | 1 | books |
/// | 60 | 4 | reserved |
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Options {
    /// `sizeof(hotlane_options)`.
    pub size: u32,
    /// Bits `HOTLANE_CLASS_*`; 0: best prices, trades and reference data.
    pub classes: u32,
    /// Name of the instance.
    pub instance: *const c_char,
    /// Directory of instances; NULL: /dev/shm.
    pub root: *const c_char,
    /// Lanes, separated by commas; NULL: all.
    pub lanes: *const c_char,
    /// Symbols, separated by commas; NULL: all.
    pub symbols: *const c_char,
    /// How long `hotlane_open` waits for every lane to be attached, ns; 0: it does not wait, and
    /// polls attach.
    pub attach_timeout_ns: u64,
    /// 0: any free seat; else the number of the seat + 1, on every lane.
    pub seat: u32,
    /// Orders that there is room for at first; 0: a default. Grows.
    pub book_orders: u32,
    /// Levels a side in refreshes; 0: all.
    pub depth: u16,
    /// `HOTLANE_POLICY_*`.
    pub policy: u8,
    /// 1: keep books of the records handed out.
    pub books: u8,
    /// Zero.
    pub reserved: u32,
}

/// Something that is not a record.
///
/// | offset | size | field |
/// |--|--|--|
/// | 0 | 4 | kind |
/// | 4 | 4 | lane |
/// | 8 | 8 | generation |
/// | 16 | 8 | value |
/// | 24 | 8 | records_before |
/// | 32 | 32 | reason |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Event {
    /// `HOTLANE_EVENT_*`.
    pub kind: u32,
    /// Number of the lane; 0 where it concerns all.
    pub lane: u32,
    /// Generation of the producer; 0 where it does not matter.
    pub generation: u64,
    /// Stalled: for how long, ns. New generation: the one before. Resynced: records skipped.
    /// Missed: how many events.
    pub value: u64,
    /// Records that polls had handed out before this happened.
    pub records_before: u64,
    /// Detached: why, NUL-padded.
    pub reason: [u8; 32],
}

/// Best prices of a book.
///
/// | offset | size | field |
/// |--|--|--|
/// | 0 | 8 | bid_price |
/// | 8 | 8 | bid_quantity |
/// | 16 | 8 | ask_price |
/// | 24 | 8 | ask_quantity |
/// | 32 | 1 | state |
/// | 33 | 1 | usable |
/// | 34 | 6 | reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Best {
    /// Price, or `HOTLANE_NONE`.
    pub bid_price: i64,
    /// Quantity there.
    pub bid_quantity: i64,
    /// Price, or `HOTLANE_NONE`.
    pub ask_price: i64,
    /// Quantity there.
    pub ask_quantity: i64,
    /// `HOTLANE_STATE_*`.
    pub state: u8,
    /// 1: complete, beyond doubt, and live at the producer. Trade on nothing else.
    pub usable: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

/// A level of a book.
///
/// | offset | size | field |
/// |--|--|--|
/// | 0 | 8 | price |
/// | 8 | 8 | quantity |
/// | 16 | 4 | orders |
/// | 20 | 4 | reserved |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Level {
    /// Price.
    pub price: i64,
    /// Quantity of all orders.
    pub quantity: i64,
    /// Number of orders; `UINT32_MAX` unknown.
    pub orders: u32,
    /// Zero.
    pub reserved: u32,
}

/// What does not change of an instrument.
///
/// | offset | size | field |
/// |--|--|--|
/// | 0 | 4 | instrument |
/// | 4 | 2 | channel |
/// | 6 | 1 | price_exp |
/// | 7 | 1 | quantity_exp |
/// | 8 | 8 | tick |
/// | 16 | 8 | lot |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instrument {
    /// Its number.
    pub instrument: u32,
    /// Channel of the venue.
    pub channel: u16,
    /// Prices are multiples of 10 to this power.
    pub price_exp: i8,
    /// Quantities are multiples of 10 to this power.
    pub quantity_exp: i8,
    /// Smallest price step.
    pub tick: i64,
    /// Round lot or smallest quantity step.
    pub lot: i64,
}

/// A struct of the ABI with its fields, for the header's assertions.
pub struct Shape {
    /// Name in C.
    pub name: &'static str,
    /// Size in bytes.
    pub size: usize,
    /// Fields and their offsets.
    pub fields: &'static [(&'static str, usize)],
}

macro_rules! shapes {
    ($( $c:literal $ty:ident { $($field:ident $offset:literal),+ $(,)? } $size:literal )+) => {
        $(const _: () = {
            assert!(size_of::<$ty>() == $size);
            $( assert!(offset_of!($ty, $field) == $offset); )+
        };)+

        /// Every struct of the ABI.
        pub const SHAPES: &[Shape] = &[$( Shape {
            name: $c,
            size: $size,
            fields: &[$((stringify!($field), $offset)),+],
        } ),+];
    };
}

shapes! {
    "hotlane_options" Options {
        size 0, classes 4, instance 8, root 16, lanes 24, symbols 32, attach_timeout_ns 40,
        seat 48, book_orders 52, depth 56, policy 58, books 59, reserved 60,
    } 64
    "hotlane_event" Event {
        kind 0, lane 4, generation 8, value 16, records_before 24, reason 32,
    } 64
    "hotlane_best_prices" Best {
        bid_price 0, bid_quantity 8, ask_price 16, ask_quantity 24, state 32, usable 33,
        reserved 34,
    } 40
    "hotlane_book_level" Level { price 0, quantity 8, orders 16, reserved 20 } 24
    "hotlane_instrument" Instrument {
        instrument 0, channel 4, price_exp 6, quantity_exp 7, tick 8, lot 16,
    } 24
}
