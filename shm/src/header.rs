//! The header that opens every region, and its checks.
//!
//! A header is written once, before its region can be found, and never changes; the words that do
//! change (life, heartbeat) have lines of their own behind it. A reader copies the header out of
//! the file **once**, checks the copy and uses only the copy: until checked it is an allegation,
//! and afterwards nothing that another process writes can change it.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | magic | `HOTLANE1` |
//! | 8 | 4 | header_version | [`HEADER_VERSION`] |
//! | 12 | 2 | kind | [`RegionKind`] |
//! | 14 | 2 | | zero |
//! | 16 | 8 | layout_hash | of the records that the region carries |
//! | 24 | 4 | layout_version | the same for people |
//! | 28 | 4 | layout_rows | rows of the layout table |
//! | 32 | 8 | layout_offset | [`TABLE_OFFSET`] |
//! | 40 | 8 | file_bytes | length of the file |
//! | 48 | 8 | body_offset | next multiple of 4096 after the table |
//! | 56 | 8 | body_lines | lines of 64 bytes; the file is filled to a page |
//! | 64 | 8 | generation | of the instance |
//! | 72 | 4 | owner_pid | process that made it |
//! | 76 | 4 | | zero |
//! | 80 | 8 | owner_start | its start time, clock ticks since boot (a pid is reused, this is not) |
//! | 88 | 8 | created_ns | ns UTC |
//! | 96 | 32 | params | four numbers that mean something to the kind |
//! | 128 | 64 | name | utf-8, NUL-padded |
//! | 192 | 8 | table_checksum | FNV-1a of the layout table |
//! | 200 | 8 | header_checksum | FNV-1a of bytes 0 to 199 |
//! | 208 | 48 | | zero |
//! | 256 | 64 | | life line: state, generation, owner (`generation`) |
//! | 320 | 64 | | beat line: word 0 heartbeat, ns; word 1 successor's pid |
//! | 384 | 128 | | zero |
//! | 512 | 64 n | | layout table (`layout`) |

use std::fs::File;
use std::mem::offset_of;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

use crate::error::{Error, Result};
use crate::layout::{self, Layout, LayoutRow, MAX_ROWS, ROW_BYTES, checksum};
use crate::lines::LINE_BYTES;
use crate::mapping::{PAGE, read_at};

/// First eight bytes of every region.
pub const MAGIC: [u8; 8] = *b"HOTLANE1";
/// Version of this header's layout.
pub const HEADER_VERSION: u32 = 1;
/// Bytes of the part that never changes.
pub const HEADER_BYTES: usize = 256;
/// Where the layout table begins.
pub const TABLE_OFFSET: u64 = 512;
/// Line of the life words.
pub const LIFE_LINE: usize = 4;
/// Line of the heartbeat.
pub const BEAT_LINE: usize = 5;
/// Most lines of a body: 64 GiB, far above any configuration and far below any overflow.
pub const MAX_BODY_LINES: u64 = 1 << 30;
/// Most bytes of a region's name.
pub const NAME_BYTES: usize = 64;

/// Bytes under `header_checksum`.
const SUMMED: usize = offset_of!(Header, header_checksum);

/// What a region holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum RegionKind {
    /// Lock, generation, clock page and producer list of an instance.
    Instance = 1,
    /// A seat's ring.
    Ring = 2,
    /// A seat's control lines, written by its consumer.
    Control = 3,
    /// Instrument table.
    Instruments = 4,
    /// Images.
    Images = 5,
    /// Counters and histograms.
    Counters = 6,
    /// Distinct errors.
    Errors = 7,
    /// Gap ledger.
    Gaps = 8,
    /// Overwriting ring.
    Tail = 9,
}

impl RegionKind {
    /// All kinds, in order of their codes.
    pub const ALL: [RegionKind; 9] = [
        RegionKind::Instance,
        RegionKind::Ring,
        RegionKind::Control,
        RegionKind::Instruments,
        RegionKind::Images,
        RegionKind::Counters,
        RegionKind::Errors,
        RegionKind::Gaps,
        RegionKind::Tail,
    ];

