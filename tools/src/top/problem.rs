//! What is wrong: found by rules that can be read here, said before anything else.

use serde::Serialize;
use shm::seat::SeatState;

use super::line::{LineState, LineTop};
use super::picture::{GapTop, InstanceTop, LaneTop};
use super::seat::SeatTop;
use crate::inspect::state::State;
use crate::inspect::words::span;

/// Open gaps of a lane that are named one by one.
const NAMED_GAPS: usize = 3;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind of thing, for scripts.
    pub kind: &'static str,
    /// The instance.
    pub instance: String,
    /// The lane, if it is one's.
    pub lane: Option<String>,
    /// All of it in words.
    pub text: String,
}

/// Collects the problems of one instance.
struct Finder<'a> {
    instance: &'a InstanceTop,
    lane: Option<&'a LaneTop>,
    found: &'a mut Vec<Problem>,
}

impl Finder<'_> {
    fn say(&mut self, kind: &'static str, text: String) {
        let lane = self.lane.map(|lane| lane.name.clone());
        let instance = self.instance.name.clone();
        self.found.push(Problem { kind, instance, lane, text });
    }
}

/// All problems: producers first, then lanes, lines, gaps and seats.
pub fn find(instances: &[InstanceTop], absent: &[String]) -> Vec<Problem> {
    let mut found = Vec::new();
    for name in absent {
        let text = format!("{name} is not there");
        let instance = name.clone();
        found.push(Problem { kind: "absent", instance, lane: None, text });
    }
    for instance in instances {
        producer(&mut Finder { instance, lane: None, found: &mut found });
    }
    for instance in instances.iter().filter(|one| is_up(one)) {
        for lane in &instance.lanes {
            let mut finder = Finder { instance, lane: Some(lane), found: &mut found };
            stalled(lane, &mut finder);
            lane.lines.iter().for_each(|line| line_problems(lane, line, &mut finder));
            open_gaps(lane, &mut finder);
            lane.seats.iter().for_each(|seat| seat_problems(lane, seat, &mut finder));
        }
    }
    found
}

/// Whether its lanes should be running.
fn is_up(instance: &InstanceTop) -> bool {
    matches!(instance.state, State::Alive | State::Stalled)
}

fn producer(finder: &mut Finder<'_>) {
    let InstanceTop { name, pid, .. } = finder.instance;
    let beat = finder.instance.heartbeat_age_ns.map(span);
    let beat = beat.map_or_else(|| String::from("it never beat"), |age| format!("{age} ago"));
    match finder.instance.state {
        State::Dead => finder.say(
            "producer_dead",
            format!("{name} is dead (pid {pid}, last beat {beat}): restart it, or hotlane clean"),
        ),
        State::Damaged => {
            finder.say("producer_damaged", format!("{name} is damaged: hotlane clean"));
        }
        State::Stalled => {
            finder
                .say("producer_stalled", format!("{name} does not beat (pid {pid}, last {beat})"));
        }
        State::Alive | State::Initialising | State::Closed => {}
    }
    for what in finder.instance.unreadable.clone() {
        finder.say("unreadable", what);
    }
}

fn stalled(lane: &LaneTop, finder: &mut Finder<'_>) {
    if lane.state == State::Stalled && finder.instance.state == State::Alive {
        finder.say("lane_stalled", format!("{} no longer polls", lane.name));
    }
}

fn line_problems(lane: &LaneTop, line: &LineTop, finder: &mut Finder<'_>) {
    let (name, letter) = (&lane.name, &line.line);
    let since = line.last_packet_age_ns.map(|age| format!(" for {}", span(age)));
    let since = since.unwrap_or_default();
    match line.state {
        LineState::Down => finder.say("line_down", format!("line {letter} of {name} down{since}")),
        LineState::Silent => {
            let age = span(finder.instance.age_ns);
            let text =
                format!("line {letter} of {name} has brought nothing since the start {age} ago");
            finder.say("line_silent", text);
        }
        LineState::Up | LineState::Unknown => {}
    }
    if let Some(diverged) = line.diverged.filter(|n| *n > 0) {
        let text = format!("line {letter} of {name} brought {diverged} copies of other bytes");
        finder.say("line_diverged", text);
    }
    if let Some(per_s) = line.kernel_drops.per_s.filter(|n| *n > 0.0) {
        let text = format!(
            "the kernel drops {per_s:.0} packets a second of line {letter} of {name}: the lane is \
             too slow or its socket's buffer too small"
        );
        finder.say("kernel_drops", text);
    }
}

fn open_gaps(lane: &LaneTop, finder: &mut Finder<'_>) {
    let open = lane.gaps.rows.iter().filter(|row| row.gap.state == "open");
    let mut named = 0_u64;
    for row in open.take(NAMED_GAPS) {
        named += 1;
        finder.say("gap_open", gap_text(lane, row));
    }
    // Open ones may have been overwritten in the ledger, too.
    if let Some(more) = lane.gaps.open.checked_sub(named).filter(|more| *more > 0) {
        finder.say("gap_open", format!("{more} more gaps of {} open", lane.name));
    }
}

fn gap_text(lane: &LaneTop, row: &GapTop) -> String {
    let (id, first, end) = (row.gap.gap_id, row.gap.first, row.gap.end);
    let since = row.open_for_ns.map(|ns| format!(" for {}", span(ns))).unwrap_or_default();
    let range = match end {
        0 => format!("{first} and on"),
        end => format!("{first} to {}", end.saturating_sub(1)),
    };
    format!("gap {id} of {} open{since}: {range} missing", lane.name)
}

fn seat_problems(lane: &LaneTop, top: &SeatTop, finder: &mut Finder<'_>) {
    let (name, number) = (&lane.name, top.seat.seat);
    let who = match (&top.consumer, top.seat.claim_pid) {
        (Some(consumer), pid) => format!("{consumer}, pid {pid}"),
        (None, 0) => String::from("nobody"),
        (None, pid) => format!("pid {pid}"),
    };
    if top.seat.claim_pid != 0 && !top.seat.consumer_lives {
        finder.say(
            "consumer_gone",
            format!("seat {number} of {name} is claimed by the dead ({who})"),
        );
    }
    match top.seat.status {
        Some(SeatState::Silent) => {
            let text =
                format!("seat {number} of {name} ({who}) is full: it loses until it has room");
            finder.say("seat_silent", text);
        }
        Some(SeatState::Detached) if top.seat.claim_pid != 0 => {
            let why = top.seat.reason;
            finder
                .say("seat_detached", format!("seat {number} of {name} ({who}) is closed: {why}"));
        }
        _ => {}
    }
    if let Some(lost) = top.lost_now.filter(|lost| *lost > 0) {
        let text = format!("seat {number} of {name} ({who}) lost {lost} records just now");
        finder.say("seat_lost", text);
    }
}
