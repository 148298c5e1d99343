//! `sim`: runs seeds of the simulation, or one of them again.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use sim::campaign::{self, Campaign, Summary};
use sim::mutant::Mutant;
use sim::scenario::Scenario;
use sim::world::Failure;

/// The feed handler in virtual time, under networks, servers and consumers drawn from a seed.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  \
    sim --seeds 1000                    the run of CI\n  \
    sim --seeds 1000000 --from 5000     a campaign of a night\n  \
    sim --replay 1234 --trace           one seed again, every event printed")]
struct Args {
    /// How many seeds are run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// No seed begins after so many minutes.
    #[arg(long)]
    minutes: Option<f64>,
    /// Threads; all cores if not given.
    #[arg(long)]
    threads: Option<usize>,
    /// The summary as JSON.
    #[arg(long)]
    json: bool,
    /// Runs one seed.
    #[arg(long, value_name = "SEED")]
    replay: Option<u64>,
    /// Prints every event of the seed that is replayed.
    #[arg(long, requires = "replay")]
    trace: bool,
    /// Sends so many packets on two lines that lose 1 % each, and tells what was left to recover.
    #[arg(long, value_name = "PACKETS")]
    loss: Option<u64>,
    /// Builds in a fault, which the checks must find.
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
}

fn mutant(name: &str) -> Result<Mutant, String> {
    let names = || Mutant::ALL.map(Mutant::name).join(", ");
    Mutant::of_name(name).ok_or_else(|| format!("there are {}", names()))
}

fn main() -> ExitCode {
    let args = Args::parse();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let seed = campaign::current_seed();
        eprintln!("seed {seed} panicked; sim --replay {seed} --trace repeats it");
        usual(info);
    }));
    if let Some(packets) = args.loss {
        return lose(args.from, packets);
    }
    match args.replay {
        Some(seed) => replay(seed, &args),
        None => seeds(&args),
    }
}

/// Most that independent losses of 1 % and 1 % may leave to recover: 0.01 %, a fifth more.
const LEFT: f64 = 0.000_12;

fn lose(seed: u64, packets: u64) -> ExitCode {
    let loss = sim::loss::measure(seed, packets, 0.01);
    println!("{loss:#?}");
    println!("{:.5} % left to recover, {:.5} % allowed", loss.left() * 100.0, LEFT * 100.0);
    let exact = loss.declared == loss.both
        && loss.recovered == loss.declared
        && loss.live + loss.declared == packets
        && loss.open == 0
        && loss.live_and_true;
    if exact && loss.left() <= LEFT { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replay(seed: u64, args: &Args) -> ExitCode {
    if args.trace {
        println!("{:#?}", Scenario::draw(seed));
    }
    match campaign::run(seed, args.mutant, args.trace) {
        Ok(outcome) => {
            println!("{outcome:#?}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            report(&failure);
            ExitCode::FAILURE
        }
    }
}

fn seeds(args: &Args) -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let campaign = Campaign {
        from: args.from,
        seeds: args.seeds,
        limit: args.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0)),
        threads: args.threads.unwrap_or(cores),
        mutant: args.mutant,
    };
    let summary = campaign.run(&|done| {
        if done.is_multiple_of(10_000) {
            eprintln!("{done} seeds");
        }
    });
    for failure in summary.failures.iter().take(3) {
        report(failure);
    }
    if args.json {
        match serde_json::to_string_pretty(&summary) {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("no JSON: {error}"),
        }
    } else {
        print(&summary, args.from);
    }
    let all = summary.seeds == args.seeds || args.minutes.is_some();
    if summary.failed == 0 && all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(failure: &Failure) {
    eprintln!("seed {} failed: {}", failure.seed, failure.what);
    eprintln!("the last events:");
    for line in &failure.trace {
        eprintln!("  {line}");
    }
    eprintln!("sim --replay {} --trace repeats it", failure.seed);
}

fn print(s: &Summary, from: u64) {
    println!(
        "{} seeds from {from}: {} failed; {:.1} s of wall time for {:.0} s, {:.0} times as fast",
        s.seeds,
        s.failed,
        s.seconds,
        s.virtual_seconds,
        s.virtual_seconds / s.seconds.max(1e-9),
    );
    println!(
        "packets: {} sent, {} lost, {} twice, {} damaged; {} alarms of lines",
        s.packets_sent, s.packets_lost, s.packets_copied, s.packets_damaged, s.alarms
    );
    println!(
        "messages: {} = {} live + {} recovered + {} declared, in {} gaps",
        s.messages, s.live, s.recovered, s.declared, s.gaps
    );
    println!("trades: {} published once, {} missing and declared", s.trades, s.trades_missing);
    println!("books compared: {} of lanes, {} of consumers", s.lane_books, s.seat_books);
    println!("records: {} read, {} declared lost", s.records_read, s.records_lost);
    println!("{} events, {} polls", s.events, s.polls);
    for failure in &s.failures {
        println!("seed {}: {}", failure.seed, failure.what);
    }
}
