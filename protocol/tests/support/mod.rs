//! What several test files need: reading a whole capture, hexadecimal, recordings.
#![allow(dead_code)] // Each test file uses its part.

use std::path::PathBuf;

use protocol::capture::{CaptureReject, MAX_RECORD, Reader, Step};
use protocol::frame::LinkType;

/// One packet, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub ts_ns: u64,
    pub link: LinkType,
    pub data: Vec<u8>,
    pub original_length: u32,
}

/// What a capture file gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    pub packets: Vec<Owned>,
    pub rejects: Vec<CaptureReject>,
    pub fatal: Option<CaptureReject>,
}

/// Reads `file` through windows that grow by `chunk` bytes, checking that every step is honest.
pub fn read_capture(file: &[u8], chunk: usize) -> Capture {
    let mut reader = Reader::new();
    let mut capture = Capture::default();
    let (mut start, mut end) = (0, 0);
    let mut idle = 0;
    loop {
        let at_end = end == file.len();
        let window = &file[start..end];
        let used = match reader.next(window, at_end) {
            Step::Packet { packet, consumed } => {
                capture.packets.push(Owned {
                    ts_ns: packet.ts_ns,
                    link: packet.link,
                    data: packet.data.to_vec(),
                    original_length: packet.original_length,
                });
                consumed
            }
            Step::NeedMore(wanted) => {
                assert!(!at_end, "asks for more at the end");
                assert!(wanted > window.len() && wanted <= MAX_RECORD, "asks for {wanted}");
                end = (end + chunk).max(start + wanted).min(file.len());
                continue;
            }
            Step::Skip(consumed) => consumed,
            Step::Reject { reason, consumed } => {
                capture.rejects.push(reason);
                consumed
            }
            Step::End => break,
            Step::Fatal(reason) => {
                assert_eq!(reader.next(window, at_end), Step::Fatal(reason), "stays fatal");
                capture.fatal = Some(reason);
                break;
            }
        };
        assert!(used <= window.len(), "consumed beyond the window");
        idle = if used == 0 { idle + 1 } else { 0 };
        assert!(idle < 3, "no progress");
        start += used;
    }
    capture
}

/// Bytes of a hexadecimal text; blanks are for the eye.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    assert!(digits.len().is_multiple_of(2), "odd number of digits");
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// The folder of recordings; says so and gives `None` where it is not set.
pub fn recordings(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HOTLANE_DATA").map(PathBuf::from);
    if folder.is_none() {
        e2e::skipped(test, "HOTLANE_DATA is not set");
    }
    folder
}

/// Every file below `folder` with this extension, sorted.
pub fn files(folder: &std::path::Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of recordings") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
