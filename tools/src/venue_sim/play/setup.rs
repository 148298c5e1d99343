//! From the options of the lines to what the sender needs: for `play` and for `market`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::LineOptions;
use super::drive::{Stream, Timing};
use super::error::PlayError;
use super::fault::Faults;
use super::pace::{Pace, Speed};
use super::packets::{Packetiser, Rule};
use super::session::SessionName;
use super::socket::Group;

const NS_PER_MS: u64 = 1_000_000;

/// The faults of each line, in the order of the lines.
pub(in crate::venue_sim) fn faults(
    options: &LineOptions,
    groups: &[Group],
) -> Result<Vec<Faults>, PlayError> {
    let mut faults = vec![Faults::default(); groups.len()];
    for (name, wanted) in options.all_faults() {
        let place = groups.iter().position(|group| group.name == name);
        let Some(line) = place.and_then(|place| faults.get_mut(place)) else {
            let option = match name {
                "B" => "-b ADDR:PORT".to_owned(),
                _ => format!(" {name}=ADDR:PORT"),
            };
            return Err(PlayError::NoSuchLine { name: name.to_owned(), option });
        };
        *line = wanted.clone();
    }
    Ok(faults)
}

/// How packets are filled.
pub(in crate::venue_sim) fn rule(options: &LineOptions) -> Rule {
    options.packet_messages.map_or(Rule::Natural, Rule::Fixed)
}

/// One stream for all lines, or one for each where their packets are to differ.
pub(in crate::venue_sim) fn streams(
    options: &LineOptions,
    rule: Rule,
    session: SessionName,
    first: u64,
    speed: Speed,
) -> Vec<Stream> {
    let lines = options.lines().len();
    let stream = |seed: u64, lines: Vec<usize>| {
        let packetiser = Packetiser::new(rule, session.bytes(), first, seed);
        Stream::new(packetiser, Pace::new(speed, options.max_packets_per_second), lines)
    };
    if options.split_b {
        (0..lines).map(|line| stream(options.seed.wrapping_add(line as u64), vec![line])).collect()
    } else {
        vec![stream(options.seed, (0..lines).collect())]
    }
}

/// Times of the session.
pub(in crate::venue_sim) fn timing(options: &LineOptions) -> Timing {
    Timing {
        start_delay_ns: options.start_delay,
        heartbeat_ns: options.heartbeat_ms.saturating_mul(NS_PER_MS),
        end_ns: options.end_seconds,
        packets_per_second: options.max_packets_per_second,
    }
}

/// The file that the report goes to: made before the session, so that it is not played in vain,
/// and under its own name only when it is whole.
pub(in crate::venue_sim) struct ReportFile<'a> {
    path: &'a Path,
    partial: PathBuf,
    file: File,
}

impl<'a> ReportFile<'a> {
    pub(in crate::venue_sim) fn create(path: &'a Path) -> Result<Self, PlayError> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(PlayError::io(path, "create"))?;
        Ok(Self { path, partial, file })
    }

    pub(in crate::venue_sim) fn write(mut self, report: &impl Serialize) -> Result<(), PlayError> {
        let mut json = serde_json::to_vec_pretty(report)
            .map_err(|error| PlayError::io(self.path, "write")(error.into()))?;
        json.push(b'\n');
        self.file
            .write_all(&json)
            .and_then(|()| std::fs::rename(&self.partial, self.path))
            .map_err(PlayError::io(self.path, "write"))
    }
}

impl Drop for ReportFile<'_> {
    fn drop(&mut self) {
        // Gone under this name if it was written; if not, nobody is to take it for a report.
        let _ = std::fs::remove_file(&self.partial);
    }
}
