//! The FIFO queue of one price level.
//!
//! Priority at a price is by time, so an order joins behind all others; it can leave from anywhere.
//! A queue is an array of slots cut into pieces: the first eight in the level's record, the others
//! in lines of twelve that are linked to each other. An order knows its piece. So an order that
//! joins or leaves touches its own line and one of the queue, whatever the length of the queue,
//! and no order but itself; with links from order to order it would touch two others.
//!
//! A piece that is left with few orders gives them to a neighbour that has room. Therefore queues
//! never have more pieces than half as many as orders, which is how many there are.

use core::mem::{align_of, size_of};

use super::order::Orders;
use crate::levels::{HERE, Record};
use crate::memory::MemoryVisitor;
use crate::table::{FreeList, NIL, Table};

/// Orders that a piece names.
const SLOTS: usize = 12;

/// A piece with at most so many orders gives them away if it can.
const FEW: usize = 4;

/// A part of a queue.
///
/// | offset | size | field | |
/// |--|--|--|--|
/// | 0 | 4 | next | the piece behind it, or NIL |
/// | 4 | 4 | previous | the piece before it; NIL: the record is |
/// | 8 | 4 | len | orders, 1 to 12 |
/// | 12 | 4 | | unused |
/// | 16 | 48 | slots | of its orders, NIL behind the last |
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Piece {
    next: u32,
    previous: u32,
    len: u32,
    unused: u32,
    slots: [u32; SLOTS],
}

const _: () = assert!(size_of::<Piece>() == 64 && align_of::<Piece>() == 64);

impl Piece {
    const EMPTY: Piece =
        Piece { next: NIL, previous: NIL, len: 0, unused: 0, slots: [NIL; SLOTS] };
}

/// The pieces of all queues.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    pieces: Table<Piece>,
    free: FreeList,
}

impl Queues {
    /// Pieces enough for `orders` orders.
    pub(super) fn new(orders: u32) -> Queues {
        let pieces = orders / 2 + 1;
        Queues { pieces: Table::new(pieces, Piece::EMPTY), free: FreeList::new(pieces) }
    }

