//! Bars: what a ratio must be, and should be.

use serde::Serialize;

/// Which way a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// The figure is to be at least this.
    AtLeast(f64),
    /// The figure is to be at most this.
    AtMost(f64),
}

impl Want {
    /// Whether a figure is good enough.
    #[must_use]
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Want::AtLeast(bar) => figure >= bar,
            Want::AtMost(bar) => figure <= bar,
        }
    }
}

/// A figure and what it must be.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    /// What is compared, in words.
    pub what: String,
    /// What was measured: a ratio, or ns where the unit says so.
    pub figure: f64,
    /// `x` for ratios, `ns`.
    pub unit: &'static str,
    /// What it must be; `None` = reported only.
    pub must: Option<Want>,
    /// What it should be.
    pub aim: Option<Want>,
}

impl Bar {
    /// A ratio with a bar and an aim.
    pub fn ratio(what: impl Into<String>, figure: f64, must: Want, aim: Option<Want>) -> Bar {
        Bar { what: what.into(), figure, unit: "x", must: Some(must), aim }
    }

    /// A figure that is reported and has no bar.
    pub fn reported(what: impl Into<String>, figure: f64, unit: &'static str) -> Bar {
        Bar { what: what.into(), figure, unit, must: None, aim: None }
    }

    /// Whether the bar is met; without one, yes.
    #[must_use]
    pub fn met(&self) -> bool {
        self.must.is_none_or(|want| want.holds(self.figure))
    }
}