    /// Code in the header.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The kind of a code.
    pub fn of(code: u16) -> Option<RegionKind> {
        RegionKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            RegionKind::Instance => "instance",
            RegionKind::Ring => "ring",
            RegionKind::Control => "control",
            RegionKind::Instruments => "instruments",
            RegionKind::Images => "images",
            RegionKind::Counters => "counters",
            RegionKind::Errors => "errors",
            RegionKind::Gaps => "gaps",
            RegionKind::Tail => "tail",
        }
    }
}

/// The first 256 bytes of a region.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`HEADER_VERSION`].
    pub header_version: u32,
    /// Code of the [`RegionKind`].
    pub kind: u16,
    /// Zero.
    pub unnamed0: u16,
    /// Hash of the record layouts.
    pub layout_hash: u64,
    /// Version of the record layouts.
    pub layout_version: u32,
    /// Rows of the layout table.
    pub layout_rows: u32,
    /// Offset of the layout table, bytes.
    pub layout_offset: u64,
    /// Length of the file, bytes.
    pub file_bytes: u64,
    /// Offset of the body, bytes.
    pub body_offset: u64,
    /// Lines of the body.
    pub body_lines: u64,
    /// Generation of the instance.
    pub generation: u64,
    /// Process that made the region.
    pub owner_pid: u32,
    /// Zero.
    pub unnamed1: u32,
    /// Start time of that process, clock ticks since boot.
    pub owner_start: u64,
    /// When the region was made, ns UTC.
    pub created_ns: u64,
    /// Numbers that mean something to the kind.
    pub params: [u64; 4],
    /// Name, utf-8, NUL-padded.
    pub name: [u8; NAME_BYTES],
    /// Checksum of the layout table.
    pub table_checksum: u64,
    /// Checksum of the bytes before this field.
    pub header_checksum: u64,
    /// Zero.
    pub unnamed2: [u64; 6],
}

const _: () = {
    assert!(size_of::<Header>() == HEADER_BYTES);
    assert!(offset_of!(Header, magic) == 0);
    assert!(offset_of!(Header, header_version) == 8);
    assert!(offset_of!(Header, kind) == 12);
    assert!(offset_of!(Header, unnamed0) == 14);
    assert!(offset_of!(Header, layout_hash) == 16);
    assert!(offset_of!(Header, layout_version) == 24);
    assert!(offset_of!(Header, layout_rows) == 28);
    assert!(offset_of!(Header, layout_offset) == 32);
    assert!(offset_of!(Header, file_bytes) == 40);
    assert!(offset_of!(Header, body_offset) == 48);
    assert!(offset_of!(Header, body_lines) == 56);
    assert!(offset_of!(Header, generation) == 64);
    assert!(offset_of!(Header, owner_pid) == 72);
    assert!(offset_of!(Header, unnamed1) == 76);
    assert!(offset_of!(Header, owner_start) == 80);
    assert!(offset_of!(Header, created_ns) == 88);
    assert!(offset_of!(Header, params) == 96);
    assert!(offset_of!(Header, name) == 128);
    assert!(offset_of!(Header, table_checksum) == 192);
    assert!(offset_of!(Header, header_checksum) == 200);
    assert!(offset_of!(Header, unnamed2) == 208);
    assert!(LIFE_LINE * LINE_BYTES == HEADER_BYTES);
    assert!((BEAT_LINE + 3) * LINE_BYTES == TABLE_OFFSET as usize);
};

/// Offset of the body behind a table of `rows` rows, bytes.
pub const fn body_offset(rows: u64) -> u64 {
    (TABLE_OFFSET + rows * ROW_BYTES as u64).next_multiple_of(PAGE)
}

/// Length of a region with a table of `rows` rows and `lines` body lines, bytes.
pub const fn region_bytes(rows: u64, lines: u64) -> u64 {
    (body_offset(rows) + lines * LINE_BYTES as u64).next_multiple_of(PAGE)
}

