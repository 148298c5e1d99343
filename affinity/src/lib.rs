//! Pinning, memory locking, huge pages, calibrated clock, poll loops, jitter.
