//! What a market was: what was sent and lost on each line, and what the servers did.

use std::path::PathBuf;

use serde::Serialize;

use super::retransmit::RetransmitReport;
use super::snapshots::SnapshotReport;
use crate::venue_sim::play::report::Report;

/// The whole session.
#[derive(Clone, Debug, Serialize)]
pub struct MarketReport {
    /// What was sent.
    #[serde(flatten)]
    pub sent: Report,
    /// Symbols.
    pub symbols: u16,
    /// Displayed orders that rested at the end.
    pub live_orders: u64,
    /// The file of true books.
    pub books: Option<PathBuf>,
    /// The re-request servers.
    pub retransmit: Vec<RetransmitReport>,
    /// The snapshot servers.
    pub glimpse: Vec<SnapshotReport>,
}

impl MarketReport {
    /// Whether every packet of every line and every request and login is accounted for.
    #[must_use]
    pub fn balances(&self) -> bool {
        let lines = self.sent.lines.iter().all(|line| {
            let counts = line.counts;
            let lost = counts.dropped + counts.stopped;
            counts.packets + counts.duplicated == line.datagrams_sent + lost
        });
        let requests = self.retransmit.iter().all(|server| server.counts.balances());
        let logins = self.glimpse.iter().all(|server| server.counts.balances());
        lines && requests && logins
    }

    /// The summary for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.sent.text();
        text += &format!("\n{} symbols, {} orders rest at the end", self.symbols, self.live_orders);
        for server in &self.retransmit {
            let counts = &server.counts;
            text += &format!(
                "\nre-requests at {}: {} requests for {} messages, {} answered with {} messages \
                 in {} packets, {} without an answer",
                server.address,
                counts.requests,
                counts.asked,
                counts.answered,
                counts.messages,
                counts.packets,
                counts.requests - counts.answered,
            );
        }
        for server in &self.glimpse {
            let counts = &server.counts;
            text += &format!(
                "\nsnapshots at {}: {} connections, {} snapshots begun, {} complete, {} bytes",
                server.address, counts.connections, counts.begun, counts.complete, counts.bytes,
            );
        }
        if !self.balances() {
            text += "\nnote: these counts do not add up; this is a defect, please report it";
        }
        text
    }
}
