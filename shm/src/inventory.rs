//! What instances there are, and the removal of dead ones.
//!
//! `list` only reads. `clean` takes a dead instance's lock before it removes a file, so that it
//! cannot meet a starter that is taking the same instance over; the starter waits or refuses.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::clean::{Removed, is_real_dir, names, remove, remove_dir, sweep_producers};
use crate::error::{Error, Result};
use crate::generation::Observed;
use crate::header::Expect;
use crate::listing;
use crate::liveness::{FileLock, is_write_locked};
use crate::mapping::{Access, open_file};
use crate::paths::{self, DIR_PREFIX, INSTANCE_FILE};
use crate::region::Region;
use crate::takeover::is_current;

/// How old a directory without an `instance` file must be to count as left behind: a starter needs
/// microseconds between making the two.
const STARTING: Duration = Duration::from_secs(10);

/// How an instance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// Its owner is making it.
    Initialising,
    /// It runs.
    Ready,
    /// Its owner ended in order but its files are still there.
    Closed,
    /// Its owner died.
    Dead,
    /// Its `instance` file cannot be read, or there is none.
    Damaged,
}

impl InstanceState {
    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            InstanceState::Initialising => "initialising",
            InstanceState::Ready => "ready",
            InstanceState::Closed => "closed",
            InstanceState::Dead => "dead",
            InstanceState::Damaged => "damaged",
        }
    }
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceInfo {
    /// Name.
    pub name: String,
    /// Process id of the owner; 0 where it cannot be read.
    pub pid: u32,
    /// How it stands.
    pub state: InstanceState,
    /// Number of its generation; 0 where it cannot be read.
    pub generation: u64,
    /// When the generation was made, ns UTC; 0 where it cannot be read.
    pub created_ns: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Names of its producers.
    pub producers: Vec<String>,
}

/// Instances under `root`, in the order of their names.
///
/// # Errors
/// [`Error::Io`] where `root` cannot be listed; what is wrong with one instance is its state.
pub fn list(root: &Path) -> Result<Vec<InstanceInfo>> {
    Ok(instances(root)?.into_iter().map(|name| describe(root, name)).collect())
}

fn instances(root: &Path) -> Result<Vec<String>> {
    let names = names(root)?.into_iter().filter(|name| is_real_dir(&root.join(name)));
    let named = names.filter_map(|name| Some(name.strip_prefix(DIR_PREFIX)?.to_string()));
    Ok(named.filter(|name| paths::check_name("instance", name).is_ok()).collect())
}

fn describe(root: &Path, name: String) -> InstanceInfo {
    let dir = root.join(format!("{DIR_PREFIX}{name}"));
    let (pid, generation, created_ns) = (0, 0, 0);
    let (state, bytes, producers) = (InstanceState::Damaged, bytes_below(&dir), Vec::new());
    let mut info = InstanceInfo { name, pid, state, generation, created_ns, bytes, producers };
    let Ok(region) = open_instance(&dir.join(INSTANCE_FILE), Access::ReadOnly) else {
        return info;
    };
    let owned = is_write_locked(region.mapping().file()).unwrap_or(false);
    info.state = match region.observe() {
        Observed::Closed(_) => InstanceState::Closed,
        _ if !owned => InstanceState::Dead,
        Observed::Ready(_) => InstanceState::Ready,
        Observed::Initialising(_) | Observed::Absent => InstanceState::Initialising,
        Observed::Invalid(_) => InstanceState::Damaged,
    };
    let header = region.header();
    (info.pid, info.generation) = (header.owner_pid, header.generation);
    info.created_ns = header.created_ns;
    let producers = listing::read(region.body()).unwrap_or_default();
    info.producers = producers.into_iter().map(|producer| producer.name).collect();
    info
}

fn open_instance(path: &Path, access: Access) -> Result<Region> {
    Region::open(path, access, &Expect::INSTANCE)
}

/// Bytes of an instance's files: two levels, links not followed.
fn bytes_below(dir: &Path) -> u64 {
    let level = |dir: &Path| names(dir).unwrap_or_default();
    let mut bytes = 0;
    for name in level(dir) {
        let path = dir.join(name);
        let below: u64 = if is_real_dir(&path) {
            level(&path).iter().map(|file| size_of_file(&path.join(file))).sum()
        } else {
            size_of_file(&path)
        };
        bytes += below;
    }
    bytes
}

fn size_of_file(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 })
}

/// Removes the files of instances without a living owner, and says which; with `dry_run` it only
/// says.
///
/// # Errors
/// [`Error::Io`] where something could not be listed or removed; the rest is left for the next
/// call.
pub fn clean(root: &Path, dry_run: bool) -> Result<Vec<Removed>> {
    let mut removed = Vec::new();
    for name in instances(root)? {
        clean_one(&root.join(format!("{DIR_PREFIX}{name}")), dry_run, &mut removed)?;
    }
    Ok(removed)
}

fn clean_one(dir: &Path, dry_run: bool, removed: &mut Vec<Removed>) -> Result<()> {
    let path = dir.join(INSTANCE_FILE);
    let file = match open_file(&path, Access::ReadWrite) {
        Ok(file) => Some(file),
        Err(error) if error.is_missing() => None,
        Err(error) => return Err(error),
    };
    let named = file.is_some();
    // Held to the end. A dry run only looks: a lock, however short, makes the dead seem alive.
    let _lock = match file {
        Some(file) if dry_run => match is_write_locked(&file) {
            Ok(false) => None,
            _ => return Ok(()),
        },
        Some(file) => match FileLock::try_take(file).map_err(|e| Error::io("lock", &path, e))? {
            Ok(lock) if is_current(lock.file(), &path) => Some(lock),
            // It lives, or was replaced this moment.
            _ => return Ok(()),
        },
        None => None,
    };
    if !named && (is_starting(dir)? || is_young(dir)) {
        return Ok(());
    }
    if !dry_run && let Ok(region) = open_instance(&path, Access::ReadWrite) {
        // Consumers that still watch this generation learn it at once.
        region.set_closed();
    }
    sweep_producers(dir, dry_run, removed)?;
    for name in names(dir)?.iter().filter(|name| paths::is_prepared_file(name)) {
        remove(&dir.join(name), dry_run, removed)?;
    }
    if named {
        remove(&path, dry_run, removed)?;
    }
    remove_dir(dir, dry_run, removed);
    Ok(())
}

/// Is a starter at work here that has not named its `instance` file yet?
fn is_starting(dir: &Path) -> Result<bool> {
    let prepared = names(dir)?.into_iter().filter(|name| paths::is_prepared_file(name));
    Ok(prepared.into_iter().any(|name| {
        open_file(&dir.join(name), Access::ReadOnly)
            .is_ok_and(|file| is_write_locked(&file).unwrap_or(true))
    }))
}

fn is_young(dir: &Path) -> bool {
    let Ok(meta) = std::fs::symlink_metadata(dir) else { return true };
    let changed = Duration::from_secs(u64::try_from(meta.mtime()).unwrap_or(0));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(changed) < STARTING
}
