//! Prices and quantities in the one scale that all datagrams share.
//!
//! A listener should not need a definition to read a price, so datagrams do not use the
//! instrument's own exponents. What the common scale cannot hold is never rounded: the caller
//! sends the record instead.

use crate::NONE;

/// Prices and quantities of datagrams are multiples of 10 to this power.
pub const SCALE_EXPONENT: i8 = -8;

const POWERS: [i64; 19] = {
    let mut powers = [1_i64; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// `value * 10^exponent` as a multiple of 10^-8; `None` for NONE, where digits would be lost, and
/// where 64 bits do not hold it.
#[inline]
#[must_use]
pub fn to_scale_8(value: i64, exponent: i8) -> Option<i64> {
    if value == NONE {
        return None;
    }
    if value == 0 {
        return Some(0);
    }
    let shift = i32::from(exponent) - i32::from(SCALE_EXPONENT);
    let power = *POWERS.get(shift.unsigned_abs() as usize)?;
    let scaled = if shift >= 0 {
        value.checked_mul(power)?
    } else if value % power == 0 {
        value / power
    } else {
        return None;
    };
    // The least number means "none", so no value may become it.
    (scaled != NONE).then_some(scaled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_or_nothing() {
        assert_eq!(to_scale_8(3_201_400, -4), Some(32_014_000_000));
        assert_eq!(to_scale_8(100, 0), Some(10_000_000_000));
        assert_eq!(to_scale_8(-15, -1), Some(-150_000_000));
        assert_eq!(to_scale_8(120, -10), None);
        assert_eq!(to_scale_8(1_200, -10), Some(12));
        assert_eq!(to_scale_8(1, 10), Some(1_000_000_000_000_000_000));
        assert_eq!(to_scale_8(1, 11), None);
        assert_eq!(to_scale_8(10, 10), None);
        assert_eq!(to_scale_8(0, 127), Some(0));
        assert_eq!(to_scale_8(0, -128), Some(0));
        assert_eq!(to_scale_8(NONE, -8), None);
        assert_eq!(to_scale_8(i64::MAX, -8), Some(i64::MAX));
        assert_eq!(to_scale_8(i64::MAX, -7), None);
    }

    proptest::proptest! {
        /// Against 128-bit arithmetic, whose whole range fits.
        #[test]
        fn equals_wide_arithmetic(value: i64, zeros in 0_u32..19, exponent in -30_i8..30) {
            let value = value / 10_i64.pow(zeros) * 10_i64.pow(zeros);
            let got = to_scale_8(value, exponent);
            let shift = i32::from(exponent) + 8;
            let want = if value == NONE || (shift > 18 && value != 0) {
                None
            } else if shift >= 0 {
                let power = 10_i128.pow(shift.min(18) as u32);
                i64::try_from(i128::from(value) * power).ok().filter(|&v| v != NONE)
            } else {
                let power = 10_i128.pow(shift.unsigned_abs());
                let exact = i128::from(value) % power == 0;
                exact.then(|| (i128::from(value) / power) as i64)
            };
            proptest::prop_assert_eq!(got, want);
        }
    }
}
