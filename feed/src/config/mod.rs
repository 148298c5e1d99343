//! Configuration.

pub mod publisher;
