//! Percentile distributions in the text form of HdrHistogram (`.hgrm`), which its plotters open.
//!
//! | column | |
//! |--|--|
//! | Value | upper end of the bucket, in the histogram's unit |
//! | Percentile | part of the values that are at most this |
//! | TotalCount | values at most this |
//! | 1/(1-Percentile) | what plotters use as their x axis; missing in the last row |
//!
//! Steps between percentiles halve with each halving of what is left, five to a half, as in
//! HdrHistogram's own `outputPercentileDistribution`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use shm::histogram::Histogram;

/// Steps to each halving of the rest.
const TICKS_PER_HALF: f64 = 5.0;

/// Buckets in use with the count up to each.
fn cumulative(histogram: &Histogram) -> Vec<(u64, u64, u64, u64)> {
    let mut sum = 0_u64;
    let with_sum = |(low, high, count): (u64, u64, u64)| {
        sum = sum.saturating_add(count);
        (low, high, count, sum)
    };
    histogram.used().map(with_sum).collect()
}

/// The percentile, in percent, that follows `level`.
fn next_level(level: f64) -> f64 {
    let halvings = (100.0 / (100.0 - level)).log2().floor() + 1.0;
    level + 100.0 / (TICKS_PER_HALF * halvings.exp2())
}

/// Writes the distribution of a histogram.
///
/// # Errors
/// What the writer says.
pub fn write<W: Write>(histogram: &Histogram, sub_bits: u8, out: &mut W) -> io::Result<()> {
    let buckets = cumulative(histogram);
    writeln!(
        out,
        "{:>12} {:>14} {:>10} {:>14}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    )?;
    if let Some(&(_, most, _, total)) = buckets.last() {
        let mut level = 0.0_f64;
        for &(_, high, _, sum) in buckets.iter().take(buckets.len() - 1) {
            while 100.0 * sum as f64 / total as f64 >= level {
                let part = level / 100.0;
                let rest = 1.0 / (1.0 - part);
                writeln!(out, "{:12.3} {part:14.12} {sum:10} {rest:14.2}", high as f64)?;
                level = next_level(level);
            }
        }
        writeln!(out, "{:12.3} {:14.12} {total:10}", most as f64, 1.0)?;
    }
    footer(&buckets, sub_bits, out)
}

fn footer<W: Write>(buckets: &[(u64, u64, u64, u64)], bits: u8, out: &mut W) -> io::Result<()> {
    let total = buckets.last().map_or(0, |bucket| bucket.3);
    let most = buckets.last().map_or(0, |bucket| bucket.1);
    let middle = |low: u64, high: u64| low as f64 / 2.0 + high as f64 / 2.0;
    let weigh = |of: &dyn Fn(f64) -> f64| -> f64 {
        let sum: f64 = buckets.iter().map(|b| of(middle(b.0, b.1)) * b.2 as f64).sum();
        if total == 0 { 0.0 } else { sum / total as f64 }
    };
    let mean = weigh(&|value| value);
    let deviation = weigh(&|value| (value - mean) * (value - mean)).sqrt();
    writeln!(out, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]")?;
    writeln!(out, "#[Max     = {:12.3}, Total count    = {total:12}]", most as f64)?;
    let groups = 65 - u32::from(bits);
    writeln!(out, "#[Buckets = {groups:12}, SubBuckets     = {:12}]", 1_u64 << bits)
}

/// A file name of these parts: whatever is not a letter, digit, `-` or `_` becomes `_`.
pub fn file_name(parts: &[&str]) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let parts = parts.iter().map(|part| part.chars().map(safe).collect::<String>());
    format!("{}.hgrm", parts.collect::<Vec<_>>().join("."))
}

/// Writes a distribution into a file of that name in a folder, and returns its path.
///
/// # Errors
/// What the system says, with the path.
pub fn save(
    folder: &Path,
    name: &str,
    histogram: &Histogram,
    sub_bits: u8,
) -> Result<PathBuf, (PathBuf, io::Error)> {
    let path = folder.join(name);
    let written = || {
        let mut out = BufWriter::new(File::create(&path)?);
        write(histogram, sub_bits, &mut out)?;
        out.flush()
    };
    match written() {
        Ok(()) => Ok(path),
        Err(error) => Err((path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_folder() {
        assert_eq!(file_name(&["main", "line2.skew"]), "main.line2_skew.hgrm");
        assert_eq!(file_name(&["..", "../x/y"]), "__.___x_y.hgrm");
    }

    #[test]
    fn steps_halve_with_the_rest() {
        let mut level = 0.0;
        let mut levels = Vec::new();
        for _ in 0..11 {
            levels.push(level);
            level = next_level(level);
        }
        // HdrHistogram with five ticks: 10 % steps to 50, then 5 % steps to 75, then 2.5 %.
        let wanted = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0];
        for (found, wanted) in levels.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-9, "{levels:?}");
        }
    }

    #[test]
    fn nothing_recorded_is_a_file_without_rows() {
        let mut out = Vec::new();
        write(&Histogram::new(5, vec![0; 64]), 5, &mut out).expect("memory takes everything");
        let text = String::from_utf8(out).expect("utf-8");
        assert!(text.contains("Total count    =            0]"), "{text}");
    }
}
