//! What is counted of repairs in the lane, and of recovery beside it.

use crate::recover::{RecoveryCounts, RepairCounts};

/// Values that the lane has of its own.
const REPAIR: usize = 15;

/// Name and unit of what the lane repaired, in the order of [`repaired`].
const REPAIR_NAMES: [(&str, &str); REPAIR] = [
    ("repair_fill_packets", "packets"),
    ("repair_filled", "messages"),
    ("repair_late", "messages"),
    ("repair_copies", "messages"),
    ("repair_fill_refused", "packets"),
    ("repair_late_trades", "trades"),
    ("repair_superseded", "messages"),
    ("repair_books_merged", "books"),
    ("repair_books_replaced", "books"),
    ("repair_contradictions", "books"),
    ("repair_evicted", "messages"),
    ("repair_executions_lost", "messages"),
    ("repair_snapshots_wanted", "snapshots"),
    ("repair_snapshots", "snapshots"),
    ("repair_snapshots_refused", "snapshots"),
];

fn repaired(counts: &RepairCounts) -> [u64; REPAIR] {
    // Every field by name: one that is added does not compile without a name here.
    let RepairCounts {
        fill_packets,
        filled,
        late,
        copies,
        fill_refused,
        late_trades,
        superseded,
        books_merged,
        books_replaced,
        contradictions,
        evicted,
        executions_lost,
        snapshots_wanted,
        snapshots,
        snapshots_refused,
    } = *counts;
    [
        fill_packets,
        filled,
        late,
        copies,
        fill_refused,
        late_trades,
        superseded,
        books_merged,
        books_replaced,
        contradictions,
        evicted,
        executions_lost,
        snapshots_wanted,
        snapshots,
        snapshots_refused,
    ]
}

/// Name, unit and value of each.
pub(super) fn named(
    repair: &RepairCounts,
    recovery: &[u64; RecoveryCounts::LEN],
) -> impl Iterator<Item = (&'static str, &'static str, u64)> + use<> {
    let names = REPAIR_NAMES.into_iter().chain(RecoveryCounts::names());
    let values = repaired(repair).into_iter().chain(*recovery);
    names.zip(values).map(|((name, unit), value)| (name, unit, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_has_a_name_of_its_own() {
        let all = named(&RepairCounts::default(), &[0; RecoveryCounts::LEN]);
        let mut names: Vec<_> = all.map(|(name, _, _)| name).collect();
        assert_eq!(names.len(), REPAIR + RecoveryCounts::LEN);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), REPAIR + RecoveryCounts::LEN);
    }
}
