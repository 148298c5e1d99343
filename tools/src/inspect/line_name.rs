//! Names of what a lane counts per line: `line2.won` is what line B won.

/// Most lines that have a letter.
const LETTERS: u8 = 26;

/// Line number and rest of `lineN.rest`; numbers begin at 1.
pub fn parse(name: &str) -> Option<(u8, &str)> {
    let (number, rest) = name.strip_prefix("line")?.split_once('.')?;
    // Written as the producer writes it, so that two names cannot mean the same.
    let plain = !number.starts_with(['0', '+']);
    let number = number.parse().ok().filter(|&number: &u8| plain && number >= 1)?;
    Some((number, rest))
}

/// Letter of a line: A is 1. Beyond Z the number stands for itself.
pub fn letter(line: u8) -> String {
    match line {
        1..=LETTERS => char::from(b'A' + (line - 1)).to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_lane_writes() {
        assert_eq!(parse("line1.packets"), Some((1, "packets")));
        assert_eq!(parse("line12.last_receive_ns"), Some((12, "last_receive_ns")));
        for name in ["line.x", "line0.x", "line01.x", "line+1.x", "line300.x", "lines", "packets"] {
            assert_eq!(parse(name), None, "{name}");
        }
        assert_eq!([letter(1), letter(2), letter(26), letter(27)], ["A", "B", "Z", "27"]);
    }
}