/// What a reader insists on.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    /// The kind that the file name promises; `None` for tools that take any kind that exists.
    pub kind: Option<RegionKind>,
    /// Layout version and hash; `None` for tools that decode by the region's own table.
    pub layout: Option<(u32, u64)>,
    /// Generation of the instance that the region must belong to.
    pub generation: Option<u64>,
    /// The widest permission bits accepted.
    pub mode: u32,
}

impl Expect {
    /// What tools insist on: a region of any kind, layout and generation, not writable by just
    /// anybody.
    pub const ANY: Expect = Expect { kind: None, layout: None, generation: None, mode: 0o660 };
    /// An `instance` region of any layout and generation.
    pub(crate) const INSTANCE: Expect =
        Expect { kind: Some(RegionKind::Instance), layout: None, generation: None, mode: 0o640 };
}

impl Header {
    /// Both checksums, computed.
    pub(crate) fn seal(&mut self, rows: &[LayoutRow]) {
        self.table_checksum = checksum(rows.as_bytes());
        self.header_checksum = self.computed_checksum();
    }

    fn computed_checksum(&self) -> u64 {
        checksum(self.as_bytes().get(..SUMMED).unwrap_or_default())
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        layout::text(&self.name)
    }

    /// What the region holds; `None` for a kind of a later release.
    pub fn kind(&self) -> Option<RegionKind> {
        RegionKind::of(self.kind)
    }

    /// Copies header and table out of `file` and checks every field of the copy.
    ///
    /// # Errors
    /// One variant of [`Error`] per check.
    pub fn read(file: &File, path: &Path, expect: &Expect) -> Result<(Header, Vec<LayoutRow>)> {
        let found = check_file(file, path, expect.mode)?;
        let mut bytes = [0; HEADER_BYTES];
        read_at(file, path, &mut bytes, 0)?;
        let header: Header = zerocopy::transmute!(bytes);
        header.check_identity(path)?;
        header.check_layout(path, expect)?;
        header.check_shape(path, found)?;
        header.check_name(path)?;
        let rows = header.read_table(file, path, found)?;
        match expect.generation {
            Some(wanted) if wanted != header.generation => {
                let path = path.to_path_buf();
                Err(Error::Generation { path, found: header.generation, wanted })
            }
            _ => Ok((header, rows)),
        }
    }

    fn check_identity(&self, path: &Path) -> Result<()> {
        let path = || path.to_path_buf();
        if self.magic != MAGIC {
            let (found, wanted) = (u64::from_le_bytes(self.magic), u64::from_le_bytes(MAGIC));
            return Err(Error::Magic { path: path(), found, wanted });
        }
        if self.header_version != HEADER_VERSION {
            let (found, wanted) = (self.header_version, HEADER_VERSION);
            return Err(Error::HeaderVersion { path: path(), found, wanted });
        }
        let wanted = self.computed_checksum();
        if self.header_checksum != wanted {
            let found = self.header_checksum;
            return Err(Error::HeaderChecksum { path: path(), found, wanted });
        }
        let unnamed = [
            (offset_of!(Header, unnamed0), self.unnamed0 != 0),
            (offset_of!(Header, unnamed1), self.unnamed1 != 0),
            (offset_of!(Header, unnamed2), self.unnamed2 != [0; 6]),
        ];
        match unnamed.into_iter().find(|&(_, set)| set) {
            Some((offset, _)) => Err(Error::HeaderUnnamed { path: path(), offset: offset as u64 }),
            None => Ok(()),
        }
    }

