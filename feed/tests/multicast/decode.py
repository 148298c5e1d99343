"""An independent reader of the multicast datagrams.

Written from the tables in docs/WIRE.md with the standard library only, so that a mistake which the
program makes in writing and in reading alike cannot hide. Listens until a quiet time has passed
after the first datagram, or until told to stop, and prints one JSON object.

usage: decode.py INTERFACE GROUP:PORT[,GROUP:PORT...] QUIET_SECONDS RECORDS_FILE [STOP_AFTER_SECONDS]
"""

import json
import select
import socket
import struct
import sys
import time

HEADER = struct.Struct(">BQQQB20s20s")
TRADE = struct.Struct(">QqqB7s")
LEVEL = struct.Struct(">qq")
STATUS = struct.Struct(">BBBB4sBB2sIQqqQ")
DEFINITION = struct.Struct(">64s48sIBBbbbBHH2sqqqqQQ12s12s12s4s")
HEARTBEAT = struct.Struct(">QQQQQQQQIII4s")
ORDER = struct.Struct(">QqqQBB6s")
RECORD = 64
ITEMS = {1: TRADE.size, 2: LEVEL.size, 3: STATUS.size, 4: DEFINITION.size, 5: HEARTBEAT.size,
         6: ORDER.size, 7: RECORD}

assert HEADER.size == 66 and TRADE.size == 32 and LEVEL.size == 16
assert STATUS.size == 48 and DEFINITION.size == 216 and HEARTBEAT.size == 80 and ORDER.size == 40


def text(field):
    name, _, rest = field.partition(b"\0")
    assert not rest.strip(b"\0"), field
    return name.decode("utf-8")


