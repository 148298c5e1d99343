//! The tables that only this tool shows, one file each: its rows as data, how they are read, how
//! they are shown. JSON is the rows as they are; text is for people. The others are in
//! [`crate::inspect::table`].

pub mod clock;
pub mod counters;
pub mod images;
pub mod instruments;
pub mod layout;
pub mod tail;
