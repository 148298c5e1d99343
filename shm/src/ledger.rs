//! The gap ledger: every hole of every channel, when it was seen and how it ended.
//!
//! Loss may be unavoidable, silence about it is not: a row is written when a gap is declared and
//! completed when it is healed or given up. The newest rows are kept; a row that is overwritten is
//! counted, and counted apart if its gap was still open, so that the table never pretends to be
//! complete.
//!
//! | line | words | |
//! |--|--|--|
//! | 0 | 0 | rows ever written: row n is at place n mod capacity |
//! | | 1 | rows overwritten while open |
//! | | 2, 3, 4 | gaps declared, healed, abandoned |
//! | 1 | | zero |
//! | 2 + 2 p | 0 | seqlock version of place p |
//! | | 1 | row number + 1 |
//! | | 2 | gap_id u32, channel u16, how u8, state u8 |
//! | | 3, 4 | session id, 16 bytes |
//! | | 5, 6 | first sequence, end (exclusive, 0 unknown) |
//! | | 7 | lines that were up, one bit each |
//! | | 8, 9 | declared, ended: ns UTC |
//! | | 10 | sequences recovered |

use crate::lines::Lines;
use crate::row_error::RowError;
use crate::seqlock;
use crate::sync::Ordering;

/// Rows of a ledger unless told otherwise.
pub const DEFAULT_ROWS: u32 = 4096;

const ROW_LINES: usize = 2;
const FIRST_ROW: usize = 2;
const ROW_WORDS: usize = 10;

/// Lines of a ledger that keeps `rows` rows.
pub const fn table_lines(rows: u64) -> u64 {
    FIRST_ROW as u64 + rows * ROW_LINES as u64
}

fn room<L: Lines>(lines: &L) -> u64 {
    (lines.lines().saturating_sub(FIRST_ROW) / ROW_LINES) as u64
}

/// How a gap stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum GapState {
    /// Declared, recovery under way.
    Open = 1,
    /// Filled.
    Healed = 2,
    /// Given up: what was missing is lost.
    Abandoned = 3,
}

impl GapState {
    fn of(code: u8) -> Option<GapState> {
        [GapState::Open, GapState::Healed, GapState::Abandoned]
            .into_iter()
            .find(|state| *state as u8 == code)
    }
}

/// A gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Number of the gap, unique in its producer.
    pub gap_id: u32,
    /// Channel whose sequence has the hole.
    pub channel: u16,
    /// How it was or is healed; codes are the producer's.
    pub how: u8,
    /// How it stands.
    pub state: GapState,
    /// Session of the channel.
    pub session: [u8; 16],
    /// First missing sequence.
    pub first: u64,
    /// First sequence after the hole; 0 while unknown.
    pub end: u64,
    /// Lines that were up when it was declared, one bit each.
    pub lines: u64,
    /// When it was declared, ns UTC.
    pub declared_ns: u64,
    /// When it was healed or abandoned, ns UTC; 0 while open.
    pub ended_ns: u64,
    /// Sequences that recovery brought back.
    pub recovered: u64,
}

impl Gap {
    fn words(&self, number: u64) -> [u64; ROW_WORDS] {
        let half = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&self.session[from..from + 8]);
            u64::from_le_bytes(bytes)
        };
        let codes = u64::from(self.how) << 48 | (self.state as u64) << 56;
        [
            number + 1,
            u64::from(self.gap_id) | u64::from(self.channel) << 32 | codes,
            half(0),
            half(8),
            self.first,
            self.end,
            self.lines,
            self.declared_ns,
            self.ended_ns,
            self.recovered,
        ]
    }

    fn of_words(words: &[u64; ROW_WORDS]) -> Option<Gap> {
        let [_, codes, low, high, first, end, lines, declared_ns, ended_ns, recovered] = *words;
        let mut session = [0; 16];
        session[..8].copy_from_slice(&low.to_le_bytes());
        session[8..].copy_from_slice(&high.to_le_bytes());
        Some(Gap {
            gap_id: codes as u32,
            channel: (codes >> 32) as u16,
            how: (codes >> 48) as u8,
            state: GapState::of((codes >> 56) as u8)?,
            session,
            first,
            end,
            lines,
            declared_ns,
            ended_ns,
            recovered,
        })
    }
}

/// A row of the ledger, to be completed once: it cannot be copied, and completing takes it.
#[derive(Debug, PartialEq, Eq)]
pub struct GapTicket {
    number: u64,
}

/// The producer's side: one thread.
#[derive(Debug)]
pub struct GapWriter<L> {
    lines: L,
    room: u64,
    written: u64,
    /// Declared, healed, abandoned.
    totals: [u64; 3],
    overwritten_open: u64,
    /// The rows that are kept, as written: what an overwritten row was, and what to complete.
    kept: Vec<Gap>,
}

