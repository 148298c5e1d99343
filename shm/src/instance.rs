//! An instance: the files of one producer process, made together and removed together.
//!
//! Exactly one process owns an instance: it holds the write lock on the `instance` file. Creation
//! must be safe against a second starter at any moment, against what a dead owner left, and
//! against readers that come half-way:
//!
//! 1. Whoever finds an `instance` file takes its lock, or refuses because somebody lives.
//! 2. The new `instance` file is prepared under a private name, locked, and renamed over the old
//!    one (or to the free name, which fails if somebody was faster). From here on the path leads to
//!    a locked file in life `initialising`; no reader ever sees half a header.
//! 3. What the dead generation left is closed and unlinked; its consumers keep their mappings.
//! 4. All files are made with their space reserved; if one does not fit, all are removed.
//! 5. Life becomes `ready`.
//!
//! The generation number is the previous one + 1; where no previous one is left, the start time in
//! Unix microseconds, so that numbers do not come back after a clean end.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::clean::{remove_prepared, remove_producers};
use crate::error::{Error, Result};
use crate::generation::{MAX_GENERATION, Observed, next_after};
use crate::header::{Expect, RegionKind};
use crate::listing::{self, LIST_LINES};
use crate::liveness::{FileLock, is_same_process, is_write_locked, monotonic_ns};
use crate::mapping::{Access, MappedLines, Ownership, free_bytes, open_file};
use crate::paths::{self, DATA_MODE, DIR_MODE, INSTANCE_FILE};
use crate::region::{Owner, Region, RegionSpec, utc_ns};
use crate::spec::{FilePlan, InstanceSpec, ProducerSpec};

/// Line of the `instance` body that holds the clock page.
pub const CLOCK_LINE: usize = 0;
/// How long a starter waits for an owner that is just ending or just beginning.
const PATIENCE: Duration = Duration::from_millis(80);
const NAP: Duration = Duration::from_millis(2);

/// A running instance; closed when dropped.
#[derive(Debug)]
pub struct Instance {
    dir: PathBuf,
    region: Region,
    /// Held for as long as the process owns the instance.
    _lock: FileLock,
    producers: Vec<Producer>,
    closed: bool,
}

/// A producer's regions, mapped for writing.
#[derive(Clone, Debug)]
pub struct Producer {
    name: String,
    files: Vec<(String, Region)>,
    seats: usize,
}

impl Producer {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seats that it has.
    pub fn seats(&self) -> usize {
        self.seats
    }

    /// The region in the file of that name; `None` if the producer has none.
    pub fn region(&self, file: &str) -> Option<&Region> {
        self.files.iter().find(|(name, _)| name == file).map(|(_, region)| region)
    }

    /// The ring and the control lines of a seat.
    pub fn seat(&self, seat: usize) -> Option<(&Region, &Region)> {
        Some((self.region(&paths::ring_file(seat))?, self.region(&paths::control_file(seat))?))
    }

    /// The body of the region in the file of that name.
    pub fn body(&self, file: &str) -> Option<MappedLines> {
        self.region(file).map(|region| region.body().clone())
    }
}

impl Instance {
    /// Makes an instance and holds it.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] within 100 ms if it has a living owner, [`Error::NoSpace`] if it
    /// does not fit, or what else the specification or the system refuses. Nothing is left behind.
    pub fn create(spec: &InstanceSpec<'_>) -> Result<Instance> {
        spec.check()?;
        let dir = paths::instance_dir(&spec.root, &spec.name)?;
        let claimed = claim(&dir, spec);
        if claimed.is_err() {
            // If only an empty directory is left of a race, it goes; it is nobody's otherwise.
            let _ = std::fs::remove_dir(&dir);
        }
        let (region, lock) = claimed?;
        let mut instance =
            Instance { dir, region, _lock: lock, producers: Vec::new(), closed: false };
        // On an error, dropping the instance removes what was made.
        instance.fill(spec)?;
        Ok(instance)
    }

