//! rtrb: the fastest single-producer ring inside one process; chunks for batches.

use super::link::{BATCH, Digest, Ends, Link, Receive64, Record, Send64, WORDS};
use crate::harness::CompareError;
use rtrb::{Consumer, Producer, RingBuffer};
use std::path::Path;

/// rtrb, as its documentation advises: single pushes, chunks on the reading side.
pub struct Rtrb;

/// rtrb with single pops.
pub struct RtrbPops;

/// Its producer.
pub struct Tx(Producer<Record>);

/// Its consumer, reading chunks.
pub struct Rx(Consumer<Record>);

/// Its consumer, popping one by one.
pub struct Pops(Consumer<Record>);

impl Link for Rtrb {
    type Tx = Tx;
    type Rx = Rx;
    const NAME: &'static str = "rtrb 0.4.1 (chunks read)";
    const PROCESSES: bool = false;
    const NOTE: &'static str = "threads";

    fn open(_: &Path, _: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let (tx, rx) = RingBuffer::new(capacity);
        Ok((Box::new(move || Ok(Tx(tx))), Box::new(move || Ok(Rx(rx)))))
    }
}

impl Link for RtrbPops {
    type Tx = Tx;
    type Rx = Pops;
    const NAME: &'static str = "rtrb 0.4.1 (pops)";
    const PROCESSES: bool = false;
    const NOTE: &'static str = "threads";

    fn open(_: &Path, _: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let (tx, rx) = RingBuffer::new(capacity);
        Ok((Box::new(move || Ok(Tx(tx))), Box::new(move || Ok(Pops(rx)))))
    }
}

impl Send64 for Tx {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.0.push(Record::number(n)).is_ok()
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        self.0.push(Record(*words)).is_ok()
    }

    #[inline(always)]
    fn send_batch(&mut self, first: u64) -> usize {
        let Ok(chunk) = self.0.write_chunk_uninit(BATCH) else { return 0 };
        chunk.fill_from_iter((first..first + BATCH as u64).map(Record::number))
    }
}

impl Receive64 for Rx {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        self.0.pop().ok().map(|record| record.0)
    }

    #[inline(always)]
    fn drain(&mut self, digest: &mut Digest) {
        let Ok(chunk) = self.0.read_chunk(self.0.slots()) else { return };
        let (first, second) = chunk.as_slices();
        for record in first.iter().chain(second) {
            digest.take(&record.0);
        }
        chunk.commit_all();
    }
}

impl Receive64 for Pops {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        self.0.pop().ok().map(|record| record.0)
    }
}
