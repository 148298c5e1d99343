//! The kernels as plain loops: the definition, and the form for processors without AVX2.

use super::{LINE_LANES, Line};

#[inline]
pub(super) fn rank(keys: &Line, key: i32) -> usize {
    let mut rank = 0_u32;
    for &lane in &keys.lanes {
        rank += u32::from(lane.cast_signed() > key);
    }
    rank as usize
}

#[inline]
pub(super) fn insert(keys: &mut Line, values: &mut Line, place: usize, key: i32, value: u32) {
    insert_one(&mut keys.lanes, place, key.cast_unsigned());
    insert_one(&mut values.lanes, place, value);
}

#[inline]
pub(super) fn remove(keys: &mut Line, values: &mut Line, place: usize, key: i32, value: u32) {
    remove_one(&mut keys.lanes, place, key.cast_unsigned());
    remove_one(&mut values.lanes, place, value);
}

#[inline(always)]
fn insert_one(lanes: &mut [u32; LINE_LANES], place: usize, value: u32) {
    let old = *lanes;
    for lane in 1..LINE_LANES {
        lanes[lane] = if lane > place { old[lane - 1] } else { old[lane] };
    }
    if let Some(here) = lanes.get_mut(place) {
        *here = value;
    }
}

#[inline(always)]
fn remove_one(lanes: &mut [u32; LINE_LANES], place: usize, last: u32) {
    let old = *lanes;
    for lane in 0..LINE_LANES - 1 {
        lanes[lane] = if lane >= place { old[lane + 1] } else { old[lane] };
    }
    if place < LINE_LANES {
        lanes[LINE_LANES - 1] = last;
    }
}

#[inline]
pub(super) fn take_out(words: &mut [u32; 8], value: u32, filler: u32) {
    let old = *words;
    let mut place = old.len();
    for (at, other) in old.iter().enumerate() {
        place = if *other == value { at } else { place };
    }
    for at in 0..old.len() - 1 {
        words[at] = if at >= place { old[at + 1] } else { old[at] };
    }
    words[7] = if place < old.len() { filler } else { old[7] };
}
