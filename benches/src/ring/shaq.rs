//! shaq: single producer, single consumer over a mapped file.

use super::link::{BATCH, Digest, Ends, Link, Receive64, Record, Send64, WORDS};
use crate::harness::CompareError;
use shaq::spsc::{Consumer, Producer, minimum_file_size};
use std::fs::OpenOptions;
use std::num::NonZeroUsize;
use std::path::Path;

/// shaq's `spsc`.
pub struct Shaq;

/// Its producer.
pub struct Tx(Producer<Record>);

/// Its consumer.
pub struct Rx(Consumer<Record>);

impl Link for Shaq {
    type Tx = Tx;
    type Rx = Rx;
    const NAME: &'static str = "shaq 4.0.0";
    const NOTE: &'static str = "wakes sleepers: a full fence per publication";

    fn open(folder: &Path, name: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let failed = |e: &dyn std::fmt::Debug| CompareError::failed("shaq", format!("{e:?}"));
        let path = folder.join(format!("{name}.shaq"));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let file = options.open(&path).map_err(|e| failed(&e))?;
        let bytes = minimum_file_size::<Record>(capacity).next_multiple_of(4096);
        file.set_len(bytes as u64).map_err(|e| failed(&e))?;
        // SAFETY: the file is new and this is its one producer, which initialises it.
        let tx = unsafe { Producer::<Record>::create(&file, bytes) }.map_err(|e| failed(&e))?;
        let rx = move || {
            // SAFETY: the one consumer of the file that the producer above has initialised, for
            // the same type, plain words without pointers.
            let rx = unsafe { Consumer::<Record>::join(&file) };
            rx.map(Rx).map_err(|e| CompareError::failed("shaq", format!("{e:?}")))
        };
        Ok((Box::new(move || Ok(Tx(tx))), Box::new(rx)))
    }
}

impl Send64 for Tx {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.0.try_write(Record::number(n)).is_ok()
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        self.0.try_write(Record(*words)).is_ok()
    }

    #[inline(always)]
    fn send_batch(&mut self, first: u64) -> usize {
        let mut batch = self.0.write_batch();
        let records = first..first + BATCH as u64;
        records.take_while(|n| batch.try_write(Record::number(*n)).is_ok()).count()
    }
}

impl Receive64 for Rx {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        self.0.try_read().map(|record| record.0)
    }

    #[inline(always)]
    fn drain(&mut self, digest: &mut Digest) {
        let Some(batch) = self.0.try_reserve_read_batch(NonZeroUsize::MAX) else { return };
        let (first, second) = batch.as_slices();
        for record in first.iter().chain(second) {
            digest.take(&record.0);
        }
    }
}
