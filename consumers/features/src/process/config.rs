//! What is in force: defaults, then the file, then the command line. Everything is checked here,
//! before anything is opened.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::args::{Args, Poll};
use super::error::{Error, Result};
use crate::blocks::MicroTable;
use crate::engine::EngineSpec;

/// The file: the same names as on the command line.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    instance: Option<String>,
    root: Option<PathBuf>,
    out_name: Option<String>,
    #[serde(default)]
    lane: Vec<String>,
    #[serde(default)]
    symbols: Vec<String>,
    core: Option<usize>,
    poll: Option<Poll>,
    instruments: Option<u32>,
    seats: Option<u32>,
    ring: Option<u64>,
    grid_ms: Option<u64>,
    book_ttl_s: Option<u64>,
    #[serde(default)]
    wait: bool,
    microprice: Option<PathBuf>,
    timeout: Option<u64>,
}

/// Effective values.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Instance to follow.
    pub instance: String,
    /// Where instances live.
    pub root: PathBuf,
    /// Name that is published under.
    pub out_name: String,
    /// Lanes; empty: all.
    pub lanes: Vec<String>,
    /// Symbols; empty: all.
    pub symbols: Vec<String>,
    /// Core, if any.
    pub core: Option<usize>,
    /// What to do when there is nothing.
    pub poll: Poll,
    /// Instruments that there is memory for.
    pub instruments: u32,
    /// Seats for consumers.
    pub seats: u32,
    /// Records in each ring.
    pub ring: u64,
    /// Step of the grid, ms.
    pub grid_ms: u64,
    /// Time after which a silent book is stale, s; 0: never.
    pub book_ttl_s: u64,
    /// Nothing is lost, for sources that are replays.
    pub wait: bool,
    /// Table of the microprice.
    pub table: Option<MicroTable>,
    /// Seconds to wait for the instance.
    pub timeout_s: u64,
    /// Seconds to run; `None`: until a signal.
    pub seconds: Option<u64>,
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_path_buf(), source })
}

fn file(path: &Path) -> Result<File> {
    let text = read(path)?;
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        Error::Config { path: path.to_path_buf(), line, what: error.message().to_owned() }
    })
}

fn table(path: &Path) -> Result<MicroTable> {
    let table = MicroTable::parse(&read(path)?);
    table.map_err(|what| Error::Table { path: path.to_path_buf(), what })
}

fn within(
    name: &'static str,
    found: u64,
    range: std::ops::RangeInclusive<u64>,
    wanted: &'static str,
) -> Result<u64> {
    if range.contains(&found) { Ok(found) } else { Err(Error::Range { name, found, wanted }) }
}

fn either<T>(first: &[T], second: Vec<T>) -> Vec<T>
where
    T: Clone,
{
    if first.is_empty() { second } else { first.to_vec() }
}

impl Config {
    /// What is in force with this command line.
    ///
    /// # Errors
    /// A file that cannot be read or meant, a value out of range.
    pub fn of(args: &Args) -> Result<Config> {
        let file = match &args.config {
            Some(path) => file(path)?,
            None => File::default(),
        };
        let ring = args.ring.or(file.ring).unwrap_or(16_384);
        if !ring.is_power_of_two() {
            let wanted = "a power of two";
            return Err(Error::Range { name: "ring", found: ring, wanted });
        }
        let instruments = args.instruments.or(file.instruments).unwrap_or(256);
        let seats = args.seats.or(file.seats).unwrap_or(4);
        let grid_ms = args.grid_ms.or(file.grid_ms).unwrap_or(1_000);
        let book_ttl_s = args.book_ttl_s.or(file.book_ttl_s).unwrap_or(0);
        within("ring", ring, 64..=1 << 24, "64 to 16777216")?;
        within("instruments", u64::from(instruments), 1..=65_536, "1 to 65536")?;
        within("seats", u64::from(seats), 1..=8, "1 to 8")?;
        within("grid_ms", grid_ms, 10..=60_000, "10 to 60000")?;
        within("book_ttl_s", book_ttl_s, 0..=86_400, "0 to 86400")?;
        let text = |given: &Option<String>, in_file, default: &str| {
            given.clone().or(in_file).unwrap_or_else(|| default.to_owned())
        };
        let config = Config {
            instance: text(&args.instance, file.instance, "hotlane"),
            root: args.root.clone().or(file.root).unwrap_or_else(default_root),
            out_name: text(&args.out_name, file.out_name, "features"),
            lanes: either(&args.lane, file.lane),
            symbols: either(&args.symbols, file.symbols),
            core: args.core.or(file.core),
            poll: args.poll.or(file.poll).unwrap_or(Poll::Backoff),
            instruments,
            seats,
            ring,
            grid_ms,
            book_ttl_s,
            wait: args.wait || file.wait,
            table: match args.microprice.clone().or(file.microprice) {
                Some(path) => Some(table(&path)?),
                None => None,
            },
            timeout_s: args.timeout.or(file.timeout).unwrap_or(30),
            seconds: args.seconds,
        };
        if config.instance == config.out_name {
            return Err(Error::OwnName { name: config.out_name });
        }
        Ok(config)
    }

    /// What the engine is built for.
    pub fn engine(&self) -> EngineSpec {
        EngineSpec {
            instruments: self.instruments as usize,
            grid: i64::try_from(self.grid_ms).unwrap_or(1_000) * 1_000_000,
            book_ttl: i64::try_from(self.book_ttl_s).unwrap_or(0) * 1_000_000_000,
            table: self.table.clone(),
            ..EngineSpec::default()
        }
    }
}

fn default_root() -> PathBuf {
    let root = std::env::var_os("HOTLANE_SHM").map(PathBuf::from);
    root.unwrap_or_else(|| PathBuf::from(shm::paths::DEFAULT_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        let dir = tempfile::tempdir().expect("a directory").keep();
        let path = dir.join("features.toml");
        std::fs::write(&path, text).expect("written");
        Args { config: Some(path), ..Args::default() }
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let mut args = args("instance = \"a\"\nseats = 2\npoll = \"busy\"\nsymbols = [\"X\"]\n");
        args.seats = Some(3);
        let config = Config::of(&args).expect("a configuration");
        assert_eq!((config.instance.as_str(), config.out_name.as_str()), ("a", "features"));
        assert_eq!((config.seats, config.poll, config.grid_ms), (3, Poll::Busy, 1_000));
        assert_eq!(config.symbols, ["X"]);
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        for (text, what) in [
            ("seats = 2\nseat = 3\n", ":2: unknown field `seat`"),
            ("\npoll = \"fast\"\n", ":2: unknown variant `fast`, expected `busy` or `backoff`"),
            ("seats = \"two\"\n", ":1: invalid type: string \"two\", expected u32"),
            ("seats = 1\nseats = 2\n", ":2: duplicate key"),
            ("seats = 9\n", "seats: 9, wanted 1 to 8"),
            ("ring = 100\n", "ring: 100, wanted a power of two"),
            ("grid_ms = 1\n", "grid_ms: 1, wanted 10 to 60000"),
            ("out_name = \"hotlane\"\n", "choose another name"),
            ("microprice = \"/nowhere/table.json\"\n", "/nowhere/table.json: cannot be read"),
        ] {
            let error = Config::of(&args(text)).expect_err(text);
            assert!(error.to_string().contains(what), "{error} instead of {what}");
            assert_eq!(error.code(), 2);
        }
    }
}