    fn check_layout(&self, path: &Path, expect: &Expect) -> Result<()> {
        if self.kind().is_none() || expect.kind.is_some_and(|kind| kind.code() != self.kind) {
            let (found, wanted) = (self.kind, expect.kind.map_or(0, RegionKind::code));
            return Err(Error::Kind { path: path.to_path_buf(), found, wanted });
        }
        match expect.layout {
            Some((wanted_version, wanted_hash))
                if (self.layout_version, self.layout_hash) != (wanted_version, wanted_hash) =>
            {
                Err(Error::LayoutMismatch {
                    path: path.to_path_buf(),
                    found_version: self.layout_version,
                    found_hash: self.layout_hash,
                    wanted_version,
                    wanted_hash,
                })
            }
            _ => Ok(()),
        }
    }

    fn check_shape(&self, path: &Path, found: u64) -> Result<()> {
        let path = || path.to_path_buf();
        let (rows, most) = (u64::from(self.layout_rows), MAX_ROWS as u64);
        if rows > most || self.layout_offset != TABLE_OFFSET {
            let (offset, wanted) = (self.layout_offset, TABLE_OFFSET);
            return Err(Error::LayoutPlace { path: path(), rows, offset, most, wanted });
        }
        let wanted = body_offset(rows);
        if self.body_offset != wanted {
            return Err(Error::BodyOffset { path: path(), found: self.body_offset, wanted });
        }
        if self.body_lines == 0 || self.body_lines > MAX_BODY_LINES {
            let (found, most) = (self.body_lines, MAX_BODY_LINES);
            return Err(Error::BodyLines { path: path(), found, most });
        }
        let wanted = region_bytes(rows, self.body_lines);
        if self.file_bytes != wanted || found != wanted {
            let alleged = self.file_bytes;
            return Err(Error::FileLength { path: path(), found, alleged, wanted });
        }
        Ok(())
    }

    fn check_name(&self, path: &Path) -> Result<()> {
        let name = self.name();
        let padding = self.name.get(name.len()..).unwrap_or_default();
        if name.is_empty() || name == "?" || padding.iter().any(|&b| b != 0) {
            return Err(Error::HeaderName { path: path.to_path_buf() });
        }
        Ok(())
    }

    fn read_table(&self, file: &File, path: &Path, found: u64) -> Result<Vec<LayoutRow>> {
        let bytes = self.layout_rows as usize * ROW_BYTES;
        let wanted = TABLE_OFFSET + bytes as u64;
        if found < wanted {
            return Err(Error::TooShort { path: path.to_path_buf(), found, wanted });
        }
        let mut rows = vec![LayoutRow::new_zeroed(); self.layout_rows as usize];
        read_at(file, path, rows.as_mut_bytes(), TABLE_OFFSET)?;
        let wanted = checksum(rows.as_bytes());
        if wanted != self.table_checksum {
            let found = self.table_checksum;
            return Err(Error::LayoutChecksum { path: path.to_path_buf(), found, wanted });
        }
        Ok(rows)
    }
}

/// Checks what the file system says of a file before a byte of it is believed; its length.
fn check_file(file: &File, path: &Path, widest: u32) -> Result<u64> {
    let meta = file.metadata().map_err(|e| Error::io("stat", path, e))?;
    let path = || path.to_path_buf();
    if !meta.is_file() {
        return Err(Error::NotRegular { path: path() });
    }
    if meta.nlink() != 1 {
        return Err(Error::Links { path: path(), found: meta.nlink() });
    }
    let found = meta.mode() & 0o7777;
    if found & !widest != 0 {
        return Err(Error::Mode { path: path(), found, wanted: widest });
    }
    if meta.size() < PAGE {
        return Err(Error::TooShort { path: path(), found: meta.size(), wanted: PAGE });
    }
    Ok(meta.size())
}

/// A layout that fits a region.
///
/// # Errors
/// [`Error::BadSpec`] where it has too many rows.
pub(crate) fn check_rows(layout: &Layout<'_>) -> Result<u32> {
    let found = layout.rows.len() as u64;
    let bad = Error::BadSpec { what: "layout rows", found, wanted: "at most 4096" };
    match u32::try_from(layout.rows.len()) {
        Ok(rows) if layout.rows.len() <= MAX_ROWS => Ok(rows),
        _ => Err(bad),
    }
}
