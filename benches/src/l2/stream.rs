//! The recorded depth streams, and what the books need to know of them beforehand.

use std::collections::HashSet;

use crate::data::{Depth, LevelUpdate, Symbol, depth};
use crate::harness::{CompareError, Setting};

/// Digits of a price after the point, as the venue writes it.
pub const PRICE_DIGITS: u32 = 2;

/// Digits of a quantity after the point; a lot is the last of them.
pub const QUANTITY_DIGITS: u32 = 3;

/// All updates of a recording, in ticks and lots.
pub struct Stream {
    pub symbol: Symbol,
    pub depth: Depth,
    /// Units of the last digit of a price in a tick.
    pub tick: i64,
    /// Lowest and highest tick.
    pub ticks: [i64; 2],
    /// Most levels that exist at one time.
    pub levels: u32,
}

impl Stream {
    /// Reads a recording.
    ///
    /// # Errors
    /// If there is none, or it is not what it should be.
    pub fn read(setting: &Setting, symbol: Symbol) -> Result<Stream, CompareError> {
        setting.data_dir()?;
        let depth = depth(setting, symbol)?;
        let ticks = depth.updates.iter().map(|update| update.price);
        let ticks = [ticks.clone().min().unwrap_or(0), ticks.max().unwrap_or(0)];
        let levels = most_levels(&depth.updates);
        let tick = match symbol {
            Symbol::Btc => 10,
            Symbol::Eth => 1,
        };
        Ok(Stream { symbol, depth, tick, ticks, levels })
    }
}

fn most_levels(updates: &[LevelUpdate]) -> u32 {
    let mut live = HashSet::new();
    let mut most = 0;
    for update in updates {
        let key = (update.is_ask, update.price);
        if update.quantity == 0 {
            live.remove(&key);
        } else {
            live.insert(key);
        }
        most = most.max(live.len());
    }
    most as u32
}
