//! An instance that runs: made whole or not at all, held, and ended so that consumers can tell.
//!
//! Order matters at both ends. At the start the SIGBUS guard must be there before any lane looks
//! at a control file. At the end the lanes' parts go first (drop them, or join their threads),
//! because the guard and the files must outlive whoever may still touch them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use shm::counters::CounterWriter;
use shm::errors::ErrorWriter;
use shm::fanout::{Fanout, FanoutSpec, SeatMemory, Signals};
use shm::images::ImageWriter;
use shm::instance::{Instance, Producer};
use shm::instruments::InstrumentWriter;
use shm::keeper::{self, Keeper};
use shm::ledger::GapWriter;
use shm::mapping::MappedLines;
use shm::sigbus::SigbusGuard;

use crate::control::Control;
use crate::error::{ProducerError, Result};
use crate::records::{RULES, layout_rows};
use crate::spec::{HostSpec, LaneSpec};

/// A running instance without its lanes. Dropping it ends the instance.
pub struct Host {
    // Dropped in this order: both threads look at the instance's files.
    control: Control,
    keeper: Keeper,
    /// A consumer that cuts its own control file short ends its seat, not this process.
    guard: SigbusGuard,
    instance: Instance,
    name: String,
    signals: Vec<Arc<Signals>>,
}

/// What a lane's thread writes with. Every writer belongs to that one thread.
pub struct LaneParts {
    /// The lane's regions, for its heartbeat ([`Producer::beat`]).
    pub producer: Producer,
    /// Its seats.
    pub fanout: Fanout<MappedLines>,
    /// The instrument table. It is empty: row 0 comes first, see [`crate::channel_row`].
    pub instruments: InstrumentWriter<MappedLines>,
    /// Images.
    pub images: ImageWriter<MappedLines>,
    /// Distinct errors.
    pub errors: ErrorWriter<MappedLines>,
    /// The gap ledger.
    pub gaps: GapWriter<MappedLines>,
    /// Counters and histograms, block 0.
    pub counters: CounterWriter<MappedLines>,
}

impl Host {
    /// Makes the instance with all its lanes, in the order of the specification.
    ///
    /// When `stop` is raised, no lane waits for a seat any more.
    ///
    /// # Errors
    /// If the instance is running, does not fit, or is not permitted. Nothing is left behind.
    pub fn create(spec: &HostSpec, stop: &Arc<AtomicBool>) -> Result<(Host, Vec<LaneParts>)> {
        let rows = layout_rows();
        let instance = Instance::create(&spec.instance(&rows))?;
        let mut lanes = Vec::with_capacity(spec.lanes.len());
        for lane in &spec.lanes {
            lanes.push(parts(&instance, lane)?);
        }
        let signals: Vec<_> = lanes.iter().map(|lane| lane.fanout.signals()).collect();
        let tellers = signals.iter().map(|signals| keeper::tell(signals.clone()));
        let keeper = Keeper::start(&instance, tellers.collect())?;
        let guard = SigbusGuard::new(&instance)?;
        let control = Control::start(&instance, signals.clone(), stop)?;
        let host = Host { control, keeper, guard, instance, name: spec.name.clone(), signals };
        Ok((host, lanes))
    }

    /// Name of the instance.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instance's files.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Its directory.
    pub fn dir(&self) -> &Path {
        self.instance.dir()
    }

    /// What other threads can tell each lane about its seats, in the order of the lanes.
    pub fn signals(&self) -> &[Arc<Signals>] {
        &self.signals
    }

    /// Declares the instance closed and removes its files. The lanes' parts must be gone.
    ///
    /// # Errors
    /// If something could not be removed.
    pub fn close(self) -> Result<()> {
        let Host { control, keeper, guard, instance, .. } = self;
        drop((control, keeper));
        drop(guard);
        Ok(instance.close()?)
    }
}

fn parts(instance: &Instance, lane: &LaneSpec) -> Result<LaneParts> {
    let missing =
        |file: &str| ProducerError::Missing { path: instance.dir().join(&lane.name).join(file) };
    let producer = instance.producer(&lane.name).ok_or_else(|| missing(""))?.clone();
    let body = |file: &str| producer.body(file).ok_or_else(|| missing(file));
    let mut memories = Vec::with_capacity(lane.seats as usize);
    for seat in 0..lane.seats as usize {
        memories.push(SeatMemory {
            ring: body(&shm::paths::ring_file(seat))?,
            ctl: body(&shm::paths::control_file(seat))?,
            capacity: lane.ring_capacity as usize,
        });
    }
    let seats = FanoutSpec {
        instruments: lane.rows() as usize,
        rules: RULES,
        allow_wait: lane.allow_wait,
        generation: instance.generation(),
    };
    Ok(LaneParts {
        fanout: Fanout::new(seats, memories)?,
        instruments: InstrumentWriter::new(body("instruments")?),
        images: ImageWriter::new(body("images")?),
        errors: ErrorWriter::new(body("errors")?),
        gaps: GapWriter::new(body("gaps")?),
        counters: lane.counters.writer(body("counters")?, 0),
        producer,
    })
}
