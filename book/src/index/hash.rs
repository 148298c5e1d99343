//! Order index for references without order: open addressing, fixed capacity, no tombstones.
//!
//! Linear probing over at least twice as many places as orders, so a probe seldom leaves its cache
//! line. A removal moves later entries of the run back into the hole (backward shift), so lookups
//! do not slow down through the day as they do with tombstones. Only (reference, slot) pairs move;
//! the order itself keeps its slot.

use super::OrderIndex;
use crate::error::{BookError, LimitsError};
use crate::l3::L3Limits;
use crate::memory::MemoryVisitor;
use crate::table::{FreeList, NIL, Table};

/// One place of the hash table; unused where `slot` is NIL.
#[derive(Debug, Clone, Copy)]
struct Entry {
    reference: u64,
    slot: u32,
}

/// How far ahead a slot is fetched: more than the orders of the time that memory takes.
const UPCOMING: usize = 8;

const UNUSED: Entry = Entry { reference: 0, slot: NIL };

/// Hash table from reference to slot.
#[derive(Debug, Clone)]
pub struct HashIndex {
    entries: Table<Entry>,
    /// Number of places - 1; the number is a power of two.
    mask: u32,
    free: FreeList,
    /// The reference of each slot.
    references: Table<u64>,
}

impl HashIndex {
    /// Most orders: twice as many places must still have 32-bit numbers.
    const ORDERS_MAX: u32 = 1 << 30;

    /// Spreads references that differ in few bits over the table (the finaliser of SplitMix64).
    #[inline(always)]
    fn home(&self, reference: u64) -> u32 {
        let mut bits = reference.wrapping_add(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) as u32 & self.mask
    }

    /// The place where `reference` is, or the unused place that ends its run.
    #[inline(always)]
    fn probe(&self, reference: u64) -> u32 {
        let mut place = self.home(reference);
        loop {
            let entry = self.entries.at(place);
            if entry.slot == NIL || entry.reference == reference {
                return place;
            }
            place = (place + 1) & self.mask;
        }
    }
}

impl OrderIndex for HashIndex {
    const GROUP: u32 = 1;

    fn new(_limits: &L3Limits, orders: u32) -> Result<Self, LimitsError> {
        if orders > Self::ORDERS_MAX {
            let (asked, max) = (u64::from(orders), u64::from(Self::ORDERS_MAX));
            return Err(LimitsError::TooMany { what: "orders", asked, max });
        }
        let places = (orders.max(1) * 2).next_power_of_two();
        Ok(HashIndex {
            entries: Table::new(places, UNUSED),
            mask: places - 1,
            free: FreeList::new(orders),
            references: Table::new(orders, 0),
        })
    }

    fn slots(&self) -> u32 {
        self.references.len() as u32
    }

    #[inline(always)]
    fn find(&self, reference: u64) -> Option<u32> {
        let slot = self.entries.at(self.probe(reference)).slot;
        (slot != NIL).then_some(slot)
    }

    #[inline(always)]
    fn approach(&self, reference: u64) -> u32 {
        let home = self.home(reference);
        self.entries.prefetch(home);
        home
    }

    #[inline(always)]
    fn approached(&self, home: u32, _reference: u64) -> u32 {
        self.entries.at_any(home).slot
    }

    #[inline(always)]
    fn upcoming(&self) -> u32 {
        self.free.upcoming(UPCOMING)
    }

    #[inline(always)]
    fn enter(&mut self, reference: u64) -> Result<u32, BookError> {
        let place = self.probe(reference);
        let entry = self.entries.at_mut(place);
        if entry.slot == NIL {
            let slot = self.free.take().ok_or(BookError::OrderTableFull)?;
            *entry = Entry { reference, slot };
            *self.references.at_mut(slot) = reference;
        }
        Ok(entry.slot)
    }

    #[inline(always)]
    fn leave(&mut self, reference: u64, slot: u32, _last: bool) {
        let mut hole = self.probe(reference);
        if self.entries.at(hole).slot != slot {
            return;
        }
        let mut place = hole;
        loop {
            place = (place + 1) & self.mask;
            let entry = *self.entries.at(place);
            if entry.slot == NIL {
                break;
            }
            // An entry may move back to the hole unless its home lies after the hole.
            let from_home = place.wrapping_sub(self.home(entry.reference)) & self.mask;
            let from_hole = place.wrapping_sub(hole) & self.mask;
            if from_home >= from_hole {
                *self.entries.at_mut(hole) = entry;
                hole = place;
            }
        }
        *self.entries.at_mut(hole) = UNUSED;
        self.free.give(slot);
    }

    #[inline]
    fn reference(&self, slot: u32) -> u64 {
        *self.references.at(slot)
    }

    fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V) {
        self.entries.memory("order index", visitor);
        self.free.memory("order index", visitor);
        self.references.memory("order index", visitor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn index_equals_a_map_at_full_load_and_slots_are_never_shared() {
        let mut index = HashIndex::new(&L3Limits::new(1, 64), 64).unwrap();
        let mut wanted = HashMap::new();
        let mut state = 1_u64;
        for step in 0..60_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // A multiple of 2^40: references that differ in few bits.
            let reference = (state >> 57) << if step % 2 == 0 { 0 } else { 40 };
            assert_eq!(index.find(reference), wanted.get(&reference).copied());
            if let Some(slot) = wanted.remove(&reference) {
                assert_eq!(index.reference(slot), reference);
                index.leave(reference, slot, true);
            } else if wanted.len() < 64 {
                let slot = index.enter(reference).unwrap();
                assert_eq!(index.enter(reference), Ok(slot));
                assert!(slot < index.slots() && !wanted.values().any(|other| *other == slot));
                wanted.insert(reference, slot);
            } else {
                assert_eq!(index.enter(reference), Err(BookError::OrderTableFull));
            }
            if step % 1_000 == 0 {
                for (reference, slot) in &wanted {
                    assert_eq!(index.find(*reference), Some(*slot));
                }
            }
        }
    }
}
