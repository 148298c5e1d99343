//! The loop: poll the source, compute, publish, through every generation of the source.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use affinity::clock::Calibration;
use affinity::{Clock, Idle, Pinned, PollMode, pin};
use client::{AttachSpec, Client, Detached, Event, FilterSpec, Lanes, Policy, Wanted};
use shm::attach::{Attach, Attached};
use shm::clock_page::ClockReader;
use shm::mapping::MappedLines;
use wire::{Class, Path, Record, StampBy};

use super::args::Poll;
use super::config::Config;
use super::error::{Error, Result};
use super::outlet::Outlet;
use super::report::Report;
use crate::engine::Engine;

/// Between two looks at things that change seldom, ns.
const LOOK: u64 = 1_000_000_000;
/// Classes that the blocks are made from.
pub const CLASSES: u8 = Class::Levels.bit() | Class::Trades.bit() | Class::Reference.bit();

fn spec(config: &Config) -> AttachSpec {
    let lanes = match config.lanes.is_empty() {
        true => Lanes::All,
        false => Lanes::Named(config.lanes.clone()),
    };
    let instruments = match config.symbols.is_empty() {
        true => Wanted::All,
        false => Wanted::Symbols(config.symbols.clone()),
    };
    let policy = if config.wait { Policy::Wait } else { Policy::Lose };
    let filter = FilterSpec { classes: CLASSES, instruments, depth: 0, policy };
    AttachSpec {
        root: config.root.clone(),
        instance: config.instance.clone(),
        lanes,
        filter,
        seat: None,
    }
}

/// Refuses at once what would otherwise be refused when the source comes.
fn check_name(config: &Config) -> Result<()> {
    let layout = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
    let attach =
        Attach::new(&config.root, &config.out_name, layout).map_err(client::Error::from)?;
    match attach.poll() {
        Attached::Ready(view) => {
            Err(Error::NameTaken { name: config.out_name.clone(), pid: view.pid() })
        }
        _ => Ok(()),
    }
}

/// Runs until `stop` is raised or the time is over.
///
/// # Errors
/// What keeps it from running. Nothing is left behind.
pub fn run(config: &Config, stop: &Arc<AtomicBool>) -> Result<Report> {
    check_name(config)?;
    let mode = match config.poll {
        Poll::Busy => PollMode::Busy,
        Poll::Backoff => PollMode::Backoff,
    };
    if let Some(core) = config.core {
        // Tried out now: a core that cannot be had is told before anything is made.
        pin(core)?.restore()?;
    }
    let mut process = Process {
        client: Client::attach(spec(config))?,
        engine: Engine::new(config.engine()),
        clock: Clock::measure()?,
        outlet: None,
        page: None,
        pinned: None,
        looked: 0,
        refused: None,
        lost_seats: Vec::new(),
        was_attached: false,
        refused_instruments: 0,
        report: Report::default(),
    };
    let outcome = process.follow(config, stop, &mut Idle::new(mode));
    let closed = process.close_outlet();
    process.report.take(&process.engine, &process.client);
    outcome.and(closed).map(|()| process.report)
}

struct Process {
    client: Client,
    engine: Engine,
    clock: Clock,
    outlet: Option<Outlet>,
    /// Clock page of the source.
    page: Option<ClockReader<MappedLines>>,
    pinned: Option<Pinned>,
    looked: u64,
    /// A seat that was refused.
    refused: Option<client::Error>,
    /// Lanes whose seat was taken away.
    lost_seats: Vec<usize>,
    was_attached: bool,
    /// Instruments without memory, as of the last look.
    refused_instruments: u64,
    report: Report,
}

/// Whether how long ago a record was received says anything about this host: it came on a live
/// path and was stamped when it came.
#[inline(always)]
fn is_timed(record: &Record) -> bool {
    record.origin.path() == Path::Live
        && record.origin.stamp() != StampBy::Recording
        && !record.quality.is_snapshot()
}

impl Process {
    fn follow(&mut self, config: &Config, stop: &Arc<AtomicBool>, idle: &mut Idle) -> Result<()> {
        let begun = Instant::now();
        let mut now = self.clock.now();
        // Acquire: partner is the signal handler's store; nothing else comes with it.
        while !stop.load(Ordering::Acquire) {
            if let Some(outlet) = &mut self.outlet {
                outlet.sync_rows(&self.client, &mut self.engine);
            }
            let taken = self.poll();
            now = now.max(self.clock.now());
            if let Some(outlet) = &mut self.outlet {
                outlet.end_poll(taken > 0, now, &self.engine, &self.client);
            }
            if taken > 0 {
                idle.found();
                if now.saturating_sub(self.looked) < LOOK {
                    continue;
                }
            }
            self.look(config, stop, now, begun)?;
            let is_over = |s| begun.elapsed() >= Duration::from_secs(s);
            if config.seconds.is_some_and(is_over) {
                return Ok(());
            }
            if taken == 0 {
                idle.idle();
            }
        }
        Ok(())
    }

