//! Books of levels. A book takes memory when its instrument's first refresh comes.

use book::{BookError, L2Book};
use wire::payload::Level;
use wire::{Record, Side};

use super::count::Inconsistency;
use super::depth::Floors;
use super::orders::Applied;

/// Tables are enlarged up to this many levels an instrument.
const LEVELS_MAX: u32 = 1 << 24;

/// The books of all instruments of a lane.
#[derive(Debug)]
pub(super) struct LevelBooks {
    books: Vec<Option<Box<Grown>>>,
    first: u32,
    pub enlarged: u64,
}

/// A book and the levels that it has room for.
#[derive(Debug)]
struct Grown {
    book: L2Book,
    levels: u32,
}

impl LevelBooks {
    pub(super) fn new(instruments: u32, levels: u32) -> LevelBooks {
        let mut books = Vec::new();
        books.resize_with(instruments as usize, || None);
        LevelBooks { books, first: levels.clamp(16, LEVELS_MAX), enlarged: 0 }
    }

    pub(super) fn get(&self, index: u32) -> Option<&L2Book> {
        self.books.get(index as usize)?.as_ref().map(|sized| &sized.book)
    }

    pub(super) fn clear(&mut self, index: u32) {
        if let Some(Some(sized)) = self.books.get_mut(index as usize) {
            sized.book.clear();
        }
    }

    pub(super) fn clear_all(&mut self) {
        self.books.iter_mut().flatten().for_each(|sized| sized.book.clear());
    }

    /// Applies a `level` record to the book of instrument `index`.
    #[inline]
    pub(super) fn apply(
        &mut self,
        index: u32,
        record: &Record,
        floors: &Floors,
    ) -> Result<Applied, Inconsistency> {
        let Some(m) = record.get::<Level>() else { return Ok(Applied::Beyond) };
        let side = record.quality.get_side();
        if floors.is_beyond(index, side, m.price) {
            return Ok(Applied::Beyond);
        }
        self.set(index, side, &m)?;
        let cut = floors.is_cut(index, side);
        if cut && self.get(index).is_none_or(|book| book.is_empty(side)) {
            return Err(Inconsistency::DepthExhausted);
        }
        Ok(Applied::Yes)
    }

    fn set(&mut self, index: u32, side: Side, m: &Level) -> Result<(), BookError> {
        let first = self.first;
        let slot = self.books.get_mut(index as usize).ok_or(BookError::UnknownInstrument)?;
        let sized = match slot {
            Some(sized) => sized,
            None => slot.insert(Box::new(Grown::new(first)?)),
        };
        match sized.book.update(side, m.price, m.quantity, m.orders) {
            Err(BookError::LevelTableFull) if sized.enlarge() => {
                self.enlarged += 1;
                sized.book.update(side, m.price, m.quantity, m.orders).map(drop)
            }
            other => other.map(drop),
        }
    }
}

impl Grown {
    #[cold]
    fn new(levels: u32) -> Result<Grown, BookError> {
        let book = L2Book::new(levels).map_err(|_| BookError::LevelTableFull)?;
        Ok(Grown { book, levels })
    }

    /// Twice the room with the same levels.
    #[cold]
    fn enlarge(&mut self) -> bool {
        let levels = self.levels.saturating_mul(2);
        if levels > LEVELS_MAX {
            return false;
        }
        let Ok(mut larger) = Grown::new(levels) else { return false };
        for side in [Side::Bid, Side::Ask] {
            for level in self.book.levels(side) {
                if larger.book.update(side, level.price, level.quantity, level.orders).is_err() {
                    return false;
                }
            }
        }
        *self = larger;
        true
    }
}
