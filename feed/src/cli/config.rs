//! `hotlane config`: looks at a configuration without running it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{OK, print};
use crate::config::{self, Config, ConfigError, Environment, explain};
use crate::error::FeedError;

/// Look at a configuration without running it.
#[derive(Debug, Args)]
#[command(after_help = "\
Without FILE the path in HOTLANE_CONFIG is taken. Variables that go before the file:
  HOTLANE_SHM=DIR      directory under which instances live
  LIMITED_MODE=true    publish only the first 10 symbols of each lane

Examples:
  hotlane config check config/nasdaq.toml
  hotlane config explain config/nasdaq.toml
  hotlane config explain --json config/nasdaq.toml | jq '.values[] | select(.origin.from != \"default\")'")]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every value that holds, its unit, and where it came from.
    Explain {
        /// The configuration.
        file: Option<PathBuf>,
        /// One JSON object instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Say whether a configuration can be used; every mistake at once. Exit code 1 if not.
    Check {
        /// The configuration.
        file: Option<PathBuf>,
    },
    /// Print every key that a configuration can have, as a table in Markdown.
    Keys,
}

/// Runs the command.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn run(args: &ConfigArgs) -> Result<u8, FeedError> {
    let environment = Environment::read();
    match &args.action {
        Action::Explain { file, json } => {
            let config = open(file.as_ref(), &environment)?;
            print(&if *json { as_json(&config) } else { as_text(&config) })
        }
        Action::Check { file } => {
            let config = open(file.as_ref(), &environment)?;
            let lanes: Vec<_> = config.lanes.iter().map(|lane| lane.name.as_str()).collect();
            let path = config.path.display();
            print(&format!("{path}: can be used; lanes: {}\n", lanes.join(", ")))
        }
        Action::Keys => print(&explain::reference()),
    }?;
    Ok(OK)
}

/// Reads the configuration that the command line or the environment names.
pub(super) fn open(
    file: Option<&PathBuf>,
    environment: &Environment,
) -> Result<Config, ConfigError> {
    let named = file.or(environment.config.as_ref());
    config::load(named.ok_or(ConfigError::NoFile)?, environment)
}

fn as_text(config: &Config) -> String {
    let path = config.path.display().to_string();
    let name = config.path.file_name().map_or(path.clone(), |n| n.to_string_lossy().into_owned());
    format!("{path}\n\n{}", explain::table(&name, &config.effective))
}

fn as_json(config: &Config) -> String {
    let path = config.path.display().to_string();
    format!("{}\n", json!({"file": path, "values": config.effective}))
}
