//! Histories against a plain list, and the queue of delayed datagrams against a stable sort.

use proptest::prelude::*;
use tools::venue_sim::serve::{Delayed, History, Outbox};

use super::SESSION;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u8>),
    Many(u16),
    Skip(u64),
    Roll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 0..50).prop_map(Step::Append),
        2 => (0..6_000_u16).prop_map(Step::Many),
        1 => (0..5_000_u64).prop_map(Step::Skip),
        1 => Just(Step::Roll),
    ]
}

/// All messages since the last hole, and the number of the first.
struct Plain {
    session: [u8; 10],
    first: u64,
    messages: Vec<Vec<u8>>,
}

impl Plain {
    fn get(&self, number: u64, window: u64) -> Option<&[u8]> {
        let next = self.first + self.messages.len() as u64;
        if number + window < next {
            return None;
        }
        let index = number.checked_sub(self.first)?;
        self.messages.get(index as usize).map(Vec::as_slice)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_history_is_a_list(
        steps in prop::collection::vec(step(), 0..30),
        window in prop_oneof![Just(u64::MAX >> 1), 0..10_000_u64],
        probes in prop::collection::vec((any::<u64>(), 0..70_000_u64), 8),
    ) {
        let mut history = History::new(SESSION).with_window(window);
        let mut plain = Plain { session: SESSION, first: 1, messages: Vec::new() };
        let append = |history: &mut History, plain: &mut Plain, message: Vec<u8>| {
            let number = history.append(&message);
            plain.messages.push(message);
            assert_eq!(number, plain.first + plain.messages.len() as u64 - 1);
        };
        for step in steps {
            match step {
                Step::Append(message) => append(&mut history, &mut plain, message),
                Step::Many(count) => (0..count)
                    .for_each(|k| append(&mut history, &mut plain, k.to_be_bytes().to_vec())),
                Step::Skip(numbers) => {
                    history.skip(numbers);
                    if numbers > 0 {
                        plain.first += plain.messages.len() as u64 + numbers;
                        plain.messages.clear();
                    }
                }
                Step::Roll => {
                    history.roll(*b"SIM0000002");
                    plain = Plain { session: *b"SIM0000002", first: 1, messages: Vec::new() };
                }
            }
            let next = plain.first + plain.messages.len() as u64;
            prop_assert_eq!((history.session(), history.next()), (plain.session, next));
            for (at, count) in &probes {
                let number = at % (next + 10);
                prop_assert_eq!(history.get(number), plain.get(number, window));
                let there: Vec<u64> = (number..number + count)
                    .filter(|number| plain.get(*number, window).is_some())
                    .collect();
                let range = history.range(number, *count);
                prop_assert_eq!(range.collect::<Vec<u64>>(), there);
            }
        }
    }

    #[test]
    fn delayed_datagrams_leave_in_order(times in prop::collection::vec(0..20_u64, 0..60)) {
        let mut outbox = Outbox::default();
        let mut wanted = Vec::new();
        for (number, at) in times.iter().enumerate() {
            let datagram = Delayed { at: *at, to: number, bytes: vec![number as u8] };
            wanted.push(datagram.clone());
            outbox.extend([datagram]);
        }
        // Stable: of two at the same time the first stays first.
        wanted.sort_by_key(|datagram| datagram.at);
        let mut wanted = wanted.into_iter().peekable();
        for now in 0..20 {
            prop_assert_eq!(outbox.deadline(), wanted.peek().map_or(u64::MAX, |next| next.at));
            while let Some(datagram) = outbox.due(now) {
                prop_assert!(datagram.at == now);
                prop_assert_eq!(Some(datagram), wanted.next());
            }
        }
        prop_assert_eq!((outbox.len(), outbox.is_empty(), wanted.next()), (0, true, None));
    }
}

#[test]
fn the_greatest_numbers_make_no_overflow() {
    let mut history = History::new(SESSION);
    history.append(b"one");
    assert!(history.range(u64::MAX, u64::MAX).is_empty());
    assert_eq!(history.range(0, u64::MAX), 1..2);
    assert!(history.range(2, 1).is_empty());
    assert_eq!((history.get(0), history.get(1), history.get(2)), (None, Some(&b"one"[..]), None));
}
