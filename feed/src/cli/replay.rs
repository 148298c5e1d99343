//! `hotlane replay`: recordings through a lane.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use affinity::{Allowed, PollMode, choose};
use clap::Args;
use protocol::frame::Checksums;

use super::progress::TerminalWatch;
use super::{OK, print, shm_root};
use crate::config::PublisherConfig;
use crate::error::FeedError;
use crate::lane::Group;
use crate::publish::region::RegionSpec;
use crate::replay::{ReplaySpec, Speed, replay};
use crate::venue::nasdaq::Limits;
use crate::venue::nasdaq::day::parse_date;

/// Play recordings through a lane: the code of a live lane, with files as its source.
#[derive(Debug, Args)]
#[command(after_help = "\
Reads pcap, pcapng and raw length-prefixed ITCH, each plain or gzip. What is replayed is never
called live: every record says recorded, or simulated for a generated session.

Examples:
  hotlane replay 01302020.NASDAQ_ITCH50.gz
  hotlane replay --json --date 2020-01-30 day.itch | jq .instruments
  hotlane replay --speed recorded --seats 1 --instance demo capture.pcapng
  hotlane replay --book-csv book.csv --depth 10 --records all.rec capture.pcap")]
pub struct ReplayArgs {
    /// Recordings, played one after the other.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// How fast: max, recorded, or a factor such as 10x.
    #[arg(long, default_value = "max")]
    speed: Speed,
    /// Trading day, YYYY-MM-DD: needed for raw ITCH whose name does not tell it.
    #[arg(long)]
    date: Option<String>,
    /// Name of the instance whose seats consumers attach to. Default: replay-PID.
    #[arg(long)]
    instance: Option<String>,
    /// Offer no seats and make no shared memory.
    #[arg(long, conflicts_with_all = ["instance", "seats", "linger", "multicast"])]
    no_seats: bool,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// Write every record to this file, 64 bytes each.
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// Write a row to this file whenever the first levels of a book changed.
    #[arg(long, value_name = "FILE")]
    book_csv: Option<PathBuf>,
    /// Levels a side in --book-csv.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    depth: u16,
    /// Begin only when so many consumers are attached.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seats: usize,
    /// Seconds to wait for them.
    #[arg(long, value_name = "S", default_value_t = 60)]
    wait: u64,
    /// Keep the seats open for so many seconds after the last packet; without a number until Ctrl-C.
    #[arg(long, value_name = "S", num_args = 0..=1, require_equals = true,
          default_missing_value = "forever")]
    linger: Option<String>,
    /// Records in each seat's ring, a power of two.
    #[arg(long, default_value_t = 16_384)]
    ring: u64,
    /// Publish what is replayed as multicast datagrams; KEY=VALUE,... changes what [publisher] of a
    /// configuration would, for example --multicast=depth=5,records=true.
    #[arg(long, value_name = "KEY=VALUE,...", num_args = 0..=1, require_equals = true,
          default_missing_value = "")]
    multicast: Option<String>,
    /// Take only this destination, ADDR:PORT; the first is line A, the second line B, ...
    #[arg(long, value_name = "ADDR:PORT")]
    group: Vec<String>,
    /// Do not compare IP and UDP checksums: for captures taken on the sending host.
    #[arg(long)]
    ignore_checksums: bool,
    /// Instruments that the tables have room for. Default: what files of this size can hold.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    instruments: Option<u32>,
    /// Orders alive at a time that the tables have room for. Default: what files of this size can
    /// hold, at most a whole market.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1 << 27))]
    orders: Option<u32>,
    /// Pin the lane to this core and lock its memory.
    #[arg(long, value_name = "N")]
    core: Option<usize>,
    /// How the core polls when there is nothing: busy or backoff. Default: busy if the host has
    /// cores to spare.
    #[arg(long, value_parser = ["busy", "backoff"])]
    poll: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps the recording from being played to its end.
