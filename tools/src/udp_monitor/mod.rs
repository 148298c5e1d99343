//! `udp_monitor`: shows what the multicast publisher sends, as any other host would receive it.
//!
//! It knows nothing of shared memory and asks the publisher nothing: groups are joined, datagrams
//! are decoded by the same strict reader that every consumer should use, and what is said about
//! loss, restarts and books follows from the bytes alone. Memory is bounded whatever arrives.
//!
//! ```text
//! args.rs      the command line             error.rs     what can go wrong
//! interface.rs an address for a name        socket.rs    groups, and the kernel's drops
//! live.rs      listening                    capture.rs   reading a capture instead
//! stream.rs    holes, restarts, repeats     book.rs      sides out of datagrams
//! counts.rs    counts and rates             filter.rs    symbols and exchanges asked for
//! group.rs     one group                    symbol.rs    one instrument, one exchange
//! state.rs     all of them                  snapshot.rs  the same as JSON
//! view.rs      tables and lines             each.rs      every datagram
//! output.rs    which of these
//! ```

mod args;
mod book;
mod capture;
mod counts;
mod each;
mod error;
mod filter;
mod group;
mod interface;
mod live;
mod output;
mod snapshot;
mod socket;
mod state;
mod stream;
mod symbol;
mod view;

pub use args::{Args, DEFAULT_GROUPS};
pub use error::MonitorError;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use filter::Filter;
use group::GroupState;
use output::Output;
use state::Monitor;

use crate::inspect::words::safe;

/// Bytes of a large view.
const VIEW_BYTES: usize = 1 << 16;

/// Runs the tool: 0 done, 1 failed, 2 usage.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    // A view in one write does not flicker.
    let out = io::BufWriter::with_capacity(VIEW_BYTES, stdout.lock());
    ExitCode::from(run_to(args, out, &mut io::stderr(), is_terminal))
}

/// The same with outputs of the caller's choice. Returns the exit code.
pub fn run_to<W: Write>(args: &Args, out: W, err: &mut impl Write, is_terminal: bool) -> u8 {
    let mut output = Output::new(out, args, is_terminal);
    let done = match &args.file {
        Some(path) => read_file(path, args, &mut output),
        None => live::run(args, &mut output),
    };
    match done {
        Ok(()) => 0,
        // Whoever read our output has seen enough.
        Err(MonitorError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            // An output that cannot be written to has no place for its own error.
            let _ = complain(args, &mut output, err, &error);
            1
        }
    }
}

fn complain<W: Write>(
    args: &Args,
    output: &mut Output<W>,
    err: &mut impl Write,
    error: &MonitorError,
) -> io::Result<()> {
    let message = error.to_string();
    let page = output.page();
    if args.json {
        page.json_line(
            &serde_json::json!({ "error": { "kind": error.name(), "message": message } }),
        )?;
        return page.flush();
    }
    page.flush()?;
    writeln!(err, "udp_monitor: {}", safe(&message))
}

/// Reads a capture to its end, or to the count asked for; its own times are the clock.
fn read_file<W: Write>(
    path: &Path,
    args: &Args,
    output: &mut Output<W>,
) -> Result<(), MonitorError> {
    let states = args.groups.iter().copied().map(GroupState::new).collect();
    let filter = Filter::new(&args.symbols, &args.exchanges);
    let mut monitor = Monitor::new(states, filter, args.max_symbols);
    let mut times: Option<(u64, u64)> = None;
    let counts = capture::read(path, &args.groups, &mut |arrival| {
        times = Some((times.map_or(arrival.at_ns, |(first, _)| first), arrival.at_ns));
        let (taken, passes) = monitor.take(&arrival);
        if passes {
            output.each(&arrival, &taken)?;
        }
        Ok(args.count.is_none_or(|count| monitor.passed < count))
    })?;
    let (first, last) = times.unwrap_or_default();
    let seconds = last.saturating_sub(first) as f64 / 1e9;
    // Rates of a capture are those over its whole length.
    if seconds > 0.0 {
        monitor.whole(seconds);
    }
    output.summary(&monitor, last, seconds, Some(counts))
}
