//! `venue-sim play`: from the options to a played session and its report.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Play;
use super::clock::HostClock;
use super::drive::Player;
use super::error::PlayError;
use super::interface;
use super::lines::Lines;
use super::pace::Speed;
use super::packets::Rule;
use super::report::{Report, Subject};
use super::session::SessionName;
use super::setup::{ReportFile, faults, rule, streams, timing};
use super::socket::Sockets;
use super::source::Recording;

/// Plays a session and tells what it was.
///
/// # Errors
/// What is wrong with the files, the interface, the groups or the network, and what to do.
pub fn play(options: &Play) -> Result<Report, PlayError> {
    let line = &options.line;
    let groups = line.lines();
    let faults = faults(line, &groups)?;
    let mut recording = Recording::open(&options.files)?;
    let simulated = recording.is_simulated();
    let session = options.session.unwrap_or_else(|| SessionName::now(simulated));
    let first_file = options.files.first().map_or(Path::new(""), |path| path.as_path());
    session.require_honest(simulated, first_file)?;
    let mut sockets = Sockets::open(&groups, interface::resolve(&line.interface)?)?;
    let oracle = options.oracle.as_deref().map(ReportFile::create).transpose()?;

    let speed = options.rate.map_or(options.speed, Speed::Rate);
    let rule = if options.keep_packets { Rule::Kept } else { rule(line) };
    let streams = streams(line, rule, session, options.first_sequence, speed);
    let lines = Lines::new(session.bytes(), options.first_sequence, faults, line.seed);
    let timing = timing(line);
    let mut clock = HostClock::new(HostClock::signals()?);
    let bar = progress_bar(&recording, line.json);
    let player = Player::new(&mut recording, &mut clock, &mut sockets, timing, lines, streams);
    let outcome = player.play(&mut |recording: &Recording, messages| {
        bar.set_position(recording.progress().position().0);
        bar.set_message(format!("{messages} messages"));
    });
    bar.finish_and_clear();
    let (played, lines) = outcome?;

    let subject = Subject {
        session,
        files: options.files.clone(),
        seed: line.seed,
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