pub fn run(args: ReplayArgs) -> Result<u8, FeedError> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone())
            .map_err(|e| FeedError::io("signal handler", e))?;
    }
    let json = args.json;
    let spec = spec(args)?;
    let mut watch = TerminalWatch::new(json);
    let report = replay(&spec, &stop, &mut watch);
    watch.finish();
    let report = report?;
    if json {
        let text = serde_json::to_string(&report)
            .map_err(|e| FeedError::io("standard output", e.into()))?;
        print(&format!("{text}\n"))?;
    } else {
        print(&report.to_text())?;
    }
    Ok(OK)
}

fn spec(args: ReplayArgs) -> Result<ReplaySpec, FeedError> {
    let publisher = match &args.multicast {
        Some(text) => Some(
            PublisherConfig::parse(text)
                .map_err(|(part, wanted)| usage(&format!("--multicast: {part}"), &wanted))?,
        ),
        None => None,
    };
    let name = args.instance.unwrap_or_else(|| format!("replay-{}", std::process::id()));
    let region = RegionSpec {
        root: shm_root(),
        name,
        seats: 8,
        ring_capacity: args.ring,
        // Every source of a replay is a file.
        allow_wait: true,
        gid: None,
        lines: u8::try_from(args.group.len()).unwrap_or(u8::MAX),
    };
    let linger = match args.linger.as_deref() {
        None => Some(Duration::ZERO),
        Some("forever") => None,
        Some(seconds) => Some(seconds_of(seconds)?),
    };
    let fitting = Limits::of_recording(expanded_bytes(&args.files));
    let limits = Limits {
        instruments: args.instruments.unwrap_or(fitting.instruments),
        orders: args.orders.unwrap_or(fitting.orders),
    };
    let checksums = if args.ignore_checksums { Checksums::Ignore } else { Checksums::Verify };
    Ok(ReplaySpec {
        files: args.files,
        speed: args.speed,
        date: args.date.as_deref().map(parse_date).transpose()?,
        checksums,
        groups: args.group.iter().map(|text| parse_group(text)).collect::<Result<_, _>>()?,
        limits,
        region: if args.no_seats { None } else { Some(region) },
        wait_for: (args.seats, Duration::from_secs(args.wait)),
        linger,
        records: args.records,
        book_csv: args.book_csv.map(|path| (path, usize::from(args.depth))),
        mode: poll_mode(args.poll.as_deref())?,
        core: args.core,
        publisher,
    })
}

/// Bytes of the files together, decompressed: gzip makes a day of ITCH at most 20 times smaller.
fn expanded_bytes(files: &[PathBuf]) -> u64 {
    let one = |path: &PathBuf| {
        let gzip = path.extension().is_some_and(|ending| ending == "gz");
        // A file that cannot be looked at is reported when it is opened.
        std::fs::metadata(path).map_or(0, |meta| meta.len()) * if gzip { 20 } else { 1 }
    };
    files.iter().map(one).sum()
}

/// The lane and one consumer are expected to spin.
fn poll_mode(asked: Option<&str>) -> Result<PollMode, FeedError> {
    match asked {
        Some("busy") => Ok(PollMode::Busy),
        Some(_) => Ok(PollMode::Backoff),
        None => Ok(choose(2, Allowed::read()?.spinnable()).0),
    }
}

fn usage(text: &str, reason: &str) -> FeedError {
    FeedError::Argument { text: text.to_owned(), reason: reason.to_owned() }
}

/// A time on the command line.
pub(super) fn seconds_of(text: &str) -> Result<Duration, FeedError> {
    let wrong = || usage(text, "a number of seconds up to a year, or nothing for ever");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    let fits = (0.0..=31_536_000.0).contains(&seconds);
    if fits { Ok(Duration::from_secs_f64(seconds)) } else { Err(wrong()) }
}

fn parse_group(text: &str) -> Result<Group, FeedError> {
    let wrong = || usage(text, "an IPv4 address and a port, for example 233.54.12.111:26477");
    let (address, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
    Ok((u32::from(address), port.parse().map_err(|_| wrong())?))
}
