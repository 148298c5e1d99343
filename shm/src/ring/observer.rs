//! Looking at a ring that belongs to two others.

use super::RingShape;
use crate::follow::{Followed, Follower};
use crate::lines::{LINE_WORDS, Lines};
use crate::slot::ShapeError;
use crate::sync::Ordering;

/// A read-only follower of a seat's ring, for tools. Neither side notices it.
#[derive(Debug)]
pub struct Observer<L, const W: usize = LINE_WORDS> {
    follower: Follower<L, W>,
    position_line: usize,
    missed: u64,
    overruns: u64,
}

impl<L: Lines, const W: usize> Observer<L, W> {
    /// Joins at the producer's stored position. `shape.cursor_line` is not used.
    ///
    /// # Errors
    /// [`ShapeError`] if a ring of this shape does not fit.
    pub fn new(ring: L, shape: RingShape) -> Result<Self, ShapeError> {
        let RingShape { capacity, position_line, slots_line, .. } = shape;
        let mut follower = Follower::new(ring, position_line, slots_line, capacity)?;
        follower.seek(stored_head(follower.lines(), position_line));
        Ok(Observer { follower, position_line, missed: 0, overruns: 0 })
    }

    /// Goes back so that the last `records` that are still there come first, at most a ring's
    /// worth less the one slot that the producer may be writing.
    pub fn rewind(&mut self, records: u64) {
        let head = stored_head(self.follower.lines(), self.position_line);
        let back = records.min(self.follower.capacity() - 1).min(head);
        self.follower.seek(head - back);
    }

    /// The next record, nothing, or how many were missed.
    #[inline]
    pub fn poll(&mut self) -> Followed<W> {
        let line = self.position_line;
        let found = self.follower.next(|ring| stored_head(ring, line));
        if let Followed::Lapped { missed } = found {
            self.missed = self.missed.wrapping_add(missed);
            self.overruns += 1;
        }
        found
    }

    /// Position of the next record.
    pub fn position(&self) -> u64 {
        self.follower.position()
    }

    /// Records missed since the observer joined.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// How often the producer has overtaken this observer.
    pub fn overruns(&self) -> u64 {
        self.overruns
    }
}

fn stored_head<L: Lines>(ring: &L, position_line: usize) -> u64 {
    // Partner: `RingWriter::store_position`; only a number, the tags say what is there.
    ring.line(position_line)[0].load(Ordering::Relaxed)
}
