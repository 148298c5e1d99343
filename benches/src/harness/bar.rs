//! Bars: what a ratio must be, and should be.

use serde::{Deserialize, Deserializer, Serialize};

/// Which way a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
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

/// What a bar came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// What should be reached is.
    Aim,
    /// What must be reached is.
    Met,
    /// It is not.
    Missed,
    /// There is no bar.
    Reported,
}

impl Verdict {
    /// The word in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Aim => "aim",
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::Reported => "reported",
        }
    }
}

/// A figure and what it must be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bar {
    /// What is compared, in words.
    pub what: String,
    /// What was measured: a ratio, or ns where the unit says so.
    #[serde(deserialize_with = "number")]
    pub figure: f64,
    /// `x` for ratios, `ns`.
    #[serde(deserialize_with = "unit")]
    pub unit: Unit,
    /// What it must be; `None` = reported only.
    pub must: Option<Want>,
    /// What it should be.
    pub aim: Option<Want>,
}

/// A word for what is counted. A name of its own, because serde takes a reference it can see for
/// one into its input.
pub type Unit = &'static str;

/// A unit of a section that ran in a process of its own. There are a handful, kept to the end.
pub(super) fn unit<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    String::deserialize(from).map(|unit| &*unit.leak())
}

/// A figure; JSON has no form for what is no number but `null`.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Option::<f64>::deserialize(from).map(|figure| figure.unwrap_or(f64::NAN))
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

    /// What it came to; a figure that is no number meets nothing.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.must, self.aim) {
            (Some(must), _) if !must.holds(self.figure) => Verdict::Missed,
            (_, Some(aim)) if aim.holds(self.figure) => Verdict::Aim,
            (Some(_), _) => Verdict::Met,
            (None, _) => Verdict::Reported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_missed_met_or_aimed() {
        let of = |figure| {
            Bar::ratio("x", figure, Want::AtLeast(2.0), Some(Want::AtLeast(3.0))).verdict()
        };
        assert_eq!([1.9, 2.0, 3.0].map(of), [Verdict::Missed, Verdict::Met, Verdict::Aim]);
        assert_eq!(of(f64::NAN), Verdict::Missed);
        assert_eq!(Bar::ratio("x", 1.3, Want::AtMost(1.25), None).verdict(), Verdict::Missed);
        assert_eq!(Bar::ratio("x", 1.2, Want::AtMost(1.25), None).verdict(), Verdict::Met);
        assert_eq!(Bar::reported("x", f64::NAN, "ns").verdict(), Verdict::Reported);
    }
}
