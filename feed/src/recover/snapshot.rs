//! All books of a venue at one number, as a snapshot server told them.

use std::ops::Range;

use protocol::venue::nasdaq::BookEvent;

use super::mail::SessionName;

/// Books as they were when message `next` was the next one.
///
/// Made by the recovery thread, which may allocate; the lane reads it and gives it back.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Session.
    pub session: SessionName,
    /// Number of the first message that is not in it.
    pub next: u64,
    /// When it was complete, ns UTC.
    pub ts_receive: u64,
    /// What is no order (directory, trading states, ...): ITCH messages, each after its length in two
    /// bytes, big-endian, as in a MoldUDP64 packet; in the order in which they came.
    pub messages: Vec<u8>,
    /// Orders, grouped by locate, in each group in the order of their queues.
    pub orders: Vec<BookEvent>,
    /// Which of `orders` belong to a locate, in ascending order of locate; those without orders are
    /// left out.
    pub by_locate: Vec<(u16, Range<u32>)>,
}

impl Snapshot {
    /// Orders of a locate, in the order of their queues.
    pub fn orders_of(&self, locate: u16) -> &[BookEvent] {
        let Ok(at) = self.by_locate.binary_search_by_key(&locate, |(known, _)| *known) else {
            return &[];
        };
        let range = self.by_locate.get(at).map_or(0..0, |(_, range)| range.clone());
        self.orders.get(range.start as usize..range.end as usize).unwrap_or_default()
    }
}
