//! Configuration: a TOML file and a few environment variables, checked whole before anything is
//! opened.
//!
//! ```text
//! schema.rs       every key: type, range, default, unit, meaning
//! parse.rs        a file into sections of checked values
//! problem.rs      what is wrong, and where
//! instance.rs     top level and cores          lane.rs     lanes and their lines
//! publisher.rs    the multicast publisher      explain.rs  what holds, and from where
//! environment.rs  variables before the file    change.rs   what a reload would change
//! recovery.rs     the servers that gaps are filled from
//! ```
//!
//! The schema is one table, so that reading, `hotlane config explain`, the suggestions for unknown
//! keys and the reference in docs/OPERATIONS.md cannot disagree. A file with several mistakes is
//! told all of them at once.

pub mod change;
pub mod environment;
pub mod explain;
pub mod instance;
pub mod lane;
pub mod parse;
pub mod problem;
pub mod publisher;
pub mod recovery;
pub mod schema;

use std::path::{Path, PathBuf};

pub use environment::Environment;
pub use explain::{Effective, Origin};
pub use instance::{CoreConfig, DataNature, PollChoice};
pub use lane::{LaneSection, LineSection};
pub use problem::{ConfigError, Problem};
pub use publisher::PublisherConfig;
pub use recovery::RecoverySection;

use parse::Parser;

/// A configuration that has been checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Name of the instance.
    pub instance: String,
    /// What the data may be called at most.
    pub environment: DataNature,
    /// Directory under which instances live.
    pub shm_root: PathBuf,
    /// Group that may attach beside the owner.
    pub gid: Option<u32>,
    /// Only the first symbols of each lane are published.
    pub limited: bool,
    /// Cores, by name.
    pub cores: Vec<CoreConfig>,
    /// Lanes, by name.
    pub lanes: Vec<LaneSection>,
    /// The multicast publisher.
    pub publisher: PublisherConfig,
    /// Every value with its origin, in the order of the sections.
    pub effective: Vec<Effective>,
}

/// Reads and checks a file.
///
/// # Errors
/// Everything that is wrong in it, at once; or that it cannot be read.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_path_buf(), source })?;
    parse(path, &text, environment)
}

/// Checks the text of a file; `path` is what messages call it.
///
/// # Errors
/// Everything that is wrong in it, at once.
pub fn parse(path: &Path, text: &str, environment: &Environment) -> Result<Config, ConfigError> {
    let (mut parser, document) = Parser::new(text);
    let top = parser.document(document.get_ref(), &schema::TOP, &schema::TABLES);
    let head = instance::head(&mut parser, &top, environment);
    let cores = instance::cores(&mut parser, document.get_ref());
    let lanes =
        lane::lanes(&mut parser, document.get_ref(), &cores, head.environment, head.limited);
    let publisher = publisher::read(&mut parser, document.get_ref());
    let (problems, effective) = parser.finish();
    if !problems.is_empty() {
        return Err(ConfigError::Wrong { path: path.to_path_buf(), problems });
    }
    Ok(Config {
        path: path.to_path_buf(),
        instance: head.instance,
        environment: head.environment,
        shm_root: head.shm_root,
        gid: head.gid,
        limited: head.limited,
        cores,
        lanes,
        publisher,
        effective,
    })
}
