//! What a record costs that no seat wants: the question, and nothing else.

use std::hint::black_box;

use shm::seat::Filter;
use wire::Class;

use super::publish::step;
use super::stand::{Reader, Stand};
use crate::harness::{CompareError, Contestant, Round, measured};

/// Questions of a pass: more instruments than the first cache holds, in no order.
const QUESTIONS: u32 = 1 << 16;
const PASSES: u32 = 16;
/// Every seat wants the instruments above this one, and nobody asks about those.
const WANTED: u32 = 8_192;

/// Whether the fan-out is asked, or the same loop runs without it.
pub struct Unwanted {
    asks: bool,
    stand: Stand,
    instruments: Vec<u32>,
    _readers: Vec<Reader>,
}

impl Unwanted {
    /// Eight seats that want other instruments.
    ///
    /// # Errors
    /// If the seats cannot be made.
    pub fn new(asks: bool) -> Result<Unwanted, CompareError> {
        let mut stand = Stand::new(8)?;
        let mut readers = Vec::new();
        for seat in 0..8 {
            let classes = Class::Orders.bit() | Class::Trades.bit();
            readers.push(stand.join(seat, Filter::of(classes, WANTED + 1..WANTED + 100))?);
        }
        let instruments = (0..QUESTIONS).map(|at| 1 + at.wrapping_mul(2_741) % WANTED).collect();
        Ok(Unwanted { asks, stand, instruments, _readers: readers })
    }

    /// Looks through the instruments; how many records were built, which is none.
    #[inline(never)]
    fn pass(&mut self) -> u64 {
        let mut built = 0;
        let Unwanted { stand, instruments, .. } = self;
        for instrument in instruments.iter().copied() {
            if stand.fanout.interest(instrument, Class::Orders as u8) != 0 {
                step(stand, u64::from(instrument));
                built += 1;
            }
        }
        built
    }

    /// The same loop with a question to itself.
    #[inline(never)]
    fn bare(&mut self, never: u32) -> u64 {
        let mut built = 0;
        let Unwanted { stand, instruments, .. } = self;
        for instrument in instruments.iter().copied() {
            if instrument == never {
                step(stand, u64::from(instrument));
                built += 1;
            }
        }
        built
    }
}

impl Contestant for Unwanted {
    fn name(&self) -> String {
        let asked = if self.asks { "hotlane, 8 seats that want others" } else { "the loop alone" };
        asked.to_owned()
    }

    fn ours(&self) -> bool {
        self.asks
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let never = black_box(u32::MAX);
        let (ns, built) = measured(|| {
            let mut built = 0;
            for _ in 0..PASSES {
                built += if self.asks { self.pass() } else { self.bare(never) };
            }
            built
        });
        Ok(Round { ns: ns / f64::from(QUESTIONS * PASSES), answer: built })
    }
}
