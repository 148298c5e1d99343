//! The pieces of queues: what their number rests on.

use super::{L3Books, L3Limits};
use crate::index::HashIndex;
use wire::Side;

/// Orders that join one another's queues and leave from the front, the back and between never need
/// more pieces than there are, whatever is left of each queue.
#[test]
fn pieces_never_run_out_before_orders() {
    for keep in 2..40_u64 {
        let orders = 4_000;
        let mut books = L3Books::<HashIndex>::new(L3Limits::new(1, orders)).unwrap();
        let mut reference = 0;
        let mut refused = 0;
        for round in 0..12 {
            let price = |n: u64| 100 + ((n / 60 + round) % 300) as i64;
            while books.live_orders() < orders as usize {
                reference += 1;
                let done = books.add(0, reference, Side::Bid, price(reference), 1);
                refused += u64::from(done.is_err());
                assert_eq!(refused, 0, "{done:?} with {} pieces", books.queues.in_use());
            }
            let phase = round % keep;
            for old in (1..=reference).filter(|old| old % keep != phase) {
                let _gone_before = books.delete(0, old);
            }
            let live = books.live_orders();
            assert!(books.queues.in_use() <= live / 2 + 1, "{live} orders");
        }
        books.clear(0);
        assert_eq!((books.live_orders(), books.queues.in_use()), (0, 0));
    }
}
