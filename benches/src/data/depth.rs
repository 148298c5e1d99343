//! Binance depth diffs as price levels, parsed once.
//!
//! The recordings hold the REST snapshot of 1,000 levels a side among the diffs; it is one message
//! of 2,000 updates here, at its place. Prices are in ticks of the symbol, quantities in thousandths
//! of the coin; quantity 0 says that the level is gone.

use std::io::{BufRead, BufReader};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::recording;
use crate::harness::{CompareError, Setting};

/// A recorded symbol of Binance USD-M futures, 2024-08-08, 345 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// BTCUSDT, ticks of 0.10.
    Btc,
    /// ETHUSDT, ticks of 0.01.
    Eth,
}

impl Symbol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Btc, Self::Eth];

    /// Name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Btc => "BTCUSDT",
            Self::Eth => "ETHUSDT",
        }
    }

    /// Hundredths of a dollar in a tick.
    const fn tick(self) -> i64 {
        match self {
            Self::Btc => 10,
            Self::Eth => 1,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Btc => "ws/binance_usdm/btcusdt_20240808.jsonl.gz",
            Self::Eth => "ws/binance_usdm/ethusdt_20240808.jsonl.gz",
        }
    }
}

/// Decimals of a price and of a quantity in the recordings.
const PRICE_DECIMALS: usize = 2;
const QUANTITY_DECIMALS: usize = 3;

/// A level that has a new quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelUpdate {
    /// Whether it is an ask.
    pub is_ask: bool,
    /// In ticks.
    pub price: i64,
    /// In thousandths; 0 if the level is gone.
    pub quantity: i64,
}

/// A recording's updates, and where each message ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// All updates in order: bids before asks in each message.
    pub updates: Vec<LevelUpdate>,
    /// For each message, how many updates there are up to its end.
    pub ends: Vec<usize>,
}

impl Depth {
    /// The updates of each message in order.
    pub fn messages(&self) -> impl Iterator<Item = &[LevelUpdate]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.updates.get(start..*end))
    }
}

/// The recorded depth of a symbol.
///
/// # Errors
/// [`CompareError::Data`] if the recording is not there, [`CompareError::Failed`] if it cannot be
/// understood.
pub fn depth(setting: &Setting, symbol: Symbol) -> Result<Depth, CompareError> {
    let packed = recording(setting, symbol.path())?;
    let mut depth = Depth::default();
    for (number, line) in BufReader::new(MultiGzDecoder::new(&packed[..])).lines().enumerate() {
        let failed = |why: &dyn std::fmt::Display| {
            CompareError::failed(format!("{}, line {}", symbol.path(), number + 1), why)
        };
        let line = line.map_err(|error| failed(&error))?;
        let frame: Value = serde_json::from_str(&line).map_err(|error| failed(&error))?;
        let Some(text) = frame.get("data").and_then(Value::as_str) else { continue };
        let is_snapshot = frame.get("kind").and_then(Value::as_str) == Some("http");
        if !is_snapshot && !text.contains("\"depthUpdate\"") {
            continue;
        }
        let message: Value = serde_json::from_str(text).map_err(|error| failed(&error))?;
        let message = message.get("data").unwrap_or(&message);
        let names = if is_snapshot { ["bids", "asks"] } else { ["b", "a"] };
        for (is_ask, name) in [(false, names[0]), (true, names[1])] {
            let levels = message.get(name).and_then(Value::as_array);
            for level in levels.ok_or_else(|| failed(&"levels are missing"))? {
                let update = update(level, is_ask, symbol);
                depth.updates.push(update.ok_or_else(|| failed(&format!("level {level}")))?);
            }
        }
        depth.ends.push(depth.updates.len());
    }
    Ok(depth)
}

/// A pair of texts, price and quantity.
fn update(level: &Value, is_ask: bool, symbol: Symbol) -> Option<LevelUpdate> {
    let hundredths = scaled(level.get(0)?.as_str()?, PRICE_DECIMALS)?;
    let quantity = scaled(level.get(1)?.as_str()?, QUANTITY_DECIMALS)?;
    let price = hundredths / symbol.tick();
    (price * symbol.tick() == hundredths).then_some(LevelUpdate { is_ask, price, quantity })
}

/// A decimal text as an integer of so many decimals; `None` if it has more.
fn scaled(text: &str, decimals: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = format!("{fraction:0<decimals$}");
    let whole: i64 = whole.parse().ok()?;
    let unit = 10_i64.pow(u32::try_from(decimals).ok()?);
    (fraction.len() == decimals).then(|| fraction.parse().ok().map(|f: i64| whole * unit + f))?
}

#[cfg(test)]
mod tests {
    use super::{Symbol, depth, scaled};
    use crate::harness::Setting;
    use std::path::PathBuf;

    #[test]
    fn decimals_to_integers() {
        let cases = [("61741.50", 2, Some(6_174_150)), ("0.002", 3, Some(2)), ("7", 2, Some(700))];
        for (text, decimals, expected) in cases {
            assert_eq!(scaled(text, decimals), expected, "{text}");
        }
        assert_eq!((scaled("1.2345", 2), scaled("x", 2)), (None, None));
    }

    /// Counted beforehand by other means: the diffs' and the snapshot's levels.
    #[test]
    fn recordings_are_whole() {
        let Some(data) = std::env::var_os("HOTLANE_DATA").map(PathBuf::from) else {
            println!("SKIPPED recordings_are_whole: HOTLANE_DATA is not set");
            return;
        };
        let setting = Setting {
            quick: true,
            rounds: 1,
            data: Some(data),
            cache: PathBuf::new(),
            cores: [0, 1],
        };
        for (symbol, messages, updates) in
            [(Symbol::Btc, 6_552, 445_521), (Symbol::Eth, 6_587, 430_662)]
        {
            let depth = depth(&setting, symbol).expect("a recording");
            assert_eq!((depth.ends.len(), depth.updates.len()), (messages, updates));
            assert_eq!(depth.messages().map(<[_]>::len).sum::<usize>(), updates);
        }
    }
}
