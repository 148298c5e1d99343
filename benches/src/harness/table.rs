//! The result of one comparison.

use super::bar::{self, Bar, Want};
use super::contest::Series;
use super::memory::Spent;
use serde::{Deserialize, Serialize};

/// One contestant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    /// Name, with the version for a peer.
    pub name: String,
    /// Whether it is ours.
    pub ours: bool,
    /// Median over the rounds.
    #[serde(deserialize_with = "bar::number")]
    pub median: f64,
    /// Smallest round.
    #[serde(deserialize_with = "bar::number")]
    pub least: f64,
    /// Largest round.
    #[serde(deserialize_with = "bar::number")]
    pub most: f64,
    /// How many times as long as ours it takes: median of the ratios within a round. `None` where
    /// only the medians can be compared.
    pub ratio: Option<f64>,
    /// What was spent in measured time after the first round, where it was counted.
    pub spent: Option<Spent>,
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
            ratio: None,
            spent: series.spent,
            note: String::new(),
        }
    }
}

/// One comparison: contestants on one input, and bars.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Table {
    /// What was compared.
    pub title: String,
    /// Unit of the rows, such as `ns/message`.
    #[serde(deserialize_with = "bar::unit")]
    pub unit: bar::Unit,
    /// What was played, how much of it, and how it was run.
    pub input: String,
    /// The contestants.
    pub rows: Vec<Row>,
    /// What the ratios must be.
    pub bars: Vec<Bar>,
    /// What was seen besides: floor of the run, page faults, allocations.
    pub notes: Vec<String>,
}

impl Table {
    /// A table of a contest: rows with ratios to the first of ours, and, where the rounds of ours
    /// counted them, bars of no page fault and no allocation in measured time.
    pub fn of(title: impl Into<String>, unit: &'static str, series: &[Series]) -> Table {
        let title = title.into();
        let ours = series.iter().find(|one| one.ours);
        let rows = series.iter().map(|one| {
            let ratio = ours.map(|ours| ours.times_as_fast_as(one));
            Row { ratio, ..Row::from(one) }
        });
        let mut table = Table { unit, rows: rows.collect(), ..Table::default() };
        let spent = series.iter().filter(|one| one.ours).filter_map(|one| one.spent);
        if let Some(spent) = spent.reduce(Spent::and) {
            for (what, count) in
                [("page faults", spent.faults()), ("allocations", spent.allocations)]
            {
                table.bars.push(Bar {
                    what: format!("{title}: {what} of ours after set-up"),
                    figure: count as f64,
                    unit: "",
                    must: Some(Want::AtMost(0.0)),
                    aim: None,
                });
            }
        }
        table.title = title;
        table
    }

    /// The ratio of a row: the one measured within rounds, else that of the medians; `None` in a
    /// table that has nothing of ours.
    #[must_use]
    pub fn ratio(&self, row: &Row) -> Option<f64> {
        let ours = self.rows.iter().find(|row| row.ours)?;
        Some(row.ratio.unwrap_or(row.median / ours.median))
    }
}
