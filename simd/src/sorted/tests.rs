//! Every level against what a `Vec` and an iterator do.

use super::LANES;
use crate::Isa;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -20..20_i64,
        2 => any::<i64>(),
        1 => i64::MIN..i64::MIN + 3,
        1 => i64::MAX - 2..=i64::MAX,
    ]
}

fn keys() -> impl Strategy<Value = [i64; LANES]> {
    prop::array::uniform16(key())
}

fn values() -> impl Strategy<Value = [u32; LANES]> {
    prop::array::uniform16(any::<u32>())
}

fn inserted<T: Copy>(array: &[T; LANES], place: usize, value: T) -> Vec<T> {
    let mut wanted = array.to_vec();
    if place < LANES {
        wanted.insert(place, value);
        wanted.truncate(LANES);
    }
    wanted
}

fn removed<T: Copy>(array: &[T; LANES], place: usize, last: T) -> Vec<T> {
    let mut wanted = array.to_vec();
    if place < LANES {
        wanted.remove(place);
        wanted.push(last);
    }
    wanted
}

proptest! {
    #[test]
    fn rank_counts_the_greater(keys in keys(), other in key()) {
        let wanted = keys.iter().filter(|candidate| **candidate > other).count();
        for isa in Isa::available() {
            prop_assert_eq!(isa.rank(&keys, other), wanted, "{}", isa.name());
        }
    }

    #[test]
    fn insert_does_as_a_vector_does(
        keys in keys(), values in values(), place in 0..20_usize, key in key(),
        value in any::<u32>()
    ) {
        for isa in Isa::available() {
            let (mut some_keys, mut some_values) = (keys, values);
            isa.insert(&mut some_keys, &mut some_values, place, (key, value));
            prop_assert_eq!(&some_keys[..], &inserted(&keys, place, key), "{}", isa.name());
            prop_assert_eq!(&some_values[..], &inserted(&values, place, value), "{}", isa.name());
        }
    }

    #[test]
    fn remove_does_as_a_vector_does(
        keys in keys(), values in values(), place in 0..20_usize, key in key(),
        value in any::<u32>()
    ) {
        for isa in Isa::available() {
            let (mut some_keys, mut some_values) = (keys, values);
            isa.remove(&mut some_keys, &mut some_values, place, (key, value));
            prop_assert_eq!(&some_keys[..], &removed(&keys, place, key), "{}", isa.name());
            prop_assert_eq!(&some_values[..], &removed(&values, place, value), "{}", isa.name());
        }
    }

    #[test]
    fn sum_adds_the_first(values in values(), count in 0..20_usize) {
        let wanted = values.iter().take(count).map(|value| u64::from(*value)).sum::<u64>() as u32;
        for isa in Isa::available() {
            prop_assert_eq!(isa.sum(&values, count), wanted, "{}", isa.name());
        }
    }
}

#[test]
fn every_place_and_every_rank() {
    let keys: [i64; LANES] = core::array::from_fn(|lane| 100 - 2 * lane as i64);
    let values: [u32; LANES] = core::array::from_fn(|lane| lane as u32);
    for isa in Isa::available() {
        for place in [0, 1, 6, 7, 8, 9, 14, 15, 16, 17, 31, 32, 33, 64, usize::MAX] {
            let key = 101 - 2 * place.min(LANES) as i64;
            assert_eq!(isa.rank(&keys, key), place.min(LANES), "{}", isa.name());
            let (mut some_keys, mut some_values) = (keys, values);
            isa.insert(&mut some_keys, &mut some_values, place, (key, 99));
            assert_eq!(some_keys[..], inserted(&keys, place, key));
            assert_eq!(some_values[..], inserted(&values, place, 99));
            let (mut some_keys, mut some_values) = (keys, values);
            isa.remove(&mut some_keys, &mut some_values, place, (i64::MIN, 99));
            assert_eq!(some_keys[..], removed(&keys, place, i64::MIN));
            assert_eq!(some_values[..], removed(&values, place, 99));
            assert_eq!(isa.sum(&values, place), (0..place.min(LANES) as u32).sum());
        }
    }
}
