//! Whether what a producer publishes is live: its own images say so, one by one.
//!
//! A report of latencies or of health is worthless to somebody who takes a recording for the
//! market, so every tool says what is not live before it says anything else.

use serde::Serialize;
use shm::images::ImageReader;
use shm::mapping::MappedLines;
use wire::Quality;

/// Images that are looked at: a lane's session decides for all of its instruments.
const MOST: u32 = 512;

/// Word of an image's payload that holds its quality, and by how far it lies above the word's end.
const QUALITY: (usize, u32) = (0, 32);

/// The natures found in a producer's images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Natures {
    seen: [bool; 3],
}

impl Natures {
    /// Looks at the first images that were ever written.
    pub fn of_images(reader: &ImageReader<MappedLines>) -> Natures {
        let mut natures = Natures::default();
        let written = |index: &u32| reader.version(*index).is_some_and(|version| version != 0);
        for index in (0..reader.room()).filter(written).take(MOST as usize) {
            let mut words = [0; QUALITY.0 + 1];
            // One that is being written now says the same as its neighbours.
            if reader.read(index, &mut words).is_ok() {
                natures.note(Quality((words[QUALITY.0] >> QUALITY.1) as u8));
            }
        }
        natures
    }

    /// Adds what a record or image says.
    pub fn note(&mut self, quality: Quality) {
        let seen = quality.nature().and_then(|nature| self.seen.get_mut(nature as usize));
        if let Some(seen) = seen {
            *seen = true;
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Natures) -> Natures {
        let [a, b, c] = self.seen;
        let [d, e, f] = other.seen;
        Natures { seen: [a || d, b || e, c || f] }
    }

    /// Whether all that was seen is live. Nothing seen is not live: nothing says so.
    pub fn is_live(self) -> bool {
        self.seen == [true, false, false]
    }

    /// One word for tables and JSON.
    pub const fn name(self) -> &'static str {
        match self.seen {
            [false, false, false] => "unknown",
            [true, false, false] => "live",
            [false, true, false] => "recorded",
            [false, false, true] => "simulated",
            _ => "mixed",
        }
    }
}

impl Serialize for Natures {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{BookState, Nature};

    #[test]
    fn only_live_alone_is_live() {
        let of = |natures: &[Nature]| {
            let mut seen = Natures::default();
            natures.iter().for_each(|&n| seen.note(Quality::new(BookState::Live, n)));
            (seen.name(), seen.is_live())
        };
        assert_eq!(of(&[]), ("unknown", false));
        assert_eq!(of(&[Nature::Live]), ("live", true));
        assert_eq!(of(&[Nature::Recorded]), ("recorded", false));
        assert_eq!(of(&[Nature::Live, Nature::Simulated]), ("mixed", false));
        let one = |nature| {
            let mut seen = Natures::default();
            seen.note(Quality::new(BookState::Live, nature));
            seen
        };
        assert_eq!(one(Nature::Recorded).with(Natures::default()).name(), "recorded");
        assert_eq!(one(Nature::Recorded).with(one(Nature::Live)).name(), "mixed");
    }

    #[test]
    fn the_quality_is_where_the_image_has_it() {
        let quality = Quality::new(BookState::Live, Nature::Simulated);
        let image = wire::Image { quality, ..wire::Image::EMPTY };
        // Word 0 of an image is its version, which is not part of the payload.
        let word = image.as_words()[1 + QUALITY.0];
        assert_eq!((word >> QUALITY.1) as u8, quality.0);
    }
}
