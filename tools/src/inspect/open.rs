//! Opening an instance in whatever state it is: a consumer attaches to living ones only, a tool is
//! most wanted when the owner is dead.
//!
//! Every file is checked by its own header and must belong to the instance's generation, as at an
//! attach, but for the record layout, which may be another release's. The control file of a seat is
//! writable by its consumer, who could cut it short under a mapping; so it is read, never mapped.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use shm::counter_reader::CounterReader;
use shm::error::Error;
use shm::errors::ErrorReader;
use shm::generation::Observed;
use shm::header::{BEAT_LINE, Expect, Header, RegionKind};
use shm::images::ImageReader;
use shm::instruments::InstrumentReader;
use shm::ledger::GapReader;
use shm::lines::{LINE_BYTES, Lines};
use shm::listing::{self, ProducerInfo};
use shm::liveness::{is_write_locked, monotonic_ns};
use shm::mapping::{Access, MappedLines, open_file};
use shm::paths::{self, CONTROL_MODE, DATA_MODE, INSTANCE_FILE};
use shm::region::{Region, utc_ns};
use shm::seat::layout::{CTL_CLAIM, ring_lines};
use shm::{errors, images, instruments, ledger, spec, tail};
use wire::LAYOUT_VERSION;
use wire::table::LAYOUT_HASH;

use super::LookError;
use super::state::{STALL_NS, State};

/// Between two looks at a lane's heartbeat.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// An instance, its `instance` file mapped read-only.
#[derive(Debug)]
pub struct Opened {
    /// Name.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    region: Region,
}

/// Whether a region is laid out as this release lays out its own.
pub fn is_ours(region: &Region) -> bool {
    region.header().layout_hash == LAYOUT_HASH && region.header().layout_version == LAYOUT_VERSION
}

/// Age of a heartbeat, ns; `None` if there was none yet.
fn age_of(beat: u64) -> Option<u64> {
    (beat != 0).then(|| monotonic_ns().saturating_sub(beat))
}

