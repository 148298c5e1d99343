//! What the venue sends, and what its servers answer.

use std::collections::BTreeMap;

use feed::recover::mail::SessionName;
use feed::recover::snapshot::Snapshot;
use protocol::venue::nasdaq::BookEvent;

use crate::common::itch::{self, Add};
use crate::common::market::{Market, STOCKS};
use crate::common::twin::Twin;

/// A seeded source of numbers.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit.max(1)
    }

    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// A session's messages, those at number 1 first.
pub fn messages(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    let mut market = Market::new(seed);
    let mut prints: Vec<u64> = Vec::new();
    (0..count)
        .map(|n| {
            let time = n as u64;
            let stock = random.below(STOCKS.len() as u64) as usize;
            let (locate, name) = (stock as u16 + 1, STOCKS[stock]);
            match random.below(30) {
                0 => itch::directory(locate, time, name),
                1 => itch::action(locate, time, name, b"HPQT"[random.below(4) as usize], b"    "),
                2 => itch::imbalance((locate, time), name, (5, 3), b'S', [100, 200, 300]),
                3 if !prints.is_empty() => {
                    itch::broken(locate, time, prints[random.below(prints.len() as u64) as usize])
                }
                4 => itch::cross((locate, time), name, (9, 1_000_000, 1 << 40 | time), b'O'),
                _ => {
                    let message = market.message();
                    prints.extend(print_of(&message));
                    message
                }
            }
        })
        .collect()
}

/// Number of the match that a message prints.
pub fn print_of(message: &[u8]) -> Option<u64> {
    let number = |from: usize| {
        message[from..from + 8].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    };
    match message[0] {
        b'E' => Some(number(23)),
        b'C' if message[31] == b'Y' => Some(number(23)),
        b'P' => Some(number(36)),
        b'Q' => Some(number(31)),
        _ => None,
    }
}

/// Messages by the match that they print.
pub fn numbers_of_prints(messages: &[Vec<u8>]) -> BTreeMap<u64, u64> {
    let numbered = (1u64..).zip(messages);
    numbered.filter_map(|(number, m)| Some((print_of(m)?, number))).collect()
}

/// A snapshot of the books of `twin`, before message `next`.
pub fn snapshot(twin: &Twin, session: SessionName, next: u64, now: u64) -> Snapshot {
    let mut made = Snapshot { session, next, ts_receive: now, ..Snapshot::default() };
    for (locate, name) in (1u16..).zip(STOCKS) {
        if !twin.stocks.iter().any(|known| known == name) {
            continue;
        }
        for message in [itch::directory(locate, 1, name), itch::reg_sho(locate, 1, name, b'0')] {
            made.messages.extend_from_slice(&(message.len() as u16).to_be_bytes());
            made.messages.extend_from_slice(&message);
        }
        let begin = made.orders.len() as u32;
        for side in [b'B', b'S'] {
            for (reference, price, shares) in twin.queue(name, side) {
                let (shares, price) = (shares as u32, price as u32);
                let order = Add { reference, side, shares, stock: name, price };
                made.orders.push(BookEvent::read(&itch::add(locate, 1, order)));
            }
        }
        let end = made.orders.len() as u32;
        if end > begin {
            made.by_locate.push((locate, begin..end));
        }
    }
    made
}
