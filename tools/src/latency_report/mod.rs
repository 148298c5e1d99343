//! `latency-report`: how long each stage took, on what host, and how far the clocks can be
//! believed.
//!
//! Producers keep histograms in shared memory; the tool copies them twice and reports the
//! difference, so that looking costs the lane nothing. With `--attach` it becomes a consumer for
//! the interval and measures what a consumer sees. A number without its circumstances misleads, so
//! every report begins with what is not live, the host and the bounds of its clocks.
//!
//! ```text
//! args.rs    the command line             error.rs    what can go wrong, exit codes
//! copy.rs    histograms, twice            stage.rs    what each of them measures
//! attach.rs  being a consumer             tally.rs    what is measured of a record
//! host.rs    cores, clocks, hiccups       pinned.rs   which cores the producers hold
//! report.rs  the report as data           text.rs     the report as text
//! hgrm.rs    percentile distributions for HdrHistogram's plotters
//! ```

mod args;
mod attach;
mod copy;
mod error;
mod hgrm;
mod host;
mod pinned;
mod report;
mod stage;
mod tally;
mod text;

pub use args::Args;
pub use error::LatencyError;
pub use hgrm::write as write_hgrm;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use affinity::{Allowed, PollMode, choose};
use attach::Measured;
use copy::InstanceCopy;
use host::Host;
use report::{InstanceReport, Report};
use shm::region::utc_ns;

use crate::inspect::open::{self, Opened};
use crate::inspect::page::Page;
use crate::inspect::state::State;

/// How often a wait looks whether it is to end.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the tool: 0 done, 1 failed or only a part could be read, 2 usage, 3 no such instance.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let stdout = io::stdout();
    let colour = stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Without the handler a signal ends the tool without its report, which is no harm.
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    let out = io::BufWriter::new(stdout.lock());
    ExitCode::from(run_to(args, out, &mut io::stderr(), colour, &stop))
}

/// The same with outputs of the caller's choice; `stop` ends the interval early. Returns the exit
/// code.
pub fn run_to<W: Write>(
    args: &Args,
    out: W,
    err: &mut impl Write,
    colour: bool,
    stop: &AtomicBool,
) -> u8 {
    let mut page = Page::new(out, colour && !args.json);
    let done = report(args, stop).and_then(|report| {
        if args.json {
            page.json(&report)?;
        } else {
            text::print(&report, args.plot, &mut page)?;
        }
        page.flush()?;
        Ok(u8::from(!report.problems.is_empty()))
    });
    match done {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(LatencyError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            // An output that cannot be written to has no place for its own error.
            let (kind, message) = (error.name(), error.to_string());
            let _ = page.complain("latency-report", args.json, kind, &message, err);
            error.exit_code()
        }
    }
}

/// Measures and puts together what is reported.
fn report(args: &Args, stop: &AtomicBool) -> Result<Report, LatencyError> {
    let root = args.root();
    let names = wanted(args, &root)?;
    if let Some(folder) = &args.hgrm {
        // Before the interval, so that nobody waits for a report that cannot be written.
        let refused = |source| LatencyError::Hgrm { path: folder.clone(), source };
        std::fs::create_dir_all(folder).map_err(refused)?;
    }
    let mut problems = Vec::new();
    let before = match args.since_start {
        true => Vec::new(),
        false => names.iter().map(|name| copy::take(&root, name)).collect::<Result<_, _>>()?,
    };
    let lanes: usize = before.iter().map(|copy: &InstanceCopy| copy.lanes.len()).sum();
    let watching = if args.attach { names.len() } else { 0 };
    let spinnable = Allowed::read()?.spinnable();
    let (mode, _) = choose(lanes + watching, spinnable);
    let begun = Instant::now();
    let mut measured = vec![None; names.len()];
    if args.attach {
        measured = attach_all(args, &root, &names, mode, stop, &mut problems)?;
    } else if !args.since_start {
        wait(args.interval, stop);
    }
    let interval_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let instances = names
        .iter()
        .zip(measured)
        .filter_map(|(name, measured)| finish(&root, name, &before, mode, measured, &mut problems));
    let instances: Vec<InstanceReport> = instances.collect();
    let lanes: usize = instances.iter().map(|one| one.lanes.len()).sum();
    let mut report = Report {
        instances,
        at_ns: utc_ns(),
        interval_ns: (!args.since_start).then_some(interval_ns),
        host: Host::look(lanes + watching)?,
        files: Vec::new(),
        problems: Vec::new(),
    };
    if let Some(duration) = args.hiccups {
        let pinned: Vec<usize> =
            report.instances.iter().flat_map(|one| &one.pinned).map(|thread| thread.core).collect();
        let cores = host::cores_for(args.cores.as_ref(), &pinned)?;
        if cores.is_empty() {
            let why = "no core is left on which no reported thread is pinned; say --cores LIST";
            problems.push(format!("hiccups: {why}"));
        }
        report.host.hiccups = host::hiccups(&cores, duration)?;
    }
    if let Some(folder) = &args.hgrm {
        report.files = save(folder, &report.instances)?;
    }
    report.problems = problems;
    Ok(report)
}

