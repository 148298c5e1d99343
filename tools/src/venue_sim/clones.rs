//! Many copies of a recorded slice, as if so many instruments had traded like that one.
//!
//! Every copy has its own locate, symbol and order numbers, begins at a random place of the slice
//! and plays on from its start when it comes to its end; what then still rests is deleted first.
//! Copies are merged by the recorded times. What a copy would say of orders that it never saw,
//! those added before the place where it began, is left out. The result is valid ITCH, with the
//! real dynamics of one book; activity is alike in all instruments, which no real market is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::io::{self, Write};
use std::mem::offset_of;

use protocol::venue::nasdaq::codes::EventCode;
use protocol::venue::nasdaq::{
    AddOrder, AddOrderAttributed, BrokenTrade, CrossTrade, DirectListing, Header, Imbalance,
    IpoQuoting, LuldCollar, OperationalHalt, OrderCancel, OrderDelete, OrderExecuted,
    OrderExecutedWithPrice, OrderReplace, ParticipantPosition, RegSho, RetailInterest,
    StockDirectory, SystemEvent, Trade, TradingAction, pad,
};
use zerocopy::{FromBytes, IntoBytes};

use super::instrument::symbol;
use super::random::Random;
use super::session::Settings;
use super::slice::{Effect, Slice};
use super::{Error, Summary, Tape};

const NS_PER_S: u64 = 1_000_000_000;
/// When the first message of the day is, and between which times the clones play.
const FIRST_NS: u64 = 3 * 3_600 * NS_PER_S;
const START_NS: u64 = 4 * 3_600 * NS_PER_S;
const END_NS: u64 = 20 * 3_600 * NS_PER_S;
const PROGRESS_EVERY: u64 = 16_384;

/// What the clones are to be.
#[derive(Clone, Copy, Debug)]
pub struct CloneSettings {
    /// The same slice, seed and settings give the same bytes.
    pub seed: u64,
    /// Copies, 1 to 65,534.
    pub instruments: u16,
    /// Messages in all; at least the descriptions of all copies are written.
    pub messages: u64,
}

/// One copy.
#[derive(Debug, Default)]
struct Copy {
    /// The next step of the body.
    at: usize,
    /// Nanoseconds to add to the recorded time.
    shift: i128,
    /// Number by ordinal of the orders that rest.
    live: BTreeMap<u32, u64>,
    /// New by recorded match number, for trades declared void later.
    matches: HashMap<u64, u64>,
}

/// The merge.
struct Clones<'a, W> {
    slice: &'a Slice,
    copies: Vec<Copy>,
    tape: Tape<W>,
    last_reference: u64,
    last_match: u64,
    /// Whether recorded matches must be remembered.
    breaks: bool,
    /// The recorded span of the body, at least one nanosecond longer than its times.
    span_ns: u64,
    /// The time all copies together take, if they played at the recorded pace.
    total_ns: u128,
}

/// Writes copies of `slice` into `out`; `progress` hears of the messages made so far.
///
/// # Errors
/// [`Error::Range`] for settings that make no session, [`Error::Write`] from the writer.
pub fn clone_slice<W: Write>(
    slice: &Slice,
    settings: &CloneSettings,
    out: W,
    progress: &mut dyn FnMut(u64),
) -> Result<(W, Summary), Error> {
    if settings.instruments == 0 || settings.instruments > Settings::MAX_INSTRUMENTS {
        return Err(Error::Range {
            option: "--instruments",
            value: settings.instruments.into(),
            low: 1,
            high: Settings::MAX_INSTRUMENTS.into(),
        });
    }
    let mut random = Random::new(settings.seed);
    let times = (slice.body.first(), slice.body.last());
    let (Some(first), Some(last)) = times else { return Ok(Tape::new(out).finish()?) };
    let span_ns = last.time_ns - first.time_ns + 1;
    let copies: Vec<Copy> = (0..settings.instruments)
        .map(|_| {
            let at = random.below(slice.body.len() as u64) as usize;
            let begins = slice.body.get(at).map_or(0, |step| step.time_ns);
            Copy { at, shift: -i128::from(begins), ..Copy::default() }
        })
        .collect();
    // So many laps of the body are needed, rounded up; a copy that skips what it never saw needs
    // a little more, hence the lap on top.
    let per_copy = settings.messages / u64::from(settings.instruments);
    let laps = per_copy / slice.body.len() as u64 + 2;
    let mut clones = Clones {
        slice,
        copies,
        tape: Tape::new(out),
        last_reference: 0,
        last_match: 0,
        breaks: slice.body.iter().any(|step| slice.message(step).first() == Some(&b'B')),
        span_ns,
        total_ns: u128::from(span_ns) * u128::from(laps),
    };
    clones.play(settings.messages, progress)?;
    Ok(clones.tape.finish()?)
}

