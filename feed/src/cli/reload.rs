//! `hotlane reload`: tells a running handler to read its configuration again.

use std::time::{Duration, Instant};

use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use shm::attach::{InstanceView, attach_blocking};

use super::{FAILED, OK, print, shm_root};
use crate::error::FeedError;

/// How long the handler may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);
/// What is read of each lane.
const COUNTERS: [&str; 6] = [
    "config_version",
    "config_refused",
    "config_restart",
    "symbols_listed",
    "symbols_added",
    "symbols_removed",
];

/// Tell a running handler to read its configuration again: symbols change without a gap, and it
/// names what needs a restart. A file with mistakes changes nothing. Exit code 1 if it was refused.
#[derive(Debug, Args)]
#[command(after_help = "\
The same as SIGHUP to the process of `hotlane run`, but it waits for the outcome. The handler itself
tells each changed setting on its standard error.

Examples:
  hotlane config check config/nasdaq.toml && hotlane reload hotlane
  hotlane reload --json hotlane")]
pub struct ReloadArgs {
    /// Name of the instance.
    instance: String,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// A lane's name and its counters, in the order of [`COUNTERS`].
type LaneValues = (String, [u64; COUNTERS.len()]);

/// Runs the command.
///
/// # Errors
/// If the instance is not running, is not one of `hotlane run`, or does not answer.
pub fn run(args: &ReloadArgs) -> Result<u8, FeedError> {
    let layout = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
    let view = attach_blocking(&shm_root(), &args.instance, layout, Duration::from_secs(1))?;
    let before = configured(&view)?;
    // SIGHUP would end a process that does not wait for it.
    let before = before.ok_or_else(|| FeedError::NoReload { instance: args.instance.clone() })?;
    let begun = Instant::now();
    let pid = i32::try_from(view.pid()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| FeedError::NoReload { instance: args.instance.clone() })?;
    kill_process(pid, Signal::HUP)
        .map_err(|e| FeedError::io(format!("process {}", view.pid()), e.into()))?;
    loop {
        let after = values(&view)?;
        let answered = |(old, new): (&LaneValues, &LaneValues)| {
            let ([version, refused, ..], [version_now, refused_now, ..]) = (&old.1, &new.1);
            version != version_now || refused != refused_now
        };
        if before.iter().zip(&after).all(answered) {
            return tell(args, &before, &after);
        }
        if begun.elapsed() > PATIENCE {
            let instance = args.instance.clone();
            return Err(FeedError::NoAnswer { instance, waited_s: PATIENCE.as_secs() });
        }
        std::thread::sleep(LOOK);
    }
}

/// The lanes' counters, if all are of a handler with a configuration.
fn configured(view: &InstanceView) -> Result<Option<Vec<LaneValues>>, FeedError> {
    let begun = Instant::now();
    loop {
        let lanes = values(view)?;
        if !lanes.is_empty() && lanes.iter().all(|(_, [version, ..])| *version > 0) {
            return Ok(Some(lanes));
        }
        // One that has just been started counts a moment later.
        if begun.elapsed() > Duration::from_secs(1) {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

fn values(view: &InstanceView) -> Result<Vec<LaneValues>, FeedError> {
    let mut lanes = Vec::new();
    for info in view.producers() {
        let counters = view.producer(&info.name)?.counters()?;
        lanes.push((info.name.clone(), COUNTERS.map(|n| counters.value_of(n).unwrap_or(0))));
    }
    Ok(lanes)
}

fn tell(args: &ReloadArgs, before: &[LaneValues], after: &[LaneValues]) -> Result<u8, FeedError> {
    let mut text = String::new();
    let mut lanes = Vec::new();
    let mut refused = false;
    for ((name, old), (_, new)) in before.iter().zip(after) {
        let [version, refusals, restart, listed, added, removed] = *new;
        refused |= refusals != old[1];
        let (added, removed) = (added.wrapping_sub(old[4]), removed.wrapping_sub(old[5]));
        lanes.push(json!({"lane": name, "config_version": version, "symbols_listed": listed,
            "added": added, "removed": removed, "needs_restart": restart}));
        text.push_str(&format!(
            "{name}: configuration version {version}, {listed} symbols published ({added} added, \
             {removed} removed)"
        ));
        if restart > 0 {
            text.push_str(&format!(
                "; {restart} changed settings need a restart: the handler has named them"
            ));
        }
        text.push('\n');
    }
    if args.json {
        print(&format!("{}\n", json!({"applied": !refused, "lanes": lanes})))?;
    } else if refused {
        print(
            "refused: the file has mistakes and nothing changed; `hotlane config check FILE` tells them\n",
        )?;
    } else {
        print(&text)?;
    }
    Ok(if refused { FAILED } else { OK })
}
