//! The gap ledger: every hole of every channel and how it ended.

use std::io::{self, Write};

use serde::Serialize;
use shm::ledger::{Gap, GapReader, GapState};
use shm::mapping::MappedLines;
use wire::codes::GapHow;
use wire::instrument::text_of;

use super::Depth;
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::words::{span, utc};

/// Newest rows shown in short.
const BRIEF_ROWS: u64 = 5;

/// A gap.
#[derive(Clone, Debug, Serialize)]
pub struct GapRow {
    pub(crate) gap_id: u32,
    pub(crate) channel: u16,
    pub(crate) state: &'static str,
    /// How it was or is healed; the producer's number where the layout is another release's.
    pub(crate) how: String,
    pub(crate) session: String,
    /// First missing sequence.
    pub(crate) first: u64,
    /// First sequence after the hole; 0 while unknown.
    pub(crate) end: u64,
    /// Lines that were up, by letter.
    pub(crate) lines: String,
    pub(crate) declared_ns: u64,
    /// 0 while open.
    pub(crate) ended_ns: u64,
    /// Sequences that recovery brought back.
    pub(crate) recovered: u64,
}

/// The ledger.
#[derive(Debug, Serialize)]
pub struct Gaps {
    pub(crate) declared: u64,
    pub(crate) healed: u64,
    pub(crate) abandoned: u64,
    /// Rows that newer ones took the place of.
    pub(crate) overwritten: u64,
    /// Those of them that were still open.
    pub(crate) overwritten_open: u64,
    /// Rows that were being written while they were read.
    pub(crate) unreadable: u64,
    /// Newest last.
    pub(crate) rows: Vec<GapRow>,
}

/// Copies the ledger; in short, the sums and the newest rows.
pub fn read(reader: &GapReader<MappedLines>, ours: bool, depth: Depth) -> Gaps {
    let (totals, mut kept) = (reader.totals(), reader.kept());
    if depth == Depth::Brief {
        kept.start = kept.start.max(kept.end.saturating_sub(BRIEF_ROWS));
    }
    let mut gaps = Gaps {
        declared: totals.declared,
        healed: totals.healed,
        abandoned: totals.abandoned,
        overwritten: totals.overwritten,
        overwritten_open: totals.overwritten_open,
        unreadable: 0,
        rows: Vec::new(),
    };
    for number in kept {
        match reader.read(number) {
            Ok(gap) => gaps.rows.push(row(&gap, ours)),
            Err(_) => gaps.unreadable += 1,
        }
    }
    gaps
}

fn row(gap: &Gap, ours: bool) -> GapRow {
    let how = GapHow::from_bits(gap.how).filter(|_| ours);
    GapRow {
        gap_id: gap.gap_id,
        channel: gap.channel,
        state: match gap.state {
            GapState::Open => "open",
            GapState::Healed => "healed",
            GapState::Abandoned => "abandoned",
        },
        how: how.map_or_else(|| gap.how.to_string(), |how| how.name().to_string()),
        session: text_of(&gap.session),
        first: gap.first,
        end: gap.end,
        lines: (b'A'..=b'Z')
            .zip(0..)
            .filter(|(_, bit)| gap.lines >> bit & 1 != 0)
            .map(|(letter, _)| char::from(letter))
            .collect(),
        declared_ns: gap.declared_ns,
        ended_ns: gap.ended_ns,
        recovered: gap.recovered,
    }
}

impl GapRow {
    fn cells(&self) -> [Cell; 11] {
        let paint = match self.state {
            "healed" => Paint::Good,
            "open" => Paint::Warn,
            _ => Paint::Bad,
        };
        let missing = if self.end == 0 {
            Cell::number("?")
        } else {
            Cell::number(self.end.saturating_sub(self.first))
        };
        let open = match self.ended_ns {
            0 => Cell::number("-"),
            ended => Cell::number(span(ended.saturating_sub(self.declared_ns))),
        };
        [
            Cell::number(self.gap_id),
            Cell::number(self.channel),
            Cell::text(self.state).paint(paint),
            Cell::text(&self.how),
            Cell::text(&self.session),
            Cell::number(self.first),
            missing,
            Cell::number(self.recovered),
            Cell::text(&self.lines),
            Cell::text(utc(self.declared_ns)),
            open,
        ]
    }
}

const HEAD: [&str; 11] = [
    "gap",
    "channel",
    "state",
    "how",
    "session",
    "first",
    "missing",
    "recovered",
    "lines",
    "declared",
    "open for",
];

impl Gaps {
    /// Shows the ledger.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let Gaps { declared, healed, abandoned, overwritten, overwritten_open, .. } = self;
        let open = declared.saturating_sub(*healed).saturating_sub(*abandoned);
        let paint = match (open, *abandoned) {
            (0, 0) => Paint::Plain,
            (_, 0) => Paint::Warn,
            _ => Paint::Bad,
        };
        let line =
            format!("  {declared} declared, {healed} healed, {abandoned} abandoned, {open} open");
        page.line(&line, paint)?;
        if *overwritten > 0 {
            let line = format!(
                "  {overwritten} rows were overwritten by newer ones, {overwritten_open} while open"
            );
            page.line(&line, Paint::Warn)?;
        }
        if self.unreadable > 0 {
            let line = format!("  {} rows were being written while read", self.unreadable);
            page.line(&line, Paint::Warn)?;
        }
        let mut table = Table::new(&HEAD);
        self.rows.iter().for_each(|row| table.row(row.cells()));
        page.table(&table)
    }
}
