//! A generated session from its first message to its last.

use std::io::{self, Write};

use protocol::venue::nasdaq::SystemEvent;
use protocol::venue::nasdaq::codes::EventCode;

use super::change::Change;
use super::engine::{Engine, Event};
use super::flow::Flow;
use super::instrument::Instrument;
use super::oracle::Oracle;
use super::plan::{Happening, messages_of, plan};
use super::random::Random;
use super::{Error, Hours, Summary, Tape};

/// How often the caller hears of progress, in steps.
const PROGRESS_EVERY: u64 = 16_384;

/// What a session is to be.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The same seed and settings give the same bytes.
    pub seed: u64,
    /// Instruments, 1 to 65,534.
    pub instruments: u16,
    /// Messages to aim at; a session is never shorter than its directory and auctions.
    pub messages: u64,
    /// The hours.
    pub hours: Hours,
}

impl Settings {
    /// The most instruments: locate codes are 16 bits, and 0 is the whole market.
    pub const MAX_INSTRUMENTS: u16 = u16::MAX - 1;
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was said yet.
    Before,
    /// Agents act, and the venue does what was planned.
    Day,
    /// The agents are done; what was planned for later remains.
    Evening,
    /// Everything was said.
    Over,
}

/// A session being generated.
#[derive(Debug)]
pub struct Session<W> {
    pub(super) engine: Engine,
    pub(super) flow: Flow,
    pub(super) tape: Tape<W>,
    pub(super) instruments: Vec<Instrument>,
    pub(super) hours: Hours,
    /// Reason of the halt that each instrument is in.
    pub(super) halts: Vec<Option<[u8; 4]>>,
    /// Locate and number of the last match that was printed.
    pub(super) last_match: Option<(u16, u64)>,
    pub(super) events: Vec<Event>,
    /// Changes of displayed orders, where the engine keeps them: [`Change::event`] is then the
    /// number of the message that tells it, the first of the session being 1.
    pub(super) changes: Vec<Change>,
    pace: Random,
    plan: std::iter::Peekable<std::vec::IntoIter<(u64, Happening)>>,
    stage: Stage,
    /// When the agents' next decision falls, once it is drawn.
    next: Option<u64>,
    peak_orders: u64,
}

/// What a finished session leaves behind.
#[derive(Debug)]
pub struct Finished<W> {
    /// Where the messages went.
    pub out: W,
    /// What was written.
    pub summary: Summary,
    /// Most displayed orders that rested at once.
    pub peak_orders: u64,
    engine: Engine,
}

impl<W> Finished<W> {
    /// The engine's final books.
    #[must_use]
    pub fn oracle(&self) -> Oracle {
        Oracle::of(&self.engine, self.summary.messages)
    }
}

