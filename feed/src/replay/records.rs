//! Every record of a run to a file: 64 bytes each, nothing else.
//!
//! Heartbeats and connection states are left out, because two runs over the same data need not
//! have the same ones. `hotlane diff` compares two such files.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use wire::Record;
use wire::record::RECORD_BYTES;
use zerocopy::IntoBytes;

use crate::error::{FeedError, Result};

/// Writes records. An error is kept and told at the end: the lane does not stop for a file.
pub struct RecordLog {
    path: PathBuf,
    file: BufWriter<File>,
    written: u64,
    error: Option<std::io::Error>,
}

impl RecordLog {
    /// Creates the file.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> Result<RecordLog> {
        let file = File::create(path).map_err(|e| FeedError::io(path, e))?;
        Ok(RecordLog {
            path: path.to_owned(),
            file: BufWriter::with_capacity(1 << 20, file),
            written: 0,
            error: None,
        })
    }

    /// A record.
    pub fn push(&mut self, record: &Record) {
        if record.is_comparable() && self.error.is_none() {
            self.error = self.file.write_all(record.as_bytes()).err();
            self.written += 1;
        }
    }

    /// Finishes the file; returns how many records it holds.
    ///
    /// # Errors
    /// The first error of any write.
    pub fn finish(mut self) -> Result<u64> {
        let done = match self.error.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        };
        done.map_err(|e| FeedError::io(&self.path, e))?;
        Ok(self.written)
    }
}

/// Reads a file of records.
///
/// # Errors
/// If it cannot be read or does not hold whole records.
pub fn read_records(path: &Path) -> Result<Vec<Record>> {
    let io = |e| FeedError::io(path, e);
    let mut file = std::io::BufReader::with_capacity(1 << 20, File::open(path).map_err(io)?);
    let mut records = Vec::new();
    let mut bytes = [0; RECORD_BYTES];
    loop {
        let mut got = 0;
        while got < RECORD_BYTES {
            match file.read(&mut bytes[got..]).map_err(io)? {
                0 => break,
                n => got += n,
            }
        }
        match got {
            0 => return Ok(records),
            RECORD_BYTES => records.push(Record::from_words(zerocopy::transmute!(bytes))),
            n => {
                return Err(FeedError::Capture {
                    path: path.to_owned(),
                    offset: records.len() as u64 * RECORD_BYTES as u64,
                    reason: format!("{n} bytes left over: records have {RECORD_BYTES}"),
                });
            }
        }
    }
}
