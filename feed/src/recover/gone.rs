//! Which kept message took an order away: looked up where a late execution finds its order gone.
//!
//! A hash table of one instrument's orders at a time. Emptying it costs nothing: a cell of an
//! earlier turn is an empty one.

/// A cell: turn, place.
type Cell = (u32, u32);

/// Orders that are gone, by reference.
#[derive(Debug)]
pub(super) struct GoneOrders {
    cells: Box<[Cell]>,
    turn: u32,
}

impl GoneOrders {
    /// For at most `messages`.
    pub(super) fn new(messages: u32) -> GoneOrders {
        let cells = if messages == 0 { 0 } else { 2 * messages.next_power_of_two() as usize };
        GoneOrders { cells: vec![(0, 0); cells].into_boxed_slice(), turn: 0 }
    }

    /// Bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.cells)
    }

    /// Forgets all.
    pub(super) fn begin(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            self.cells.fill((0, 0));
            self.turn = 1;
        }
    }

    fn cell(&self, reference: u64) -> usize {
        // Fibonacci hashing: the upper bits are the well mixed ones.
        let hash = reference.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        hash as usize & self.cells.len().wrapping_sub(1)
    }

    /// Notes that the message at `place` took an order away.
    pub(super) fn insert(&mut self, reference: u64, place: u32) {
        let (mut at, mask) = (self.cell(reference), self.cells.len().wrapping_sub(1));
        for _ in 0..self.cells.len() {
            let Some(cell) = self.cells.get_mut(at) else { return };
            if cell.0 != self.turn {
                *cell = (self.turn, place);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// The place for which `is_it` holds, among those with this reference's hash.
    pub(super) fn find(&self, reference: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let (mut at, mask) = (self.cell(reference), self.cells.len().wrapping_sub(1));
        for _ in 0..self.cells.len() {
            let &(turn, place) = self.cells.get(at)?;
            if turn != self.turn {
                return None;
            }
            if is_it(place) {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_reference_until_the_next_turn() {
        let mut gone = GoneOrders::new(8);
        let places: Vec<u64> = (0..8).map(|n| n << 40 | n).collect();
        for turn in 0..3 {
            gone.begin();
            assert_eq!(gone.find(places[0], |_| true), None, "turn {turn}");
            for (place, &reference) in (0..).zip(&places) {
                gone.insert(reference, place);
            }
            for (place, &reference) in (0..).zip(&places) {
                let is_it = |at: u32| places[at as usize] == reference;
                assert_eq!(gone.find(reference, is_it), Some(place));
            }
            assert_eq!(gone.find(99, |at| places[at as usize] == 99), None);
        }
    }
}
