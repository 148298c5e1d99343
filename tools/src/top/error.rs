//! Why there is nothing to see. What is wrong with an instance is a problem in the picture.

use std::io;
use std::path::PathBuf;

use crate::inspect::LookError;

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopError {
    /// An instance, or the folder of all, cannot be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// There is nothing.
    #[error("no instance under {root}: start one, or say --root DIR", root = root.display())]
    Nothing {
        /// Directory looked at.
        root: PathBuf,
    },
    /// The terminal cannot be used.
    #[error("cannot use this terminal: {0}; --once prints text instead")]
    Terminal(#[source] io::Error),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<shm::error::Error> for TopError {
    fn from(error: shm::error::Error) -> TopError {
        TopError::Look(LookError::Shm(error))
    }
}

impl TopError {
    /// Name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            TopError::Look(error) => error.name(),
            TopError::Nothing { .. } => "no_instance",
            TopError::Terminal(_) => "terminal",
            TopError::Output(_) => "output",
        }
    }
}
