//! A recording through a lane: the same code as on a live core, from files.
//!
//! ```text
//! pace.rs       as fast as possible, as recorded, or N times as fast
//! records.rs    every record to a file           book_csv.rs   the first levels, row by row
//! outlet.rs     seats and files together         report.rs     what came out
//! run.rs        sets it all up and polls to the end
//! ```

pub mod book_csv;
pub mod outlet;
pub mod pace;
pub mod records;
pub mod report;
pub mod run;

pub use pace::Speed;
pub use report::Report;
pub use run::{ReplaySpec, replay};
