//! Environment variables that go before the file.

use std::path::PathBuf;

/// Variable with the path of the configuration.
pub const CONFIG: &str = "HOTLANE_CONFIG";
/// Variable that limits each lane to its first symbols: `true` or `false`.
pub const LIMITED: &str = "LIMITED_MODE";
/// Variable with the directory under which instances live.
pub const SHM: &str = "HOTLANE_SHM";
/// Symbols of each lane that `LIMITED_MODE` leaves.
pub const LIMITED_SYMBOLS: usize = 10;

/// What the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Default path of the configuration.
    pub config: Option<PathBuf>,
    /// `LIMITED_MODE` as it stands there.
    pub limited: Option<String>,
    /// Directory under which instances live.
    pub shm: Option<PathBuf>,
}

impl Environment {
    /// The environment of this process. An empty variable says nothing.
    pub fn read() -> Environment {
        let text = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Environment {
            config: text(CONFIG).map(PathBuf::from),
            limited: text(LIMITED).map(|value| value.to_string_lossy().into_owned()),
            shm: text(SHM).map(PathBuf::from),
        }
    }
}
