//! Looking at instances without disturbing them: what `shm-dump`, `latency-report` and
//! `hotlane-top` share.
//!
//! Every file is mapped read-only, no lock and no seat is taken, and an instance may be in any
//! state when it is looked at.
//!
//! ```text
//! open.rs    an instance in any state     state.rs   alive, stalled, dead, ...
//! error.rs   why it cannot be looked at   root.rs    where instances live
//! table/     seats, gaps, errors          page.rs    columns, colours, JSON
//! words.rs   times, spans, sizes, text    nature.rs  live or not
//! spread.rs  a histogram in numbers       line_name.rs  names of counters per line
//! ```

pub mod error;
pub mod line_name;
pub mod nature;
pub mod open;
pub mod page;
pub mod root;
pub mod spread;
pub mod state;
pub mod table;
pub mod words;

pub use error::LookError;