impl<W: Write> Clones<'_, W> {
    fn play(&mut self, messages: u64, progress: &mut dyn FnMut(u64)) -> io::Result<()> {
        self.system(FIRST_NS, EventCode::StartOfMessages)?;
        for index in 0..self.copies.len() as u16 {
            for step in &self.slice.head {
                let message = self.slice.message(step).to_vec();
                self.put(message, index)?;
            }
        }
        self.system(START_NS, EventCode::StartOfSystemHours)?;
        let mut queue: BinaryHeap<Reverse<(i128, u16)>> = (0..self.copies.len() as u16)
            .filter_map(|index| Some(Reverse((self.time_of(index)?, index))))
            .collect();
        // Two messages end the day.
        let last = messages.saturating_sub(2);
        while let Some(Reverse((time, index))) = queue.pop() {
            if self.tape.messages() >= last {
                break;
            }
            self.tape.at(self.session_time(time));
            self.step(index, last)?;
            if let Some(time) = self.time_of(index) {
                queue.push(Reverse((time, index)));
            }
            if self.tape.messages().is_multiple_of(PROGRESS_EVERY) {
                progress(self.tape.messages());
            }
        }
        self.system(END_NS, EventCode::EndOfSystemHours)?;
        self.system(END_NS + NS_PER_S, EventCode::EndOfMessages)?;
        progress(self.tape.messages());
        Ok(())
    }

    /// When a copy's next step is, in nanoseconds of playing.
    fn time_of(&self, index: u16) -> Option<i128> {
        let copy = self.copies.get(usize::from(index))?;
        Some(i128::from(self.slice.body.get(copy.at)?.time_ns) + copy.shift)
    }

    /// The time of day: the recorded pace, or faster if all copies would not fit into the day.
    fn session_time(&self, playing: i128) -> u64 {
        let playing = u128::try_from(playing).unwrap_or(0);
        let day = u128::from(END_NS - START_NS);
        let scaled = if self.total_ns > day { playing * day / self.total_ns } else { playing };
        START_NS + scaled.min(day) as u64
    }

    /// Plays one step of a copy, and begins it anew after the last.
    fn step(&mut self, index: u16, last: u64) -> io::Result<()> {
        let Some(copy) = self.copies.get_mut(usize::from(index)) else { return Ok(()) };
        let Some(step) = self.slice.body.get(copy.at).copied() else { return Ok(()) };
        copy.at += 1;
        let ends = copy.at == self.slice.body.len();
        let mut message = self.slice.message(&step).to_vec();
        if self.renumber(&mut message, index, step.effect) {
            self.put(message, index)?;
        }
        if ends {
            self.restart(index, last)?;
        }
        Ok(())
    }

    /// Deletes what rests and goes back to the start of the body.
    fn restart(&mut self, index: u16, last: u64) -> io::Result<()> {
        let span = i128::from(self.span_ns);
        let Some(copy) = self.copies.get_mut(usize::from(index)) else { return Ok(()) };
        copy.at = 0;
        copy.shift += span;
        copy.matches.clear();
        for reference in std::mem::take(&mut copy.live).into_values() {
            // The day may end here; then nothing restarts and the orders simply rest.
            if self.tape.messages() >= last {
                break;
            }
            let header = self.tape.header::<OrderDelete>(index + 1);
            self.tape.write(&OrderDelete { header, reference: reference.into() })?;
        }
        Ok(())
    }

    /// Gives a message its copy's numbers; `false` if it is about an order that the copy never saw.
    fn renumber(&mut self, message: &mut [u8], index: u16, effect: Effect) -> bool {
        let Some(copy) = self.copies.get_mut(usize::from(index)) else { return false };
        let mut new = || {
            self.last_reference += 1;
            self.last_reference
        };
        let (reference, replacement) = match effect {
            Effect::None => (None, None),
            Effect::Adds(ordinal) => {
                let reference = new();
                copy.live.insert(ordinal, reference);
                (Some(reference), None)
            }
            Effect::Keeps(ordinal) => match copy.live.get(&ordinal) {
                Some(reference) => (Some(*reference), None),
                None => return false,
            },
            Effect::Ends(ordinal) => match copy.live.remove(&ordinal) {
                Some(reference) => (Some(reference), None),
                None => return false,
            },
            Effect::Replaces(old, ordinal) => match copy.live.remove(&old) {
                Some(reference) => {
                    let replacement = new();
                    copy.live.insert(ordinal, replacement);
                    (Some(reference), Some(replacement))
                }
                None => return false,
            },
        };
        // All messages about orders have the number, or the original one, in the same place.
        if let Some(reference) = reference {
            set(message, offset_of!(AddOrder, reference), reference);
        }
        if let Some(replacement) = replacement {
            set(message, offset_of!(OrderReplace, reference), replacement);
        }
        self.renumber_match(message, index)
    }

    /// Gives a match its new number; `false` for a broken trade that the copy never saw.
    fn renumber_match(&mut self, message: &mut [u8], index: u16) -> bool {
        let Some(offset) = message.first().and_then(|code| match_offset(*code)) else {
            return true;
        };
        let Some(copy) = self.copies.get_mut(usize::from(index)) else { return false };
        let recorded = get(message, offset);
        if message.first() == Some(&b'B') {
            let Some(number) = copy.matches.get(&recorded) else { return false };
            set(message, offset, *number);
            return true;
        }
        self.last_match += 1;
        if self.breaks {
            copy.matches.insert(recorded, self.last_match);
        }
        set(message, offset, self.last_match);
        true
    }

    /// Writes a message with its copy's locate and symbol and the session's time.
    fn put(&mut self, mut message: Vec<u8>, index: u16) -> io::Result<()> {
        let now = self.tape.header::<SystemEvent>(index + 1);
        if let Ok((header, _)) = Header::mut_from_prefix(&mut message) {
            *header = Header { code: header.code, ..now };
        }
        let stock = message.first().and_then(|code| stock_offset(*code));
        if let Some(field) = stock.and_then(|offset| message.get_mut(offset..offset + 8)) {
            field.copy_from_slice(&pad::<8>(&symbol(index)));
        }
        self.tape.write_bytes(&message)
    }

    fn system(&mut self, at: u64, event: EventCode) -> io::Result<()> {
        self.tape.at(at);
        let header = self.tape.header::<SystemEvent>(0);
        self.tape.write_bytes(SystemEvent { header, event_code: event.byte() }.as_bytes())
    }
}

