//! Between the market and the lines: what the servers and the oracle need to hear of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::oracle::OracleWriter;
use super::running::Market;
use crate::venue_sim::Error;
use crate::venue_sim::play::drive::Transmit;
use crate::venue_sim::play::socket::Sockets;
use crate::venue_sim::play::{Message, Messages, PlayError};
use crate::venue_sim::serve::History;

/// Where a MoldUDP64 packet has its first number, and how many messages it has.
const SEQUENCE: std::ops::Range<usize> = 10..18;
const COUNT: std::ops::Range<usize> = 18..20;
/// In place of a count: the end of the session.
const END_OF_SESSION: u16 = u16::MAX;

/// The market as the sender's source of messages.
#[derive(Debug)]
pub(super) struct Feed {
    market: Market,
    oracle: Option<OracleWriter>,
    /// What can be requested again, where there is a server for it.
    history: Option<Arc<Mutex<History>>>,
}

impl Feed {
    pub(super) const fn new(
        market: Market,
        oracle: Option<OracleWriter>,
        history: Option<Arc<Mutex<History>>>,
    ) -> Self {
        Self { market, oracle, history }
    }

    /// Writes the rest of the true books, and gives the market back.
    pub(super) fn finish(self) -> Result<Market, Error> {
        if let Some(oracle) = self.oracle {
            oracle.finish(&self.market)?;
        }
        Ok(self.market)
    }
}

impl Messages for Feed {
    fn next(&mut self, message: &mut Message) -> Result<bool, PlayError> {
        if !self.market.next(message)? {
            return Ok(false);
        }
        if let Some(history) = &self.history {
            // Held for one message here and for one answer there.
            history.lock().unwrap_or_else(PoisonError::into_inner).append(&message.bytes);
        }
        if let Some(oracle) = &mut self.oracle {
            oracle.message(&self.market)?;
        }
        Ok(true)
    }
}

/// The lines' sockets, and how far the session is on the wire: snapshots are as of that.
#[derive(Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) sockets: &'a mut Sockets,
    /// Number of the last message that went out on a line or that a heartbeat told of.
    pub(super) published: Arc<AtomicU64>,
}

impl Transmit for Outgoing<'_> {
    fn send(&mut self, line: usize, payload: &[u8]) -> Result<(), PlayError> {
        self.sockets.send(line, payload)?;
        // Relaxed: partner is the load in `snapshots`; who reads it makes the messages itself.
        self.published.fetch_max(last_number(payload), Ordering::Relaxed);
        Ok(())
    }
}

/// Number of the last message that a packet tells of.
fn last_number(packet: &[u8]) -> u64 {
    let sequence = packet.get(SEQUENCE).and_then(|bytes| bytes.try_into().ok());
    let count = packet.get(COUNT).and_then(|bytes| bytes.try_into().ok());
    let count = count.map_or(0, u16::from_be_bytes);
    let messages = if count == END_OF_SESSION { 0 } else { u64::from(count) };
    (sequence.map_or(0, u64::from_be_bytes) + messages).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use protocol::frame::moldudp64::{MoldWriter, end_of_session, heartbeat};

    use super::last_number;

    #[test]
    fn packets_tell_how_far_the_session_is() {
        let session = *b"SIM0000001";
        assert_eq!(last_number(&heartbeat(session, 1)), 0);
        assert_eq!(last_number(&end_of_session(session, 8)), 7);
        let mut buffer = [0; 100];
        let mut writer = MoldWriter::begin(&mut buffer, session, 5).expect("room");
        assert!(writer.push(b"a") && writer.push(b"b"));
        assert_eq!(last_number(writer.finish()), 6);
        assert_eq!(last_number(b"short"), 0);
    }
}
