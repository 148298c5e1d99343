//! The tables of an instance, one file each: its rows as data, how they are read, how they are
//! shown. JSON is the rows as they are; text is for people.

pub mod clock;
pub mod counters;
pub mod errors;
pub mod gaps;
pub mod images;
pub mod instruments;
pub mod layout;
pub mod seats;
pub mod tail;

/// How much of a table is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What fits between the other tables: sums and the newest rows.
    Brief,
    /// Everything.
    Full,
}
