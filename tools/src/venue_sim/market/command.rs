//! `venue-sim market`: from the options to a session sent, its servers, and its report.

use std::io::IsTerminal;
use std::net::SocketAddrV4;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressStyle};

use super::args::MarketOptions;
use super::clock::ServerClock;
use super::feed::{Feed, Outgoing};
use super::oracle::OracleWriter;
use super::report::MarketReport;
use super::retransmit::{RetransmitReport, RetransmitServer};
use super::running::Market;
use super::snapshots::{SnapshotReport, SnapshotServer};
use crate::venue_sim::play::PlayError;
use crate::venue_sim::play::clock::HostClock;
use crate::venue_sim::play::drive::{Played, Player};
use crate::venue_sim::play::fault::Faults;
use crate::venue_sim::play::interface;
use crate::venue_sim::play::lines::Lines;
use crate::venue_sim::play::pace::Speed;
use crate::venue_sim::play::report::{Report, Subject};
use crate::venue_sim::play::session::SessionName;
use crate::venue_sim::play::setup::{ReportFile, faults, rule, streams, timing};
use crate::venue_sim::play::socket::{Group, Sockets};
use crate::venue_sim::play::source::InputCounts;
use crate::venue_sim::random::Random;
use crate::venue_sim::serve::{History, Service};
use crate::venue_sim::{Hours, Settings, require_sim};

/// Messages a second of each symbol, where nothing else is said.
const PER_SYMBOL: u64 = 10;
/// Set apart from the seeds of the lines.
const SERVER_SEED: u64 = 0x5345_5256;

/// Sends a market's session, serves those who missed something, and tells what it was.
///
/// # Errors
/// What is wrong with the options, the files, the interface, the addresses or the network, and
/// what to do.
pub fn market(options: &MarketOptions) -> Result<MarketReport, PlayError> {
    let line = &options.line;
    let groups = line.lines();
    let faults = line_faults(options, &groups)?;
    let settings = settings(options)?;
    let session = options.session.unwrap_or_else(|| SessionName::now(true));
    let mut sockets = Sockets::open(&groups, interface::resolve(&line.interface)?)?;
    let report = options.report.as_deref().map(report_file).transpose()?;
    let oracle = options.oracle.as_deref().map(|path| {
        OracleWriter::create(path, settings.seed, session.bytes(), settings.instruments)
    });
    let oracle = oracle.transpose()?;

    let published = Arc::new(AtomicU64::new(0));
    let servers = Servers::open(options, &settings, session, &published)?;
    let feed_history = servers.history.clone();
    let signals = HostClock::signals()?;
    let running = servers.start(line.start_delay)?;
    let mut feed = Feed::new(Market::new(&settings)?, oracle, feed_history);
    let mut outgoing = Outgoing { sockets: &mut sockets, published };
    let speed = options.rate.map_or(options.speed, Speed::Rate);
    let streams = streams(line, rule(line), session, 1, speed);
    let lines = Lines::new(session.bytes(), 1, faults, line.seed);
    let mut clock = HostClock::new(signals);
    let bar = progress_bar(settings.messages, line.json);
    let player = Player::new(&mut feed, &mut clock, &mut outgoing, timing(line), lines, streams);
    let outcome = player.play(&mut |_, messages| bar.set_position(messages));
    bar.finish_and_clear();
    let (retransmit, glimpse) = running.end();
    let (played, lines) = outcome?;
    let market = feed.finish()?;

    let sent = sent(options, &groups, session, (&played, &lines), &sockets);
    let told = MarketReport {
        sent,
        symbols: settings.instruments,
        live_orders: market.live_orders(),
        books: options.oracle.clone(),
        retransmit,
        glimpse,
    };
    if let Some(report) = report {
        report.write(&told)?;
    }
    Ok(told)
}

/// The lines' part of the report.
fn sent(
    options: &MarketOptions,
    groups: &[Group],
    session: SessionName,
    (played, lines): (&Played, &Lines),
    sockets: &Sockets,
) -> Report {
    let subject = Subject {
        session,
        files: Vec::new(),
        seed: options.line.seed,
        first_sequence: 1,
        groups: groups.to_vec(),
    };
    let retries: Vec<u64> = sockets.retries().collect();
    Report::new(&subject, played, lines, &retries, InputCounts::default())
}

fn report_file(path: &Path) -> Result<ReportFile<'_>, PlayError> {
    require_sim(path)?;
    ReportFile::create(path)
}

