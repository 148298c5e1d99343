//! `shm-dump`: shows what is in the shared memory of an instance, without disturbing it.
//!
//! When a consumer says that a book is wrong, the question is what the producer really wrote.
//! The tool answers from the bytes themselves: it maps every file read-only, takes no lock and no
//! seat (whether an owner lives is asked with F_OFD_GETLK, which only looks), and so may be
//! pointed at a trading process in the middle of the day. An instance may be starting, dying,
//! dead, damaged or of another release when it is looked at; whatever cannot be read becomes a
//! problem with a name, and the rest is shown.
//!
//! ```text
//! args.rs     the command line            error.rs     what can go wrong, exit codes
//! listing.rs  all instances of a root     report.rs    one instance: which sections
//! section/    one file per table: how it is read and how it is shown
//! symbols.rs  names and exponents of instruments
//! decode.rs   records of this release     generic.rs   records of any other release
//! source.rs   rings and tails, any slot   records.rs   the last N, and following
//! ```
//!
//! What other tools need too is in [`crate::inspect`].

mod args;
mod decode;
mod error;
mod generic;
mod listing;
mod records;
mod report;
mod section;
mod source;
mod symbols;

pub use args::Args;
pub use error::DumpError;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::inspect::page::Page;

/// What a run came to, short of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything that was asked for is shown.
    Whole,
    /// Something could not be read; it is named among what is shown.
    Partial,
}

/// Runs the tool: 0 done, 1 failed or only a part could be read, 2 usage, 3 no such instance.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let stdout = io::stdout();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let out = io::BufWriter::new(stdout.lock());
    ExitCode::from(run_to(args, out, &mut io::stderr(), colour))
}

/// The same with outputs of the caller's choice: what is shown, and errors where they are not JSON.
/// Returns the exit code.
pub fn run_to<W: Write>(args: &Args, out: W, err: &mut impl Write, colour: bool) -> u8 {
    let mut page = Page::new(out, colour && !args.json);
    let done = dispatch(args, &mut page).and_then(|outcome| {
        page.flush()?;
        Ok(outcome)
    });
    match done {
        Ok(Outcome::Whole) => 0,
        Ok(Outcome::Partial) => 1,
        // Whoever read our output has seen enough.
        Err(DumpError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            // An output that cannot be written to has no place for its own error.
            let (kind, message) = (error.name(), error.to_string());
            let _ = page.complain("shm-dump", args.json, kind, &message, err);
            error.exit_code()
        }
    }
}

fn dispatch<W: Write>(args: &Args, page: &mut Page<W>) -> Result<Outcome, DumpError> {
    let root = args.root();
    match &args.instance {
        None => listing::show(&root, args.json, page),
        Some(name) if args.wants_records() => records::show(&root, name, args, page),
        Some(name) => report::show(&root, name, args, page),
    }
}
