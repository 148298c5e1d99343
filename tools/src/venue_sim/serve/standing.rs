//! What a snapshot tells beside orders: the phases of the day, and the latest message of each kind
//! about the system, a stock, or a participant in a stock.

use std::collections::BTreeMap;

use protocol::venue::nasdaq::Message;

/// Directory after everything else, locate, type, participant or market centre.
type Key = (bool, u16, u8, [u8; 4]);

/// The latest of everything that stays true until it is said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// System events, in order.
    events: Vec<Vec<u8>>,
    /// The latest message of a kind: directories first.
    latest: BTreeMap<Key, Vec<u8>>,
}

impl Standing {
    /// Keeps a message, if it is of a kind that a snapshot tells.
    pub fn message(&mut self, message: &Message<'_>) {
        let bytes = message.as_bytes();
        let who = match message {
            Message::SystemEvent(_) => return self.events.push(bytes.to_vec()),
            Message::ParticipantPosition(position) => position.mpid,
            Message::StockDirectory(_)
            | Message::TradingAction(_)
            | Message::RegSho(_)
            | Message::MwcbDecline(_)
            | Message::MwcbStatus(_)
            | Message::IpoQuoting(_)
            | Message::LuldCollar(_) => [0; 4],
            // A halt of one market centre says nothing of another.
            Message::OperationalHalt(halt) => [halt.market_code, 0, 0, 0],
            _ => return,
        };
        let late = !matches!(message, Message::StockDirectory(_));
        let kept = self.latest.entry((late, message.locate(), message.code(), who)).or_default();
        kept.clear();
        kept.extend_from_slice(bytes);
    }

    /// The latest message of this type about a stock.
    #[must_use]
    pub fn latest(&self, locate: u16, code: u8) -> Option<&[u8]> {
        self.latest.get(&(code != b'R', locate, code, [0; 4])).map(Vec::as_slice)
    }

    /// Gives all of it in the order of a snapshot.
    pub fn give(&self, give: &mut dyn FnMut(&[u8])) {
        self.events.iter().for_each(|message| give(message));
        self.latest.values().for_each(|message| give(message));
    }
}
