//! The list of comparisons, and of the processes that are their other ends.

use crate::harness::{Child, CompareError, Setting, Table};

/// What a section runs.
pub type Run = fn(&Setting) -> Result<Vec<Table>, CompareError>;

/// One comparison.
pub struct Section {
    /// Name on the command line.
    pub name: &'static str,
    /// What it compares, in one line.
    pub about: &'static str,
    /// Runs it.
    pub run: Run,
}

const fn section(name: &'static str, about: &'static str, run: Run) -> Section {
    Section { name, about, run }
}

/// All comparisons, in the order in which they run.
pub const SECTIONS: &[Section] = &[
    section("floor", "cache-line ping-pong between the two cores", crate::floor::run),
    section("ring", "a record to and fro, one a microsecond, throughput", crate::ring::run),
    section("fanout", "each further seat, none, a stopped one, a join", crate::fanout::run),
    section("decode", "ITCH decode of every book field; framing alone", crate::decode::run),
    section("l3", "decode and order by order books, a whole market", crate::l3::run),
    section("l2", "price-level books on recorded depth streams", crate::l2::run),
    section("lane", "packet to record in a consumer's process", crate::lane::run),
    section("scale", "memory and time by the number of instruments", crate::scale::run),
    section("latency", "one message at a time, beside the host's jitter", crate::latency::run),
];

/// What `compare --child NAME` can be.
pub const CHILDREN: &[Child] =
    &[crate::harness::run::CHILD, crate::floor::CHILD, crate::lane::CHILD];

/// Sections that fork. Their heap is not fetched beforehand: a fork makes all that is there
/// shared, and the first write to each page afterwards copies it.
pub const FORKING: &[&str] = &["fanout", "ring"];
