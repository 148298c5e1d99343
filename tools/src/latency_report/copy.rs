//! A copy of every histogram of an instance, and what was recorded between two copies.
//!
//! The producer writes on while its buckets are copied, so a copy may hold a value that another
//! bucket's neighbour does not yet: a few values of millions, never a bucket that goes back.

use std::path::Path;

use shm::clock_page::{ClockPage, ClockReader};
use shm::histogram::Histogram;
use shm::instance::CLOCK_LINE;

use crate::inspect::LookError;
use crate::inspect::nature::Natures;
use crate::inspect::open::{Lane, Opened};
use crate::inspect::state::State;

/// An instance at one moment.
#[derive(Clone, Debug)]
pub struct InstanceCopy {
    /// Name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Process id of the owner.
    pub pid: u32,
    /// Number of the generation.
    pub generation: u64,
    /// How this host turns its counter into UTC, if the owner published that.
    pub clock: Option<ClockPage>,
    /// Its producers.
    pub lanes: Vec<LaneCopy>,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// A producer at one moment.
#[derive(Clone, Debug)]
pub struct LaneCopy {
    /// Name.
    pub name: String,
    /// Whether it is live.
    pub natures: Natures,
    /// Its histograms, in the order of its table.
    pub histograms: Vec<NamedHistogram>,
}

/// A histogram with its label.
#[derive(Clone, Debug)]
pub struct NamedHistogram {
    /// Name.
    pub name: String,
    /// Unit of the values.
    pub unit: String,
    /// Sub-bucket bits.
    pub sub_bits: u8,
    /// The copy.
    pub histogram: Histogram,
}

/// Copies an instance.
///
/// # Errors
/// [`LookError`] if nothing of it can be read; what is wrong with a part is among its problems.
pub fn take(root: &Path, name: &str) -> Result<InstanceCopy, LookError> {
    let opened = Opened::open(root, name)?;
    let mut problems = Vec::new();
    let clock = match ClockReader::new(opened.region().body().clone(), CLOCK_LINE) {
        Some(mut reader) => reader.page().unwrap_or_else(|error| {
            problems.push(format!("{name}: clock page: {error}"));
            None
        }),
        None => None,
    };
    let lanes = opened.lanes().unwrap_or_else(|error| {
        problems.push(format!("{name}: {error}"));
        Vec::new()
    });
    let ours = opened.is_ours();
    let lanes = lanes.iter().filter_map(|lane| lane_copy(name, lane, ours, &mut problems));
    let lanes = lanes.collect();
    let header = opened.region().header();
    Ok(InstanceCopy {
        name: name.to_string(),
        state: opened.state(),
        pid: header.owner_pid,
        generation: header.generation,
        clock,
        lanes,
        problems,
    })
}

fn lane_copy(
    instance: &str,
    lane: &Lane,
    ours: bool,
    problems: &mut Vec<String>,
) -> Option<LaneCopy> {
    let name = &lane.info.name;
    let reader = match lane.counters() {
        Ok(reader) => reader,
        Err(error) => {
            problems.push(format!("{instance}.{name}: {error}"));
            return None;
        }
    };
    // Without images nothing says that the lane is live, which is what the report then says.
    let natures = lane.images().ok().filter(|_| ours);
    let natures = natures.map(|images| Natures::of_images(&images)).unwrap_or_default();
    let histograms = reader.labels().iter().enumerate().filter_map(|(at, label)| {
        Some(NamedHistogram {
            name: label.name.clone(),
            unit: label.unit.clone(),
            sub_bits: label.sub_bits?,
            histogram: reader.histogram(at)?,
        })
    });
    Some(LaneCopy { name: name.clone(), natures, histograms: histograms.collect() })
}

impl InstanceCopy {
    /// Keeps of every histogram only what was recorded since `earlier`. Returns whether another
    /// generation took over meanwhile: then everything of it is new.
    pub fn subtract(&mut self, earlier: &InstanceCopy) -> bool {
        if earlier.generation != self.generation {
            return true;
        }
        for lane in &mut self.lanes {
            let Some(before) = earlier.lanes.iter().find(|l| l.name == lane.name) else { continue };
            for found in &mut lane.histograms {
                let same = |h: &&NamedHistogram| h.name == found.name;
                let Some(before) = before.histograms.iter().find(same) else { continue };
                if let Some(since) = found.histogram.since(&before.histogram) {
                    found.histogram = since;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(generation: u64, buckets: &[u64]) -> InstanceCopy {
        let found = NamedHistogram {
            name: "hold".into(),
            unit: "ns".into(),
            sub_bits: 1,
            histogram: Histogram::new(1, buckets.to_vec()),
        };
        let lane =
            LaneCopy { name: "a".into(), natures: Natures::default(), histograms: vec![found] };
        InstanceCopy {
            name: "main".into(),
            state: State::Alive,
            pid: 1,
            generation,
            clock: None,
            lanes: vec![lane],
            problems: Vec::new(),
        }
    }

    #[test]
    fn an_interval_is_the_difference_of_two_copies() {
        let mut later = copy(7, &[5, 9, 0, 1]);
        assert!(!later.subtract(&copy(7, &[5, 2, 0, 0])));
        let left = &later.lanes[0].histograms[0].histogram;
        assert_eq!(left, &Histogram::new(1, vec![0, 7, 0, 1]));
    }

    #[test]
    fn a_new_generation_begins_at_nothing() {
        let mut later = copy(8, &[1, 1, 0, 0]);
        assert!(later.subtract(&copy(7, &[5, 2, 0, 0])));
        assert_eq!(later.lanes[0].histograms[0].histogram.count(), 2);
    }
}
