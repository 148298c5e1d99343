//! Files that are made once.
//!
//! A file is written under a name of its own and renamed when it is whole: two runs at once make
//! it twice, and neither reads half of it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::harness::{CompareError, Setting};

const BUFFER: usize = 1 << 20;

/// The bytes of a kept file, made by `make` if it is not there.
pub(super) fn kept<F>(setting: &Setting, name: &str, make: F) -> Result<Vec<u8>, CompareError>
where
    F: FnOnce(&mut BufWriter<File>) -> Result<(), CompareError>,
{
    let path = setting.cache.join(name);
    if !path.exists() {
        eprintln!("making {}, once", path.display());
        create(&path, make)?;
    }
    std::fs::read(&path).map_err(|error| failed(&path, "read", &error))
}

fn create<F>(path: &Path, make: F) -> Result<(), CompareError>
where
    F: FnOnce(&mut BufWriter<File>) -> Result<(), CompareError>,
{
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, "create", &error))?;
    }
    let partial = path.with_added_extension(format!("{}.partial", std::process::id()));
    let made = File::create(&partial)
        .map_err(|error| failed(&partial, "create", &error))
        .and_then(|file| {
            let mut writer = BufWriter::with_capacity(BUFFER, file);
            make(&mut writer)?;
            writer.flush().map_err(|error| failed(&partial, "write", &error))
        })
        .and_then(|()| {
            std::fs::rename(&partial, path).map_err(|error| failed(path, "name", &error))
        });
    if made.is_err() {
        // What is left of a failed attempt serves nobody; the error to tell is the first one.
        let _ = std::fs::remove_file(&partial);
    }
    made
}

fn failed(path: &Path, action: &str, error: &std::io::Error) -> CompareError {
    CompareError::failed(format!("{action} {}", path.display()), error)
}
