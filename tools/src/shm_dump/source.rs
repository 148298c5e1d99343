//! Rings to read records from: a seat's, or the overwriting one, with slots of any common size.

use shm::follow::Followed;
use shm::mapping::MappedLines;
use shm::ring::Observer;
use shm::seat::layout::ring_shape;
use shm::slot::ShapeError;
use shm::tail::TailReader;

use super::DumpError;
use crate::inspect::open::OpenRing;

/// What stands at a reader's position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A record and its position.
    Record(u64, Vec<u64>),
    /// Nothing new.
    Empty,
    /// So many records were overwritten before they could be read.
    Missed(u64),
}

/// A reader that its producer does not notice.
pub trait Source {
    /// Goes back by up to `records`, as far as they are still there.
    fn rewind(&mut self, records: u64);
    /// The next record.
    fn poll(&mut self) -> Found;
}

fn found<const W: usize>(position: u64, followed: Followed<W>) -> Found {
    match followed {
        Followed::Record(words) => Found::Record(position, words.to_vec()),
        Followed::Empty => Found::Empty,
        Followed::Lapped { missed } => Found::Missed(missed),
    }
}

impl<const W: usize> Source for Observer<MappedLines, W> {
    fn rewind(&mut self, records: u64) {
        Observer::rewind(self, records);
    }

    fn poll(&mut self) -> Found {
        let position = self.position();
        found(position, Observer::poll(self))
    }
}

impl<const W: usize> Source for TailReader<MappedLines, W> {
    fn rewind(&mut self, records: u64) {
        TailReader::rewind(self, records);
    }

    fn poll(&mut self) -> Found {
        let position = self.position();
        found(position, TailReader::poll(self))
    }
}

/// Which of the two flavours a ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// A seat's ring.
    Seat,
    /// The overwriting ring.
    Tail,
}

fn boxed<const W: usize>(ring: &OpenRing, flavour: Flavour) -> Result<Box<dyn Source>, ShapeError> {
    let body = ring.region.body().clone();
    Ok(match flavour {
        Flavour::Seat => Box::new(Observer::<_, W>::new(body, ring_shape(ring.capacity))?),
        Flavour::Tail => Box::new(TailReader::<_, W>::new(body, ring.capacity)?),
    })
}

/// A reader at the head of a ring.
///
/// # Errors
/// [`DumpError::Slot`] for slots of unusual size, [`DumpError::Ring`] where it does not fit.
pub fn open(ring: &OpenRing, flavour: Flavour) -> Result<Box<dyn Source>, DumpError> {
    let path = || ring.region.path().to_path_buf();
    let source = match ring.slot_lines {
        1 => boxed::<8>(ring, flavour),
        2 => boxed::<16>(ring, flavour),
        3 => boxed::<24>(ring, flavour),
        4 => boxed::<32>(ring, flavour),
        6 => boxed::<48>(ring, flavour),
        8 => boxed::<64>(ring, flavour),
        16 => boxed::<128>(ring, flavour),
        lines => return Err(DumpError::Slot { path: path(), lines }),
    };
    source.map_err(|source| DumpError::Ring { path: path(), source })
}
