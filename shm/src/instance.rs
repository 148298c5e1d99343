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

use std::path::{Path, PathBuf};

use crate::clean::{remove_prepared, remove_producers};
use crate::error::{Error, Result};
use crate::header::RegionKind;
use crate::listing;
use crate::liveness::FileLock;
use crate::mapping::{MappedLines, Ownership, free_bytes};
use crate::paths::{self, INSTANCE_FILE};
use crate::region::{Owner, Region, RegionSpec};
use crate::spec::{FilePlan, InstanceSpec, ProducerSpec};
use crate::takeover::{claim, make_dir};

/// Line of the `instance` body that holds the clock page.
pub const CLOCK_LINE: usize = 0;
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
    heart: Option<Region>,
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

    /// Stores the lane's own heartbeat, in the clock of its records. One store, fit for a poll
    /// loop; readers find it by `ProducerView::heart`.
    #[inline]
    pub fn beat(&self, now_ns: u64) {
        if let Some(images) = &self.heart {
            images.beat(now_ns);
        }
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
        let heart =
            files.iter().find(|(file, _)| file == "images").map(|(_, region)| region.clone());
        let (name, seats) = (producer.name.clone(), producer.seats as usize);
        Ok(Producer { name, files, heart, seats })
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