const _: () = {
    assert!(offset_of!(AddOrderAttributed, reference) == offset_of!(AddOrder, reference));
    assert!(offset_of!(OrderExecuted, reference) == offset_of!(AddOrder, reference));
    assert!(offset_of!(OrderExecutedWithPrice, reference) == offset_of!(AddOrder, reference));
    assert!(offset_of!(OrderCancel, reference) == offset_of!(AddOrder, reference));
    assert!(offset_of!(OrderDelete, reference) == offset_of!(AddOrder, reference));
    assert!(offset_of!(OrderReplace, original) == offset_of!(AddOrder, reference));
};

/// Where a message type has its match number.
fn match_offset(code: u8) -> Option<usize> {
    Some(match code {
        b'E' => offset_of!(OrderExecuted, match_number),
        b'C' => offset_of!(OrderExecutedWithPrice, match_number),
        b'P' => offset_of!(Trade, match_number),
        b'Q' => offset_of!(CrossTrade, match_number),
        b'B' => offset_of!(BrokenTrade, match_number),
        _ => return None,
    })
}

/// Where a message type has its symbol.
fn stock_offset(code: u8) -> Option<usize> {
    Some(match code {
        b'R' => offset_of!(StockDirectory, stock),
        b'H' => offset_of!(TradingAction, stock),
        b'Y' => offset_of!(RegSho, stock),
        b'L' => offset_of!(ParticipantPosition, stock),
        b'K' => offset_of!(IpoQuoting, stock),
        b'J' => offset_of!(LuldCollar, stock),
        b'h' => offset_of!(OperationalHalt, stock),
        b'A' => offset_of!(AddOrder, stock),
        b'F' => offset_of!(AddOrderAttributed, stock),
        b'P' => offset_of!(Trade, stock),
        b'Q' => offset_of!(CrossTrade, stock),
        b'I' => offset_of!(Imbalance, stock),
        b'N' => offset_of!(RetailInterest, stock),
        b'O' => offset_of!(DirectListing, stock),
        _ => return None,
    })
}

fn get(message: &[u8], offset: usize) -> u64 {
    let field = message.get(offset..).and_then(<[u8]>::first_chunk);
    field.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn set(message: &mut [u8], offset: usize, number: u64) {
    if let Some(field) = message.get_mut(offset..).and_then(<[u8]>::first_chunk_mut) {
        *field = number.to_be_bytes();
    }
}
