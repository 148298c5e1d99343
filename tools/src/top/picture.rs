//! The picture as data: two samples made into states and rates. JSON is this as it is.

use serde::Serialize;

use super::line::LineTop;
use super::problem::{self, Problem};
use super::recovery::RecoveryTop;
use super::sample::{InstanceSample, Kept, LaneSample, Sample};
use super::seat::SeatTop;
use crate::inspect::nature::Natures;
use crate::inspect::spread::Spread;
use crate::inspect::state::{STALL_NS, State};
use crate::inspect::table::errors::ErrorLine;
use crate::inspect::table::gaps::GapRow;

/// Gaps that are listed, beyond the open ones.
const RECENT_GAPS: usize = 5;
/// Open gaps that are listed; all are counted.
const MOST_OPEN: usize = 64;
/// Errors that are listed: those that happened last.
const RECENT_ERRORS: usize = 20;

/// Everything that is shown.
#[derive(Debug, Serialize)]
pub struct Picture {
    /// When, ns UTC by the kernel.
    pub at_ns: u64,
    /// Time between the two samples, ns; `None` for one alone, which has no rates.
    pub interval_ns: Option<u64>,
    /// What is wrong, worst first.
    pub problems: Vec<Problem>,
    /// Lanes that are not live, with what they are.
    pub not_live: Vec<String>,
    /// The instances.
    pub instances: Vec<InstanceTop>,
}

/// An instance.
#[derive(Debug, Serialize)]
pub struct InstanceTop {
    /// Name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Process id of the owner.
    pub pid: u32,
    /// Number of the generation.
    pub generation: u64,
    /// How long ago the generation was made, ns.
    pub age_ns: u64,
    /// Age of the process's heartbeat, ns.
    pub heartbeat_age_ns: Option<u64>,
    /// Its producers.
    pub lanes: Vec<LaneTop>,
    /// What could not be read.
    pub unreadable: Vec<String>,
}

/// A producer. What it does not count, as an older one or a consumer's may, is `None`.
#[derive(Debug, Serialize)]
pub struct LaneTop {
    /// Name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Whether it is live.
    pub nature: Natures,
    /// Packets received.
    pub packets: Count,
    /// Venue messages.
    pub messages: Count,
    /// Records of all kinds, wanted by a seat or not.
    pub records: Count,
    /// Steps.
    pub steps: Count,
    /// Sessions that began.
    pub sessions: Option<u64>,
    /// Polls.
    pub polls: Count,
    /// Part of the polls that found something.
    pub polls_found: Option<f64>,
    /// The longest poll, ns.
    pub poll_longest_ns: Option<u64>,
    /// Polls that took longer than allowed.
    pub poll_breaches: Option<u64>,
    /// Packets that waited behind a hole.
    pub held: Option<u64>,
    /// Holes for which waiting did not help.
    pub hold_expired: Option<u64>,
    /// Messages that never came.
    pub messages_missed: Option<u64>,
    /// Receive to publish within the interval, ns.
    pub receive_publish: Option<Spread>,
    /// Receive to publish since the start, ns.
    pub receive_publish_total: Option<Spread>,
    /// Its lines.
    pub lines: Vec<LineTop>,
    /// Its seats.
    pub seats: Vec<SeatTop>,
    /// Its gaps.
    pub gaps: GapsTop,
    /// What it has back of them.
    pub recovery: Option<RecoveryTop>,
    /// Its errors.
    pub errors: ErrorsTop,
}

/// A count and how fast it grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Count {
    /// Since the start.
    pub total: Option<u64>,
    /// In the interval, a second.
    pub per_s: Option<f64>,
}

/// The gap ledger.
#[derive(Debug, Default, Serialize)]
pub struct GapsTop {
    /// Gaps ever declared.
    pub declared: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Those of them that were given up.
    pub abandoned: u64,
    /// The open ones and the newest, oldest first.
    pub rows: Vec<GapTop>,
}

/// A gap.
#[derive(Debug, Serialize)]
pub struct GapTop {
    /// As the ledger has it.
    #[serde(flatten)]
    pub gap: GapRow,
    /// How long it was or has been open, ns; `None` where its stamps are of a recording.
    pub open_for_ns: Option<u64>,
}

