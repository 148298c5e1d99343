//! The file of true books: written while the market runs, by appending only.
//!
//! It is the engine's change log in segments. In a segment the changes are grouped by instrument,
//! so that a reader who wants one instrument skips the others; an instrument that has changed more
//! than its book is large gets its whole book at the end of its group, so that a reader need not
//! begin at the first message. A file whose writer was killed is whole up to its last segment.
//!
//! All integers are little-endian. The file begins with
//!
//! | offset | bytes | field |
//! |--|--|--|
//! | 0 | 8 | `SIMBOOKS` |
//! | 8 | 2 | version, 1 |
//! | 10 | 2 | instruments |
//! | 12 | 4 | zero |
//! | 16 | 8 | seed |
//! | 24 | 10 | session |
//! | 34 | 6 | zero |
//!
//! A segment is a head, an entry for each group, then the groups without anything in between:
//!
//! | offset | bytes | field of the head |
//! |--|--|--|
//! | 0 | 4 | `SEGM` |
//! | 4 | 4 | groups |
//! | 8 | 8 | number of the first message it covers |
//! | 16 | 8 | number after the last |
//! | 24 | 8 | bytes of entries and groups |
//!
//! | offset | bytes | field of an entry |
//! |--|--|--|
//! | 0 | 2 | instrument, from 0, ascending |
//! | 2 | 2 | 1 where the whole book follows the changes, else 0 |
//! | 4 | 4 | changes |
//! | 8 | 4 | orders of the book |
//! | 12 | 4 | zero |
//!
//! | offset | bytes | field of a change | of an order |
//! |--|--|--|--|
//! | 0 | 4 | message, from the segment's first | zero |
//! | 4 | 4 | price, 10^-4 dollars | the same |
//! | 8 | 8 | reference | the same |
//! | 16 | 4 | shares before, 0 if placed | shares |
//! | 20 | 4 | shares after, 0 if gone | zero |
//! | 24 | 4 | participant, zero if none | the same |
//! | 28 | 1 | `B` or `S` | the same |
//! | 29 | 3 | zero | zero |

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use protocol::frame::moldudp64::Session as SessionBytes;
use protocol::venue::nasdaq::codes::Side;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::running::Market;
use crate::venue_sim::change::{Change, ShownBook, ShownOrder};
use crate::venue_sim::{Error, require_sim};

pub(super) const FILE_MAGIC: [u8; 8] = *b"SIMBOOKS";
pub(super) const SEGMENT_MAGIC: [u8; 4] = *b"SEGM";
pub(super) const VERSION: u16 = 1;
/// Changes that are kept before they are written.
const SEGMENT_CHANGES: usize = 65_536;
/// Messages after which a segment ends, however few changes there were.
const SEGMENT_MESSAGES: u64 = 1 << 20;
/// An instrument's whole book is written when it changed so often and more than it has orders.
const BOOK_AFTER: u32 = 256;

/// Head of the file.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct FileHead {
    pub(super) magic: [u8; 8],
    pub(super) version: U16,
    pub(super) instruments: U16,
    pub(super) zero: U32,
    pub(super) seed: U64,
    pub(super) session: SessionBytes,
    pub(super) rest: [u8; 6],
}
const _: () = assert!(size_of::<FileHead>() == 40);

/// Head of a segment.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct SegmentHead {
    pub(super) magic: [u8; 4],
    pub(super) groups: U32,
    pub(super) first: U64,
    pub(super) end: U64,
    pub(super) bytes: U64,
}
const _: () = assert!(size_of::<SegmentHead>() == 32);

/// What a segment holds of one instrument.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Entry {
    pub(super) instrument: U16,
    pub(super) whole: U16,
    pub(super) changes: U32,
    pub(super) orders: U32,
    pub(super) zero: U32,
}
const _: () = assert!(size_of::<Entry>() == 16);

/// A change, or an order of a whole book.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct Line {
    pub(super) message: U32,
    pub(super) price: U32,
    pub(super) reference: U64,
    pub(super) before: U32,
    pub(super) after: U32,
    pub(super) attribution: [u8; 4],
    pub(super) side: u8,
    pub(super) zero: [u8; 3],
}
const _: () = assert!(size_of::<Line>() == 32);

impl Line {
    fn change(change: &Change, first: u64) -> Self {
        Self {
            message: U32::new(u32::try_from(change.event.saturating_sub(first)).unwrap_or(0)),
            price: change.price.into(),
            reference: change.reference.into(),
            before: change.before.into(),
            after: change.after.into(),
            attribution: change.attribution.unwrap_or_default(),
            side: change.side.byte(),
            zero: [0; 3],
        }
    }

