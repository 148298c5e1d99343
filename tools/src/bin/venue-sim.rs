//! `venue-sim`: ITCH sessions without a venue, in files and on the wire.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use flate2::read::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use protocol::capture::{FileType, detect};
use serde_json::json;
use tools::venue_sim::args::{Action, Cloning, Command, Day, Generate};
use tools::venue_sim::day::{self, Calibration, Spec};
use tools::venue_sim::market;
use tools::venue_sim::market::args::MarketOptions;
use tools::venue_sim::play::args::Play;
use tools::venue_sim::play::{self, PlayError};
use tools::venue_sim::{
    CloneSettings, Error, Hours, Output, Session, Settings, Slice, Summary, clone_slice,
    require_sim,
};

const DEFAULT_MESSAGES: u64 = 1_000_000;
const MESSAGES_PER_SECOND: u64 = 10;
const DEFAULT_DURATION_S: u64 = 16 * 3_600;

fn main() -> ExitCode {
    match Command::parse().action {
        Action::Generate(options) => exit(generate(&options)),
        Action::Day(options) => exit(day(&options)),
        Action::Clone(options) => exit(clone(&options)),
        Action::Play(options) => exit(play(&options)),
        Action::Market(options) => exit(market(&options)),
    }
}

fn exit(done: Result<(), impl std::fmt::Display>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("venue-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play(options: &Play) -> Result<(), PlayError> {
    let report = play::play(options)?;
    if options.line.json {
        println!("{}", json!(report));
    } else {
        println!("{}", report.text());
    }
    Ok(())
}

fn market(options: &MarketOptions) -> Result<(), PlayError> {
    let report = market::market(options)?;
    if options.line.json {
        println!("{}", json!(report));
    } else {
        println!("{}", report.text());
    }
    Ok(())
}

fn generate(options: &Generate) -> Result<(), Error> {
    let common = &options.common;
    require_sim(&common.out)?;
    options.oracle.as_deref().map_or(Ok(()), require_sim)?;
    let start = options.session_start;
    let start_s = [(start.hour(), 3_600), (start.minute(), 60), (start.second(), 1)]
        .into_iter()
        .map(|(count, seconds)| u64::from(count.unsigned_abs()) * seconds)
        .sum();
    let duration_s = options.duration.unwrap_or(DEFAULT_DURATION_S);
    let messages = options.messages.unwrap_or_else(|| match options.duration {
        Some(seconds) => {
            seconds.saturating_mul(MESSAGES_PER_SECOND * u64::from(options.instruments))
        }
        None => DEFAULT_MESSAGES,
    });
    let settings = Settings {
        seed: common.seed,
        instruments: options.instruments,
        messages,
        hours: Hours::new(start_s, duration_s)?,
    };
    let began = Instant::now();
    let bar = progress_bar(messages, common.json);
    let output = Output::create(&common.out)?;
    let finished = Session::generate(&settings, output, &mut |done| bar.set_position(done))?;
    bar.finish_and_clear();
    if let Some(path) = &options.oracle {
        let file = File::create(path).map_err(failure(path, "create"))?;
        let mut writer = BufWriter::new(file);
        finished
            .oracle()
            .write(&mut writer)
            .and_then(|()| writer.flush())
            .map_err(failure(path, "write"))?;
    }
    finished.out.finish()?;
    let extra = json!({
        "date": options.date.to_string(),
        "instruments": settings.instruments,
        "seed": settings.seed,
        "peak_orders": finished.peak_orders,
        "oracle": options.oracle,
    });
    report(&common.out, &finished.summary, extra, began, common.json);
    Ok(())
}

fn day(options: &Day) -> Result<(), Error> {
    require_sim(&options.out)?;
    let Day { seed, messages, symbols, first, .. } = *options;
    let spec = Spec { seed, messages, symbols, first };
    let began = Instant::now();
    let bar = progress_bar(spec.written(), options.json);
    let mut output = Output::create(&options.out)?;
    let made = day::generate_telling(&spec, &mut output, &mut |done| bar.set_position(done))?;
    bar.finish_and_clear();
    output.finish()?;
    let extra = json!({
        "seed": seed,
        "symbols": symbols,
        "messages_of_day": messages,
        "statistics": made,
        "calibration": Calibration::WHOLE,
    });
    report(&options.out, &made.summary, extra, began, options.json);
    if options.report && !options.json {
        println!("{}", day::table(&spec, &made));
    }
    Ok(())
}

fn clone(options: &Cloning) -> Result<(), Error> {
    let common = &options.common;
    require_sim(&common.out)?;
    let slice = Slice::parse(&options.slice, read(&options.slice)?)?;
    let once = slice.messages().saturating_mul(u64::from(options.instruments));
    let settings = CloneSettings {
        seed: common.seed,
        instruments: options.instruments,
        messages: options.messages.unwrap_or(once),
    };
    let began = Instant::now();
    let bar = progress_bar(settings.messages, common.json);
    let output = Output::create(&common.out)?;
    let (output, summary) =
        clone_slice(&slice, &settings, output, &mut |done| bar.set_position(done))?;
    bar.finish_and_clear();
    output.finish()?;
    let extra = json!({
        "cloned": slice.symbol(),
        "instruments": settings.instruments,
        "seed": settings.seed,
    });
    report(&common.out, &summary, extra, began, common.json);
    Ok(())
}

/// The whole file, decompressed if it is gzip.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let bytes = std::fs::read(path).map_err(failure(path, "read"))?;
    if detect(&bytes) != FileType::Gzip {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).map_err(failure(path, "decompress"))?;
    Ok(plain)
}

fn failure(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, action, source }
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(messages: u64, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(messages);
    let style = "{bar:40} {human_pos}/{human_len} messages, {per_sec}, {eta} left";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn report(path: &Path, summary: &Summary, extra: serde_json::Value, began: Instant, as_json: bool) {
    let seconds = began.elapsed().as_secs_f64();
    if as_json {
        let mut whole = json!({
            "file": path,
            "nature": "simulated",
            "summary": summary,
            "seconds": seconds,
        });
        if let (Some(whole), serde_json::Value::Object(extra)) = (whole.as_object_mut(), extra) {
            whole.extend(extra);
        }
        println!("{whole}");
        return;
    }
    println!(
        "{}: {} messages, {} bytes, {:.1} s ({:.2} million messages a second)",
        path.display(),
        summary.messages,
        summary.bytes,
        seconds,
        summary.messages as f64 / 1e6 / seconds.max(1e-9),
    );
    let share = |count: u64| count as f64 * 100.0 / summary.messages.max(1) as f64;
    let types = summary.types.iter().map(|(code, n)| format!("{code} {n} ({:.2} %)", share(*n)));
    println!("{}", types.collect::<Vec<_>>().join("  "));
}
