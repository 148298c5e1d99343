//! When each packet is due: by the venue's stamps, by a rate, or as fast as the cap allows.
//!
//! Every time is worked out from the beginning of the session, never from the packet before, so
//! sleeping too long once delays nothing that comes later. The cap is part of the plan: packets
//! are planned at least its gap apart, and so faults that name a time hit the same packets in
//! every run.

use std::str::FromStr;

use super::packets::Packet;

const NS_PER_S: u64 = 1_000_000_000;
/// Stamps that run back this far begin a new day, file or session, not an out-of-order message.
const BACKWARD_NS: u64 = NS_PER_S;

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the cap allows.
    Max,
    /// So many times as fast as recorded.
    Times(f64),
    /// So many messages a second, whatever the stamps say.
    Rate(u64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text}: a speed is max, recorded, or a factor such as 10x or 0.5x");
        match text {
            "max" => Ok(Speed::Max),
            "recorded" => Ok(Speed::Times(1.0)),
            _ => {
                let number = text.strip_suffix('x').ok_or_else(wrong)?;
                let factor: f64 = number.parse().map_err(|_| wrong())?;
                let sane = factor.is_finite() && (1e-3..=1e6).contains(&factor);
                if sane { Ok(Speed::Times(factor)) } else { Err(wrong()) }
            }
        }
    }
}

/// Plans when packets are due.
#[derive(Clone, Debug)]
pub struct Pace {
    speed: Speed,
    /// Shortest time between two packets, ns.
    gap_ns: u64,
    /// A stamp and when it is due, ns since the beginning.
    base: Option<(u64, u64)>,
    /// Highest stamp so far.
    last_ns: u64,
    /// When the last packet is due.
    last_due: Option<u64>,
    messages: u64,
}

impl Pace {
    /// A plan for this speed with at most `packets_per_second`.
    #[must_use]
    pub fn new(speed: Speed, packets_per_second: u64) -> Self {
        let gap_ns = NS_PER_S / packets_per_second.clamp(1, NS_PER_S);
        Self { speed, gap_ns, base: None, last_ns: 0, last_due: None, messages: 0 }
    }

    /// When this packet, the next one, is due: ns since the beginning of the session.
    pub fn due(&mut self, packet: &Packet) -> u64 {
        let earliest = self.last_due.map_or(0, |due| due.saturating_add(self.gap_ns));
        let wished = match self.speed {
            Speed::Max => 0,
            Speed::Rate(rate) => {
                let before = self.messages + u64::from(packet.count) - 1;
                (u128::from(before) * u128::from(NS_PER_S) / u128::from(rate.max(1))) as u64
            }
            Speed::Times(factor) => self.by_stamp(packet, factor),
        };
        let due = wished.max(earliest);
        self.messages += u64::from(packet.count);
        self.last_due = Some(due);
        due
    }

    fn by_stamp(&mut self, packet: &Packet, factor: f64) -> u64 {
        if packet.last_ns.saturating_add(BACKWARD_NS) < self.last_ns {
            // The next file begins at once, where the last one ended.
            self.base = Some((packet.first_ns, self.last_due.unwrap_or(0)));
            self.last_ns = 0;
        }
        let (stamp, due) = *self.base.get_or_insert((packet.first_ns, 0));
        self.last_ns = self.last_ns.max(packet.last_ns);
        due.saturating_add((packet.last_ns.saturating_sub(stamp) as f64 / factor) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Pace, Packet, Speed};

    fn packet(first_ns: u64, last_ns: u64, count: u16) -> Packet {
        Packet { first: 1, count, first_ns, last_ns, bytes: Arc::from([]) }
    }

    fn dues(speed: Speed, cap: u64, packets: &[(u64, u64, u16)]) -> Vec<u64> {
        let mut pace = Pace::new(speed, cap);
        packets.iter().map(|p| pace.due(&packet(p.0, p.1, p.2))).collect()
    }

    const FAST: u64 = 1_000_000_000;

    #[test]
    fn stamps_are_kept_from_the_first_message_on() {
        let packets = [(500, 600, 2), (1_500, 1_500, 1), (1_500, 1_500, 1), (2_500, 2_500, 1)];
        assert_eq!(dues(Speed::Times(1.0), FAST, &packets), [100, 1_000, 1_001, 2_000]);
        assert_eq!(dues(Speed::Times(10.0), FAST, &packets), [10, 100, 101, 200]);
        assert_eq!(dues(Speed::Times(0.5), FAST, &packets), [200, 2_000, 2_001, 4_000]);
    }

    #[test]
    fn a_rate_counts_messages() {
        // A thousand a second: the third message is due after two milliseconds.
        let packets = [(9, 9, 1), (9, 9, 2), (9, 9, 1), (9, 9, 4)];
        let expected = [0, 2_000_000, 3_000_000, 7_000_000];
        assert_eq!(dues(Speed::Rate(1_000), FAST, &packets), expected);
    }

    #[test]
    fn the_cap_spreads_packets() {
        let packets = [(0, 0, 1); 4];
        let expected = [0, 50_000, 100_000, 150_000];
        assert_eq!(dues(Speed::Max, 20_000, &packets), expected);
        assert_eq!(dues(Speed::Times(1.0), 20_000, &packets), expected);
        assert_eq!(dues(Speed::Rate(10_000_000), 20_000, &packets), expected);
    }

    #[test]
    fn a_second_day_follows_the_first_without_a_pause() {
        let day = 86_400_000_000_000;
        let packets =
            [(day - 10, day - 10, 1), (day, day, 1), (1_000, 1_000, 1), (1_400, 1_400, 1)];
        assert_eq!(dues(Speed::Times(1.0), FAST, &packets), [0, 10, 11, 410]);
        // A message a little out of order makes neither a pause nor a new day.
        assert_eq!(
            dues(Speed::Times(1.0), FAST, &[(50, 50, 1), (40, 40, 1), (90, 90, 1)]),
            [0, 1, 40]
        );
    }

    #[test]
    fn speeds_are_read_and_refused() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("recorded".parse(), Ok(Speed::Times(1.0)));
        assert_eq!("10x".parse(), Ok(Speed::Times(10.0)));
        for bad in ["fast", "10", "-1x", "0x", "NaNx", "infx", ""] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }
}
