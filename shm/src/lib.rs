//! Shared-memory rings, seats, images, counters, gap ledger, attach and generations. Knows nothing of markets.

pub mod lines;
pub mod sync;
