//! The messages of raw ITCH one by one.

/// Walks records of a big-endian `u16` length and a message; ends at the first that is cut short.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

/// The messages of `raw`, without their lengths.
#[must_use]
pub const fn messages(raw: &[u8]) -> Messages<'_> {
    Messages { rest: raw }
}

impl<'a> Messages<'a> {
    /// What has not been walked yet; empty after a whole file.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let (message, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.rest = rest;
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::messages;

    #[test]
    fn records_and_a_cut_one() {
        let mut walk = messages(b"\0\x03abc\0\0\0\x02de\0\x02f");
        assert_eq!(walk.by_ref().collect::<Vec<_>>(), [&b"abc"[..], b"", b"de"]);
        assert_eq!(walk.rest(), b"\0\x02f");
    }
}
