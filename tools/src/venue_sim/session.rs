//! A generated session from its first message to its last.

use std::io::{self, Write};

use protocol::venue::nasdaq::SystemEvent;
use protocol::venue::nasdaq::codes::EventCode;

use super::engine::{Engine, Event};
use super::flow::Flow;
use super::instrument::Instrument;
use super::oracle::Oracle;
use super::plan::{Happening, messages_of, plan};
use super::random::Random;
use super::{Error, Hours, Summary, Tape};

/// How often the caller hears of progress, in decisions.
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
    pace: Random,
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
        let mut session = Session {
            engine: Engine::new(count),
            flow: Flow::new(&instruments, flow_messages, random),
            tape: Tape::new(out),
            instruments,
            hours: settings.hours,
            halts: vec![None; usize::from(count)],
            last_match: None,
            events: Vec::new(),
            pace,
            peak_orders: 0,
        };
        session.run(&plan, progress)?;
        let Session { engine, tape, peak_orders, .. } = session;
        let (out, summary) = tape.finish()?;
        Ok(Finished { out, summary, peak_orders, engine })
    }

    fn run(
        &mut self,
        plan: &[(u64, Happening)],
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        self.begin_day()?;
        let mut ahead = plan.iter().peekable();
        for decision in 1_u64.. {
            let (done, total) = self.flow.progress();
            if done >= total {
                break;
            }
            let time = self.next_time(done, total);
            while let Some((at, what)) = ahead.next_if(|(at, _)| *at <= time) {
                self.happen(*at, *what)?;
            }
            self.tape.at(time);
            if let Some(instrument) = self.flow.step(&mut self.engine, &mut self.events) {
                self.tell(instrument)?;
            }
            self.peak_orders = self.peak_orders.max(self.engine.live_orders());
            if decision % PROGRESS_EVERY == 0 {
                progress(self.tape.messages());
            }
        }
        for (at, what) in ahead {
            self.happen(*at, *what)?;
        }
        self.system(self.hours.end, EventCode::EndOfSystemHours)?;
        self.system(self.hours.last, EventCode::EndOfMessages)?;
        progress(self.tape.messages());
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

    /// Writes a phase of the day.
    pub(super) fn system(&mut self, at: u64, event: EventCode) -> io::Result<()> {
        self.tape.at(at);
        let header = self.tape.header::<SystemEvent>(0);
        self.tape.write(&SystemEvent { header, event_code: event.byte() })
    }
}
