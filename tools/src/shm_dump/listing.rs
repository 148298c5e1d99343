//! All instances of a root, one line each.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::Serialize;
use shm::region::utc_ns;

use super::{DumpError, Outcome};
use crate::inspect::LookError;
use crate::inspect::open::{self, Opened};
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::state::State;
use crate::inspect::table::seats::is_used;
use crate::inspect::words::{size, span};

/// What is said of an instance in the list and at the head of its report.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Process id of the owner; 0 where it cannot be read.
    pub pid: u32,
    /// Number of the generation; 0 where it cannot be read.
    pub generation: u64,
    /// Names of its producers.
    pub producers: Vec<String>,
    /// Seats of all producers.
    pub seats: usize,
    /// Those of them that somebody uses.
    pub seats_used: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// When the generation was made, ns UTC; 0 where it cannot be read.
    pub created_ns: u64,
    /// How long ago that was, ns; 0 where it cannot be read.
    pub age_ns: u64,
    /// Age of the process's heartbeat, ns; null before the first.
    pub heartbeat_age_ns: Option<u64>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Lists the instances.
///
/// # Errors
/// [`DumpError::Look`] where the root cannot be listed; what is wrong with one instance stands in
/// its line.
pub fn show<W: Write>(root: &Path, json: bool, page: &mut Page<W>) -> Result<Outcome, DumpError> {
    let names = open::names(root)?;
    let found: Vec<Summary> = names.into_iter().filter_map(|name| look(root, name)).collect();
    let broken = found.iter().any(|summary| summary.error.is_some());
    if json {
        let root = root.to_string_lossy();
        page.json(&serde_json::json!({ "root": root, "instances": found }))?;
    } else if found.is_empty() {
        page.line(&format!("no instances under {}", root.display()), Paint::Dim)?;
    } else {
        print(&found, page)?;
    }
    Ok(if broken { Outcome::Partial } else { Outcome::Whole })
}

/// One instance; `None` if it went away while we looked.
fn look(root: &Path, name: String) -> Option<Summary> {
    match Opened::open(root, &name) {
        Ok(opened) => Some(summary(&opened)),
        Err(LookError::NoInstance { .. }) => None,
        Err(error) => Some(Summary {
            bytes: bytes_below(&root.join(format!("{}{name}", shm::paths::DIR_PREFIX))),
            name,
            state: State::Damaged,
            pid: 0,
            generation: 0,
            producers: Vec::new(),
            seats: 0,
            seats_used: 0,
            created_ns: 0,
            age_ns: 0,
            heartbeat_age_ns: None,
            error: Some(error.to_string()),
        }),
    }
}

/// What is said of an instance.
pub fn summary(opened: &Opened) -> Summary {
    let header = opened.region().header();
    let (lanes, error) = match opened.lanes() {
        Ok(lanes) => (lanes, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let rings = lanes.iter().flat_map(|lane| (0..lane.info.seats).map(|seat| lane.ring(seat)));
    Summary {
        name: opened.name.clone(),
        state: opened.state(),
        pid: header.owner_pid,
        generation: header.generation,
        seats: lanes.iter().map(|lane| lane.info.seats).sum(),
        // What is wrong with a ring is said by its instance's own report.
        seats_used: rings.filter(|ring| ring.as_ref().is_ok_and(is_used)).count(),
        producers: lanes.into_iter().map(|lane| lane.info.name).collect(),
        bytes: bytes_below(&opened.dir),
        created_ns: header.created_ns,
        age_ns: utc_ns().saturating_sub(header.created_ns),
        heartbeat_age_ns: opened.beat_age_ns(),
        error,
    }
}

/// Bytes of the files in a directory and in those below it; links are not followed.
fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let size_of = |entry: std::fs::DirEntry| {
        let Ok(meta) = entry.metadata() else { return 0 };
        let is_producer = meta.is_dir();
        if is_producer { bytes_of_files(&entry.path()) } else { meta.size() }
    };
    entries.filter_map(Result::ok).map(size_of).sum()
}

fn bytes_of_files(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let files = entries.filter_map(Result::ok).filter_map(|entry| entry.metadata().ok());
    files.filter(std::fs::Metadata::is_file).map(|meta| meta.size()).sum()
}

impl Summary {
    fn cells(&self) -> [Cell; 8] {
        [
            Cell::text(&self.name).paint(Paint::Bold),
            Cell::text(self.state.name()).paint(self.state.paint()),
            Cell::number(self.pid),
            Cell::number(self.generation),
            Cell::text(self.producers.join(",")),
            Cell::number(format!("{}/{}", self.seats_used, self.seats)),
            Cell::number(size(self.bytes)),
            Cell::number(span(self.age_ns)),
        ]
    }
}

fn print<W: Write>(found: &[Summary], page: &mut Page<W>) -> Result<(), DumpError> {
    let head = ["name", "state", "pid", "generation", "producers", "seats used", "size", "age"];
    let mut table = Table::new(&head);
    found.iter().for_each(|summary| table.row(summary.cells()));
    page.table(&table)?;
    for summary in found {
        if let Some(error) = &summary.error {
            page.line(&format!("  {}: {error}", summary.name), Paint::Bad)?;
        }
    }
    Ok(())
}
