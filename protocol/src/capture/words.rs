//! Integers in the byte order of the host that wrote the file.

/// Bytes of the magic number that every capture file begins with.
pub(crate) const MAGIC_LEN: usize = 4;

/// The byte order of a file or section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    /// The `u16` at `offset`, `None` if it is not wholly there.
    pub(crate) fn u16(self, bytes: &[u8], offset: usize) -> Option<u16> {
        let word = *bytes.get(offset..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(word),
            Self::Big => u16::from_be_bytes(word),
        })
    }

    /// The `u32` at `offset`, `None` if it is not wholly there.
    pub(crate) fn u32(self, bytes: &[u8], offset: usize) -> Option<u32> {
        let word = *bytes.get(offset..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(word),
            Self::Big => u32::from_be_bytes(word),
        })
    }

    /// The `i64` at `offset`, `None` if it is not wholly there.
    pub(crate) fn i64(self, bytes: &[u8], offset: usize) -> Option<i64> {
        let word = *bytes.get(offset..)?.first_chunk()?;
        Some(match self {
            Self::Little => i64::from_le_bytes(word),
            Self::Big => i64::from_be_bytes(word),
        })
    }

    /// A `u32` at `offset` as a length.
    pub(crate) fn length(self, bytes: &[u8], offset: usize) -> Option<usize> {
        self.u32(bytes, offset).and_then(|word| usize::try_from(word).ok())
    }
}
