//! Sets a run up, watches it, and ends it so that nothing is left behind.
//!
//! Everything that can be refused is tried before the instance appears: processors, table sizes,
//! sockets. The end goes the other way: cores are stopped and joined, then their lanes go, then
//! the instance says that it is closed and removes its files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use affinity::Clock;
use producer::{Host, HostSpec, LaneParts, LaneSpec, ProducerError};
use protocol::frame::Checksums;
use shm::seat::Policy;
use wire::Nature;

use crate::config::{Config, DataNature, Environment, LaneSection};
use crate::counts::counter_table;
use crate::error::{FeedError, Result};
use crate::lane::{Lane, LaneConfig};
use crate::publish::multicast::Publisher;
use crate::publish::region::Regions;
use crate::recover::worker::Worker;
use crate::run::body::{ControlMail, LaneBody, mail};
use crate::run::clock::PageClock;
use crate::run::core::{self, CoreEnd, CoreTask};
use crate::run::polling::{self, Polling};
use crate::run::recovery::{self, Recoveries};
use crate::run::reload::{Reloader, listing_of};
use crate::run::source::{self, Opened};
use crate::run::summary::{CoreSummary, LaneSummary, Summary};
use crate::venue::nasdaq::day::Eastern;
use crate::venue::nasdaq::{Limits, Nasdaq};

/// How long the end of a run waits for what the publisher still has to send.
const PUBLISHER_MAX: Duration = Duration::from_secs(5);
/// Between two looks of the watching thread.
const LOOK: Duration = Duration::from_millis(10);

/// What signals and other threads ask of a run.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// End.
    pub stop: Arc<AtomicBool>,
    /// Read the configuration again.
    pub reload: Arc<AtomicBool>,
}

/// Runs a configuration until it is stopped, or for `limit`. `tell` gets lines for people.
///
/// # Errors
/// Whatever keeps it from starting, or a lane from going on. Nothing is left behind.
pub fn run(
    config: &Config,
    environment: &Environment,
    limit: Option<Duration>,
    flags: &Flags,
    tell: &mut dyn FnMut(&str),
) -> Result<Summary> {
    let polling = polling::choose(&config.cores)?;
    for cpu in config.cores.iter().filter_map(|core| core.cpu) {
        core::try_cpu(cpu)?;
    }
    let prepared = prepare(config)?;
    let publisher = publisher(config)?;
    let (host, parts) = create(config, flags)?;
    let publisher = publisher.map(|publisher| {
        tell(&publisher.describe());
        // A live lane waits for nobody: a publisher that is too slow loses, and says so.
        publisher.start(&config.shm_root, &config.instance, Policy::Lose)
    });
    let publisher = publisher.transpose()?;
    let mut recoveries = Recoveries::default();
    let (bodies, mails) = assemble(config, prepared, parts, &mut recoveries, flags, tell)?;
    let mut reloader = Reloader::new(config.clone(), environment.clone(), mails);
    // Before the cores: if one of them cannot start, these threads end with `recoveries`.
    recoveries.start(&host, tell)?;
    let cores = start(config, &host, &polling, bodies, flags, tell)?;
    let begun = Instant::now();
    tell(&format!("instance {} runs; Ctrl-C ends it", config.instance));
    let ended_by = watch(&mut reloader, limit, flags, &cores, tell);
    let ends = join(cores, &flags.stop)?;
    let elapsed_s = begun.elapsed().as_secs_f64();
    let mut summary = Summary {
        instance: config.instance.clone(),
        config: config.path.display().to_string(),
        environment: config.environment.word(),
        elapsed_s,
        ended_by,
        config_version: reloader.version(),
        cores: Vec::new(),
        lanes: Vec::new(),
        publisher: None,
    };
    let ended = finish(ends, &polling, &mut summary).and(recoveries.finish());
    host.close()?;
    summary.publisher = publisher.map(|publisher| publisher.finish(PUBLISHER_MAX));
    ended.map(|()| summary)
}

/// The publisher's socket, if there is to be one.
fn publisher(config: &Config) -> Result<Option<Publisher>> {
    let wanted = Some(&config.publisher).filter(|publisher| publisher.enabled);
    wanted.map(Publisher::open).transpose()
}