class Reader:
    def __init__(self, records):
        self.records = records
        self.last = {}
        self.holes = 0
        self.disorder = 0
        self.first_counter = {}
        self.types = {}
        self.exchanges = set()
        self.trades = {}
        self.books = {}
        self.partial = {}
        self.statuses = []
        self.definitions = {}
        self.orders = 0
        self.heartbeats = {}
        self.lines = []
        self.raw = 0
        self.first_seen = {}
        self.latest = 0
        self.stale = 0
        self.begun = time.time()

    def take(self, group, data):
        if 65 <= data[0] <= 90:
            self.lines.append(data.decode("ascii"))
            return
        head = HEADER.unpack_from(data)
        version, sequence, event_ns, sent_ns, flags, symbol, exchange = head
        assert version == 1, version
        kind, count = flags >> 4 & 7, flags & 7
        is_last, is_bid = bool(flags & 128), bool(flags & 8)
        assert len(data) == 66 + count * ITEMS[kind], (kind, count, len(data))
        symbol, exchange = text(symbol), text(exchange)
        assert len(symbol) < 20 and len(exchange) < 20
        self.sequence(group, sequence)
        self.stale += sent_ns < self.latest
        self.latest = max(self.latest, sent_ns)
        self.types[kind] = self.types.get(kind, 0) + 1
        self.exchanges.add(exchange)
        body = data[66:]
        name = f"type_{kind}"
        getattr(self, name)(symbol, body, count, is_last, is_bid, event_ns)

    def sequence(self, group, sequence):
        counter = sequence & 0xFFFFFFFF
        if group in self.last:
            step = sequence - self.last[group]
            if step > 1:
                self.holes += step - 1
            elif step < 1:
                self.disorder += 1
        else:
            self.first_counter[group] = counter
        self.last[group] = max(sequence, self.last.get(group, 0))

    def seen(self, what, symbol):
        self.first_seen.setdefault(what, {}).setdefault(symbol, time.time() - self.begun)

    def type_1(self, symbol, body, count, is_last, is_bid, event_ns):
        for trade_id, price, quantity, side, _ in TRADE.iter_unpack(body):
            assert side in (0, 1, 2)
            self.trades.setdefault(symbol, []).append([trade_id, price, quantity, side, event_ns])

    def type_2(self, symbol, body, count, is_last, is_bid, event_ns):
        side = "bid" if is_bid else "ask"
        levels = self.partial.setdefault((symbol, side), [])
        levels.extend(LEVEL.iter_unpack(body))
        if is_last:
            self.books.setdefault(symbol, {})[side] = levels
            self.partial[symbol, side] = []
            self.seen("book_" + side, symbol)

    def type_3(self, symbol, body, count, is_last, is_bid, event_ns):
        for item in STATUS.iter_unpack(body):
            state, cause, trading, scope, reason, short, market, _, lost, effective, low, high, step \
                = item
            self.statuses.append({
                "symbol": symbol, "state": state, "cause": cause, "trading": trading,
                "scope": scope, "reason": text(reason), "short_sale": short, "market": market,
                "trades_lost": lost, "effective": effective, "lower": low, "upper": high,
                "step": step, "event_ns": event_ns})

    def type_4(self, symbol, body, count, is_last, is_bid, event_ns):
        item = DEFINITION.unpack(body)
        self.seen("definition", symbol)
        self.definitions[symbol] = {
            "native": text(item[0]), "canonical": text(item[1]), "instrument": item[2],
            "action": item[3], "class": item[4], "price_exp": item[5], "quantity_exp": item[6],
            "multiplier_exp": item[7], "flags": item[9], "tick": item[12], "lot": item[13]}

    def type_5(self, symbol, body, count, is_last, is_bid, event_ns):
        names = ["start_ns", "datagrams", "bytes", "records", "records_lost", "conflated",
                 "unscaled", "send_errors", "instruments", "live_books", "interval_ms"]
        item = dict(zip(names, HEARTBEAT.unpack(body)))
        self.heartbeats["count"] = self.heartbeats.get("count", 0) + 1
        self.heartbeats["last"] = item

    def type_6(self, symbol, body, count, is_last, is_bid, event_ns):
        for item in ORDER.iter_unpack(body):
            assert 16 <= item[4] <= 21 and item[5] in (0, 1)
            self.orders += 1

    def type_7(self, symbol, body, count, is_last, is_bid, event_ns):
        self.raw += count
        if self.records:
            self.records.write(body)

    def result(self):
        return {
            "holes": self.holes, "disorder": self.disorder, "types": self.types,
            "first_counters": sorted(self.first_counter.values()), "stale": self.stale,
            "exchanges": sorted(self.exchanges), "trades": self.trades, "books": self.books,
            "statuses": self.statuses, "definitions": self.definitions, "orders": self.orders,
            "heartbeats": self.heartbeats, "lines": self.lines, "raw": self.raw,
            "first_seen": self.first_seen}


def join(interface, group):
    address, port = group.rsplit(":", 1)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for option in (33, socket.SO_RCVBUF):  # SO_RCVBUFFORCE needs a privilege
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, 256 << 20)
            break
        except PermissionError:
            pass
    sock.bind((address, int(port)))
    membership = socket.inet_aton(address) + socket.inet_aton(interface)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    return sock


def main():
    interface, groups, quiet, path = sys.argv[1], sys.argv[2].split(","), float(sys.argv[3]), \
        sys.argv[4]
    stop_after = float(sys.argv[5]) if len(sys.argv) > 5 else None
    sockets = {join(interface, group): group for group in groups}
    reader = Reader(open(path, "wb") if path != "-" else None)
    print("listening", file=sys.stderr, flush=True)
    heard = None
    patience = time.time() + 120
    while True:
        now = time.time()
        if stop_after is not None and now - reader.begun > stop_after:
            break
        if stop_after is None and (now - heard > quiet if heard else now > patience):
            break
        ready, _, _ = select.select(list(sockets), [], [], 0.05)
        for sock in ready:
            for _ in range(256):
                try:
                    data = sock.recv(65536, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                heard = time.time()
                reader.take(sockets[sock], data)
    if reader.records:
        reader.records.close()
    json.dump(reader.result(), sys.stdout)
    print()


main()
