//! Every level against what a `Vec` and an iterator do; the head stays as it was.

use super::{LINE_LANES, Line};
use crate::Isa;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = i32> {
    prop_oneof![4 => -20..20_i32, 2 => any::<i32>(), 1 => Just(i32::MIN), 1 => Just(i32::MAX)]
}

fn keys() -> impl Strategy<Value = Line> {
    let lanes = prop::array::uniform12(key().prop_map(i32::cast_unsigned));
    (prop::array::uniform4(any::<u32>()), lanes).prop_map(|(head, lanes)| Line { head, lanes })
}

fn values() -> impl Strategy<Value = Line> {
    let lanes = prop::array::uniform12(any::<u32>());
    (prop::array::uniform4(any::<u32>()), lanes).prop_map(|(head, lanes)| Line { head, lanes })
}

fn inserted(line: &Line, place: usize, value: u32) -> Line {
    let mut lanes = line.lanes.to_vec();
    if place < LINE_LANES {
        lanes.insert(place, value);
        lanes.truncate(LINE_LANES);
    }
    Line { head: line.head, lanes: lanes.try_into().unwrap() }
}

fn removed(line: &Line, place: usize, last: u32) -> Line {
    let mut lanes = line.lanes.to_vec();
    if place < LINE_LANES {
        lanes.remove(place);
        lanes.push(last);
    }
    Line { head: line.head, lanes: lanes.try_into().unwrap() }
}

fn check(isa: Isa, keys: &Line, values: &Line, place: usize, (key, value): (i32, u32)) {
    let (mut some_keys, mut some_values) = (*keys, *values);
    isa.line_insert(&mut some_keys, &mut some_values, place, (key, value));
    assert_eq!(some_keys, inserted(keys, place, key.cast_unsigned()), "{}", isa.name());
    assert_eq!(some_values, inserted(values, place, value), "{}", isa.name());
    let (mut some_keys, mut some_values) = (*keys, *values);
    isa.line_remove(&mut some_keys, &mut some_values, place, (key, value));
    assert_eq!(some_keys, removed(keys, place, key.cast_unsigned()), "{}", isa.name());
    assert_eq!(some_values, removed(values, place, value), "{}", isa.name());
}

proptest! {
    #[test]
    fn rank_counts_the_greater(keys in keys(), other in key()) {
        let wanted = keys.lanes.iter().filter(|lane| lane.cast_signed() > other).count();
        for isa in Isa::available() {
            prop_assert_eq!(isa.line_rank(&keys, other), wanted, "{}", isa.name());
        }
    }

    #[test]
    fn insert_and_remove_do_as_a_vector_does(
        keys in keys(), values in values(), place in 0..20_usize, key in key(),
        value in any::<u32>()
    ) {
        for isa in Isa::available() {
            check(*isa, &keys, &values, place, (key, value));
        }
    }
}

#[test]
fn a_word_is_taken_out_wherever_it_is() {
    for len in 0..=8_usize {
        for place in 0..=8 {
            let words: [u32; 8] =
                core::array::from_fn(|at| if at < len { 3 * at as u32 } else { u32::MAX });
            let mut wanted: Vec<u32> = words.to_vec();
            wanted.retain(|word| *word != 3 * place);
            wanted.resize(8, u32::MAX);
            for isa in Isa::available() {
                let mut some = words;
                isa.take_out(&mut some, 3 * place, u32::MAX);
                assert_eq!(some[..], wanted, "{} of {len}, place {place}", isa.name());
            }
        }
    }
}

#[test]
fn every_place_and_every_rank() {
    let lanes = core::array::from_fn(|lane| (100 - 2 * lane as i32).cast_unsigned());
    let keys = Line { head: [u32::MAX, 0, 7, i32::MAX as u32], lanes };
    let values = Line { head: [1, 2, 3, 4], lanes: core::array::from_fn(|lane| lane as u32) };
    for isa in Isa::available() {
        for place in (0..40).chain([64, usize::MAX]) {
            let key = 101 - 2 * place.min(LINE_LANES) as i32;
            assert_eq!(isa.line_rank(&keys, key), place.min(LINE_LANES), "{}", isa.name());
            check(*isa, &keys, &values, place, (key, 99));
        }
    }
}
