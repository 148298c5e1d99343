//! Reading symbols, instruments and books.

use std::ffi::c_char;

use client::Books;
use wire::{InstrumentId, InstrumentRow, Side};

use crate::error::{Code, argument, count, guarded, remember, status};
use crate::handle::Handle;
use crate::life::handle;
use crate::options::text;
use crate::types::{Best, Instrument, Level};

fn row(handle: &mut Handle, lane: u32, instrument: u32) -> Result<&InstrumentRow, Code> {
    let found = handle.client.instrument(lane as usize, InstrumentId(instrument));
    found.ok_or_else(|| {
        remember(&format!("lane {lane} has no instrument {instrument:#010x}"));
        Code::Unknown
    })
}

fn books(handle: &Handle, lane: u32) -> Result<&Books, Code> {
    let kept = handle.books.as_ref();
    kept.and_then(|books| books.lane(lane as usize)).ok_or_else(|| {
        remember(&format!("no books of lane {lane}: open with books = 1, and wait for the attach"));
        Code::NoBook
    })
}

/// Copies the native symbol of an instrument to `buffer`, NUL-terminated, cut to `capacity`.
/// Returns the length of the whole symbol, or a negative code.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time; `buffer` has room for `capacity`
/// bytes, or is NULL with capacity 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_symbol(
    client: *mut Handle,
    lane: u32,
    instrument: u32,
    buffer: *mut c_char,
    capacity: usize,
) -> i64 {
    count(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        let symbol = row(handle, lane, instrument)?.symbol();
        if buffer.is_null() && capacity > 0 {
            return Err(argument("buffer is NULL"));
        }
        let Some(last) = capacity.checked_sub(1) else { return Ok(symbol.len()) };
        let bytes = symbol.bytes().take(last).chain(std::iter::once(0));
        for (at, byte) in bytes.enumerate() {
            // SAFETY: at most `last` bytes and the NUL: within the capacity.
            unsafe { buffer.add(at).write(byte as c_char) };
        }
        Ok(symbol.len())
    }))
}

/// Finds the lane and number of a native or canonical symbol.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time; `symbol` is NULL or ends with NUL;
/// `lane` and `instrument` are NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_find(
    client: *mut Handle,
    symbol: *const c_char,
    lane: *mut u32,
    instrument: *mut u32,
) -> i32 {
    status(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        // SAFETY: by this function's contract.
        let Some(symbol) = (unsafe { text(symbol, "symbol") })? else {
            return Err(argument("symbol is NULL"));
        };
        if lane.is_null() || instrument.is_null() {
            return Err(argument("lane or instrument is NULL"));
        }
        let Some((number, id)) = handle.client.by_symbol(symbol) else {
            remember(&format!("no lane has an instrument {symbol:?}"));
            return Err(Code::Unknown);
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        // SAFETY: neither is NULL, and by this function's contract both may be written.
        unsafe {
            lane.write_unaligned(number);
            instrument.write_unaligned(id.0);
        }
        Ok(())
    }))
}

/// Copies exponents, tick and lot of an instrument to `*out`.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time; `out` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_instrument_info(
    client: *mut Handle,
    lane: u32,
    instrument: u32,
    out: *mut Instrument,
) -> i32 {
    status(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        let row = row(handle, lane, instrument)?;
        let info = Instrument {
            instrument,
            channel: row.channel,
            price_exp: row.price_exp,
            quantity_exp: row.quantity_exp,
            tick: row.tick,
            lot: row.lot,
        };
        if out.is_null() {
            return Err(argument("out is NULL"));
        }
        // SAFETY: not NULL, and by this function's contract it may be written.
        unsafe { out.write_unaligned(info) };
        Ok(())
    }))
}

/// Copies the best prices of a book to `*out`. `HOTLANE_E_NO_BOOK` while the book is not complete.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time; `out` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_best(
    client: *mut Handle,
    lane: u32,
    instrument: u32,
    out: *mut Best,
) -> i32 {
    status(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        if out.is_null() {
            return Err(argument("out is NULL"));
        }
        let (books, id) = (books(handle, lane)?, InstrumentId(instrument));
        let Some(top) = books.best(id) else {
            let state = books.state(id).name();
            remember(&format!("the book of {instrument:#010x} is not complete ({state})"));
            return Err(Code::NoBook);
        };
        let best = Best {
            bid_price: top.bid_price,
            bid_quantity: top.bid_qty,
            ask_price: top.ask_price,
            ask_quantity: top.ask_qty,
            state: books.state(id) as u8,
            usable: u8::from(books.usable(id)),
            reserved: [0; 6],
        };
        // SAFETY: not NULL, and by this function's contract it may be written.
        unsafe { out.write_unaligned(best) };
        Ok(())
    }))
}

/// Copies at most `capacity` levels of a side (0 bid, 1 ask), best first, to `out`. Returns how
/// many, or a negative code; `HOTLANE_E_NO_BOOK` while the book is not complete.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time; `out` has room for `capacity`
/// levels.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_levels(
    client: *mut Handle,
    lane: u32,
    instrument: u32,
    side: u32,
    out: *mut Level,
    capacity: usize,
) -> i64 {
    count(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        let side = match side {
            0 => Side::Bid,
            1 => Side::Ask,
            _ => return Err(argument("side is neither 0 nor 1")),
        };
        if out.is_null() {
            return Err(argument("out is NULL"));
        }
        let (books, id) = (books(handle, lane)?, InstrumentId(instrument));
        if !books.complete(id) {
            remember(&format!("the book of {instrument:#010x} is not complete"));
            return Err(Code::NoBook);
        }
        let mut copied = 0;
        for (at, level) in books.levels(id, side).take(capacity).enumerate() {
            let (price, quantity, orders) = (level.price, level.quantity, level.orders);
            // SAFETY: `at` is below the capacity that the caller has room for.
            unsafe { out.add(at).write_unaligned(Level { price, quantity, orders, reserved: 0 }) };
            copied = at + 1;
        }
        Ok(copied)
    }))
}
