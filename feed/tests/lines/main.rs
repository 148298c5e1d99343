//! Lines: which copy is taken, when a hole is a gap, which line is up.
//!
//! ```text
//! rules.rs   each rule of the state machine      twin.rs    against maps of single numbers
//! lane.rs    the same through a lane             chaos.rs   two hundred bad networks
//! measure.rs counters and histograms
//! ```

#[path = "../common/mod.rs"]
mod common;

mod chaos;
mod lane;
mod measure;
mod rules;
mod twin;
