//! Becoming the owner of an instance, against rivals, the dead, and readers that come half-way.
//!
//! The steps are told in [`crate::instance`]; this is the first half, up to a new `instance` file
//! at its path, locked by this process and in life `initialising`.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::generation::{MAX_GENERATION, Observed, next_after};
use crate::header::{Expect, RegionKind};
use crate::listing::LIST_LINES;
use crate::liveness::{FileLock, is_same_process, is_write_locked, monotonic_ns};
use crate::mapping::{Access, Ownership, free_bytes, open_file};
use crate::paths::{self, DATA_MODE, DIR_MODE, INSTANCE_FILE};
use crate::region::{Owner, Region, RegionSpec, utc_ns};
use crate::spec::InstanceSpec;

/// How long a starter waits for an owner that is just ending or just beginning.
const PATIENCE: Duration = Duration::from_millis(80);
const NAP: Duration = Duration::from_millis(2);

/// Makes a directory, or accepts one of our own, with our mode and group.
pub(crate) fn make_dir(dir: &Path, gid: Option<u32>) -> Result<()> {
    match std::fs::DirBuilder::new().mode(DIR_MODE).create(dir) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        Err(e) if e.raw_os_error() == Some(libc::ENOSPC) => {
            let free = free_bytes(dir);
            return Err(Error::NoSpace { path: dir.to_path_buf(), needed: 0, free });
        }
        Err(e) => return Err(Error::io("create directory", dir, e)),
    }
    let meta = std::fs::symlink_metadata(dir).map_err(|e| Error::io("stat", dir, e))?;
    if !meta.is_dir() {
        return Err(Error::NotRegular { path: dir.to_path_buf() });
    }
    // SAFETY: takes no argument, cannot fail.
    let wanted = unsafe { libc::geteuid() };
    if meta.uid() != wanted {
        return Err(Error::ForeignDirectory { path: dir.to_path_buf(), owner: meta.uid(), wanted });
    }
    if gid.is_some() {
        std::os::unix::fs::lchown(dir, None, gid).map_err(|e| Error::io("change group", dir, e))?;
    }
    std::fs::set_permissions(dir, PermissionsExt::from_mode(DIR_MODE))
        .map_err(|e| Error::io("change mode", dir, e))
}

/// What stands at the path of the `instance` file.
enum Found {
    /// Nothing, or something that vanished meanwhile: look again.
    Nothing,
    /// A dead generation, now locked by us.
    Dead(FileLock, u64),
    /// A living owner.
    Living(u32),
    /// Locked, but the process in the header is gone: somebody is taking over, or a foreign pid
    /// namespace.
    Changing(u32),
}

/// Becomes the owner: the new `instance` region in life `initialising`, and its lock.
pub(crate) fn claim(dir: &Path, spec: &InstanceSpec<'_>) -> Result<(Region, FileLock)> {
    let begun = Instant::now();
    loop {
        make_dir(dir, spec.gid)?;
        let (previous, generation) = match examine(dir)? {
            Found::Nothing => (None, fresh_generation()),
            Found::Dead(lock, generation) => (Some(lock), next_after(Observed::Closed(generation))),
            Found::Living(pid) => {
                return Err(Error::AlreadyRunning { path: dir.to_path_buf(), pid });
            }
            Found::Changing(pid) => {
                if begun.elapsed() > PATIENCE {
                    return Err(Error::AlreadyRunning { path: dir.to_path_buf(), pid });
                }
                std::thread::sleep(NAP);
                continue;
            }
        };
        if let Some(claimed) = publish(dir, spec, previous.is_some(), generation)? {
            return Ok(claimed);
        }
        if begun.elapsed() > PATIENCE {
            return Err(Error::AlreadyRunning { path: dir.to_path_buf(), pid: 0 });
        }
    }
}

/// A number for a generation that follows nothing.
fn fresh_generation() -> u64 {
    (utc_ns() / 1_000).clamp(1, MAX_GENERATION)
}

