//! Lines: which of several copies of a stream is taken, and when a hole in it is a gap.
//!
//! A venue sends every numbered message on two or more lines, cut into packets as it likes. The
//! [`Arbiter`] is a state machine of (packet, line, now): the first copy of each number goes on at
//! once and in order, whichever line brought it. At a hole, what follows is held back in memory
//! made for it, because the other line may bring what is missing; the hold is short and ends as
//! soon as nothing is to be hoped for.
//!
//! ```text
//! arbiter.rs   the state machine            slab.rs      packets that wait behind a hole
//! status.rs    up, down, waited for         declared.rs  ranges that were given up
//! compare.rs   skew, divergence             sink.rs      what the machine says, and to whom
//! ```
//!
//! # States of a channel
//!
//! `expected` is the number that comes next; `horizon` the highest that any line has shown to
//! exist. A packet has the numbers `[first, next)`; a heartbeat has none, and shows that all below
//! `first` exist.
//!
//! | state | packet | what happens |
//! |---|---|---|
//! | clear: `horizon == expected` | `first == expected` | taken; clear |
//! | clear, holding | `next <= expected` | copy, or late where the number was declared missing |
//! | clear, holding | `first <= expected < next` | its new part is taken, then what waited and now follows |
//! | clear, holding | `first > expected` | its new parts wait in the slab: holding |
//! | holding | time | see below; when no hole is left: clear |
//! | any | a new session | every hold ends: gaps, then what waited |
//!
//! A hole ends when
//! - it is filled: what waited behind it goes on, with its own stamps and line;
//! - every line that is waited for has itself shown a number at or behind its end (lines keep
//!   their order, so none of them will bring it): `gap_begin`;
//! - it has been known for `hold_ns` and the source has nothing more: `gap_begin`, counted as
//!   `hold_expired`. While packets that came earlier are still being read, one of them may fill the
//!   hole: a core that was held up would else see gaps where there are none. A source that always
//!   has packets delays this to 16 times `hold_ns`;
//! - a packet must wait but the slab is full, or the packet larger than its places: `gap_begin`,
//!   counted as `hold_overflow`.
//!
//! With `hold_ns` 0 nothing waits: a hole is a gap at once. Each hole has its own range and its own
//! time, so holes inside what waits give several gaps, and each names exactly what is missing. No
//! loop runs over the numbers of a hole: one of 2^40 costs as much as one of 1.
//!
//! # States of a line
//!
//! | state | entered | waited for |
//! |---|---|---|
//! | absent | not configured and never heard | no |
//! | waiting | configured, nothing heard yet | yes |
//! | up | by a packet of the session | yes |
//! | down | after `line_timeout_ns` of silence and an empty source; twice that without | no |
//!
//! Every change but the first to absent or waiting is a `connection` record. A line whose packets
//! are of a session that is over, or no packets at all, is silent: what it sends helps nobody.

mod arbiter;
mod compare;
mod declared;
mod sink;
mod slab;
mod status;

pub use arbiter::{Arbiter, ArbiterSpec, HoldCounts};
pub use sink::{Arrival, LineChange, Missing, Part, Sink};
pub use slab::SlabSpec;
pub use status::{LINES_MAX, LineState, REASON_DATA, REASON_SILENCE};

/// How long a hole is held open by default, ns.
pub const HOLD_NS: u64 = 1_000_000;
/// Silence after which a line is down by default, ns: two heartbeats.
pub const LINE_TIMEOUT_NS: u64 = 2_000_000_000;
/// One packet in so many is compared between lines by default.
pub const DIVERGENCE_SAMPLE: u32 = 64;
