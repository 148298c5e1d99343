//! disruptor: single producer, one event poller.

use super::link::{BATCH, Digest, Ends, Link, Receive64, Record, Send64, WORDS, words};
use crate::harness::CompareError;
use disruptor::{
    BusySpin, EventPoller, Producer, SingleConsumerBarrier, SingleProducer, SingleProducerBarrier,
    build_single_producer,
};
use std::path::Path;

/// The disruptor.
pub struct Disruptor;

/// Its producer.
pub struct Tx(SingleProducer<Record, SingleConsumerBarrier>);

/// Its poller.
pub struct Rx(EventPoller<Record, SingleProducerBarrier>);

impl Link for Disruptor {
    type Tx = Tx;
    type Rx = Rx;
    const NAME: &'static str = "disruptor 4.4.0";
    const PROCESSES: bool = false;
    const NOTE: &'static str = "threads";

    fn open(_: &Path, _: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        let builder = build_single_producer(capacity, || Record([0; WORDS]), BusySpin);
        let (rx, builder) = builder.new_event_poller();
        let tx = builder.build();
        Ok((Box::new(move || Ok(Tx(tx))), Box::new(move || Ok(Rx(rx)))))
    }
}

impl Send64 for Tx {
    #[inline(always)]
    fn send(&mut self, n: u64) -> bool {
        self.send_words(&words(n))
    }

    #[inline(always)]
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool {
        self.0.try_publish(|event| event.0 = *words).is_ok()
    }

    #[inline(always)]
    fn send_batch(&mut self, first: u64) -> usize {
        let sent = self.0.try_batch_publish(BATCH, |events| {
            for (n, event) in (first..).zip(events) {
                event.0 = words(n);
            }
        });
        if sent.is_ok() { BATCH } else { 0 }
    }
}

impl Receive64 for Rx {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        let mut events = self.0.take(1).ok()?;
        (&mut events).next().map(|event| event.0)
    }

    #[inline(always)]
    fn drain(&mut self, digest: &mut Digest) {
        let Ok(mut events) = self.0.poll() else { return };
        for event in &mut events {
            digest.take(&event.0);
        }
    }
}
