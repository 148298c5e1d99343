//! For people: the host, a table for every comparison, the bars.

use super::figure::{cells, figure};
use crate::harness::run::Report;
use crate::harness::{Outcome, Table as Comparison, Verdict};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};

/// Columns where the output has no width of its own.
const WIDTH: u16 = 120;

/// The whole report; colours are for terminals.
#[must_use]
pub fn text(report: &Report, colours: bool) -> String {
    let mut out = String::new();
    for (name, value) in report.host.lines() {
        out.push_str(&format!("{name:12} {value}\n"));
    }
    let form = if report.quick { "quick" } else { "full" };
    out.push_str(&format!("{:12} {form}, {} rounds\n", "run", report.rounds));
    for result in &report.results {
        out.push_str(&format!("\n== {}: {}", result.section, result.about));
        match &result.outcome {
            Outcome::Done => out.push_str(&format!(" ({:.1} s)\n", result.seconds)),
            Outcome::Skipped(why) => {
                out.push_str(&format!("\nSKIPPED {}: {why}\n", result.section));
            }
            Outcome::Failed(why) => out.push_str(&format!("\nFAILED {}: {why}\n", result.section)),
        }
        for table in &result.tables {
            comparison(table, &mut out);
        }
    }
    out.push('\n');
    out.push_str(&bars(report));
    out.push_str(&summary(report));
    if colours { coloured(&out) } else { out }
}

fn columns(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH).set_header(header);
    table
}

fn right(table: &mut Table, columns: impl IntoIterator<Item = usize>) {
    for at in columns {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn comparison(of: &Comparison, out: &mut String) {
    out.push_str(&format!("\n{} [{}]\n", of.title, of.unit));
    if !of.input.is_empty() {
        out.push_str(&format!("{}\n", of.input));
    }
    if !of.rows.is_empty() {
        let mut table = columns(&["", "median", "least..most", "to ours", "note"]);
        for row in &of.rows {
            let ratio = of.ratio(row).map_or_else(String::new, |r| format!("{} x", figure(r)));
            table.add_row([
                row.name.clone(),
                figure(row.median),
                format!("{}..{}", figure(row.least), figure(row.most)),
                ratio,
                row.note.clone(),
            ]);
        }
        right(&mut table, 1..=3);
        out.push_str(&format!("{table}\n"));
    }
    for note in &of.notes {
        out.push_str(&format!("  {note}\n"));
    }
}

fn bars(report: &Report) -> String {
    let mut table = columns(&["bar", "figure", "must", "aim", "verdict"]);
    let mut any = false;
    for (section, bar) in report.bars() {
        let [what, rest @ ..] = cells(bar);
        table.add_row([&[format!("{section}: {what}")][..], &rest].concat());
        any = true;
    }
    right(&mut table, 1..=3);
    if any { format!("{table}\n") } else { String::new() }
}

/// One line: how many bars came to what, and what did not run.
#[must_use]
pub fn summary(report: &Report) -> String {
    let [aim, met, missed] =
        [Verdict::Aim, Verdict::Met, Verdict::Missed].map(|verdict| report.count(verdict));
    let skipped = report.results.iter().filter(|r| matches!(r.outcome, Outcome::Skipped(_)));
    let failed = report.results.iter().filter(|r| matches!(r.outcome, Outcome::Failed(_)));
    format!(
        "{} bars: {aim} at their aim, {met} met, {missed} MISSED; {} sections, {} skipped, \
         {} failed; host {}\n",
        aim + met + missed,
        report.results.len(),
        skipped.count(),
        failed.count(),
        report.host.grade.word()
    )
}

/// Colours verdicts. After the tables are set, because a colour has bytes but no width.
fn coloured(text: &str) -> String {
    let colours = [("MISSED", 31), ("FAILED", 31), ("SKIPPED", 33), (" met", 32), (" aim", 36)];
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let body = line.trim_end();
        // The verdict is the last word of its line; other words stand first.
        let found = colours.iter().find(|(word, _)| body.ends_with(word) || body.starts_with(word));
        match found {
            Some((word, colour)) => {
                let shown = format!("\x1b[{colour}m{word}\x1b[0m");
                out.push_str(&if body.ends_with(word) {
                    let rest = body.strip_suffix(word).unwrap_or(body);
                    format!("{rest}{shown}{}", &line[body.len()..])
                } else {
                    line.replacen(word, &shown, 1)
                });
            }
            None => out.push_str(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::run::Result;
    use crate::harness::{Bar, Host, Row, Want};

    #[test]
    fn a_report_has_every_row_bar_and_reason() {
        let row = |name: &str, ours, median| Row {
            name: name.into(),
            ours,
            median,
            least: median - 1.0,
            most: median + 1.0,
            ..Row::default()
        };
        let table = Comparison {
            title: "decode".into(),
            unit: "ns/message",
            input: "3,000,000 messages".into(),
            rows: vec![row("ours", true, 10.0), row("peer 1.0", false, 25.0)],
            bars: vec![Bar::ratio("decode, to peer", 2.5, Want::AtLeast(3.0), None)],
            notes: vec!["a note".into()],
        };
        let of = |section, outcome, tables| Result {
            section,
            about: "what",
            outcome,
            seconds: 1.0,
            tables,
        };
        let report = Report {
            host: Host::default(),
            quick: true,
            rounds: 5,
            results: vec![
                of("decode", Outcome::Done, vec![table]),
                of("l3", Outcome::Skipped("HOTLANE_DATA is not set".into()), vec![]),
            ],
        };
        let plain = text(&report, false);
        for part in ["peer 1.0", "24.0..26.0", "2.50 x", ">= 3.00 x", "MISSED", "  a note"] {
            assert!(plain.contains(part), "{part}\n{plain}");
        }
        assert!(plain.contains("\nSKIPPED l3: HOTLANE_DATA is not set\n"));
        assert!(plain.ends_with("1 bars: 0 at their aim, 0 met, 1 MISSED; 2 sections, 1 skipped, 0 failed; host shared\n"));
        let bright = text(&report, true);
        assert!(bright.contains("\x1b[31mMISSED\x1b[0m"));
        assert_eq!(
            bright.replace("\x1b[31m", "").replace("\x1b[33m", "").replace("\x1b[0m", ""),
            plain
        );
    }
}
