//! The only door to atomics in this crate: std's, or loom's when the model checker runs.
//!
//! `clippy.toml` of this crate bans `std::sync::atomic` everywhere else, so that no ordering
//! escapes the models in `tests/loom_*.rs`. The ban also sees through re-exports, hence a type of
//! our own around the word; it has what the algorithms use and no more.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(not(loom))]
use std::sync::atomic as backend;

#[cfg(loom)]
use loom::sync::atomic as backend;

pub use backend::Ordering;

/// A 64-bit word that threads and processes share. In a normal build it has the layout of `u64`.
#[cfg_attr(not(loom), repr(transparent))]
pub struct AtomicU64(backend::AtomicU64);

impl AtomicU64 {
    /// A word that holds `value`.
    #[inline(always)]
    #[track_caller]
    pub fn new(value: u64) -> Self {
        AtomicU64(backend::AtomicU64::new(value))
    }

    /// The value.
    #[inline(always)]
    #[track_caller]
    pub fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }

    /// Replaces the value.
    #[inline(always)]
    #[track_caller]
    pub fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }

    /// Adds and returns the value before; wraps.
    #[inline(always)]
    #[track_caller]
    pub fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.0.fetch_add(value, order)
    }

    /// Sets bits and returns the value before.
    #[inline(always)]
    #[track_caller]
    pub fn fetch_or(&self, bits: u64, order: Ordering) -> u64 {
        self.0.fetch_or(bits, order)
    }

    /// Keeps only `bits` and returns the value before.
    #[inline(always)]
    #[track_caller]
    pub fn fetch_and(&self, bits: u64, order: Ordering) -> u64 {
        self.0.fetch_and(bits, order)
    }

    /// Replaces `current` by `new`; never fails spuriously.
    ///
    /// # Errors
    /// The value found, where it was not `current`.
    #[inline(always)]
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0.compare_exchange(current, new, success, failure)
    }
}

/// A fence between memory accesses of this thread.
#[inline(always)]
#[track_caller]
pub fn fence(order: Ordering) {
    backend::fence(order);
}

/// One turn of a bounded spin: loom must be told that another thread has to run.
#[inline(always)]
pub fn spin() {
    #[cfg(not(loom))]
    std::hint::spin_loop();
    #[cfg(loom)]
    loom::thread::yield_now();
}

/// One turn of an unbounded wait, outside of every live hot path: lets other threads run.
pub fn pause() {
    #[cfg(not(loom))]
    std::thread::yield_now();
    #[cfg(loom)]
    loom::thread::yield_now();
}