/// The distinct errors.
#[derive(Debug, Default, Serialize)]
pub struct ErrorsTop {
    /// Distinct errors, listed or not.
    pub distinct: usize,
    /// Occurrences that found no free row.
    pub overflow: u64,
    /// Those that happened last, the last one first.
    pub rows: Vec<ErrorTop>,
}

/// A distinct error.
#[derive(Debug, Serialize)]
pub struct ErrorTop {
    /// As the table has it.
    #[serde(flatten)]
    pub error: ErrorLine,
    /// Occurrences within the interval.
    pub new: Option<u64>,
}

/// What happened between two samples of a lane.
#[derive(Clone, Copy, Debug)]
pub struct Since<'a> {
    /// The lane then; `None` if there is no earlier sample of this generation.
    pub before: Option<&'a LaneSample>,
    /// Time since then, s.
    pub seconds: f64,
}

impl Since<'_> {
    /// How much a counter grew; `None` without an earlier value.
    pub fn grown(
        &self,
        now: Option<u64>,
        then: impl Fn(&LaneSample) -> Option<u64>,
    ) -> Option<u64> {
        Some(now?.saturating_sub(self.before.and_then(then)?))
    }

    /// A counter with its rate.
    pub fn count(&self, now: Option<u64>, then: impl Fn(&LaneSample) -> Option<u64>) -> Count {
        let grown = self.grown(now, then);
        let per_s = grown.filter(|_| self.seconds > 0.0).map(|n| n as f64 / self.seconds);
        Count { total: now, per_s }
    }
}

impl Picture {
    /// Of a sample, with rates since an earlier one.
    pub fn new(now: &Sample, before: Option<&Sample>) -> Picture {
        let elapsed = before.map(|before| now.at.saturating_duration_since(before.at));
        let seconds = elapsed.map_or(0.0, |elapsed| elapsed.as_secs_f64());
        let instances = now.instances.iter().map(|instance| {
            let lanes = instance.lanes.iter().map(|lane| {
                let before = before.and_then(|before| before.lane(instance, &lane.name));
                LaneTop::new(instance, lane, &Since { before, seconds }, now.at_ns)
            });
            InstanceTop {
                lanes: lanes.collect(),
                name: instance.name.clone(),
                state: instance.state,
                pid: instance.pid,
                generation: instance.generation,
                age_ns: now.at_ns.saturating_sub(instance.created_ns),
                heartbeat_age_ns: instance.heartbeat_age_ns,
                unreadable: instance.unreadable.clone(),
            }
        });
        let instances: Vec<InstanceTop> = instances.collect();
        let lanes = instances.iter().flat_map(|one| one.lanes.iter().map(move |lane| (one, lane)));
        let not_live = lanes.filter(|(_, lane)| !lane.nature.is_live()).map(|(one, lane)| {
            let (instance, lane, nature) = (&one.name, &lane.name, lane.nature.name());
            match nature {
                "unknown" => format!("{instance}.{lane} does not say what it is"),
                nature => format!("{instance}.{lane} is {nature}"),
            }
        });
        let interval_ns = elapsed.map(|e| u64::try_from(e.as_nanos()).unwrap_or(u64::MAX));
        Picture {
            at_ns: now.at_ns,
            interval_ns,
            problems: problem::find(&instances, &now.absent),
            not_live: not_live.collect(),
            instances,
        }
    }
}

