//! The pages of each side in order, best first, with the number of levels in each run of them.
//!
//! An update finds its page through the directory and needs no order; the order serves the next best
//! level, positions, and reading a book from the best on. It changes only when a page comes or goes,
//! which is one update in some dozens. So it is kept flat: runs of up to sixteen pages, and for each
//! side one list of runs.

use simd::{Isa, LANES};

use super::page::Page;
use crate::table::{FreeList, NIL, Table};

/// Neighbours that fit together in this many places are merged: less than a whole run, so that a
/// page that comes and goes does not split and merge forever.
const MERGE: usize = 12;

/// Up to sixteen neighbouring pages.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Run {
    /// Numbers of the pages, descending; `i64::MIN` beyond `len`.
    numbers: [i64; LANES],
    slots: [u32; LANES],
    len: u32,
}

impl Run {
    const EMPTY: Run = Run { numbers: [i64::MIN; LANES], slots: [NIL; LANES], len: 0 };

    #[inline(always)]
    fn used(&self) -> &[u32] {
        self.slots.get(..self.len as usize).unwrap_or_default()
    }
}

/// The runs of one side, best first.
#[derive(Debug, Clone)]
struct Spine {
    runs: Box<[u32]>,
    len: usize,
    /// Pages in these runs.
    pages: u32,
}

impl Spine {
    #[inline(always)]
    fn used(&self) -> &[u32] {
        self.runs.get(..self.len).unwrap_or_default()
    }

    fn insert(&mut self, at: usize, run: u32) {
        if let Some([first, rest @ ..]) = self.runs.get_mut(at..=self.len) {
            let moved = core::mem::replace(first, run);
            if let Some(last) = rest.last_mut() {
                *last = moved;
                rest.rotate_right(1);
            }
            self.len += 1;
        }
    }

    fn remove(&mut self, at: usize) {
        if let Some(part) = self.runs.get_mut(at..self.len).filter(|part| !part.is_empty()) {
            part.rotate_left(1);
            self.len -= 1;
        }
    }
}

/// The order of all pages of a book.
#[derive(Debug, Clone)]
pub(super) struct Order {
    runs: Table<Run>,
    /// Levels in the pages of each run.
    levels: Box<[u32]>,
    free: FreeList,
    spines: [Spine; 2],
    isa: Isa,
}

impl Order {
    /// Room for `pages` pages: any two neighbouring runs have nine pages or more together, so the
    /// runs are fewer than two ninths of the pages and two for each side.
    pub(super) fn new(pages: u32) -> Order {
        let runs = pages / 4 + 8;
        let list = || Spine { runs: vec![NIL; runs as usize].into_boxed_slice(), len: 0, pages: 0 };
        Order {
            runs: Table::new(runs, Run::EMPTY),
            levels: vec![0; runs as usize].into_boxed_slice(),
            free: FreeList::new(runs),
            spines: [list(), list()],
            isa: Isa::detect(),
        }
    }

    /// Number of pages of a side.
    pub(super) fn pages(&self, side: u32) -> u32 {
        self.spine(side).pages
    }

    /// Counts levels that came (`now` 1) or went (`before` 1) in a page of a run.
    #[inline(always)]
    pub(super) fn count(&mut self, run: u32, before: u32, now: u32) {
        if let Some(levels) = self.levels.get_mut(run as usize) {
            *levels = levels.wrapping_add(now).wrapping_sub(before);
        }
    }

    #[inline(always)]
    fn spine(&self, side: u32) -> &Spine {
        &self.spines[(side & 1) as usize]
    }

    /// Which run of the side a page belongs to; of neighbours the worse, so that it is the one that
    /// holds it if any does. 0 for a page better than all.
    fn place(&self, side: u32, number: i64) -> usize {
        let runs = self.spine(side).used();
        let not_worse = |run: &u32| self.runs.at(*run).numbers[0] >= number;
        runs.partition_point(not_worse).saturating_sub(1)
    }

    /// Puts a page that is not there into the order. The page is empty.
    pub(super) fn insert(&mut self, pages: &mut Table<Page>, side: u32, slot: u32) {
        let number = pages.at(slot).number();
        let mut at = self.place(side, number);
        let mut run = match self.spine(side).used().get(at) {
            Some(run) => *run,
            None => match self.start(side, at) {
                Some(run) => run,
                None => return,
            },
        };
        if self.runs.at(run).len as usize == LANES {
            self.split(pages, side, at, run);
            at = self.place(side, number);
            run = self.spine(side).used().get(at).copied().unwrap_or(NIL);
        }
        let isa = self.isa;
        let into = self.runs.at_mut(run);
        let place = isa.rank(&into.numbers, number);
        isa.insert(&mut into.numbers, &mut into.slots, place, (number, slot));
        into.len += 1;
        pages.at_mut(slot).leaf = run;
        self.spines[(side & 1) as usize].pages += 1;
    }

    /// A new, empty run at a place of a side's list.
    fn start(&mut self, side: u32, at: usize) -> Option<u32> {
        let run = self.free.take()?;
        *self.runs.at_mut(run) = Run::EMPTY;
        *self.levels.get_mut(run as usize)? = 0;
        self.spines[(side & 1) as usize].insert(at, run);
        Some(run)
    }

