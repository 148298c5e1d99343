//! Shared-memory rings, seats, images, counters, gap ledger, attach and generations. Knows nothing of markets.

// Files, processes and the tables in them. Whatever maps or locks is left out of the models.
#[cfg(not(loom))]
pub mod attach;
#[cfg(not(loom))]
pub mod clean;
pub mod clock_page;
#[cfg(not(loom))]
pub mod counter_reader;
#[cfg(not(loom))]
pub mod counters;
#[cfg(not(loom))]
pub mod error;
pub mod errors;
#[cfg(not(loom))]
pub mod header;
pub mod histogram;
pub mod images;
#[cfg(not(loom))]
pub mod instance;
pub mod instruments;
#[cfg(not(loom))]
pub mod inventory;
#[cfg(not(loom))]
pub mod keeper;
#[cfg(not(loom))]
pub mod layout;
pub mod ledger;
#[cfg(not(loom))]
pub mod listing;
#[cfg(not(loom))]
pub mod liveness;
#[cfg(not(loom))]
pub mod mapping;
#[cfg(not(loom))]
pub mod paths;
#[cfg(not(loom))]
pub mod producer_view;
#[cfg(not(loom))]
pub mod region;
pub mod row_error;
#[cfg(not(loom))]
pub mod sigbus;
#[cfg(not(loom))]
pub mod spec;
#[cfg(not(loom))]
mod takeover;
#[cfg(not(loom))]
pub mod watch;

// The lock-free algorithms, which the models check.
pub mod claim;
pub mod fanout;
pub mod follow;
pub mod generation;
pub mod lines;
pub mod order;
pub mod ring;
pub mod seat;
pub mod seqlock;
pub mod slot;
pub mod sync;
pub mod tail;