/// The instances to report: those named, else all that run.
fn wanted(args: &Args, root: &Path) -> Result<Vec<String>, LatencyError> {
    if !args.instances.is_empty() {
        let mut names = Vec::new();
        for name in &args.instances {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        return Ok(names);
    }
    let runs = |name: &String| {
        let state = Opened::open(root, name).map(|opened| opened.state());
        state.is_ok_and(|state| matches!(state, State::Alive | State::Stalled))
    };
    let names: Vec<String> = open::names(root)?.into_iter().filter(runs).collect();
    match names.is_empty() {
        true => Err(LatencyError::NothingRuns { root: root.to_path_buf() }),
        false => Ok(names),
    }
}

/// Passes the interval.
fn wait(interval: Duration, stop: &AtomicBool) {
    let begun = Instant::now();
    // Partner: the signal handler's store. A flag that stands alone.
    while begun.elapsed() < interval && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK.min(interval.saturating_sub(begun.elapsed())));
    }
}

/// Measures at all instances at once, a thread for each.
fn attach_all(
    args: &Args,
    root: &Path,
    names: &[String],
    mode: PollMode,
    stop: &AtomicBool,
    problems: &mut Vec<String>,
) -> Result<Vec<Option<Measured>>, LatencyError> {
    let (classes, interval) = (args.class_set(), args.interval);
    std::thread::scope(|scope| {
        let run = |name: &String| {
            let (name, builder) =
                (name.clone(), std::thread::Builder::new().name("consume".into()));
            let measure = move || attach::measure(root, &name, classes, interval, mode, stop);
            builder.spawn_scoped(scope, measure).map_err(LatencyError::System)
        };
        let threads = names.iter().map(run).collect::<Result<Vec<_>, _>>()?;
        let done = threads.into_iter().zip(names).map(|(thread, name)| match thread.join() {
            Ok(Ok(measured)) => Some(measured),
            Ok(Err(error)) => {
                problems.push(format!("{name}: {error}"));
                None
            }
            Err(_) => {
                problems.push(format!("{name}: the measuring thread panicked"));
                None
            }
        });
        Ok(done.collect())
    })
}

/// The report of one instance, from its second copy.
fn finish(
    root: &Path,
    name: &str,
    before: &[InstanceCopy],
    mode: PollMode,
    measured: Option<Measured>,
    problems: &mut Vec<String>,
) -> Option<InstanceReport> {
    let mut copy = match copy::take(root, name) {
        Ok(copy) => copy,
        // Removed while we looked: what was measured from here is still told.
        Err(error) => match before.iter().find(|copy| copy.name == name) {
            Some(earlier) => {
                problems.push(format!("{name} went away: {error}"));
                earlier.clone()
            }
            None => {
                problems.push(error.to_string());
                return None;
            }
        },
    };
    problems.append(&mut copy.problems);
    let earlier = before.iter().find(|earlier| earlier.name == name);
    let restarted = earlier.is_some_and(|earlier| copy.subtract(earlier));
    Some(InstanceReport::new(copy, restarted, mode.name(), measured))
}

/// Writes a file for every stage with values.
fn save(folder: &Path, instances: &[InstanceReport]) -> Result<Vec<String>, LatencyError> {
    let mut files: Vec<String> = Vec::new();
    let mut put = |parts: &[&str], histogram: &shm::histogram::Histogram, bits: u8| {
        let name = hgrm::file_name(parts);
        let refused = |(path, source)| LatencyError::Hgrm { path, source };
        let path = hgrm::save(folder, &name, histogram, bits).map_err(refused)?;
        files.push(path.display().to_string());
        Ok::<(), LatencyError>(())
    };
    for of in instances {
        for lane in &of.lanes {
            for stage in lane.stages.iter().filter(|stage| stage.spread.count > 0) {
                put(&[&of.name, &lane.name, &stage.name], &stage.histogram, stage.sub_bits)?;
            }
        }
        for lane in of.attached.iter().flat_map(|attached| &attached.lanes) {
            for found in &lane.consume {
                let stage = "attached-receive_consume";
                let parts = [&of.name, lane.name.as_str(), stage, found.class, found.stamp];
                put(&parts, &found.histogram, tally::SUB_BITS)?;
            }
            for found in lane.venue.iter().filter(|found| !found.meaningless) {
                let parts = [&of.name, lane.name.as_str(), "attached-venue_receive", found.stamp];
                put(&parts, &found.histogram, tally::SUB_BITS)?;
            }
        }
    }
    Ok(files)
}
