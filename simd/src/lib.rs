//! Kernels dispatched at run time and prefetch, each with a scalar twin.
//!
//! The product is built for plain x86-64 and must still use what the processor at hand offers. So
//! an [`Isa`] is detected once and kept, its kernels exist in a plain form, which defines them, and
//! for AVX2 and AVX-512, and tests hold every form against a plain `Vec`.
//! Unsafe code is allowed in this crate only so that its callers can forbid it.

mod isa;
mod line;
mod prefetch;
mod sorted;

pub use isa::Isa;
pub use line::{LINE_HEAD, LINE_LANES, Line};
pub use prefetch::{prefetch_index, prefetch_near, prefetch_read};
pub use sorted::LANES;
