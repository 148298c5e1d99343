//! Seats and fan-out: what each further consumer costs the lane, what nobody wants costs, what a
//! consumer that has stopped costs, and what joining costs while records flow.

mod other;
mod publish;
mod stand;

use crate::harness::{CompareError, Row, Setting, Table, contest};
use publish::{Readers, Seats};

/// Seats of the rows.
const SEATS: [usize; 5] = [0, 1, 2, 4, 8];

/// Runs all of it.
///
/// # Errors
/// If memory, seats or a process cannot be made, or two answers differ.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let pinned = affinity::pin(setting.cores[0]);
    let pinned = pinned.map_err(|error| CompareError::failed("pin", error))?;
    let bursts = if setting.quick { 30 } else { 200 };
    let mut tables = Vec::new();
    for readers in [Readers::Process, Readers::After, Readers::Between] {
        let mut contestants: Vec<Box<dyn crate::harness::Contestant>> = Vec::new();
        for seats in SEATS {
            contestants.push(Box::new(Seats::new(seats, readers, bursts, setting.cores[1])));
        }
        let series = contest("fanout", setting.rounds, &mut contestants)?;
        let rows = series.iter().map(Row::from).collect();
        tables.push(Table { title: format!("{readers:?}"), unit: "ns/record", rows, ..Table::default() });
    }
    let restored = pinned.restore();
    restored.map_err(|error| CompareError::failed("unpin", error))?;
    Ok(tables)
}