    fn order(side: Side, order: &ShownOrder) -> Self {
        Self {
            message: U32::ZERO,
            price: order.price.into(),
            reference: order.reference.into(),
            before: order.shares.into(),
            after: U32::ZERO,
            attribution: order.attribution.unwrap_or_default(),
            side: side.byte(),
            zero: [0; 3],
        }
    }
}

/// Writes the true books of a market.
#[derive(Debug)]
pub struct OracleWriter {
    path: PathBuf,
    file: BufWriter<File>,
    /// Changes since the last segment, by instrument.
    groups: BTreeMap<u16, Vec<Change>>,
    kept: usize,
    /// The segment's first message.
    first: u64,
    /// Changes of each instrument since its whole book was written.
    since: Vec<u32>,
    book: ShownBook,
}

impl OracleWriter {
    /// Begins the file for a market of which nothing was told yet.
    ///
    /// # Errors
    /// [`Error::Name`] where the name does not say SIM, [`Error::Io`].
    pub fn create(
        path: &Path,
        seed: u64,
        session: SessionBytes,
        instruments: u16,
    ) -> Result<Self, Error> {
        require_sim(path)?;
        let file = File::create(path).map_err(Error::io(path, "create"))?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let head = FileHead {
            magic: FILE_MAGIC,
            version: VERSION.into(),
            instruments: instruments.into(),
            zero: U32::ZERO,
            seed: seed.into(),
            session,
            rest: [0; 6],
        };
        file.write_all(head.as_bytes()).map_err(Error::io(path, "write"))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            groups: BTreeMap::new(),
            kept: 0,
            first: 1,
            since: vec![0; usize::from(instruments)],
            book: ShownBook::default(),
        })
    }

    /// Takes what the market's last message changed; to be called after each.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn message(&mut self, market: &Market) -> Result<(), Error> {
        for change in market.changes() {
            self.groups.entry(change.instrument).or_default().push(*change);
            self.kept += 1;
        }
        let covered = market.number().saturating_sub(self.first);
        if self.kept >= SEGMENT_CHANGES || covered >= SEGMENT_MESSAGES {
            self.segment(market).map_err(Error::io(&self.path, "write"))?;
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(mut self, market: &Market) -> Result<(), Error> {
        self.segment(market)
            .and_then(|()| self.file.flush())
            .map_err(Error::io(&self.path, "write"))
    }

    fn segment(&mut self, market: &Market) -> io::Result<()> {
        let mut entries = Vec::new();
        let mut lines: Vec<Line> = Vec::with_capacity(self.kept);
        for (instrument, changes) in std::mem::take(&mut self.groups) {
            lines.extend(changes.iter().map(|change| Line::change(change, self.first)));
            let orders = self.whole_book(instrument, changes.len() as u32, market, &mut lines);
            entries.push(Entry {
                instrument: instrument.into(),
                whole: U16::new(u16::from(orders.is_some())),
                changes: U32::new(changes.len() as u32),
                orders: orders.unwrap_or(0).into(),
                zero: U32::ZERO,
            });
        }
        let bytes = size_of_val(entries.as_slice()) + size_of_val(lines.as_slice());
        let end = market.number() + 1;
        let head = SegmentHead {
            magic: SEGMENT_MAGIC,
            groups: U32::new(entries.len() as u32),
            first: self.first.into(),
            end: end.into(),
            bytes: U64::new(bytes as u64),
        };
        self.first = end;
        self.kept = 0;
        self.file.write_all(head.as_bytes())?;
        self.file.write_all(entries.as_bytes())?;
        self.file.write_all(lines.as_bytes())?;
        self.file.flush()
    }

    /// Adds the instrument's book where it is time to; how many orders it has.
    fn whole_book(
        &mut self,
        instrument: u16,
        changes: u32,
        market: &Market,
        lines: &mut Vec<Line>,
    ) -> Option<u32> {
        let since = self.since.get_mut(usize::from(instrument))?;
        *since = since.saturating_add(changes);
        if *since < BOOK_AFTER {
            return None;
        }
        market.book_into(instrument, &mut self.book);
        let orders = (self.book.bids.len() + self.book.asks.len()) as u32;
        if *since < orders {
            return None;
        }
        *since = 0;
        for side in [Side::Buy, Side::Sell] {
            lines.extend(self.book.side(side).iter().map(|order| Line::order(side, order)));
        }
        Some(orders)
    }
}
