//! What is kept while messages are missing: every message since the first of them, by number.
//!
//! A ring of places, one for each number of the window `[base, head)`. A number that is missing has
//! a place too, empty until its message comes late, so messages that come in any order lie in the
//! order of the session. All memory is made at the start; a window that would grow beyond it loses
//! its oldest numbers, and says which.
//!
//! A kept message, 64 bytes:
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | ts_receive | ns UTC |
//! | 8 | 4 | next | place of the next message of the same locate, once the window is indexed |
//! | 12 | 1 | origin | line, path, taker of the stamp |
//! | 13 | 50 | bytes | the message; every type of the protocol fits |
//! | 53 | 9 | | of a message that took an order away: the order's price, shares and side |
//! | 63 | 1 | | |
//!
//! Beside the messages, in arrays of their own: a byte of [flags](flag) for each place, so that the
//! places of a gap are emptied at the speed of memory, and a list of places for each locate.

use protocol::venue::nasdaq::MESSAGES;
use wire::{Origin, Side};

/// Flags of a place. An empty place has none.
pub mod flag {
    /// There is a message.
    pub const KNOWN: u8 = 1;
    /// Its effect is still to come: it was missing, or the book has refused it.
    pub const PENDING: u8 = 2;
    /// It was missing when its number had its turn.
    pub const LATE: u8 = 4;
    /// It has taken an order away, which its last bytes describe.
    pub const REMOVED: u8 = 8;
}

/// Most bytes of a message that is kept.
const MESSAGE_MAX: usize = 50;
/// Where the order stands that a message took away; book messages that do so are shorter.
const REMOVED_AT: usize = 40;
/// No place.
pub(super) const NIL: u32 = u32::MAX;
/// Locates fit into 16 bits.
const LOCATES: usize = 1 << 16;

/// Length of each type; 0 of what is no type.
static LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut at = 0;
    while at < MESSAGES.len() {
        let (code, _, length) = MESSAGES[at];
        assert!(length <= MESSAGE_MAX);
        lengths[code as usize] = length as u8;
        at += 1;
    }
    lengths
};

/// Length of the messages of a type; 0 if there is none.
fn length_of(code: u8) -> usize {
    usize::from(LENGTHS[usize::from(code)])
}

/// A message that is kept.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Entry {
    ts_receive: u64,
    next: u32,
    origin: u8,
    bytes: [u8; MESSAGE_MAX],
    _zero: u8,
}

const _: () = assert!(size_of::<Entry>() == 64);

const EMPTY: Entry =
    Entry { ts_receive: 0, next: NIL, origin: 0, bytes: [0; MESSAGE_MAX], _zero: 0 };

/// Messages of one locate, in the order of their numbers. Another turn's list is empty.
#[derive(Clone, Copy, Debug)]
struct Chain {
    turn: u32,
    head: u32,
    tail: u32,
    pending: u32,
}

/// A message out of the store.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Its number.
    pub number: u64,
    /// When it was received, ns UTC.
    pub ts_receive: u64,
    /// Line, path, taker of the stamp.
    pub origin: Origin,
    /// See [`flag`].
    pub flags: u8,
    bytes: [u8; MESSAGE_MAX],
}

impl Kept {
    /// The message.
    pub fn message(&self) -> &[u8] {
        self.bytes.get(..length_of(self.code())).unwrap_or_default()
    }

    /// Its type.
    pub fn code(&self) -> u8 {
        self.bytes[0]
    }

    /// Whether its effect is still to come.
    pub fn is_pending(&self) -> bool {
        self.flags & flag::PENDING != 0
    }
}

/// An order that a message has taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its price.
    pub price: u32,
    /// Shares it still had.
    pub shares: u32,
    /// Its side.
    pub side: Side,
}

/// What is kept. See the [module](self).
#[derive(Debug)]
pub struct Store {
    entries: Box<[Entry]>,
    flags: Box<[u8]>,
    chains: Box<[Chain]>,
    /// Locates with something pending, in the order in which that was found.
    work: Vec<u16>,
    turn: u32,
    base: u64,
    head: u64,
    indexed: u64,
}

impl Store {
    /// Room for so many messages, rounded up to a power of two; none if 0.
    pub fn new(messages: u32) -> Store {
        let room = if messages == 0 { 0 } else { messages.next_power_of_two() as usize };
        let locates = if room == 0 { 0 } else { LOCATES };
        let chain = Chain { turn: 0, head: NIL, tail: NIL, pending: 0 };
        Store {
            entries: vec![EMPTY; room].into_boxed_slice(),
            flags: vec![0; room].into_boxed_slice(),
            chains: vec![chain; locates].into_boxed_slice(),
            work: Vec::with_capacity(locates),
            turn: 1,
            base: 0,
            head: 0,
            indexed: 0,
        }
    }

