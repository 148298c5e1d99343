//! What the publisher counts, and how others see it while it runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::net::send::{SendCounts, SendReject};

macro_rules! counts {
    ($( $(#[$doc:meta])* $name:ident )*) => {
        /// Counts since the start.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts { $( $(#[$doc])* pub $name: u64, )* }

        impl Counts {
            /// Number of counts.
            pub const LEN: usize = [$(stringify!($name)),*].len();

            /// Every count with its name.
            pub fn named(&self) -> [(&'static str, u64); Counts::LEN] {
                [$((stringify!($name), self.$name)),*]
            }
        }
    };
}

counts! {
    /// Records read from the lanes.
    records
    /// Datagrams handed to the socket, text lines included.
    datagrams
    /// Trades, each of them an item.
    trades
    /// Datagrams of books.
    books
    /// Sides of books that were said, on change or again.
    sides
    /// States of books and of trading.
    statuses
    /// Definitions.
    definitions
    /// Heartbeats.
    heartbeats
    /// Events of single orders, each of them an item.
    order_events
    /// Records sent as they are, each of them an item.
    raw_records
    /// Text lines.
    text_lines
    /// Book changes that a newer one replaced before they were sent.
    conflated
    /// What 10^-8 cannot hold: sent as records.
    unscaled
    /// Records that the publisher's own seats have lost.
    records_lost
    /// Trades among them.
    trades_lost
    /// Records of instruments without a usable name or row: not sent.
    unnamed
    /// Datagrams for which a batch had no room: not sent.
    no_room
    /// Rounds in which books waited because the publisher was behind.
    behind
    /// Rounds of definitions and books that took longer than five seconds.
    late_cycles
}

/// The counts as other threads see them.
#[derive(Debug)]
pub struct SharedCounts {
    values: [AtomicU64; Counts::LEN],
    refused: [AtomicU64; SendReject::ALL.len()],
    messages: AtomicU64,
    calls: AtomicU64,
}

impl Default for SharedCounts {
    fn default() -> Self {
        SharedCounts {
            values: [const { AtomicU64::new(0) }; Counts::LEN],
            refused: [const { AtomicU64::new(0) }; SendReject::ALL.len()],
            messages: AtomicU64::new(0),
            calls: AtomicU64::new(0),
        }
    }
}

impl SharedCounts {
    /// Shows the counts as they are now.
    pub fn store(&self, counts: &Counts, sent: &SendCounts) {
        // Relaxed, partner is `load`: numbers for people, no order among them.
        for (to, (_, value)) in self.values.iter().zip(counts.named()) {
            to.store(value, Ordering::Relaxed);
        }
        for (to, value) in self.refused.iter().zip(sent.refused) {
            to.store(value, Ordering::Relaxed);
        }
        self.messages.store(sent.messages, Ordering::Relaxed);
        self.calls.store(sent.calls, Ordering::Relaxed);
    }

    /// Every count by name; reasons of refused sends only where they occurred.
    pub fn load(&self) -> BTreeMap<&'static str, u64> {
        // Relaxed, partner is `store`.
        let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let names = Counts::default().named().map(|(name, _)| name);
        let mut all: BTreeMap<_, _> = names.into_iter().zip(self.values.iter().map(read)).collect();
        let refused = SendReject::ALL.into_iter().zip(&self.refused);
        all.extend(refused.map(|(r, n)| (r.name(), read(n))).filter(|(_, n)| *n > 0));
        all.insert("send_messages", read(&self.messages));
        all.insert("send_calls", read(&self.calls));
        all
    }
}

/// What a publisher did, for the summary of a run.
#[derive(Clone, Debug, Serialize)]
pub struct PublisherReport {
    /// Groups, interface, and how datagrams were sent.
    pub socket: String,
    /// How it ended.
    pub ended: &'static str,
    /// Counts by name.
    pub counts: BTreeMap<&'static str, u64>,
}

impl PublisherReport {
    /// The report as text for a terminal.
    pub fn to_text(&self) -> String {
        let counts = self.counts.iter().filter(|(_, n)| **n > 0);
        let counts: Vec<_> = counts.map(|(name, n)| format!("{name} {n}")).collect();
        format!("{} ({})\n  {}\n\n", self.socket, self.ended, counts.join(", "))
    }
}
