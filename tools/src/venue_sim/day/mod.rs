//! A whole market's day, statistically: large, quick to make, the same on every machine.
//!
//! `generate` runs a matching engine with agents and knows the answer; a day of 40 million messages
//! takes it minutes, and its mix follows from the agents. `day` runs the statistics instead: it
//! hits the published counts of real days ([`Calibration`]) in mix, lifetimes, live orders, prices
//! and references, because those decide how hard a day is on a book builder's caches and branch
//! predictors. Every message is valid: nothing refers to an order that does not rest, takes more
//! than it has, executes away from the best price, or crosses a book.
//!
//! ```text
//! spec.rs        size of a day; what it is calibrated to
//! flow.rs        what happens next
//! price.rs       stocks, and where their orders rest
//! orders.rs      all orders in one table
//! levels.rs      one side of one book
//! wheel.rs       when orders end
//! say.rs         decisions as messages
//! statistics.rs  what the day turned out to be
//! report.rs      that beside the calibration
//! ```

mod flow;
mod levels;
mod orders;
mod price;
mod report;
mod say;
mod spec;
mod statistics;
mod wheel;

use std::io::{self, Write};

use protocol::venue::nasdaq::codes::EventCode;

use super::{Error, Hours, Tape};
use flow::Flow;
pub use report::table;
use say::Voice;
pub use spec::{Calibration, Spec};
pub use statistics::Statistics;

/// Raised whenever the same spec gives other bytes, so that kept files are made anew.
pub const VERSION: u32 = 1;

/// Messages between two calls of `progress`.
const PROGRESS_EVERY: u64 = 1 << 16;
/// System hours: 04:00 and 16 hours, in seconds.
const START_S: u64 = 4 * 3_600;
const LENGTH_S: u64 = 16 * 3_600;

/// Writes a day into `out`.
///
/// # Errors
/// [`Error::Range`] for a spec that makes no day, [`Error::Write`] from the writer.
pub fn generate(spec: &Spec, out: &mut impl Write) -> Result<Statistics, Error> {
    generate_telling(spec, out, &mut |_| ())
}

/// The same; `progress` hears of the messages made so far.
///
/// # Errors
/// As [`generate`].
pub fn generate_telling(
    spec: &Spec,
    out: &mut impl Write,
    progress: &mut dyn FnMut(u64),
) -> Result<Statistics, Error> {
    spec.check()?;
    let mut day = Day {
        flow: Flow::new(spec),
        voice: Voice { tape: Tape::new(out) },
        hours: Hours::new(START_S, LENGTH_S)?,
        end: spec.written(),
        whole: spec.messages,
    };
    day.open()?;
    day.trade(progress)?;
    day.close()?;
    let references = u64::from(day.flow.references());
    let (_, summary) = day.voice.tape.finish()?;
    progress(summary.messages);
    Ok(day.flow.measured.finish(summary, references))
}

/// A day being made.
struct Day<W> {
    flow: Flow,
    voice: Voice<W>,
    hours: Hours,
    /// Messages to write.
    end: u64,
    /// Messages of the whole day, which the clock follows.
    whole: u64,
}

/// System events that come while orders do, and those after the last of them.
const AFTER: u64 = 2;

impl<W: Write> Day<W> {
    fn is_full(&self) -> bool {
        self.voice.tape.messages() >= self.end
    }

    /// A system event, if there is still room.
    fn system(&mut self, at: u64, event: EventCode) -> io::Result<()> {
        self.voice.tape.at(at);
        if self.is_full() { Ok(()) } else { self.voice.system(event) }
    }

    /// Everything before the first order.
    fn open(&mut self) -> io::Result<()> {
        self.system(self.hours.first, EventCode::StartOfMessages)?;
        for index in 0..self.flow.stocks.len() as u16 {
            let symbol = self.flow.stocks[usize::from(index)].symbol;
            for kind in [Voice::directory, Voice::trading, Voice::short_sale] {
                if self.is_full() {
                    return Ok(());
                }
                kind(&mut self.voice, index, symbol)?;
            }
        }
        self.system(self.hours.start, EventCode::StartOfSystemHours)
    }

    /// All orders, with the market's open and close where their times come.
    fn trade(&mut self, progress: &mut dyn FnMut(u64)) -> io::Result<()> {
        let opened = self.voice.tape.messages();
        let orders = self.whole.saturating_sub(opened + AFTER);
        let mut ahead = [
            (self.hours.open, EventCode::StartOfMarketHours),
            (self.hours.close, EventCode::EndOfMarketHours),
        ]
        .into_iter()
        .peekable();
        let mean = (self.hours.end - self.hours.start) / orders.max(1);
        loop {
            let made = self.voice.tape.messages();
            if made >= self.end || made + AFTER + ahead.len() as u64 >= self.whole {
                break;
            }
            let time = self.next_time(made - opened, orders, mean);
            if let Some((at, event)) = ahead.next_if(|(at, _)| *at <= time) {
                self.system(at, event)?;
                continue;
            }
            self.voice.tape.at(time);
            self.flow.step(&mut self.voice)?;
            if made.is_multiple_of(PROGRESS_EVERY) {
                progress(made);
            }
        }
        for (at, event) in ahead {
            self.system(at, event)?;
        }
        Ok(())
    }

    /// Microseconds after the last message, or when the day's activity says so.
    fn next_time(&mut self, done: u64, total: u64, mean: u64) -> u64 {
        let bits = self.flow.random().bits();
        let power = 9 + (bits >> 60) / 4;
        let gap = (1 << power) + (bits & ((1 << power) - 1));
        let next = self.voice.tape.now() + gap.min(mean / 2);
        // Messages come in packs of eight on average.
        if (bits >> 32).is_multiple_of(8) {
            next.max(self.hours.time_of(done, total))
        } else {
            next
        }
    }

    fn close(&mut self) -> io::Result<()> {
        self.system(self.hours.end, EventCode::EndOfSystemHours)?;
        self.system(self.hours.last, EventCode::EndOfMessages)
    }
}
