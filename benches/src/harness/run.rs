//! One section after another, pinned; what fails or is skipped does not end the rest.

use super::{
    Bar, Child, CompareError, Host, Setting, Table, Verdict, child, limit, memory, progress,
};
use crate::sections::{FORKING, SECTIONS, Section};
use serde::{Deserialize, Serialize};
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How a section ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Runs sections, each in a process of its own: the heap of one is not that of another, and a peer
/// that ends its process ends only its section.
#[must_use]
pub fn run(sections: &[&Section], setting: &Setting) -> Vec<Result> {
    let count = sections.len();
    let results = sections.iter().enumerate().map(|(at, section)| {
        let begin = Instant::now();
        let result = process(section, setting, [at + 1, count]);
        let seconds = begin.elapsed().as_secs_f64();
        let ended = result.unwrap_or_else(|error| Ended::from(Err(error), setting));
        let how = match &ended.outcome {
            Outcome::Done => "done",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "FAILED",
        };
        progress::end(section.name, how, seconds);
        let Ended { outcome, tables } = ended;
        Result { section: section.name, about: section.about, outcome, seconds, tables }
    });
    results.collect()
}

/// What a section's process writes.
#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    outcome: Outcome,
    tables: Vec<Table>,
}

impl Ended {
    fn from(result: std::result::Result<Vec<Table>, CompareError>, setting: &Setting) -> Ended {
        let (outcome, tables) = match result {
            Ok(tables) => (Outcome::Done, tables),
            Err(CompareError::NoData) => (Outcome::Skipped(NO_DATA.to_owned()), Vec::new()),
            Err(CompareError::Data { .. }) if setting.data.is_none() => {
                (Outcome::Skipped(NO_DATA.to_owned()), Vec::new())
            }
            Err(error) => (Outcome::Failed(error.to_string()), Vec::new()),
        };
        Ended { outcome, tables }
    }
}

/// What a section says that was skipped.
const NO_DATA: &str = "HOTLANE_DATA is not set";

/// The entry of a section's process in the list of children.
pub const CHILD: Child = Child { name: "section", run: serve };

fn process(
    section: &Section,
    setting: &Setting,
    [at, of]: [usize; 2],
) -> std::result::Result<Ended, CompareError> {
    let failed = |error: &dyn std::fmt::Display| CompareError::failed("its process", error);
    let file = format!("hotlane-compare-{}-{at}.json", std::process::id());
    let path = std::env::temp_dir().join(file);
    let asked = serde_json::to_string(setting).map_err(|e| failed(&e))?;
    let mut command = child::command(CHILD.name)?;
    command.args([section.name, &at.to_string(), &of.to_string(), &asked]).arg(&path);
    // What sections and peers print is no part of the report.
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    let status = status.map_err(|e| failed(&e))?;
    let written = fs::read(&path);
    // A process that ended early has written none.
    let _ = fs::remove_file(&path);
    if !status.success() {
        return Err(failed(&format!("ended early: {status}")));
    }
    serde_json::from_slice(&written.map_err(|e| failed(&e))?).map_err(|e| failed(&e))
}

/// The life of a section's process.
fn serve(arguments: &[String]) -> std::result::Result<(), CompareError> {
    let [name, at, of, setting, path] = arguments else {
        return Err(CompareError::failed("section", "wants five arguments"));
    };
    let failed = |error: &dyn std::fmt::Display| CompareError::failed(name, error);
    let section = SECTIONS.iter().find(|section| section.name == name);
    let section = section.ok_or_else(|| failed(&"is not a section"))?;
    let setting: Setting = serde_json::from_str(setting).map_err(|e| failed(&e))?;
    let number = |text: &String| text.parse::<usize>().map_err(|e| failed(&e));
    // SAFETY: asks the kernel to end this process with its parent; changes no memory.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let heap = if setting.quick { QUICK_HEAP } else { HEAP };
    memory::prepare(if FORKING.contains(&section.name) { 0 } else { heap });
    if setting.quick {
        limit(QUICK_CONTEST);
    }
    progress::begin(section.name, number(at)?, number(of)?);
    let ended = Ended::from(pinned(section, &setting), &setting);
    let written = serde_json::to_vec(&ended).map_err(|e| failed(&e))?;
    fs::write(path, written).map_err(|e| failed(&e))
}

/// The heap of a section, fetched before it begins.
const HEAP: usize = 1 << 30;
/// The same in the quick form: fetching costs some hosts seconds a gigabyte.
const QUICK_HEAP: usize = 128 << 20;
/// Time of a contest in the quick form.
const QUICK_CONTEST: Duration = Duration::from_secs(4);

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
        let cores = affinity::pin::current_affinity().unwrap();
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
        let of = |sections: &[&Section]| {
            let results = sections.iter().map(|section| {
                let ended = Ended::from(pinned(section, &setting()), &setting());
                // As it comes from another process.
                let bytes = serde_json::to_vec(&ended).unwrap();
                let Ended { outcome, tables } = serde_json::from_slice(&bytes).unwrap();
                Result { section: section.name, about: "", outcome, seconds: 0.0, tables }
            });
            let results = results.collect();
            Report { host: Host::default(), quick: true, rounds: 1, results }
        };
        let report = of(&[&none, &good]);
        assert_eq!((report.status(true), report.count(Verdict::Met)), (0, 2));
        assert_eq!(report.results[0].outcome, Outcome::Skipped(NO_DATA.into()));
        let report = of(&[&low, &good]);
        assert_eq!((report.status(true), report.status(false)), (1, 0));
        let report = of(&[&wrong, &low]);
        assert_eq!((report.status(false), report.bars().count()), (2, 1));
    }
}
