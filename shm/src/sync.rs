//! The only door to atomics in this crate: std's, or loom's when the model checker runs.
//!
//! `clippy.toml` of this crate bans `std::sync::atomic` everywhere else, so that no ordering
//! escapes the models in `tests/loom_*.rs`.

#[cfg(not(loom))]
#[allow(clippy::disallowed_types, clippy::disallowed_methods)]
mod inner {
    pub use std::sync::atomic::{AtomicU64, Ordering, fence};

    /// One turn of a bounded spin.
    #[inline(always)]
    pub fn spin() {
        std::hint::spin_loop();
    }
}

#[cfg(loom)]
mod inner {
    pub use loom::sync::atomic::{AtomicU64, Ordering, fence};

    /// One turn of a bounded spin: loom must be told that another thread has to run.
    pub fn spin() {
        loom::thread::yield_now();
    }
}

pub use inner::{AtomicU64, Ordering, fence, spin};
