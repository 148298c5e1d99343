//! Shared-memory rings, seats, images, counters, gap ledger, attach and generations. Knows nothing of markets.

pub mod generation;
pub mod lines;
pub mod order;
pub mod seqlock;
pub mod sync;
