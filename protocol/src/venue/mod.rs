//! The venues' messages, one folder each.

pub mod nasdaq;
