//! For the documentation: tables between two markers of a file, the rest of which stays.

use super::figure::{cells, figure};
use super::text::summary;
use crate::harness::run::Report;
use crate::harness::{CompareError, Outcome, Table};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Where the tables begin.
pub const BEGIN: &str = "<!-- compare:begin -->";
/// Where they end.
pub const END: &str = "<!-- compare:end -->";

/// Text for a cell: nothing that would end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn comparison(table: &Table, out: &mut String) {
    out.push_str(&format!("\n**{}** ({})", table.title, table.unit));
    if !table.input.is_empty() {
        out.push_str(&format!(": {}", table.input));
    }
    out.push_str("\n\n");
    if !table.rows.is_empty() {
        out.push_str("| | median | least..most | to ours | |\n|---|---:|---:|---:|---|\n");
    }
    for row in &table.rows {
        let ratio = table.ratio(row).map_or_else(String::new, |r| format!("{} x", figure(r)));
        let name = if row.ours { format!("**{}**", cell(&row.name)) } else { cell(&row.name) };
        out.push_str(&format!(
            "| {name} | {} | {}..{} | {ratio} | {} |\n",
            figure(row.median),
            figure(row.least),
            figure(row.most),
            cell(&row.note)
        ));
    }
    if !table.notes.is_empty() {
        out.push('\n');
    }
    for note in &table.notes {
        out.push_str(&format!("* {note}\n"));
    }
}

/// All tables of a report.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = String::from("| host | |\n|---|---|\n");
    for (name, value) in report.host.lines() {
        out.push_str(&format!("| {name} | {} |\n", cell(&value)));
    }
    let form = if report.quick { "quick" } else { "full" };
    out.push_str(&format!("| run | {form}, {} rounds |\n", report.rounds));
    out.push_str("\n### Bars\n\n| | figure | must | aim | |\n|---|---:|---:|---:|---|\n");
    for (section, bar) in report.bars() {
        let [what, figure, must, aim, verdict] = cells(bar);
        let what = cell(&what);
        out.push_str(&format!("| {section}: {what} | {figure} | {must} | {aim} | {verdict} |\n"));
    }
    out.push_str(&format!("\n{}", summary(report)));
    for result in &report.results {
        out.push_str(&format!("\n### {}: {}\n", result.section, result.about));
        match &result.outcome {
            Outcome::Done => {}
            Outcome::Skipped(why) => out.push_str(&format!("\nSkipped: {why}.\n")),
            Outcome::Failed(why) => out.push_str(&format!("\nFailed: {why}.\n")),
        }
        for table in &result.tables {
            comparison(table, &mut out);
        }
    }
    out
}

/// `old` with other tables between its markers; `None` if it does not have both, in order, once.
#[must_use]
pub fn replaced(old: &str, tables: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (between, after) = rest.split_once(END)?;
    if between.contains(BEGIN) || after.contains(BEGIN) || after.contains(END) {
        return None;
    }
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", tables.trim_end()))
}

/// Puts the tables of a report between the markers of a file; makes the file if there is none.
///
/// # Errors
/// The file cannot be read or written, or does not have both markers.
pub fn write(report: &Report, path: &Path) -> Result<(), CompareError> {
    let name = path.display().to_string();
    let failed = |error| CompareError::failed(&name, error);
    let old = match fs::read_to_string(path) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => format!("{BEGIN}\n{END}\n"),
        Err(error) => return Err(failed(error)),
    };
    let new = replaced(&old, &markdown(report)).ok_or_else(|| {
        CompareError::failed(&name, format!("has not {BEGIN} and {END}, in this order and once"))
    })?;
    fs::write(path, new).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let old = format!("# Title\n{BEGIN}\nold\n{END}\nafter\n");
        let new = replaced(&old, "a\nb\n\n").unwrap();
        assert_eq!(new, format!("# Title\n{BEGIN}\na\nb\n{END}\nafter\n"));
        assert_eq!(replaced(&new, "old").unwrap(), old);
        for wrong in [END, BEGIN, &format!("{END}{BEGIN}"), &format!("{old}{old}")] {
            assert_eq!(replaced(wrong, "x"), None, "{wrong}");
        }
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
