//! Which of the readers a file needs, by its first bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use protocol::capture::{FileType, detect};

use super::super::error::PlayError;
use super::capture::Captured;
use super::itch::Itch;
use super::window::Window;
use super::{InputCounts, Message};

/// Enough to tell every kind of file.
const PEEK: u64 = 4;

/// How far reading is, in bytes of the files as they lie on disk.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: u64,
}

impl Progress {
    /// Bytes that were read, and bytes in all.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        // A number for the eye; nothing is published by it.
        (self.read.load(Ordering::Relaxed), self.total)
    }

    /// Counts the size of a file.
    pub(super) fn add_total(&mut self, path: &Path) -> Result<(), PlayError> {
        let data = std::fs::metadata(path).map_err(PlayError::io(path, "read"))?;
        self.total = self.total.saturating_add(data.len());
        Ok(())
    }
}

/// A file whose reads are counted.
struct Counted(File, Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        // Partner: `Progress::position`; see there.
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// An open file.
#[derive(Debug)]
pub(super) enum Contents {
    /// Messages with their lengths.
    Itch(Itch),
    /// pcap or pcapng.
    Capture(Captured),
}

impl Contents {
    /// Whether the file says of itself that it was generated.
    pub(super) fn is_simulated(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let marked = match self {
            Contents::Itch(itch) => itch.is_simulated(),
            Contents::Capture(capture) => capture.is_simulated(),
        };
        name.contains("SIM") || marked
    }

    /// The next message; `false` at the end of the file.
    pub(super) fn next(
        &mut self,
        path: &Path,
        message: &mut Message,
        counts: &mut InputCounts,
    ) -> Result<bool, PlayError> {
        match self {
            Contents::Itch(itch) => itch.next(path, message, counts),
            Contents::Capture(capture) => capture.next(path, message, counts),
        }
    }
}

/// Opens a file and reads its beginning.
pub(super) fn open(path: &Path, progress: &Progress) -> Result<Contents, PlayError> {
    let fail = PlayError::io(path, "read");
    let mut start = Vec::new();
    let file = File::open(path).map_err(&fail)?;
    file.take(PEEK).read_to_end(&mut start).map_err(&fail)?;
    let counted = Counted(File::open(path).map_err(&fail)?, Arc::clone(&progress.read));
    let gzip = detect(&start) == FileType::Gzip;
    let (from, action): (Box<dyn Read>, _) = if gzip {
        (Box::new(MultiGzDecoder::new(counted)), "decompress")
    } else {
        (Box::new(counted), "read")
    };
    let mut plain = Window::new(from);
    plain.fill(start.len()).map_err(PlayError::io(path, action))?;
    match detect(plain.bytes()) {
        FileType::Pcap | FileType::PcapNg => Captured::open(path, plain).map(Contents::Capture),
        FileType::Zstd => Err(PlayError::NotPlayable {
            path: path.to_owned(),
            what: "it is compressed with Zstandard; decompress it first, with zstd -d".into(),
        }),
        FileType::Gzip => Err(PlayError::NotPlayable {
            path: path.to_owned(),
            what: "it is gzip within gzip; decompress it first, with gunzip".into(),
        }),
        FileType::Unknown => Itch::open(path, plain).map(Contents::Itch),
    }
}
