//! ringfire: sequence-locked slots over a mapped file, in its lossless mode.

use super::link::{BATCH, Digest, Ends, Link, Receive64, Send64, WORDS, words};
use crate::harness::CompareError;
use ::ringfire::{FlowControl, RingConsumer, RingProducer, RingProducerBuilder};
use std::path::Path;

/// ringfire with `LosslessBackpressure`; dense slots of 72 bytes, its faster form here.
pub struct Ringfire;

/// Its producer.
pub struct Tx {
    producer: RingProducer<[u64; WORDS]>,
    batch: [[u64; WORDS]; BATCH],
}

/// Its consumer.
pub struct Rx {
    consumer: RingConsumer<[u64; WORDS]>,
    batch: [[u64; WORDS]; BATCH],
}

impl Link for Ringfire {
    type Tx = Tx;
    type Rx = Rx;
    const NAME: &'static str = "ringfire 0.5.2";
    const NOTE: &'static str = "lossless mode, slots of 72 bytes";

    fn open(folder: &Path, name: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let path = folder.join(format!("{name}.ringfire"));
        let producer = RingProducerBuilder::new(capacity as u64)
            .flow_control(FlowControl::LosslessBackpressure)
            .max_readers(1)
            .build(&path)
            .map_err(|e| CompareError::failed("ringfire", e))?;
        let batch = [[0; WORDS]; BATCH];
        let rx = move || {
            let consumer = RingConsumer::attach(&path);
            consumer
                .map(|consumer| Rx { consumer, batch })
                .map_err(|e| CompareError::failed("ringfire", e))
        };
        Ok((Box::new(move || Ok(Tx { producer, batch })), Box::new(rx)))
    }
}

impl Send64 for Tx {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.send_words(&words(n))
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        self.producer.try_push(words).is_ok()
    }

    #[inline(always)]
    fn send_batch(&mut self, first: u64) -> usize {
        for (n, record) in (first..).zip(&mut self.batch) {
            *record = words(n);
        }
        // Waits for room by itself.
        self.producer.push_batch(&self.batch);
        BATCH
    }
}

impl Receive64 for Rx {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        self.consumer.try_recv()
    }

    #[inline(always)]
    fn drain(&mut self, digest: &mut Digest) {
        let count = self.consumer.recv_batch(&mut self.batch);
        for words in self.batch.iter().take(count) {
            digest.take(words);
        }
    }
}
