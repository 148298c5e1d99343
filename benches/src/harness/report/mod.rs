//! The result of a run, for people, for programs and for the documentation.

pub mod figure;
pub mod json;
pub mod markdown;
pub mod text;

pub use figure::{figure, want};
