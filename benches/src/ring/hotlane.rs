//! Our ring: the record and the news of its arrival share a line.

use super::link::{BATCH, Digest, Ends, Link, Receive64, Send64, WORDS, words};
use super::region::{Region, region};
use crate::harness::CompareError;
use shm::mapping::MappedLines;
use shm::ring::{RingReader, RingShape, RingWriter};
use std::path::Path;

/// As a seat lays it out: the producer's file and the consumer's.
const fn shape(capacity: usize) -> RingShape {
    RingShape { capacity, position_line: 0, slots_line: 8, cursor_line: 2 }
}

/// A record at most so many come between two cursors given back.
const RELEASE: usize = 64;

/// The ring that ships, over mapped files, every check on.
pub struct Hotlane;

/// The producer's end.
pub struct Tx(RingWriter<MappedLines, MappedLines>);

/// The consumer's end.
pub struct Rx(RingReader<MappedLines, MappedLines>);

impl Link for Hotlane {
    type Tx = Tx;
    type Rx = Rx;
    const NAME: &'static str = "hotlane";
    const OURS: bool = true;

    fn open(folder: &Path, name: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let ring = region(folder, &format!("{name}.ring"), 8 + capacity)?;
        let ctl = region(folder, &format!("{name}.ctl"), 64)?;
        let (ring_too, ctl_too): (Region, Region) = (ring.clone(), ctl.clone());
        let tx = move || {
            let made = RingWriter::new(ring.map()?, ctl.map()?, shape(capacity));
            made.map(Tx).map_err(|e| CompareError::failed("hotlane", e))
        };
        let rx = move || {
            let made = RingReader::new(ring_too.map()?, ctl_too.map()?, shape(capacity), 0, 0);
            made.map(Rx).map_err(|e| CompareError::failed("hotlane", e))
        };
        Ok((Box::new(tx), Box::new(rx)))
    }
}

impl Send64 for Tx {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.send_words(&words(n))
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        let pushed = self.0.push(words);
        // What a lane does once per poll; here every record is a poll.
        self.0.store_position();
        pushed
    }

    #[inline(always)]
    fn send_batch(&mut self, first: u64) -> usize {
        let sent = (0..BATCH).take_while(|i| self.0.push(&words(first + *i as u64))).count();
        self.0.store_position();
        sent
    }
}

impl Receive64 for Rx {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        let words = self.0.next();
        self.0.release();
        words
    }

    #[inline(always)]
    fn drain(&mut self, digest: &mut Digest) {
        for _ in 0..RELEASE {
            let Some(words) = self.0.next() else { break };
            digest.take(&words);
        }
        self.0.release();
    }
}