impl<L: Lines> GapWriter<L> {
    /// Writes to a fresh (zero) ledger. All memory is taken here.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        let kept = Vec::with_capacity(room as usize);
        GapWriter { lines, room, written: 0, totals: [0; 3], overwritten_open: 0, kept }
    }

    /// Writes the row of a newly declared gap; the oldest row makes room.
    pub fn declare(&mut self, gap: &Gap) -> GapTicket {
        let number = self.written;
        self.written += 1;
        let gap = Gap { state: GapState::Open, ended_ns: 0, ..*gap };
        self.totals[0] += 1;
        if self.room > 0 {
            let place = (number % self.room) as usize;
            match self.kept.get_mut(place) {
                Some(old) => {
                    self.overwritten_open += u64::from(old.state == GapState::Open);
                    *old = gap;
                }
                None => self.kept.push(gap),
            }
            self.store(number, &gap);
        }
        self.store_totals();
        GapTicket { number }
    }

    /// Completes a row: healed or abandoned. Returns false where the row was overwritten; the
    /// totals count it all the same.
    pub fn end(&mut self, ticket: GapTicket, end: &GapEnd) -> bool {
        self.totals[if end.healed { 1 } else { 2 }] += 1;
        let overwritten = self.written - ticket.number > self.room;
        let place = ticket.number.checked_rem(self.room).unwrap_or(0) as usize;
        let row = self.kept.get_mut(place).filter(|_| !overwritten).map(|row| {
            row.state = if end.healed { GapState::Healed } else { GapState::Abandoned };
            (row.how, row.ended_ns, row.recovered) = (end.how, end.ended_ns, end.recovered);
            if end.end != 0 {
                row.end = end.end;
            }
            *row
        });
        if let Some(row) = &row {
            self.store(ticket.number, row);
        }
        self.store_totals();
        row.is_some()
    }

    fn store(&self, number: u64, gap: &Gap) {
        let place = (number % self.room) as usize;
        seqlock::write(&self.lines, FIRST_ROW + place * ROW_LINES, &gap.words(number));
    }

    fn store_totals(&self) {
        let head = self.lines.line(0);
        // Partner: `GapReader::totals`. Counts that stand alone.
        head[1].store(self.overwritten_open, Ordering::Relaxed);
        for (word, total) in head.iter().skip(2).zip(self.totals) {
            // Partner: `GapReader::totals`.
            word.store(total, Ordering::Relaxed);
        }
        // Partner: `GapReader::kept`. Relaxed, because the fences of the row's own seqlock order
        // it: who sees the row counted sees at least that it was begun.
        head[0].store(self.written, Ordering::Relaxed);
    }
}

/// How a gap ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GapEnd {
    /// Filled, or given up.
    pub healed: bool,
    /// How; codes are the producer's.
    pub how: u8,
    /// First sequence after the hole, where it was unknown before; else 0.
    pub end: u64,
    /// When, ns UTC.
    pub ended_ns: u64,
    /// Sequences brought back.
    pub recovered: u64,
}

/// Sums over all gaps, kept or overwritten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GapTotals {
    /// Declared.
    pub declared: u64,
    /// Healed.
    pub healed: u64,
    /// Abandoned.
    pub abandoned: u64,
    /// Rows overwritten, whatever their state.
    pub overwritten: u64,
    /// Rows overwritten while their gap was open.
    pub overwritten_open: u64,
}

/// Any process's side.
#[derive(Clone, Debug)]
pub struct GapReader<L> {
    lines: L,
    room: u64,
}

impl<L: Lines> GapReader<L> {
    /// Reads the ledger in these lines.
    pub fn new(lines: L) -> Self {
        let room = room(&lines);
        GapReader { lines, room }
    }

    /// Numbers of the rows that are kept, oldest first.
    pub fn kept(&self) -> std::ops::Range<u64> {
        // Partner: `GapWriter::store_totals`, which says why relaxed is enough.
        let written = self.lines.line(0)[0].load(Ordering::Relaxed);
        written.saturating_sub(self.room)..written
    }

    /// Sums over all gaps.
    pub fn totals(&self) -> GapTotals {
        let kept = self.kept();
        // Partner: `GapWriter::store_totals`.
        let word = |at: usize| self.lines.line(0)[at].load(Ordering::Relaxed);
        GapTotals {
            declared: word(2),
            healed: word(3),
            abandoned: word(4),
            overwritten: kept.start,
            overwritten_open: word(1),
        }
    }

    /// Row number `number` (see [`Self::kept`]).
    ///
    /// # Errors
    /// [`RowError::Beyond`], [`RowError::Overwritten`] or [`RowError::Torn`].
    pub fn read(&self, number: u64) -> Result<Gap, RowError> {
        let kept = self.kept();
        if number >= kept.end || self.room == 0 {
            return Err(RowError::Beyond);
        }
        if number < kept.start {
            return Err(RowError::Overwritten);
        }
        let mut words = [0; ROW_WORDS];
        let first = FIRST_ROW + (number % self.room) as usize * ROW_LINES;
        seqlock::read(&self.lines, first, &mut words)?;
        if words[0] != number.wrapping_add(1) {
            return Err(RowError::Overwritten);
        }
        Gap::of_words(&words).ok_or(RowError::Torn)
    }
}
