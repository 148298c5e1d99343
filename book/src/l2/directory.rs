//! Where the pages are.
//!
//! Pages are found by the low bits of their tag, in a window of slots: pages that lie together in
//! price never meet there, the touch fits a few cache lines, and there is nothing to compute. Whether the page found is the one looked for is seen in the page itself,
//! which is read anyway. Pages a whole window apart do meet; then the better one, which is nearer to
//! the touch, has the place, and the other is kept in a small hash table.
//!
//! A search of the hash table looks at [`STEPS`] entries at most, so that no set of prices makes it
//! long; a page that finds no place among them is not made, and the caller keeps its levels elsewhere.

use super::page::Page;
use crate::table::{NIL, Table};

/// Entries looked at before a search ends.
const STEPS: usize = 16;

/// No page has this tag: its lowest bit says bid, and the number would need 63 bits.
const EMPTY: i64 = i64::MIN;

#[derive(Debug, Clone, Copy)]
#[repr(C, align(16))]
struct Entry {
    tag: i64,
    slot: u32,
}

const BLANK: Entry = Entry { tag: EMPTY, slot: NIL };

/// The slots of all pages by tag: `number << 1 | side`.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    /// Slots by the low bits of the tag: bids and asks in turn.
    window: Box<[u32]>,
    mask: usize,
    aside: Aside,
}

impl Directory {
    /// Room for `pages` pages.
    pub(super) fn new(pages: u32) -> Directory {
        let places = (pages as usize * 4).next_power_of_two();
        Directory {
            window: vec![NIL; places].into_boxed_slice(),
            mask: places - 1,
            aside: Aside::new(pages),
        }
    }

    #[inline(always)]
    fn place(&self, tag: i64) -> usize {
        tag as usize & self.mask
    }

    /// The slot that may be the page's: the caller looks whether it is.
    #[inline(always)]
    pub(super) fn guess(&self, tag: i64) -> u32 {
        self.window.get(self.place(tag)).copied().unwrap_or(NIL)
    }

    /// The slot of a page that is not where [`Directory::guess`] says, or [`NIL`].
    #[inline(never)]
    pub(super) fn find_aside(&self, tag: i64) -> u32 {
        self.aside.find(tag)
    }

    /// Enters a page that is not there. `false` if it finds no place.
    pub(super) fn insert(&mut self, pages: &Table<Page>, tag: i64, slot: u32) -> bool {
        let place = self.place(tag);
        let Some(entry) = self.window.get_mut(place) else { return false };
        let there = pages.at(*entry).tag;
        if *entry != NIL && (there > tag || !self.aside.insert(there, *entry)) {
            return self.aside.insert(tag, slot);
        }
        *entry = slot;
        true
    }

    /// Takes a page out.
    pub(super) fn remove(&mut self, tag: i64, slot: u32) {
        let place = self.place(tag);
        match self.window.get_mut(place) {
            Some(entry) if *entry == slot => *entry = NIL,
            _ => self.aside.remove(tag),
        }
    }

    /// Forgets all pages.
    pub(super) fn clear(&mut self) {
        self.window.fill(NIL);
        self.aside.clear();
    }
}

/// Pages whose place in the window another has: an open-addressed table with linear probing.
#[derive(Debug, Clone)]
struct Aside {
    entries: Box<[Entry]>,
    len: usize,
    /// Bits of the hash that are not used.
    shift: u32,
    mask: usize,
}

impl Aside {
    fn new(pages: u32) -> Aside {
        let places = (pages as usize * 2).next_power_of_two().max(STEPS);
        Aside {
            entries: vec![BLANK; places].into_boxed_slice(),
            len: 0,
            shift: 64 - places.trailing_zeros(),
            mask: places - 1,
        }
    }

    fn home(&self, tag: i64) -> usize {
        ((tag as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// The place of a page.
    fn place(&self, tag: i64) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let home = self.home(tag);
        for step in 0..STEPS {
            let at = (home + step) & self.mask;
            match self.entries.get(at)?.tag {
                found if found == tag => return Some(at),
                EMPTY => return None,
                _ => {}
            }
        }
        None
    }

    fn find(&self, tag: i64) -> u32 {
        let entry = self.place(tag).and_then(|at| self.entries.get(at));
        entry.map_or(NIL, |entry| entry.slot)
    }

    /// `false` if no place is near enough.
    fn insert(&mut self, tag: i64, slot: u32) -> bool {
        let home = self.home(tag);
        for step in 0..STEPS {
            let at = (home + step) & self.mask;
            let Some(entry) = self.entries.get_mut(at) else { break };
            if entry.tag == EMPTY {
                *entry = Entry { tag, slot };
                self.len += 1;
                return true;
            }
        }
        false
    }

    /// Takes a page out; those that had to go past it move up.
    fn remove(&mut self, tag: i64) {
        let Some(mut hole) = self.place(tag) else { return };
        self.len -= 1;
        let mut at = hole;
        for _ in 0..self.mask {
            at = (at + 1) & self.mask;
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
            *place = BLANK;
        }
    }

    fn clear(&mut self) {
        if self.len != 0 {
            self.entries.fill(BLANK);
            self.len = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn find(directory: &Directory, pages: &Table<Page>, tag: i64) -> u32 {
        let guess = directory.guess(tag);
        if pages.at(guess).tag == tag { guess } else { directory.find_aside(tag) }
    }

    proptest! {
        #[test]
        fn directory_equals_a_map(
            steps in prop::collection::vec(
                (any::<bool>(), prop_oneof![4 => -40..40_i64, 2 => -9..9_i64, 1 => any::<i64>()],
                 prop_oneof![Just(0), Just(6), Just(9)]), 1..600)
        ) {
            let mut directory = Directory::new(16);
            let mut pages = Table::new(600, Page::EMPTY);
            let mut map = HashMap::new();
            for (slot, (insert, number, shift)) in steps.into_iter().enumerate() {
                // Neighbours, pages a whole number of windows apart, and pages anywhere.
                let tag = if number.abs() < 100 { number << shift } else { number >> 6 };
                let slot = slot as u32;
                if insert && !map.contains_key(&tag) {
                    pages.at_mut(slot).begin(tag);
                    if directory.insert(&pages, tag, slot) {
                        map.insert(tag, slot);
                    } else {
                        prop_assert!(map.len() >= STEPS, "no place among {} pages", map.len());
                    }
                } else if !insert && let Some(slot) = map.remove(&tag) {
                    directory.remove(tag, slot);
                }
                let expected = map.get(&tag).copied().unwrap_or(NIL);
                prop_assert_eq!(find(&directory, &pages, tag), expected);
            }
            for (tag, slot) in &map {
                prop_assert_eq!(find(&directory, &pages, *tag), *slot);
            }
            directory.clear();
            prop_assert!(map.keys().all(|tag| find(&directory, &pages, *tag) == NIL));
        }
    }
}
