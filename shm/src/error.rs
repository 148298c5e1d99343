//! What can be wrong with files, regions and instances, said so that a person can act on it.
//!
//! Every check of an untrusted file has its own variant: the path, what was found, what was
//! wanted, and what to do. Nothing here is built on a hot path (variants own their paths).

use std::io;
use std::path::{Path, PathBuf};

/// Result of everything in this crate that touches files.
pub type Result<T> = std::result::Result<T, Error>;

/// A refused file, region, specification or instance.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("{path}: {doing} failed: {source}", path = path.display())]
    Io {
        /// What was attempted, for example `open`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The memory file system cannot hold the instance.
    #[error(
        "{path}: not enough room: {needed} bytes needed, {free} free; enlarge the file system \
         (mount -o remount,size=...) or configure fewer seats, smaller rings or fewer instruments",
        path = path.display()
    )]
    NoSpace {
        /// The file that did not fit.
        path: PathBuf,
        /// Bytes that the whole instance (or this file) needs.
        needed: u64,
        /// Bytes that the file system had free.
        free: u64,
    },
    /// A name that could not be a file name, or would be ambiguous.
    #[error("bad {what} name {name:?}: {why}")]
    BadName {
        /// Whose name.
        what: &'static str,
        /// The name as given.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A number in a specification that is out of its range.
    #[error("bad {what}: {found}, wanted {wanted}")]
    BadSpec {
        /// Which number.
        what: &'static str,
        /// The number given.
        found: u64,
        /// The range.
        wanted: &'static str,
    },
    /// Not a regular file (a link, a directory, a device).
    #[error(
        "{path}: not a regular file or directory; remove it and restart the producer",
        path = path.display()
    )]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// Not a directory of ours.
    #[error(
        "{path}: owned by user {owner}, not by user {wanted}; somebody else made this directory: \
         remove it or choose another instance name",
        path = path.display()
    )]
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        wanted: u32,
    },
    /// A file with more than one name: somebody holds a second door to it.
    #[error(
        "{path}: {found} hard links, wanted 1; restart the producer to get new files",
        path = path.display()
    )]
    Links {
        /// The file.
        path: PathBuf,
        /// Links found.
        found: u64,
    },
    /// Permissions wider than ours.
    #[error(
        "{path}: mode {found:04o} is wider than {wanted:04o}; anybody could have written it: \
         restart the producer to get new files",
        path = path.display()
    )]
    Mode {
        /// The file or directory.
        path: PathBuf,
        /// Permission bits found.
        found: u32,
        /// The widest that is accepted.
        wanted: u32,
    },
    /// A file too short for its header or its layout table.
    #[error(
        "{path}: {found} bytes long, wanted at least {wanted}; the file was truncated: restart \
         the producer",
        path = path.display()
    )]
    TooShort {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// What header and table need.
        wanted: u64,
    },
    /// Not a region at all.
    #[error(
        "{path}: magic {found:#018x}, wanted {wanted:#018x}; this is not a Hotlane region",
        path = path.display()
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// First eight bytes, little-endian.
        found: u64,
        /// The magic of regions.
        wanted: u64,
    },
    /// A header of another version of this crate.
    #[error(
        "{path}: header version {found}, this program reads {wanted}; run programs of one release",
        path = path.display()
    )]
    HeaderVersion {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Version of this program.
        wanted: u32,
    },
    /// Header bytes changed after they were written.
    #[error(
        "{path}: header checksum {found:#018x}, computed {wanted:#018x}; the header is damaged: \
         restart the producer",
        path = path.display()
    )]
    HeaderChecksum {
        /// The file.
        path: PathBuf,
        /// Checksum in the file.
        found: u64,
        /// Checksum of the bytes.
        wanted: u64,
    },
    /// Unnamed header bytes that are not zero.
    #[error(
        "{path}: unnamed header bytes at offset {offset} are not zero; the header is damaged or of \
         a later release",
        path = path.display()
    )]
    HeaderUnnamed {
        /// The file.
        path: PathBuf,
        /// Offset of the first field that should be zero.
        offset: u64,
    },
    /// A region of another kind than the file name promises.
    #[error(
        "{path}: region kind {found}, wanted {wanted} (0: any that exists); files were mixed up or \
         are of a later release: restart the producer",
        path = path.display()
    )]
    Kind {
        /// The file.
        path: PathBuf,
        /// Kind code found.
        found: u16,
        /// Kind code wanted; 0 for any that exists.
        wanted: u16,
    },
    /// Producer and reader were built with different record layouts.
    #[error(
        "{path}: layout version {found_version} hash {found_hash:#018x}, this program has version \
         {wanted_version} hash {wanted_hash:#018x}; run producer and consumers of one release",
        path = path.display()
    )]
    LayoutMismatch {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found_version: u32,
        /// Hash in the file.
        found_hash: u64,
        /// Version of this program.
        wanted_version: u32,
        /// Hash of this program.
        wanted_hash: u64,
    },
    /// The layout table is not where or how it should be.
    #[error(
        "{path}: layout table of {rows} rows at {offset}, wanted at most {most} rows at {wanted}; \
         the header is damaged: restart the producer",
        path = path.display()
    )]
    LayoutPlace {
        /// The file.
        path: PathBuf,
        /// Rows alleged.
        rows: u64,
        /// Offset alleged.
        offset: u64,
        /// Most rows accepted.
        most: u64,
        /// Offset wanted.
        wanted: u64,
    },
    /// Layout table bytes changed after they were written.
    #[error(
        "{path}: layout table checksum {found:#018x}, computed {wanted:#018x}; the table is \
         damaged: restart the producer",
        path = path.display()
    )]
    LayoutChecksum {
        /// The file.
        path: PathBuf,
        /// Checksum in the header.
        found: u64,
        /// Checksum of the table's bytes.
        wanted: u64,
    },
    /// The body does not begin where the table ends.
    #[error(
        "{path}: body at offset {found}, wanted {wanted}; the header is damaged: restart the \
         producer",
        path = path.display()
    )]
    BodyOffset {
        /// The file.
        path: PathBuf,
        /// Offset alleged.
        found: u64,
        /// Offset computed from the table.
        wanted: u64,
    },
    /// Body lines that no region may have.
    #[error(
        "{path}: {found} body lines, wanted 1 to {most}; the header is damaged: restart the \
         producer",
        path = path.display()
    )]
    BodyLines {
        /// The file.
        path: PathBuf,
        /// Lines alleged.
        found: u64,
        /// Most lines accepted.
        most: u64,
    },
    /// Header, file system and arithmetic disagree about the length.
    #[error(
        "{path}: {found} bytes long, header says {alleged}, its parts need {wanted}; the file was \
         truncated or damaged: restart the producer",
        path = path.display()
    )]
    FileLength {
        /// The file.
        path: PathBuf,
        /// Length by the file system.
        found: u64,
        /// Length alleged by the header.
        alleged: u64,
        /// Length computed from the header's parts.
        wanted: u64,
    },
    /// A name in a header that is not utf-8, not NUL-padded or not a valid name.
    #[error(
        "{path}: the name in the header is not a region name; the header is damaged: restart the \
         producer",
        path = path.display()
    )]
    HeaderName {
        /// The file.
        path: PathBuf,
    },
    /// A file of another generation than its instance.
    #[error(
        "{path}: generation {found}, wanted {wanted}; the producer was restarted: attach again",
        path = path.display()
    )]
    Generation {
        /// The file.
        path: PathBuf,
        /// Generation found.
        found: u64,
        /// Generation of the instance.
        wanted: u64,
    },
    /// A life state that does not exist.
    #[error(
        "{path}: life state {found} does not exist (0 to 3 do); the header is damaged: restart \
         the producer",
        path = path.display()
    )]
    State {
        /// The file.
        path: PathBuf,
        /// State word found.
        found: u64,
    },
    /// A number in a region that does not fit its body.
    #[error(
        "{path}: {what} is {found}, wanted {wanted}; the region is damaged: restart the producer",
        path = path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// Which number.
        what: &'static str,
        /// The number alleged.
        found: u64,
        /// The number or limit computed.
        wanted: u64,
    },
    /// The producer list of an instance is not one.
    #[error(
        "{path}: {source}; the instance is damaged: restart the producer",
        path = path.display()
    )]
    List {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: crate::listing::ListError,
    },
    /// The label table of a counters region is not one.
    #[error(
        "{path}: {source}; the region is damaged: restart the producer",
        path = path.display()
    )]
    Counters {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: crate::counter_reader::CounterError,
    },
    /// The instance has a living owner.
    #[error(
        "{path}: instance already running, owner pid {pid}; stop it or choose another instance \
         name",
        path = path.display()
    )]
    AlreadyRunning {
        /// The instance's directory.
        path: PathBuf,
        /// Process id in the header (0 where it could not be read).
        pid: u32,
    },
    /// No such instance.
    #[error(
        "{path}: no such instance; start the producer, or see what runs with the list command",
        path = path.display()
    )]
    Absent {
        /// The instance's directory.
        path: PathBuf,
    },
    /// The instance's owner is gone and nobody has replaced it.
    #[error(
        "{path}: the owner of generation {generation}, pid {pid}, is dead; restart the producer",
        path = path.display()
    )]
    DeadGeneration {
        /// The instance's directory.
        path: PathBuf,
        /// Generation left behind.
        generation: u64,
        /// Process that left it.
        pid: u32,
    },
    /// The instance did not become ready in time.
    #[error(
        "{path}: not ready after {waited_ms} ms ({last}); is the producer still starting?",
        path = path.display()
    )]
    Timeout {
        /// The instance's directory.
        path: PathBuf,
        /// Time waited, milliseconds.
        waited_ms: u64,
        /// The last state seen.
        last: &'static str,
    },
    /// The seat is held by another consumer.
    #[error(
        "{path}: seat taken by another consumer; choose another seat or stop it",
        path = path.display()
    )]
    SeatTaken {
        /// The seat's control file.
        path: PathBuf,
    },
    /// The instance has no producer, region or seat of that name or number.
    #[error("{path}: no {what}", path = path.display())]
    NoSuch {
        /// The instance's or producer's directory.
        path: PathBuf,
        /// What was asked for.
        what: String,
    },
}

impl Error {
    /// An operating-system error with what was attempted and where.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { doing, path: path.to_path_buf(), source }
    }

    /// Did the file, or its directory, simply not exist?
    pub fn is_missing(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
