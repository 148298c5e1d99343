//! What can be seen at one moment. Two of them make a picture with rates.
//!
//! Everything is opened anew for each sample: an instance may have been replaced meanwhile, and a
//! mapping that is kept would hold its memory. What is kept is bounded by the tables' own limits.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use shm::counter_reader::CounterReader;
use shm::histogram::Histogram;
use shm::mapping::MappedLines;
use shm::region::utc_ns;

use super::TopError;
use crate::inspect::LookError;
use crate::inspect::line_name;
use crate::inspect::nature::Natures;
use crate::inspect::open::{self, Lane, Opened};
use crate::inspect::state::State;
use crate::inspect::table::Depth;
use crate::inspect::table::errors::{self, Errors};
use crate::inspect::table::gaps::{self, Gaps};
use crate::inspect::table::seats::{self, Seat};

/// Everything that was looked at.
#[derive(Debug)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// The same in ns UTC by the kernel.
    pub at_ns: u64,
    /// The instances that there were.
    pub instances: Vec<InstanceSample>,
    /// Instances asked for by name that are not there.
    pub absent: Vec<String>,
}

/// An instance.
#[derive(Debug)]
pub struct InstanceSample {
    /// Name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Process id of the owner; 0 where it cannot be read.
    pub pid: u32,
    /// Number of the generation; 0 where it cannot be read.
    pub generation: u64,
    /// When the generation was made, ns UTC.
    pub created_ns: u64,
    /// Age of the process's heartbeat, ns.
    pub heartbeat_age_ns: Option<u64>,
    /// Its producers.
    pub lanes: Vec<LaneSample>,
    /// What could not be read.
    pub unreadable: Vec<String>,
}

/// A histogram with its sub-bucket bits.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Sub-bucket bits.
    pub sub_bits: u8,
    /// The copy.
    pub histogram: Histogram,
}

/// A producer.
#[derive(Debug, Default)]
pub struct LaneSample {
    /// Name.
    pub name: String,
    /// Whether it is live.
    pub natures: Natures,
    /// Its own heartbeat; 0 where it keeps none.
    pub heartbeat_ns: u64,
    /// Whether its heart stood still, where that was looked for.
    pub stands: bool,
    /// All counters by name.
    pub counters: HashMap<String, u64>,
    /// Records of all kinds together; `None` where none are counted.
    pub records: Option<u64>,
    /// Receive to publish.
    pub receive_publish: Option<Kept>,
    /// Skew by line.
    pub skews: HashMap<u8, Kept>,
    /// Seats.
    pub seats: Vec<Seat>,
    /// The gap ledger.
    pub gaps: Option<Gaps>,
    /// Distinct errors.
    pub errors: Option<Errors>,
}

impl Sample {
    /// Looks at the instances named, else at all. `alone`: no second look follows, so that whether
    /// hearts beat is found out now.
    ///
    /// # Errors
    /// [`TopError::Look`] where the folder of all instances cannot be listed.
    pub fn take(root: &Path, names: &[String], alone: bool) -> Result<Sample, TopError> {
        let (at, at_ns) = (Instant::now(), utc_ns());
        let all = if names.is_empty() { open::names(root)? } else { names.to_vec() };
        let (mut instances, mut absent) = (Vec::new(), Vec::new());
        for name in all {
            match InstanceSample::take(root, &name, alone) {
                Some(instance) => instances.push(instance),
                None if names.is_empty() => {}
                None => absent.push(name),
            }
        }
        Ok(Sample { at, at_ns, instances, absent })
    }

    /// The same lane of the same generation in this sample.
    pub fn lane(&self, instance: &InstanceSample, lane: &str) -> Option<&LaneSample> {
        let same =
            |i: &&InstanceSample| i.name == instance.name && i.generation == instance.generation;
        self.instances.iter().find(same)?.lanes.iter().find(|l| l.name == lane)
    }
}

impl InstanceSample {
    /// Looks at one; `None` if it is not there.
    fn take(root: &Path, name: &str, alone: bool) -> Option<InstanceSample> {
        let mut sample = InstanceSample {
            name: name.to_string(),
            state: State::Damaged,
            pid: 0,
            generation: 0,
            created_ns: 0,
            heartbeat_age_ns: None,
            lanes: Vec::new(),
            unreadable: Vec::new(),
        };
        let opened = match Opened::open(root, name) {
            Ok(opened) => opened,
            Err(LookError::NoInstance { .. }) => return None,
            Err(error) => {
                sample.unreadable.push(error.to_string());
                return Some(sample);
            }
        };
        let header = opened.region().header();
        sample.state = opened.state();
        (sample.pid, sample.generation) = (header.owner_pid, header.generation);
        sample.created_ns = header.created_ns;
        sample.heartbeat_age_ns = opened.beat_age_ns();
        match opened.lanes() {
            Ok(lanes) => {
                let (ours, unreadable) = (opened.is_ours(), &mut sample.unreadable);
                let alone = alone && sample.state == State::Alive;
                let lanes =
                    lanes.iter().map(|lane| LaneSample::take(lane, ours, alone, unreadable));
                sample.lanes = lanes.collect();
            }
            Err(error) => sample.unreadable.push(error.to_string()),
        }
        Some(sample)
    }
}

impl LaneSample {
    fn take(lane: &Lane, ours: bool, alone: bool, unreadable: &mut Vec<String>) -> LaneSample {
        let mut sample = LaneSample {
            name: lane.info.name.clone(),
            heartbeat_ns: lane.heartbeat_ns(),
            stands: alone && lane.is_stalled(),
            ..LaneSample::default()
        };
        let mut keep = |error: shm::error::Error| unreadable.push(error.to_string());
        match lane.counters() {
            Ok(reader) => sample.count(&reader),
            Err(error) => keep(error),
        }
        match lane.images() {
            Ok(images) if ours => sample.natures = Natures::of_images(&images),
            Ok(_) => {}
            Err(error) => keep(error),
        }
        match lane.gaps() {
            Ok(reader) => sample.gaps = Some(gaps::read(&reader, ours, Depth::Full)),
            Err(error) => keep(error),
        }
        match lane.errors() {
            Ok(reader) => sample.errors = Some(errors::read(&reader, Depth::Full)),
            Err(error) => keep(error),
        }
        sample.seats = seats::read(lane, ours, unreadable);
        sample
    }

    fn count(&mut self, reader: &CounterReader<MappedLines>) {
        for (at, label) in reader.labels().iter().enumerate() {
            if let Some(value) = reader.value(at) {
                if label.unit == "records" {
                    let sum = self.records.unwrap_or(0).saturating_add(value);
                    self.records = Some(sum);
                }
                self.counters.insert(label.name.clone(), value);
                continue;
            }
            let skew = line_name::parse(&label.name).filter(|(_, rest)| *rest == "skew");
            if label.name != "receive_publish" && skew.is_none() {
                continue;
            }
            let found = label.sub_bits.zip(reader.histogram(at));
            let kept = found.map(|(sub_bits, histogram)| Kept { sub_bits, histogram });
            match (skew, kept) {
                (Some((line, _)), Some(kept)) => {
                    self.skews.insert(line, kept);
                }
                (_, kept) => self.receive_publish = kept,
            }
        }
    }

    /// A counter; `None` where the producer has none of that name.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.counters.get(name).copied()
    }

    /// Numbers of the lines that are counted, in order.
    pub fn lines(&self) -> Vec<u8> {
        let numbers = self.counters.keys().filter_map(|name| line_name::parse(name));
        let mut lines: Vec<u8> = numbers.map(|(line, _)| line).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}
