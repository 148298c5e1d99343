//! Venues: their messages turned into records, and the rules of their sessions.

pub mod nasdaq;
