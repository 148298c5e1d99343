//! Sets up a replay and polls it to its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use affinity::poll::IdleAction;
use affinity::{Clock, Idle, LongestPoll, PollMode};
use jiff::civil::Date;
use protocol::frame::Checksums;
use shm::seat::Policy;
use wire::Nature;

use crate::config::PublisherConfig;
use crate::error::Result;
use crate::lane::{Group, Lane, LaneConfig};
use crate::line::{DIVERGENCE_SAMPLE, HOLD_NS, LINE_TIMEOUT_NS};
use crate::net::Polled;
use crate::net::capture::{CaptureSource, Progress};
use crate::publish::Outlet;
use crate::publish::multicast::{Publisher, PublisherHandle, PublisherReport};
use crate::publish::region::{RegionSpec, Regions};
use crate::replay::book_csv::BookCsv;
use crate::replay::outlet::ReplayOutlet;
use crate::replay::pace::{Paced, Speed};
use crate::replay::records::RecordLog;
use crate::replay::report::Report;
use crate::venue::nasdaq::day::Eastern;
use crate::venue::nasdaq::{Limits, Nasdaq, PRICE_EXP, QUANTITY_EXP};

/// Polls between two looks at the stop flag and the progress bar.
const LOOK_POLLS: u64 = 256;
/// A poll longer than this counts as a breach.
const BREACH_NS: u64 = 1_000_000;
/// How long the end of a replay waits for seats that still need a book.
const FLUSH_MAX: Duration = Duration::from_secs(10);

/// How long the end of a replay waits for what the publisher still has to send.
const PUBLISHER_MAX: Duration = Duration::from_secs(60);

/// What to replay and where to.
#[derive(Clone, Debug)]
pub struct ReplaySpec {
    /// Files, played one after the other.
    pub files: Vec<PathBuf>,
    /// How fast.
    pub speed: Speed,
    /// Trading day of raw ITCH whose name does not tell it.
    pub date: Option<Date>,
    /// Whether checksums are compared.
    pub checksums: Checksums,
    /// Destinations taken; empty = all.
    pub groups: Vec<Group>,
    /// Table sizes.
    pub limits: Limits,
    /// Shared memory; `None` offers no seats.
    pub region: Option<RegionSpec>,
    /// Consumers to wait for before the first packet, and for how long.
    pub wait_for: (usize, Duration),
    /// How long the instance stays after the last packet; `None` = until a signal.
    pub linger: Option<Duration>,
    /// Where every record goes.
    pub records: Option<PathBuf>,
    /// Where the first levels go, and how many a side.
    pub book_csv: Option<(PathBuf, usize)>,
    /// How the core polls.
    pub mode: PollMode,
    /// Core that the lane is pinned to, with its memory locked; `None` leaves both to the system.
    pub core: Option<usize>,
    /// Multicast of what is replayed. It waits for nothing and loses nothing: the replay is paced
    /// by it.
    pub publisher: Option<PublisherConfig>,
}

/// Told now and then how far a replay is.
pub trait Watch {
    /// So much of the files has been read, so many messages taken.
    fn progress(&mut self, read: Progress, messages: u64);
    /// The instance is there and waits for consumers.
    fn waiting(&mut self, instance: &str, wanted: usize);
    /// The last packet was taken; the instance stays.
    fn lingering(&mut self, instance: &str);
}

/// Plays the files to their end, or until `stop`.
///
/// # Errors
/// If a file cannot be read, shared memory cannot be had, or no consumer comes.
pub fn replay(spec: &ReplaySpec, stop: &Arc<AtomicBool>, watch: &mut dyn Watch) -> Result<Report> {
    let source = CaptureSource::open(&spec.files, spec.date)?;
    let eastern = Eastern::new()?;
    let mut venue = Nasdaq::new(spec.limits)?;
    venue.advise_huge();
    let records = spec.records.as_deref().map(RecordLog::create).transpose()?;
    let exponents = (PRICE_EXP, QUANTITY_EXP);
    let csv = match &spec.book_csv {
        Some((path, depth)) => Some(BookCsv::create(path, *depth, exponents)?),
        None => None,
    };
    // What is wrong with its socket is said before there is an instance.
    let publisher = spec.publisher.as_ref().map(Publisher::open).transpose()?;
    let config = LaneConfig {
        nature: Nature::Recorded,
        checksums: spec.checksums,
        groups: spec.groups.clone(),
        day: spec.date.map(|date| eastern.day(date)).transpose()?,
        lines: u8::try_from(spec.groups.len()).unwrap_or(u8::MAX),
        hold_ns: HOLD_NS,
        // Files without heartbeats are silent without being dead; only between lines that were
        // asked for does it matter which of them lives.
        line_timeout_ns: if spec.groups.len() > 1 { LINE_TIMEOUT_NS } else { 0 },
        divergence_sample: DIVERGENCE_SAMPLE,
    };
    let seats = Regions::create(spec.region.as_ref(), spec.limits, stop)?;
    let instance = seats.instance_name().to_owned();
    let publisher = match (publisher, &spec.region) {
        (Some(publisher), Some(region)) => {
            Some(publisher.start(&region.root, &region.name, Policy::Wait)?)
        }
        _ => None,
    };
    let outlet = ReplayOutlet { seats, records, csv };
    let mut run = Run {
        lane: Lane::new(config, eastern, venue, outlet),
        source: Paced::new(source, spec.speed),
        clock: Clock::measure()?,
        idle: Idle::new(spec.mode),
        longest: LongestPoll::new(BREACH_NS),
        stop: stop.clone(),
        publisher,
    };
    let ground = take_core(spec.core)?;
    run.wait_for_consumers(spec, &instance, watch)?;
    let elapsed = run.play(watch)?;
    run.flush();
    let mut report = Report::of(&run.lane, run.source.inner().rejects());
    report.files = spec.files.iter().map(|f| f.display().to_string()).collect();
    report.instance = instance.clone();
    report.elapsed_s = elapsed.as_secs_f64();
    let messages = run.lane.publisher.counts.messages_total();
    report.rate = if elapsed.is_zero() { 0.0 } else { messages as f64 / report.elapsed_s };
    let polls = run.longest.stats();
    report.polls = polls.polls;
    report.longest_poll_ns = polls.longest_ns;
    report.interrupted = stop.load(Ordering::Acquire);
    report.polling = format!("{}{ground}", format!("{:?}", spec.mode).to_lowercase());
    run.linger(spec, &instance, watch);
    report.publisher = run.finish()?;
    Ok(report)
}

