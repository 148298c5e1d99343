//! The report as data: what text, JSON and files are made of.

use serde::Serialize;
use shm::clock_page::ClockPage;
use shm::histogram::Histogram;
use wire::Class;

use super::attach::{Measured, calibration};
use super::copy::{InstanceCopy, LaneCopy};
use super::host::Host;
use super::pinned::{self, PinnedThread};
use super::stage::Stage;
use super::tally::{SUB_BITS, TAKERS, Tally, Unmeasured};
use crate::inspect::nature::Natures;
use crate::inspect::spread::Spread;
use crate::inspect::state::State;

/// Everything that is reported.
#[derive(Debug, Serialize)]
pub struct Report {
    /// When it was made, ns UTC by the kernel.
    pub at_ns: u64,
    /// Length of the interval, ns; `None` for everything since each producer's start.
    pub interval_ns: Option<u64>,
    /// What it was measured on.
    pub host: Host,
    /// One after the other.
    pub instances: Vec<InstanceReport>,
    /// Files of percentiles that were written.
    pub files: Vec<String>,
    /// What could not be read or measured.
    pub problems: Vec<String>,
}

/// An instance.
#[derive(Debug, Serialize)]
pub struct InstanceReport {
    /// Name.
    pub name: String,
    /// How it stood at the end.
    pub state: State,
    /// Process id of the owner.
    pub pid: u32,
    /// Number of the generation.
    pub generation: u64,
    /// Another generation took over within the interval: its numbers are since its start.
    pub restarted: bool,
    /// Threads of the process that may run on one core only.
    pub pinned: Vec<PinnedThread>,
    /// The clock by which it stamps; `None` where it publishes none.
    pub clock: Option<InstanceClock>,
    /// Its producers.
    pub lanes: Vec<LaneReport>,
    /// What was measured from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attached: Option<AttachedReport>,
}

/// The clock by which an instance stamps.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct InstanceClock {
    /// The counter that it reads; `None` where the page does not say.
    pub counter: Option<&'static str>,
    /// Bound of its error against UTC now, ns; where the counter is unknown, at the base.
    pub error_ns: u64,
}

/// A producer.
#[derive(Debug, Serialize)]
pub struct LaneReport {
    /// Name.
    pub name: String,
    /// Whether it is live.
    pub nature: Natures,
    /// Its histograms.
    pub stages: Vec<StageReport>,
}

/// A stage as its producer measured it.
#[derive(Debug, Serialize)]
pub struct StageReport {
    /// Name of the histogram.
    pub name: String,
    /// Where it begins and ends.
    pub what: String,
    /// Unit of the values.
    pub unit: String,
    /// What was recorded.
    #[serde(flatten)]
    pub spread: Spread,
    /// Bound of the error, ns, where the two ends are of two clocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_ns: Option<u64>,
    /// The bound is not smaller than the median: the numbers say nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaningless: Option<bool>,
    #[serde(skip)]
    pub(crate) histogram: Histogram,
    #[serde(skip)]
    pub(crate) sub_bits: u8,
}

/// What was measured from here.
#[derive(Debug, Serialize)]
pub struct AttachedReport {
    /// How long, ns.
    pub duration_ns: u64,
    /// How this tool polled.
    pub poll: &'static str,
    /// Counter of the clock.
    pub counter: &'static str,
    /// Records declared lost to our seats.
    pub lost: u64,
    /// Why it ended before its time.
    pub cut_short: Option<&'static str>,
    /// The lanes.
    pub lanes: Vec<AttachedLane>,
}

/// A lane as it was measured from here.
#[derive(Debug, Serialize)]
pub struct AttachedLane {
    /// Name.
    pub name: String,
    /// Natures of its records.
    pub nature: Natures,
    /// Records in all.
    pub records: u64,
    /// Those of them that were measured.
    pub measured: u64,
    /// The others, by reason.
    pub unmeasured: Unmeasured,
    /// Receive to consume, by class and taker of the stamp.
    pub consume: Vec<ConsumeReport>,
    /// Venue to receive, by taker of the stamp.
    pub venue: Vec<VenueReport>,
}

/// Receive to consume of one class by one taker of the stamp.
#[derive(Debug, Serialize)]
pub struct ConsumeReport {
    /// The class.
    pub class: &'static str,
    /// Who took the receive stamp.
    pub stamp: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// Bound of the error, ns; 0 where both ends are of one clock.
    pub bound_ns: u64,
    /// What was recorded.
    #[serde(flatten)]
    pub spread: Spread,
    #[serde(skip)]
    pub(crate) histogram: Histogram,
}

/// Venue to receive by one taker of the stamp.
#[derive(Debug, Serialize)]
pub struct VenueReport {
    /// Who took the receive stamp.
    pub stamp: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// Bound of this host's error against UTC, ns. The venue's own error comes on top.
    pub bound_ns: u64,
    /// The bound is not smaller than the median, or stamps lie in the future: the numbers say
    /// nothing.
    pub meaningless: bool,
    /// Records that were received before the venue stamped them.
    pub from_the_future: u64,
    /// What was recorded.
    #[serde(flatten)]
    pub spread: Spread,
    #[serde(skip)]
    pub(crate) histogram: Histogram,
}

