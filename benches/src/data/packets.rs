//! Raw ITCH in MoldUDP64 packets.
//!
//! A real line sends most messages alone and packs what comes at once, at most what one Ethernet
//! frame holds. So the number of messages per packet is drawn from a geometric distribution with
//! the mean that is asked for, always by the same sequence of numbers.

use protocol::frame::moldudp64::{HEADER_LEN, MoldWriter, Session};

use super::messages;

/// Name of the session: it says that nothing here is live.
const SESSION: Session = *b"SIMBENCH01";
/// UDP payload of the largest packets seen on real lines.
const LARGEST: usize = 1_472;

/// Packets one after the other, and where each ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packets {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    messages: u64,
}

impl Packets {
    /// The packets in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end))
    }

    /// How many packets.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Messages in all packets.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }
}

/// The messages of `raw` in packets of `mean` messages on average; sequence numbers begin at 1.
/// Messages longer than a packet do not exist in ITCH.
#[must_use]
pub fn packets(raw: &[u8], mean: u32) -> Packets {
    let mut packets = Packets::default();
    packets.bytes.reserve_exact(raw.len() + raw.len() / 24 * HEADER_LEN / mean.max(1) as usize);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut buffer = [0; LARGEST];
    let mut walk = messages(raw).peekable();
    let mut sequence = 1;
    while walk.peek().is_some() {
        let Some(mut writer) = MoldWriter::begin(&mut buffer, SESSION, sequence) else { break };
        while let Some(message) = walk.peek() {
            if !writer.push(message) {
                break;
            }
            walk.next();
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // One more with the probability 1 - 1 / mean.
            if (random >> 32) * u64::from(mean.max(1)) < 1 << 32 {
                break;
            }
        }
        if writer.count() == 0 {
            break;
        }
        sequence = writer.next_sequence();
        packets.bytes.extend_from_slice(writer.finish());
        packets.ends.push(packets.bytes.len());
    }
    packets.messages = sequence - 1;
    packets
}

#[cfg(test)]
mod tests {
    use super::packets;
    use crate::data::messages;
    use protocol::frame::moldudp64::MoldPacket;

    #[test]
    fn every_message_once_and_in_order() {
        let raw: Vec<u8> = (0..20_000_u32)
            .flat_map(|number| {
                let length = 19 + number as u16 % 22;
                let mut record = length.to_be_bytes().to_vec();
                record.extend(number.to_be_bytes());
                record.resize(2 + usize::from(length), 7);
                record
            })
            .collect();
        for mean in [1, 3, 10] {
            let packed = packets(&raw, mean);
            let mut next = 1;
            let mut out = vec![];
            for bytes in packed.iter() {
                let packet = MoldPacket::parse(bytes).expect("a packet");
                assert_eq!(packet.sequence, next);
                next = packet.next_sequence();
                out.extend(packet.messages());
            }
            assert!(out.iter().copied().eq(messages(&raw)), "mean {mean}");
            assert_eq!(packed.messages(), 20_000);
            let mean_made = 20_000.0 / packed.len() as f64;
            assert!((mean_made / f64::from(mean) - 1.0).abs() < 0.05, "{mean}: {mean_made}");
        }
    }
}
