//! Side by side: Hotlane and its peers in one run.
//!
//! Absolute times say little on a shared host, so whatever is compared runs in the same process run,
//! in turns, on the same input, and gives an answer that must be equal. What counts is the ratio of
//! one round to the round beside it.
//!
//! ```text
//! harness/   turns, medians, ratios, bars, tables, host
//! data/      the recordings and generated days that are played
//! decode/ l3/ l2/ ring/ fanout/ lane/   one folder per comparison, one file per peer
//! floor/     the cache-line ping-pong that rings stand on
//! scale/ latency/   more instruments; one message at a time
//! sections.rs   their list
//! ```

// What allocates is the same for every contestant, in `compare`, in tests and in daily benches.
#[global_allocator]
static PAGES: harness::memory::Pages = harness::memory::Pages;

pub mod data;
pub mod decode;
pub mod fanout;
pub mod floor;
pub mod harness;
pub mod l2;
pub mod l3;
pub mod lane;
pub mod latency;
pub mod ring;
pub mod scale;
pub mod sections;