    /// Messages that there is room for.
    pub fn room(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Bytes that it takes.
    pub fn memory(&self) -> usize {
        size_of_val(&*self.entries)
            + size_of_val(&*self.flags)
            + size_of_val(&*self.chains)
            + self.work.capacity() * 2
    }

    /// First number of the window.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// The number behind the window.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Numbers in the window.
    pub fn len(&self) -> u64 {
        self.head - self.base
    }

    /// Whether the window is empty.
    pub fn is_empty(&self) -> bool {
        self.head == self.base
    }

    /// Begins an empty window at `base`.
    pub fn begin(&mut self, base: u64) {
        (self.base, self.head) = (base, base);
        self.begin_index(base);
    }

    /// Forgets the numbers below `base`, and the index with them.
    pub fn forget_below(&mut self, base: u64) {
        self.base = base.clamp(self.base, self.head);
        self.begin_index(self.base);
    }

    /// Forgets the numbers below `base`, none of which is in a list.
    pub fn advance(&mut self, base: u64) {
        self.base = base.clamp(self.base, self.head);
        self.indexed = self.indexed.max(self.base);
    }

    /// The oldest number that has to go before the window reaches to `head`; `None` if it fits.
    pub fn surplus(&self, head: u64) -> Option<u64> {
        let base = head.saturating_sub(self.room());
        (base > self.base).then_some(base)
    }

    #[inline]
    fn place(&self, number: u64) -> usize {
        number as usize & self.entries.len().wrapping_sub(1)
    }

    fn number_at(&self, place: u32) -> u64 {
        let place = u64::from(place);
        let mask = self.room().wrapping_sub(1);
        self.base + (place.wrapping_sub(self.base) & mask)
    }

    fn has(&self, number: u64) -> bool {
        number >= self.base && number < self.head
    }

    /// Extends the window over `[head, end)`, which is missing. The caller has made room.
    pub fn miss(&mut self, end: u64) {
        let count = end.saturating_sub(self.head).min(self.room()) as usize;
        let first = self.place(self.head);
        let rest = self.flags.len().saturating_sub(first).min(count);
        self.flags.iter_mut().skip(first).take(rest).for_each(|flags| *flags = 0);
        self.flags.iter_mut().take(count - rest).for_each(|flags| *flags = 0);
        self.head = self.head.max(end);
    }

    /// Keeps the message that comes next. The caller has made room.
    #[inline]
    pub fn keep(&mut self, bytes: &[u8], ts_receive: u64, origin: Origin) {
        let number = self.head;
        self.head += 1;
        self.put(number, bytes, ts_receive, origin, flag::KNOWN);
    }

    /// Keeps a message that was missing; `false` if it is not.
    pub fn fill(&mut self, number: u64, bytes: &[u8], ts_receive: u64, origin: Origin) -> bool {
        if !self.is_missing(number) {
            return false;
        }
        let flags = flag::KNOWN | flag::PENDING | flag::LATE;
        self.put(number, bytes, ts_receive, origin, flags);
        true
    }

    fn put(&mut self, number: u64, bytes: &[u8], ts_receive: u64, origin: Origin, flags: u8) {
        let place = self.place(number);
        let Some(entry) = self.entries.get_mut(place) else { return };
        let length = bytes.first().map_or(0, |&code| length_of(code));
        entry.ts_receive = ts_receive;
        entry.origin = origin.0;
        entry.next = NIL;
        match entry.bytes.get_mut(..bytes.len()) {
            Some(to) if length == bytes.len() => to.copy_from_slice(bytes),
            // No message: it has a number, and nothing to do.
            _ => entry.bytes[0] = 0,
        }
        if let Some(to) = self.flags.get_mut(place) {
            *to = flags;
        }
    }

    /// Whether a number of the window is missing.
    pub fn is_missing(&self, number: u64) -> bool {
        self.has(number) && self.flags.get(self.place(number)) == Some(&0)
    }

    /// How many of `[first, end)` are missing.
    pub fn missing_in(&self, first: u64, end: u64) -> u64 {
        let (first, end) = (first.max(self.base), end.min(self.head));
        (first..end).filter(|&number| self.is_missing(number)).count() as u64
    }

    /// A message of the window; `None` if it is missing.
    pub fn get(&self, number: u64) -> Option<Kept> {
        if !self.has(number) { None } else { self.at(self.place(number) as u32) }
    }

    /// The message at a place of a list.
    pub fn at(&self, place: u32) -> Option<Kept> {
        let flags = *self.flags.get(place as usize)?;
        let entry = self.entries.get(place as usize)?;
        (flags != 0).then_some(Kept {
            number: self.number_at(place),
            ts_receive: entry.ts_receive,
            origin: Origin(entry.origin),
            flags,
            bytes: entry.bytes,
        })
    }

    /// Changes the flags of a place.
    pub fn set_flags(&mut self, number: u64, set: u8, clear: u8) {
        let place = self.place(number);
        if let Some(flags) = self.flags.get_mut(place) {
            *flags = (*flags | set) & !clear;
        }
    }

    /// Notes the order that message `number` has taken away.
    pub fn set_gone(&mut self, number: u64, gone: Gone) {
        let place = self.place(number);
        if let Some(entry) = self.entries.get_mut(place)
            && let Some(to) = entry.bytes.get_mut(REMOVED_AT..REMOVED_AT + 9)
        {
            let (price, rest) = to.split_at_mut(4);
            let (shares, side) = rest.split_at_mut(4);
            price.copy_from_slice(&gone.price.to_le_bytes());
            shares.copy_from_slice(&gone.shares.to_le_bytes());
            side.fill(gone.side as u8);
        }
        self.set_flags(number, flag::REMOVED, 0);
    }

    /// The order that a message has taken away.
    pub fn gone(kept: &Kept) -> Option<Gone> {
        let [a, b, c, d, e, f, g, h, side] = *kept.bytes.get(REMOVED_AT..REMOVED_AT + 9)? else {
            return None;
        };
        (kept.flags & flag::REMOVED != 0).then_some(Gone {
            price: u32::from_le_bytes([a, b, c, d]),
            shares: u32::from_le_bytes([e, f, g, h]),
            side: if side == 0 { Side::Bid } else { Side::Ask },
        })
    }

    /// Begins the lists of all locates anew, from number `from` on.
    pub fn begin_index(&mut self, from: u64) {
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            // Lists of four thousand million turns ago must not come back.
            self.chains.iter_mut().for_each(|chain| chain.turn = 0);
            self.turn = 1;
        }
        self.work.clear();
        self.indexed = from.clamp(self.base, self.head);
    }

