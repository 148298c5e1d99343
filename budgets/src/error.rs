//! What can go wrong, told so that the next command is right.

use std::path::{Path, PathBuf};

/// An error of the budgets.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Valgrind could not be started.
    #[error("cannot run valgrind: {0}; install it, for example with apt-get install valgrind")]
    Valgrind(std::io::Error),
    /// A measured program failed, or valgrind did.
    #[error("{program}: {why}")]
    Program {
        /// Its name.
        program: String,
        /// What it said last.
        why: String,
    },
    /// The baseline cannot be understood.
    #[error("{path}: {why}; write it anew with `budgets update`", path = path.display())]
    Baseline {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The baseline was counted under other conditions.
    #[error(
        "the baseline was counted with {was}, now it would be {now}: the counts cannot be compared; \
         use a host like that, or write it anew with `budgets update`"
    )]
    Conditions {
        /// Of the baseline.
        was: String,
        /// Here.
        now: String,
    },
}

impl Error {
    /// A file's error.
    pub(crate) fn file(path: &Path, action: &'static str) -> impl Fn(std::io::Error) -> Error {
        move |source| Error::File { path: path.to_owned(), action, source }
    }

    /// A program's error.
    pub(crate) fn program(program: impl ToString, why: impl ToString) -> Error {
        Error::Program { program: program.to_string(), why: why.to_string() }
    }
}
