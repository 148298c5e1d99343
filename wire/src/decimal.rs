//! Decimal text to scaled integers and back, exactly.
//!
//! A value is `i64 * 10^exponent`. Text is never taken through a float: digits go straight into
//! an integer, an exponent part moves the point, and what the integer cannot hold is an error with
//! a name, never a rounded or wrapped number.

use std::fmt;

/// Why a text is not a scaled integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// No text.
    Empty,
    /// A byte that does not belong there.
    Syntax {
        /// Where, from 0.
        at: usize,
    },
    /// Non-zero digits below the exponent.
    Inexact,
    /// Too great for an i64, or equal to NONE.
    Overflow,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecimalError::Empty => f.write_str("empty number"),
            DecimalError::Syntax { at } => write!(f, "not a decimal number at byte {at}"),
            DecimalError::Inexact => f.write_str("more digits than the exponent holds"),
            DecimalError::Overflow => f.write_str("number does not fit 64 bits"),
        }
    }
}

impl std::error::Error for DecimalError {}

/// Digits without trailing zeros, and the power of ten they are multiplied with.
struct Significand {
    digits: u128,
    /// More significant digits than 38: no i64, whatever the exponent.
    too_long: bool,
    power: i64,
}

/// Reads `text` as a multiple of `10^exponent`.
///
/// Accepts an optional sign, digits with at most one point, and an optional exponent part
/// (`1.5`, `-0.002`, `1e-7`, `2.50E+3`). At least one digit is needed.
///
/// # Errors
/// See [`DecimalError`].
pub fn parse(text: &[u8], exponent: i8) -> Result<i64, DecimalError> {
    let (negative, start) = match text.first() {
        None => return Err(DecimalError::Empty),
        Some(b'-') => (true, 1),
        Some(b'+') => (false, 1),
        Some(_) => (false, 0),
    };
    let value = significand(text, start)?;
    if value.digits == 0 {
        return Ok(0);
    }
    let shift = value.power - i64::from(exponent);
    if shift < 0 {
        return Err(DecimalError::Inexact);
    }
    if value.too_long || shift > 19 {
        return Err(DecimalError::Overflow);
    }
    let magnitude =
        value.digits.checked_mul(10u128.pow(shift as u32)).ok_or(DecimalError::Overflow)?;
    // i64::MIN is NONE, so the range is symmetric.
    let magnitude = i64::try_from(magnitude).map_err(|_| DecimalError::Overflow)?;
    Ok(if negative { -magnitude } else { magnitude })
}

fn significand(text: &[u8], start: usize) -> Result<Significand, DecimalError> {
    let mut out = Significand { digits: 0, too_long: false, power: 0 };
    let mut zeros: i64 = 0; // zeros seen since the last non-zero digit
    let mut count = 0u32; // significant digits in `digits`
    let mut point = None;
    let mut any = false;
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'0'..=b'9' => {
                any = true;
                push_digit(&mut out, &mut zeros, &mut count, byte - b'0');
                if point.is_some() {
                    out.power -= 1;
                }
            }
            b'.' if point.is_none() => point = Some(at),
            b'e' | b'E' if any => {
                out.power = out.power.saturating_add(exponent_part(text, at + 1)?);
                at = text.len();
                break;
            }
            _ => return Err(DecimalError::Syntax { at }),
        }
        at += 1;
    }
    if !any {
        return Err(DecimalError::Syntax { at });
    }
    out.power += zeros;
    Ok(out)
}

/// Appends a digit; zeros wait until a non-zero digit follows, so that trailing ones cost nothing.
fn push_digit(out: &mut Significand, zeros: &mut i64, count: &mut u32, digit: u8) {
    if digit == 0 {
        if *count > 0 {
            *zeros += 1;
        }
        return;
    }
    let wanted = i64::from(*count) + *zeros + 1;
    if wanted > 38 {
        out.too_long = true;
    } else {
        let factor = 10u128.pow(*zeros as u32 + 1);
        out.digits = out.digits * factor + u128::from(digit);
        *count = wanted as u32;
    }
    *zeros = 0;
}

fn exponent_part(text: &[u8], start: usize) -> Result<i64, DecimalError> {
    let (sign, mut at) = match text.get(start) {
        Some(b'-') => (-1, start + 1),
        Some(b'+') => (1, start + 1),
        _ => (1, start),
    };
    let first = at;
    let mut value: i64 = 0;
    while let Some(&byte) = text.get(at) {
        if !byte.is_ascii_digit() {
            return Err(DecimalError::Syntax { at });
        }
        value = (value * 10 + i64::from(byte - b'0')).min(1_000_000);
        at += 1;
    }
    if at == first {
        return Err(DecimalError::Syntax { at });
    }
    Ok(sign * value)
}

/// Shows `value * 10^exponent` as decimal text without an exponent part or needless zeros.
///
/// NONE shows as nothing.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    /// Scaled integer.
    pub value: i64,
    /// Power of ten of its unit.
    pub exponent: i8,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value == crate::NONE {
            return f.pad("");
        }
        let sign = if self.value < 0 { "-" } else { "" };
        let mut digits = self.value.unsigned_abs().to_string();
        let mut exponent = i32::from(self.exponent);
        while exponent < 0 && digits.len() > 1 && digits.ends_with('0') {
            digits.pop();
            exponent += 1;
        }
        if digits == "0" {
            return f.pad("0");
        }
        if exponent >= 0 {
            digits.push_str(&"0".repeat(exponent as usize));
        } else {
            let decimals = exponent.unsigned_abs() as usize;
            if digits.len() <= decimals {
                digits.insert_str(0, &"0".repeat(decimals + 1 - digits.len()));
            }
            digits.insert(digits.len() - decimals, '.');
        }
        f.pad(&format!("{sign}{digits}"))
    }
}

/// `value * 10^exponent` as text; nothing for NONE.
pub fn to_text(value: i64, exponent: i8) -> String {
    Decimal { value, exponent }.to_string()
}