    /// Adds at most `budget` numbers to the lists; gives back how much of that is left, which is
    /// nothing unless all of the window is in them.
    pub fn index(&mut self, budget: u64) -> u64 {
        let end = self.head.min(self.indexed.saturating_add(budget));
        let left = budget - (end - self.indexed);
        for number in self.indexed..end {
            let place = self.place(number);
            let flags = self.flags.get(place).copied().unwrap_or(0);
            let Some(entry) =
                self.entries.get(place).filter(|entry| flags != 0 && entry.bytes[0] != 0)
            else {
                continue;
            };
            let locate = u16::from_be_bytes([entry.bytes[1], entry.bytes[2]]);
            self.append(locate, place as u32, flags & flag::PENDING != 0);
        }
        self.indexed = end;
        left
    }

    fn append(&mut self, locate: u16, place: u32, pending: bool) {
        let Some(chain) = self.chains.get_mut(usize::from(locate)) else { return };
        if chain.turn != self.turn {
            *chain = Chain { turn: self.turn, head: NIL, tail: NIL, pending: 0 };
        }
        let tail = std::mem::replace(&mut chain.tail, place);
        if tail == NIL {
            chain.head = place;
        }
        if pending {
            if chain.pending == 0 {
                // A locate is in it once: it is taken out only when the lists begin anew.
                self.work.push(locate);
            }
            chain.pending += 1;
        }
        if let Some(entry) = self.entries.get_mut(tail as usize) {
            entry.next = place;
        }
    }

    /// Locates with something pending, in the order in which that was found.
    pub fn work(&self) -> &[u16] {
        &self.work
    }

    /// First place of a locate's list.
    pub fn first_of(&self, locate: u16) -> u32 {
        match self.chains.get(usize::from(locate)) {
            Some(chain) if chain.turn == self.turn => chain.head,
            _ => NIL,
        }
    }

    /// The place behind `place` in its list.
    pub fn next_of(&self, place: u32) -> u32 {
        self.entries.get(place as usize).map_or(NIL, |entry| entry.next)
    }
}
