//! What a consumer measures of each record: how long ago it was received, by class and by who
//! took the stamp.
//!
//! Stamps of the poll loop, the kernel and the network card begin at different places, so their
//! latencies are never added up. A stamp that a recording brought along says nothing about this
//! host and is refused. The venue's stamp is of another clock: how far it lies from the receive
//! stamp is kept once per taker of the stamp, and how often it lay in the future.

use serde::Serialize;
use shm::histogram::{Histogram, bucket_count, bucket_of};
use wire::{Class, Path, Record, StampBy};

use crate::inspect::nature::Natures;

/// Sub-bucket bits: numbers are right within 0.8 %.
pub const SUB_BITS: u8 = 7;
/// Values of more bits (18 minutes) count in the last bucket.
pub const VALUE_BITS: u8 = 40;
/// Takers of stamps whose latency means something; [`StampBy::Recording`] comes behind them.
pub const TAKERS: [StampBy; 3] = [StampBy::Poll, StampBy::Kernel, StampBy::Nic];

/// A histogram that is written here.
#[derive(Clone, Debug)]
struct Buckets(Vec<u64>);

impl Buckets {
    fn new() -> Buckets {
        Buckets(vec![0; bucket_count(SUB_BITS, VALUE_BITS)])
    }

    fn add(&mut self, value: u64) {
        let last = self.0.len().saturating_sub(1);
        if let Some(count) = self.0.get_mut(bucket_of(SUB_BITS, value).min(last)) {
            *count += 1;
        }
    }

    fn copy(&self) -> Histogram {
        Histogram::new(SUB_BITS, self.0.clone())
    }
}

/// Records that were not measured, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unmeasured {
    /// Stamped by a recording.
    pub recorded_stamps: u64,
    /// Not received on the live path: retransmitted, from a snapshot, or made by the handler.
    pub other_paths: u64,
    /// Part of a refresh.
    pub refreshes: u64,
    /// Stream records: gaps, sessions, heartbeats.
    pub stream: u64,
    /// Of kinds that this release does not know.
    pub unknown_kinds: u64,
    /// Without a receive stamp.
    pub unstamped: u64,
    /// Received after they were consumed, by their stamp: two clocks disagree.
    pub from_the_future: u64,
}

/// What was measured of one lane. All memory is there from the start.
#[derive(Clone, Debug)]
pub struct Tally {
    consume: Vec<Buckets>,
    venue: Vec<Buckets>,
    /// Records of a venue stamp behind the receive stamp, by taker.
    venue_future: [u64; TAKERS.len()],
    /// Natures of the records.
    pub natures: Natures,
    /// Records in all.
    pub records: u64,
    /// Records that were measured.
    pub measured: u64,
    /// The others.
    pub unmeasured: Unmeasured,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            consume: vec![Buckets::new(); Class::ALL.len() * TAKERS.len()],
            venue: vec![Buckets::new(); TAKERS.len()],
            venue_future: [0; TAKERS.len()],
            natures: Natures::default(),
            records: 0,
            measured: 0,
            unmeasured: Unmeasured::default(),
        }
    }
}

impl Tally {
    /// A record that is in the consumer's hands at `now`, ns UTC by the instance's clock page.
    #[inline]
    pub fn note(&mut self, record: &Record, now: u64) {
        self.records += 1;
        self.natures.note(record.quality);
        let Some((class, taker)) = self.place(record, now) else { return };
        self.measured += 1;
        let since = now.saturating_sub(record.ts_receive);
        if let Some(buckets) = self.consume.get_mut(class as usize * TAKERS.len() + taker) {
            buckets.add(since);
        }
        if record.ts_venue == 0 {
            return;
        }
        match record.ts_receive.checked_sub(record.ts_venue) {
            Some(ns) => self.venue.iter_mut().skip(taker).take(1).for_each(|b| b.add(ns)),
            None => self.venue_future.iter_mut().skip(taker).take(1).for_each(|n| *n += 1),
        }
    }

    /// Class and taker of a record that can be measured.
    fn place(&mut self, record: &Record, now: u64) -> Option<(Class, usize)> {
        let Some(kind) = record.kind() else {
            self.unmeasured.unknown_kinds += 1;
            return None;
        };
        let skipped = &mut self.unmeasured;
        let stamp = record.origin.stamp();
        let reason = if kind.class() == Class::Stream {
            &mut skipped.stream
        } else if record.quality.is_snapshot() {
            &mut skipped.refreshes
        } else if record.origin.path() != Path::Live {
            &mut skipped.other_paths
        } else if stamp == StampBy::Recording {
            &mut skipped.recorded_stamps
        } else if record.ts_receive == 0 {
            &mut skipped.unstamped
        } else if record.ts_receive > now {
            &mut skipped.from_the_future
        } else {
            return Some((kind.class(), TAKERS.iter().position(|taker| *taker == stamp)?));
        };
        *reason += 1;
        None
    }

