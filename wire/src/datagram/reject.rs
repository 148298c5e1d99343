//! Why bytes are not a datagram.

use std::fmt;

/// What is wrong with a datagram. Checked in this order; the first that applies is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DatagramReject {
    /// Shorter than the header.
    Short,
    /// Another version than 1.
    Version,
    /// Type 0.
    Type,
    /// A number of items that the type does not allow.
    Count,
    /// Not exactly as long as header and items.
    Length,
    /// `is_bid` in something that is no book.
    BidFlag,
    /// The symbol is missing, not printable ASCII, or not padded with NUL to the end.
    Symbol,
    /// The exchange likewise.
    Exchange,
    /// A byte that must be zero is not.
    Reserved,
    /// A side, or the kind of an order, that does not exist.
    Code,
    /// A text of an item is not utf-8 padded with NUL.
    Text,
}

impl DatagramReject {
    /// Every reason, in the order of [`Self::index`].
    pub const ALL: [DatagramReject; 11] = [
        DatagramReject::Short,
        DatagramReject::Version,
        DatagramReject::Type,
        DatagramReject::Count,
        DatagramReject::Length,
        DatagramReject::BidFlag,
        DatagramReject::Symbol,
        DatagramReject::Exchange,
        DatagramReject::Reserved,
        DatagramReject::Code,
        DatagramReject::Text,
    ];

    /// The name that counters and reports print.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DatagramReject::Short => "datagram_short",
            DatagramReject::Version => "datagram_version",
            DatagramReject::Type => "datagram_type",
            DatagramReject::Count => "datagram_count",
            DatagramReject::Length => "datagram_length",
            DatagramReject::BidFlag => "datagram_bid_flag",
            DatagramReject::Symbol => "datagram_symbol",
            DatagramReject::Exchange => "datagram_exchange",
            DatagramReject::Reserved => "datagram_reserved",
            DatagramReject::Code => "datagram_code",
            DatagramReject::Text => "datagram_text",
        }
    }

    /// The position in [`Self::ALL`], for an array of counters.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for DatagramReject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for DatagramReject {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_stands_at_its_index_with_a_name_of_its_own() {
        for (at, reason) in DatagramReject::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), at);
            assert!(DatagramReject::ALL[..at].iter().all(|other| other.name() != reason.name()));
        }
    }
}
