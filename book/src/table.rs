//! Fixed tables: all memory at start, 32-bit numbers instead of pointers, and no way to panic.
//!
//! Books link orders and levels by number. Every number in a book comes from a [`FreeList`] of the
//! right length, so it is in range; should that ever be false, a read of a [`Table`] gives the
//! blank element and a write lands on it, instead of ending the process.

use crate::memory::MemoryVisitor;

/// The number that means "no element".
pub(crate) const NIL: u32 = u32::MAX;

/// A fixed array addressed by `u32`, with a blank element outside its range.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    items: Box<[T]>,
    blank: T,
}

impl<T: Copy> Table<T> {
    /// A table of `len` copies of `blank`. Writing them also maps the memory.
    pub(crate) fn new(len: u32, blank: T) -> Self {
        Table { items: vec![blank; len as usize].into_boxed_slice(), blank }
    }

    #[inline(always)]
    pub(crate) fn at(&self, index: u32) -> &T {
        self.items.get(index as usize).unwrap_or(&self.blank)
    }

    #[inline(always)]
    pub(crate) fn at_mut(&mut self, index: u32) -> &mut T {
        match self.items.get_mut(index as usize) {
            Some(item) => item,
            None => &mut self.blank,
        }
    }

    /// Hints that an element and the one behind it will be read; outside the range, any.
    #[inline(always)]
    pub(crate) fn prefetch_pair(&self, index: u32) {
        simd::prefetch_pair(&self.items, index as usize);
    }

    /// The element, and outside the range any, without a branch on that.
    #[inline(always)]
    pub(crate) fn at_any(&self, index: u32) -> &T {
        self.at(simd::inside(self.items.len(), index as usize) as u32)
    }

    /// Hints that an element will be read; outside the range, any.
    #[inline(always)]
    pub(crate) fn prefetch(&self, index: u32) {
        simd::prefetch_near(&self.items, index as usize);
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Shows the table to `visitor`.
    pub(crate) fn memory<V: MemoryVisitor>(&mut self, name: &'static str, visitor: &mut V) {
        visitor.table(name, &mut self.items);
    }

    /// Sets every element to `value`.
    pub(crate) fn fill(&mut self, value: T) {
        self.items.fill(value);
    }
}

/// The unused numbers of a table: a stack, so that the number freed last, whose memory is still in
/// the cache, is used next.
#[derive(Debug, Clone)]
pub(crate) struct FreeList {
    numbers: Box<[u32]>,
    len: usize,
}

impl FreeList {
    /// All numbers below `len`, the lowest to be taken first.
    pub(crate) fn new(len: u32) -> Self {
        let mut list = FreeList { numbers: vec![0; len as usize].into_boxed_slice(), len: 0 };
        list.reset();
        list
    }

    /// Makes every number unused again.
    pub(crate) fn reset(&mut self) {
        let mut number = self.numbers.len() as u32;
        for place in &mut self.numbers {
            number -= 1;
            *place = number;
        }
        self.len = self.numbers.len();
    }

    /// Shows the list to `visitor`.
    pub(crate) fn memory<V: MemoryVisitor>(&mut self, name: &'static str, visitor: &mut V) {
        visitor.table(name, &mut self.numbers);
    }

    /// How many numbers are unused.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub(crate) fn take(&mut self) -> Option<u32> {
        let next = self.len.checked_sub(1)?;
        let number = *self.numbers.get(next)?;
        self.len = next;
        Some(number)
    }

    /// The number that will be taken `ahead` takings from now if none is given back until then; for
    /// hints.
    #[inline(always)]
    pub(crate) fn upcoming(&self, ahead: usize) -> u32 {
        let place = self.len.wrapping_sub(1 + ahead);
        self.numbers.get(place).copied().unwrap_or_default()
    }

    /// Gives a number back. The caller took it before and gives it back once.
    #[inline(always)]
    pub(crate) fn give(&mut self, number: u32) {
        if let Some(place) = self.numbers.get_mut(self.len) {
            *place = number;
            self.len += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_list_hands_out_each_number_once_and_the_last_freed_first() {
        let mut list = FreeList::new(3);
        assert_eq!([list.take(), list.take(), list.take()], [Some(0), Some(1), Some(2)]);
        assert_eq!(list.take(), None);
        assert_eq!(list.upcoming(0), 0);
        list.give(1);
        list.give(2);
        assert_eq!([list.upcoming(0), list.upcoming(1), list.upcoming(2)], [2, 1, 0]);
        assert_eq!([list.take(), list.take(), list.take()], [Some(2), Some(1), None]);
        list.reset();
        assert_eq!(list.len(), 3);
        assert_eq!(list.take(), Some(0));
    }

    #[test]
    fn table_out_of_range_is_the_blank_element() {
        let mut table = Table::new(2, 7_u8);
        *table.at_mut(1) = 9;
        assert_eq!([*table.at(0), *table.at(1), *table.at(NIL)], [7, 9, 7]);
    }
}
