//! The result of one comparison.

use super::bar::Bar;
use super::contest::Series;
use serde::Serialize;

/// One contestant.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Name, with the version for a peer.
    pub name: String,
    /// Whether it is ours.
    pub ours: bool,
    /// Median over the rounds.
    pub median: f64,
    /// Smallest round.
    pub least: f64,
    /// Largest round.
    pub most: f64,
    /// What the reader must know about this row; often empty.
    pub note: String,
}

impl From<&Series> for Row {
    fn from(series: &Series) -> Row {
        let least = series.rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = series.rounds.iter().copied().fold(0.0, f64::max);
        Row {
            name: series.name.clone(),
            ours: series.ours,
            median: series.median(),
            least,
            most,
            note: String::new(),
        }
    }
}

/// One comparison: contestants on one input, and bars.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Table {
    /// What was compared.
    pub title: String,
    /// Unit of the rows, such as `ns/message`.
    pub unit: &'static str,
    /// What was played, how much of it, and how it was run.
    pub input: String,
    /// The contestants.
    pub rows: Vec<Row>,
    /// What the ratios must be.
    pub bars: Vec<Bar>,
    /// What was seen besides: floor of the run, page faults, allocations.
    pub notes: Vec<String>,
}
