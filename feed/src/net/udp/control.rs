//! Control messages that come with a datagram: the receive stamp and the count of dropped ones.
//!
//! | offset | size | field |
//! |--|--|--|
//! | 0 | 8 | length of the message with this header |
//! | 8 | 4 | level |
//! | 12 | 4 | type |
//! | 16 | | data, then padding to eight bytes |
//!
//! In the byte order and word size of the machine, as the kernel writes them. Read with bounds, so
//! that no pointer is needed.

/// Bytes of the header.
const HEADER: usize = size_of::<libc::cmsghdr>();
const _: () = assert!(HEADER == 16 && size_of::<usize>() == 8);
const NS_PER_S: u64 = 1_000_000_000;

/// Room for both messages: 16 + 16 for a stamp, 16 + 4 + 4 for a count, and some to spare.
pub(super) const CONTROL_LEN: usize = 96;

/// What a datagram brought along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Control {
    /// When the kernel took it from the interface, ns UTC.
    pub(super) stamp_ns: Option<u64>,
    /// Datagrams that the socket had dropped when this one was queued; runs over at 2^32.
    pub(super) dropped: Option<u32>,
}

fn word<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

impl Control {
    /// Reads the messages; what is damaged ends it.
    #[inline]
    pub(super) fn parse(mut bytes: &[u8]) -> Control {
        let mut control = Control::default();
        while let Some(length) = word(bytes, 0).map(usize::from_ne_bytes) {
            let (Some(level), Some(kind), Some(data)) = (
                word(bytes, 8).map(i32::from_ne_bytes),
                word(bytes, 12).map(i32::from_ne_bytes),
                bytes.get(HEADER..length),
            ) else {
                break;
            };
            match (level, kind) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => control.stamp_ns = stamp(data),
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    control.dropped = word(data, 0).map(u32::from_ne_bytes);
                }
                _ => {}
            }
            match bytes.get(length.next_multiple_of(8)..) {
                Some(rest) => bytes = rest,
                None => break,
            }
        }
        control
    }
}

/// A `timespec`: seconds, nanoseconds.
fn stamp(data: &[u8]) -> Option<u64> {
    let seconds = u64::try_from(i64::from_ne_bytes(word(data, 0)?)).ok()?;
    let nanoseconds = u64::try_from(i64::from_ne_bytes(word(data, 8)?)).ok()?;
    seconds.checked_mul(NS_PER_S)?.checked_add(nanoseconds).filter(|&ns| ns > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(length: usize, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(libc::SOL_SOCKET.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn stamp_of(seconds: i64, ns: i64) -> Vec<u8> {
        message(32, 35, &[seconds.to_ne_bytes(), ns.to_ne_bytes()].concat())
    }

    #[test]
    fn both_are_read_in_any_order() {
        let stamp = stamp_of(1_580_000_000, 5);
        let drops = message(20, 40, &7u32.to_ne_bytes());
        let other = message(17, 99, &[1]);
        let want = Control { stamp_ns: Some(1_580_000_000_000_000_005), dropped: Some(7) };
        for parts in [[&stamp, &drops, &other], [&other, &drops, &stamp], [&drops, &other, &stamp]]
        {
            assert_eq!(Control::parse(&parts.map(Vec::as_slice).concat()), want);
        }
        // The kernel does not pad the last one.
        let mut bytes = [stamp, drops].concat();
        bytes.truncate(32 + 20);
        assert_eq!(Control::parse(&bytes), want);
    }

    #[test]
    fn what_is_cut_or_lies_gives_nothing() {
        assert_eq!(Control::parse(&stamp_of(5, 5)[..31]), Control::default());
        assert_eq!(Control::parse(&message(20, 35, &[1, 2, 3, 4])), Control::default());
        assert_eq!(Control::parse(&stamp_of(-1, 5)), Control::default());
        for length in [0, 1, 15, 33, usize::MAX] {
            assert_eq!(Control::parse(&message(length, 35, &[1; 16])), Control::default());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Control::parse(&bytes);
        }
    }
}