/// Is this still the file that the path leads to?
pub(crate) fn is_current(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn examine(dir: &Path) -> Result<Found> {
    let path = dir.join(INSTANCE_FILE);
    let file = match open_file(&path, Access::ReadWrite) {
        Ok(file) => file,
        Err(error) if error.is_missing() => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    let taken = FileLock::try_take(file).map_err(|e| Error::io("lock", &path, e))?;
    match taken {
        Ok(lock) if !is_current(lock.file(), &path) => Ok(Found::Nothing),
        Ok(lock) => {
            let old = Region::open(&path, Access::ReadWrite, &Expect::INSTANCE);
            let generation = match &old {
                Ok(old) => {
                    old.set_successor(std::process::id());
                    old.set_closed();
                    old.header().generation
                }
                // What cannot be read is replaced; its number is lost with it.
                Err(_) => fresh_generation(),
            };
            Ok(Found::Dead(lock, generation))
        }
        Err(_) => {
            let Ok(old) = Region::open(&path, Access::ReadOnly, &Expect::INSTANCE) else {
                return Ok(Found::Changing(0));
            };
            let header = old.header();
            if is_same_process(header.owner_pid, header.owner_start) {
                return Ok(Found::Living(header.owner_pid));
            }
            let successor = old.successor();
            Ok(Found::Changing(if successor == 0 { header.owner_pid } else { successor }))
        }
    }
}

/// Prepares the new `instance` file and gives it its name. `None` if somebody was faster.
fn publish(
    dir: &Path,
    spec: &InstanceSpec<'_>,
    replace: bool,
    generation: u64,
) -> Result<Option<(Region, FileLock)>> {
    // A name of this attempt alone: other threads of this process may be at it too.
    let prepared = dir.join(paths::prepared_file(std::process::id(), monotonic_ns()));
    let path = dir.join(INSTANCE_FILE);
    let region = RegionSpec {
        kind: RegionKind::Instance,
        name: &spec.name,
        layout: spec.layout,
        generation,
        owner: Owner::this_process(),
        params: [spec.producers.len() as u64, 0, 0, 0],
        body_lines: LIST_LINES,
    };
    let owner = Ownership { mode: DATA_MODE, gid: spec.gid };
    let region = match Region::create(&prepared, &region, owner) {
        Ok(region) => region,
        // The directory was removed by an owner that ended meanwhile.
        Err(Error::Io { source, .. }) if was_faster(&source) => return Ok(None),
        Err(error) => return Err(error),
    };
    let named = lock_prepared(&prepared).and_then(|lock| {
        let done = rename(&prepared, &path, replace).map_err(|e| Error::io("rename", &path, e));
        done.map(|()| lock)
    });
    match named {
        Ok(lock) => Ok(Some((region.renamed(&path), lock))),
        Err(error) => {
            // Best effort; the next generation removes prepared files too.
            let _ = std::fs::remove_file(&prepared);
            match error {
                Error::Io { source, .. } if was_faster(&source) => Ok(None),
                other => Err(other),
            }
        }
    }
}

/// Somebody else made or removed the path meanwhile: look again.
fn was_faster(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound)
}

/// Locks through a descriptor of its own: a mapped one would keep the lock while mapped.
fn lock_prepared(path: &Path) -> Result<FileLock> {
    let file = open_file(path, Access::ReadWrite)?;
    match FileLock::try_take(file).map_err(|e| Error::io("lock", path, e))? {
        Ok(lock) => Ok(lock),
        Err(_) => {
            let source = io::Error::from(io::ErrorKind::AlreadyExists);
            Err(Error::io("lock", path, source))
        }
    }
}

/// Renames; onto an existing name only if told so.
fn rename(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    let from = CString::new(from.as_os_str().as_bytes())?;
    let to = CString::new(to.as_os_str().as_bytes())?;
    let flags = if replace { 0 } else { libc::RENAME_NOREPLACE };
    let here = libc::AT_FDCWD;
    // SAFETY: both names are NUL-terminated and live through the call.
    match unsafe { libc::renameat2(here, from.as_ptr(), here, to.as_ptr(), flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Does the owner of the instance file at `path` live?
///
/// # Errors
/// [`Error::Io`] where the file cannot be opened or tested.
pub(crate) fn is_owned(path: &Path) -> Result<bool> {
    let file = open_file(path, Access::ReadOnly)?;
    is_write_locked(&file).map_err(|e| Error::io("test lock", path, e))
}