    /// Whether any order can join any queue.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.free.len() > 0
    }

    /// Puts `slot` behind all others of the queue, which has `orders` without it. Returns the piece
    /// that names it. The caller asked [`Queues::has_room`].
    #[inline(always)]
    pub(super) fn join(&mut self, record: &mut Record, slot: u32) -> u32 {
        if record.last == NIL
            && let Some(place) = record.queue.get_mut(record.orders as usize)
        {
            *place = slot;
            return NIL;
        }
        self.join_piece(record, slot)
    }

    #[inline(never)]
    fn join_piece(&mut self, record: &mut Record, slot: u32) -> u32 {
        let last = self.pieces.at_mut(record.last);
        if record.last != NIL
            && let Some(place) = last.slots.get_mut(last.len as usize)
        {
            *place = slot;
            last.len += 1;
            return record.last;
        }
        let Some(number) = self.free.take() else { return NIL };
        let mut piece = Piece { previous: record.last, len: 1, ..Piece::EMPTY };
        piece.slots[0] = slot;
        *self.pieces.at_mut(number) = piece;
        if record.last == NIL {
            record.first = number;
        } else {
            self.pieces.at_mut(record.last).next = number;
        }
        record.last = number;
        number
    }

    /// Takes `slot` out of the queue, of which `piece` names it.
    #[inline(always)]
    pub(super) fn leave(
        &mut self,
        record: &mut Record,
        orders: &mut Orders,
        slot: u32,
        piece: u32,
    ) {
        if piece != NIL {
            return self.leave_piece(record, orders, slot, piece);
        }
        take_out(&mut record.queue, slot);
        if record.first != NIL && record.queue[0] == NIL {
            self.settle(record, orders, record.first, HERE);
        }
    }

    #[inline(never)]
    fn leave_piece(&mut self, record: &mut Record, orders: &mut Orders, slot: u32, number: u32) {
        let piece = self.pieces.at_mut(number);
        take_out(&mut piece.slots, slot);
        piece.len = piece.len.saturating_sub(1);
        match piece.len {
            0 => self.unlink(record, number),
            _ => self.settle(record, orders, number, FEW),
        }
    }

    /// Gives the orders of a piece to a neighbour, if they are at most `most` and it has room.
    #[inline(never)]
    fn settle(&mut self, record: &mut Record, orders: &mut Orders, number: u32, most: usize) {
        let piece = *self.pieces.at(number);
        let len = piece.len as usize;
        let Some(moved) = piece.slots.get(..len).filter(|_| len <= most) else { return };
        if piece.previous == NIL {
            let here = record.queue.iter().filter(|slot| **slot != NIL).count();
            if let Some(room) = record.queue.get_mut(here..here + len) {
                room.copy_from_slice(moved);
                return self.moved(record, orders, moved, (number, NIL));
            }
        } else {
            let before = self.pieces.at_mut(piece.previous);
            let from = before.len as usize;
            if let Some(room) = before.slots.get_mut(from..from + len) {
                room.copy_from_slice(moved);
                before.len += piece.len;
                return self.moved(record, orders, moved, (number, piece.previous));
            }
        }
        if piece.next == NIL {
            return;
        }
        let behind = self.pieces.at_mut(piece.next);
        if behind.len as usize + len <= SLOTS {
            behind.slots.copy_within(..SLOTS - len, len);
            if let Some(room) = behind.slots.get_mut(..len) {
                room.copy_from_slice(moved);
            }
            behind.len += piece.len;
            self.moved(record, orders, moved, (number, piece.next));
        }
    }

    /// The orders of piece `from` are in `to` now: tells them, and frees the piece.
    fn moved(
        &mut self,
        record: &mut Record,
        orders: &mut Orders,
        moved: &[u32],
        (from, to): (u32, u32),
    ) {
        for slot in moved {
            orders.at_mut(*slot).piece = to;
        }
        self.unlink(record, from);
    }

    fn unlink(&mut self, record: &mut Record, number: u32) {
        let Piece { next, previous, .. } = *self.pieces.at(number);
        if previous == NIL {
            record.first = next;
        } else {
            self.pieces.at_mut(previous).next = next;
        }
        if next == NIL {
            record.last = previous;
        } else {
            self.pieces.at_mut(next).previous = previous;
        }
        self.free.give(number);
    }

    /// The orders of a queue, first to last.
    pub(super) fn walk(&self, record: &Record) -> Walk<'_> {
        Walk { queues: self, here: record.queue, next: record.first, piece: NIL, place: 0 }
    }

    #[inline(always)]
    pub(super) fn prefetch(&self, piece: u32) {
        self.pieces.prefetch(piece);
    }

    pub(super) fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V) {
        self.pieces.memory("queues", visitor);
        self.free.memory("queues", visitor);
    }

    #[cfg(test)]
    pub(super) fn in_use(&self) -> usize {
        self.pieces.len() - self.free.len()
    }
}

/// Takes `slot` out of an array; what is behind it moves up. Without a branch on where it is.
#[inline(always)]
fn take_out<const N: usize>(slots: &mut [u32; N], slot: u32) {
    let old = *slots;
    let mut place = N as u32;
    for (at, other) in old.iter().enumerate() {
        place = if *other == slot { at as u32 } else { place };
    }
    for at in 0..N - 1 {
        slots[at] = if at as u32 >= place { old[at + 1] } else { old[at] };
    }
    slots[N - 1] = if place < N as u32 { NIL } else { old[N - 1] };
}

/// Slots of a queue, first to last.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    queues: &'a Queues,
    here: [u32; HERE],
    /// The piece behind the one at hand.
    next: u32,
    /// The piece at hand; NIL: `here`.
    piece: u32,
    place: usize,
}

impl Iterator for Walk<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        loop {
            let slots: &[u32] = match self.piece {
                NIL => &self.here,
                piece => &self.queues.pieces.at(piece).slots,
            };
            if let Some(slot) = slots.get(self.place).filter(|slot| **slot != NIL) {
                self.place += 1;
                return Some(*slot);
            }
            if self.next == NIL {
                return None;
            }
            (self.piece, self.place) = (self.next, 0);
            self.next = self.queues.pieces.at(self.piece).next;
        }
    }
}
