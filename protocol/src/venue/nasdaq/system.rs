//! Messages about the whole market: S, V, W.

use zerocopy::byteorder::big_endian::U64;

use super::codes::{BreachedLevel, EventCode};
use super::header::{code_fields, message};

message! {
    /// The day's phases. Locate is 0.
    SystemEvent, b'S', "system event", 12 {
        /// Which phase begins or ends, see [`EventCode`].
        11 event_code: u8,
    }
}

code_fields! {
    SystemEvent {
        /// Which phase begins or ends.
        event: event_code as EventCode,
    }
}

message! {
    /// The market-wide circuit breaker's levels of the day, eight decimals each.
    MwcbDecline, b'V', "mwcb decline level", 35 {
        /// Index value of a decline by 7 %, 10^-8 dollars.
        11 level_1: U64,
        /// Index value of a decline by 13 %, 10^-8 dollars.
        19 level_2: U64,
        /// Index value of a decline by 20 %, 10^-8 dollars.
        27 level_3: U64,
    }
}

message! {
    /// A level of the market-wide circuit breaker was breached.
    MwcbStatus, b'W', "mwcb status level", 12 {
        /// Which one, see [`BreachedLevel`].
        11 breached_level: u8,
    }
}

code_fields! {
    MwcbStatus {
        /// Which level was breached.
        level: breached_level as BreachedLevel,
    }
}
