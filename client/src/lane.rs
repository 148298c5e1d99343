//! One lane of a client: its seat, its instruments, its counts.

use shm::generation::Observed;
use shm::producer_view::ProducerView;
use shm::seat::{Attach, Filter, Reason};
use wire::Record;

use crate::error::Result;
use crate::event::Event;
use crate::seat::{self, Seat};
use crate::spec::{FilterSpec, Wanted};
use crate::stats::LaneStats;
use crate::table::InstrumentTable;

/// Records taken from a lane before the next one has its turn.
pub const BATCH: usize = 64;

/// How a lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneState {
    /// No seat: no producer, or none free.
    Unseated,
    /// A seat is claimed; the producer has not answered.
    Asked,
    /// Records flow.
    Active,
    /// The producer refused, for this reason.
    Refused(Reason),
    /// The producer closed the seat, for this reason.
    Ended(Reason),
}

/// A lane as a consumer has it.
#[derive(Debug)]
pub struct Lane {
    name: String,
    pub(crate) view: Option<ProducerView>,
    pub(crate) seat: Option<Seat>,
    pub(crate) state: LaneState,
    pub(crate) table: InstrumentTable,
    pub(crate) stats: LaneStats,
    filter: Filter,
    /// A filter to be asked for when the last request has been answered: a producer that sees
    /// only the second of two requests does not refresh what the first one gave up.
    next_filter: Option<Filter>,
    /// Position of the ring from which records may be those of the new filter.
    boundary: Option<u64>,
    /// Whether it was said that no seat is free.
    pub(crate) told_full: bool,
}

impl Lane {
    pub(crate) fn new(name: &str) -> Lane {
        Lane {
            name: name.to_string(),
            view: None,
            seat: None,
            state: LaneState::Unseated,
            table: InstrumentTable::default(),
            stats: LaneStats::default(),
            filter: Filter::default(),
            next_filter: None,
            boundary: None,
            told_full: false,
        }
    }

    /// Name of the lane.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it stands.
    pub fn state(&self) -> LaneState {
        self.state
    }

    /// Number of its seat, while it has one.
    pub fn seat(&self) -> Option<usize> {
        self.seat.as_ref().map(|seat| seat.number)
    }

    /// Its instruments.
    pub fn instruments(&self) -> &InstrumentTable {
        &self.table
    }

    /// Instruments that the lane has room for, index 0 included; 0 while there is no producer.
    pub fn instrument_room(&self) -> u32 {
        self.view.as_ref().map_or(0, |view| view.info().instruments)
    }

    /// What was asked for last.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Its counts.
    pub fn stats(&self) -> LaneStats {
        let mut stats = self.stats.clone();
        stats.finish();
        stats
    }

    /// Records behind the producer's stored position.
    pub fn lag(&self) -> u64 {
        self.seat.as_ref().map_or(0, |seat| seat.consumer.lag())
    }

    /// Begins a generation: reads the instruments. The seat is claimed by [`Lane::claim`].
    pub(crate) fn begin(&mut self, view: ProducerView) -> Result<()> {
        self.seat = None;
        self.state = LaneState::Unseated;
        self.told_full = false;
        self.table.begin(view.instruments()?);
        self.view = Some(view);
        Ok(())
    }

    /// Claims a seat.
    pub(crate) fn claim(&mut self, wanted: Option<usize>, spec: &FilterSpec) -> Result<()> {
        let Some(view) = &self.view else { return Ok(()) };
        self.seat = None;
        (self.next_filter, self.boundary) = (None, None);
        self.filter = resolve(spec, &self.table);
        self.seat = Some(seat::take(view, wanted, &self.filter)?);
        self.state = LaneState::Asked;
        Ok(())
    }

    /// Forgets the generation.
    pub(crate) fn leave(&mut self) {
        self.seat = None;
        self.view = None;
        self.state = LaneState::Unseated;
    }

