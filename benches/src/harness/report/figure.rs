//! Figures as words: as many digits as mean something.

use crate::harness::{Bar, Want};

/// A figure to three digits or so; `-` where there is none.
#[must_use]
pub fn figure(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "-".to_owned(),
        size if size >= 1_000.0 => grouped(value.round()),
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A whole number with a comma between thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("-{out}") } else { out }
}

/// A figure with its unit, as bars have it.
#[must_use]
pub fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "" => figure(value),
        "x" => format!("{} x", figure(value)),
        unit => format!("{} {unit}", figure(value)),
    }
}

/// What a figure must or should be; empty where nothing is asked.
#[must_use]
pub fn want(want: Option<Want>, unit: &str) -> String {
    match want {
        Some(Want::AtLeast(bar)) => format!(">= {}", with_unit(bar, unit)),
        Some(Want::AtMost(bar)) => format!("<= {}", with_unit(bar, unit)),
        None => String::new(),
    }
}

/// A bar as the cells of a table: what, figure, must, aim, verdict.
#[must_use]
pub fn cells(bar: &Bar) -> [String; 5] {
    [
        bar.what.clone(),
        with_unit(bar.figure, bar.unit),
        want(bar.must, bar.unit),
        want(bar.aim, bar.unit),
        bar.verdict().word().to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_mean_something() {
        let of = [0.0, 0.5, 2.345, 18.34, 215.6, 1_234.5, 39_900_000.0, -1_234.0, f64::NAN];
        let expected = ["0", "0.50", "2.35", "18.3", "216", "1,235", "39,900,000", "-1,234", "-"];
        // Halves round to even: 1,234.5 may become either; 2.345 is a little above in binary.
        for (value, expected) in of.into_iter().zip(expected) {
            assert_eq!(figure(value), expected, "{value}");
        }
        assert_eq!(want(Some(Want::AtMost(1.25)), "x"), "<= 1.25 x");
        assert_eq!(want(Some(Want::AtLeast(12.0)), "ns"), ">= 12.0 ns");
        assert_eq!(want(None, "x"), "");
    }
}
