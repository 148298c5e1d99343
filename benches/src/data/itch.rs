//! Raw ITCH: the recorded slice, its clones, the generated day and its beginning.

use std::path::Path;

use tools::venue_sim::day::{self, Spec, VERSION};
use tools::venue_sim::{CloneSettings, Slice, clone_slice};

use super::cache::kept;
use super::recording;
use crate::harness::{CompareError, Setting};

/// The recorded slice: 10,000 messages of one symbol before the market opened.
const AAPL: &str = "packets/nasdaq/AAPL_locate13_first10k_01302020.NASDAQ_ITCH50";
/// Messages of [`gen3m`].
const FIRST: u64 = 3_000_000;
/// Seed of the clones, and a number that is raised when the same seed gives other bytes.
const SEED: u64 = 1;
const CLONES: u32 = 1;

/// The recorded AAPL slice.
///
/// # Errors
/// [`CompareError::Data`] if it is not there.
pub fn aapl(setting: &Setting) -> Result<Vec<u8>, CompareError> {
    recording(setting, AAPL)
}

/// The recorded slice on so many instruments, with so many messages.
///
/// # Errors
/// As [`aapl`]; [`CompareError::Failed`] if the file cannot be made or read.
pub fn clones(setting: &Setting, instruments: u16, messages: u64) -> Result<Vec<u8>, CompareError> {
    let name = format!("SIM_aaplx{instruments}_{messages}_seed{SEED}_v{CLONES}.itch");
    let slice = aapl(setting)?;
    kept(setting, &name, |out| {
        let failed = |error| CompareError::failed("clone the recorded slice", error);
        let slice = Slice::parse(Path::new(AAPL), slice).map_err(failed)?;
        let settings = CloneSettings { seed: SEED, instruments, messages };
        clone_slice(&slice, &settings, out, &mut |_| ()).map_err(failed)?;
        Ok(())
    })
}

/// The generated whole-market day: 40 million messages of 8,900 symbols.
///
/// # Errors
/// [`CompareError::Failed`] if it cannot be made or read.
pub fn day(setting: &Setting) -> Result<Vec<u8>, CompareError> {
    generated(setting, &Spec::WHOLE)
}

/// The first 3 million messages of [`day`], those that describe its symbols included.
///
/// # Errors
/// As [`day`].
pub fn gen3m(setting: &Setting) -> Result<Vec<u8>, CompareError> {
    generated(setting, &Spec { first: FIRST, ..Spec::WHOLE })
}

fn generated(setting: &Setting, spec: &Spec) -> Result<Vec<u8>, CompareError> {
    let Spec { seed, messages, symbols, .. } = *spec;
    let first = spec.written();
    let name = format!("SIM_day{messages}x{symbols}_seed{seed}_first{first}_v{VERSION}.itch");
    kept(setting, &name, |out| {
        let made = day::generate(spec, out);
        made.map(drop).map_err(|error| CompareError::failed("generate a day", error))
    })
}
