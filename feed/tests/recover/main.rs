//! A lane that repairs its books, beside the feed written naively.
//!
//! ```text
//! venue.rs    what the venue sends, and its servers     ear.rs      a consumer in process
//! rig.rs      one session with its faults, checked at every step
//! random.rs   many of them                              cases.rs    one mechanism at a time
//! ```

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod ear;
mod random;
mod rig;
mod venue;
