//! What goes wrong on a line, as a text: `drop=every:7,delay=200,stop=2.0:1.0`.
//!
//! | part | what happens |
//! |--|--|
//! | `drop=every:N[:FIRST]` | every N-th packet is lost, from packet FIRST on (N if not given) |
//! | `drop=P` | each packet is lost with this probability, `0.01` or `1%` |
//! | `drop=seqs:A-B+C` | packets that hold one of these message numbers are lost |
//! | `drop=packets:A-B+C` | these packets of the line are lost, counted from 1 |
//! | `burst=P:MAX` | with this probability a burst of 1 to MAX packets is lost from here on |
//! | `duplicate=P` | the packet is sent twice |
//! | `reorder=P[:DEPTH]` | the packet is sent after 1 to DEPTH packets that follow it (4) |
//! | `corrupt=P` | one byte of one message is another; the packet stays well-formed |
//! | `delay=US` | the whole line is late by so many microseconds |
//! | `jitter=US` | each packet is late by 0 to so many microseconds more, in order all the same |
//! | `stop=FROM:FOR` | silence for FOR seconds, FROM seconds after the first message |
//!
//! Parts are separated by commas; `drop` and `stop` may be given several times. Chances are drawn
//! for every packet, whether or not another part has taken it, each part from its own seeded
//! sequence: adding a fault changes none of the others.

mod line;
mod parse;

pub use line::{Datagram, Fate, Faulty, LineCounts, REORDER_HOLD_NS};

/// A probability, as so many of 2^32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    const ONE: f64 = 4_294_967_296.0;

    /// The nearest chance to a probability from 0 to 1.
    #[must_use]
    pub fn of(probability: f64) -> Self {
        Self((probability.clamp(0.0, 1.0) * Self::ONE) as u64)
    }

    /// Whether these random bits hit it.
    const fn hits(self, bits: u64) -> bool {
        (bits >> 32) < self.0
    }
}

/// Which packets are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Every `period`-th, from packet `first` on, counted from 1.
    Every {
        /// From one lost packet to the next.
        period: u64,
        /// The first lost packet.
        first: u64,
    },
    /// Each with this chance.
    Random(Chance),
    /// Those that hold a message numbered within one of these, both ends included.
    Sequences(Vec<(u64, u64)>),
    /// Those counted within one of these, both ends included.
    Packets(Vec<(u64, u64)>),
}

/// Bursts of lost packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    /// The chance that one begins at a packet.
    pub chance: Chance,
    /// The longest, in packets.
    pub longest: u64,
}

/// Packets that are overtaken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reorder {
    /// The chance of each packet.
    pub chance: Chance,
    /// By how many packets at most.
    pub depth: u64,
}

/// All that goes wrong on a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Packets that are lost.
    pub losses: Vec<Loss>,
    /// Bursts of them.
    pub burst: Burst,
    /// Packets sent twice.
    pub duplicate: Chance,
    /// Packets that are overtaken.
    pub reorder: Reorder,
    /// Packets with another byte.
    pub corrupt: Chance,
    /// How late the whole line is, ns.
    pub delay_ns: u64,
    /// How much later still each packet may be, ns.
    pub jitter_ns: u64,
    /// Silences: from and up to, ns after the first message was due.
    pub stops: Vec<(u64, u64)>,
}
