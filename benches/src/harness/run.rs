//! One section after another, pinned; what fails or is skipped does not end the rest.

use super::{Bar, CompareError, Host, Setting, Table, Verdict, progress};
use crate::sections::Section;
use serde::Serialize;

/// How a section ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "why")]
pub enum Outcome {
    /// It has tables.
    Done,
    /// It needs recordings that were not given.
    Skipped(String),
    /// Answers differ, or something is not there.
    Failed(String),
}

/// A section's result.
#[derive(Clone, Debug, Serialize)]
pub struct Result {
    /// Its name.
    pub section: &'static str,
    /// What it compares.
    pub about: &'static str,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, with set-up.
    pub seconds: f64,
    /// What it measured.
    pub tables: Vec<Table>,
}

/// All of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it was measured on.
    pub host: Host,
    /// Whether it was the quick form.
    pub quick: bool,
    /// Rounds of a contest.
    pub rounds: usize,
    /// The sections that were asked for, in order.
    pub results: Vec<Result>,
}

impl Report {
    /// Every bar, with the section that has it.
    pub fn bars(&self) -> impl Iterator<Item = (&'static str, &Bar)> {
        let tables = self.results.iter().flat_map(|r| r.tables.iter().map(|t| (r.section, t)));
        tables.flat_map(|(section, table)| table.bars.iter().map(move |bar| (section, bar)))
    }

    /// How many bars came to this.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.bars().filter(|(_, bar)| bar.verdict() == verdict).count()
    }

    /// The exit status: 2 if a section failed, 1 if a bar is missed and that matters, else 0.
    #[must_use]
    pub fn status(&self, gate: bool) -> u8 {
        if self.results.iter().any(|result| matches!(result.outcome, Outcome::Failed(_))) {
            return 2;
        }
        u8::from(gate && self.count(Verdict::Missed) > 0)
    }
}

/// Runs sections, each on the first core.
#[must_use]
pub fn run(sections: &[&Section], setting: &Setting) -> Vec<Result> {
    let count = sections.len();
    let results = sections.iter().enumerate().map(|(at, section)| {
        progress::begin(section.name, at + 1, count);
        let (outcome, tables) = match pinned(section, setting) {
            Ok(tables) => (Outcome::Done, tables),
            Err(error @ CompareError::NoData) => (Outcome::Skipped(error.to_string()), Vec::new()),
            Err(error) => (Outcome::Failed(error.to_string()), Vec::new()),
        };
        let seconds = progress::end(match &outcome {
            Outcome::Done => "done",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "FAILED",
        });
        Result { section: section.name, about: section.about, outcome, seconds, tables }
    });
    results.collect()
}

/// A section on the first core; where this host does not let itself be pinned, wherever it runs,
/// and its tables say so.
fn pinned(section: &Section, setting: &Setting) -> std::result::Result<Vec<Table>, CompareError> {
    match affinity::pin(setting.cores[0]) {
        Ok(pinned) => {
            let result = (section.run)(setting);
            pinned.restore().map_err(|e| CompareError::failed("give the core back", e))?;
            result
        }
        Err(error) => {
            let mut tables = (section.run)(setting)?;
            for table in &mut tables {
                table.notes.push(format!("not pinned: {error}"));
            }
            Ok(tables)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Want;

    fn setting() -> Setting {
        let cores = affinity::current_affinity().unwrap();
        let first = cores.first().unwrap();
        let cache = std::env::temp_dir();
        Setting { quick: true, rounds: 1, data: None, cache, cores: [first, first] }
    }

    fn bars(figures: &[f64]) -> std::result::Result<Vec<Table>, CompareError> {
        let bar = |figure: &f64| Bar::ratio("x", *figure, Want::AtLeast(2.0), None);
        Ok(vec![Table { bars: figures.iter().map(bar).collect(), ..Table::default() }])
    }

    #[test]
    fn the_rest_runs_and_the_status_says_the_worst() {
        let good = Section { name: "good", about: "", run: |_| bars(&[2.0, 3.0]) };
        let low = Section { name: "low", about: "", run: |_| bars(&[1.0]) };
        let none = Section {
            name: "none",
            about: "",
            run: |setting| setting.data_dir().map(|_| Vec::new()),
        };
        let wrong =
            Section { name: "wrong", about: "", run: |_| Err(CompareError::failed("a", "b")) };
        let of = |sections: &[&Section]| Report {
            host: Host::default(),
            quick: true,
            rounds: 1,
            results: run(sections, &setting()),
        };
        let report = of(&[&none, &good]);
        assert_eq!((report.status(true), report.count(Verdict::Met)), (0, 2));
        assert_eq!(report.results[0].outcome, Outcome::Skipped("HOTLANE_DATA is not set".into()));
        let report = of(&[&low, &good]);
        assert_eq!((report.status(true), report.status(false)), (1, 0));
        let report = of(&[&wrong, &low]);
        assert_eq!((report.status(false), report.bars().count()), (2, 1));
    }
}
