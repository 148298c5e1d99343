//! Images: the latest state of an instrument, for readers that come at random.
//!
//! An image says what its lane believed when it last wrote it, and a lane that hangs believes
//! nothing. So the state shown is the worst of three: the image's own, that of its lane, whose
//! heartbeat may be too old, and that of the process.

use shm::generation::Observed;
use shm::images::{ImageReader, PAYLOAD_WORDS};
use shm::liveness::monotonic_ns;
use shm::mapping::MappedLines;
use shm::region::{Region, utc_ns};
use wire::image::IMAGE_WORDS;
use wire::{BookState, Image, InstrumentId};

use crate::client::Client;
use crate::error::Result;

/// A heartbeat older than this makes every image of the lane stale, ns.
pub const STALE_NS: u64 = 100_000_000;

/// An image with the state that may be believed.
#[derive(Clone, Copy, Debug)]
pub struct ImageView {
    /// The image as the lane wrote it.
    pub image: Image,
    /// Worst of the image's state, the lane's and the process's.
    pub state: BookState,
}

/// Reads the images of one lane.
#[derive(Debug)]
pub struct Images {
    reader: ImageReader<MappedLines>,
    /// With the heartbeat of the lane, in the clock of its records: UTC.
    lane: Region,
    /// With the heartbeat of the process, in CLOCK_MONOTONIC.
    instance: Region,
}

impl Client {
    /// A reader of a lane's images; `None` while there is no producer.
    ///
    /// # Errors
    /// If the images cannot be opened.
    pub fn images(&self, lane: usize) -> Result<Option<Images>> {
        let view = self.lanes().get(lane).and_then(|lane| lane.view.as_ref());
        let (Some(view), Some(instance)) = (view, self.instance()) else { return Ok(None) };
        let (reader, lane) = (view.images()?, view.heart()?);
        Ok(Some(Images { reader, lane, instance: instance.region().clone() }))
    }
}

impl Images {
    /// The image of an instrument as it is now; `None` for one that has none, or that is being
    /// written at every attempt.
    pub fn read(&self, id: InstrumentId) -> Option<ImageView> {
        let mut words = [0; PAYLOAD_WORDS];
        let version = self.reader.read(id.index(), &mut words).ok()?;
        let mut all = [0; IMAGE_WORDS];
        all[0] = version;
        for (to, from) in all.iter_mut().skip(1).zip(words) {
            *to = from;
        }
        let image = Image::from_words(all);
        if version == 0 || image.instrument != id {
            return None;
        }
        let own = image.quality.state().unwrap_or(BookState::None);
        Some(ImageView { image, state: worst(own, self.lane_state()) })
    }

    /// Whether the lane's word is worth anything now.
    fn lane_state(&self) -> BookState {
        let ready = |region: &Region| matches!(region.observe(), Observed::Ready(_));
        let process_old = monotonic_ns().saturating_sub(self.instance.last_beat()) > STALE_NS;
        // The two clocks may differ a little. A lane that has never beaten its own heart is known
        // by the heart of its process.
        let beat = self.lane.last_beat();
        let lane_old = beat != 0 && utc_ns().abs_diff(beat) > STALE_NS;
        if !ready(&self.instance) || !ready(&self.lane) || process_old || lane_old {
            BookState::Stale
        } else {
            BookState::Live
        }
    }
}

/// The state of which less can be believed.
pub(crate) fn worst(a: BookState, b: BookState) -> BookState {
    let rank = |state| match state {
        BookState::Live => 0,
        BookState::Stale => 1,
        BookState::Building => 2,
        BookState::Gapped => 3,
        BookState::None => 4,
    };
    if rank(a) >= rank(b) { a } else { b }
}
