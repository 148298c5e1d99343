//! A region: one mapped file of header, layout table and body.
//!
//! Everything shared is such a file, made by one producer, found by name, checked before use. The
//! header's layout is drawn in [`crate::header`]; what the body means is the business of the
//! module of its kind.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use zerocopy::{FromZeros, IntoBytes};

use crate::error::{Error, Result};
use crate::generation::{self, Observed};
use crate::header::{
    self, BEAT_LINE, Expect, HEADER_VERSION, Header, LIFE_LINE, MAGIC, MAX_BODY_LINES, NAME_BYTES,
    RegionKind, TABLE_OFFSET,
};
use crate::layout::{Layout, LayoutRow, ROW_BYTES};
use crate::lines::{LINE_BYTES, LINE_WORDS, Lines};
use crate::mapping::{Access, MappedLines, Mapping, Ownership, create_file, open_file};
use crate::sync::Ordering;

/// Word of the beat line that holds the heartbeat.
const BEAT_WORD: usize = 0;
/// Word of the beat line in which a new owner says that it replaces this generation.
const SUCCESSOR_WORD: usize = 1;

/// Who makes a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Start time of the process, clock ticks since boot.
    pub start: u64,
}

impl Owner {
    /// This process.
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Owner { pid, start: crate::liveness::process_start(pid).unwrap_or(0) }
    }
}

/// A region to be made.
#[derive(Clone, Copy, Debug)]
pub struct RegionSpec<'a> {
    /// What it holds.
    pub kind: RegionKind,
    /// Its name: the instance's or `producer/file`.
    pub name: &'a str,
    /// Layout of the records that it carries.
    pub layout: Layout<'a>,
    /// Generation of the instance.
    pub generation: u64,
    /// The process that makes it.
    pub owner: Owner,
    /// Numbers that mean something to the kind.
    pub params: [u64; 4],
    /// Lines of the body.
    pub body_lines: u64,
}

impl RegionSpec<'_> {
    /// Length of the file, bytes.
    pub fn bytes(&self) -> u64 {
        header::region_bytes(self.layout.rows.len() as u64, self.body_lines)
    }

    fn header(&self) -> Result<Header> {
        let rows = header::check_rows(&self.layout)?;
        if self.body_lines == 0 || self.body_lines > MAX_BODY_LINES {
            let wanted = "1 to 2^30 lines of 64 bytes";
            return Err(Error::BadSpec { what: "region body", found: self.body_lines, wanted });
        }
        if self.generation == 0 || self.generation > generation::MAX_GENERATION {
            let (found, wanted) = (self.generation, "1 to 2^56 - 1");
            return Err(Error::BadSpec { what: "generation", found, wanted });
        }
        let mut name = [0; NAME_BYTES];
        match name.get_mut(..self.name.len()) {
            Some(place) if !self.name.is_empty() => place.copy_from_slice(self.name.as_bytes()),
            _ => {
                let why = "1 to 64 bytes are wanted";
                return Err(Error::BadName { what: "region", name: self.name.into(), why });
            }
        }
        let mut header = Header {
            magic: MAGIC,
            header_version: HEADER_VERSION,
            kind: self.kind.code(),
            layout_hash: self.layout.hash,
            layout_version: self.layout.version,
            layout_rows: rows,
            layout_offset: TABLE_OFFSET,
            file_bytes: self.bytes(),
            body_offset: header::body_offset(u64::from(rows)),
            body_lines: self.body_lines,
            generation: self.generation,
            owner_pid: self.owner.pid,
            owner_start: self.owner.start,
            created_ns: utc_ns(),
            params: self.params,
            name,
            ..Header::new_zeroed()
        };
        header.seal(self.layout.rows);
        Ok(header)
    }
}

/// ns UTC by the system's clock, for dates that people read.
pub fn utc_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A mapped region. Cloning gives another handle to the same mapping.
#[derive(Clone)]
pub struct Region {
    header: Header,
    rows: Arc<[LayoutRow]>,
    head: MappedLines,
    body: MappedLines,
    path: Arc<Path>,
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("path", &self.path)
            .field("kind", &self.header.kind())
            .field("generation", &self.header.generation)
            .field("bytes", &self.header.file_bytes)
            .finish_non_exhaustive()
    }
}

impl Region {
    /// Makes a new file at `path`, space reserved, header and table written, life `initialising`.
    ///
    /// # Errors
    /// What the specification, the file system or the mapping refuses; nothing is left behind.
    pub fn create(path: &Path, spec: &RegionSpec<'_>, owner: Ownership) -> Result<Region> {
        let header = spec.header()?;
        let file = create_file(path, header.file_bytes, owner)?;
        let made = Mapping::new(file, path, header.file_bytes, Access::ReadWrite)
            .and_then(|mapping| Region::over(mapping, header, spec.layout.rows.into()));
        match made {
            Ok(region) => {
                region.write_head();
                Ok(region)
            }
            Err(error) => {
                // Best effort: the first error says more.
                let _ = std::fs::remove_file(path);
                Err(error)
            }
        }
    }

