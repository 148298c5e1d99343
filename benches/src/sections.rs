//! The list of comparisons.

use crate::harness::{CompareError, Setting, Table};

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
pub const SECTIONS: &[Section] = &[Section {
    name: "ring",
    about: "one record to and fro, one per microsecond, single and batched throughput",
    run: crate::ring::run,
}];
