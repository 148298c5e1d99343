//! What must hold of every input, one module a fuzz target.
//!
//! "Does not panic" is the least of it: a parser that returns nonsense without a panic is worse.
//! So each module says what an answer must be by means that the code under test does not use: a
//! naive twin, the emission of what was parsed, the same input in other portions. The checks are an
//! ordinary library, so that the committed seeds run in an ordinary test too.
#![forbid(unsafe_code)]

pub mod attach;
pub mod capture;
pub mod datagram;
pub mod decimal;
pub mod frame;
pub mod itch;
pub mod moldudp64;
pub mod seeds;
pub mod soupbintcp;

/// A check of one input; panics where something does not hold.
pub type Check = fn(&[u8]);

/// All targets by name.
pub const TARGETS: [(&str, Check); 8] = [
    ("frame", frame::check),
    ("moldudp64", moldudp64::check),
    ("soupbintcp", soupbintcp::check),
    ("itch", itch::check),
    ("capture", capture::check),
    ("attach", attach::check),
    ("decimal", decimal::check),
    ("datagram", datagram::check),
];

/// Where `part` lies in `whole`; `None` if it is not a part of it.
pub(crate) fn offset_in(whole: &[u8], part: &[u8]) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at + part.len() <= whole.len()).then_some(at)
}
