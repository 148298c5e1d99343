//! The overwriting ring: how much it keeps and how far it is.

use std::io::{self, Write};

use serde::Serialize;
use shm::tail::TailReader;

use crate::inspect::open::OpenRing;
use crate::inspect::page::{Page, Paint};

/// The ring.
#[derive(Debug, Serialize)]
pub struct Tail {
    capacity: usize,
    slot_lines: u32,
    /// Records that the producer has put into the ring.
    position: u64,
}

/// Reads the numbers of the ring.
pub fn read(ring: &OpenRing) -> Tail {
    // A reader joins at the stored position; a ring that fits its file is never refused.
    let reader = TailReader::<_>::new(ring.region.body().clone(), ring.capacity);
    let position = reader.map_or(0, |reader| reader.position());
    Tail { capacity: ring.capacity, slot_lines: ring.slot_lines, position }
}

impl Tail {
    /// Shows the numbers.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let (capacity, position) = (self.capacity, self.position);
        let line = format!("  overwriting ring: {capacity} slots, {position} records so far");
        page.line(&line, Paint::Plain)
    }
}
