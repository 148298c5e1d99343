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
    name: "l2",
    about: "price-level books on recorded depth streams",
    run: crate::l2::run,
}];
