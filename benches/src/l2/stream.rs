//! The recorded depth streams: level updates in the order in which they came, in ticks and lots.

use std::io::Read;

use crate::harness::{CompareError, Setting};

/// One recorded stream, and what its prices are made of.
pub struct Recording {
    /// What the rows call it.
    pub name: &'static str,
    /// Its file below the folder of the recordings.
    pub path: &'static str,
    /// Digits of a price after the point in the messages.
    pub price_digits: u32,
    /// The tick in units of the last of these digits.
    pub tick: i64,
}

/// Digits of a quantity after the point; a lot is the last of them.
pub const QUANTITY_DIGITS: u32 = 3;

/// Both are Binance USD-M futures of 2024-08-08, about 345 seconds.
pub const RECORDINGS: [Recording; 2] = [
    Recording {
        name: "BTCUSDT",
        path: "ws/binance_usdm/btcusdt_20240808.jsonl.gz",
        price_digits: 2,
        tick: 10,
    },
    Recording {
        name: "ETHUSDT",
        path: "ws/binance_usdm/ethusdt_20240808.jsonl.gz",
        price_digits: 2,
        tick: 1,
    },
];

/// A level of one side has this quantity now; 0 is gone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    pub ask: bool,
    pub tick: i64,
    pub lots: i64,
}

/// All updates of a recording.
pub struct Stream {
    pub of: &'static Recording,
    pub updates: Vec<Update>,
    /// Where each message ends in `updates`.
    pub ends: Vec<usize>,
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
    pub fn read(setting: &Setting, of: &'static Recording) -> Result<Stream, CompareError> {
        let lines = frames(setting, of.path)?;
        let mut stream =
            Stream { of, updates: Vec::new(), ends: Vec::new(), ticks: [i64::MAX, 0], levels: 0 };
        for line in lines.split(|byte| *byte == b'\n') {
            let wrong = |why: &str| CompareError::failed(of.path, why);
            if !line.windows(13).any(|part| part == b"\"depthUpdate\\") && !is_depth(line) {
                continue;
            }
            let frame: serde_json::Value =
                serde_json::from_slice(line).map_err(|error| wrong(&error.to_string()))?;
            let text = frame["data"].as_str().ok_or_else(|| wrong("a frame without data"))?;
            let message: serde_json::Value =
                serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
            for (side, ask) in [("b", false), ("a", true)] {
                let levels = message["data"][side].as_array();
                for level in levels.ok_or_else(|| wrong("a message without levels"))? {
                    stream.push(level, ask).ok_or_else(|| wrong("a level that is no level"))?;
                }
            }
            stream.ends.push(stream.updates.len());
        }
        stream.levels = most_levels(&stream.updates);
        Ok(stream)
    }

    fn push(&mut self, level: &serde_json::Value, ask: bool) -> Option<()> {
        let price = scaled(level[0].as_str()?, self.of.price_digits)?;
        let lots = scaled(level[1].as_str()?, QUANTITY_DIGITS)?;
        let tick = price / self.of.tick;
        if tick * self.of.tick != price {
            return None;
        }
        self.ticks = [self.ticks[0].min(tick), self.ticks[1].max(tick)];
        self.updates.push(Update { ask, tick, lots });
        Some(())
    }
}

fn is_depth(line: &[u8]) -> bool {
    line.windows(11).any(|part| part == b"depthUpdate")
}

/// The frame log of a recording.
fn frames(setting: &Setting, path: &str) -> Result<Vec<u8>, CompareError> {
    let path = setting.data.clone().unwrap_or_default().join(path);
    let data = |error| CompareError::Data { path: path.display().to_string(), error };
    let file = std::fs::File::open(&path).map_err(data)?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).map_err(data)?;
    Ok(bytes)
}

/// Decimal text as a number of units of its digit `digits` after the point.
fn scaled(text: &str, digits: u32) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let value: i64 = format!("{whole}{part}").parse().ok()?;
    let missing = digits.checked_sub(part.len() as u32)?;
    value.checked_mul(10_i64.checked_pow(missing)?)
}

fn most_levels(updates: &[Update]) -> u32 {
    let mut live = std::collections::HashSet::new();
    let mut most = 0;
    for update in updates {
        let key = (update.ask, update.tick);
        if update.lots == 0 {
            live.remove(&key);
        } else {
            live.insert(key);
        }
        most = most.max(live.len());
    }
    most as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_scaled_exactly() {
        assert_eq!(scaled("61800.20", 2), Some(6_180_020));
        assert_eq!(scaled("2.5", 3), Some(2_500));
        assert_eq!(scaled("7", 1), Some(70));
        assert_eq!(scaled("0.0001", 3), None);
        assert_eq!(scaled("1e3", 3), None);
    }
}
