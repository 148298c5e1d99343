//! Where instances live.

use std::path::PathBuf;

use shm::paths::DEFAULT_ROOT;

/// Environment variable with the directory under which instances live.
pub const ROOT_VARIABLE: &str = "HOTLANE_SHM";

/// The directory given, else that of [`ROOT_VARIABLE`], else the default.
pub fn root(given: Option<&PathBuf>) -> PathBuf {
    let variable = || std::env::var_os(ROOT_VARIABLE).filter(|v| !v.is_empty());
    let given = given.cloned().or_else(|| variable().map(PathBuf::from));
    given.unwrap_or_else(|| PathBuf::from(DEFAULT_ROOT))
}
