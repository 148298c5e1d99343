//! What a consumer counts about a lane.

use wire::payload::Lost;
use wire::{Kind, Record};

/// Kinds have numbers below this.
const KINDS: usize = 128;

/// Counts of one lane, over all generations.
#[derive(Clone, Debug)]
pub struct LaneStats {
    by_kind: [u64; KINDS],
    /// Records delivered.
    pub records: u64,
    /// Records of kinds that this version does not know. They are delivered all the same.
    pub unknown_kinds: u64,
    /// Records whose step is below the one before it. Never happens with a sound producer.
    pub out_of_order: u64,
    /// Records declared lost.
    pub lost_records: u64,
    /// Trades among them.
    pub lost_trades: u64,
    /// Step of the last record.
    pub last_sequence: u64,
    /// How often a seat became active.
    pub attaches: u64,
    /// Records given up by resync.
    pub skipped: u64,
}

impl Default for LaneStats {
    fn default() -> Self {
        LaneStats {
            by_kind: [0; KINDS],
            records: 0,
            unknown_kinds: 0,
            out_of_order: 0,
            lost_records: 0,
            lost_trades: 0,
            last_sequence: 0,
            attaches: 0,
            skipped: 0,
        }
    }
}

impl LaneStats {
    /// Records of a kind.
    pub fn of(&self, kind: Kind) -> u64 {
        self.by_kind.get(kind as usize).copied().unwrap_or(0)
    }

    #[inline(always)]
    pub(crate) fn note(&mut self, record: &Record) {
        self.records += 1;
        if let Some(count) = self.by_kind.get_mut(usize::from(record.kind)) {
            *count += 1;
        }
        self.out_of_order += u64::from(record.sequence < self.last_sequence);
        self.last_sequence = record.sequence;
        if record.kind == Kind::Lost as u8 {
            self.note_lost(record);
        }
    }

    #[cold]
    fn note_lost(&mut self, record: &Record) {
        if let Some(lost) = record.get::<Lost>() {
            self.lost_records = self.lost_records.saturating_add(lost.records);
            self.lost_trades = self.lost_trades.saturating_add(u64::from(lost.trades));
        }
    }

    /// A new epoch: the numbers of steps may begin again.
    pub(crate) fn attached(&mut self) {
        self.attaches += 1;
        self.last_sequence = 0;
    }

    /// Counts what the table of kinds does not name. Not kept per record: it is seldom asked for.
    pub(crate) fn finish(&mut self) {
        let known: u64 = Kind::ALL.iter().map(|kind| self.of(*kind)).sum();
        self.unknown_kinds = self.records - known.min(self.records);
    }
}
