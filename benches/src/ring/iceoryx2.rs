//! iceoryx2: publish and subscribe without copies, without overflow.

use super::link::{Ends, Link, Receive64, Send64, WORDS, words};
use crate::harness::CompareError;
use ::iceoryx2::port::publisher::Publisher;
use ::iceoryx2::port::subscriber::Subscriber;
use ::iceoryx2::prelude::*;
use ::iceoryx2::service::port_factory::publish_subscribe::PortFactory;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

type Service = ipc::Service;
type Factory = PortFactory<Service, [u64; WORDS], ()>;

/// iceoryx2 between processes; each end makes its own node after the fork.
pub struct Iceoryx2;

/// Its publisher. The node and the service must outlive it.
pub struct Tx {
    publisher: Publisher<Service, [u64; WORDS], ()>,
    _kept: (Factory, Node<Service>),
}

/// Its subscriber, with what must outlive it.
pub struct Rx {
    subscriber: Subscriber<Service, [u64; WORDS], ()>,
    _kept: (Factory, Node<Service>),
}

fn failed(error: impl std::fmt::Debug) -> CompareError {
    CompareError::failed("iceoryx2", format!("{error:?}"))
}

fn join(name: &str, capacity: usize) -> Result<(Factory, Node<Service>), CompareError> {
    set_log_level(LogLevel::Error);
    let node = NodeBuilder::new().create::<Service>().map_err(failed)?;
    let name: ServiceName = name.try_into().map_err(failed)?;
    let factory = node
        .service_builder(&name)
        .publish_subscribe::<[u64; WORDS]>()
        .enable_safe_overflow(false)
        .history_size(0)
        .subscriber_max_buffer_size(capacity)
        .subscriber_max_borrowed_samples(2)
        .max_publishers(1)
        .max_subscribers(1)
        .max_nodes(2)
        .open_or_create()
        .map_err(failed)?;
    Ok((factory, node))
}

impl Link for Iceoryx2 {
    type Tx = Tx;
    type Rx = Rx;
    const NAME: &'static str = "iceoryx2 0.10.0";
    const NOTE: &'static str = "loaned samples, no overflow, retries until delivered";

    fn open(_: &Path, name: &str, capacity: usize) -> Result<Ends<Self>, CompareError> {
        static ROUND: AtomicU64 = AtomicU64::new(0);
        let round = ROUND.fetch_add(1, Ordering::Relaxed);
        let name = format!("hotlane/compare/{}/{round}/{name}", std::process::id());
        let name_too = name.clone();
        let tx = move || {
            let kept = join(&name, capacity)?;
            let publisher = kept.0.publisher_builder();
            let publisher = publisher
                .backpressure_strategy(BackpressureStrategy::RetryUntilDelivered)
                .max_loaned_samples(1)
                .create()
                .map_err(failed)?;
            Ok(Tx { publisher, _kept: kept })
        };
        let rx = move || {
            let kept = join(&name_too, capacity)?;
            let subscriber = kept.0.subscriber_builder().buffer_size(capacity);
            let subscriber = subscriber.create().map_err(failed)?;
            Ok(Rx { subscriber, _kept: kept })
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
        let Ok(sample) = self.publisher.loan_uninit() else { return false };
        sample.write_payload(*words).send().is_ok()
    }
}

impl Receive64 for Rx {
    #[inline(always)]
    fn receive(&mut self) -> Option<[u64; WORDS]> {
        self.subscriber.receive().ok().flatten().map(|sample| *sample)
    }
}
