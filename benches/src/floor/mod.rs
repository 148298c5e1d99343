//! The floor under every ring: how long a cache line takes to the other core and back.
//!
//! Two processes, each pinned, share one page. One writes a number into a line, the other sees it
//! and answers; nothing else happens, so no message between these two cores can be faster. A
//! hypervisor moves its virtual cores about, between a near and a far placement, within minutes:
//! figures of rings therefore mean something only beside a floor of the same moment
//! ([`Probe::measure`] before and after each round).
//!
//! ```text
//! page    what the two processes share
//! other   the process that answers
//! probe   the one that asks, and the clock
//! ```

pub mod other;
mod page;
pub mod probe;

pub use other::CHILD;
pub use page::Shape;
pub use probe::{Floor, Placement, Probe};

use crate::harness::{Bar, CompareError, Row, Series, Setting, Table};

/// The section: the floor over the time of a section, in both shapes.
///
/// # Errors
/// The other process cannot be started or does not answer.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let mut probe = Probe::start(setting.cores)?;
    let shapes =
        [(Shape::OneLine, "one line there and back"), (Shape::TwoLines, "a line each way")];
    let mut series = shapes.map(|(_, name)| Series::new(name, false));
    let mut placements = [0_usize; 2];
    for _ in 0..setting.rounds {
        for ((shape, _), series) in shapes.iter().zip(&mut series) {
            let floor = probe.measure_as(*shape)?;
            series.rounds.push(floor.rtt_ns);
            if *shape == Shape::OneLine {
                placements[usize::from(floor.placement() == Placement::Far)] += 1;
            }
        }
    }
    let [near, far] = placements;
    let bars = series
        .iter()
        .map(|one| Bar::reported(format!("{}, RTT", one.name), one.median(), "ns"))
        .collect();
    Ok(vec![Table {
        title: "Cache-line ping-pong between two processes".into(),
        unit: "ns/RTT",
        input: format!(
            "cores {} and {}, {} batches of {} exchanges a round",
            setting.cores[0],
            setting.cores[1],
            probe::BATCHES,
            probe::BATCH
        ),
        rows: series.iter().map(Row::from).collect(),
        bars,
        notes: vec![format!("placement: near in {near} probes, far in {far}")],
    }])
}