    fn fill(&mut self, spec: &InstanceSpec<'_>) -> Result<()> {
        remove_prepared(&self.dir)?;
        remove_producers(&self.dir)?;
        let (needed, free) = (spec.bytes(), free_bytes(&self.dir));
        if needed > free {
            return Err(Error::NoSpace { path: self.dir.clone(), needed, free });
        }
        for producer in &spec.producers {
            let made = self.make_producer(spec, producer).map_err(|error| match error {
                // Say what the whole instance needs, not the file that happened to be the last.
                Error::NoSpace { path, .. } => Error::NoSpace { path, needed, free },
                other => other,
            })?;
            self.producers.push(made);
        }
        listing::write(self.region.body(), &spec.producers);
        let files = self.producers.iter().flat_map(|producer| &producer.files);
        files.for_each(|(_, region)| region.set_ready());
        self.region.set_ready();
        Ok(())
    }

    fn make_producer(&self, spec: &InstanceSpec<'_>, producer: &ProducerSpec) -> Result<Producer> {
        let dir = self.dir.join(&producer.name);
        make_dir(&dir, spec.gid)?;
        let mut files = Vec::new();
        for plan in producer.files() {
            let region = self.make_file(&dir, spec, producer, &plan)?;
            files.push((plan.file, region));
        }
        Ok(Producer { name: producer.name.clone(), files, seats: producer.seats as usize })
    }

    fn make_file(
        &self,
        dir: &Path,
        spec: &InstanceSpec<'_>,
        producer: &ProducerSpec,
        plan: &FilePlan,
    ) -> Result<Region> {
        let name = format!("{}/{}", producer.name, plan.file);
        let region = RegionSpec {
            kind: plan.kind,
            name: &name,
            layout: spec.layout,
            generation: self.generation(),
            owner: Owner::this_process(),
            params: plan.params,
            body_lines: plan.body_lines,
        };
        let owner = Ownership { mode: plan.mode, gid: spec.gid };
        let region = Region::create(&dir.join(&plan.file), &region, owner)?;
        if plan.kind == RegionKind::Counters && producer.counters.format(region.body()).is_err() {
            let (found, wanted) = (plan.body_lines, producer.counters.lines());
            region.check_shape("counters body", found, wanted)?;
        }
        Ok(region)
    }

    /// Number of this generation.
    pub fn generation(&self) -> u64 {
        self.region.header().generation
    }

    /// The instance's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The `instance` region: heartbeat and clock page.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The producers, in the order of the specification.
    pub fn producers(&self) -> &[Producer] {
        &self.producers
    }

    /// The producer of that name.
    pub fn producer(&self, name: &str) -> Option<&Producer> {
        self.producers.iter().find(|producer| producer.name == name)
    }

    /// Declares the generation closed and removes its files. Consumers keep what they have mapped.
    ///
    /// # Errors
    /// What could not be removed.
    pub fn close(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        self.region.set_closed();
        let files = self.producers.iter().flat_map(|producer| &producer.files);
        files.for_each(|(_, region)| region.set_closed());
        let removed = remove_producers(&self.dir);
        // The name goes last: until then the lock keeps a new owner out.
        let path = self.dir.join(INSTANCE_FILE);
        std::fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
        // A new owner may have begun in this directory already: then it is not empty and stays.
        let _ = std::fs::remove_dir(&self.dir);
        removed.map(drop)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Nobody to tell: what is left is removed by the next generation.
        let _ = self.end();
    }
}

/// Makes a directory, or accepts one of our own, with our mode and group.
fn make_dir(dir: &Path, gid: Option<u32>) -> Result<()> {
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
fn claim(dir: &Path, spec: &InstanceSpec<'_>) -> Result<(Region, FileLock)> {
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
    let expect =
        Expect { kind: RegionKind::Instance, layout: None, generation: None, mode: DATA_MODE };
    match taken {
        Ok(lock) if !is_current(lock.file(), &path) => Ok(Found::Nothing),
        Ok(lock) => {
            let old = Region::open(&path, Access::ReadWrite, &expect);
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
            let Ok(old) = Region::open(&path, Access::ReadOnly, &expect) else {
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
pub fn is_owned(path: &Path) -> Result<bool> {
    let file = open_file(path, Access::ReadOnly)?;
    is_write_locked(&file).map_err(|e| Error::io("test lock", path, e))
}
