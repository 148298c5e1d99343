//! Decode and book alone: the measure of what the rest of a lane costs.
//!
//! It is what section `l3` enters against its peers: every message is decoded and every event
//! applied to the books, with every check on. No packets, lines, steps, states, counts or records.

use book::L3Limits;

use super::{Limits, answer};
use crate::data::messages;
use crate::harness::{CompareError, Contestant, Round, measured};
use crate::l3::ours::{Ours, Way};

/// Books by locate, fed with raw ITCH.
pub struct Alone<'a> {
    ours: Ours<'a>,
    way: Way,
    messages: usize,
}

impl<'a> Alone<'a> {
    /// Books for the messages of raw ITCH.
    ///
    /// # Errors
    /// If they cannot be had.
    pub fn new(itch: &'a [u8], limits: Limits, way: Way) -> Result<Alone<'a>, CompareError> {
        let limits = L3Limits::new(limits.instruments + 1, limits.orders);
        let messages = messages(itch).count();
        Ok(Alone { ours: Ours::new(itch, (messages, 0), limits, way)?, way, messages })
    }
}

impl Contestant for Alone<'_> {
    fn name(&self) -> String {
        match self.way {
            Way::Ahead => "decode + book alone".to_owned(),
            Way::Single => "decode + book alone, one message per call".to_owned(),
        }
    }

    fn ours(&self) -> bool {
        true
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        self.ours.clear();
        let (ns, passed) = measured(|| self.ours.pass());
        if passed.messages != self.messages || passed.refused > 0 {
            return Err(CompareError::failed(self.name(), format!("{passed:?}")));
        }
        let ns = ns / self.messages.max(1) as f64;
        Ok(Round { ns, answer: answer(self.ours.books()) })
    }
}
