//! Numbers and foreign text as people read them.

use jiff::Timestamp;

/// ns UTC as a time, `-` for 0.
pub fn utc(ns: u64) -> String {
    match Timestamp::from_nanosecond(i128::from(ns)) {
        Ok(time) if ns != 0 => format!("{time:.9}"),
        Ok(_) => String::from("-"),
        Err(_) => format!("{ns} ns"),
    }
}

/// A span of ns in the unit that leaves one to three digits before the point.
pub fn span(ns: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (3_600_000_000_000, "h"),
        (60_000_000_000, "min"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
    ];
    match UNITS.iter().find(|(size, _)| ns >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", ns as f64 / *size as f64),
        None if ns >= 1_000 => format!("{:.1} us", ns as f64 / 1e3),
        None => format!("{ns} ns"),
    }
}

/// Bytes in binary units.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", bytes as f64 / *size as f64),
        None => format!("{bytes} B"),
    }
}

/// Text that somebody else wrote, without anything that a terminal would act on.
pub fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('?'));
        }
        text
    })
}

/// Words of shared memory as the bytes that they are.
pub fn bytes_of(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(utc(0), "-");
        assert_eq!(utc(1_700_000_000_123_456_789), "2023-11-14T22:13:20.123456789Z");
        assert_eq!(span(999), "999 ns");
        assert_eq!(span(1_500), "1.5 us");
        assert_eq!(span(2_000_000), "2.0 ms");
        assert_eq!(span(90_000_000_000), "1.5 min");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(hex(&[0, 0xab, 0x0f]), "00ab0f");
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left() {
        assert_eq!(safe("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
