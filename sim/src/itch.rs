//! ITCH 5.0 messages byte by byte from the specification's offsets, and MoldUDP64 around them.
//!
//! Not made with the crate under test, so that a wrong offset on both sides cannot hide.

/// Type at 0, locate at 1, tracking at 3, 48 bits of time at 5, then blanks to the length.
fn begin(code: u8, length: usize, locate: u16, time: u64) -> Vec<u8> {
    let mut message = vec![b' '; length];
    message[0] = code;
    message[1..3].copy_from_slice(&locate.to_be_bytes());
    message[3..5].copy_from_slice(&[0, 0]);
    message[5..11].copy_from_slice(&time.to_be_bytes()[2..]);
    message
}

fn put(message: &mut [u8], offset: usize, bytes: &[u8]) {
    message[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// Name of a stock: `S` and four digits, padded to eight bytes.
pub fn symbol(stock: u16) -> [u8; 8] {
    let mut name = [b' '; 8];
    name[..5].copy_from_slice(format!("S{stock:04}").as_bytes());
    name
}

/// Number of a stock from its name.
pub fn stock_of(name: &[u8]) -> Option<u16> {
    std::str::from_utf8(name.get(1..5)?).ok()?.parse().ok()
}

/// What every message has: locate and time of day, ns.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Locate of the stock in this session.
    pub locate: u16,
    /// ns since midnight.
    pub time: u64,
}

/// S.
pub fn system(time: u64, event: u8) -> Vec<u8> {
    let mut m = begin(b'S', 12, 0, time);
    m[11] = event;
    m
}

/// R.
pub fn directory(head: Head, stock: u16) -> Vec<u8> {
    let mut m = begin(b'R', 39, head.locate, head.time);
    put(&mut m, 11, &symbol(stock));
    put(&mut m, 19, b"QN");
    put(&mut m, 21, &100u32.to_be_bytes());
    put(&mut m, 25, b"NCZ PNN1N");
    put(&mut m, 34, &0u32.to_be_bytes());
    put(&mut m, 38, b"N");
    m
}

/// H.
pub fn action(head: Head, stock: u16, state: u8) -> Vec<u8> {
    let mut m = begin(b'H', 25, head.locate, head.time);
    put(&mut m, 11, &symbol(stock));
    m[19] = state;
    m
}

/// A, or F with an attribution.
pub fn add(head: Head, (stock, buys): (u16, bool), fields: (u64, u32, u32), of: bool) -> Vec<u8> {
    let (reference, shares, price) = fields;
    let (code, length) = if of { (b'F', 40) } else { (b'A', 36) };
    let mut m = begin(code, length, head.locate, head.time);
    put(&mut m, 11, &reference.to_be_bytes());
    m[19] = if buys { b'B' } else { b'S' };
    put(&mut m, 20, &shares.to_be_bytes());
    put(&mut m, 24, &symbol(stock));
    put(&mut m, 32, &price.to_be_bytes());
    if of {
        put(&mut m, 36, b"GSCO");
    }
    m
}

/// E.
pub fn executed(head: Head, reference: u64, shares: u32, number: u64) -> Vec<u8> {
    let mut m = begin(b'E', 31, head.locate, head.time);
    put(&mut m, 11, &reference.to_be_bytes());
    put(&mut m, 19, &shares.to_be_bytes());
    put(&mut m, 23, &number.to_be_bytes());
    m
}

/// C: what E has, then whether it prints, and the price.
pub fn executed_at(head: Head, of: (u64, u32, u64), printable: bool, price: u32) -> Vec<u8> {
    let mut m = begin(b'C', 36, head.locate, head.time);
    put(&mut m, 11, &of.0.to_be_bytes());
    put(&mut m, 19, &of.1.to_be_bytes());
    put(&mut m, 23, &of.2.to_be_bytes());
    m[31] = if printable { b'Y' } else { b'N' };
    put(&mut m, 32, &price.to_be_bytes());
    m
}

/// X.
pub fn cancel(head: Head, reference: u64, shares: u32) -> Vec<u8> {
    let mut m = begin(b'X', 23, head.locate, head.time);
    put(&mut m, 11, &reference.to_be_bytes());
    put(&mut m, 19, &shares.to_be_bytes());
    m
}

/// D.
pub fn delete(head: Head, reference: u64) -> Vec<u8> {
    let mut m = begin(b'D', 19, head.locate, head.time);
    put(&mut m, 11, &reference.to_be_bytes());
    m
}

/// U.
pub fn replace(head: Head, (old, new): (u64, u64), shares: u32, price: u32) -> Vec<u8> {
    let mut m = begin(b'U', 35, head.locate, head.time);
    put(&mut m, 11, &old.to_be_bytes());
    put(&mut m, 19, &new.to_be_bytes());
    put(&mut m, 27, &shares.to_be_bytes());
    put(&mut m, 31, &price.to_be_bytes());
    m
}

/// P.
pub fn trade(head: Head, stock: u16, (shares, price, number): (u32, u32, u64)) -> Vec<u8> {
    let mut m = begin(b'P', 44, head.locate, head.time);
    put(&mut m, 11, &0u64.to_be_bytes());
    m[19] = b'B';
    put(&mut m, 20, &shares.to_be_bytes());
    put(&mut m, 24, &symbol(stock));
    put(&mut m, 32, &price.to_be_bytes());
    put(&mut m, 36, &number.to_be_bytes());
    m
}

/// Q.
pub fn cross(head: Head, stock: u16, (shares, price, number): (u64, u32, u64)) -> Vec<u8> {
    let mut m = begin(b'Q', 40, head.locate, head.time);
    put(&mut m, 11, &shares.to_be_bytes());
    put(&mut m, 19, &symbol(stock));
    put(&mut m, 27, &price.to_be_bytes());
    put(&mut m, 31, &number.to_be_bytes());
    m[39] = b'O';
    m
}

/// B.
pub fn broken(head: Head, number: u64) -> Vec<u8> {
    let mut m = begin(b'B', 19, head.locate, head.time);
    put(&mut m, 11, &number.to_be_bytes());
    m
}

/// The 20 bytes that a packet begins with: session at 0, number at 10, count at 18. Alone they are
/// a heartbeat (count 0) or an end of session (65,535).
pub fn mold_header(session: &[u8; 10], next: u64, count: u16) -> Vec<u8> {
    let mut packet = session.to_vec();
    packet.extend_from_slice(&next.to_be_bytes());
    packet.extend_from_slice(&count.to_be_bytes());
    packet
}

/// A MoldUDP64 packet of these messages.
pub fn mold<'a>(
    session: &[u8; 10],
    first: u64,
    messages: impl ExactSizeIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let mut packet = mold_header(session, first, messages.len() as u16);
    for message in messages {
        packet.extend_from_slice(&(message.len() as u16).to_be_bytes());
        packet.extend_from_slice(message);
    }
    packet
}

/// Puts an IPv4 and a UDP header with right checksums around a payload, to 239.1.1.1.
pub fn ipv4(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = 28 + payload.len() as u16;
    let mut packet = vec![0x45, 0];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0x40, 0, 1, 17, 0, 0, 10, 0, 0, 1, 239, 1, 1, 1]);
    let sum = checksum(0, &packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(&30_000u16.to_be_bytes());
    packet.extend_from_slice(&port.to_be_bytes());
    packet.extend_from_slice(&(length - 20).to_be_bytes());
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(payload);
    let pseudo = 17 + u32::from(length - 20);
    let sum = match checksum(pseudo + sum_of(&packet[12..20]), &packet[20..]) {
        0 => 0xFFFF,
        sum => sum,
    };
    packet[26..28].copy_from_slice(&sum.to_be_bytes());
    packet
}

fn sum_of(bytes: &[u8]) -> u32 {
    let pair = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    bytes.chunks(2).map(pair).sum()
}

fn checksum(start: u32, bytes: &[u8]) -> u16 {
    let mut sum = start + sum_of(bytes);
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}
