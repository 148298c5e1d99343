//! Datagrams that wait to be sent, in slots of fixed size.
//!
//! A datagram is begun, may get more items while it is the last one of its symbol, and leaves with
//! the next burst. Nothing is allocated after the start; who composes asks for room first.

/// Bytes of the longest datagram: a header and seven records.
pub const SLOT_BYTES: usize = wire::datagram::MAX_DATAGRAM;

/// What a datagram is about, for those whose order among themselves must stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub u32);

/// A datagram in its slot.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// Group that it goes to.
    pub group: u8,
    /// Whether it has a header, which is numbered and stamped at sending; text has none.
    pub numbered: bool,
    /// Its type, for the counts.
    pub packet: u8,
    /// Items in it.
    pub items: u8,
    /// Bytes used.
    pub length: u16,
    /// What it is about.
    pub key: Key,
    /// Event time of its header, ns UTC.
    pub ts: u64,
}

/// Slots and their bytes.
#[derive(Debug)]
pub struct Batch {
    slots: Vec<Slot>,
    bytes: Vec<u8>,
    room: usize,
}

impl Batch {
    /// Room for so many datagrams.
    pub fn new(room: usize) -> Batch {
        Batch { slots: Vec::with_capacity(room), bytes: vec![0; room * SLOT_BYTES], room }
    }

    /// Datagrams in it.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Datagrams that still fit.
    pub fn free(&self) -> usize {
        self.room - self.slots.len()
    }

    /// Begins a datagram: hands out the bytes of its slot, with whatever was there, and its number. `None` when full.
    pub fn begin(&mut self, slot: Slot) -> Option<(usize, &mut [u8])> {
        if self.slots.len() >= self.room {
            return None;
        }
        let number = self.slots.len();
        self.slots.push(slot);
        let bytes = self.bytes.get_mut(number * SLOT_BYTES..(number + 1) * SLOT_BYTES)?;
        Some((number, bytes))
    }

    /// A slot and all of its bytes.
    pub fn get_mut(&mut self, number: usize) -> Option<(&mut Slot, &mut [u8])> {
        let slot = self.slots.get_mut(number)?;
        let bytes = self.bytes.get_mut(number * SLOT_BYTES..(number + 1) * SLOT_BYTES)?;
        Some((slot, bytes))
    }

    /// A slot.
    pub fn slot(&self, number: usize) -> Option<&Slot> {
        self.slots.get(number)
    }

    /// The slots, in the order in which they were begun.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The bytes of a datagram.
    pub fn bytes(&self, number: usize) -> &[u8] {
        let length = self.slots.get(number).map_or(0, |slot| usize::from(slot.length));
        let first = number * SLOT_BYTES;
        self.bytes.get(first..first + length.min(SLOT_BYTES)).unwrap_or(&[])
    }

    /// Forgets the datagrams.
    pub fn clear(&mut self) {
        self.slots.clear();
    }
}
