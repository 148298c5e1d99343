//! Attaching: how a consumer or a tool comes to an instance, whatever state it is in.
//!
//! Attach never races creation: the `instance` file appears complete and locked, in life
//! `initialising`, and becomes `ready` when every other file is. So each poll is one of five
//! answers, and a consumer that starts before its producer just polls on. Everything is mapped
//! read-only but the control file of a consumer's own seat.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::generation::Observed;
use crate::header::Expect;
use crate::instance::CLOCK_LINE;
use crate::listing::{self, LIST_LINES, ProducerInfo};
use crate::liveness::is_write_locked;
use crate::mapping::{Access, MappedLines};
use crate::paths::{self, INSTANCE_FILE};
use crate::producer_view::ProducerView;
use crate::region::Region;
use crate::{clock_page, layout};

/// How often [`attach_blocking`] looks.
const PERIOD: Duration = Duration::from_millis(2);

/// What one look at an instance found.
#[derive(Debug)]
pub enum Attached {
    /// No such instance (yet).
    Absent,
    /// Its owner is making the files.
    Initialising,
    /// Complete, and its owner lives.
    Ready(Box<InstanceView>),
    /// Closed, or its owner died; nobody has replaced it yet.
    DeadGeneration {
        /// The generation that ended.
        generation: u64,
        /// Its owner.
        pid: u32,
    },
    /// There is an instance, but not one to attach to; the error says why.
    Refused(Error),
}

impl Attached {
    /// Name of the state, for people.
    pub const fn name(&self) -> &'static str {
        match self {
            Attached::Absent => "absent",
            Attached::Initialising => "initialising",
            Attached::Ready(_) => "ready",
            Attached::DeadGeneration { .. } => "dead generation",
            Attached::Refused(_) => "refused",
        }
    }
}

/// The way to an instance.
#[derive(Clone, Debug)]
pub struct Attach {
    dir: PathBuf,
    layout: Option<(u32, u64)>,
}

impl Attach {
    /// An attach to instance `name` under `root`, of record layouts `version` and `hash`; `None`
    /// for tools that decode by the region's own table.
    ///
    /// # Errors
    /// [`Error::BadName`].
    pub fn new(root: &Path, name: &str, layout: Option<(u32, u64)>) -> Result<Attach> {
        Ok(Attach { dir: paths::instance_dir(root, name)?, layout })
    }

    /// The instance's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Looks once. Some system calls, no waiting.
    pub fn poll(&self) -> Attached {
        match self.look() {
            Ok(attached) => attached,
            // Gone, or replaced, while we looked: the next look sees what came after.
            Err(error) if error.is_missing() => Attached::Absent,
            Err(Error::Links { found: 0, .. }) => Attached::Absent,
            Err(error) => Attached::Refused(error),
        }
    }

    fn look(&self) -> Result<Attached> {
        paths::check_dir(&self.dir)?;
        let path = self.dir.join(INSTANCE_FILE);
        let expect = Expect { layout: self.layout, ..Expect::INSTANCE };
        let region = Region::open(&path, Access::ReadOnly, &expect)?;
        region.check_shape("body lines", region.header().body_lines, LIST_LINES)?;
        let owned = is_write_locked(region.mapping().file())
            .map_err(|e| Error::io("test lock", &path, e))?;
        let (generation, pid) = (region.header().generation, region.header().owner_pid);
        Ok(match region.observe() {
            Observed::Ready(_) if owned => {
                let list = listing::read(region.body());
                let producers = list.map_err(|source| Error::List { path, source })?;
                let (dir, layout) = (self.dir.clone(), self.layout);
                Attached::Ready(Box::new(InstanceView { dir, layout, region, producers }))
            }
            Observed::Initialising(_) | Observed::Absent if owned => Attached::Initialising,
            Observed::Invalid(found) => return Err(Error::State { path, found }),
            _ => Attached::DeadGeneration { generation, pid },
        })
    }
}

/// Attaches, waiting at most `timeout` for the instance to be there and ready. For tools and for
/// the start of a consumer; never on a hot path.
///
/// # Errors
/// What refused, or the state that it stayed in.
pub fn attach_blocking(
    root: &Path,
    name: &str,
    layout: Option<(u32, u64)>,
    timeout: Duration,
) -> Result<InstanceView> {
    let attach = Attach::new(root, name, layout)?;
    let begun = Instant::now();
    loop {
        let attached = attach.poll();
        let path = || attach.dir.clone();
        let late = begun.elapsed() >= timeout;
        match attached {
            Attached::Ready(view) => return Ok(*view),
            Attached::Refused(error) => return Err(error),
            Attached::Absent if late => return Err(Error::Absent { path: path() }),
            Attached::DeadGeneration { generation, pid } if late => {
                return Err(Error::DeadGeneration { path: path(), generation, pid });
            }
            Attached::Initialising if late => {
                let waited_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
                let last = Attached::Initialising.name();
                return Err(Error::Timeout { path: path(), waited_ms, last });
            }
            _ => std::thread::sleep(PERIOD),
        }
    }
}

/// An instance as a consumer sees it: one generation, until it ends.
#[derive(Clone, Debug)]
pub struct InstanceView {
    dir: PathBuf,
    layout: Option<(u32, u64)>,
    region: Region,
    producers: Vec<ProducerInfo>,
}

impl InstanceView {
    /// The generation attached to.
    pub fn generation(&self) -> u64 {
        self.region.header().generation
    }

    /// Process id of the owner.
    pub fn pid(&self) -> u32 {
        self.region.header().owner_pid
    }

    /// The instance's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The `instance` region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The layout table that the instance carries.
    pub fn rows(&self) -> &[layout::LayoutRow] {
        self.region.rows()
    }

    /// The producers, in their order.
    pub fn producers(&self) -> &[ProducerInfo] {
        &self.producers
    }

    /// The clock page.
    pub fn clock(&self) -> Option<clock_page::ClockReader<MappedLines>> {
        clock_page::ClockReader::new(self.region.body().clone(), CLOCK_LINE)
    }

    /// The producer of that name.
    ///
    /// # Errors
    /// [`Error::NoSuch`]; [`Error::Mode`] and the like for its directory.
    pub fn producer(&self, name: &str) -> Result<ProducerView> {
        let info = self.producers.iter().find(|info| info.name == name);
        let Some(info) = info else {
            let what = format!("producer {name:?}");
            return Err(Error::NoSuch { path: self.dir.clone(), what });
        };
        ProducerView::new(&self.dir, info, self.layout, self.generation())
    }
}
