//! `hotlane run`, the built binary: from sockets to its summary, and every way not to start.

#[path = "../common/mod.rs"]
mod common;

mod errors;
mod lines;
mod recovery;
mod reload;
mod support;
