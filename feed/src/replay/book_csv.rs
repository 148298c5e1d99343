//! The first levels of a book as text: a row at the end of every event that changed them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use book::Level;
use wire::Side;
use wire::decimal::to_text;

use crate::error::{FeedError, Result};
use crate::publish::outlet::{Books, StepView};

/// First levels of both sides of one instrument, as they were shown last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shown {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

/// Writes the rows. An error is kept and told at the end.
pub struct BookCsv {
    path: PathBuf,
    file: BufWriter<File>,
    depth: usize,
    price_exp: i8,
    quantity_exp: i8,
    shown: Vec<Shown>,
    symbols: Vec<String>,
    rows: u64,
    line: String,
    error: Option<std::io::Error>,
}

impl BookCsv {
    /// Creates the file and writes its header row.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path, depth: usize, exponents: (i8, i8)) -> Result<BookCsv> {
        let file = File::create(path).map_err(|e| FeedError::io(path, e))?;
        let mut csv = BookCsv {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 20, file),
            depth,
            price_exp: exponents.0,
            quantity_exp: exponents.1,
            shown: Vec::new(),
            symbols: Vec::new(),
            rows: 0,
            line: header(depth),
            error: None,
        };
        csv.write_line();
        Ok(csv)
    }

    /// Name of an instrument.
    pub fn name(&mut self, index: u32, symbol: String) {
        let index = index as usize;
        if self.symbols.len() <= index {
            self.symbols.resize(index + 1, String::new());
        }
        self.symbols[index] = symbol;
    }

    /// An event has ended.
    pub fn event(&mut self, view: &StepView<'_>) {
        let index = view.instrument as usize;
        if self.shown.len() <= index {
            self.shown.resize(index + 1, Shown::default());
        }
        let now = Shown {
            bids: first_levels(view.books, view.instrument, Side::Bid, self.depth),
            asks: first_levels(view.books, view.instrument, Side::Ask, self.depth),
        };
        if self.shown[index] == now {
            return;
        }
        self.row(view, index, &now);
        self.shown[index] = now;
    }

    fn row(&mut self, view: &StepView<'_>, index: usize, now: &Shown) {
        let symbol = self.symbols.get(index).map_or("", String::as_str);
        self.line.clear();
        let _ = write!(self.line, "{},{},{symbol}", view.step, view.ts_venue);
        for n in 0..self.depth {
            for level in [now.bids.get(n), now.asks.get(n)] {
                match level {
                    Some(level) => {
                        let price = to_text(level.price, self.price_exp);
                        let quantity = to_text(level.quantity, self.quantity_exp);
                        let _ = write!(self.line, ",{price},{quantity},{}", level.orders);
                    }
                    None => self.line.push_str(",,,"),
                }
            }
        }
        self.line.push('\n');
        self.rows += 1;
        self.write_line();
    }

    fn write_line(&mut self) {
        if self.error.is_none() {
            self.error = self.file.write_all(self.line.as_bytes()).err();
        }
    }

    /// Finishes the file; returns how many rows it holds without the header.
    ///
    /// # Errors
    /// The first error of any write.
    pub fn finish(mut self) -> Result<u64> {
        let done = match self.error.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        };
        done.map_err(|e| FeedError::io(&self.path, e))?;
        Ok(self.rows)
    }
}

fn first_levels(books: &Books, instrument: u32, side: Side, depth: usize) -> Vec<Level> {
    books.levels(instrument, side).take(depth).collect()
}

fn header(depth: usize) -> String {
    let mut line = String::from("sequence,ts_venue,symbol");
    for n in 1..=depth {
        for (side, field) in [
            ("bid", "price"),
            ("bid", "quantity"),
            ("bid", "orders"),
            ("ask", "price"),
            ("ask", "quantity"),
            ("ask", "orders"),
        ] {
            let _ = write!(line, ",{side}_{field}_{n}");
        }
    }
    line.push('\n');
    line
}
