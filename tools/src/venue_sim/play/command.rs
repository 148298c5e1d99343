//! `venue-sim play`: from the options to a played session and its report.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Play;
use super::clock::HostClock;
use super::drive::{Player, Stream, Timing};
use super::error::PlayError;
use super::fault::Faults;
use super::interface;
use super::lines::Lines;
use super::pace::{Pace, Speed};
use super::packets::{Packetiser, Rule};
use super::report::{Report, Subject};
use super::session::SessionName;
use super::socket::{Group, Sockets};
use super::source::Recording;

const NS_PER_MS: u64 = 1_000_000;

/// Plays a session and tells what it was.
///
/// # Errors
/// What is wrong with the files, the interface, the groups or the network, and what to do.
pub fn play(options: &Play) -> Result<Report, PlayError> {
    let groups = options.lines();
    let faults = faults(options, &groups)?;
    let mut recording = Recording::open(&options.files)?;
    let simulated = recording.is_simulated();
    let session = options.session.unwrap_or_else(|| SessionName::now(simulated));
    let first_file = options.files.first().map_or(Path::new(""), |path| path.as_path());
    session.require_honest(simulated, first_file)?;
    let mut sockets = Sockets::open(&groups, interface::resolve(&options.interface)?)?;
    let oracle = options.oracle.as_deref().map(Oracle::create).transpose()?;

    let speed = options.rate.map_or(options.speed, Speed::Rate);
    let streams = streams(options, session, speed, groups.len());
    let lines = Lines::new(session.bytes(), options.first_sequence, faults, options.seed);
    let timing = Timing {
        start_delay_ns: options.start_delay,
        heartbeat_ns: options.heartbeat_ms.saturating_mul(NS_PER_MS),
        end_ns: options.end_seconds,
        packets_per_second: options.max_packets_per_second,
    };
    let mut clock = HostClock::new(HostClock::signals()?);
    let bar = progress_bar(&recording, options.json);
    let player = Player::new(&mut recording, &mut clock, &mut sockets, timing, lines, streams);
    let (played, lines) = player.play(&mut |recording: &Recording, messages| {
        bar.set_position(recording.progress().position().0);
        bar.set_message(format!("{messages} messages"));
    })?;
    bar.finish_and_clear();

    let subject = Subject {
        session,
        files: options.files.clone(),
        seed: options.seed,
        first_sequence: options.first_sequence,
        groups,
    };
    let retries: Vec<u64> = sockets.retries().collect();
    let report = Report::new(&subject, &played, &lines, &retries, recording.counts());
    if let Some(oracle) = oracle {
        oracle.write(&report)?;
    }
    Ok(report)
}

/// The faults of each line, in the order of the lines.
fn faults(options: &Play, groups: &[Group]) -> Result<Vec<Faults>, PlayError> {
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

/// One stream for all lines, or one for each where their packets are to differ.
fn streams(options: &Play, session: SessionName, speed: Speed, lines: usize) -> Vec<Stream> {
    let rule = match (options.packet_messages, options.keep_packets) {
        (Some(messages), _) => Rule::Fixed(messages),
        (None, true) => Rule::Kept,
        (None, false) => Rule::Natural,
    };
    let stream = |seed: u64, lines: Vec<usize>| {
        let first = options.first_sequence;
        let packetiser = Packetiser::new(rule, session.bytes(), first, seed);
        Stream::new(packetiser, Pace::new(speed, options.max_packets_per_second), lines)
    };
    if options.split_b {
        (0..lines).map(|line| stream(options.seed.wrapping_add(line as u64), vec![line])).collect()
    } else {
        vec![stream(options.seed, (0..lines).collect())]
    }
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(recording: &Recording, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(recording.progress().position().1);
    let style = "{bar:40} {bytes}/{total_bytes} of the files, {msg}, {elapsed}";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The file that the report goes to: made before the session, so that it is not played in vain.
struct Oracle<'a>(&'a Path, std::fs::File);

impl<'a> Oracle<'a> {
    fn create(path: &'a Path) -> Result<Self, PlayError> {
        std::fs::File::create(path)
            .map(|file| Self(path, file))
            .map_err(PlayError::io(path, "create"))
    }

    fn write(mut self, report: &Report) -> Result<(), PlayError> {
        use std::io::Write;
        serde_json::to_vec_pretty(report)
            .map_err(std::io::Error::other)
            .and_then(|mut json| {
                json.push(b'\n');
                self.1.write_all(&json)
            })
            .map_err(PlayError::io(self.0, "write"))
    }
}
