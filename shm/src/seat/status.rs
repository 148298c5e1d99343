//! What the producer says about a seat: its answer to the claim, and its counters.

use super::layout::{COUNTER_LINES, RING_COUNTERS, RING_STATUS};
use super::request::Policy;
use crate::lines::{LINE_WORDS, Lines};
use crate::seqlock;
use crate::sync::Ordering;
use thiserror::Error;

/// Payload words of the status row.
pub(crate) const STATUS_WORDS: usize = 7;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $text:literal, )+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $( $(#[$vdoc])* $variant, )+ }

        impl $name {
            /// All, in the order of their codes.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// The meaning of a code found in shared memory.
            pub fn from_code(code: u8) -> Option<$name> {
                $name::ALL.get(usize::from(code)).copied()
            }

            /// A short name.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// Position in `ALL`, which is the code.
            pub const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

codes! {
    /// What a seat is doing.
    SeatState {
        /// Nobody has it.
        Inactive = "inactive",
        /// Records flow.
        Active = "active",
        /// The ring was full: nothing flows until a quarter of it is free.
        Silent = "silent",
        /// Closed by the producer; see the reason.
        Detached = "detached",
        /// The claim was refused; see the reason.
        Refused = "refused",
    }
}

codes! {
    /// Why a seat is detached, refused or inactive.
    Reason {
        /// No reason needed.
        None = "none",
        /// The consumer gave the seat back.
        Released = "released",
        /// The consumer died.
        Died = "died",
        /// The ring was full and the policy is `detach`.
        RingFull = "ring_full",
        /// The producer ended.
        ProducerClosed = "producer_closed",
        /// The policy is `wait`, but this producer has live sources.
        WaitOnLive = "wait_on_live",
        /// The policy is `conflate`, but books other than the conflatable class were asked for.
        ConflateClass = "conflate_class",
        /// No such policy.
        UnknownPolicy = "unknown_policy",
        /// No class was asked for.
        NoClass = "no_class",
    }
}

/// The producer's answer to a consumer.
///
/// | payload word of the status row | |
/// |--|--|
/// | 0 | state u8, reason u8 |
/// | 1 | epoch: activations of this seat so far |
/// | 2 | position of the first record of the epoch |
/// | 3 | claim word that this answers |
/// | 4 | number of the request in force |
/// | 5 | its terms, as in the request |
/// | 6 | generation of the producer |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatStatus {
    /// What the seat is doing.
    pub state: SeatState,
    /// Why.
    pub reason: Reason,
    /// Activations of this seat so far; the cursor carries its low 16 bits.
    pub epoch: u64,
    /// Position of the first record of the epoch.
    pub start: u64,
    /// Claim word that this answers, 0 = nobody's.
    pub claim: u64,
    /// Number of the request in force.
    pub number: u64,
    /// Classes in force.
    pub classes: u8,
    /// Depth in force.
    pub depth: u16,
    /// Policy in force.
    pub policy: Policy,
    /// Generation of the producer.
    pub generation: u64,
}

/// Why a status cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StatusError {
    /// It was being written each time.
    #[error(transparent)]
    Torn(#[from] seqlock::Torn),
    /// A code that this version does not know.
    #[error("status word {word:#x} has an unknown code: is the producer of another version?")]
    Unknown {
        /// The word.
        word: u64,
    },
}

impl SeatStatus {
    /// Reads the status row of a seat's ring memory.
    ///
    /// # Errors
    /// [`StatusError`] if it is torn or unknown.
    pub fn read<L: Lines>(ring: &L) -> Result<SeatStatus, StatusError> {
        let mut row = [0; STATUS_WORDS];
        seqlock::read(ring, RING_STATUS, &mut row)?;
        let [codes, epoch, start, claim, number, terms, generation] = row;
        let state = SeatState::from_code(codes as u8);
        let reason = Reason::from_code((codes >> 8) as u8);
        let (Some(state), Some(reason)) = (state, reason) else {
            return Err(StatusError::Unknown { word: codes });
        };
        let policy = Policy::from_code((terms >> 8) as u8);
        let Some(policy) = policy else {
            return Err(StatusError::Unknown { word: terms });
        };
        let (classes, depth) = (terms as u8, (terms >> 32) as u16);
        Ok(SeatStatus {
            state,
            reason,
            epoch,
            start,
            claim,
            number,
            classes,
            depth,
            policy,
            generation,
        })
    }
}

macro_rules! counters {
    ($( $(#[$doc:meta])+ $name:ident = $text:literal, )+) => {
        /// A counter of a seat: its number is its word in the counter lines.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Counter { $( $(#[$doc])+ $name, )+ }

        impl Counter {
            /// All, in the order of their words.
            pub const ALL: &[Counter] = &[$(Counter::$name),+];

            /// A short name.
            pub const fn name(self) -> &'static str {
                match self { $(Counter::$name => $text),+ }
            }

            /// Word in the counter lines.
            pub const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

counters! {
    /// Activations of this seat; the counters without "all epochs" begin again with each.
    Epoch = "epoch",
    /// Records of steps delivered.
    Delivered = "delivered",
    /// Records private to the seat: lost markers, refreshes, heartbeats.
    Private = "private",
    /// Records lost, declared or to be declared when the ring has room.
    Lost = "lost",
    /// Those of them that are of the counted class (trades).
    LostCounted = "lost_counted",
    /// Book records that a conflating seat gets back as refreshes.
    Conflated = "conflated",
    /// Refreshes written.
    Refreshes = "refreshes",
    /// Refreshes that are larger than the ring.
    TooLarge = "refresh_too_large",
    /// Records not yet released, at the last sample.
    LagRecords = "lag_records",
    /// Age of the oldest of them in ns, at most, at the last sample.
    LagNs = "lag_ns",
    /// Highest lag sampled, in records.
    HighWater = "high_water",
    /// Cursors not believed, all epochs.
    CursorRefused = "cursor_refused",
    /// Requests not believed or refused, all epochs.
    RequestRefused = "request_refused",
    /// Policy in force, a code.
    PolicyCode = "policy",
    /// Pid of the consumer.
    ConsumerPid = "consumer_pid",
    /// Records lost, all epochs.
    LostAll = "lost_all",
}

/// Words of the counter lines.
pub const COUNTERS: usize = COUNTER_LINES * LINE_WORDS;
const _: () = assert!(Counter::ALL.len() == COUNTERS);

/// Reads the counters of a seat's ring memory, each by itself: the producer samples them one
/// after the other.
pub fn read_counters<L: Lines>(ring: &L) -> [u64; COUNTERS] {
    std::array::from_fn(|index| {
        let line = ring.line(RING_COUNTERS + index / LINE_WORDS);
        // Partner: the fan-out's sample. A number by itself.
        line[index % LINE_WORDS].load(Ordering::Relaxed)
    })
}

/// Stores the counters.
pub(crate) fn write_counters<L: Lines>(ring: &L, values: &[u64; COUNTERS]) {
    for (index, value) in values.iter().enumerate() {
        let line = ring.line(RING_COUNTERS + index / LINE_WORDS);
        // Partner: `read_counters`. A number by itself.
        line[index % LINE_WORDS].store(*value, Ordering::Relaxed);
    }
}
