//! Where the pages are: a hash table from a page's number and side to its slot.
//!
//! Four entries share a cache line, and four neighbouring pages of a side share the four entries of
//! one line: the table has four lanes, each an open-addressed table of its own with linear probing,
//! and all four lanes hash by the number divided by four. The touch of a book then lies in a few
//! lines. A search looks at [`STEPS`] entries at most, so that no set of prices makes it long; a page
//! that finds no place among them is not made, and the caller keeps its levels elsewhere.

use crate::table::NIL;

/// Entries looked at before a search ends.
const STEPS: usize = 16;
/// Entries of one line.
const LANES: usize = 4;
/// Entries for every page that can exist, so that most searches end at their first.
const SPARSE: usize = 4;

/// No page has this tag: its lowest bit says bid, and the number would need 63 bits.
const EMPTY: i64 = i64::MIN;

#[derive(Debug, Clone, Copy)]
#[repr(C, align(16))]
struct Entry {
    tag: i64,
    slot: u32,
}

/// The slots of all pages by tag: `number << 1 | side`.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    entries: Box<[Entry]>,
    /// Bits of the hash that are not used.
    shift: u32,
    mask: usize,
}

impl Directory {
    /// Room for `pages` pages.
    pub(super) fn new(pages: u32) -> Directory {
        let len = (pages as usize * SPARSE).next_power_of_two().max(STEPS * LANES);
        let blank = Entry { tag: EMPTY, slot: NIL };
        Directory {
            entries: vec![blank; len].into_boxed_slice(),
            shift: 64 - (len / LANES).trailing_zeros(),
            mask: len - 1,
        }
    }

    /// The first entry to look at.
    #[inline(always)]
    fn home(&self, tag: i64) -> usize {
        let line = (tag >> 3) << 1 | tag & 1;
        let hash = (line as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift;
        hash as usize * LANES + (tag >> 1 & 3) as usize
    }

    /// The slot of a page, or [`NIL`].
    #[inline(always)]
    pub(super) fn find(&self, tag: i64) -> u32 {
        let home = self.home(tag);
        let Some(entry) = self.entries.get(home) else { return NIL };
        if entry.tag == tag {
            return entry.slot;
        }
        self.find_behind(home, tag)
    }

    #[inline(never)]
    fn find_behind(&self, home: usize, tag: i64) -> u32 {
        for step in 0..STEPS {
            let Some(entry) = self.entries.get((home + step * LANES) & self.mask) else { break };
            if entry.tag == tag {
                return entry.slot;
            }
            if entry.tag == EMPTY {
                break;
            }
        }
        NIL
    }

    /// Enters a page that is not there. `false` if no place is near enough.
    pub(super) fn insert(&mut self, tag: i64, slot: u32) -> bool {
        let home = self.home(tag);
        for step in 0..STEPS {
            let at = (home + step * LANES) & self.mask;
            let Some(entry) = self.entries.get_mut(at) else { break };
            if entry.tag == EMPTY {
                *entry = Entry { tag, slot };
                return true;
            }
        }
        false
    }

    /// Takes a page out; those that had to go past it move up.
    pub(super) fn remove(&mut self, tag: i64) {
        let home = self.home(tag);
        let step = (0..STEPS).find(|step| {
            let entry = self.entries.get((home + step * LANES) & self.mask);
            entry.is_some_and(|entry| entry.tag == tag)
        });
        let Some(step) = step else { return };
        let mut hole = (home + step * LANES) & self.mask;
        let mut at = hole;
        for _ in 0..self.entries.len() / LANES {
            at = (at + LANES) & self.mask;
            let Some(entry) = self.entries.get(at).copied() else { break };
            if entry.tag == EMPTY {
                break;
            }
            let from_home = at.wrapping_sub(self.home(entry.tag)) & self.mask;
            let from_hole = at.wrapping_sub(hole) & self.mask;
            if from_home >= from_hole {
                if let Some(place) = self.entries.get_mut(hole) {
                    *place = entry;
                }
                hole = at;
            }
        }
        if let Some(place) = self.entries.get_mut(hole) {
            *place = Entry { tag: EMPTY, slot: NIL };
        }
    }

    /// Forgets all pages.
    pub(super) fn clear(&mut self) {
        self.entries.fill(Entry { tag: EMPTY, slot: NIL });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn directory_equals_a_map(
            steps in prop::collection::vec(
                (any::<bool>(), prop_oneof![4 => -40..40_i64, 1 => any::<i64>()]), 1..600)
        ) {
            let mut directory = Directory::new(16);
            let mut map = HashMap::new();
            for (slot, (insert, number)) in steps.into_iter().enumerate() {
                let tag = number >> 6;
                let tag = if (-40..40).contains(&number) { number } else { tag };
                if insert && !map.contains_key(&tag) {
                    let before = map.len();
                    if directory.insert(tag, slot as u32) {
                        map.insert(tag, slot as u32);
                    } else {
                        prop_assert!(before >= STEPS, "no place among {} pages", before);
                    }
                } else if !insert {
                    directory.remove(tag);
                    map.remove(&tag);
                }
                prop_assert_eq!(directory.find(tag), map.get(&tag).copied().unwrap_or(NIL));
            }
            for (tag, slot) in &map {
                prop_assert_eq!(directory.find(*tag), *slot);
            }
            directory.clear();
            prop_assert!(map.keys().all(|tag| directory.find(*tag) == NIL));
        }
    }
}
