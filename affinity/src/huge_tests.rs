//! Tests of huge pages: whatever the host gives, the memory must be right and the word honest.

use super::*;
use crate::usage::ThreadUsage;

/// Page faults of writing all over the bytes; the first call also fetches the code.
#[inline(never)]
fn faults_of_writing(bytes: &mut [u8]) -> u64 {
    let before = ThreadUsage::now();
    bytes.iter_mut().step_by(512).for_each(|byte| *byte = 1);
    std::hint::black_box(&*bytes);
    ThreadUsage::now().since(before).faults()
}

#[test]
fn a_buffer_is_zeroed_aligned_writable_and_fetched() {
    let len = 5 * HUGE_PAGE / 2;
    let mut buffer = HugeBuffer::new(len).expect("memory");
    assert_eq!((buffer.len(), buffer.as_slice().len()), (len, len));
    assert!(!buffer.is_empty());
    assert_eq!(buffer.as_slice().as_ptr().addr() % HUGE_PAGE, 0);
    assert!(buffer.as_slice().iter().all(|&b| b == 0));
    faults_of_writing(&mut [0; 4096]);
    let faults = faults_of_writing(buffer.as_mut_slice());
    // One now and then, where the kernel moves a page.
    assert!(faults <= 2, "{faults}: {}", buffer.outcome());
    for (i, byte) in buffer.as_mut_slice().iter_mut().enumerate() {
        *byte = i.to_le_bytes()[0];
    }
    assert!(buffer.as_slice().iter().enumerate().all(|(i, &b)| b == i.to_le_bytes()[0]));
}

#[test]
fn the_outcome_agrees_with_the_kernel() {
    let buffer = HugeBuffer::new(4 * HUGE_PAGE).expect("memory");
    let outcome = buffer.outcome();
    assert_eq!(outcome.bytes, 4 * HUGE_PAGE);
    assert!(!outcome.reason.is_empty());
    let seen = transparent_bytes(buffer.as_slice().as_ptr().addr(), buffer.len());
    match outcome.kind {
        PageKind::Huge => assert_eq!(outcome.huge_bytes, buffer.len()),
        PageKind::Transparent => assert!(seen >= buffer.len() / 2, "{outcome}: {seen}"),
        PageKind::Ordinary => assert!(outcome.huge_bytes < buffer.len() / 2, "{outcome}"),
    }
}

#[test]
fn impossible_lengths_are_errors() {
    assert!(matches!(HugeBuffer::new(0), Err(AffinityError::EmptyBuffer)));
    let absurd = HugeBuffer::new(usize::MAX);
    assert!(matches!(absurd, Err(AffinityError::BufferTooLarge { .. })));
    // Within the address space by the number, beyond what any processor maps.
    assert!(matches!(HugeBuffer::new(1 << 60), Err(AffinityError::Map { .. })));
}

#[test]
fn dropping_gives_the_memory_back() {
    let address = {
        let buffer = HugeBuffer::new(64 * HUGE_PAGE).expect("memory");
        buffer.as_slice().as_ptr().addr()
    };
    let smaps = fs::read_to_string("/proc/self/maps").expect("our own mappings");
    let whole = |line: &str| {
        let bounds = mapping_bounds(line);
        bounds.is_some_and(|(low, high)| low <= address && address + 64 * HUGE_PAGE <= high)
    };
    assert!(!smaps.lines().any(whole), "still mapped at {address:x}");
}

#[test]
fn advice_keeps_the_contents_of_a_vector() {
    let mut numbers: Vec<u64> = (0..1_u64 << 20).collect();
    let outcome = advise_huge(&mut numbers);
    assert_eq!(outcome.bytes, 8 << 20);
    assert!(numbers.iter().enumerate().all(|(i, &n)| n == i as u64), "{outcome}");
}

#[test]
fn advice_fetches_memory_that_nobody_touched() {
    let mut bytes = vec![0_u8; 16 << 20];
    let outcome = advise_huge(&mut bytes);
    if outcome.reason.contains("not fetched") {
        e2e::skipped("advice_fetches_memory_that_nobody_touched", "kernel before 5.14");
        return;
    }
    faults_of_writing(&mut [0; 4096]);
    let faults = faults_of_writing(&mut bytes);
    // The first and last page may lie outside the whole pages of the vector.
    assert!(faults <= 4, "{faults}: {outcome}");
}

#[test]
fn short_slices_stay_ordinary() {
    let outcome = advise_huge(&mut [1_u64, 2, 3]);
    assert_eq!((outcome.kind, outcome.huge_bytes), (PageKind::Ordinary, 0));
    assert!(outcome.reason.contains("no whole aligned stretch"), "{outcome}");
    assert_eq!(advise_huge::<u64>(&mut []).bytes, 0);
}

#[test]
fn smaps_count_only_what_the_range_shares() {
    let smaps = "\
7f0000000000-7f0000800000 rw-p 00000000 00:00 0\n\
Size:               8192 kB\n\
AnonHugePages:      6144 kB\n\
7f0000800000-7f0000a00000 rw-p 00000000 00:00 0 [heap]\n\
AnonHugePages:         0 kB\n\
7f0001000000-7f0001200000 r--p 00000000 00:00 0\n\
AnonHugePages:      2048 kB\n";
    let mib = 1 << 20;
    assert_eq!(transparent_bytes_in(smaps, 0x7f00_0000_0000, 8 * mib), 6 * mib);
    assert_eq!(transparent_bytes_in(smaps, 0x7f00_0020_0000, 4 * mib), 4 * mib);
    assert_eq!(transparent_bytes_in(smaps, 0x7f00_0080_0000, 2 * mib), 0);
    assert_eq!(transparent_bytes_in(smaps, 0x7f00_0000_0000, 32 * mib), 8 * mib);
    assert_eq!(transparent_bytes_in("", 0x1000, 4096), 0);
}

#[test]
fn the_verdict_follows_the_bytes() {
    let refused = || Err(io::Error::from_raw_os_error(libc::EINVAL));
    assert_eq!(judge(100, 50, Ok(())).kind, PageKind::Transparent);
    assert_eq!(judge(101, 50, Ok(())).kind, PageKind::Ordinary);
    assert_eq!(judge(100, 100, refused()).kind, PageKind::Transparent);
    assert!(judge(100, 0, refused()).reason.contains("refused"));
}