/// The faults of each line, and the loss of all of them.
fn line_faults(options: &MarketOptions, groups: &[Group]) -> Result<Vec<Faults>, PlayError> {
    let mut all = faults(&options.line, groups)?;
    if let Some(loss) = &options.loss {
        for line in &mut all {
            let between = if line.text.is_empty() { "" } else { "," };
            line.text = format!("{}{between}{}", line.text, loss.text);
            line.losses.extend(loss.losses.iter().cloned());
        }
    }
    Ok(all)
}

fn settings(options: &MarketOptions) -> Result<Settings, PlayError> {
    let start = options.session_start;
    let start_s = [(start.hour(), 3_600), (start.minute(), 60), (start.second(), 1)]
        .into_iter()
        .map(|(count, seconds)| u64::from(count.unsigned_abs()) * seconds)
        .sum();
    let rate = options.rate.unwrap_or(PER_SYMBOL * u64::from(options.symbols));
    let messages = options.messages.unwrap_or_else(|| rate.saturating_mul(options.duration));
    let hours = Hours::new(start_s, options.duration)?;
    Ok(Settings { seed: options.line.seed, instruments: options.symbols, messages, hours })
}

/// The servers before they run; their sockets are open.
struct Servers {
    history: Option<Arc<Mutex<History>>>,
    retransmit: Vec<RetransmitServer>,
    glimpse: Vec<SnapshotServer>,
}

/// The servers' threads.
struct Running {
    clock: ServerClock,
    retransmit: Vec<std::thread::JoinHandle<RetransmitReport>>,
    glimpse: Vec<std::thread::JoinHandle<SnapshotReport>>,
}

impl Servers {
    fn open(
        options: &MarketOptions,
        settings: &Settings,
        session: SessionName,
        published: &Arc<AtomicU64>,
    ) -> Result<Self, PlayError> {
        let mut seeds = Random::new(options.line.seed ^ SERVER_SEED);
        let wanted = !options.retransmit.is_empty();
        let history = History::new(session.bytes()).with_window(options.window);
        let history = wanted.then(|| Arc::new(Mutex::new(history)));
        let mut servers = Self { history, retransmit: Vec::new(), glimpse: Vec::new() };
        for (server, history) in options.retransmit.iter().zip(servers.history.iter().cycle()) {
            let (address, faults) = (server.address, server.faults.clone());
            let opened = RetransmitServer::open(address, faults, seeds.bits(), Arc::clone(history));
            servers.retransmit.push(opened.map_err(failure("--retransmit", address))?);
        }
        for server in &options.glimpse {
            let address = server.address;
            let login = options.login.map(|login| (login.user, login.password));
            let service = Service { login, faults: server.faults.clone() };
            let opened = SnapshotServer::open(
                address,
                service,
                seeds.bits(),
                Market::new(settings)?,
                session.bytes(),
                Arc::clone(published),
            );
            servers.glimpse.push(opened.map_err(failure("--glimpse", address))?);
        }
        Ok(servers)
    }

    fn start(self, start_delay_ns: u64) -> Result<Running, PlayError> {
        let clock = ServerClock::after(start_delay_ns);
        let mut running = Running { clock, retransmit: Vec::new(), glimpse: Vec::new() };
        for server in self.retransmit {
            let clock = running.clock.clone();
            let thread = std::thread::Builder::new().name("retransmit".into());
            let thread = thread.spawn(move || server.serve(&clock)).map_err(PlayError::Thread)?;
            running.retransmit.push(thread);
        }
        for server in self.glimpse {
            let clock = running.clock.clone();
            let thread = std::thread::Builder::new().name("glimpse".into());
            let thread = thread.spawn(move || server.serve(&clock)).map_err(PlayError::Thread)?;
            running.glimpse.push(thread);
        }
        Ok(running)
    }
}

impl Running {
    /// Ends them and gathers what they did.
    fn end(self) -> (Vec<RetransmitReport>, Vec<SnapshotReport>) {
        self.clock.end();
        (gather(self.retransmit), gather(self.glimpse))
    }
}

/// What the threads leave; one that panicked goes on panicking here.
fn gather<T>(threads: Vec<std::thread::JoinHandle<T>>) -> Vec<T> {
    let join = |thread: std::thread::JoinHandle<T>| {
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    };
    threads.into_iter().map(join).collect()
}

fn failure(option: &'static str, address: SocketAddrV4) -> impl Fn(std::io::Error) -> PlayError {
    move |source| PlayError::Server { option, address, source }
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(messages: u64, json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(messages);
    let style = "{bar:40} {human_pos}/{human_len} messages, {per_sec}, {elapsed}";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
