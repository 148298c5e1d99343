//! The client: from "no producer yet" to records, through every life of the producer.
//!
//! ```text
//!             instance ready                 all lanes drained
//!  waiting ------------------> following ------------------------> waiting ...
//!                 lanes: unseated -> asked -> active -> ended
//! ```
//!
//! Nothing here waits: each [`Client::poll`] hands out what there is and, only if there is
//! nothing, looks at the seats, the producer's heart and the file system, seldom enough not to be
//! felt. A poll with records makes no system call and does not read a clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use shm::attach::{Attach, Attached, InstanceView};
use shm::seat::Reason;
use shm::watch::{Liveness, ProducerWatch};
use wire::{InstrumentId, InstrumentRow};

use crate::error::{Error, Result};
use crate::event::{Detached, Event, Notice};
use crate::lane::{Lane, LaneState};
use crate::pace::Pace;
use crate::spec::{AttachSpec, FilterSpec, Lanes, Wanted};

/// How often a client without a producer or a seat looks for one, ns.
const LOOK_NS: u64 = 2_000_000;
/// Polls with records after which unanswered seats are looked at all the same.
const BUSY_POLLS: u32 = 64;

/// An instance that is being followed.
#[derive(Debug)]
struct Followed {
    view: InstanceView,
    watch: ProducerWatch,
    stalled: bool,
    /// The generation is over: when the lanes are empty, this is said.
    over: Option<Over>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    InOrder,
    ByDeath,
}

/// A consumer of one instance: some of its lanes, a seat on each.
#[derive(Debug)]
pub struct Client {
    spec: AttachSpec,
    attach: Attach,
    followed: Option<Followed>,
    lanes: Vec<Lane>,
    notices: VecDeque<Notice>,
    pace: Pace,
    looked_at: Option<u64>,
    busy: u32,
    /// The lane that comes first in the next poll.
    turn: usize,
    /// The last generation that was attached to.
    generation: Option<u64>,
    problem: Option<Error>,
}

impl Client {
    /// A client that attaches as soon as it can: call [`Client::poll`].
    ///
    /// # Errors
    /// If the specification cannot be meant: a bad name, no class.
    pub fn attach(spec: AttachSpec) -> Result<Client> {
        if spec.filter.classes == 0 {
            return Err(Error::NoClass);
        }
        let layout = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
        let attach = Attach::new(&spec.root, &spec.instance, layout)?;
        let lanes = match &spec.lanes {
            Lanes::All => Vec::new(),
            Lanes::Named(names) => names.iter().map(|name| Lane::new(name)).collect(),
        };
        Ok(Client {
            spec,
            attach,
            followed: None,
            lanes,
            notices: VecDeque::new(),
            pace: Pace::new(),
            looked_at: None,
            busy: 0,
            turn: 0,
            generation: None,
            problem: None,
        })
    }

