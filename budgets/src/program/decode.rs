//! Raw ITCH to book events.

use protocol::venue::nasdaq::{Blocks, BookEvent};

use super::{Day, counted_by_callgrind, mix};
use crate::error::Error;

/// Events of one call, as a lane with several packets at hand takes them.
const EVENTS: usize = 64;

/// Messages, and what all their fields add up to.
pub(super) fn run(day: &Day) -> Result<(u64, u64), Error> {
    let (warm, counted) = day.halves();
    // Once, so that whatever is set up at first use is set up.
    decode(warm);
    let (messages, answer) = counted_by_callgrind(|| decode(counted));
    if messages != day.messages {
        let why = format!("{messages} of {} messages", day.messages);
        return Err(Error::program("decode", why));
    }
    Ok((messages, answer))
}

#[inline(always)]
fn decode(bytes: &[u8]) -> (u64, u64) {
    let mut events = [BookEvent::NONE; EVENTS];
    let (mut messages, mut answer) = (0, 0);
    let mut blocks = Blocks::new(bytes);
    loop {
        let count = blocks.fill(&mut events).count;
        if count == 0 {
            return (messages, answer);
        }
        messages += count as u64;
        for event in events.iter().take(count) {
            answer = mix(answer, fields(event));
        }
    }
}

/// All that a book needs of a message.
#[inline(always)]
const fn fields(event: &BookEvent) -> u64 {
    let small = (event.locate as u64) << 16 | (event.side as u64) << 8 | event.kind as u64;
    event.reference
        ^ event.linked.rotate_left(9)
        ^ event.timestamp.rotate_left(23)
        ^ ((event.shares as u64) << 32 | event.price as u64)
        ^ small.rotate_left(40)
}
