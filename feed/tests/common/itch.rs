//! ITCH 5.0 messages, byte by byte from the specification's table of offsets and lengths.

/// Writes `bytes` at their offset.
fn put(mut message: Vec<u8>, offset: usize, bytes: &[u8]) -> Vec<u8> {
    message[offset..offset + bytes.len()].copy_from_slice(bytes);
    message
}

/// Type at 0, locate at 1, tracking at 3, 48 bits of time at 5, then blanks to the length.
pub fn begin(code: u8, length: usize, locate: u16, time: u64) -> Vec<u8> {
    let mut message = vec![b' '; length];
    message[0] = code;
    message[1..3].copy_from_slice(&locate.to_be_bytes());
    message[3..5].copy_from_slice(&[0, 0]);
    message[5..11].copy_from_slice(&time.to_be_bytes()[2..]);
    message
}

/// Eight bytes, padded with blanks.
pub fn stock(name: &str) -> [u8; 8] {
    let mut field = [b' '; 8];
    field[..name.len()].copy_from_slice(name.as_bytes());
    field
}

/// S.
pub fn system(time: u64, event: u8) -> Vec<u8> {
    put(begin(b'S', 12, 0, time), 11, &[event])
}

/// R, of common stock on Nasdaq, production.
pub fn directory(locate: u16, time: u64, name: &str) -> Vec<u8> {
    let m = put(begin(b'R', 39, locate, time), 11, &stock(name));
    let m = put(m, 19, b"QN");
    let m = put(m, 21, &100u32.to_be_bytes());
    let m = put(m, 25, b"NCZ PNN1N");
    let m = put(m, 34, &0u32.to_be_bytes());
    put(m, 38, b"N")
}

/// H.
pub fn action(locate: u16, time: u64, name: &str, state: u8, reason: &[u8; 4]) -> Vec<u8> {
    let m = put(begin(b'H', 25, locate, time), 11, &stock(name));
    put(put(m, 19, &[state]), 21, reason)
}

/// Y.
pub fn reg_sho(locate: u16, time: u64, name: &str, code: u8) -> Vec<u8> {
    put(put(begin(b'Y', 20, locate, time), 11, &stock(name)), 19, &[code])
}

/// L.
pub fn participant(locate: u16, time: u64, name: &str, mpid: &[u8; 4]) -> Vec<u8> {
    let m = put(begin(b'L', 26, locate, time), 11, mpid);
    put(put(m, 15, &stock(name)), 23, b"YNA")
}

/// V.
pub fn mwcb_decline(time: u64, levels: [u64; 3]) -> Vec<u8> {
    let m = put(begin(b'V', 35, 0, time), 11, &levels[0].to_be_bytes());
    put(put(m, 19, &levels[1].to_be_bytes()), 27, &levels[2].to_be_bytes())
}

/// W.
pub fn mwcb_status(time: u64, level: u8) -> Vec<u8> {
    put(begin(b'W', 12, 0, time), 11, &[level])
}

/// K.
pub fn ipo(locate: u16, time: u64, name: &str, release_s: u32, code: u8, price: u32) -> Vec<u8> {
    let m = put(begin(b'K', 28, locate, time), 11, &stock(name));
    put(put(put(m, 19, &release_s.to_be_bytes()), 23, &[code]), 24, &price.to_be_bytes())
}

/// J: reference, upper, lower price, extension.
pub fn luld(locate: u16, time: u64, name: &str, values: [u32; 4]) -> Vec<u8> {
    let m = put(begin(b'J', 35, locate, time), 11, &stock(name));
    let at = |m, n: usize| put(m, 19 + 4 * n, &values[n].to_be_bytes());
    (0..4).fold(m, at)
}

/// h.
pub fn operational_halt(locate: u16, time: u64, name: &str, market: u8, code: u8) -> Vec<u8> {
    put(put(begin(b'h', 21, locate, time), 11, &stock(name)), 19, &[market, code])
}

