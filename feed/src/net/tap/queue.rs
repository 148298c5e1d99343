//! From the lane to the writer: packets in one ring of bytes, each behind a header.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | ts_receive | ns UTC |
//! | 8 | 4 | length | bytes that follow the header |
//! | 12 | 1 | line | |
//! | 13 | 1 | layer | 0 a UDP payload, else 1 + place in `LinkType::ALL` |
//! | 14 | 2 | zero | |
//!
//! In the machine's byte order; it never leaves the process. A packet goes in whole or not at all.

use protocol::capture::MAX_PACKET;
use protocol::frame::LinkType;
use rtrb::{Consumer, Producer, RingBuffer};

use crate::net::{Layer, Packet};

const HEADER: usize = 16;

/// The lane's end.
pub(super) struct Inlet(Producer<u8>);

/// The writer's end.
pub(super) struct Outlet {
    ring: Consumer<u8>,
    /// The packet that was taken last.
    bytes: Vec<u8>,
}

/// A packet out of the queue.
pub(super) struct Taken<'a> {
    pub(super) ts_receive: u64,
    pub(super) line: u8,
    pub(super) layer: Layer,
    pub(super) bytes: &'a [u8],
}

/// Makes a queue of so many bytes, with its memory there and not merely promised.
pub(super) fn queue(bytes: usize) -> (Inlet, Outlet) {
    let (mut producer, mut consumer) = RingBuffer::new(bytes.max(HEADER + 1));
    let page = [0xA5; 4_096];
    while !producer.push_partial_slice(&page).0.is_empty() {}
    if let Ok(all) = consumer.read_chunk(consumer.slots()) {
        all.commit_all();
    }
    (Inlet(producer), Outlet { ring: consumer, bytes: Vec::with_capacity(MAX_PACKET) })
}

fn code(layer: Layer) -> u8 {
    let place = |link| LinkType::ALL.iter().position(|one| *one == link);
    match layer {
        Layer::Udp => 0,
        Layer::Link(link) => 1 + place(link).unwrap_or(0) as u8,
    }
}

fn layer(code: u8) -> Option<Layer> {
    match code.checked_sub(1) {
        None => Some(Layer::Udp),
        Some(place) => LinkType::ALL.get(usize::from(place)).copied().map(Layer::Link),
    }
}

impl Inlet {
    /// Puts a packet in. `false` if there is no room, or it is longer than files take.
    #[inline]
    pub(super) fn put(&mut self, packet: &Packet<'_>) -> bool {
        let length = packet.bytes.len();
        if length > MAX_PACKET || self.0.slots() < HEADER + length {
            return false;
        }
        let mut header = [0; HEADER];
        let (time, rest) = header.split_at_mut(8);
        time.copy_from_slice(&packet.ts_receive.to_ne_bytes());
        let (size, rest) = rest.split_at_mut(4);
        size.copy_from_slice(&(length as u32).to_ne_bytes());
        rest.copy_from_slice(&[packet.line, code(packet.layer), 0, 0]);
        self.0.push_entire_slice(&header).is_ok() && self.0.push_entire_slice(packet.bytes).is_ok()
    }
}

impl Outlet {
    /// Takes the next packet, if all of it is there.
    pub(super) fn take(&mut self) -> Option<Taken<'_>> {
        let mut header = [0; HEADER];
        let chunk = self.ring.read_chunk(HEADER).ok()?;
        let (first, second) = chunk.as_slices();
        let (low, high) = header.split_at_mut(first.len());
        low.copy_from_slice(first);
        high.copy_from_slice(second);
        // Without a commit: the header stays until the packet behind it is there.
        let length = u32::from_ne_bytes(*header.get(8..)?.first_chunk()?) as usize;
        let chunk = self.ring.read_chunk(HEADER + length).ok()?;
        let (first, second) = chunk.as_slices();
        self.bytes.clear();
        self.bytes.extend(first.iter().chain(second).skip(HEADER));
        chunk.commit_all();
        let [.., line, layer_code, _, _] = header;
        Some(Taken {
            ts_receive: u64::from_ne_bytes(*header.first_chunk()?),
            line,
            layer: layer(layer_code)?,
            bytes: &self.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::StampBy;

    use super::*;

    fn packet(bytes: &[u8], line: u8, layer: Layer) -> Packet<'_> {
        Packet { bytes, layer, ts_receive: 7 + u64::from(line), stamp: StampBy::Kernel, line }
    }

    proptest! {
        /// Against a queue of whole packets with the same room.
        #[test]
        fn packets_come_out_as_they_went_in(
            capacity in 17..300usize,
            steps in proptest::collection::vec((any::<bool>(), 0..90usize, 0..7u8), 1..200),
        ) {
            let (mut inlet, mut outlet) = queue(capacity);
            let mut twin = std::collections::VecDeque::new();
            let mut used = 0;
            for (n, (put, length, code)) in steps.into_iter().enumerate() {
                if put {
                    let bytes = vec![n as u8; length];
                    let layer = layer(code).expect("six link layers and none");
                    let fits = used + 16 + length <= capacity;
                    prop_assert_eq!(inlet.put(&packet(&bytes, n as u8, layer)), fits);
                    if fits {
                        used += 16 + length;
                        twin.push_back((bytes, n as u8, layer));
                    }
                    continue;
                }
                match (outlet.take(), twin.pop_front()) {
                    (Some(taken), Some((bytes, line, layer))) => {
                        prop_assert_eq!(taken.bytes, &bytes[..]);
                        prop_assert_eq!((taken.line, taken.layer), (line, layer));
                        prop_assert_eq!(taken.ts_receive, 7 + u64::from(line));
                        used -= 16 + bytes.len();
                    }
                    (taken, twin) => prop_assert!(taken.is_none() && twin.is_none()),
                }
            }
        }
    }

    #[test]
    fn what_no_file_takes_is_refused() {
        let (mut inlet, mut outlet) = queue(1 << 20);
        let bytes = vec![1; MAX_PACKET + 1];
        assert!(!inlet.put(&packet(&bytes, 1, Layer::Udp)));
        assert!(inlet.put(&packet(&bytes[1..], 1, Layer::Udp)));
        assert_eq!(outlet.take().map(|t| t.bytes.len()), Some(MAX_PACKET));
    }
}
