//! Copies compared: how much later they come, and whether they are copies at all.
//!
//! A table of the packets taken last, by the number of their first message. A copy that begins
//! with the same number on another line gives a skew. Of one packet in so many, chosen by its
//! number so that every line chooses the same, a digest is kept too: a copy with as many messages
//! and another digest is divergence. Lines that cut their packets differently are compared where
//! packets happen to begin alike. The table's newest entry wins; a copy that comes after 8,192
//! further messages finds nothing and is not measured.

use super::sink::Arrival;

/// Entries, a power of two: 192 KiB.
const ENTRIES: usize = 8192;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    first: u64,
    ts_receive: u64,
    /// Digest of the bytes; 0 = not sampled.
    digest: u32,
    count: u16,
    line: u8,
}

/// What a copy showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// The line whose packet was received later, by the stamps: where lines are read in turn, it
    /// need not be the one that was read later.
    pub(super) later: u8,
    /// By how much, ns.
    pub(super) skew_ns: u64,
    /// Whether its bytes were others.
    pub(super) diverged: bool,
}

/// The packets that were taken last.
#[derive(Debug)]
pub(super) struct Compare {
    entries: Vec<Entry>,
    /// One packet in so many has a digest; 0 = none.
    sample: u32,
}

impl Compare {
    /// A table; without lines to compare, one of no entries.
    pub(super) fn new(compares: bool, sample: u32) -> Compare {
        let entries = if compares { vec![Entry::default(); ENTRIES] } else { Vec::new() };
        Compare { entries, sample }
    }

    /// Forgets all: numbers begin anew.
    pub(super) fn clear(&mut self) {
        self.entries.fill(Entry::default());
    }

    #[inline(always)]
    fn sampled(&self, first: u64) -> bool {
        // The high half of a product spreads neighbouring numbers evenly over 32 bits.
        let spread = first.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        self.sample != 0 && (spread * u64::from(self.sample)) >> 32 == 0
    }

    /// Remembers the first packet that begins with its number.
    #[inline(always)]
    pub(super) fn first(&mut self, a: &Arrival, bytes: &[u8]) {
        let digest = if self.sampled(a.first) { digest(bytes) } else { 0 };
        if let Some(entry) = self.entries.get_mut(a.first as usize & (ENTRIES - 1)) {
            let Arrival { first, ts_receive, count, line, .. } = *a;
            *entry = Entry { first, ts_receive, digest, count, line };
        }
    }

    /// Compares a packet whose first message was taken already.
    #[inline]
    pub(super) fn copy(&self, a: &Arrival, bytes: &[u8]) -> Option<Compared> {
        let entry = self.entries.get(a.first as usize & (ENTRIES - 1))?;
        if entry.first != a.first || entry.line == a.line {
            return None;
        }
        let comparable = entry.digest != 0 && entry.count == a.count;
        let later = if a.ts_receive < entry.ts_receive { entry.line } else { a.line };
        Some(Compared {
            later,
            skew_ns: a.ts_receive.abs_diff(entry.ts_receive),
            diverged: comparable && digest(bytes) != entry.digest,
        })
    }
}

/// 32 bits of the bytes, never 0. Chance, not an adversary, is to be told apart: who can send on a
/// line can send what he likes.
#[inline(never)]
fn digest(bytes: &[u8]) -> u32 {
    const FACTOR: u64 = 0xD6E8_FEB8_6659_FD93;
    let mut sum = bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        sum = (sum.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
    }
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    sum = (sum.rotate_left(23) ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    ((sum ^ (sum >> 32)) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::StampBy;

    fn packet(first: u64, count: u16, line: u8, ts_receive: u64) -> Arrival {
        Arrival { first, count, line, ts_receive, stamp: StampBy::Kernel, now: ts_receive }
    }

    #[test]
    fn a_copy_on_another_line_has_a_skew_and_the_same_bytes() {
        let mut table = Compare::new(true, 1);
        table.first(&packet(7, 2, 1, 100), b"bytes of both");
        let copy = table.copy(&packet(7, 2, 2, 350), b"bytes of both");
        assert_eq!(copy, Some(Compared { later: 2, skew_ns: 250, diverged: false }));
        let other = table.copy(&packet(7, 2, 2, 90), b"bytes of botH");
        assert_eq!(other, Some(Compared { later: 1, skew_ns: 10, diverged: true }));
        // Cut differently: not the same packet, so not to be compared.
        let longer = table.copy(&packet(7, 3, 2, 101), b"bytes of both and more");
        assert_eq!(longer, Some(Compared { later: 2, skew_ns: 1, diverged: false }));
        assert_eq!(table.copy(&packet(7, 2, 1, 400), b"again"), None, "the same line");
        assert_eq!(table.copy(&packet(8, 2, 2, 400), b"unknown"), None);
        assert_eq!(table.copy(&packet(7 + ENTRIES as u64, 2, 2, 400), b"other"), None);
        table.clear();
        assert_eq!(table.copy(&packet(7, 2, 2, 350), b"bytes of both"), None);
    }

    #[test]
    fn one_in_so_many_is_sampled_and_each_line_samples_the_same() {
        for sample in [1, 2, 64, 1000] {
            let table = Compare::new(true, sample);
            let chosen = (1..=100_000u64).filter(|&n| table.sampled(n)).count() as f64;
            let wanted = 100_000.0 / f64::from(sample);
            assert!((chosen - wanted).abs() <= 0.05 * wanted + 3.0, "{sample}: {chosen}");
        }
        assert!((1..1000).all(|n| !Compare::new(true, 0).sampled(n)));
    }

    #[test]
    fn any_changed_bit_changes_the_digest() {
        let bytes: Vec<u8> = (0..61).collect();
        let whole = digest(&bytes);
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(digest(&other), whole, "bit {bit}");
        }
        assert_ne!(digest(&bytes[..60]), whole);
        assert_ne!(digest(&[0; 8]), digest(&[0; 9]));
    }
}
