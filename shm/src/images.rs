//! Images: the latest state of every instrument, for readers that come at random.
//!
//! An order manager's view or a monitor wants the book of one instrument now, not a stream. So the
//! lane keeps 1 KiB per instrument under a seqlock and rewrites only the words that changed; a
//! reader copies what it needs and never holds the lane up. What the words mean belongs to
//! `wire`.
//!
//! | line | words | |
//! |--|--|--|
//! | 16 i | 0 | version of image i |
//! | | 1 to 127 | payload |

use crate::lines::{LINE_WORDS, Lines};
use crate::row_error::RowError;
use crate::seqlock::{self, RowWriter};

/// Lines of an image.
pub const IMAGE_LINES: usize = 16;
/// Words of an image's payload.
pub const PAYLOAD_WORDS: usize = IMAGE_LINES * LINE_WORDS - 1;

/// Lines of a table of `rows` images.
pub const fn table_lines(rows: u64) -> u64 {
    rows * IMAGE_LINES as u64
}

fn room<L: Lines>(lines: &L) -> u32 {
    u32::try_from(lines.lines() / IMAGE_LINES).unwrap_or(u32::MAX)
}

/// The lane's side: the only writer.
#[derive(Debug)]
pub struct ImageWriter<L> {
    lines: L,
    room: u32,
}

impl<L: Lines> ImageWriter<L> {
    /// Writes the images in these lines.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        ImageWriter { lines, room }
    }

    /// Images that there is room for.
    pub fn room(&self) -> u32 {
        self.room
    }

    /// Changes some words of image `index` as one; the others stay.
    ///
    /// # Errors
    /// [`RowError::Beyond`].
    #[inline]
    pub fn update(
        &mut self,
        index: u32,
        change: impl FnOnce(&ImageWords<'_, '_, L>),
    ) -> Result<(), RowError> {
        if index >= self.room {
            return Err(RowError::Beyond);
        }
        let first = index as usize * IMAGE_LINES;
        seqlock::update(&self.lines, first, |row| change(&ImageWords { row }));
        Ok(())
    }
}

/// The words of one image inside [`ImageWriter::update`]; word numbers are 0 to 126.
pub struct ImageWords<'a, 'b, L: Lines> {
    row: &'a RowWriter<'b, L>,
}

impl<L: Lines> ImageWords<'_, '_, L> {
    /// Sets word `index`; words beyond the image are not written.
    #[inline(always)]
    pub fn set(&self, index: usize, value: u64) {
        if index < PAYLOAD_WORDS {
            self.row.set(index, value);
        }
    }

    /// Word `index` as last written; 0 beyond the image.
    #[inline(always)]
    pub fn get(&self, index: usize) -> u64 {
        if index < PAYLOAD_WORDS { self.row.get(index) } else { 0 }
    }
}

/// Any process's side.
#[derive(Clone, Debug)]
pub struct ImageReader<L> {
    lines: L,
    room: u32,
}

impl<L: Lines> ImageReader<L> {
    /// Reads the images in these lines.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        ImageReader { lines, room }
    }

    /// Images that there is room for.
    pub fn room(&self) -> u32 {
        self.room
    }

    /// Copies the first words of image `index` (at most 127) and returns its version, 0 if it was
    /// never written.
    ///
    /// # Errors
    /// [`RowError::Beyond`] or [`RowError::Torn`]; `words` is then rubbish.
    #[inline]
    pub fn read(&self, index: u32, words: &mut [u64]) -> Result<u64, RowError> {
        if index >= self.room || words.len() > PAYLOAD_WORDS {
            return Err(RowError::Beyond);
        }
        Ok(seqlock::read(&self.lines, index as usize * IMAGE_LINES, words)?)
    }

    /// Version of image `index`: tells a reader that keeps a copy whether to read again. `None`
    /// beyond the room.
    #[inline]
    pub fn version(&self, index: u32) -> Option<u64> {
        let first = index as usize * IMAGE_LINES;
        (index < self.room).then(|| seqlock::version(&self.lines, first))
    }
}
