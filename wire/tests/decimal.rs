//! Decimals against hand-made cases and an independent big-integer oracle.

use proptest::prelude::*;
use wire::decimal::{DecimalError, parse, to_text};

#[test]
fn cases_by_hand() {
    let ok = [
        ("320.14", -4, 3_201_400),
        ("0", 0, 0),
        ("-0.000", -2, 0),
        ("1e-7", -8, 10),
        ("2.50E+3", 0, 2500),
        ("0.00001000", -8, 1000),
        ("1.000000000000000000000000000000000000000000000000", 0, 1),
        ("0.0000000000000000000000000000000000000000001e43", 0, 1),
        ("9223372036854775807", 0, i64::MAX),
        ("-9223372036854775807", 0, -i64::MAX),
        ("+5", 0, 5),
        ("5.", 0, 5),
        (".5", -1, 5),
        ("1200", 2, 12),
    ];
    for (text, exponent, want) in ok {
        assert_eq!(parse(text.as_bytes(), exponent), Ok(want), "{text} at 10^{exponent}");
    }
    let bad = [
        ("", 0, DecimalError::Empty),
        ("-", 0, DecimalError::Syntax { at: 1 }),
        (".", 0, DecimalError::Syntax { at: 1 }),
        ("1.2.3", -1, DecimalError::Syntax { at: 3 }),
        ("1e", 0, DecimalError::Syntax { at: 2 }),
        ("1e5x", 0, DecimalError::Syntax { at: 3 }),
        ("NaN", 0, DecimalError::Syntax { at: 0 }),
        (" 1", 0, DecimalError::Syntax { at: 0 }),
        ("0.00015", -4, DecimalError::Inexact),
        ("1250", 2, DecimalError::Inexact),
        ("9223372036854775808", 0, DecimalError::Overflow),
        ("-9223372036854775808", 0, DecimalError::Overflow),
        ("1e999999999999999999999", 0, DecimalError::Overflow),
        ("1e-999999999999999999999", 0, DecimalError::Inexact),
        ("111111111111111111111111111111111111111111111111", 0, DecimalError::Overflow),
    ];
    for (text, exponent, want) in bad {
        assert_eq!(parse(text.as_bytes(), exponent), Err(want), "{text} at 10^{exponent}");
    }
}

/// Digits as a string times ten to a power, by moving characters only.
fn shifted(negative: bool, digits: &str, power: i32) -> String {
    let mut text = digits.to_string();
    if power >= 0 {
        text.push_str(&"0".repeat(power as usize));
    } else {
        let n = power.unsigned_abs() as usize;
        if text.len() <= n {
            text.insert_str(0, &"0".repeat(n + 1 - text.len()));
        }
        text.insert(text.len() - n, '.');
    }
    if negative { format!("-{text}") } else { text }
}

proptest! {
    #[test]
    fn text_and_back(value in any::<i64>(), exponent in -18i8..=18) {
        prop_assume!(value != i64::MIN);
        prop_assert_eq!(parse(to_text(value, exponent).as_bytes(), exponent), Ok(value));
    }

    #[test]
    fn written_with_an_exponent_part_it_is_the_same(
        value in any::<i64>(), exponent in -12i8..=12, moved in -30i32..30,
    ) {
        prop_assume!(value != i64::MIN);
        let plain = shifted(value < 0, &value.unsigned_abs().to_string(), i32::from(exponent) - moved);
        prop_assert_eq!(parse(format!("{plain}e{moved}").as_bytes(), exponent), Ok(value));
    }

    #[test]
    fn i128_agrees(negative: bool, digits in "[0-9]{1,30}", power in -25i32..10, exponent in -18i8..=4) {
        let text = shifted(negative, &digits, power);
        let shift = power - i32::from(exponent);
        let n: i128 = digits.parse().expect("30 digits fit");
        let want = if n == 0 {
            Ok(0)
        } else if shift < 0 {
            let unit = 10i128.checked_pow(shift.unsigned_abs());
            match unit {
                Some(unit) if n % unit == 0 => fit(n / unit, negative),
                _ => Err(DecimalError::Inexact),
            }
        } else {
            match n.checked_mul(10i128.pow(shift as u32)) {
                Some(n) => fit(n, negative),
                None => Err(DecimalError::Overflow),
            }
        };
        prop_assert_eq!(parse(text.as_bytes(), exponent), want);
    }

    #[test]
    fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..60), e in any::<i8>()) {
        let _ = parse(&bytes, e);
    }
}

fn fit(n: i128, negative: bool) -> Result<i64, DecimalError> {
    let n = i64::try_from(n).map_err(|_| DecimalError::Overflow)?;
    Ok(if negative { -n } else { n })
}
