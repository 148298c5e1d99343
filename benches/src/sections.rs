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
    name: "lane",
    about: "packet to record in a consumer's process, beside decode + book alone",
    run: crate::lane::run,
}];
