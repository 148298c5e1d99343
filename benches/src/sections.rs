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
        name: "lane",
        about: "packet to record in a consumer's process, beside decode + book alone",
        run: crate::lane::run,
    },
];

/// What `compare --child NAME` can be.
pub const CHILDREN: &[Child] = &[crate::floor::CHILD, crate::lane::CHILD];
