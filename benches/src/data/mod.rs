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
//! packets.rs   raw ITCH in MoldUDP64 packets
//! depth.rs     Binance depth diffs as price levels
//! ```

mod cache;
mod depth;
mod itch;
mod messages;
mod packets;

pub use depth::{Depth, LevelUpdate, Symbol, depth};
pub use itch::{aapl, clones, day, gen3m};
pub use messages::{Messages, messages};
pub use packets::{Packets, packets};

use crate::harness::{CompareError, Setting};

/// A recording, by its path below the folder of the recordings.
fn recording(setting: &Setting, path: &str) -> Result<Vec<u8>, CompareError> {
    let whole = match &setting.data {
        Some(folder) => folder.join(path),
        None => {
            return Err(CompareError::Data {
                path: path.to_owned(),
                error: std::io::ErrorKind::NotFound.into(),
            });
        }
    };
    std::fs::read(&whole)
        .map_err(|error| CompareError::Data { path: whole.display().to_string(), error })
}