    /// The same, but returns only when every lane has its seat. For tools and for the start of a
    /// consumer; no record is taken meanwhile.
    ///
    /// # Errors
    /// What refused, or what the instance still lacked after `timeout`.
    pub fn attach_blocking(spec: AttachSpec, timeout: Duration) -> Result<Client> {
        let mut client = Client::attach(spec)?;
        let begun = Instant::now();
        loop {
            client.idle();
            if client.is_attached() {
                return Ok(client);
            }
            if let Some(error) = client.problem.take_if(|error| error.is_definite()) {
                return Err(error);
            }
            if let Some(error) = client.refusal() {
                return Err(error);
            }
            if begun.elapsed() >= timeout {
                return Err(client.lateness(timeout));
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    fn refusal(&self) -> Option<Error> {
        self.lanes.iter().find_map(|lane| match lane.state() {
            LaneState::Refused(reason) | LaneState::Ended(reason) => {
                Some(Error::Refused { lane: lane.name().to_string(), reason })
            }
            _ => None,
        })
    }

    /// Why a client is still not attached.
    fn lateness(mut self, timeout: Duration) -> Error {
        let waited_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let path = self.attach.dir().to_path_buf();
        if let Some(error) = self.problem.take() {
            return error;
        }
        let late = self.lanes.iter().find(|lane| lane.state() == LaneState::Asked);
        match (late, self.attach.poll()) {
            (Some(lane), _) => Error::NoAnswer { path, lane: lane.name().to_string(), waited_ms },
            (None, Attached::DeadGeneration { generation, pid }) => {
                shm::error::Error::DeadGeneration { path, generation, pid }.into()
            }
            (None, Attached::Absent) => shm::error::Error::Absent { path }.into(),
            (None, other) => {
                shm::error::Error::Timeout { path, waited_ms, last: other.name() }.into()
            }
        }
    }

    /// Hands out what there is: records of every lane in turn, at most 64 each, and whatever else
    /// happened. Returns the number of records.
    #[inline]
    pub fn poll(&mut self, tell: impl FnMut(Event<'_>)) -> usize {
        self.poll_at_most(usize::MAX, tell)
    }

    /// The same, but at most `limit` records. Who has room for less than 64 of each lane calls
    /// this; after a poll that was cut short another lane begins, so that none waits for ever.
    pub fn poll_at_most(&mut self, limit: usize, mut tell: impl FnMut(Event<'_>)) -> usize {
        if !self.notices.is_empty() {
            self.tell_notices(&mut tell);
        }
        let mut taken = 0;
        let first = self.turn;
        for (number, lane) in self.lanes.iter_mut().enumerate().skip(first) {
            taken += lane.drain(number, limit - taken, &mut tell);
        }
        for (number, lane) in self.lanes.iter_mut().enumerate().take(first) {
            taken += lane.drain(number, limit - taken, &mut tell);
        }
        if taken >= limit {
            self.turn = if first + 1 < self.lanes.len() { first + 1 } else { 0 };
        }
        if taken > 0 {
            self.busy += 1;
            if self.busy >= BUSY_POLLS {
                self.busy = 0;
                self.poll_seats();
            }
        } else if limit > 0 {
            self.idle();
            if !self.notices.is_empty() {
                self.tell_notices(&mut tell);
            }
        }
        taken
    }

    #[cold]
    fn tell_notices(&mut self, tell: &mut impl FnMut(Event<'_>)) {
        while let Some(notice) = self.notices.pop_front() {
            match notice {
                Notice::Attached { lane, generation } => {
                    if let Some(found) = self.lanes.get(lane) {
                        let (instruments, filter) = (found.instrument_room(), found.filter());
                        tell(Event::Attached { lane, generation, instruments, filter });
                    }
                }
                Notice::Stalled { ns } => tell(Event::Stalled { ns }),
                Notice::Resumed => tell(Event::Resumed),
                Notice::ProducerDead { generation } => tell(Event::ProducerDead { generation }),
                Notice::Closed { generation } => tell(Event::Closed { generation }),
                Notice::NewGeneration { generation, previous } => {
                    tell(Event::NewGeneration { generation, previous });
                }
                Notice::Detached { lane, reason } => tell(Event::Detached { lane, reason }),
                Notice::Resynced { lane, skipped } => tell(Event::Resynced { lane, skipped }),
            }
        }
    }

    /// Everything that is not records. Called when there were none.
    fn idle(&mut self) {
        if self.followed.as_ref().is_some_and(|followed| followed.over.is_some()) {
            // The lanes were drained after the end was seen, so nothing is left in them.
            return self.finish();
        }
        self.poll_seats();
        let Some(now) = self.pace.tick() else { return };
        if self.followed.is_some() {
            self.follow_symbols();
            self.watch(now);
            self.claim_missing(now);
        } else if self.is_due(now) {
            self.look();
        }
    }

    fn is_due(&mut self, now: u64) -> bool {
        let due = self.looked_at.is_none_or(|at| now.saturating_sub(at) >= LOOK_NS);
        if due {
            self.looked_at = Some(now);
        }
        due
    }

    /// Answers of the producer to seats.
    #[inline]
    fn poll_seats(&mut self) {
        for number in 0..self.lanes.len() {
            let state = self.lanes.get_mut(number).and_then(Lane::poll_seat);
            if let Some(state) = state {
                self.seat_changed(number, state);
            }
            if let Some(lane) = self.lanes.get_mut(number) {
                lane.ask_next();
            }
        }
    }

    #[cold]
    fn seat_changed(&mut self, lane: usize, state: LaneState) {
        let generation = self.generation.unwrap_or(0);
        let notice = match state {
            LaneState::Active => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.stats.attached();
                }
                Notice::Attached { lane, generation }
            }
            LaneState::Refused(reason) => {
                Notice::Detached { lane, reason: Detached::Refused(reason) }
            }
            LaneState::Ended(Reason::ProducerClosed) => return self.lane_ended(lane),
            LaneState::Ended(reason) => Notice::Detached { lane, reason: Detached::Closed(reason) },
            LaneState::Unseated | LaneState::Asked => return,
        };
        self.notices.push_back(notice);
    }

    /// The producer closed one seat because the lane ends. When the last lane has ended, so has
    /// the instance.
    fn lane_ended(&mut self, lane: usize) {
        let open = |lane: &Lane| matches!(lane.state(), LaneState::Asked | LaneState::Active);
        if self.lanes.iter().any(open) {
            let reason = Detached::Closed(Reason::ProducerClosed);
            self.notices.push_back(Notice::Detached { lane, reason });
        } else if let Some(followed) = &mut self.followed {
            followed.over = Some(Over::InOrder);
        }
    }

    fn watch(&mut self, now: u64) {
        let Some(followed) = &mut self.followed else { return };
        let over = match followed.watch.check(now) {
            Liveness::Alive => {
                if std::mem::take(&mut followed.stalled) {
                    self.notices.push_back(Notice::Resumed);
                }
                return;
            }
            Liveness::Stalled(ns) => {
                if !std::mem::replace(&mut followed.stalled, true) {
                    self.notices.push_back(Notice::Stalled { ns });
                }
                return;
            }
            Liveness::Dead => Over::ByDeath,
            // A successor closes the instance file of the dead, but not its rings.
            Liveness::Closed | Liveness::NewGeneration(_) => {
                let in_order = self.lanes.iter().any(Lane::closed_in_order);
                if in_order { Over::InOrder } else { Over::ByDeath }
            }
        };
        followed.over = Some(over);
    }

    /// The generation is over and everything of it was delivered.
    #[cold]
    fn finish(&mut self) {
        let Some(followed) = self.followed.take() else { return };
        let generation = followed.view.generation();
        self.notices.push_back(match followed.over {
            Some(Over::InOrder) => Notice::Closed { generation },
            _ => Notice::ProducerDead { generation },
        });
        self.lanes.iter_mut().for_each(Lane::leave);
        self.looked_at = None;
    }

    #[cold]
    fn look(&mut self) {
        match self.attach.poll() {
            Attached::Ready(view) if Some(view.generation()) != self.generation => {
                if let Err(error) = self.begin(*view) {
                    self.followed = None;
                    self.lanes.iter_mut().for_each(Lane::leave);
                    self.problem = Some(error);
                }
            }
            Attached::Refused(error) => self.problem = Some(error.into()),
            _ => {}
        }
    }

    /// Begins to follow a generation.
    fn begin(&mut self, view: InstanceView) -> Result<()> {
        self.list_lanes(&view)?;
        let known = |name: &str| view.producers().iter().any(|info| info.name == name);
        for number in 0..self.lanes.len() {
            let Some(lane) = self.lanes.get_mut(number) else { continue };
            if !known(lane.name()) {
                let reason = Detached::NoLane;
                self.notices.push_back(Notice::Detached { lane: number, reason });
                continue;
            }
            lane.begin(view.producer(lane.name())?)?;
        }
        let generation = view.generation();
        let watch = ProducerWatch::new(&view);
        self.followed = Some(Followed { view, watch, stalled: false, over: None });
        self.problem = None;
        if let Some(previous) = self.generation.replace(generation) {
            self.notices.push_back(Notice::NewGeneration { generation, previous });
        }
        self.claim_seats();
        Ok(())
    }

    /// Lanes keep their numbers over generations; new ones are appended.
    fn list_lanes(&mut self, view: &InstanceView) -> Result<()> {
        let names = || view.producers().iter().map(|info| info.name.as_str());
        match &self.spec.lanes {
            Lanes::All => {
                for name in names() {
                    if self.lanes.iter().all(|lane| lane.name() != name) {
                        self.lanes.push(Lane::new(name));
                    }
                }
            }
            Lanes::Named(wanted) => {
                let missing = wanted.iter().find(|lane| names().all(|name| name != lane.as_str()));
                if let Some(lane) = missing {
                    let have = names().collect::<Vec<_>>().join(", ");
                    let path = view.dir().to_path_buf();
                    return Err(Error::NoLane { path, lane: lane.clone(), have });
                }
            }
        }
        Ok(())
    }

    fn claim_missing(&mut self, now: u64) {
        let missing = |lane: &Lane| lane.state() == LaneState::Unseated && lane.view.is_some();
        if self.lanes.iter().any(missing) && self.is_due(now) {
            self.claim_seats();
        }
    }

    #[cold]
    fn claim_seats(&mut self) {
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            if lane.state() != LaneState::Unseated || lane.view.is_none() {
                continue;
            }
            let Err(error) = lane.claim(self.spec.seat, &self.spec.filter) else { continue };
            if !std::mem::replace(&mut lane.told_full, true) {
                let reason = Detached::NoFreeSeat;
                self.notices.push_back(Notice::Detached { lane: number, reason });
            }
            self.problem = Some(error);
        }
    }

    /// Asks for wanted symbols whose rows have appeared.
    fn follow_symbols(&mut self) {
        let by_symbol = matches!(self.spec.filter.instruments, Wanted::Symbols(_));
        for lane in &mut self.lanes {
            let grown = lane.view.is_some() && lane.table.catch_up();
            if grown && by_symbol {
                lane.refilter(&self.spec.filter);
            }
        }
    }

    /// Asks for other records. [`Event::Filtered`] comes behind the last record that was surely
    /// written for the old filter; newly wanted instruments come with a refresh, and records of
    /// what is no longer wanted may still come for a moment.
    pub fn set_filter(&mut self, filter: FilterSpec) {
        self.spec.filter = filter;
        for lane in &mut self.lanes {
            lane.refilter(&self.spec.filter);
        }
    }

    /// Gives up everything unread on every lane and asks for refreshes of all books. Returns how
    /// many records were skipped; trades among them are gone.
    pub fn resync(&mut self) -> u64 {
        let mut total = 0;
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            let Some(skipped) = lane.resync() else { continue };
            total += skipped;
            self.notices.push_back(Notice::Resynced { lane: number, skipped });
        }
        total
    }

    /// Takes a seat again on a lane that refused or closed the last one.
    pub fn reattach(&mut self, lane: usize) {
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        if matches!(lane.state, LaneState::Refused(_) | LaneState::Ended(_)) {
            lane.seat = None;
            lane.state = LaneState::Unseated;
            lane.told_full = false;
        }
    }

    /// The lanes, by their numbers. With [`Lanes::All`] none before the first attach.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// Whether every lane has an active seat.
    pub fn is_attached(&self) -> bool {
        let active = |lane: &Lane| lane.state() == LaneState::Active;
        self.followed.is_some() && !self.lanes.is_empty() && self.lanes.iter().all(active)
    }

    /// The generation that is followed; `None` while there is none.
    pub fn generation(&self) -> Option<u64> {
        self.followed.as_ref().map(|followed| followed.view.generation())
    }

    /// The instance that is followed, for readers of its tables.
    pub fn instance(&self) -> Option<&InstanceView> {
        self.followed.as_ref().map(|followed| &followed.view)
    }

    /// The last thing that kept the client from attaching, if anything.
    pub fn problem(&self) -> Option<&Error> {
        self.problem.as_ref()
    }

    /// What was asked for.
    pub fn spec(&self) -> &AttachSpec {
        &self.spec
    }

    /// Records behind the producers, all lanes together.
    pub fn lag(&self) -> u64 {
        self.lanes.iter().map(Lane::lag).sum()
    }

    /// Row of an instrument of a lane; reads on in the lane's table if it is not known yet.
    pub fn instrument(&mut self, lane: usize, id: InstrumentId) -> Option<&InstrumentRow> {
        self.lanes.get_mut(lane)?.table.find(id)
    }

    /// Lane and number of a native or canonical symbol: the first lane that has it.
    pub fn by_symbol(&mut self, symbol: &str) -> Option<(usize, InstrumentId)> {
        self.lanes.iter_mut().enumerate().find_map(|(number, lane)| {
            lane.table.catch_up();
            lane.table.by_symbol(symbol).map(|id| (number, id))
        })
    }

    /// Wanted symbols that no lane knows.
    pub fn unknown_symbols(&self) -> Vec<&str> {
        let Wanted::Symbols(symbols) = &self.spec.filter.instruments else { return Vec::new() };
        let known = |symbol: &str| self.lanes.iter().any(|l| l.table.by_symbol(symbol).is_some());
        symbols.iter().map(String::as_str).filter(|symbol| !known(symbol)).collect()
    }
}
