//! Kernels dispatched at run time and prefetch, each with a scalar twin.
//!
//! The product is built for plain x86-64 and must still use what the processor at hand offers, so
//! every kernel here exists at least twice: a scalar form that is the definition, and vector forms
//! chosen by what the processor reports. Tests compare all of them on random and edge input.
//! Unsafe code is allowed in this crate only so that its callers can forbid it.

mod prefetch;
mod rank;

pub use prefetch::{prefetch_index, prefetch_read};
pub use rank::{LANES, rank16, rank16_scalar};
