//! `moldudp64`: any bytes as a packet, and as a request.
//!
//! What holds: header, lengths and messages of an accepted packet add up to its bytes, writing
//! them again gives the same bytes, and one byte less or more is refused.

use protocol::frame::moldudp64::{
    HEADER_LEN, MoldKind, MoldPacket, MoldReject, MoldRequest, MoldWriter, RequestReject,
    end_of_session, heartbeat,
};

use crate::offset_in;

/// Bytes of a block's length.
const LENGTH: usize = 2;

/// Checks one input.
pub fn check(data: &[u8]) {
    match MoldPacket::parse(data) {
        Ok(packet) => check_packet(data, &packet),
        Err(reason) => assert_eq!(MoldReject::ALL.get(reason.index()), Some(&reason)),
    }
    match MoldRequest::parse(data) {
        Ok(request) => {
            assert!(request.count > 0 && data.len() == HEADER_LEN);
            assert!(request.sequence.checked_add(u64::from(request.count)).is_some());
            assert_eq!(request.encode(), *data, "the same request in other bytes");
        }
        Err(reason) => {
            assert_eq!(RequestReject::ALL.get(reason.index()), Some(&reason));
            assert!(data.len() != HEADER_LEN || reason != RequestReject::Length);
        }
    }
}

fn check_packet(data: &[u8], packet: &MoldPacket<'_>) {
    let messages: Vec<&[u8]> = packet.messages().collect();
    assert_eq!(messages.len(), usize::from(packet.count()));
    assert_eq!(packet.messages().len(), messages.len());
    let mut at = HEADER_LEN;
    for message in &messages {
        at += LENGTH;
        if !message.is_empty() {
            assert_eq!(offset_in(data, message), Some(at), "a message from somewhere else");
        }
        at += message.len();
    }
    assert_eq!(at, data.len(), "the parts are not the whole");
    let next = packet.sequence.checked_add(u64::from(packet.count()));
    assert_eq!(Some(packet.next_sequence()), next);

    assert_eq!(written(packet, &messages, data.len()).as_deref(), Some(data), "written otherwise");
    if !messages.is_empty() {
        assert_eq!(written(packet, &messages, data.len() - 1), None, "fits into less");
    }
    assert!(MoldPacket::parse(&data[..data.len() - 1]).is_err(), "one byte less");
    let longer = [data, &[0]].concat();
    assert_eq!(MoldPacket::parse(&longer), Err(MoldReject::Residue), "one byte more");
}

fn written(packet: &MoldPacket<'_>, messages: &[&[u8]], room: usize) -> Option<Vec<u8>> {
    match packet.kind {
        MoldKind::Heartbeat => Some(heartbeat(packet.session, packet.sequence).to_vec()),
        MoldKind::EndOfSession => Some(end_of_session(packet.session, packet.sequence).to_vec()),
        MoldKind::Data(_) => {
            let mut buffer = vec![0; room];
            let mut writer = MoldWriter::begin(&mut buffer, packet.session, packet.sequence)?;
            let all = messages.iter().all(|message| writer.push(message));
            assert_eq!(all, usize::from(writer.count()) == messages.len());
            all.then(|| writer.finish().to_vec())
        }
    }
}
