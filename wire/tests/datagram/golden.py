#!/usr/bin/env python3
"""Golden bytes of every datagram, packed from the offset tables by hand.

Independent of the Rust code on purpose: it knows only the tables of the design and of decision 9.
Prints one line a datagram, `name hex`, which `golden.rs` compares with what Rust writes.
Regenerate: golden.py > golden.txt
"""
import struct

NONE = -(2**63)
START, EXCHANGE_NS, LOCAL_NS = 1_580_374_800, 1_580_374_800_000_000_001, 1_580_374_800_000_000_002
TRADE, BOOK, STATUS, DEFINITION, HEARTBEAT, ORDER, RECORD = range(1, 8)


def datagram(name, kind, items, fmt, counter, symbol=b"AAPL", exchange=b"REC.NASDAQ", last=1, bid=0):
    flags = last << 7 | kind << 4 | bid << 3 | len(items)
    head = struct.pack(">BQQQB20s20s", 1, START << 32 | counter, EXCHANGE_NS, LOCAL_NS, flags, symbol, exchange)
    assert len(head) == 66
    print(name, (head + b"".join(struct.pack(fmt, *item) for item in items)).hex())


datagram("trade", TRADE, [(555, 32_014_000_000, 10_000_000_000, 0), (556, 32_015_000_000, 500_000_000, 1),
                          (2**64 - 1, -1, NONE, 2)], ">QqqB7x", 1)
datagram("book_bid", BOOK, [(32_014_000_000 - n * 1_000_000, (n + 1) * 100_000_000) for n in range(7)], ">qq", 2,
         last=0, bid=1)
datagram("book_ask", BOOK, [(32_030_000_000, 20_000_000_000)], ">qq", 3)
datagram("book_empty", BOOK, [], "", 4, bid=1)
datagram("status", STATUS, [(4, 4, 2, 0, b"T1", 255, 0, 7, 99, NONE, 32_500_000_000, 4_711)], ">BBBB4sBB2xIQqqQ", 5)
datagram("status_market", STATUS, [(0, 0, 5, 2, b"", 255, 2, 0, 0, NONE, NONE, 12)], ">BBBB4sBB2xIQqqQ", 6, symbol=b"")
datagram("definition", DEFINITION,
         [("BTCUSDT-260327-100000-C€".encode(), b"BTC/USDT:260327C100000", 4 << 24 | 9, 1, 8, -2, -8, -3, 2, 3, 50, 10_000,
           1_000, 10_000_000, 1_774_569_600_000_000_000, 77, b"BTC", b"USDT", b"USDT")],
         ">64s48sIBBbbbxHH2xqqqqQQ12s12s12s4x", 7, symbol=b"~04000009", exchange=b"BINANCE.UM")
datagram("heartbeat", HEARTBEAT, [(1_580_374_800_123_456_789, 8, 900, 70, 6, 5, 4, 3, 2, 1, 1_000)], ">QQQQQQQQIII4x", 8,
         symbol=b"")
datagram("order", ORDER, [(1001, 32_014_000_000, 10_000_000_000, 0x4753434F00000000, 16, 1),
                          (1001, 32_016_000_000, 7_000_000_000, 1002, 18, 0),
                          (1002, 32_016_000_000, 2_000_000_000, 555, 19, 0)], ">QqqQBB6x", 9)
# A record is little-endian within a big-endian datagram.
RECORD_BYTES = struct.pack("<BBBBIQQQqqQBBHI", 0, 48, 0b1010, 1, 1 << 24 | 13, 42, EXCHANGE_NS, LOCAL_NS, 3_201_400, 100,
                           555, 2, 6, 64, 3)
datagram("record", RECORD, [(RECORD_BYTES,)], "64s", 10, exchange=b"SIM.NASDAQ", last=0)
