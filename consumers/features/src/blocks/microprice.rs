//! 1.4 Microprice (Stoikov 2018): the middle, corrected by where it goes on average from quotes of
//! this imbalance and this spread.
//!
//! The correction is fitted off the hot path from recorded quotes and loaded as a table; here are
//! two bucketings and one load. Without a table the value is the plain weighted price, marked
//! [`flags::ESTIMATED`]. Format of the file: [`MicroTable::parse`].

use serde::Deserialize;

use super::wap;
use crate::flags;
use crate::inputs::{Quote, Scale};

/// Buckets of the imbalance where no table says otherwise.
pub const IMBALANCES: u32 = 10;
/// Buckets of the spread where no table says otherwise.
pub const SPREADS: u32 = 2;

/// A fitted correction.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MicroTable {
    /// Number of the fit, above 0.
    pub version: u32,
    /// Buckets of the imbalance B/(A+B).
    pub n_imbalance: u32,
    /// Buckets of the spread: 1 tick, 2 ticks, ...; the last takes all wider ones.
    pub n_spread: u32,
    /// Correction in ticks, by spread bucket, then imbalance bucket.
    pub g_ticks: Vec<f64>,
}

/// What the microprice is at a quote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MicroValues {
    /// The price.
    pub price: f64,
    /// Correction in ticks.
    pub g_ticks: f64,
    /// Bucket: spread bucket x imbalance buckets + imbalance bucket.
    pub state: i64,
    /// Version of the table; 0 without one.
    pub version: i64,
    /// Bits of [`flags`].
    pub flags: u32,
}

/// Bucket of a quote; `None` where the tick is not known or both quantities are 0.
#[inline]
pub fn state_of(quote: &Quote, scale: Scale, n_imbalance: u32, n_spread: u32) -> Option<u32> {
    if scale.tick < 1 || n_imbalance == 0 || n_spread == 0 {
        return None;
    }
    let bid = i128::from(quote.bid_quantity);
    let both = bid + i128::from(quote.ask_quantity);
    if both <= 0 {
        return None;
    }
    let imbalance = bid * i128::from(n_imbalance) / both;
    let imbalance = u32::try_from(imbalance).unwrap_or(0).min(n_imbalance - 1);
    let ticks = u32::try_from(quote.spread() / scale.tick).unwrap_or(u32::MAX);
    let spread = ticks.clamp(1, n_spread) - 1;
    Some(spread * n_imbalance + imbalance)
}

/// The microprice of a quote.
#[inline]
pub fn microprice(quote: &Quote, scale: Scale, table: Option<&MicroTable>) -> MicroValues {
    let (imbalances, spreads) = match table {
        Some(table) => (table.n_imbalance, table.n_spread),
        None => (IMBALANCES, SPREADS),
    };
    let mut out =
        MicroValues { price: f64::NAN, g_ticks: f64::NAN, state: 0, version: 0, flags: 0 };
    let Some(state) = state_of(quote, scale, imbalances, spreads) else {
        out.flags = flags::UNDEF;
        return out;
    };
    out.state = i64::from(state);
    let g = table.and_then(|table| Some((table, *table.g_ticks.get(state as usize)?)));
    let middle = quote.mid2() as f64 / 2.0;
    match g {
        Some((table, g)) => {
            out.version = i64::from(table.version);
            out.g_ticks = g;
            out.price = scale.price(middle + g * scale.tick as f64);
        }
        None => {
            out.flags = flags::ESTIMATED;
            out.price = wap::wap(quote, scale);
            // wap - mid, as one ratio: (2 n - mid2 d) / (2 d tick), n / d = wap.
            let (numerator, denominator) = quote.wap_parts();
            let over = numerator
                .saturating_mul(2)
                .saturating_sub(i128::from(quote.mid2()).saturating_mul(denominator));
            let under = denominator.saturating_mul(2).saturating_mul(i128::from(scale.tick));
            out.g_ticks = super::ratio(over, under);
        }
    }
    out
}

impl MicroTable {
    /// Reads a table:
    /// `{"version": 1, "n_imbalance": 10, "n_spread": 2, "g_ticks": [20 numbers]}`.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn parse(text: &str) -> Result<MicroTable, String> {
        let table: MicroTable = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let (imbalances, spreads) = (u64::from(table.n_imbalance), u64::from(table.n_spread));
        if table.version == 0 {
            return Err("version: from 1 on; 0 means that there is no table".to_owned());
        }
        if !(1..=1_000).contains(&imbalances) || !(1..=1_000).contains(&spreads) {
            return Err("n_imbalance and n_spread: from 1 to 1000".to_owned());
        }
        let (found, wanted) = (table.g_ticks.len() as u64, imbalances * spreads);
        if found != wanted {
            let sizes = format!("n_imbalance x n_spread is {wanted}");
            return Err(format!("g_ticks has {found} numbers, but {sizes}"));
        }
        if let Some(at) = table.g_ticks.iter().position(|g| !g.is_finite()) {
            return Err(format!("g_ticks: number {at} is not finite"));
        }
        Ok(table)
    }
}