    /// Opens and checks the region at `path`.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn open(path: &Path, access: Access, expect: &Expect) -> Result<Region> {
        let file = open_file(path, access)?;
        let (header, rows) = Header::read(&file, path, expect)?;
        let mapping = Mapping::new(file, path, header.file_bytes, access)?;
        let region = Region::over(mapping, header, rows.into())?;
        let (path, wanted) = (path.to_path_buf(), header.generation);
        match region.observe() {
            Observed::Invalid(found) => Err(Error::State { path, found }),
            Observed::Initialising(found) | Observed::Ready(found) | Observed::Closed(found)
                if found != wanted =>
            {
                Err(Error::Generation { path, found, wanted })
            }
            _ => Ok(region),
        }
    }

    /// The same region after its file was given another name.
    pub(crate) fn renamed(mut self, path: &Path) -> Region {
        self.path = path.into();
        self
    }

    fn over(mapping: Mapping, header: Header, rows: Arc<[LayoutRow]>) -> Result<Region> {
        let path: Arc<Path> = mapping.path().into();
        let all = MappedLines::new(Arc::new(mapping));
        let first = header.body_offset as usize / LINE_BYTES;
        let views = (all.sub(0, first), all.sub(first, header.body_lines as usize));
        let (Some(head), Some(body)) = views else {
            let (found, wanted) = (header.file_bytes, header.body_offset);
            return Err(Error::TooShort { path: path.to_path_buf(), found, wanted });
        };
        Ok(Region { header, rows, head, body, path })
    }

    /// Copies header and table into the mapping and begins the generation.
    fn write_head(&self) {
        let table = TABLE_OFFSET as usize / LINE_BYTES;
        self.copy_in(0, self.header.as_bytes());
        self.copy_in(table, self.rows.as_bytes());
        let (generation, pid) = (self.header.generation, self.header.owner_pid);
        generation::begin(&self.head, LIFE_LINE, generation, pid);
    }

    fn copy_in(&self, first: usize, bytes: &[u8]) {
        debug_assert_eq!(ROW_BYTES, LINE_BYTES);
        for (at, chunk) in bytes.chunks_exact(8).enumerate() {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            // Partner: readers copy these bytes out of the file after they observed life, which
            // `generation::begin` and `ready` publish.
            self.head.line(first + at / LINE_WORDS)[at % LINE_WORDS]
                .store(u64::from_le_bytes(word), Ordering::Relaxed);
        }
    }

    /// The checked copy of the header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The checked copy of the layout table.
    pub fn rows(&self) -> &[LayoutRow] {
        &self.rows
    }

    /// The body, which the kind's own module understands.
    pub fn body(&self) -> &MappedLines {
        &self.body
    }

    /// Where the file was opened or made.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The mapping below.
    pub fn mapping(&self) -> &Mapping {
        self.body.mapping()
    }

    /// The region's life as it is now.
    pub fn observe(&self) -> Observed {
        generation::observe(&self.head, LIFE_LINE)
    }

    /// Declares the region complete. For its maker.
    pub fn set_ready(&self) {
        generation::ready(&self.head, LIFE_LINE, self.header.generation);
    }

    /// Declares the region closed. For its maker, or for whoever buries its maker.
    pub fn set_closed(&self) {
        generation::close(&self.head, LIFE_LINE, self.header.generation);
    }

    /// Stores the heartbeat: ns of CLOCK_MONOTONIC from the keeper of an instance, of the records'
    /// clock from a lane. One store, fit for a lane.
    #[inline]
    pub fn beat(&self, now_ns: u64) {
        // Partner: `last_beat`. Nothing is published by it but itself.
        self.head.line(BEAT_LINE)[BEAT_WORD].store(now_ns, Ordering::Relaxed);
    }

    /// The last heartbeat stored, 0 before the first.
    #[inline]
    pub fn last_beat(&self) -> u64 {
        // Partner: `beat`.
        self.head.line(BEAT_LINE)[BEAT_WORD].load(Ordering::Relaxed)
    }

    /// Says who is replacing this dead generation, so that a third comer can name it.
    pub(crate) fn set_successor(&self, pid: u32) {
        // Partner: `successor`.
        self.head.line(BEAT_LINE)[SUCCESSOR_WORD].store(u64::from(pid), Ordering::Relaxed);
    }

    /// Process that said it replaces this generation; 0 for none.
    pub(crate) fn successor(&self) -> u32 {
        // Partner: `set_successor`. Only shown to people: any value is harmless.
        self.head.line(BEAT_LINE)[SUCCESSOR_WORD].load(Ordering::Relaxed) as u32
    }

    /// Refuses a number in the region that is not what the body has room for.
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub fn check_shape(&self, what: &'static str, found: u64, wanted: u64) -> Result<()> {
        if found == wanted {
            return Ok(());
        }
        Err(Error::Shape { path: PathBuf::from(&*self.path), what, found, wanted })
    }
}
