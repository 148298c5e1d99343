//! The lane, packet by packet: what each message emits, what gaps and sessions do, what is refused.

#[path = "../common/mod.rs"]
mod common;

mod events;
mod gaps;
mod messages;
mod nature;
mod refusals;
mod sessions;

use common::DAY;
use wire::payload::Payload;
use wire::{BookState, Header, InstrumentId, Nature, Quality, Record, Side, Venue};

/// A record of step `step` about instrument `index`, whose venue time is `time` ns after midnight;
/// the last of its class in its event.
fn record<P: Payload>(step: u64, index: u32, time: u64, state: BookState, payload: P) -> Record {
    let header = Header {
        quality: Quality::new(state, Nature::Live).end_of_event(),
        instrument: InstrumentId::new(Venue::Nasdaq, index),
        sequence: step,
        ts_venue: DAY.midnight_ns + time,
        ..Header::default()
    };
    Record::new(header, payload)
}

/// The same record on the ask side.
fn ask_side(mut record: Record) -> Record {
    record.quality = record.quality.side(Side::Ask);
    record
}

/// The same record, but others of its class follow in its event.
fn more_follow(mut record: Record) -> Record {
    record.quality = record.quality.within_event();
    record
}

/// Compares what was said with what should have been, byte by byte but for origin and ts_receive.
fn assert_records(said: &[Record], wanted: &[Record], about: &str) {
    let said: Vec<Record> = said.iter().map(|r| r.canonical()).collect();
    let wanted: Vec<Record> = wanted.iter().map(|r| r.canonical()).collect();
    for (at, (said, wanted)) in said.iter().zip(&wanted).enumerate() {
        assert_eq!(said, wanted, "{about}: record {at}");
    }
    assert_eq!(common::collect::kinds(&said), common::collect::kinds(&wanted), "{about}");
}
