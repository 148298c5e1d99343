//! A window of a file's bytes that slides forward: the I/O side of the sans-I/O readers.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::error::{FeedError, Result};

/// Bytes read at a time.
const CHUNK: usize = 4 << 20;
/// Bytes in the window before anything is asked: enough to tell what the file is.
const HEAD: usize = 64 << 10;
/// A gzip file begins with these.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file, decompressed if it is gzip, read through a sliding window.
pub struct Window {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    offset: u64,
    size: u64,
    compressed: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

/// Counts what is read from the file itself, for progress on compressed files.
struct Counting<R> {
    inner: R,
    count: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count.fetch_add(n as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(n)
    }
}

impl Window {
    /// Opens a file and reads its first bytes.
    ///
    /// # Errors
    /// If it cannot be opened or read.
    pub fn open(path: &Path) -> Result<Window> {
        let io = |source| FeedError::io(path, source);
        let file = File::open(path).map_err(io)?;
        let meta = file.metadata().map_err(io)?;
        if meta.is_dir() {
            return Err(io(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        let size = meta.len();
        let compressed = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let mut raw = Counting { inner: file, count: compressed.clone() };
        let mut head = Vec::with_capacity(2);
        (&mut raw).take(2).read_to_end(&mut head).map_err(io)?;
        let gzip = head == GZIP_MAGIC;
        let whole = std::io::Cursor::new(head).chain(raw);
        let reader: Box<dyn Read + Send> =
            if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        let mut window = Window {
            path: path.to_owned(),
            reader,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            at_end: false,
            offset: 0,
            size,
            compressed,
        };
        window.fill(HEAD)?;
        Ok(window)
    }

    /// The bytes not consumed yet that have been read.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether the file has no bytes beyond [`Window::bytes`].
    pub fn at_end(&self) -> bool {
        self.at_end
    }

    /// Drops `count` bytes from the front.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Offset of the window's first byte in the decompressed file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads until `wanted` bytes are in the window or the file ends.
    ///
    /// # Errors
    /// If the file cannot be read or its compression is damaged.
    pub fn fill(&mut self, wanted: usize) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if wanted > self.buffer.len() {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted.max(1) && !self.at_end {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(FeedError::io(&self.path, e)),
            }
        }
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the file on disk, and how many of them have been read.
    pub fn progress(&self) -> (u64, u64) {
        (self.compressed.load(std::sync::atomic::Ordering::Relaxed), self.size)
    }
}
