//! Locking memory, in a process of its own because it locks everything the process has.

use affinity::memory::{Locked, lock_all, locked_bytes, prefault, unlock_all};

#[test]
fn what_is_reported_as_locked_is_locked() {
    assert_eq!(locked_bytes(), 0);
    let report = lock_all();
    let locked = locked_bytes();
    assert!(!report.reason.is_empty());
    match report.locked {
        Locked::CurrentAndFuture => {
            assert!(locked > 0, "{report}");
            // A mapping made after locking is locked too, and so is already there.
            let mut later = vec![0_u8; 16 << 20];
            prefault(&mut later);
            assert!(locked_bytes() >= locked + (15 << 20), "{report}");
        }
        Locked::Current => assert!(locked > 0, "{report}"),
        // Nothing is locked where the kernel refused, and then the report says what it said.
        Locked::Nothing => assert_eq!(locked, 0, "{report}"),
    }
    unlock_all().expect("unlocking needs no privilege");
    assert_eq!(locked_bytes(), 0);
}
