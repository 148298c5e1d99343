//! What the tests of the lane share.
//!
//! ```text
//! itch.rs      ITCH messages by offset      packets.rs  MoldUDP64, a source in memory
//! collect.rs   an outlet that keeps all     view.rs     books rebuilt from records alone
//! twin.rs      the feed, written naively    files.rs    captures byte by byte
//! market.rs    a market that goes on        seats.rs    a lane with shared memory, a consumer
//! ```
//!
//! Bytes are put together from the offset tables of the specifications, not with the crates under
//! test, so that a wrong offset on both sides cannot hide.
#![allow(dead_code)] // Each test binary uses its part.

pub mod collect;
pub mod files;
pub mod itch;
pub mod market;
pub mod packets;
pub mod seats;
pub mod twin;
pub mod view;

use book::L3Limits;
use feed::lane::{Lane, LaneConfig};
use feed::publish::Outlet;
use feed::publish::outlet::Books;
use feed::venue::nasdaq::day::{Day, Eastern};
use feed::venue::nasdaq::{Limits, Nasdaq};
use protocol::frame::Checksums;
use wire::Nature;

use self::collect::Collect;

/// 2020-01-30, whose midnight in New York is 05:00 UTC.
pub const DAY: Day = Day { date: 20_200_130, midnight_ns: 1_580_360_400_000_000_000 };

/// Sizes of a lane, small ones, so that thousands can be built.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub instruments: u32,
    pub orders: u32,
    pub reference_max: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { instruments: 16, orders: 4_096, reference_max: 1 << 20 }
    }
}

impl Sizes {
    /// The venue's part of a lane of this size.
    pub fn venue(self) -> Nasdaq {
        let limits = Limits { instruments: self.instruments, orders: self.orders };
        let books = L3Limits {
            reference_max: self.reference_max,
            ..L3Limits::new(self.instruments + 1, self.orders)
        };
        Nasdaq::with_books(limits, Books::new(books).expect("limits"))
    }
}

/// What most tests run with: everything is of [`DAY`], as from a live feed.
pub fn config() -> LaneConfig {
    LaneConfig {
        nature: Nature::Live,
        checksums: Checksums::Verify,
        groups: Vec::new(),
        day: Some(DAY),
        lines: 1,
        hold_ns: 0,
        line_timeout_ns: 0,
        divergence_sample: 1,
    }
}

/// A lane into any outlet.
pub fn lane_into<O: Outlet>(config: LaneConfig, sizes: Sizes, outlet: O) -> Lane<O> {
    Lane::new(config, Eastern::new().expect("zone"), sizes.venue(), outlet)
}

/// A lane that keeps all that it says.
pub fn lane_with(config: LaneConfig, sizes: Sizes) -> Lane<Collect> {
    lane_into(config, sizes, Collect::default())
}

/// The usual lane.
pub fn lane() -> Lane<Collect> {
    lane_with(config(), Sizes::default())
}

/// What was refused under a name so far.
pub fn refused<O>(lane: &Lane<O>, name: &str) -> u64 {
    let found = lane.publisher.counts.rejects().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("nothing is called {name}")).1
}

/// Everything that was refused, by name, without zeros.
pub fn refusals<O>(lane: &Lane<O>) -> Vec<(&'static str, u64)> {
    lane.publisher.counts.rejects().filter(|&(_, n)| n > 0).collect()
}