    #[inline]
    fn poll(&mut self) -> usize {
        let Process { client, engine, clock, outlet, refused, lost_seats, .. } = self;
        let Some(outlet) = outlet else {
            return client.poll(|event| told(&event, refused, lost_seats));
        };
        client.poll(|event| {
            let Event::Record { lane, record } = event else {
                told(&event, refused, lost_seats);
                return engine.on(&event, outlet);
            };
            if !is_timed(record) {
                return engine.on(&event, outlet);
            }
            outlet.consumed(lane, clock.now().saturating_sub(record.ts_receive));
            let before = outlet.steps(lane);
            engine.on(&event, outlet);
            if outlet.steps(lane) != before {
                outlet.published(lane, clock.now().saturating_sub(record.ts_receive));
            }
        })
    }

    /// What changes seldom: the generation, seats, the clock page.
    #[cold]
    fn look(
        &mut self,
        config: &Config,
        stop: &Arc<AtomicBool>,
        now: u64,
        begun: Instant,
    ) -> Result<()> {
        if let Some(error) = self.refused.take() {
            return Err(error.into());
        }
        for lane in std::mem::take(&mut self.lost_seats) {
            self.client.reattach(lane);
        }
        if let Some(problem) = self.engine.problem() {
            return Err(problem.into());
        }
        let source = self.client.generation();
        if let Some(generation) = source
            && self.outlet.as_ref().is_none_or(|outlet| outlet.source != generation)
        {
            self.begin(config, generation, stop)?;
        }
        if now.saturating_sub(self.looked) >= LOOK {
            self.looked = now;
            self.adopt_clock();
            self.tell_refused(config);
        }
        self.was_attached = self.was_attached || self.client.is_attached();
        let is_late = begun.elapsed() >= Duration::from_secs(config.timeout_s);
        if !self.was_attached && is_late {
            return Err(self.lateness(config));
        }
        Ok(())
    }

    /// A generation of the source begins: so does one of ours.
    fn begin(&mut self, config: &Config, source: u64, stop: &Arc<AtomicBool>) -> Result<()> {
        self.close_outlet()?;
        // The threads that belong to the instance must not inherit the core of this loop.
        if let Some(pinned) = self.pinned.take() {
            pinned.restore()?;
        }
        let outlet = Outlet::create(config, &self.client, source, stop)?;
        if let Some(core) = config.core {
            self.pinned = Some(pin(core)?);
        }
        self.page = self.client.instance().and_then(|view| view.clock());
        self.adopt_clock();
        self.report.generations += 1;
        eprintln!(
            "features: follows {} generation {source}, lanes {}; publishes as {}",
            config.instance,
            outlet.lane_names().join(", "),
            config.out_name
        );
        self.outlet = Some(outlet);
        Ok(())
    }

    /// Every process of an instance converts with its clock page. Without a good one, our own
    /// measurement goes on.
    fn adopt_clock(&mut self) {
        let page = self.page.as_mut().and_then(|page| page.page().ok().flatten());
        let Some(p) = page else { return };
        let words = [p.tsc_base, p.utc_base, p.multiplier, p.error_ns, p.epoch, p.drift_ppb];
        if let Ok(calibration) = Calibration::from_words(words) {
            self.clock.adopt(calibration);
        }
    }

    /// Says once that there is no memory for some instruments.
    fn tell_refused(&mut self, config: &Config) {
        let refused = self.engine.totals().instruments_refused;
        if refused > self.refused_instruments {
            if self.refused_instruments == 0 {
                eprintln!(
                    "features: no memory for {refused} instruments; raise --instruments ({}) or \
                     name --symbols",
                    config.instruments
                );
            }
            self.refused_instruments = refused;
        }
    }

    fn lateness(&mut self, config: &Config) -> Error {
        match self.client.problem() {
            // Said by the client: no seat free, another layout, no such lane.
            Some(problem) if !problem.is_absent() => {
                match Client::attach_blocking(spec(config), Duration::ZERO) {
                    Err(error) => error.into(),
                    Ok(_) => self.never(config),
                }
            }
            _ => self.never(config),
        }
    }

    fn never(&self, config: &Config) -> Error {
        Error::NeverCame {
            name: config.instance.clone(),
            root: config.root.clone(),
            seconds: config.timeout_s,
        }
    }

    fn close_outlet(&mut self) -> Result<()> {
        match self.outlet.take() {
            Some(outlet) => {
                self.report.lanes = outlet.reports();
                outlet.close()
            }
            None => Ok(()),
        }
    }
}

/// What is not a record, for the control plane.
#[cold]
fn told(event: &Event<'_>, refused: &mut Option<client::Error>, lost: &mut Vec<usize>) {
    let Event::Detached { lane, reason } = event else { return };
    match reason {
        Detached::Refused(reason) => {
            let lane = lane.to_string();
            *refused = Some(client::Error::Refused { lane, reason: *reason });
        }
        // The end of the lane comes with the end of the generation.
        Detached::Closed(shm::seat::Reason::ProducerClosed) => {}
        Detached::Closed(_) => lost.push(*lane),
        Detached::NoFreeSeat | Detached::NoLane => {}
    }
}
