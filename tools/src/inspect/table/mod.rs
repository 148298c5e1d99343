//! Tables of an instance that several tools show, one file each: its rows as data, how they are
//! read, how they are shown. JSON is the rows as they are; text is for people.

pub mod errors;
pub mod gaps;
pub mod seats;

/// How much of a table is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What fits between the other tables: sums and the newest rows.
    Brief,
    /// Everything.
    Full,
}