/// Makes the instance; what the system refuses is told with the directory's name.
fn create(config: &Config, flags: &Flags) -> Result<(Host, Vec<LaneParts>)> {
    Host::create(&host_spec(config), &flags.stop).map_err(|error| match error {
        ProducerError::Shm(source @ shm::error::Error::Io { .. }) => {
            FeedError::Root { root: config.shm_root.clone(), source }
        }
        other => other.into(),
    })
}

/// A lane before its instance is there.
struct Prepared {
    section: LaneSection,
    venue: Nasdaq,
    opened: Opened,
    recovery: Option<Worker>,
}

/// Tables first, sockets last: what the sockets receive waits in their buffers.
fn prepare(config: &Config) -> Result<Vec<Prepared>> {
    let mut venues = Vec::with_capacity(config.lanes.len());
    for lane in &config.lanes {
        let limits = Limits { instruments: lane.instruments, orders: lane.orders };
        let mut venue = Nasdaq::of_market(lane.market, limits)?;
        venue.advise_huge();
        venues.push((lane, venue));
    }
    let open = |(lane, venue): (&LaneSection, Nasdaq)| {
        let recovery = lane.recovery.as_ref();
        let recovery = recovery.map(|section| recovery::open(&lane.name, section)).transpose()?;
        Ok(Prepared { section: lane.clone(), venue, opened: source::open(lane)?, recovery })
    };
    venues.into_iter().map(open).collect()
}

fn host_spec(config: &Config) -> HostSpec {
    let lane = |lane: &LaneSection| LaneSpec {
        name: lane.market.venue().name().to_owned(),
        instruments: lane.instruments,
        seats: lane.seats,
        ring_capacity: lane.ring,
        // Its sources are sockets: nobody may hold them up.
        allow_wait: false,
        counters: counter_table(lane.lines.len() as u8),
    };
    HostSpec {
        root: config.shm_root.clone(),
        name: config.instance.clone(),
        gid: config.gid,
        lanes: config.lanes.iter().map(lane).collect(),
    }
}

/// What the data of a lane is called at most, and why not live.
fn nature(environment: DataNature, loopback: bool) -> (Nature, &'static str) {
    match environment {
        DataNature::Production if loopback => {
            (Nature::Simulated, "it receives on loopback, where anybody can send")
        }
        DataNature::Production => (Nature::Live, ""),
        DataNature::Recorded => (Nature::Recorded, "environment is \"recorded\""),
        DataNature::Simulated => (Nature::Simulated, "environment is \"simulated\""),
    }
}

/// Lanes with the place of their core.
type Placed = Vec<(usize, LaneBody)>;

fn assemble(
    config: &Config,
    prepared: Vec<Prepared>,
    parts: Vec<LaneParts>,
    recoveries: &mut Recoveries,
    flags: &Flags,
    tell: &mut dyn FnMut(&str),
) -> Result<(Placed, Vec<ControlMail>)> {
    let mut bodies = Vec::with_capacity(prepared.len());
    let mut mails = Vec::with_capacity(prepared.len());
    for (Prepared { section, venue, opened, recovery }, parts) in prepared.into_iter().zip(parts) {
        let (nature, why) = nature(config.environment, opened.loopback);
        let name = &section.name;
        opened.notes.iter().for_each(|note| tell(&format!("lane {name}: {note}")));
        opened.warnings.iter().for_each(|note| tell(&format!("lane {name}: WARNING: {note}")));
        if nature != Nature::Live {
            tell(&format!("lane {name} is NOT LIVE ({}): {why}", nature.name()));
        }
        let eastern = Eastern::new()?;
        let lane_config = LaneConfig {
            nature,
            checksums: Checksums::Verify,
            groups: Vec::new(),
            day: section.date.map(|date| eastern.day(date)).transpose()?,
            lines: section.lines.len() as u8,
            hold_ns: section.hold_ns,
            line_timeout_ns: section.line_timeout_ns,
            divergence_sample: section.divergence_sample,
        };
        let outlet = Regions::of_lane(parts, section.market);
        let mut lane = Lane::new(lane_config, eastern, venue, outlet);
        lane.begin_listing(Box::new(listing_of(&section)));
        let (end, counts) = recoveries.add(recovery);
        let lane = lane.with_recovery(end, recovery::repair_spec(&section));
        let (mine, mail) = mail();
        mails.push(mine);
        let body = LaneBody {
            lines: section.lines.len() as u8,
            lane,
            mail,
            source: opened.wrap(&section)?,
            stop: flags.stop.clone(),
            error: None,
            recovery: counts,
            name: section.name,
        };
        bodies.push((section.core, body));
    }
    Ok((bodies, mails))
}

