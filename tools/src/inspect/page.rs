//! The page that everything is printed on: text in columns, colours on a terminal, JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::words::safe;

/// How a cell or line is painted on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    #[default]
    Plain,
    /// Headings.
    Bold,
    /// Of less interest.
    Dim,
    /// As it should be.
    Good,
    /// To be looked at.
    Warn,
    /// Wrong.
    Bad,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Paint::Plain => "",
            Paint::Bold => "\x1b[1m",
            Paint::Dim => "\x1b[2m",
            Paint::Good => "\x1b[32m",
            Paint::Warn => "\x1b[33m",
            Paint::Bad => "\x1b[31m",
        }
    }
}

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    paint: Paint,
    right: bool,
}

impl Cell {
    /// Text, on the left.
    pub fn text(text: impl AsRef<str>) -> Cell {
        Cell { text: safe(text.as_ref()), ..Cell::default() }
    }

    /// A number, on the right.
    pub fn number(number: impl ToString) -> Cell {
        Cell { text: safe(&number.to_string()), right: true, ..Cell::default() }
    }

    /// The same, painted.
    pub fn paint(mut self, paint: Paint) -> Cell {
        self.paint = paint;
        self
    }

    /// What stands in it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it is painted.
    pub const fn paint_of(&self) -> Paint {
        self.paint
    }

    /// Whether it stands on the right.
    pub const fn is_right(&self) -> bool {
        self.right
    }

    /// A count that should be 0.
    pub fn loss(number: u64) -> Cell {
        Cell::number(number).paint(if number == 0 { Paint::Dim } else { Paint::Bad })
    }
}

/// Rows under headings; columns are as wide as their widest cell.
#[derive(Clone, Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(head: &[&'static str]) -> Table {
        Table { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, headings first.
    pub fn lines(&self) -> impl Iterator<Item = Vec<Cell>> + '_ {
        std::iter::once(self.head_cells()).chain(self.rows.iter().cloned())
    }

    fn head_cells(&self) -> Vec<Cell> {
        let head = self.head.iter().enumerate().map(|(column, head)| Cell {
            text: (*head).to_string(),
            paint: Paint::Dim,
            right: self.is_right(column),
        });
        head.collect()
    }

    /// Widths of the columns, in characters.
    pub fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.head.iter().map(|head| head.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.chars().count());
            }
        }
        widths
    }

    /// Whether the cells of a column stand on the right; its heading does too.
    fn is_right(&self, column: usize) -> bool {
        self.rows.first().and_then(|row| row.get(column)).is_some_and(|cell| cell.right)
    }
}

/// Where the output goes.
#[derive(Debug)]
pub struct Page<W> {
    out: W,
    colour: bool,
}

impl<W: Write> Page<W> {
    /// A page over a writer; `colour` where it is a terminal.
    pub fn new(out: W, colour: bool) -> Page<W> {
        Page { out, colour }
    }

    /// A line; control characters in it are replaced.
    ///
    /// # Errors
    /// What the writer says.
    pub fn line(&mut self, text: &str, paint: Paint) -> io::Result<()> {
        self.painted(&safe(text), paint)?;
        self.out.write_all(b"\n")
    }

    /// The writer, with what was written to it.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// Begins a terminal's screen anew; lines that are too long are cut by the terminal.
    ///
    /// # Errors
    /// What the writer says.
    pub fn redraw(&mut self) -> io::Result<()> {
        self.out.write_all(b"\x1b[?7l\x1b[H\x1b[2J")
    }

    /// The screen is drawn; lines wrap again.
    ///
    /// # Errors
    /// What the writer says.
    pub fn drawn(&mut self) -> io::Result<()> {
        self.out.write_all(b"\x1b[?7h")
    }

    /// A heading, with a blank line before it.
    ///
    /// # Errors
    /// What the writer says.
    pub fn heading(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        self.line(text, Paint::Bold)
    }

    fn painted(&mut self, text: &str, paint: Paint) -> io::Result<()> {
        if self.colour && paint != Paint::Plain {
            write!(self.out, "{}{text}\x1b[0m", paint.code())
        } else {
            self.out.write_all(text.as_bytes())
        }
    }

    /// A table, indented by two; nothing for one without rows.
    ///
    /// # Errors
    /// What the writer says.
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        if table.rows.is_empty() {
            return Ok(());
        }
        let widths = table.widths();
        table.lines().try_for_each(|row| self.cells(&row, &widths))
    }

    fn cells(&mut self, cells: &[Cell], widths: &[usize]) -> io::Result<()> {
        let last = cells.len().saturating_sub(1);
        for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
            let pad = width.saturating_sub(cell.text.chars().count());
            let (left, right) = if cell.right { (pad, 0) } else { (0, pad) };
            write!(self.out, "  {:left$}", "")?;
            self.painted(&cell.text, cell.paint)?;
            if column < last {
                write!(self.out, "{:right$}", "")?;
            }
        }
        self.out.write_all(b"\n")
    }

    /// Says why `program` failed: as the one JSON object where that is asked for, else on `err`,
    /// behind what has been printed.
    ///
    /// # Errors
    /// If neither can be written to.
    pub fn complain(
        &mut self,
        program: &str,
        json: bool,
        kind: &str,
        message: &str,
        err: &mut impl Write,
    ) -> io::Result<()> {
        if json {
            self.json(&serde_json::json!({ "error": { "kind": kind, "message": message } }))?;
            return self.flush();
        }
        self.flush()?;
        writeln!(err, "{program}: {}", safe(message))
    }

    /// A JSON document over several lines.
    ///
    /// # Errors
    /// What the writer says.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// A JSON document on one line.
    ///
    /// # Errors
    /// What the writer says.
    pub fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// Hands over what is buffered.
    ///
    /// # Errors
    /// What the writer says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(colour: bool) -> String {
        let mut page = Page::new(Vec::new(), colour);
        let mut table = Table::new(&["name", "n"]);
        table.row([Cell::text("a\u{7}b"), Cell::number(7)]);
        table.row([Cell::text("x"), Cell::loss(1234)]);
        page.table(&table).expect("memory takes everything");
        String::from_utf8(page.out).expect("utf-8")
    }

    #[test]
    fn columns_stand_under_each_other() {
        assert_eq!(printed(false), "  name     n\n  a\u{fffd}b      7\n  x     1234\n");
    }

    #[test]
    fn colours_are_for_terminals() {
        assert!(printed(true).contains("\x1b[31m1234\x1b[0m"));
        assert!(!printed(false).contains('\x1b'));
    }
}