/// A new order as A and F describe it.
#[derive(Clone, Copy, Debug)]
pub struct Add<'a> {
    pub reference: u64,
    pub side: u8,
    pub shares: u32,
    pub stock: &'a str,
    pub price: u32,
}

fn add_fields(m: Vec<u8>, order: Add<'_>) -> Vec<u8> {
    let m = put(m, 11, &order.reference.to_be_bytes());
    let m = put(put(m, 19, &[order.side]), 20, &order.shares.to_be_bytes());
    put(put(m, 24, &stock(order.stock)), 32, &order.price.to_be_bytes())
}

/// A.
pub fn add(locate: u16, time: u64, order: Add<'_>) -> Vec<u8> {
    add_fields(begin(b'A', 36, locate, time), order)
}

/// F.
pub fn add_attributed(locate: u16, time: u64, order: Add<'_>, mpid: &[u8; 4]) -> Vec<u8> {
    put(add_fields(begin(b'F', 40, locate, time), order), 36, mpid)
}

/// A bid of AAPL, locate 13.
pub fn bid(time: u64, reference: u64, shares: u32, price: u32) -> Vec<u8> {
    add(13, time, Add { reference, side: b'B', shares, stock: "AAPL", price })
}

/// An ask of AAPL, locate 13.
pub fn ask(time: u64, reference: u64, shares: u32, price: u32) -> Vec<u8> {
    add(13, time, Add { reference, side: b'S', shares, stock: "AAPL", price })
}

/// E.
pub fn executed(locate: u16, time: u64, reference: u64, shares: u32, number: u64) -> Vec<u8> {
    let m = put(begin(b'E', 31, locate, time), 11, &reference.to_be_bytes());
    put(put(m, 19, &shares.to_be_bytes()), 23, &number.to_be_bytes())
}

/// C: what E has, then whether it prints, and the price.
pub fn executed_at(
    (locate, time): (u16, u64),
    (reference, shares, number): (u64, u32, u64),
    printable: u8,
    price: u32,
) -> Vec<u8> {
    let m = put(begin(b'C', 36, locate, time), 11, &reference.to_be_bytes());
    let m = put(put(m, 19, &shares.to_be_bytes()), 23, &number.to_be_bytes());
    put(put(m, 31, &[printable]), 32, &price.to_be_bytes())
}

/// X.
pub fn cancel(locate: u16, time: u64, reference: u64, shares: u32) -> Vec<u8> {
    let m = put(begin(b'X', 23, locate, time), 11, &reference.to_be_bytes());
    put(m, 19, &shares.to_be_bytes())
}

/// D.
pub fn delete(locate: u16, time: u64, reference: u64) -> Vec<u8> {
    put(begin(b'D', 19, locate, time), 11, &reference.to_be_bytes())
}

/// U.
pub fn replace(
    (locate, time): (u16, u64),
    (old, new): (u64, u64),
    shares: u32,
    price: u32,
) -> Vec<u8> {
    let m = put(begin(b'U', 35, locate, time), 11, &old.to_be_bytes());
    let m = put(put(m, 19, &new.to_be_bytes()), 27, &shares.to_be_bytes());
    put(m, 31, &price.to_be_bytes())
}

/// P.
pub fn trade(
    locate: u16,
    time: u64,
    name: &str,
    (shares, price, number): (u32, u32, u64),
) -> Vec<u8> {
    let order = Add { reference: 0, side: b'B', shares, stock: name, price };
    put(add_fields(begin(b'P', 44, locate, time), order), 36, &number.to_be_bytes())
}

/// Q.
pub fn cross(
    (locate, time): (u16, u64),
    name: &str,
    (shares, price, number): (u64, u32, u64),
    code: u8,
) -> Vec<u8> {
    let m = put(begin(b'Q', 40, locate, time), 11, &shares.to_be_bytes());
    let m = put(put(m, 19, &stock(name)), 27, &price.to_be_bytes());
    put(put(m, 31, &number.to_be_bytes()), 39, &[code])
}

