//! The command line.

use super::Setting;
use clap::Parser;
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  compare --quick                     everything, in under a minute
  compare ring fanout                 two sections, in full
  compare --quick --json - | jq .bars every bar and what it came to
  compare --markdown docs/PERFORMANCE.md
                                      the figures of the document, measured here and now

Exit status: 0 all bars are met, 1 a bar is missed (not with --no-gate), 2 a section failed:
answers differ, or a recording is not there.
Sections that need recordings are skipped where neither --data nor HOTLANE_DATA names a folder.";

/// Rounds where none are asked for.
const QUICK_ROUNDS: usize = 5;
const FULL_ROUNDS: usize = 11;

/// Hotlane and the peers published as crates, side by side in one run.
#[derive(Parser, Debug)]
#[command(name = "compare", version, after_help = EXAMPLES)]
pub struct Options {
    /// Sections to run, as --list names them [default: all].
    #[arg(value_name = "SECTION")]
    pub sections: Vec<String>,
    /// Everything in under a minute: smaller inputs, fewer rounds.
    #[arg(long)]
    pub quick: bool,
    /// The whole-market day and all rounds; the default.
    #[arg(long, conflicts_with = "quick")]
    pub full: bool,
    /// Rounds of a contest [default: 11, with --quick 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub rounds: Option<u16>,
    /// Write the result as JSON; - is standard output, and the text goes to stderr then.
    #[arg(long, value_name = "PATH")]
    pub json: Option<PathBuf>,
    /// Write the tables as markdown between the markers of this file; a new file gets both.
    #[arg(long, value_name = "PATH")]
    pub markdown: Option<PathBuf>,
    /// Cores: the first for what is measured, the second for its other end [default: the last two].
    #[arg(long, value_name = "A,B", value_parser = cores)]
    pub cores: Option<[usize; 2]>,
    /// Folder of the recordings [default: what HOTLANE_DATA says].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder for generated days, which are made once and kept [default: hotlane-compare in the
    /// user's cache].
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// List the sections and end.
    #[arg(long)]
    pub list: bool,
    /// Missed bars do not change the exit status.
    #[arg(long)]
    pub no_gate: bool,
    /// Be the other end of a section.
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true, exclusive = true)]
    pub child: Vec<String>,
}

impl Options {
    /// What the sections need of it.
    #[must_use]
    pub fn setting(&self) -> Setting {
        let rounds = if self.quick { QUICK_ROUNDS } else { FULL_ROUNDS };
        Setting {
            quick: self.quick,
            rounds: self.rounds.map_or(rounds, usize::from),
            data: self.data_dir(),
            cache: self.cache.clone().unwrap_or_else(cache_dir),
            cores: self.cores.unwrap_or_else(last_two),
        }
    }

    fn data_dir(&self) -> Option<PathBuf> {
        let named = || std::env::var_os("HOTLANE_DATA").map(PathBuf::from);
        // A variable that is set to nothing names no folder.
        self.data.clone().or_else(named).filter(|dir| !dir.as_os_str().is_empty())
    }
}

/// The user's cache, else the folder for temporary files.
fn cache_dir() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    cache.unwrap_or_else(std::env::temp_dir).join("hotlane-compare")
}

/// The last two cores that this process may use: interrupts mostly go to the first ones.
fn last_two() -> [usize; 2] {
    let cores: Vec<usize> = affinity::Allowed::read()
        .map(|allowed| allowed.cores().iter().collect())
        .unwrap_or_default();
    match cores.as_slice() {
        [.., a, b] => [*a, *b],
        [one] => [*one, *one],
        [] => [0, 0],
    }
}

/// Two core numbers with a comma between them.
fn cores(text: &str) -> Result<[usize; 2], String> {
    let numbers = text.split_once(',').and_then(|(a, b)| {
        Some([a.trim().parse::<usize>().ok()?, b.trim().parse::<usize>().ok()?])
    });
    match numbers {
        Some([a, b]) if a == b => Err("give two different cores, for example 2,3".into()),
        Some(both) => Ok(both),
        None => Err("give two core numbers, for example 2,3".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_what_was_asked_for() {
        let of = |line: &[&str]| Options::try_parse_from([&["compare"], line].concat());
        let options = of(&["ring", "--quick", "--cores", "2,3", "--data", "/x"]).unwrap();
        let setting = options.setting();
        assert_eq!((setting.quick, setting.rounds, setting.cores), (true, QUICK_ROUNDS, [2, 3]));
        assert_eq!(setting.data, Some(PathBuf::from("/x")));
        assert_eq!(of(&["--rounds", "3"]).unwrap().setting().rounds, 3);
        let child = of(&["--child", "floor", "/dev/shm/x", "-1"]).unwrap();
        assert_eq!(child.child, ["floor", "/dev/shm/x", "-1"]);
        let wrong =
            [&["--quick", "--full"][..], &["--rounds", "0"], &["--cores", "1,1"], &["--data", ""]];
        for wrong in wrong {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }
}
