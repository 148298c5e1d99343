//! A file in shared memory, mapped by whoever asks, as our rings are.

use crate::harness::CompareError;
use shm::mapping::{Access, MappedLines, Mapping, Ownership, create_file, open_file};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of whole lines.
#[derive(Clone, Debug)]
pub struct Region {
    path: PathBuf,
    bytes: u64,
}

/// Makes the file anew, with room for `lines` lines.
///
/// # Errors
/// Where the file system refuses.
pub fn region(folder: &Path, name: &str, lines: usize) -> Result<Region, CompareError> {
    let path = folder.join(name);
    let bytes = (lines as u64 * 64).next_multiple_of(shm::mapping::PAGE);
    // An earlier round's file; that there is none is no error.
    let _ = std::fs::remove_file(&path);
    create_file(&path, bytes, Ownership { mode: 0o600, gid: None })
        .map_err(|e| CompareError::failed("make a region", e))?;
    Ok(Region { path, bytes })
}

impl Region {
    /// Maps it, populated, for reading and writing.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn map(&self) -> Result<MappedLines, CompareError> {
        let open = open_file(&self.path, Access::ReadWrite);
        open.and_then(|file| Mapping::new(file, &self.path, self.bytes, Access::ReadWrite))
            .map(|mapping| MappedLines::new(Arc::new(mapping)))
            .map_err(|e| CompareError::failed("map a region", e))
    }
}
