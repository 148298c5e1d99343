//! What is wrong with a configuration: each problem with its line and what to do about it.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1; 0 where the file as a whole, or a variable, is meant.
    pub line: usize,
    /// What is wrong, and the fix.
    pub text: String,
}

/// Why a configuration cannot be used.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No file was named.
    NoFile,
    /// Values in the file are wrong.
    Wrong {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong, in order of the lines.
        problems: Vec<Problem>,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Read { path, source } => {
                let fix = match source.kind() {
                    std::io::ErrorKind::NotFound => "; config/nasdaq.toml is an example to copy",
                    std::io::ErrorKind::PermissionDenied => "; make it readable to this user",
                    std::io::ErrorKind::InvalidData => "; save it as UTF-8 text",
                    _ => "",
                };
                write!(f, "{}: {source}{fix}", path.display())
            }
            ConfigError::NoFile => write!(
                f,
                "no configuration named: give a file, or its path in HOTLANE_CONFIG; \
                 config/nasdaq.toml is an example to copy"
            ),
            ConfigError::Wrong { path, problems } => {
                for (at, problem) in problems.iter().enumerate() {
                    let newline = if at == 0 { "" } else { "\n" };
                    match problem.line {
                        0 => write!(f, "{newline}{}: {}", path.display(), problem.text)?,
                        n => write!(f, "{newline}{}:{n}: {}", path.display(), problem.text)?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConfigError::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}