    /// Hands out at most [`BATCH`] records, and at most `limit`, and gives their slots back.
    #[inline]
    pub(crate) fn drain(
        &mut self,
        number: usize,
        limit: usize,
        tell: &mut impl FnMut(Event<'_>),
    ) -> usize {
        let batch = if self.boundary.is_some() { self.bounded(number, tell) } else { BATCH };
        let limit = limit.min(batch);
        let Some(seat) = &mut self.seat else { return 0 };
        let mut taken = 0;
        while taken < limit {
            let Some(words) = seat.consumer.next() else { break };
            let record = Record::from_words(words);
            self.stats.note(&record);
            tell(Event::Record { lane: number, record: &record });
            taken += 1;
        }
        seat.consumer.release();
        taken
    }

    /// Looks for the producer's answer. Returns the state if it is another one than before.
    #[inline]
    pub(crate) fn poll_seat(&mut self) -> Option<LaneState> {
        let seat = self.seat.as_mut()?;
        let now = match seat.consumer.poll_attach() {
            Attach::Waiting => LaneState::Asked,
            Attach::Active => LaneState::Active,
            Attach::Refused(reason) => LaneState::Refused(reason),
            Attach::Closed(reason) => LaneState::Ended(reason),
        };
        if now == self.state {
            return None;
        }
        self.state = now;
        Some(now)
    }

    /// A batch that ends where the records of the old filter end; there, the change is told.
    #[cold]
    fn bounded(&mut self, number: usize, tell: &mut impl FnMut(Event<'_>)) -> usize {
        let position = self.seat.as_ref().map_or(0, |seat| seat.consumer.position());
        let left = self.boundary.unwrap_or(0).saturating_sub(position);
        if left == 0 {
            self.boundary = None;
            tell(Event::Filtered { lane: number, filter: &self.filter });
            return BATCH;
        }
        usize::try_from(left).unwrap_or(BATCH).min(BATCH)
    }

    /// Asks for `spec`, now or as soon as the last request has been answered.
    pub(crate) fn refilter(&mut self, spec: &FilterSpec) {
        if self.seat.is_none() {
            return;
        }
        let filter = resolve(spec, &self.table);
        let last = self.next_filter.as_ref().unwrap_or(&self.filter);
        if filter != *last {
            self.next_filter = Some(filter);
            self.ask_next();
        }
    }

    /// Asks for the next filter if the producer has answered the last request.
    pub(crate) fn ask_next(&mut self) {
        if self.next_filter.is_none() || self.state != LaneState::Active || self.boundary.is_some()
        {
            return;
        }
        let Some(seat) = &mut self.seat else { return };
        let answered = seat.consumer.status().is_ok_and(|status| {
            status.claim == seat.consumer.held().word() && status.number == seat.consumer.number()
        });
        if !answered {
            return;
        }
        if let Some(filter) = self.next_filter.take() {
            self.boundary = Some(seat.consumer.position().saturating_add(seat.consumer.lag()));
            seat.consumer.set_filter(filter.clone());
            self.filter = filter;
        }
    }

    /// Gives up what is unread and asks for refreshes. Returns the records skipped.
    pub(crate) fn resync(&mut self) -> Option<u64> {
        let seat = self.seat.as_mut().filter(|_| self.state == LaneState::Active)?;
        let skipped = seat.consumer.resync();
        self.stats.skipped += skipped;
        Some(skipped)
    }

    /// Whether the producer has declared the end of this lane's ring, so that it was not death.
    pub(crate) fn closed_in_order(&self) -> bool {
        let by_producer = self.state == LaneState::Ended(Reason::ProducerClosed);
        let seat = self.seat.as_ref();
        by_producer
            || seat.is_some_and(|s| matches!(s.held.seat.ring.observe(), Observed::Closed(_)))
    }
}

/// The filter of a lane: symbols become numbers of this generation.
fn resolve(spec: &FilterSpec, table: &InstrumentTable) -> Filter {
    let filter = match &spec.instruments {
        Wanted::All => Filter::all(spec.classes),
        Wanted::Symbols(symbols) => {
            let known = symbols.iter().filter_map(|symbol| table.by_symbol(symbol));
            Filter::of(spec.classes, known.map(|id| id.index()))
        }
    };
    filter.policy(spec.policy).depth(spec.depth)
}