impl Opened {
    /// Opens instance `name` under `root`.
    ///
    /// # Errors
    /// [`LookError::NoInstance`] if there is none; [`LookError::Shm`] if it is refused.
    pub fn open(root: &Path, name: &str) -> Result<Opened, LookError> {
        let dir = paths::instance_dir(root, name)?;
        match Opened::open_dir(name, dir) {
            Ok(opened) => Ok(opened),
            // Missing, or removed while we looked.
            Err(error) if error.is_missing() || matches!(error, Error::Links { found: 0, .. }) => {
                let others = names(root).unwrap_or_default();
                let others = others.into_iter().filter(|other| other != name).collect();
                let root = root.to_path_buf();
                Err(LookError::NoInstance { name: name.to_string(), root, others })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn open_dir(name: &str, dir: PathBuf) -> Result<Opened, Error> {
        paths::check_dir(&dir)?;
        let (kind, mode) = (RegionKind::Instance, DATA_MODE);
        let expect = Expect { kind: Some(kind), layout: None, generation: None, mode };
        let region = Region::open(&dir.join(INSTANCE_FILE), Access::ReadOnly, &expect)?;
        Ok(Opened { name: name.to_string(), dir, region })
    }

    /// The `instance` region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Whether its records and images are laid out as this release's.
    pub fn is_ours(&self) -> bool {
        is_ours(&self.region)
    }

    /// Age of the process's heartbeat, ns; `None` before the first.
    pub fn beat_age_ns(&self) -> Option<u64> {
        age_of(self.region.last_beat())
    }

    /// How it stands now.
    pub fn state(&self) -> State {
        // A lock that cannot be tested is not a sign of life.
        let owned = is_write_locked(self.region.mapping().file()).unwrap_or(false);
        State::of(self.region.observe(), owned, self.beat_age_ns())
    }

    /// Whether nothing will be written any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state(), State::Dead | State::Closed | State::Damaged)
    }

    /// The producers, in their order; none of an instance that was never ready.
    ///
    /// # Errors
    /// [`Error::List`].
    pub fn lanes(&self) -> Result<Vec<Lane>, Error> {
        if matches!(self.region.observe(), Observed::Absent | Observed::Initialising(_)) {
            return Ok(Vec::new());
        }
        let listed = listing::read(self.region.body())
            .map_err(|source| Error::List { path: self.region.path().to_path_buf(), source })?;
        let generation = self.region.header().generation;
        let lane = |info: ProducerInfo| Lane { dir: self.dir.join(&info.name), info, generation };
        Ok(listed.into_iter().map(lane).collect())
    }
}

/// Names of the instances under `root`.
///
/// # Errors
/// [`Error::Io`] where it cannot be listed.
pub fn names(root: &Path) -> Result<Vec<String>, Error> {
    let refused = |source| Error::Io { doing: "list", path: root.to_path_buf(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let file = entry.file_name();
        let name = file.to_str().and_then(|name| name.strip_prefix(paths::DIR_PREFIX));
        let ours = |name: &&str| is_dir && paths::check_name("instance", name).is_ok();
        names.extend(name.filter(ours).map(str::to_string));
    }
    names.sort();
    Ok(names)
}

/// A producer of an instance.
#[derive(Clone, Debug)]
pub struct Lane {
    /// What the instance says of it.
    pub info: ProducerInfo,
    /// Its directory.
    pub dir: PathBuf,
    generation: u64,
}

/// A ring or tail with its numbers, checked against its file.
#[derive(Debug)]
pub struct OpenRing {
    /// Its region.
    pub region: Region,
    /// Slots.
    pub capacity: usize,
    /// Lines of a slot.
    pub slot_lines: u32,
}

/// Who says in a seat's control file that it holds the seat.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// Process id; 0 for nobody.
    pub pid: u32,
    /// Whether that file is locked, as a living consumer's is.
    pub lives: bool,
}

impl Lane {
    /// What a file of this producer must be.
    fn expect(&self, kind: RegionKind) -> Expect {
        let mode = if kind == RegionKind::Control { CONTROL_MODE } else { DATA_MODE };
        Expect { kind: Some(kind), layout: None, generation: Some(self.generation), mode }
    }

    fn region(&self, file: &str, kind: RegionKind) -> Result<Region, Error> {
        paths::check_dir(&self.dir)?;
        Region::open(&self.dir.join(file), Access::ReadOnly, &self.expect(kind))
    }

    /// A table whose header's first number is its rows.
    fn table(
        &self,
        file: &str,
        kind: RegionKind,
        lines: fn(u64) -> u64,
    ) -> Result<MappedLines, Error> {
        let region = self.region(file, kind)?;
        let rows = region.header().params[0].min(u64::from(spec::MAX_INSTRUMENTS));
        region.check_shape("body lines", region.header().body_lines, lines(rows))?;
        Ok(region.body().clone())
    }

    /// The instrument table.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn instruments(&self) -> Result<InstrumentReader<MappedLines>, Error> {
        let table = self.table("instruments", RegionKind::Instruments, instruments::table_lines)?;
        Ok(InstrumentReader::new(table))
    }

    /// The images.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn images(&self) -> Result<ImageReader<MappedLines>, Error> {
        let table = self.table("images", RegionKind::Images, images::table_lines)?;
        Ok(ImageReader::new(table))
    }

