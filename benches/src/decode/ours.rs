//! Hotlane's table: one event per message, whatever its type.

use super::fields::{Fields, Head};
use protocol::venue::nasdaq::{Blocks, BookEvent};

/// Events of one call of `fill`.
const BATCH: usize = 32;

/// An event's fields are 0 where its type has none, so nothing is asked of its kind.
#[inline(always)]
fn add(fields: &mut Fields, event: &BookEvent) {
    let head =
        Head { locate: event.locate, timestamp: event.timestamp, reference: event.reference };
    fields.add(head, event.linked, event.shares, event.price, event.side);
}

/// Messages that are no book events, which a handler gives to `decode`, and what was refused.
#[inline(always)]
fn is_other(event: &BookEvent) -> bool {
    !event.kind.is_book()
}

/// One event at a time, used where it was read.
pub fn single(bytes: &[u8]) -> Fields {
    Blocks::new(bytes).fold(Fields::default(), |mut fields, event| {
        if !is_other(&event) {
            add(&mut fields, &event);
        }
        fields
    })
}

/// Whole events in memory, some at a time, as a lane takes them to look ahead.
pub fn batch(bytes: &[u8]) -> Fields {
    let mut fields = Fields::default();
    let mut events = [BookEvent::NONE; BATCH];
    let mut blocks = Blocks::new(bytes);
    loop {
        let taken = blocks.fill(&mut events);
        for event in &events[..taken.count] {
            if !is_other(event) {
                add(&mut fields, event);
            }
        }
        if taken.count == 0 {
            return fields;
        }
    }
}
