//! What was done: a few lines for people, JSON for programs.

use client::Client;
use serde_json::{Value, json};

use crate::engine::{Counts, Engine};

/// A lane of the last generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneReport {
    /// Name.
    pub name: String,
    /// Outputs, wanted by anybody or not.
    pub outputs: u64,
    /// Records handed to at least one seat.
    pub records: u64,
}

/// What the program did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Generations of the source that were followed.
    pub generations: u64,
    /// What was counted.
    pub counts: Counts,
    /// Lanes of the last generation.
    pub lanes: Vec<LaneReport>,
    /// Records and trades declared lost to our seats.
    pub lost: [u64; 2],
}

impl Report {
    /// Takes what was counted.
    pub fn take(&mut self, engine: &Engine, client: &Client) {
        self.counts = engine.totals();
        for lane in client.lanes() {
            let stats = lane.stats();
            self.lost[0] += stats.lost_records;
            self.lost[1] += stats.lost_trades;
        }
    }

    /// One object.
    pub fn json(&self) -> Value {
        let mut counts = serde_json::Map::new();
        let mut outputs = serde_json::Map::new();
        for (name, value) in self.counts.named() {
            match name.strip_prefix("out.") {
                Some(feature) => outputs.insert(feature.to_owned(), json!(value)),
                None => counts.insert(name, json!(value)),
            };
        }
        let lane =
            |l: &LaneReport| json!({"name": l.name, "outputs": l.outputs, "records": l.records});
        json!({
            "generations": self.generations,
            "counts": counts,
            "outputs": outputs,
            "lanes": self.lanes.iter().map(lane).collect::<Vec<_>>(),
            "lost_records": self.lost[0],
            "lost_trades": self.lost[1],
        })
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let counts = &self.counts;
        let mut out = format!(
            "{} records of {} instruments, {} generations of the source, {} outputs\n",
            counts.records,
            counts.instruments,
            self.generations,
            counts.outputs_total()
        );
        for (name, value) in counts.named().filter(|(_, value)| *value > 0) {
            out.push_str(&format!("  {name:<22} {value:>14}\n"));
        }
        if self.lost[0] > 0 {
            let [records, trades] = self.lost;
            out.push_str(&format!("  LOST to us: {records} records, {trades} trades\n"));
        }
        out
    }
}