impl LaneTop {
    fn new(
        instance: &InstanceSample,
        lane: &LaneSample,
        since: &Since<'_>,
        now_ns: u64,
    ) -> LaneTop {
        let count = |name: &str| since.count(lane.get(name), |then| then.get(name));
        let polls = count("polls");
        let found = since.grown(lane.get("polls_found"), |then| then.get("polls_found"));
        let polled = since.grown(polls.total, |then| then.get("polls"));
        let ratio = |found: u64, polled: u64| (polled > 0).then(|| found as f64 / polled as f64);
        let total = lane.receive_publish.as_ref();
        let recent = total.zip(since.before.and_then(|then| then.receive_publish.as_ref()));
        let recent = recent.and_then(|(now, then)| {
            let histogram = now.histogram.since(&then.histogram)?;
            Some(Spread::of(&histogram, now.sub_bits))
        });
        let missed = lane.get("messages_missed");
        let line = |number| LineTop::new(instance, lane, number, since, now_ns);
        let won = lane.lines().into_iter().filter_map(|n| lane.get(&format!("line{n}.won")));
        let all_won = won.fold(0, u64::saturating_add);
        LaneTop {
            name: lane.name.clone(),
            state: state(instance, lane, since, now_ns),
            nature: lane.natures,
            packets: count("packets"),
            messages: count("messages"),
            records: since.count(lane.records, |then| then.records),
            steps: count("steps"),
            sessions: lane.get("sessions"),
            polls,
            polls_found: found.zip(polled).and_then(|(found, polled)| ratio(found, polled)),
            poll_longest_ns: lane.get("poll_longest_ns"),
            poll_breaches: lane.get("poll_breaches"),
            held: lane.get("held"),
            hold_expired: lane.get("hold_expired"),
            messages_missed: missed,
            receive_publish: recent,
            receive_publish_total: total
                .map(|kept: &Kept| Spread::of(&kept.histogram, kept.sub_bits)),
            lines: lane.lines().into_iter().map(|n| line(n).share(all_won)).collect(),
            seats: lane.seats.iter().map(|seat| SeatTop::new(seat, since)).collect(),
            gaps: gaps(instance, lane, now_ns),
            recovery: RecoveryTop::of(lane),
            errors: errors(lane, since),
        }
    }
}

/// How a lane stands: its process, and whether its own heart beats between two samples.
fn state(instance: &InstanceSample, lane: &LaneSample, since: &Since<'_>, now_ns: u64) -> State {
    let beat = lane.heartbeat_ns;
    if instance.state != State::Alive || beat == 0 {
        return instance.state;
    }
    let fresh = beat <= now_ns && now_ns - beat <= STALL_NS;
    let apart = since.seconds * 1e9 > STALL_NS as f64;
    let stood = since.before.is_some_and(|then| then.heartbeat_ns == beat && apart);
    // A replay keeps the time of its recording: only two looks tell.
    if lane.stands || (stood && !fresh) { State::Stalled } else { State::Alive }
}

/// How long ago a stamp was, if it can be of this host's clock: not before the instance was made.
pub fn age(instance: &InstanceSample, stamp: u64, now_ns: u64) -> Option<u64> {
    (stamp != 0 && stamp >= instance.created_ns).then(|| now_ns.saturating_sub(stamp))
}

fn gaps(instance: &InstanceSample, lane: &LaneSample, now_ns: u64) -> GapsTop {
    let Some(ledger) = &lane.gaps else { return GapsTop::default() };
    let ended = ledger.healed.saturating_add(ledger.abandoned);
    let recent = ledger.rows.len().saturating_sub(RECENT_GAPS);
    let open = |at: &usize, row: &GapRow| row.state == "open" || *at >= recent;
    let kept = ledger.rows.iter().enumerate().filter(|(at, row)| open(at, row));
    let mut rows: Vec<GapTop> = kept
        .map(|(_, row)| GapTop {
            open_for_ns: match row.ended_ns {
                0 => age(instance, row.declared_ns, now_ns),
                ended => Some(ended.saturating_sub(row.declared_ns)),
            },
            gap: row.clone(),
        })
        .collect();
    // The oldest open ones are worst, and the ledger is in order of their declaration.
    rows.truncate(MOST_OPEN);
    let (declared, abandoned) = (ledger.declared, ledger.abandoned);
    GapsTop { declared, open: declared.saturating_sub(ended), abandoned, rows }
}

fn errors(lane: &LaneSample, since: &Since<'_>) -> ErrorsTop {
    let Some(table) = &lane.errors else { return ErrorsTop::default() };
    let before = since.before.and_then(|then| then.errors.as_ref());
    let new = |error: &ErrorLine| {
        let same =
            |e: &&ErrorLine| (e.code, e.lane, &e.text) == (error.code, error.lane, &error.text);
        let then = before?.rows.iter().find(same).map_or(0, |e| e.count);
        Some(error.count.saturating_sub(then))
    };
    let rows = table.rows.iter().rev().take(RECENT_ERRORS);
    let rows = rows.map(|error| ErrorTop { new: new(error), error: error.clone() });
    ErrorsTop { distinct: table.distinct, overflow: table.overflow, rows: rows.collect() }
}