    /// Receive to consume of one class by one taker of the stamp; `None` without a value.
    pub fn consume(&self, class: Class, taker: usize) -> Option<Histogram> {
        let buckets = self.consume.get(class as usize * TAKERS.len() + taker)?;
        Some(buckets.copy()).filter(|histogram| histogram.count() > 0)
    }

    /// Venue to receive by one taker of the stamp, and how many venue stamps lay behind the
    /// receive stamp; `None` without either.
    pub fn venue(&self, taker: usize) -> Option<(Histogram, u64)> {
        let (histogram, future) = (self.venue.get(taker)?.copy(), *self.venue_future.get(taker)?);
        (histogram.count() > 0 || future > 0).then_some((histogram, future))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::payload::{Heartbeat, Trade};
    use wire::{BookState, Header, InstrumentId, Nature, Origin, Quality, Venue};

    const T0: u64 = 1_700_000_000_000_000_000;

    fn header(stamp: StampBy, receive: u64) -> Header {
        Header {
            quality: Quality::new(BookState::Live, Nature::Simulated),
            origin: Origin::new(1, Path::Live, stamp),
            instrument: InstrumentId::new(Venue::Nasdaq, 1),
            sequence: 1,
            ts_venue: T0 - 500,
            ts_receive: receive,
        }
    }

    fn trade(header: Header) -> Record {
        Record::new(header, Trade::default())
    }

    #[test]
    fn takers_and_classes_are_kept_apart() {
        let mut tally = Tally::default();
        for (taker, ns) in [(StampBy::Poll, 100), (StampBy::Kernel, 2_000), (StampBy::Nic, 30)] {
            tally.note(&trade(header(taker, T0)), T0 + ns);
        }
        let least = |class, taker| tally.consume(class, taker).and_then(|h| h.most());
        assert_eq!(least(Class::Trades, 0), Some(100));
        assert!(least(Class::Trades, 1).is_some_and(|ns| (2_000..2_016).contains(&ns)));
        assert_eq!(least(Class::Trades, 2), Some(30));
        assert_eq!(least(Class::Orders, 0), None);
        let (venue, future) = tally.venue(0).expect("a venue stamp");
        assert_eq!((venue.count(), future), (1, 0));
        assert!(venue.at(0.5).is_some_and(|ns| (500..504).contains(&ns)));
    }

    #[test]
    fn what_says_nothing_is_counted_and_not_measured() {
        let mut tally = Tally::default();
        let live = header(StampBy::Poll, T0);
        tally.note(&trade(header(StampBy::Recording, T0)), T0 + 1);
        tally.note(
            &trade(Header { origin: Origin::new(1, Path::Retransmission, StampBy::Poll), ..live }),
            T0,
        );
        tally.note(&trade(Header { quality: live.quality.snapshot(), ..live }), T0);
        tally.note(&Record::new(live, Heartbeat::default()), T0);
        tally.note(&trade(header(StampBy::Poll, 0)), T0);
        tally.note(&trade(header(StampBy::Poll, T0 + 1)), T0);
        let mut unknown = trade(live);
        unknown.kind = 127;
        tally.note(&unknown, T0);
        let one_each = Unmeasured {
            recorded_stamps: 1,
            other_paths: 1,
            refreshes: 1,
            stream: 1,
            unknown_kinds: 1,
            unstamped: 1,
            from_the_future: 1,
        };
        assert_eq!((tally.unmeasured, tally.measured, tally.records), (one_each, 0, 7));
        assert!(Class::ALL.into_iter().all(|class| tally.consume(class, 0).is_none()));
    }

    #[test]
    fn a_venue_ahead_of_us_is_counted_apart() {
        let mut tally = Tally::default();
        tally.note(&trade(Header { ts_venue: T0 + 9, ..header(StampBy::Poll, T0) }), T0 + 20);
        let (venue, future) = tally.venue(0).expect("a venue stamp");
        assert_eq!((venue.count(), future, tally.measured), (0, 1, 1));
    }
}
