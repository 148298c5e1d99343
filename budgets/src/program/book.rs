//! Decoded events into the order books.

use book::{BookError, L3Books, L3Limits, PagedIndex, Side};
use protocol::venue::nasdaq::{Blocks, BookEvent, EventKind};

use super::{Day, SYMBOLS, counted_by_callgrind, mix};
use crate::error::Error;

type Books = L3Books<PagedIndex>;

/// Instruments and orders that there is room for.
pub(super) const INSTRUMENTS: u32 = SYMBOLS as u32;
pub(super) const ORDERS: u32 = 100_000;

/// Messages, and what the books hold at the end.
pub(super) fn run(day: &Day) -> Result<(u64, u64), Error> {
    let limits = L3Limits::new(INSTRUMENTS + 1, ORDERS);
    let mut books = Books::new(limits).map_err(|error| Error::program("book", error))?;
    let (warm, counted) = day.halves();
    let (warm, counted): (Vec<_>, Vec<_>) =
        (Blocks::new(warm).collect(), Blocks::new(counted).collect());
    let refused = apply_all(&mut books, &warm);
    let refused = refused + counted_by_callgrind(|| apply_all(&mut books, &counted));
    if refused > 0 {
        return Err(Error::program("book", format!("{refused} events refused")));
    }
    Ok((counted.len() as u64, answer(&books)))
}

#[inline(always)]
fn apply_all(books: &mut Books, events: &[BookEvent]) -> u64 {
    events.iter().map(|event| u64::from(apply(books, event).is_err())).sum()
}

#[inline(always)]
fn apply(books: &mut Books, event: &BookEvent) -> Result<(), BookError> {
    let instrument = u32::from(event.locate);
    let (reference, quantity) = (event.reference, i64::from(event.shares));
    let price = i64::from(event.price);
    let level = match event.kind {
        EventKind::Add => {
            let side = if event.side == 0 { Side::Bid } else { Side::Ask };
            books.add(instrument, reference, side, price, quantity)?.level
        }
        EventKind::Delete => books.delete(instrument, reference)?.level,
        EventKind::Replace => {
            books.replace(instrument, reference, event.linked, price, quantity)?.to
        }
        EventKind::Execute | EventKind::ExecuteAt => {
            books.execute(instrument, reference, quantity)?.level
        }
        EventKind::Reduce => books.reduce(instrument, reference, quantity)?.level,
        EventKind::Other | EventKind::Refused => return Ok(()),
    };
    // The position of the level that changed is what a consumer is told.
    std::hint::black_box(level.position);
    Ok(())
}

/// Best prices and quantities of all books, and how many orders there are.
pub(super) fn answer(books: &Books) -> u64 {
    (1..=INSTRUMENTS).fold(books.live_orders() as u64, |answer, instrument| {
        let top = books.best(instrument);
        [top.bid_price, top.bid_qty, top.ask_price, top.ask_qty]
            .iter()
            .fold(answer, |answer, word| mix(answer, word.cast_unsigned()))
    })
}
