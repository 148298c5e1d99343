//! Shared-memory rings, seats, images, counters, gap ledger, attach and generations. Knows nothing of markets.

pub mod claim;
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
