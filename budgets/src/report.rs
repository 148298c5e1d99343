//! The counts beside the baseline.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::baseline::Baseline;
use crate::callgrind::Counted;
use crate::program::Program;

/// A count may be above the baseline by so much, per cent: a compiler's whim stays below it.
pub const ALLOWED: f64 = 2.0;

/// One program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its name.
    pub program: &'static str,
    /// What its instructions are divided by.
    pub unit: &'static str,
    /// Instructions per unit in the baseline; none for a program that is newer.
    pub baseline: Option<f64>,
    /// Now.
    pub now: f64,
    /// Change in per cent.
    pub change: Option<f64>,
    /// Whether that is allowed. A program without a baseline is not: nobody would notice it.
    pub within: bool,
}

impl Line {
    /// Compares a count with the baseline.
    #[must_use]
    pub fn of(program: Program, counted: &Counted, baseline: &Baseline) -> Line {
        let (was, now) = (baseline.of(program), counted.per_unit());
        let change = was.map(|was| (now / was - 1.0) * 100.0);
        Line {
            program: program.name(),
            unit: program.unit(),
            baseline: was,
            now,
            change,
            within: change.is_some_and(|change| change <= ALLOWED),
        }
    }
}

/// All of them as a table.
#[must_use]
pub fn table(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "instructions per", "baseline", "now", "change", ""]);
    for line in lines {
        let number = |count: f64| format!("{count:.2}");
        table.add_row([
            line.program.to_owned(),
            line.unit.to_owned(),
            line.baseline.map_or_else(|| "none".to_owned(), number),
            number(line.now),
            line.change.map_or_else(String::new, |change| format!("{change:+.2} %")),
            if line.within { String::new() } else { format!("more than +{ALLOWED} %") },
        ]);
    }
    for column in table.column_iter_mut().skip(2).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Line, table};
    use crate::baseline::Baseline;
    use crate::callgrind::Counted;
    use crate::program::{Measured, Program};

    fn line(instructions: u64) -> Line {
        let counts = vec![(Program::Book, 50.0)];
        let baseline = Baseline { isa: "avx2".into(), messages: 100, counts };
        let measured = Measured { units: 100, answer: 0, isa: "avx2".into() };
        Line::of(Program::Book, &Counted { measured, instructions }, &baseline)
    }

    #[test]
    fn a_rise_over_two_per_cent_is_none_that_is_allowed() {
        assert!(line(5_000).within && line(5_099).within && line(100).within);
        let over = line(5_101);
        assert!(!over.within);
        assert!((over.change.expect("a change") - 2.02).abs() < 1e-9);
        let text = table(&[line(4_000), over]);
        assert!(text.contains("-20.00 %") && text.contains("+2.02 %"), "{text}");
        assert_eq!(text.matches("more than").count(), 1, "{text}");
    }

    #[test]
    fn a_program_without_a_baseline_fails() {
        let baseline = Baseline { isa: "avx2".into(), messages: 100, counts: vec![] };
        let measured = Measured { units: 100, answer: 0, isa: "avx2".into() };
        let counted = Counted { measured, instructions: 700 };
        let line = Line::of(Program::Decode, &counted, &baseline);
        assert_eq!((line.within, line.change, line.now), (false, None, 7.0));
    }
}
