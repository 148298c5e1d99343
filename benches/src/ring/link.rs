//! What every ring is asked to do: carry 64-byte records from one end to the other, without loss.
//!
//! A ring is opened before its two ends part, as two openers: each is called by the process or
//! thread that will use that end, so that whatever an end keeps (a mapping, a registration, a
//! process id) is its own.

use crate::harness::CompareError;
use std::path::Path;

/// Words of a record.
pub const WORDS: usize = 8;
/// Records of a batch.
pub const BATCH: usize = 32;

/// A record: one cache line, where the ring lets it be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Record(pub [u64; WORDS]);

impl Record {
    /// The record number `n`. Byte 0 is zero: it belongs to our slots.
    #[inline(always)]
    #[must_use]
    pub fn number(n: u64) -> Record {
        Record(words(n))
    }
}

/// The words of record number `n`, for rings that take them without the alignment.
#[inline(always)]
#[must_use]
pub fn words(n: u64) -> [u64; WORDS] {
    [n << 8, n, n ^ 2, n + 3, n ^ 4, n + 5, n ^ 6, n + 7]
}

/// Every word of every record, in their order: what the receiving end answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Digest {
    /// The answer.
    pub sum: u64,
    /// Records taken.
    pub count: u64,
}

impl Digest {
    /// Takes all words of a record.
    #[inline(always)]
    pub fn take(&mut self, words: &[u64; WORDS]) {
        let sum = words.iter().fold(0_u64, |sum, word| sum.wrapping_add(*word));
        self.sum = self.sum.wrapping_add(sum).rotate_left(1);
        self.count += 1;
    }

    /// What `count` records from number 0 on must give.
    #[must_use]
    pub fn of(count: u64) -> Digest {
        let mut digest = Digest::default();
        (0..count).for_each(|n| digest.take(&words(n)));
        digest
    }
}

/// The end that sends.
pub trait Send64 {
    /// Sends record number `n` so that the receiver may see it now; false if there is no room.
    fn send(&mut self, n: u64) -> bool;

    /// Sends these words, a reply or a stamped record.
    fn send_words(&mut self, words: &[u64; WORDS]) -> bool;

    /// Sends records `first` to `first + BATCH - 1`, all or none, with one publication where the
    /// ring has such a thing. Returns how many were taken; the rest is asked for again.
    #[inline(always)]
    fn send_batch(&mut self, first: u64) -> usize {
        (0..BATCH).take_while(|i| self.send(first + *i as u64)).count()
    }
}

/// The end that receives.
pub trait Receive64 {
    /// Takes one record.
    fn receive(&mut self) -> Option<[u64; WORDS]>;

    /// Takes what is there, as the ring's documentation advises for throughput.
    #[inline(always)]
    fn drain(&mut self, digest: &mut Digest) {
        while let Some(words) = self.receive() {
            digest.take(&words);
        }
    }
}

/// Opens an end, in the process or thread that will use it.
pub type Opener<T> = Box<dyn FnOnce() -> Result<T, CompareError> + Send>;

/// Both ends of a ring that is open.
pub type Ends<L> = (Opener<<L as Link>::Tx>, Opener<<L as Link>::Rx>);

/// A ring from one end to another.
pub trait Link {
    /// The sending end.
    type Tx: Send64;
    /// The receiving end.
    type Rx: Receive64;
    /// Name and version.
    const NAME: &'static str;
    /// Whether the ends are processes; else they are threads of one.
    const PROCESSES: bool = true;
    /// Whether it is ours.
    const OURS: bool = false;
    /// What the reader must know.
    const NOTE: &'static str = "";

    /// Makes a ring of `capacity` records whose files, if it has any, are in `folder` and begin
    /// with `name`.
    ///
    /// # Errors
    /// Where the ring cannot be made.
    fn open(folder: &Path, name: &str, capacity: usize) -> Result<Ends<Self>, CompareError>
    where
        Self: Sized;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_sees_order_and_every_word() {
        let whole = Digest::of(3);
        for word in 0..WORDS {
            let mut other = Digest::default();
            for n in 0..3 {
                let mut words = words(n);
                words[word] ^= u64::from(n == 1);
                other.take(&words);
            }
            assert_ne!(other.sum, whole.sum, "word {word}");
        }
        let mut turned = Digest::default();
        [1, 0, 2].iter().for_each(|n| turned.take(&words(*n)));
        assert_ne!(turned.sum, whole.sum);
        assert_eq!(Record::number(5).0[0] & 0xff, 0);
    }
}
