//! Names and places of an instance's files.
//!
//! ```text
//! <root>/hotlane-<instance>/            0750
//!     instance                          0640  lock, generation, clock page, producer list
//!     <producer>/                       0750
//!         seat-0.ring .. seat-7.ring    0640  the producer writes
//!         seat-0.ctl .. seat-7.ctl      0660  the seat's consumer writes
//!         instruments images counters errors gaps tail    0640
//! ```
//!
//! Names are checked before they become paths, so that none leads out of its directory.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Where instances live unless told otherwise.
pub const DEFAULT_ROOT: &str = "/dev/shm";
/// What the directory of an instance begins with.
pub const DIR_PREFIX: &str = "hotlane-";
/// The file that makes a directory an instance.
pub const INSTANCE_FILE: &str = "instance";
/// Mode of directories.
pub const DIR_MODE: u32 = 0o750;
/// Mode of files that only the producer writes.
pub const DATA_MODE: u32 = 0o640;
/// Mode of files that a consumer writes.
pub const CONTROL_MODE: u32 = 0o660;
/// Most bytes of an instance's or producer's name.
pub const MAX_NAME: usize = 32;
/// Most seats of a producer.
pub const MAX_SEATS: usize = 8;

/// Files of a producer other than its seats.
pub const TABLE_FILES: [&str; 6] = ["instruments", "images", "counters", "errors", "gaps", "tail"];

/// Refuses a name that is not 1 to 32 of `a-z 0-9 _ -`, beginning with a letter or digit.
///
/// # Errors
/// [`Error::BadName`].
pub fn check_name(what: &'static str, name: &str) -> Result<()> {
    let bad = |why| Err(Error::BadName { what, name: name.to_string(), why });
    if name.is_empty() || name.len() > MAX_NAME {
        return bad("1 to 32 characters are wanted");
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if !name.bytes().all(|b| plain(b) || b == b'_' || b == b'-') {
        return bad("only a-z, 0-9, _ and - are allowed");
    }
    if !name.bytes().next().is_some_and(plain) {
        return bad("it must begin with a letter or a digit");
    }
    if name == INSTANCE_FILE {
        return bad("the name is taken by the instance's own file");
    }
    Ok(())
}

/// Directory of an instance.
///
/// # Errors
/// [`Error::BadName`].
pub fn instance_dir(root: &Path, name: &str) -> Result<PathBuf> {
    check_name("instance", name)?;
    Ok(root.join(format!("{DIR_PREFIX}{name}")))
}

/// File name of a seat's ring.
pub fn ring_file(seat: usize) -> String {
    format!("seat-{seat}.ring")
}

/// File name of a seat's control lines.
pub fn control_file(seat: usize) -> String {
    format!("seat-{seat}.ctl")
}

/// Is this the name of a file that a producer's directory may hold?
pub fn is_producer_file(name: &str) -> bool {
    let seat = |n: usize| name == ring_file(n) || name == control_file(n);
    TABLE_FILES.contains(&name) || (0..MAX_SEATS).any(seat)
}

/// Is this the name under which a new `instance` file is prepared (`instance.PID-NUMBER.new`)?
pub fn is_prepared_file(name: &str) -> bool {
    let middle = name.strip_prefix("instance.").and_then(|rest| rest.strip_suffix(".new"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts = middle.and_then(|middle| middle.split_once('-'));
    parts.is_some_and(|(pid, number)| digits(pid) && digits(number))
}

/// Name under which process `pid` prepares a new `instance` file, at its attempt `number`.
pub fn prepared_file(pid: u32, number: u64) -> String {
    format!("instance.{pid}-{number}.new")
}

/// Refuses a directory that is a link, no directory, or open to the world.
///
/// # Errors
/// [`Error::Io`] where it is missing, [`Error::NotRegular`] or [`Error::Mode`].
pub fn check_dir(dir: &Path) -> Result<std::fs::Metadata> {
    let meta = std::fs::symlink_metadata(dir).map_err(|e| Error::io("stat", dir, e))?;
    if !meta.is_dir() {
        return Err(Error::NotRegular { path: dir.to_path_buf() });
    }
    let found = meta.mode() & 0o7777;
    if found & !DIR_MODE & 0o777 != 0 {
        return Err(Error::Mode { path: dir.to_path_buf(), found, wanted: DIR_MODE });
    }
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_directory_are_refused() {
        for name in ["", ".", "..", "a/b", "/a", "a.b", "A", "é", "-a", "_a", "a b", "instance"] {
            assert!(check_name("instance", name).is_err(), "{name:?}");
        }
        assert!(check_name("instance", &"a".repeat(33)).is_err());
        for name in ["a", "0", "nasdaq", "binance_um-2", &"a".repeat(32)] {
            assert!(check_name("instance", name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn only_our_own_files_are_ours() {
        for name in ["seat-0.ring", "seat-7.ctl", "instruments", "tail", "gaps"] {
            assert!(is_producer_file(name), "{name}");
        }
        for name in ["seat-8.ring", "seat-0", "seat-00.ring", "notes.txt", "instance"] {
            assert!(!is_producer_file(name), "{name}");
        }
        assert!(is_prepared_file(&prepared_file(12, 345)));
        for name in
            ["instance.new", "instance..new", "instance.-.new", "instance.1x-2.new", "instance.1"]
        {
            assert!(!is_prepared_file(name), "{name}");
        }
    }
}
