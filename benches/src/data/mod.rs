//! What the comparisons play: recordings, and days generated once and kept.
//!
//! All ITCH comes as one `Vec<u8>` of records, a big-endian `u16` length before each message, as in
//! the venue's own files. Generated days are files in [`Setting::cache`] whose names say what they
//! are, so that a changed generator never finds an old day.
//!
//! ```text
//! itch.rs      the recorded slice, its clones, the generated day and its beginning
//! cache.rs     made once, renamed when whole
//! messages.rs  the messages of raw ITCH one by one
//! depth.rs     Binance depth diffs as price levels
//! ```

mod cache;
mod depth;
mod itch;
mod messages;

pub use depth::{Depth, LevelUpdate, Symbol, depth};
pub use itch::{aapl, clones, day, gen3m};
pub use messages::{Messages, messages};

use crate::harness::{CompareError, Setting};

/// A recording, by its path below the folder of the recordings; without that folder a section that
/// needs it is left out.
fn recording(setting: &Setting, path: &str) -> Result<Vec<u8>, CompareError> {
    let whole = setting.data_dir()?.join(path);
    std::fs::read(&whole)
        .map_err(|error| CompareError::Data { path: whole.display().to_string(), error })
}
