//! The picture as text: what is not live, what is wrong, then the tables.

use std::io::{self, Write};

use super::picture::Picture;
use super::tables::Tab;
use crate::inspect::page::{Page, Paint};
use crate::inspect::words::{span, utc};

/// Gaps and errors of each lane in text: JSON has more.
const MOST_ROWS: usize = 10;

/// The line that says how many things are wrong and names the first.
pub fn verdict(picture: &Picture) -> String {
    let problems = &picture.problems;
    match problems.as_slice() {
        [] => String::from("no problems"),
        [only] => format!("1 problem: {}", only.text),
        all => {
            let texts: Vec<&str> = all.iter().map(|problem| problem.text.as_str()).collect();
            format!("{} problems: {}", all.len(), texts.join("; "))
        }
    }
}

/// The line that says what is not live; `None` if all of it is.
pub fn not_live(picture: &Picture) -> Option<String> {
    let said = picture.not_live.join(", ");
    (!said.is_empty()).then(|| format!("NOT LIVE: {said}"))
}

/// Prints it.
///
/// # Errors
/// What the page says.
pub fn print<W: Write>(picture: &Picture, page: &mut Page<W>) -> io::Result<()> {
    if let Some(said) = not_live(picture) {
        page.line(&said, Paint::Warn)?;
    }
    let paint = if picture.problems.is_empty() { Paint::Good } else { Paint::Bad };
    page.line(&verdict(picture), paint)?;
    let over = match picture.interval_ns {
        Some(ns) => format!("rates over {}", span(ns)),
        None => String::from("one look, no rates"),
    };
    page.line(&format!("{}, {over}", utc(picture.at_ns)), Paint::Dim)?;
    for tab in Tab::ALL {
        for (title, table) in
            tab.tables(picture, MOST_ROWS).iter().filter(|(_, table)| !table.is_empty())
        {
            page.heading(title)?;
            page.table(table)?;
        }
    }
    Ok(())
}