    /// Moves the worse half of a full run into a new one behind it.
    fn split(&mut self, pages: &mut Table<Page>, side: u32, at: usize, run: u32) {
        let Some(new) = self.start(side, at + 1) else { return };
        self.move_pages(pages, run, LANES / 2, new);
    }

    /// Moves the pages of `from`, from a place on, to the end of `to`, which has room.
    fn move_pages(&mut self, pages: &mut Table<Page>, from: u32, place: usize, to: u32) {
        let (mut source, mut target) = (*self.runs.at(from), *self.runs.at(to));
        let mut levels = 0;
        for place in place..source.len as usize {
            let (lane, end) = (place & (LANES - 1), target.len as usize & (LANES - 1));
            let (number, slot) = (source.numbers[lane], source.slots[lane]);
            (target.numbers[end], target.slots[end]) = (number, slot);
            target.len += 1;
            (source.numbers[lane], source.slots[lane]) = (i64::MIN, NIL);
            let page = pages.at_mut(slot);
            page.leaf = to;
            levels += page.len();
        }
        source.len = source.len.min(place as u32);
        (*self.runs.at_mut(from), *self.runs.at_mut(to)) = (source, target);
        self.count(from, levels, 0);
        self.count(to, 0, levels);
    }

    /// Takes a page out of the order. Its levels are gone already.
    pub(super) fn remove(&mut self, pages: &mut Table<Page>, side: u32, slot: u32) {
        let page = pages.at(slot);
        let (number, run, isa) = (page.number(), page.leaf, self.isa);
        let at = self.place(side, number);
        let from = self.runs.at_mut(run);
        let place = isa.rank(&from.numbers, number);
        if place >= from.len as usize {
            return;
        }
        isa.remove(&mut from.numbers, &mut from.slots, place, (i64::MIN, NIL));
        from.len -= 1;
        self.spines[(side & 1) as usize].pages -= 1;
        if from.len == 0 {
            self.spines[(side & 1) as usize].remove(at);
            self.free.give(run);
            return;
        }
        self.merge(pages, side, at);
        if let Some(before) = at.checked_sub(1) {
            self.merge(pages, side, before);
        }
    }

    /// Merges the run at a place with the one behind it, where they are small enough.
    fn merge(&mut self, pages: &mut Table<Page>, side: u32, at: usize) {
        let Some(&[left, right]) = self.spine(side).used().get(at..at + 2) else { return };
        if (self.runs.at(left).len + self.runs.at(right).len) as usize <= MERGE {
            self.move_pages(pages, right, 0, left);
            self.spines[(side & 1) as usize].remove(at + 1);
            self.free.give(right);
        }
    }

    /// The slot of the best page of a side, or [`NIL`].
    #[inline(always)]
    pub(super) fn first(&self, side: u32) -> u32 {
        match self.spine(side).used().first() {
            Some(run) => self.runs.at(*run).slots[0],
            None => NIL,
        }
    }

    /// The slot of the worst page of a side, or [`NIL`].
    pub(super) fn last(&self, side: u32) -> u32 {
        let run = self.spine(side).used().last();
        run.and_then(|run| self.runs.at(*run).used().last()).copied().unwrap_or(NIL)
    }

    /// Levels of a side that lie in pages better than this one, whether the page exists or not.
    #[inline]
    pub(super) fn better(&self, pages: &Table<Page>, side: u32, number: i64) -> u32 {
        let at = self.place(side, number);
        let (before, rest) = self.spine(side).used().split_at_checked(at).unwrap_or_default();
        let levels = |run: &u32| self.levels.get(*run as usize).copied().unwrap_or(0);
        let before: u32 = before.iter().map(levels).sum();
        let Some(run) = rest.first() else { return before };
        let run = self.runs.at(*run);
        let within = run.used().get(..self.isa.rank(&run.numbers, number)).unwrap_or_default();
        before + within.iter().map(|slot| pages.at(*slot).len()).sum::<u32>()
    }

    /// The page that holds the level with `nth` better ones, and how many of these are in it.
    pub(super) fn nth(&self, pages: &Table<Page>, side: u32, nth: u32) -> Option<(u32, u32)> {
        let mut left = nth;
        for run in self.spine(side).used() {
            let levels = self.levels.get(*run as usize).copied().unwrap_or(0);
            if left >= levels {
                left -= levels;
                continue;
            }
            for slot in self.runs.at(*run).used() {
                let levels = pages.at(*slot).len();
                if left < levels {
                    return Some((*slot, left));
                }
                left -= levels;
            }
        }
        None
    }

    /// The slot of the page at a place of a run of a side, for walking.
    #[inline(always)]
    pub(super) fn slot(&self, side: u32, run: usize, place: usize) -> Option<u32> {
        let run = self.spine(side).used().get(run)?;
        self.runs.at(*run).used().get(place).copied()
    }

    /// Forgets all pages.
    pub(super) fn clear(&mut self) {
        self.free.reset();
        self.spines.iter_mut().for_each(|spine| (spine.len, spine.pages) = (0, 0));
    }
}