/// Whether a bound leaves nothing of a median.
fn drowns(bound_ns: u64, p50: Option<u64>) -> bool {
    p50.is_none_or(|p50| bound_ns >= p50)
}

impl InstanceReport {
    /// Of a copy, with what was measured from here.
    pub fn new(
        copy: InstanceCopy,
        restarted: bool,
        poll: &'static str,
        m: Option<Measured>,
    ) -> Self {
        let clock = copy.clock.as_ref().map(clock_of);
        let bound_ns = clock.map(|clock| clock.error_ns);
        let lane = |lane: LaneCopy| LaneReport {
            name: lane.name,
            nature: lane.natures,
            stages: stages(lane.histograms, bound_ns),
        };
        InstanceReport {
            pinned: pinned::of(copy.pid),
            lanes: copy.lanes.into_iter().map(lane).collect(),
            name: copy.name,
            state: copy.state,
            pid: copy.pid,
            generation: copy.generation,
            restarted,
            clock,
            attached: m.map(|measured| attached(measured, poll)),
        }
    }

    /// What is not live of it, for people; `None` if all of it is.
    pub fn not_live(&self) -> Option<String> {
        let of_records = |name: &String| {
            let measured = self.attached.iter().flat_map(|attached| &attached.lanes);
            measured.filter(|lane| lane.name == *name).map(|lane| lane.nature).next()
        };
        let lanes = self
            .lanes
            .iter()
            .map(|lane| (&lane.name, lane.nature.with(of_records(&lane.name).unwrap_or_default())));
        let said: Vec<String> = lanes
            .filter(|(_, nature)| !nature.is_live())
            .map(|(name, nature)| match nature.name() {
                "unknown" => format!("{name} does not say what it is"),
                nature => format!("{name} is {nature}"),
            })
            .collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

fn clock_of(page: &ClockPage) -> InstanceClock {
    match calibration(page) {
        Some(known) => InstanceClock {
            counter: Some(known.counter.name()),
            error_ns: known.error_at(known.counter.read()),
        },
        None => InstanceClock { counter: None, error_ns: page.error_ns },
    }
}

fn stages(found: Vec<super::copy::NamedHistogram>, clock_bound: Option<u64>) -> Vec<StageReport> {
    let report = |found: super::copy::NamedHistogram| {
        let stage = Stage::of(&found.name);
        let spread = Spread::of(&found.histogram, found.sub_bits);
        // Two clocks without a known bound are as good as none.
        let bound_ns = (stage == Stage::VenueReceive).then(|| clock_bound.unwrap_or(u64::MAX));
        StageReport {
            what: stage.what(),
            name: found.name,
            unit: found.unit,
            meaningless: bound_ns.map(|bound| drowns(bound, spread.p50)),
            spread,
            bound_ns,
            histogram: found.histogram,
            sub_bits: found.sub_bits,
        }
    };
    found.into_iter().map(report).collect()
}

fn attached(measured: Measured, poll: &'static str) -> AttachedReport {
    let bounds = [0, measured.kernel_apart_ns, measured.clock_error_ns];
    AttachedReport {
        duration_ns: measured.duration_ns,
        poll,
        counter: measured.counter,
        lost: measured.lost,
        cut_short: measured.cut_short,
        lanes: measured
            .lanes
            .iter()
            .map(|(name, tally)| attached_lane(name, tally, bounds))
            .collect(),
    }
}

/// `bounds` are those of receive to consume, by taker of the stamp: the poll loop stamps by the
/// clock page itself, the kernel by the clock that the page follows, the card by its own.
fn attached_lane(name: &str, tally: &Tally, bounds: [u64; TAKERS.len()]) -> AttachedLane {
    let [.., clock_error_ns] = bounds;
    let takers = || TAKERS.iter().enumerate();
    let of_class = |class: Class| {
        takers().filter_map(move |(at, taker)| {
            let histogram = tally.consume(class, at)?;
            Some(ConsumeReport {
                class: class.name(),
                stamp: taker.name(),
                unit: "ns",
                bound_ns: bounds.get(at).copied().unwrap_or(clock_error_ns),
                spread: Spread::of(&histogram, SUB_BITS),
                histogram,
            })
        })
    };
    let venue = takers().filter_map(|(at, taker)| {
        let (histogram, from_the_future) = tally.venue(at)?;
        let spread = Spread::of(&histogram, SUB_BITS);
        Some(VenueReport {
            stamp: taker.name(),
            unit: "ns",
            bound_ns: clock_error_ns,
            meaningless: from_the_future > 0 || drowns(clock_error_ns, spread.p50),
            from_the_future,
            spread,
            histogram,
        })
    });
    AttachedLane {
        name: name.to_string(),
        nature: tally.natures,
        records: tally.records,
        measured: tally.measured,
        unmeasured: tally.unmeasured,
        consume: Class::ALL.into_iter().flat_map(of_class).collect(),
        venue: venue.collect(),
    }
}
