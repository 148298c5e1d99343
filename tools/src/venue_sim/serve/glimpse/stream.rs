//! A snapshot as bytes of SoupBinTCP, right or damaged.

use protocol::frame::soupbintcp::{ServerPacket, append};
use protocol::venue::nasdaq::glimpse::EndOfSnapshot;

use super::faults::Fate;
use super::{GlimpseCounts, SnapshotSource};
use crate::venue_sim::random::Random;

/// How far off a number is that looks right, at most.
const NEAR: u64 = 100;
/// How far ahead a number is that cannot be right.
const FAR: u64 = 1 << 40;
/// The most bytes of noise.
const NOISE: u64 = 64;
/// Where the locate is in a message.
const LOCATE: std::ops::Range<usize> = 1..3;
/// Where the side is in an order.
const SIDE: usize = 19;
/// A type that SoupBinTCP does not have, and one that ITCH does not.
const UNKNOWN: u8 = b'?';

/// What is sent after a login was accepted.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// Where it is cut.
    pub(super) cut: Option<usize>,
    /// Where it stops for a while.
    pub(super) stall: Option<usize>,
}

/// Damage that lies within the messages: at which order, or packet, and of which kind.
#[derive(Clone, Copy)]
struct Damage {
    at: u64,
    kind: u64,
}

/// Where each order and message of a snapshot goes.
struct Writer {
    bytes: Vec<u8>,
    /// Messages written, and those of the source that were.
    messages: u64,
    told: u64,
    orders: u64,
    nonsense: Option<Damage>,
    garbage: Option<Damage>,
}

/// The snapshot of this moment.
pub(super) fn snapshot(
    source: &(impl SnapshotSource + ?Sized),
    fate: &mut Fate,
    counts: &mut GlimpseCounts,
) -> Answer {
    let mut orders = 0;
    let mut messages = 0_u64;
    source.snapshot(&mut |message| {
        messages += 1;
        orders += u64::from(is_order(message));
    });
    let random = &mut fate.random;
    let mut damage = |wanted: bool, of: u64, kinds: u64| {
        let damage = Damage { at: random.below(of), kind: random.below(kinds) };
        (wanted && of > 0).then_some(damage)
    };
    let mut writer = Writer {
        bytes: Vec::new(),
        messages: 0,
        told: 0,
        orders: 0,
        nonsense: damage(fate.nonsense, orders, 5),
        garbage: damage(fate.garbage, messages, 4),
    };
    counts.nonsense += u64::from(writer.nonsense.is_some());
    counts.garbage += u64::from(writer.garbage.is_some());
    source.snapshot(&mut |message| writer.message(message, &mut fate.random));
    writer.end(source.next(), fate, counts);
    let _ = ServerPacket::EndOfSession.encode(&mut writer.bytes);
    counts.begun += 1;
    counts.messages += writer.messages;
    counts.orders += writer.orders;
    let length = writer.bytes.len() as u64;
    let mut place = |wanted: bool| {
        let place = fate.random.below(length) as usize;
        wanted.then_some(place)
    };
    Answer { cut: place(fate.cut), stall: place(fate.stall), bytes: writer.bytes }
}

fn is_order(message: &[u8]) -> bool {
    matches!(message.first(), Some(b'A' | b'F'))
}

impl Writer {
    fn put(&mut self, message: &[u8]) {
        if ServerPacket::Sequenced(message).encode(&mut self.bytes) {
            self.messages += 1;
        }
    }

    fn message(&mut self, message: &[u8], random: &mut Random) {
        if let Some(Damage { kind, .. }) = self.garbage.take_if(|d| d.at == self.told) {
            self.noise(kind, random);
        }
        self.told += 1;
        let order = is_order(message);
        let nonsense = self.nonsense.take_if(|d| order && d.at == self.orders);
        self.orders += u64::from(order);
        let Some(Damage { kind, .. }) = nonsense else { return self.put(message) };
        let mut wrong = message.to_vec();
        match kind {
            0 => wrong.get_mut(LOCATE).unwrap_or_default().fill(0xFF),
            1 => self.put(message),
            2 => wrong.get_mut(..1).unwrap_or_default().fill(UNKNOWN),
            3 => wrong.truncate(message.len() - 1),
            _ => wrong.get_mut(SIDE..=SIDE).unwrap_or_default().fill(UNKNOWN),
        }
        self.put(&wrong);
    }

    /// Bytes that are no packet, or one of a type that there is not.
    fn noise(&mut self, kind: u64, random: &mut Random) {
        match kind {
            0 => self.bytes.extend_from_slice(&[0, 0]),
            1 => self.bytes.extend_from_slice(&[0xFF, 0xFF]),
            2 => {
                let _ = append(&mut self.bytes, UNKNOWN, b"");
            }
            _ => (0..=random.below(NOISE)).for_each(|_| self.bytes.push(random.bits() as u8)),
        }
    }

    /// The end with its number, or what a bad server takes for it.
    fn end(&mut self, next: u64, fate: &mut Fate, counts: &mut GlimpseCounts) {
        let (kind, off, up) =
            (fate.random.below(5), fate.random.between(1, NEAR), fate.random.chance(5_000));
        let mut bytes = EndOfSnapshot { next }.encode().to_vec();
        if fate.end {
            counts.wrong_end += 1;
            match kind {
                0 => return,
                1 => bytes[10..].fill(b'X'),
                2 => bytes = EndOfSnapshot { next: 0 }.encode().to_vec(),
                3 => bytes.truncate(EndOfSnapshot::LENGTH - 1),
                _ => bytes = EndOfSnapshot { next: next.saturating_add(FAR) }.encode().to_vec(),
            }
        } else if fate.lie {
            let near = if up || next <= off { next.saturating_add(off) } else { next - off };
            bytes = EndOfSnapshot { next: near }.encode().to_vec();
            counts.lied += 1;
        }
        self.put(&bytes);
    }
}
