//! Pace: hands packets on when the recording's own clock says so.

use std::str::FromStr;

use crate::error::FeedError;
use crate::net::{Packet, Polled, Source, SourceCounts};

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as possible.
    Max,
    /// As recorded.
    Recorded,
    /// So many times as fast as recorded.
    Times(f64),
}

impl Speed {
    /// Nanoseconds of the recording in a nanosecond of ours; `None` = no pace at all.
    fn factor(self) -> Option<f64> {
        match self {
            Speed::Max => None,
            Speed::Recorded => Some(1.0),
            Speed::Times(n) => Some(n),
        }
    }
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        let wrong = || format!("{text}: a speed is max, recorded, or a factor such as 10x or 0.5x");
        match text {
            "max" => Ok(Speed::Max),
            "recorded" => Ok(Speed::Recorded),
            _ => {
                let number = text.strip_suffix('x').ok_or_else(wrong)?;
                let factor: f64 = number.parse().map_err(|_| wrong())?;
                let sane = factor.is_finite() && (1e-3..=1e6).contains(&factor);
                if sane { Ok(Speed::Times(factor)) } else { Err(wrong()) }
            }
        }
    }
}

/// A packet that came before its time.
struct Held {
    bytes: Vec<u8>,
    len: usize,
    packet: Packet<'static>,
}

/// A source that holds packets back until they are due.
pub struct Paced<S> {
    inner: S,
    factor: Option<f64>,
    /// Our clock and the recording's at the first packet.
    start: Option<(u64, u64)>,
    held: Option<Held>,
    spare: Vec<u8>,
}

/// Longest packet that is held back; longer ones are handed on at once.
const HELD_MAX: usize = 1 << 18;

impl<S: Source> Paced<S> {
    /// Paces `inner`.
    pub fn new(inner: S, speed: Speed) -> Paced<S> {
        let spare = if speed.factor().is_some() { vec![0; HELD_MAX] } else { Vec::new() };
        Paced { inner, factor: speed.factor(), start: None, held: None, spare }
    }

    /// The source that is paced.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn is_due(&mut self, ts: u64, now: u64, factor: f64) -> bool {
        let (our_start, their_start) = *self.start.get_or_insert((now, ts));
        let elapsed = now.saturating_sub(our_start) as f64 * factor;
        ts.saturating_sub(their_start) as f64 <= elapsed
    }

    /// Takes one packet from the source into `held`. `false` if it gave none.
    fn hold_one(&mut self, now: u64) -> Result<Polled, FeedError> {
        let mut buffer = std::mem::take(&mut self.spare);
        let mut held = None;
        let polled = self.inner.poll(now, 1, &mut |packet: Packet<'_>| {
            let len = packet.bytes.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..len), packet.bytes.get(..len)) {
                to.copy_from_slice(from);
            }
            held = Some((len, Packet { bytes: &[], ..packet }));
        })?;
        match held {
            Some((len, packet)) => self.held = Some(Held { bytes: buffer, len, packet }),
            None => self.spare = buffer,
        }
        Ok(polled)
    }
}

impl<S: Source> Source for Paced<S> {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        let Some(factor) = self.factor else { return self.inner.poll(now, budget, sink) };
        let mut handed = 0;
        while handed < budget {
            if self.held.is_none() && self.hold_one(now)? == Polled::End {
                return Ok(if handed == 0 { Polled::End } else { Polled::Packets(handed) });
            }
            let due = match &self.held {
                Some(held) => {
                    let ts = held.packet.ts_receive;
                    self.is_due(ts, now, factor)
                }
                None => false,
            };
            if !due {
                break;
            }
            if let Some(held) = self.held.take() {
                let bytes = held.bytes.get(..held.len).unwrap_or_default();
                sink(Packet { bytes, ..held.packet });
                self.spare = held.bytes;
                handed += 1;
            }
        }
        Ok(if handed == 0 { Polled::Nothing } else { Polled::Packets(handed) })
    }

    fn counts(&self, line: u8) -> SourceCounts {
        self.inner.counts(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Layer;
    use wire::StampBy;

    /// Packets of one byte, their number, at the given times.
    struct Script(Vec<u64>, u8);

    impl Source for Script {
        fn poll(
            &mut self,
            _now: u64,
            budget: usize,
            sink: &mut impl FnMut(Packet<'_>),
        ) -> Result<Polled, FeedError> {
            let n = budget.min(self.0.len());
            for ts_receive in self.0.drain(..n) {
                self.1 += 1;
                let (layer, stamp) = (Layer::Udp, StampBy::Recording);
                sink(Packet { bytes: &[self.1], layer, ts_receive, stamp, line: 1 });
            }
            Ok(if n == 0 { Polled::End } else { Polled::Packets(n) })
        }
    }

    fn numbers(paced: &mut Paced<Script>, now: u64) -> (Vec<u8>, Polled) {
        let mut got = Vec::new();
        let polled = paced.poll(now, 8, &mut |p| got.extend_from_slice(p.bytes)).expect("poll");
        (got, polled)
    }

    #[test]
    fn packets_come_when_they_are_due() {
        let script = Script(vec![1000, 1000, 1100, 1500], 0);
        let mut paced = Paced::new(script, Speed::Times(2.0));
        assert_eq!(numbers(&mut paced, 50).0, [1, 2]);
        assert_eq!(numbers(&mut paced, 99), (vec![], Polled::Nothing));
        assert_eq!(numbers(&mut paced, 100).0, [3]);
        assert_eq!(numbers(&mut paced, 299), (vec![], Polled::Nothing));
        assert_eq!(numbers(&mut paced, 300).0, [4]);
        assert_eq!(numbers(&mut paced, 301), (vec![], Polled::End));
    }

    #[test]
    fn speeds_are_read_and_refused() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("recorded".parse(), Ok(Speed::Recorded));
        assert_eq!("10x".parse(), Ok(Speed::Times(10.0)));
        for bad in ["fast", "10", "-1x", "0x", "NaNx", "infx", ""] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }
}
