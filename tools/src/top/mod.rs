//! `hotlane-top`: what a handler does, and what is wrong with it, on one screen.
//!
//! Two looks at the shared memory of every instance make a picture with rates; nothing is asked of
//! the producers. What is wrong is named first, by rules in one file, and is the exit code too, so
//! that a script can watch. What is not live is said on every picture.
//!
//! ```text
//! args.rs     the command line                error.rs    why there is nothing to see
//! sample.rs   what is seen at one moment      picture.rs  two samples as states and rates
//! line.rs, seat.rs, recovery.rs   their parts of it
//! problem.rs  what is wrong, by rules
//! tables.rs   the tables of a picture         text.rs     the picture as text
//! screen/     the live view
//! ```

mod args;
mod error;
mod line;
mod picture;
mod problem;
mod recovery;
mod sample;
mod screen;
mod seat;
mod tables;
mod text;

pub use args::Args;
pub use error::TopError;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use picture::Picture;
use sample::Sample;

use crate::inspect::open::Opened;
use crate::inspect::page::Page;
use crate::inspect::words;

/// Exit code where something is wrong with what was looked at.
const WRONG: u8 = 3;

/// Runs the tool: 0 all well, 1 failed, 2 usage, 3 something is wrong with what was looked at.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    if terminal && !args.is_once() {
        return match screen::run(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("hotlane-top: {}", words::safe(&error.to_string()));
                ExitCode::FAILURE
            }
        };
    }
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let out = io::BufWriter::new(stdout.lock());
    ExitCode::from(run_to(args, out, &mut io::stderr(), colour))
}

/// Looks once, with outputs of the caller's choice. Returns the exit code.
pub fn run_to<W: Write>(args: &Args, out: W, err: &mut impl Write, colour: bool) -> u8 {
    let mut page = Page::new(out, colour && !args.json);
    let done = once(args).and_then(|picture| {
        if args.json {
            page.json(&picture)?;
        } else {
            text::print(&picture, &mut page)?;
        }
        page.flush()?;
        Ok(if picture.problems.is_empty() { 0 } else { WRONG })
    });
    match done {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(TopError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            // An output that cannot be written to has no place for its own error.
            let (kind, message) = (error.name(), error.to_string());
            let _ = page.complain("hotlane-top", args.json, kind, &message, err);
            1
        }
    }
}

/// Two looks, or one; who names an instance wants it to be there.
fn once(args: &Args) -> Result<Picture, TopError> {
    let root = args.root();
    let take = |alone| {
        let sample = Sample::take(&root, &args.instances, alone)?;
        must_be_there(&root, &sample)?;
        Ok::<Sample, TopError>(sample)
    };
    if args.instant {
        return Ok(Picture::new(&take(true)?, None));
    }
    let before = take(false)?;
    std::thread::sleep(args.interval);
    Ok(Picture::new(&take(false)?, Some(&before)))
}

fn must_be_there(root: &Path, sample: &Sample) -> Result<(), TopError> {
    if let Some(name) = sample.absent.first() {
        // Says which instances there are instead; one that came just now is there.
        Opened::open(root, name)?;
    }
    match sample.instances.is_empty() && sample.absent.is_empty() {
        true => Err(TopError::Nothing { root: root.to_path_buf() }),
        false => Ok(()),
    }
}
