//! The Internet checksum of RFC 1071: the ones' complement of the ones' complement sum of 16-bit
//! words. A header that contains its own correct checksum sums to `0xFFFF`.

/// A running ones' complement sum. Its 64 bits cannot overflow on anything a `u16` length frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// Adds `bytes`; an odd last byte counts as the high half of a word.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        let (words, odd) = bytes.as_chunks::<2>();
        for word in words {
            self.0 += u64::from(u16::from_be_bytes(*word));
        }
        if let [last] = odd {
            self.0 += u64::from(*last) << 8;
        }
        self
    }

    /// Adds one 16-bit word.
    pub(crate) fn word(mut self, word: u16) -> Self {
        self.0 += u64::from(word);
        self
    }

    /// Adds a 32-bit address as two words.
    pub(crate) fn address(self, address: u32) -> Self {
        let bytes = address.to_be_bytes();
        self.bytes(&bytes)
    }

    /// The sum folded into 16 bits.
    pub(crate) fn fold(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xFFFF {
            sum = (sum >> 16) + (sum & 0xFFFF);
        }
        (sum & 0xFFFF) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    /// The worked example of RFC 1071, section 3.
    #[test]
    fn rfc_1071_example() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::default().bytes(&bytes).fold(), 0xddf2);
    }

    /// An odd length is padded with a zero byte at the end.
    #[test]
    fn odd_length_is_padded() {
        let odd = Sum::default().bytes(&[0x12, 0x34, 0x56]).fold();
        assert_eq!(odd, 0x1234 + 0x5600);
    }
}