/// Pins this thread, the lane's, and locks what has been allocated. Says what it got.
fn take_core(core: Option<usize>) -> Result<String> {
    let Some(core) = core else { return Ok(String::new()) };
    let pinned = affinity::pin(core)?;
    let report = affinity::memory::lock_all();
    Ok(format!(", core {}, {report}", pinned.core()))
}

/// A replay that has been set up.
struct Run {
    lane: Lane<ReplayOutlet<Regions>>,
    source: Paced<CaptureSource>,
    clock: Clock,
    idle: Idle,
    longest: LongestPoll,
    stop: Arc<AtomicBool>,
    publisher: Option<PublisherHandle>,
}

impl Run {
    fn stopped(&self) -> bool {
        // Acquire: partner is the signal handler's store; nothing else is handed over with it.
        self.stop.load(Ordering::Acquire)
    }

    /// Serves the seats without taking packets: consumers attach meanwhile.
    fn serve(&mut self) {
        let now = self.clock.now();
        self.lane.end_poll(true, now);
    }

    fn wait_for_consumers(
        &mut self,
        spec: &ReplaySpec,
        instance: &str,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        let (wanted, patience) = spec.wait_for;
        // The publisher is a consumer, too.
        let wanted = wanted + usize::from(spec.publisher.is_some());
        if wanted == 0 || spec.region.is_none() {
            return Ok(());
        }
        watch.waiting(instance, wanted);
        let begun = Instant::now();
        loop {
            self.serve();
            let seats = &self.lane.publisher.outlet.seats;
            let found = seats.consumers();
            let ready = self.publisher.as_ref().is_none_or(PublisherHandle::is_ready);
            let all_there = found >= wanted && ready;
            // A seat whose first books are still to be sent would get no book records yet.
            if (all_there && !seats.refreshes_pending()) || self.stopped() {
                return Ok(());
            }
            if all_there {
                continue;
            }
            if begun.elapsed() > patience {
                return Err(crate::error::FeedError::NoConsumer {
                    instance: instance.to_owned(),
                    waited_s: patience.as_secs(),
                    wanted,
                    found,
                });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn play(&mut self, watch: &mut dyn Watch) -> Result<Duration> {
        let begun = Instant::now();
        let mut polls = 0u64;
        let mut now = self.clock.now();
        loop {
            let polled = self.lane.poll(&mut self.source, now)?;
            let after = self.clock.now();
            self.longest.record(after.saturating_sub(now), matches!(polled, Polled::Packets(_)));
            now = after;
            match polled {
                Polled::Packets(_) => self.idle.found(),
                Polled::Nothing => {
                    if !matches!(self.idle.idle(), IdleAction::Spin) {
                        // The break is not the next poll's time.
                        now = self.clock.now();
                    }
                }
                Polled::End => return Ok(begun.elapsed()),
            }
            polls += 1;
            if polls.is_multiple_of(LOOK_POLLS) {
                if self.stopped() {
                    return Ok(begun.elapsed());
                }
                let messages = self.lane.publisher.counts.steps;
                watch.progress(self.source.inner().progress(), messages);
            }
        }
    }

    /// Seats that still wait for a book get it; images are brought up to date.
    fn flush(&mut self) {
        let begun = Instant::now();
        // An interrupted replay has not seen the end of its files.
        self.lane.end_holds(self.clock.now());
        self.serve();
        while self.lane.publisher.outlet.refreshes_pending()
            && begun.elapsed() < FLUSH_MAX
            && !self.stopped()
        {
            self.serve();
            std::thread::yield_now();
        }
        self.lane.finish(&self.source, self.clock.now());
    }

    fn linger(&mut self, spec: &ReplaySpec, instance: &str, watch: &mut dyn Watch) {
        let begun = Instant::now();
        let over = |begun: Instant| spec.linger.is_some_and(|linger| begun.elapsed() >= linger);
        if spec.region.is_none() || over(begun) {
            return;
        }
        watch.lingering(instance);
        while !over(begun) && !self.stopped() {
            self.serve();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn finish(self) -> Result<Option<PublisherReport>> {
        let outlet = self.lane.publisher.outlet;
        if let Some(records) = outlet.records {
            records.finish()?;
        }
        if let Some(csv) = outlet.csv {
            csv.finish()?;
        }
        outlet.seats.close()?;
        // It sends what is left in its rings, which outlive their names.
        Ok(self.publisher.map(|publisher| publisher.finish(PUBLISHER_MAX)))
    }
}
