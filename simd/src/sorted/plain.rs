//! The kernels as plain loops: the definition, and the form for processors without AVX2.

use super::LANES;

#[inline]
pub(super) fn rank(keys: &[i64; LANES], key: i64) -> usize {
    let mut rank = 0_u32;
    for &other in keys {
        rank += u32::from(other > key);
    }
    rank as usize
}

#[inline]
pub(super) fn insert(
    keys: &mut [i64; LANES],
    values: &mut [u32; LANES],
    place: usize,
    key: i64,
    value: u32,
) {
    insert_one(keys, place, key);
    insert_one(values, place, value);
}

#[inline]
pub(super) fn remove(
    keys: &mut [i64; LANES],
    values: &mut [u32; LANES],
    place: usize,
    key: i64,
    value: u32,
) {
    remove_one(keys, place, key);
    remove_one(values, place, value);
}

#[inline]
pub(super) fn sum(values: &[u32; LANES], count: usize) -> u32 {
    let mut sum = 0_u32;
    for (lane, &value) in values.iter().enumerate() {
        sum = sum.wrapping_add(if lane < count { value } else { 0 });
    }
    sum
}

#[inline(always)]
fn insert_one<T: Copy>(array: &mut [T; LANES], place: usize, value: T) {
    let old = *array;
    for lane in 1..LANES {
        array[lane] = if lane > place { old[lane - 1] } else { old[lane] };
    }
    if let Some(here) = array.get_mut(place) {
        *here = value;
    }
}

#[inline(always)]
fn remove_one<T: Copy>(array: &mut [T; LANES], place: usize, last: T) {
    let old = *array;
    for lane in 0..LANES - 1 {
        array[lane] = if lane >= place { old[lane + 1] } else { old[lane] };
    }
    if place < LANES {
        array[LANES - 1] = last;
    }
}
