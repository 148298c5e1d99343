//! The list of comparisons, and of the processes that are their other ends.

use crate::harness::{Child, CompareError, Setting, Table};

/// One comparison.
pub struct Section {
    /// Name on the command line.
    pub name: &'static str,
    /// What it compares, in one line.
    pub about: &'static str,
    /// Runs it.
    pub run: fn(&Setting) -> Result<Vec<Table>, CompareError>,
}

/// All comparisons, in the order in which they run.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "floor",
        about: "cache-line ping-pong between the two cores",
        run: crate::floor::run,
    },
    Section {
        name: "ring",
        about: "one record to and fro, one per microsecond, single and batched throughput",
        run: crate::ring::run,
    },
    Section {
        name: "fanout",
        about: "seats: each further consumer, nobody, a stopped one, a join while records flow",
        run: crate::fanout::run,
    },
    Section {
        name: "l3",
        about: "decode and order by order books, a whole market",
        run: crate::l3::run,
    },
    Section {
        name: "l2",
        about: "price-level books on recorded depth streams",
        run: crate::l2::run,
    },
    Section {
        name: "lane",
        about: "packet to record in a consumer's process, beside decode + book alone",
        run: crate::lane::run,
    },
];

/// What `compare --child NAME` can be.
pub const CHILDREN: &[Child] =
    &[crate::harness::run::CHILD, crate::floor::CHILD, crate::lane::CHILD];

/// Sections that fork. Their heap is not fetched beforehand: a fork makes all that is there
/// shared, and the first write to each page afterwards copies it.
pub const FORKING: &[&str] = &["fanout", "lane", "ring"];
