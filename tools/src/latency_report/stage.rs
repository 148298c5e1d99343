//! What a histogram measures: from where to where, and whose clock took both ends.

use crate::inspect::line_name;

/// A stage on the way from the venue to the consumer, by the name of its histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Receive stamp to the end of the poll that published it; the lane measures.
    ReceivePublish,
    /// Receive stamp to the record in the consumer's hands; the consumer measures.
    ReceiveConsume,
    /// The venue's stamp to the receive stamp: two clocks.
    VenueReceive,
    /// How long packets waited behind a hole for the other line.
    Hold,
    /// How much later than the first copy this line's copy came.
    Skew(u8),
    /// Something that only the producer knows.
    Other,
}

impl Stage {
    /// The stage that a histogram of this name measures.
    pub fn of(name: &str) -> Stage {
        match (name, line_name::parse(name)) {
            ("receive_publish", _) => Stage::ReceivePublish,
            ("receive_consume", _) => Stage::ReceiveConsume,
            ("venue_receive", _) => Stage::VenueReceive,
            ("hold", _) => Stage::Hold,
            (_, Some((line, "skew"))) => Stage::Skew(line),
            _ => Stage::Other,
        }
    }

    /// Where it begins and ends, for people.
    pub fn what(&self) -> String {
        match self {
            Stage::ReceivePublish => String::from(
                "packet received -> end of the poll that published it, by the lane; path live",
            ),
            Stage::ReceiveConsume => {
                String::from("packet received -> record in the consumer's hands, by the consumer")
            }
            Stage::VenueReceive => {
                String::from("stamped by the venue -> packet received: two clocks, see the bound")
            }
            Stage::Hold => String::from("a packet waited behind a hole for the other lines"),
            Stage::Skew(line) => {
                let letter = line_name::letter(*line);
                format!("line {letter}'s copy came later than the first by this")
            }
            Stage::Other => String::from("as the producer names it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_lane_and_of_consumers() {
        assert_eq!(Stage::of("receive_publish"), Stage::ReceivePublish);
        assert_eq!(Stage::of("receive_consume"), Stage::ReceiveConsume);
        assert_eq!(Stage::of("line2.skew"), Stage::Skew(2));
        assert_eq!(Stage::of("line2.skewed"), Stage::Other);
        assert_eq!(Stage::of("hold"), Stage::Hold);
        assert!(Stage::of("line2.skew").what().contains("line B"));
    }
}
