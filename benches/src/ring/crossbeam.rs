//! crossbeam-queue: the bounded queue for any number of either side.

use super::link::{Ends, Link, Receive64, Record, Send64, WORDS};
use crate::harness::CompareError;
use crossbeam_queue::ArrayQueue;
use std::path::Path;
use std::sync::Arc;

/// `ArrayQueue`.
pub struct Crossbeam;

/// Either end.
pub struct End(Arc<ArrayQueue<Record>>);

impl Link for Crossbeam {
    type Tx = End;
    type Rx = End;
    const NAME: &'static str = "crossbeam-queue 0.3.14";
    const PROCESSES: bool = false;
    const NOTE: &'static str = "threads; any number of producers and consumers";

    fn open(_: &Path, _: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let tx = Arc::new(ArrayQueue::new(capacity));
        let rx = Arc::clone(&tx);
        Ok((Box::new(move || Ok(End(tx))), Box::new(move || Ok(End(rx)))))
    }
}

impl Send64 for End {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.0.push(Record::number(n)).is_ok()
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        self.0.push(Record(*words)).is_ok()
    }
}

impl Receive64 for End {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        self.0.pop().map(|record| record.0)
    }
}
