//! Distinct errors: what went wrong, how often, first and last.

use std::io::{self, Write};

use serde::Serialize;
use shm::errors::ErrorReader;
use shm::mapping::MappedLines;

use super::Depth;
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::words::utc;

/// Rows shown in short: those that happened last.
const BRIEF_ROWS: usize = 10;

/// A distinct error.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorLine {
    pub(crate) code: u32,
    pub(crate) lane: u32,
    pub(crate) text: String,
    pub(crate) count: u64,
    pub(crate) first_ns: u64,
    pub(crate) last_ns: u64,
}

/// The table.
#[derive(Debug, Serialize)]
pub struct Errors {
    /// Distinct errors, shown or not.
    pub(crate) distinct: usize,
    /// Occurrences that found no free row.
    pub(crate) overflow: u64,
    /// Rows that were being written while they were read.
    pub(crate) unreadable: u64,
    /// The one that happened last is last.
    pub(crate) rows: Vec<ErrorLine>,
}

/// Copies the table, sorted by last time; in short, only its end.
pub fn read(reader: &ErrorReader<MappedLines>, depth: Depth) -> Errors {
    let distinct = reader.count();
    let mut found =
        Errors { distinct, overflow: reader.overflow(), unreadable: 0, rows: Vec::new() };
    for index in 0..distinct {
        match reader.read(index) {
            Ok(row) => found.rows.push(ErrorLine {
                code: row.code,
                lane: row.lane,
                text: row.text,
                count: row.count,
                first_ns: row.first_ns,
                last_ns: row.last_ns,
            }),
            Err(_) => found.unreadable += 1,
        }
    }
    found.rows.sort_by_key(|row| row.last_ns);
    if depth == Depth::Brief {
        found.rows.drain(..found.rows.len().saturating_sub(BRIEF_ROWS));
    }
    found
}

impl Errors {
    /// Shows the table.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        if self.distinct == 0 {
            return page.line("  none", Paint::Dim);
        }
        if self.overflow > 0 {
            let line = format!("  table full: {} more errors were only counted", self.overflow);
            page.line(&line, Paint::Bad)?;
        }
        if self.unreadable > 0 {
            let line = format!("  {} rows were being written while read", self.unreadable);
            page.line(&line, Paint::Warn)?;
        }
        let mut table = Table::new(&["code", "lane", "error", "count", "first", "last"]);
        for row in &self.rows {
            table.row([
                Cell::number(row.code),
                Cell::number(row.lane),
                Cell::text(&row.text),
                Cell::number(row.count),
                Cell::text(utc(row.first_ns)),
                Cell::text(utc(row.last_ns)),
            ]);
        }
        page.table(&table)
    }
}
