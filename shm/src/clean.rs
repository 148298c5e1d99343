//! Removing what instances leave behind, and only that.
//!
//! Only files of names that an instance makes are removed, and only of instances without a living
//! owner; a stranger's file in the directory stays, and so the directory.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::paths;

/// A file or directory that was (or would be) removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Where it was.
    pub path: PathBuf,
    /// Its length, bytes; 0 for a directory.
    pub bytes: u64,
}

/// Names in a directory; none if it is missing.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list", dir, e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("list", dir, e))?;
        // A name that is not utf-8 is not ours.
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn bytes_of(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).map_or(0, |meta| meta.len())
}

/// Removes a file, or only says so. One that is gone already is not named.
pub(crate) fn remove(path: &Path, dry_run: bool, removed: &mut Vec<Removed>) -> Result<()> {
    let bytes = bytes_of(path);
    if !dry_run {
        match std::fs::remove_file(path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(Error::io("remove", path, e)),
        }
    }
    removed.push(Removed { path: path.to_path_buf(), bytes });
    Ok(())
}

/// Is this a directory itself, not a link to one?
pub(crate) fn is_real_dir(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Removes the producers' directories of an instance whose lock the caller holds.
pub(crate) fn remove_producers(dir: &Path) -> Result<Vec<Removed>> {
    let mut removed = Vec::new();
    sweep_producers(dir, false, &mut removed)?;
    Ok(removed)
}

/// The same, appended to `removed`; with `dry_run` only said.
pub(crate) fn sweep_producers(dir: &Path, dry_run: bool, removed: &mut Vec<Removed>) -> Result<()> {
    for name in names(dir)? {
        let path = dir.join(&name);
        if paths::check_name("producer", &name).is_err() || !is_real_dir(&path) {
            continue;
        }
        let files = names(&path)?;
        for file in files.iter().filter(|file| paths::is_producer_file(file)) {
            remove(&path.join(file), dry_run, removed)?;
        }
        if files.iter().all(|file| paths::is_producer_file(file)) {
            remove_dir(&path, dry_run, removed);
        }
    }
    Ok(())
}

/// Removes an empty directory; one that is not empty holds a stranger's file, and stays.
pub(crate) fn remove_dir(path: &Path, dry_run: bool, removed: &mut Vec<Removed>) {
    if dry_run || std::fs::remove_dir(path).is_ok() {
        removed.push(Removed { path: path.to_path_buf(), bytes: 0 });
    }
}

/// Removes prepared `instance` files whose makers did not live to name them. The caller holds the
/// lock of the instance; a prepared file that is locked belongs to a starter that is about to
/// find that out.
pub(crate) fn remove_prepared(dir: &Path) -> Result<Vec<Removed>> {
    let mut removed = Vec::new();
    for name in names(dir)?.iter().filter(|name| paths::is_prepared_file(name)) {
        let path = dir.join(name);
        if crate::takeover::is_owned(&path).is_ok_and(|owned| !owned) {
            remove(&path, false, &mut removed)?;
        }
    }
    Ok(removed)
}