impl<W: Write> Session<W> {
    /// Generates a session into `out`; `progress` hears of the messages made so far.
    ///
    /// # Errors
    /// [`Error::Range`] for settings that make no session, [`Error::Write`] from the writer.
    pub fn generate(
        settings: &Settings,
        out: W,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Finished<W>, Error> {
        let mut session = Self::begin(settings, out)?;
        let mut steps = 0_u64;
        while session.step()? {
            steps += 1;
            if steps.is_multiple_of(PROGRESS_EVERY) {
                progress(session.tape.messages());
            }
        }
        progress(session.tape.messages());
        let Session { engine, tape, peak_orders, .. } = session;
        let (out, summary) = tape.finish()?;
        Ok(Finished { out, summary, peak_orders, engine })
    }

    /// A session before its first message.
    ///
    /// # Errors
    /// [`Error::Range`] for settings that make no session.
    pub(super) fn begin(settings: &Settings, out: W) -> Result<Self, Error> {
        let count = settings.instruments;
        if count == 0 || count > Settings::MAX_INSTRUMENTS {
            return Err(Error::Range {
                option: "--instruments",
                value: count.into(),
                low: 1,
                high: Settings::MAX_INSTRUMENTS.into(),
            });
        }
        let mut random = Random::new(settings.seed);
        let instruments: Vec<Instrument> =
            (0..count).map(|index| Instrument::draw(index, &mut random)).collect();
        let plan = plan(&settings.hours, count, settings.messages, &mut random);
        // The directory has five messages an instrument, the frame another four.
        let frame = 5 * u64::from(count) + 4;
        let planned: u64 = plan.iter().map(|(_, what)| messages_of(*what, count)).sum();
        let flow_messages = settings.messages.saturating_sub(frame + planned);
        let pace = Random::new(random.bits());
        Ok(Session {
            engine: Engine::new(count),
            flow: Flow::new(&instruments, flow_messages, random),
            tape: Tape::new(out),
            instruments,
            hours: settings.hours,
            halts: vec![None; usize::from(count)],
            last_match: None,
            events: Vec::new(),
            changes: Vec::new(),
            pace,
            plan: plan.into_iter().peekable(),
            stage: Stage::Before,
            next: None,
            peak_orders: 0,
        })
    }

    /// Does the next thing: a decision of an agent, or something that was planned. Not everything
    /// makes a message. `false` when the session is over.
    ///
    /// # Errors
    /// Those of the writer.
    pub(super) fn step(&mut self) -> io::Result<bool> {
        match self.stage {
            Stage::Before => {
                self.stage = Stage::Day;
                self.begin_day()?;
            }
            Stage::Day => self.step_day()?,
            Stage::Evening => match self.plan.next() {
                Some((at, what)) => self.happen(at, what)?,
                None => {
                    self.stage = Stage::Over;
                    self.system(self.hours.end, EventCode::EndOfSystemHours)?;
                    self.system(self.hours.last, EventCode::EndOfMessages)?;
                }
            },
            Stage::Over => return Ok(false),
        }
        Ok(true)
    }

    /// What was planned for the time up to the agents' next decision, one after the other, then
    /// that decision.
    fn step_day(&mut self) -> io::Result<()> {
        let time = match self.next {
            Some(time) => time,
            None => {
                let (done, total) = self.flow.progress();
                if done >= total {
                    self.stage = Stage::Evening;
                    return Ok(());
                }
                let time = self.next_time(done, total);
                self.next = Some(time);
                time
            }
        };
        if let Some((at, what)) = self.plan.next_if(|(at, _)| *at <= time) {
            return self.happen(at, what);
        }
        self.next = None;
        self.tape.at(time);
        if let Some(instrument) = self.flow.step(&mut self.engine, &mut self.events) {
            self.tell(instrument)?;
        }
        self.peak_orders = self.peak_orders.max(self.engine.live_orders());
        Ok(())
    }

    /// Within a burst microseconds after the last decision, else when the day's activity says so.
    fn next_time(&mut self, done: u64, total: u64) -> u64 {
        let mean = (self.hours.end - self.hours.start) / total.max(1);
        let gap = (200 + self.pace.lognormal(1_500.0, 1.5)).min(mean / 2);
        let next = self.tape.now() + gap;
        if self.flow.in_burst() { next } else { next.max(self.hours.time_of(done, total)) }
    }

    /// Writes the events of an action of one instrument.
    pub(super) fn tell(&mut self, instrument: u16) -> io::Result<()> {
        self.number_changes();
        let Some(of) = self.instruments.get(usize::from(instrument)) else { return Ok(()) };
        for event in self.events.drain(..) {
            if let Event::Executed { match_number, .. }
            | Event::Traded { match_number, .. }
            | Event::ExecutedAt { match_number, printable: true, .. } = event
            {
                self.last_match = Some((of.locate, match_number));
            }
            self.tape.event(of, &event)?;
        }
        Ok(())
    }

    /// Takes the changes of this action. Each event becomes one message, in the order of both.
    fn number_changes(&mut self) {
        let known = self.changes.len();
        self.engine.take_changes(&mut self.changes);
        let before = self.engine.told().saturating_sub(self.events.len() as u64);
        for change in self.changes.iter_mut().skip(known) {
            change.event = self.tape.messages() + change.event.saturating_sub(before);
        }
    }

    /// Writes a phase of the day.
    pub(super) fn system(&mut self, at: u64, event: EventCode) -> io::Result<()> {
        self.tape.at(at);
        let header = self.tape.header::<SystemEvent>(0);
        self.tape.write(&SystemEvent { header, event_code: event.byte() })
    }
}