/// A core that runs.
struct Running {
    task: CoreTask,
    thread: JoinHandle<CoreEnd>,
}

fn start(
    config: &Config,
    host: &Host,
    polling: &[Polling],
    mut bodies: Placed,
    flags: &Flags,
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<Running>> {
    if config.cores.iter().any(|core| core.lock_memory) {
        tell(&format!("memory: {}", affinity::memory::lock_all()));
    }
    let clock = Clock::measure()?;
    let mut running: Vec<Running> = Vec::new();
    for (at, (core, polling)) in config.cores.iter().zip(polling).enumerate() {
        let mine: Vec<_> = bodies.extract_if(.., |(place, _)| *place == at).collect();
        let lanes: Vec<_> = mine.into_iter().map(|(_, body)| body).collect();
        let cpu = core.cpu.map_or_else(|| "not pinned".to_owned(), |cpu| format!("cpu {cpu}"));
        if lanes.is_empty() {
            tell(&format!("core {} has no lane and is not started", core.name));
            continue;
        }
        let names: Vec<_> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        let (names, mode) = (names.join(", "), polling.mode.name());
        tell(&format!("core {} ({cpu}) polls {names}: {mode}, {}", core.name, polling.why));
        let task = CoreTask { name: core.name.clone(), cpu: core.cpu, mode: polling.mode };
        let clock = PageClock::new(host, clock);
        match core::start(task.clone(), lanes, clock, flags.stop.clone()) {
            Ok(thread) => running.push(Running { task, thread }),
            Err(error) => {
                // Those that run already must be gone before the instance is.
                join(running, &flags.stop)?;
                return Err(error);
            }
        }
    }
    Ok(running)
}

/// Waits for the end and says what brought it.
fn watch(
    reloader: &mut Reloader,
    limit: Option<Duration>,
    flags: &Flags,
    cores: &[Running],
    tell: &mut dyn FnMut(&str),
) -> &'static str {
    let begun = Instant::now();
    // Acquire: partners are the signal handler's store and a failing lane's.
    while !flags.stop.load(Ordering::Acquire) {
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            return "time";
        }
        if cores.iter().any(|core| core.thread.is_finished()) {
            return "core";
        }
        // AcqRel: partner is the signal handler's store; one signal is one reload.
        if flags.reload.swap(false, Ordering::AcqRel) {
            reloader.reload(tell);
        }
        reloader.pass_on();
        std::thread::sleep(LOOK);
    }
    "signal"
}

/// Stops all cores and waits for them.
fn join(cores: Vec<Running>, stop: &AtomicBool) -> Result<Vec<(CoreTask, CoreEnd)>> {
    // Release: partner is each core loop's look.
    stop.store(true, Ordering::Release);
    let ends: Vec<_> = cores.into_iter().map(|core| (core.task, core.thread.join())).collect();
    let ended = ends.into_iter().map(|(task, end)| match end {
        Ok(end) => Ok((task, end)),
        Err(_) => Err(FeedError::Thread { name: format!("core-{}", task.name) }),
    });
    ended.collect()
}

/// Reads what came of the cores and lets their lanes go; the first error of any.
fn finish(
    ends: Vec<(CoreTask, CoreEnd)>,
    polling: &[Polling],
    summary: &mut Summary,
) -> Result<()> {
    let mut first: Option<FeedError> = None;
    for ((task, end), polling) in ends.into_iter().zip(polling) {
        let how = format!("{}, {}", polling.mode.name(), polling.why);
        match end.report {
            Ok(report) => summary.cores.push(CoreSummary {
                name: task.name,
                cpu: report.core,
                polling: how,
                rounds: report.rounds,
                found: report.found,
            }),
            Err(error) => first = first.or(Some(error.into())),
        }
        for mut body in end.lanes {
            let mut lane = LaneSummary::of(&body, summary.elapsed_s, polling.mode.name());
            first = first.or(body.error.take());
            lane.source = body.source.finish(body.lines);
            summary.lanes.push(lane);
        }
    }
    first.map_or(Ok(()), Err)
}
