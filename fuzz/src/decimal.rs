//! `decimal`: an exponent (the first byte, signed), then any text.
//!
//! What holds: the answer is that of schoolbook arithmetic on the digits as text, and what was
//! read is shown so that it reads back to the same number.

use wire::NONE;
use wire::decimal::{DecimalError, parse, to_text};

/// Exponent parts beyond this are beyond any number, whatever they are.
const FAR: i64 = 1_000_000_000;

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((&exponent, text)) = data.split_first() else { return };
    let exponent = exponent as i8;
    let found = parse(text, exponent);
    match (found, schoolbook(text, exponent)) {
        (Err(DecimalError::Syntax { at }), Err(Refused::Syntax)) => assert!(at <= text.len()),
        (Err(DecimalError::Empty), Err(Refused::Empty))
        | (Err(DecimalError::Inexact), Err(Refused::Inexact))
        | (Err(DecimalError::Overflow), Err(Refused::Overflow)) => {}
        (Ok(value), Ok(wanted)) => assert_eq!(i128::from(value), wanted),
        (found, wanted) => panic!("{found:?}, schoolbook says {wanted:?}"),
    }
    let Ok(value) = found else { return };
    assert_ne!(value, NONE, "a number that means no number");
    let shown = to_text(value, exponent);
    assert_eq!(parse(shown.as_bytes(), exponent), Ok(value), "shown as {shown}");
    let minus = to_text(-value, exponent);
    assert_eq!(parse(minus.as_bytes(), exponent), Ok(-value), "shown as {minus}");
}

#[derive(Debug)]
enum Refused {
    Empty,
    Syntax,
    Inexact,
    Overflow,
}

/// Digits and the power of ten of the last one, taken apart as text.
fn take_apart(text: &str) -> Option<(bool, String, i64)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, power) = match rest.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, exponent_part(power)?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then_some((negative, digits, power - fraction.len() as i64))
}

fn exponent_part(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let value = if digits.len() > 9 { FAR } else { digits.parse().unwrap_or(0) };
    Some(sign * value)
}

fn schoolbook(text: &[u8], exponent: i8) -> Result<i128, Refused> {
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    let text = std::str::from_utf8(text).map_err(|_| Refused::Syntax)?;
    let (negative, digits, power) = take_apart(text).ok_or(Refused::Syntax)?;
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Ok(0);
    }
    let shift = power + (digits.len() - short.len()) as i64 - i64::from(exponent);
    if shift < 0 {
        return Err(Refused::Inexact);
    }
    if short.len() as i64 + shift > 19 {
        return Err(Refused::Overflow);
    }
    let shifted = format!("{short}{}", "0".repeat(shift as usize));
    let value: i128 = shifted.parse().expect("at most 19 digits");
    if value > i128::from(i64::MAX) {
        return Err(Refused::Overflow);
    }
    Ok(if negative { -value } else { value })
}
