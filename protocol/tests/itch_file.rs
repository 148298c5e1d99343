//! ITCH files: framing in any window, cuts.

use proptest::prelude::*;
use protocol::venue::nasdaq::file::{Frame, MAX_RECORD, append, next};

#[test]
fn golden_file() {
    let file = [0, 1, b'A', 0, 0, 0, 2, b'B', b'C'];
    assert_eq!(next(&file, false), Frame::Message { bytes: b"A", consumed: 3 });
    assert_eq!(next(&file[3..], true), Frame::Message { bytes: b"", consumed: 2 });
    assert_eq!(next(&file[5..], false), Frame::Message { bytes: b"BC", consumed: 4 });
    assert_eq!(next(&file[5..8], false), Frame::NeedMore(4));
    assert_eq!(next(&file[5..8], true), Frame::Truncated(3));
    assert_eq!(next(&[0], false), Frame::NeedMore(2));
    assert_eq!(next(&[0], true), Frame::Truncated(1));
    assert_eq!(next(&[], false), Frame::NeedMore(2));
    assert_eq!(next(&[], true), Frame::End);
    assert_eq!(next(&[0xFF, 0xFF], false), Frame::NeedMore(MAX_RECORD));
}

#[test]
fn a_message_longer_than_its_length_field_is_refused() {
    let mut out = vec![];
    assert!(!append(&mut out, &[0; 65_536]));
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn round_trip_in_any_window(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..10),
        chunk in 1_usize..60,
    ) {
        let mut file = vec![];
        for message in &messages {
            prop_assert!(append(&mut file, message));
        }
        let (mut start, mut end, mut read) = (0, 0, vec![]);
        loop {
            match next(&file[start..end], end == file.len()) {
                Frame::Message { bytes, consumed } => {
                    read.push(bytes.to_vec());
                    start += consumed;
                }
                Frame::NeedMore(wanted) => {
                    prop_assert!(wanted > end - start);
                    end = (end + chunk).min(file.len());
                }
                Frame::End => break,
                Frame::Truncated(_) => prop_assert!(false, "the file is whole"),
            }
        }
        prop_assert_eq!(read, messages);
    }
}