/// B.
pub fn broken(locate: u16, time: u64, number: u64) -> Vec<u8> {
    put(begin(b'B', 19, locate, time), 11, &number.to_be_bytes())
}

/// I: paired, imbalance; direction; far, near, reference price.
pub fn imbalance(
    (locate, time): (u16, u64),
    name: &str,
    (paired, left): (u64, u64),
    direction: u8,
    prices: [u32; 3],
) -> Vec<u8> {
    let m = put(begin(b'I', 50, locate, time), 11, &paired.to_be_bytes());
    let m = put(put(m, 19, &left.to_be_bytes()), 27, &[direction]);
    let m = put(m, 28, &stock(name));
    let m = (0..3).fold(m, |m, n| put(m, 36 + 4 * n, &prices[n].to_be_bytes()));
    put(m, 48, b"OL")
}

/// N.
pub fn retail(locate: u16, time: u64, name: &str, flag: u8) -> Vec<u8> {
    put(put(begin(b'N', 20, locate, time), 11, &stock(name)), 19, &[flag])
}

/// O: minimum, maximum, near price; time of the latter; lower and upper collar.
pub fn direct_listing(
    (locate, time): (u16, u64),
    name: &str,
    eligible: u8,
    prices: [u32; 5],
    near_time: u64,
) -> Vec<u8> {
    let m = put(begin(b'O', 48, locate, time), 11, &stock(name));
    let m = put(m, 19, &[eligible]);
    let m = (0..3).fold(m, |m, n| put(m, 20 + 4 * n, &prices[n].to_be_bytes()));
    let m = put(m, 32, &near_time.to_be_bytes());
    let m = put(m, 40, &prices[3].to_be_bytes());
    put(m, 44, &prices[4].to_be_bytes())
}

/// The same message with other bytes at an offset.
pub fn with(message: &[u8], offset: usize, bytes: &[u8]) -> Vec<u8> {
    put(message.to_vec(), offset, bytes)
}

/// One of each of the 23 types, about AAPL at locate 13, in an order that a book accepts.
pub fn one_of_each() -> Vec<Vec<u8>> {
    vec![
        system(1, b'O'),
        directory(13, 2, "AAPL"),
        action(13, 3, "AAPL", b'T', b"    "),
        reg_sho(13, 4, "AAPL", b'0'),
        participant(13, 5, "AAPL", b"MMMM"),
        mwcb_decline(6, [300_000_000_000, 280_000_000_000, 260_000_000_000]),
        mwcb_status(7, b'1'),
        ipo(13, 8, "AAPL", 34_200, b'A', 100_0000),
        luld(13, 9, "AAPL", [100_0000, 105_0000, 95_0000, 1]),
        operational_halt(13, 10, "AAPL", b'Q', b'H'),
        bid(11, 1, 100, 99_0000),
        add_attributed(
            13,
            12,
            Add { reference: 2, side: b'S', shares: 200, stock: "AAPL", price: 101_0000 },
            b"GSCO",
        ),
        executed(13, 13, 1, 10, 501),
        executed_at((13, 14), (2, 20, 502), b'Y', 101_5000),
        cancel(13, 15, 1, 30),
        replace((13, 16), (2, 3), 150, 101_1000),
        delete(13, 17, 1),
        trade(13, 18, "AAPL", (7, 100_0000, 503)),
        cross((13, 19), "AAPL", (1_000, 100_5000, 504), b'O'),
        broken(13, 20, 503),
        imbalance((13, 21), "AAPL", (5_000, 300), b'S', [100_0000, 100_1000, 100_2000]),
        retail(13, 22, "AAPL", b'A'),
        direct_listing((13, 23), "AAPL", b'Y', [1, 2, 3, 4, 5], 24),
    ]
}
