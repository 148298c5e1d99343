//! Numbers as Nasdaq's session protocols write them: twenty ASCII digits' room, right-justified.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 0 to 19 | padding | spaces; zeros are read too |
//! | | 1 to 20 | digits | up to the last byte |
//!
//! Reading is strict: a sign, a space behind a digit, no digit at all or a number beyond 64 bits is
//! no number. A wrong number here would be a wrong place in a session.

/// Bytes of a number.
pub(crate) const WIDTH: usize = 20;

/// The number of these bytes, `None` if they are none.
pub(crate) fn read(field: &[u8; WIDTH]) -> Option<u64> {
    let padding = field.iter().take_while(|byte| **byte == b' ').count();
    let digits = field.get(padding..).filter(|digits| !digits.is_empty())?;
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The bytes of a number, spaces in front.
pub(crate) fn write(number: u64) -> [u8; WIDTH] {
    let mut field = [b' '; WIDTH];
    let mut rest = number;
    for byte in field.iter_mut().rev() {
        *byte = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    field
}

const _: () = assert!(u64::MAX.ilog10() as usize + 1 == WIDTH);

#[cfg(test)]
mod tests {
    use super::{WIDTH, read, write};

    fn field(text: &str) -> [u8; WIDTH] {
        text.as_bytes().try_into().expect("twenty bytes")
    }

    #[test]
    fn golden_numbers() {
        let both = [
            (0, "                   0"),
            (1, "                   1"),
            (1_234_567_890, "          1234567890"),
            (u64::MAX, "18446744073709551615"),
        ];
        for (number, text) in both {
            assert_eq!(write(number), field(text), "{number}");
            assert_eq!(read(&field(text)), Some(number), "{text}");
        }
        for text in ["00000000000000000042", "            00000042"] {
            assert_eq!(read(&field(text)), Some(42), "{text}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "                    ",
            "42                  ",
            "                 4 2",
            "                  +1",
            "                  -1",
            "                 0x1",
            "                1\u{e9}1",
            "18446744073709551616",
            "99999999999999999999",
            "\t                  1",
        ] {
            assert_eq!(read(&field(text)), None, "{text:?}");
        }
    }
}
