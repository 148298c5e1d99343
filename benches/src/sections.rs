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
    name: "fanout",
    about: "seats: each further consumer, nobody, a stopped one, a join while records flow",
    run: crate::fanout::run,
}];
