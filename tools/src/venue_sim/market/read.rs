//! The file of true books, read: any instrument at any number.
//!
//! Opening reads heads and entries only. [`Oracle::book`] begins with the last whole book before
//! the number, or with an empty one, and applies the changes up to it. Nothing in the file is
//! believed: a change that does not fit its book, or a whole book that is not what the changes lead
//! to ([`Oracle::verify`]), is told with its place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use protocol::frame::moldudp64::Session as SessionBytes;
use protocol::venue::nasdaq::codes::Side;
use zerocopy::{FromBytes, IntoBytes};

use super::oracle::{Entry, FILE_MAGIC, FileHead, Line, SEGMENT_MAGIC, SegmentHead, VERSION};
use crate::venue_sim::change::{Change, ShownBook, ShownOrder};

/// What is wrong with a file of true books, or with what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// It cannot be opened or read.
    #[error("{path}: cannot read at byte {offset}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("{path}, byte {offset}: {what}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong and what to do.
        what: String,
    },
    /// It does not know this instrument.
    #[error("instrument {instrument}: the file knows 0 to {last}")]
    Instrument {
        /// What was asked for.
        instrument: u16,
        /// The last that there is.
        last: u16,
    },
    /// It does not reach this far.
    #[error("message {at}: the file ends after message {last}; was its writer stopped?")]
    TooLate {
        /// What was asked for.
        at: u64,
        /// The last message that it covers.
        last: u64,
    },
}

/// What a segment holds of one instrument.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// First message of the segment and the one after its last.
    first: u64,
    end: u64,
    offset: u64,
    changes: u32,
    /// Orders of the whole book after the changes, if there is one.
    whole: Option<u32>,
}

/// A file of true books.
#[derive(Debug)]
pub struct Oracle {
    path: PathBuf,
    file: File,
    seed: u64,
    session: SessionBytes,
    /// By instrument, in the order of the file.
    groups: Vec<Vec<Group>>,
    /// Number after the last message.
    end: u64,
    /// Bytes after the last whole segment.
    torn: u64,
}

impl Oracle {
    /// Opens a file, and reads what is where.
    ///
    /// # Errors
    /// [`OracleError::Io`], [`OracleError::Format`].
    pub fn open(path: &Path) -> Result<Self, OracleError> {
        let io = |source| OracleError::Io { path: path.to_owned(), offset: 0, source };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut oracle = Self {
            path: path.to_owned(),
            file,
            seed: 0,
            session: [0; 10],
            groups: Vec::new(),
            end: 1,
            torn: 0,
        };
        if length < size_of::<FileHead>() as u64 {
            return Err(oracle.wrong(0, "it is too short to be a file of true books"));
        }
        let head: FileHead = oracle.read(0)?;
        if head.magic != FILE_MAGIC || head.version.get() != VERSION {
            let what = "it does not begin as a file of true books; give one that `venue-sim \
                        market --oracle` of this version wrote";
            return Err(oracle.wrong(0, what));
        }
        oracle.seed = head.seed.get();
        oracle.session = head.session;
        oracle.groups = vec![Vec::new(); usize::from(head.instruments.get())];
        let mut offset = size_of::<FileHead>() as u64;
        while let Some(next) = oracle.segment(offset, length)? {
            offset = next;
        }
        oracle.torn = length.saturating_sub(offset);
        Ok(oracle)
    }

    /// The seed of the market.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The session's name.
    #[must_use]
    pub const fn session(&self) -> SessionBytes {
        self.session
    }

    /// How many instruments there are.
    #[must_use]
    pub fn instruments(&self) -> u16 {
        self.groups.len() as u16
    }

