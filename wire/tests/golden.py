#!/usr/bin/env python3
"""Golden bytes of every record kind, packed from the offset table of docs/WIRE.md by hand.

Independent of the Rust code on purpose: it knows only the design's table. Prints one line a kind,
`kind hex`, which `golden.rs` compares with what Rust writes. Regenerate: golden.py > golden.txt
"""
import struct

NONE = -(2**63)
U32, U64 = 2**32 - 1, 2**64 - 1
HEAD = dict(quality=0b1110_1010, origin=0b1101_0010, instrument=(1 << 24) | 13, sequence=0x0102030405060708,
            ts_venue=1580374800000000001, ts_receive=1580374800000000002)

PAYLOADS = [
    (1, "gap_begin", "<QQIHBBQ", (5, 9, 7, 3, 0b11, 0, 0)),
    (2, "gap_end", "<QQIHBBQ", (5, 9, 7, 3, 0b11, 2, 1500)),
    (3, "lost", "<QQQII", (10, 20, 30, 4, 5)),
    (4, "heartbeat", "<QQHB13x", (11, 12, 3, 2)),
    (5, "session", "<16sQIHBx", (b"000010059B".ljust(16, b" "), 1, 20200130, 3, 1)),
    (6, "connection", "<BBHIQQ8x", (2, 1, 3, 9, 77, 104)),
    (16, "order_add", "<Qqq8s", (1001, 3201400, 100, b"GSCO".ljust(8, b"\0"))),
    (17, "order_modify", "<QqqQ", (1001, 3201500, 50, U64)),
    (18, "order_replace", "<QQqq", (1001, 1002, 3201600, 70)),
    (19, "order_execute", "<QqqQ", (1002, 3201600, 20, 555)),
    (20, "order_reduce", "<Qqqq", (1002, 3201600, 10, 40)),
    (21, "order_delete", "<QqqB7x", (1002, 3201600, 40, 1)),
    (32, "level", "<qqQIHH", (3201400, 0, 42, U32, 1, 0)),
    (33, "top", "<qqqq", (3201400, 100, 3203000, 200)),
    (34, "quote", "<qqqq", (3201400, 100, NONE, NONE)),
    (35, "book_begin", "<BB6xQII8x", (3, 20, 42, 79, 63)),
    (36, "book_end", "<BB6xQII8x", (3, 20, 42, 79, 63)),
    (37, "book_state", "<BBB5xQQQ", (4, 2, 4, 7, 5, 9)),
    (38, "event_end", "<32x", ()),
    (48, "trade", "<qqQBBHI", (3201400, 100, 555, 2, 6, 64, 3)),
    (49, "trade_break", "<QqqQ", (555, NONE, NONE, 0)),
    (64, "status", "<BBBB4sQqq", (2, 0, 255, 0, b"T1  ", 99, NONE, NONE)),
    (65, "definition", "<BBbbb3xqqq", (0, 1, -4, 0, 0, 100, 100, 1)),
    (66, "auction", "<qqqBBHI", (3201400, 1000, -300, ord("O"), ord("L"), 1, 30)),
    (67, "prices", "<BBB5xqqq", (1, 2, 3, 3201400, 3201500, NONE)),
    (68, "statistic", "<B7xqqQ", (1, 170000, 1, 88)),
    (80, "mark", "<qqq8x", (100, 101, NONE)),
    (81, "funding", "<qqQII", (100000000, NONE, 1580400000000000000, 28800, 1)),
    (82, "open_interest", "<qqQB7x", (123, 456, 789, 2)),
    (83, "liquidation", "<qqqQ", (100, 5, 99, 4)),
    (96, "feature", "<HBBIQQQ", (12, 1, 2, 3, 4, struct.unpack("<Q", struct.pack("<d", 0.5))[0], 6)),
    (97, "signal", "<HbBIQQQ", (12, -1, 2, 3, 4, struct.unpack("<Q", struct.pack("<d", 0.25))[0], 10**9)),
]

for number, name, fmt, values in PAYLOADS:
    head = struct.pack("<BBBBIQQQ", 0, number, HEAD["quality"], HEAD["origin"], HEAD["instrument"],
                       HEAD["sequence"], HEAD["ts_venue"], HEAD["ts_receive"])
    payload = struct.pack(fmt, *values)
    assert len(head) == 32 and len(payload) == 32, name
    print(name, (head + payload).hex())
