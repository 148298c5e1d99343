//! Why an instance cannot be looked at.

use std::path::PathBuf;

/// Why an instance cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookError {
    /// There is no such instance.
    #[error(
        "no instance {name:?} under {root}; there {are}: start it, or say --root DIR",
        root = root.display(),
        are = list("is none", "is", others)
    )]
    NoInstance {
        /// Name asked for.
        name: String,
        /// Directory looked at.
        root: PathBuf,
        /// Instances that there are.
        others: Vec<String>,
    },
    /// A file or directory was refused; the message says which and why.
    #[error(transparent)]
    Shm(#[from] shm::error::Error),
}

/// `some` and the names, or `none`.
pub(crate) fn list(none: &str, some: &str, names: &[String]) -> String {
    if names.is_empty() { none.to_string() } else { format!("{some} {}", names.join(", ")) }
}

impl LookError {
    /// Name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            LookError::NoInstance { .. } => "no_such_instance",
            LookError::Shm(_) => "refused",
        }
    }
}