    /// Number of the last message that it covers.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.end.saturating_sub(1)
    }

    /// Bytes of a segment that was not finished.
    #[must_use]
    pub const fn torn_bytes(&self) -> u64 {
        self.torn
    }

    /// The true book of an instrument (index, from 0) after message `at`; 0 is before the first.
    ///
    /// # Errors
    /// [`OracleError`].
    pub fn book(&self, instrument: u16, at: u64) -> Result<ShownBook, OracleError> {
        let groups = self.groups_of(instrument)?;
        if at > self.last() {
            return Err(OracleError::TooLate { at, last: self.last() });
        }
        // Segments that end with message `at` at the latest are complete.
        let complete = groups.partition_point(|group| group.end <= at.saturating_add(1));
        let before = groups.get(..complete).unwrap_or_default();
        let begin = before.iter().rposition(|group| group.whole.is_some());
        let mut book = match begin.and_then(|place| before.get(place)) {
            Some(group) => self.whole(group)?,
            None => ShownBook::default(),
        };
        for group in groups.iter().skip(begin.map_or(0, |place| place + 1)) {
            if group.first > at {
                break;
            }
            self.apply(group, instrument, at, &mut book)?;
        }
        Ok(book)
    }

    /// Applies all changes of all instruments and compares with every whole book.
    ///
    /// # Errors
    /// [`OracleError::Format`] with the first place that does not fit.
    pub fn verify(&self) -> Result<(), OracleError> {
        for instrument in 0..self.instruments() {
            let mut book = ShownBook::default();
            for group in self.groups_of(instrument)? {
                self.apply(group, instrument, u64::MAX, &mut book)?;
                if group.whole.is_some() && self.whole(group)? != book {
                    return Err(self.wrong(group.offset, "the book is not what its changes make"));
                }
            }
        }
        Ok(())
    }

    fn groups_of(&self, instrument: u16) -> Result<&[Group], OracleError> {
        let last = self.instruments().saturating_sub(1);
        let groups = self.groups.get(usize::from(instrument));
        groups.map(Vec::as_slice).ok_or(OracleError::Instrument { instrument, last })
    }

    /// Notes what a segment holds; where the next one begins.
    fn segment(&mut self, offset: u64, length: u64) -> Result<Option<u64>, OracleError> {
        let begin = offset + size_of::<SegmentHead>() as u64;
        if begin > length {
            return Ok(None);
        }
        let head: SegmentHead = self.read(offset)?;
        if head.magic != SEGMENT_MAGIC {
            return Err(self.wrong(offset, "no segment begins here"));
        }
        let end = begin.saturating_add(head.bytes.get());
        if end > length {
            return Ok(None);
        }
        if head.first.get() != self.end || head.end.get() < self.end {
            return Err(self.wrong(offset, "the segment does not follow the one before it"));
        }
        let table = u64::from(head.groups.get()) * size_of::<Entry>() as u64;
        if table > head.bytes.get() {
            return Err(self.wrong(offset, "the segment has more groups than room for them"));
        }
        let entries: Vec<Entry> = self.read_many(begin, head.groups.get() as usize)?;
        let mut at = begin + table;
        for entry in entries {
            let lines = u64::from(entry.changes.get()) + u64::from(entry.orders.get());
            let group = Group {
                first: head.first.get(),
                end: head.end.get(),
                offset: at,
                changes: entry.changes.get(),
                whole: (entry.whole.get() != 0).then_some(entry.orders.get()),
            };
            at += lines * size_of::<Line>() as u64;
            match self.groups.get_mut(usize::from(entry.instrument.get())) {
                Some(groups) if at <= end => groups.push(group),
                _ => return Err(self.wrong(begin, "a group is not within its segment")),
            }
        }
        self.end = head.end.get();
        Ok(Some(end))
    }

    fn whole(&self, group: &Group) -> Result<ShownBook, OracleError> {
        let changes = u64::from(group.changes) * size_of::<Line>() as u64;
        let offset = group.offset + changes;
        let mut book = ShownBook::default();
        for line in self.read_many::<Line>(offset, group.whole.unwrap_or(0) as usize)? {
            let side = self.side(offset, &line)?;
            book.side_mut(side).push(ShownOrder {
                reference: line.reference.get(),
                price: line.price.get(),
                shares: line.before.get(),
                attribution: attribution(&line),
            });
        }
        Ok(book)
    }

    /// Applies the changes of a group up to message `at`.
    fn apply(
        &self,
        group: &Group,
        instrument: u16,
        at: u64,
        book: &mut ShownBook,
    ) -> Result<(), OracleError> {
        for line in self.read_many::<Line>(group.offset, group.changes as usize)? {
            let event = group.first + u64::from(line.message.get());
            if event > at {
                break;
            }
            let change = Change {
                event,
                reference: line.reference.get(),
                behind: 0,
                instrument,
                side: self.side(group.offset, &line)?,
                price: line.price.get(),
                before: line.before.get(),
                after: line.after.get(),
                attribution: attribution(&line),
            };
            book.apply(&change).map_err(|misfit| {
                self.wrong(group.offset, &format!("message {event}: {misfit}"))
            })?;
        }
        Ok(())
    }

    fn side(&self, offset: u64, line: &Line) -> Result<Side, OracleError> {
        match line.side {
            b'B' => Ok(Side::Buy),
            b'S' => Ok(Side::Sell),
            _ => Err(self.wrong(offset, "an order neither bought nor sold")),
        }
    }

    fn read<T: FromBytes + IntoBytes>(&self, offset: u64) -> Result<T, OracleError> {
        let mut value = T::new_zeroed();
        let io = |source| OracleError::Io { path: self.path.clone(), offset, source };
        self.file.read_exact_at(value.as_mut_bytes(), offset).map_err(io)?;
        Ok(value)
    }

    fn read_many<T: FromBytes + IntoBytes>(
        &self,
        offset: u64,
        count: usize,
    ) -> Result<Vec<T>, OracleError> {
        let io = |source| OracleError::Io { path: self.path.clone(), offset, source };
        let mut values: Vec<T> = Vec::new();
        values.resize_with(count, T::new_zeroed);
        self.file.read_exact_at(values.as_mut_slice().as_mut_bytes(), offset).map_err(io)?;
        Ok(values)
    }

    fn wrong(&self, offset: u64, what: &str) -> OracleError {
        OracleError::Format { path: self.path.clone(), offset, what: what.to_owned() }
    }
}

fn attribution(line: &Line) -> Option<[u8; 4]> {
    (line.attribution != [0; 4]).then_some(line.attribution)
}
