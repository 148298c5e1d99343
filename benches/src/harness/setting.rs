//! How a run was asked for.

use super::CompareError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What the sections need to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setting {
    /// Under a minute for everything, on the smaller inputs.
    pub quick: bool,
    /// Rounds of a contest.
    pub rounds: usize,
    /// Folder of the recordings, if there is one.
    pub data: Option<PathBuf>,
    /// Folder for generated days, which are made once and kept.
    pub cache: PathBuf,
    /// Cores to run on: the first for what is measured, the second for its other end.
    pub cores: [usize; 2],
}

impl Setting {
    /// The folder of the recordings.
    ///
    /// # Errors
    /// [`CompareError::NoData`] where none was given: the section is skipped, the rest runs.
    pub fn data_dir(&self) -> Result<&Path, CompareError> {
        self.data.as_deref().ok_or(CompareError::NoData)
    }
}