    /// The distinct errors.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn errors(&self) -> Result<ErrorReader<MappedLines>, Error> {
        let table = self.table("errors", RegionKind::Errors, errors::table_lines)?;
        Ok(ErrorReader::new(table))
    }

    /// The gap ledger.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn gaps(&self) -> Result<GapReader<MappedLines>, Error> {
        let table = self.table("gaps", RegionKind::Gaps, ledger::table_lines)?;
        Ok(GapReader::new(table))
    }

    /// The counters and histograms.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn counters(&self) -> Result<CounterReader<MappedLines>, Error> {
        let region = self.region("counters", RegionKind::Counters)?;
        CounterReader::open(region.body().clone())
            .map_err(|source| Error::Counters { path: region.path().to_path_buf(), source })
    }

    /// The ring of a seat.
    ///
    /// # Errors
    /// What the file is refused for; [`Error::NoSuch`] for a seat that the producer has not.
    pub fn ring(&self, seat: usize) -> Result<OpenRing, Error> {
        if seat >= self.info.seats {
            let what = format!("seat {seat}: there are {}", self.info.seats);
            return Err(Error::NoSuch { path: self.dir.clone(), what });
        }
        self.open_ring(&paths::ring_file(seat), RegionKind::Ring, ring_lines)
    }

    /// The overwriting ring.
    ///
    /// # Errors
    /// What the file is refused for; [`Error::NoSuch`] where the producer has none.
    pub fn tail(&self) -> Result<OpenRing, Error> {
        if !self.info.tail {
            let what = String::from("overwriting ring");
            return Err(Error::NoSuch { path: self.dir.clone(), what });
        }
        self.open_ring("tail", RegionKind::Tail, tail::tail_lines)
    }

    fn open_ring(
        &self,
        file: &str,
        kind: RegionKind,
        lines: fn(usize, usize) -> usize,
    ) -> Result<OpenRing, Error> {
        let region = self.region(file, kind)?;
        let [capacity, slot, ..] = region.header().params;
        let slot_lines = u32::try_from(slot).unwrap_or(u32::MAX);
        spec::check_ring("ring", capacity, slot_lines).map_err(|_| Error::Shape {
            path: region.path().to_path_buf(),
            what: "ring capacity or slot lines",
            found: capacity,
            wanted: spec::MAX_CAPACITY,
        })?;
        let (capacity, found) = (capacity as usize, region.body().lines());
        let wanted = lines(capacity, slot_lines as usize);
        if found < wanted {
            region.check_shape("body lines", found as u64, wanted as u64)?;
        }
        Ok(OpenRing { region, capacity, slot_lines })
    }

    /// Who holds a seat, by its control file.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn holder(&self, seat: usize) -> Result<Holder, Error> {
        let path = self.dir.join(paths::control_file(seat));
        let file = open_file(&path, Access::ReadOnly)?;
        let (header, _) = Header::read(&file, &path, &self.expect(RegionKind::Control))?;
        let mut claim = [0; 8];
        let at = header.body_offset + (CTL_CLAIM * LINE_BYTES) as u64;
        let refused = |doing| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source }
        };
        file.read_exact_at(&mut claim, at).map_err(refused("read"))?;
        let lives = is_write_locked(&file).map_err(refused("test lock"))?;
        // The upper half of the word is the pid, see `shm::claim`.
        Ok(Holder { pid: (u64::from_le_bytes(claim) >> 32) as u32, lives })
    }

    /// Files of the producer that are there, by name.
    pub fn files(&self) -> Vec<String> {
        let tables = paths::TABLE_FILES.iter().map(|file| (*file).to_string());
        let seats = (0..self.info.seats)
            .flat_map(|seat| [paths::ring_file(seat), paths::control_file(seat)]);
        tables.chain(seats).filter(|file| self.dir.join(file).exists()).collect()
    }

    /// Header of one of [`Self::files`], checked.
    ///
    /// # Errors
    /// What the file is refused for.
    pub fn header(&self, file: &str) -> Result<Header, Error> {
        let kind = match file {
            "instruments" => RegionKind::Instruments,
            "images" => RegionKind::Images,
            "counters" => RegionKind::Counters,
            "errors" => RegionKind::Errors,
            "gaps" => RegionKind::Gaps,
            "tail" => RegionKind::Tail,
            seat if seat.ends_with(".ctl") => RegionKind::Control,
            _ => RegionKind::Ring,
        };
        let path = self.dir.join(file);
        Ok(Header::read(&open_file(&path, Access::ReadOnly)?, &path, &self.expect(kind))?.0)
    }

    /// The lane's own heartbeat, in the clock of its records; 0 before the first.
    pub fn heartbeat_ns(&self) -> u64 {
        let beat = || {
            let file = open_file(&self.dir.join("images"), Access::ReadOnly).ok()?;
            let mut word = [0; 8];
            file.read_exact_at(&mut word, (BEAT_LINE * LINE_BYTES) as u64).ok()?;
            Some(u64::from_le_bytes(word))
        };
        // A file that cannot be read is a problem of its own section.
        beat().unwrap_or(0)
    }

    /// Whether the lane's heart stands still, of a lane whose process lives.
    ///
    /// A live lane keeps UTC and one look is enough. A replay keeps the time of its recording, so
    /// that only a second look tells; it is taken within [`STALL_NS`].
    pub fn is_stalled(&self) -> bool {
        let first = self.heartbeat_ns();
        let fresh = |beat: u64| utc_ns().saturating_sub(beat) <= STALL_NS && beat <= utc_ns();
        if first == 0 || fresh(first) {
            return false;
        }
        let begun = Instant::now();
        while begun.elapsed().as_nanos() <= u128::from(STALL_NS) {
            std::thread::sleep(BETWEEN_LOOKS);
            if self.heartbeat_ns() != first {
                return false;
            }
        }
        true
    }
}
