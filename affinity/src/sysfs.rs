//! Small files of `/sys` and `/proc`: one value each, read whole, under a root that tests choose.

use crate::cpu_set::CpuSet;
use crate::error::AffinityError;
use std::fs;
use std::io;
use std::path::Path;

/// The file's text; `None` where there is no such file.
pub(crate) fn text(path: &Path) -> Result<Option<String>, AffinityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        // ENOTDIR: a parent that this kernel has as a file, or not at all.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(AffinityError::Read { path: path.to_owned(), source }),
    }
}

/// The file's list of cores; `None` where there is no such file.
pub(crate) fn cpu_list(path: &Path) -> Result<Option<CpuSet>, AffinityError> {
    let Some(text) = text(path)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(set) => Ok(Some(set)),
        Err(error) => Err(AffinityError::CpuList {
            path: path.to_owned(),
            text: text.trim().chars().take(64).collect(),
            error,
        }),
    }
}

/// The file's list of cores; an error where there is no such file.
pub(crate) fn required_cpu_list(path: &Path) -> Result<CpuSet, AffinityError> {
    cpu_list(path)?.ok_or_else(|| AffinityError::Read {
        path: path.to_owned(),
        source: io::ErrorKind::NotFound.into(),
    })
}

/// The file's number; `None` where there is no such file or it holds no number.
///
/// Some values are only known on some machines (`-1` for a package that firmware does not
/// name), and none of them is worth refusing to start for.
pub(crate) fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
pub(crate) mod made_up {
    //! Made-up trees of files for tests.

    use std::fs;
    use std::path::Path;

    /// Writes the files below the root, with the folders they need.
    pub(crate) fn tree(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).expect("a folder for a made-up file");
            }
            fs::write(path, text).expect("a made-up file");
        }
    }
}
