//! What happens to each packet, drawn from the seed.
//!
//! Every line has its own generators, and a packet takes the same number of draws whatever becomes
//! of it. So the faults of a line depend neither on how its packets interleave with those of other
//! lines nor on the rates of other faults: two runs that differ in one rate can be compared.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::spec::{BITS_MAX, BURST_MAX, Chance, ChaosSpec, DELAY_MAX_NS, DISPLACEMENT_MAX};

/// Draws that a packet takes.
const DRAWS: usize = 11;

/// What is to happen to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// It does not come.
    pub(super) dropped: bool,
    /// It comes twice.
    pub(super) duplicated: bool,
    /// So many of its bits are flipped.
    pub(super) bits: u32,
    /// So many later packets overtake it.
    pub(super) displaced: u32,
    /// So many later packets come before its copy.
    pub(super) copy_displaced: u32,
    /// ns that it is late.
    pub(super) delay_ns: u64,
}

impl Fate {
    /// Nothing happens to it.
    pub(super) const NONE: Fate = Fate {
        dropped: false,
        duplicated: false,
        bits: 0,
        displaced: 0,
        copy_displaced: 0,
        delay_ns: 0,
    };
}

/// Draws the fates of one line.
#[derive(Clone, Debug)]
pub(super) struct Fates {
    draws: Xoshiro256PlusPlus,
    /// Places of flipped bits; apart, because their number varies.
    places: Xoshiro256PlusPlus,
    /// Packets of the burst that is going on.
    burst_left: u32,
}

impl Fates {
    pub(super) fn new(seed: u64, line: u8) -> Fates {
        // Seeding goes through SplitMix64, so neighbouring seeds share nothing.
        let seed = seed ^ (u64::from(line) << 56);
        Fates {
            draws: Xoshiro256PlusPlus::seed_from_u64(seed),
            places: Xoshiro256PlusPlus::seed_from_u64(!seed),
            burst_left: 0,
        }
    }

    /// The fate of the next packet.
    pub(super) fn next(&mut self, spec: &ChaosSpec) -> Fate {
        let mut words = [0u64; DRAWS];
        words.fill_with(|| self.draws.next_u64());
        let [burst, length, single, twice, corrupt, bits, moved, places, copy, copy_places, late] =
            words;
        let begun = sized(spec.burst, BURST_MAX, burst, length);
        if self.burst_left == 0 {
            self.burst_left = begun;
        }
        let in_burst = self.burst_left > 0;
        self.burst_left = self.burst_left.saturating_sub(1);
        let duplicated = unit(twice) < spec.duplicate;
        let copy_displaced = sized(spec.reorder, DISPLACEMENT_MAX, copy, copy_places);
        let (least, most) = spec.delay_ns;
        let most = most.min(DELAY_MAX_NS);
        let least = least.min(most);
        Fate {
            dropped: in_burst || unit(single) < spec.drop,
            duplicated,
            bits: sized(spec.corrupt, BITS_MAX, corrupt, bits),
            displaced: sized(spec.reorder, DISPLACEMENT_MAX, moved, places),
            copy_displaced: if duplicated { copy_displaced } else { 0 },
            delay_ns: least + below(late, most - least + 1),
        }
    }

    /// Flips so many bits, all different.
    pub(super) fn flip(&mut self, bytes: &mut [u8], bits: u32) {
        let all = bytes.len() as u64 * 8;
        let mut flipped = [u64::MAX; BITS_MAX as usize];
        let wanted = u64::from(bits.min(BITS_MAX)).min(all) as usize;
        let mut done = 0;
        while done < wanted {
            let place = below(self.places.next_u64(), all);
            let earlier = flipped.get(..done).is_some_and(|earlier| earlier.contains(&place));
            if earlier {
                continue;
            }
            if let Some(byte) = bytes.get_mut((place / 8) as usize) {
                *byte ^= 1 << (place % 8);
            }
            if let Some(slot) = flipped.get_mut(done) {
                *slot = place;
            }
            done += 1;
        }
    }
}

/// 0 to 1, without 1.
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 / (1u64 << 53) as f64
}

/// 0 to `limit`, without `limit`; the bias of the multiplication is below 2^-30 for our limits.
fn below(word: u64, limit: u64) -> u64 {
    ((u128::from(word) * u128::from(limit)) >> 64) as u64
}

/// 0 if it does not happen, else its size.
fn sized(chance: Chance, limit: u32, happens: u64, size: u64) -> u32 {
    let most = chance.most.clamp(1, limit);
    if unit(happens) < chance.probability { 1 + below(size, u64::from(most)) as u32 } else { 0 }
}
