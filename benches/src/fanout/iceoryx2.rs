//! iceoryx2: one publisher, several subscribers in this process that read between the bursts.
//!
//! It copies nothing: each subscriber gets an offset of the one sample. Its samples are 64 bytes, as
//! our records are. The sum over all subscribers must be the same.

use ::iceoryx2::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::publish::instrument;
use super::stand::{record, sum};
use crate::harness::{CompareError, Contestant, Round, median};

/// Records of a burst: what each subscriber's buffer takes.
const BURST: u64 = 512;
/// Bursts before the clock counts.
const WARM: u64 = super::publish::WARM * super::publish::BURST / BURST;

/// A number of subscribers.
pub struct Iceoryx2 {
    subscribers: usize,
    bursts: u64,
}

impl Iceoryx2 {
    /// As many records a round as our `bursts` bursts have, to `subscribers`.
    pub fn new(subscribers: usize, bursts: u64) -> Iceoryx2 {
        Iceoryx2 { subscribers, bursts: bursts * super::publish::BURST / BURST }
    }
}

fn failed(error: impl std::fmt::Debug) -> CompareError {
    CompareError::failed("iceoryx2", format!("{error:?}"))
}

impl Contestant for Iceoryx2 {
    fn name(&self) -> String {
        format!("iceoryx2 0.10.0, {} subscribers", self.subscribers)
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        static ROUND: AtomicU64 = AtomicU64::new(0);
        // A number by itself, no partner.
        let round = ROUND.fetch_add(1, Ordering::Relaxed);
        set_log_level(LogLevel::Error);
        let node = NodeBuilder::new().create::<ipc::Service>().map_err(failed)?;
        let name = format!("hotlane/compare/fanout/{}/{round}", std::process::id());
        let name: ServiceName = name.as_str().try_into().map_err(failed)?;
        let service = node.service_builder(&name).publish_subscribe::<[u64; 8]>();
        let service = service
            .enable_safe_overflow(false)
            .history_size(0)
            .subscriber_max_buffer_size(BURST as usize)
            .subscriber_max_borrowed_samples(2)
            .max_publishers(1)
            .max_subscribers(8)
            .max_nodes(2)
            .create()
            .map_err(failed)?;
        let mut subscribers = Vec::new();
        for _ in 0..self.subscribers {
            let subscriber = service.subscriber_builder().buffer_size(BURST as usize);
            subscribers.push(subscriber.create().map_err(failed)?);
        }
        let publisher = service.publisher_builder().max_loaned_samples(1);
        let publisher = publisher.create().map_err(failed)?;
        let (mut times, mut total) = (Vec::new(), 0_u64);
        for number in 0..WARM + self.bursts {
            let begun = Instant::now();
            for at in 0..BURST {
                let step = 1 + number * BURST + at;
                let sample = publisher.loan_uninit().map_err(failed)?;
                let sample = sample.write_payload(record(step, instrument(step)));
                sample.send().map_err(failed)?;
            }
            let ns = begun.elapsed().as_nanos() as f64;
            if number >= WARM {
                times.push(ns / BURST as f64);
            }
            for subscriber in &subscribers {
                while let Some(sample) = subscriber.receive().map_err(failed)? {
                    total = total.wrapping_add(sum(&sample));
                }
            }
        }
        let each = (1..=(WARM + self.bursts) * BURST)
            .fold(0_u64, |total, step| total.wrapping_add(sum(&record(step, instrument(step)))));
        let all = each.wrapping_mul(self.subscribers as u64);
        // As with our seats: the answer is what one subscriber must have had.
        Ok(Round { ns: median(&times), answer: if total == all { each } else { total } })
    }
}
