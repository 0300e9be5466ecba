"""Decompression of one Zstandard frame (RFC 8878), no dictionary. Standard library only; Python 3.14 has its own."""

MAGIC = b"\x28\xb5\x2f\xfd"
LITERAL_LENGTHS = [(n, 0) for n in range(16)] + [(16, 1), (18, 1), (20, 1), (22, 1), (24, 2), (28, 2), (32, 3), (40, 3), (48, 4), (64, 6)]
LITERAL_LENGTHS += [(1 << n, n) for n in range(7, 17)]
MATCH_LENGTHS = [(n + 3, 0) for n in range(32)] + [(35, 1), (37, 1), (39, 1), (41, 1), (43, 2), (47, 2), (51, 3), (59, 3), (67, 4), (83, 4), (99, 5)]
MATCH_LENGTHS += [((1 << n) + 3, n) for n in range(7, 17)]
DEFAULTS = {
    "ll": (6, [4, 3] + [2] * 11 + [1] * 3 + [2] * 9 + [3, 2] + [1] * 5 + [-1] * 4),
    "of": (5, [1] * 6 + [2] * 3 + [1] * 15 + [-1] * 5),
    "ml": (6, [1, 4, 3] + [2] * 6 + [1] * 37 + [-1] * 7),
}
MOST_ACCURACY = {"ll": 9, "of": 8, "ml": 9}
MOST_SYMBOL = {"ll": 35, "of": 31, "ml": 52}
BLOCK_LIMIT = 128 * 1024


class Malformed(Exception):
    pass


def _need(condition, message):
    if not condition:
        raise Malformed(f"zstd: {message}")


class Backward:
    """Bits from the end of `data` towards its start; below the start there are zeros."""

    PAD = 16

    def __init__(self, data):
        _need(len(data) > 0 and data[-1] != 0, "bit stream without its end mark")
        self._data = bytes(self.PAD) + data
        self.left = 8 * len(data) - 8 + data[-1].bit_length() - 1

    def peek(self, count):
        start = self.left - count + 8 * self.PAD
        at = start >> 3
        return int.from_bytes(self._data[at : at + 8], "little") >> (start & 7) & ((1 << count) - 1)

    def take(self, count):
        value = self.peek(count) if count else 0
        self.left -= count
        _need(self.left >= -64, "bit stream is too short")
        return value


class Table:
    """FSE decoding table: per state a symbol, a count of bits, a base."""

    def __init__(self, log, counts):
        size = 1 << log
        self.log, self.symbol = log, [0] * size
        high, rest = size, []
        for symbol, count in enumerate(counts):
            if count == -1:
                high -= 1
                self.symbol[high] = symbol
        at, step = 0, (size >> 1) + (size >> 3) + 3
        for symbol, count in enumerate(counts):
            for _ in range(max(count, 0)):
                self.symbol[at] = symbol
                at = (at + step) & (size - 1)
                while at >= high:
                    at = (at + step) & (size - 1)
        _need(at == 0, "distribution does not fill its table")
        following = [1 if count == -1 else count for count in counts]
        self.bits, self.base = [0] * size, [0] * size
        for state, symbol in enumerate(self.symbol):
            value = following[symbol]
            following[symbol] += 1
            self.bits[state] = log - (value.bit_length() - 1)
            self.base[state] = (value << self.bits[state]) - size

    @classmethod
    def of_one(cls, symbol):
        table = cls.__new__(cls)
        table.log, table.symbol, table.bits, table.base = 0, [symbol], [0], [0]
        return table

    def next(self, state, stream):
        return self.base[state] + stream.take(self.bits[state])


def _read_distribution(data, at, most_log, most_symbol):
    position = 8 * at

    def take(count):
        nonlocal position
        value = int.from_bytes(data[position >> 3 : (position >> 3) + 8], "little") >> (position & 7)
        position += count
        _need(position <= 8 * len(data), "table description is cut off")
        return value & ((1 << count) - 1)

    log = take(4) + 5
    _need(log <= most_log, "table is too large")
    remaining, counts = 1 << log, []
    while remaining > 0:
        _need(len(counts) <= most_symbol, "too many symbols")
        width = (remaining + 1).bit_length()
        value, low = take(width), (1 << (width - 1)) - 1
        threshold = (1 << width) - 1 - (remaining + 1)
        if value & low < threshold:
            position -= 1
            value &= low
        elif value > low:
            value -= threshold
        remaining -= abs(value - 1)
        counts.append(value - 1)
        if value == 1:
            more = 3
            while more == 3:
                more = take(2)
                counts += [0] * more
    _need(remaining == 0 and len(counts) <= most_symbol + 1, "bad distribution")
    return Table(log, counts), (position + 7) >> 3


def _huffman_weights(data, size):
    table, used = _read_distribution(data[:size], 0, 6, 11)
    stream, weights = Backward(data[used:size]), []
    one, two = stream.take(table.log), stream.take(table.log)
    while True:
        weights.append(table.symbol[one])
        _need(len(weights) < 256, "too many weights")
        one = table.next(one, stream)
        if stream.left < 0:
            weights.append(table.symbol[two])
            return weights
        one, two = two, one


class Huffman:
    def __init__(self, data, at):
        _need(at < len(data), "Huffman tree is cut off")
        head = data[at]
        at += 1
        if head < 128:
            _need(at + head <= len(data), "Huffman tree is cut off")
            weights = _huffman_weights(data[at : at + head], head)
            self.end = at + head
        else:
            count = head - 127
            self.end = at + (count + 1) // 2
            _need(self.end <= len(data), "Huffman tree is cut off")
            weights = [data[at + i // 2] >> (0 if i % 2 else 4) & 15 for i in range(count)]
        total = sum(1 << (w - 1) for w in weights if w)
        _need(total > 0, "Huffman tree is empty")
        self.width = total.bit_length()
        missing = (1 << self.width) - total
        _need(self.width <= 11 and missing & (missing - 1) == 0, "Huffman tree is not complete")
        weights.append(missing.bit_length())
        _need(len(weights) <= 256, "too many weights")
        self.table = []
        for weight in range(1, self.width + 1):
            for symbol, own in enumerate(weights):
                if own == weight:
                    self.table += [(symbol, self.width + 1 - weight)] * (1 << (weight - 1))
        _need(len(self.table) == 1 << self.width, "Huffman tree is not complete")

    def decode(self, data, count):
        stream, out, width, table = Backward(data), bytearray(), self.width, self.table
        for _ in range(count):
            symbol, bits = table[stream.peek(width)]
            stream.left -= bits
            out.append(symbol)
            _need(stream.left >= 0, "literals are cut off")
        _need(stream.left == 0, "literals are too long")
        return out


class Frame:
    def __init__(self, most):
        self.most, self.out = most, bytearray()
        self.huffman, self.repeats = None, [1, 4, 8]
        self.tables = {"ll": None, "of": None, "ml": None}

    def literals(self, data):
        _need(len(data) > 0, "block is empty")
        kind, form = data[0] & 3, data[0] >> 2 & 3
        if kind < 2:
            head = 1 if form in (0, 2) else form // 2 + 2
            size = int.from_bytes(data[:head], "little") >> (3 if head == 1 else 4)
            _need(size <= BLOCK_LIMIT and head + (size if kind == 0 else 1) <= len(data), "literals are cut off")
            return (bytearray(data[head : head + size]), head + size) if kind == 0 else (bytearray(data[head : head + 1]) * size, head + 1)
        head, width = ((3, 10), (3, 10), (4, 14), (5, 18))[form]
        bits = int.from_bytes(data[:head], "little") >> 4
        size, stored = bits & ((1 << width) - 1), bits >> width
        end = head + stored
        _need(size <= BLOCK_LIMIT and end <= len(data), "literals are cut off")
        if kind == 2:
            self.huffman = Huffman(data[:end], head)
            head = self.huffman.end
        _need(self.huffman is not None, "no Huffman tree to repeat")
        if form == 0:
            return self.huffman.decode(data[head:end], size), end
        _need(head + 6 <= end, "jump table is cut off")
        sizes = [int.from_bytes(data[head + i : head + i + 2], "little") for i in (0, 2, 4)]
        at, each, out = head + 6, (size + 3) // 4, bytearray()
        _need(at + sum(sizes) <= end and size >= 3 * each, "jump table is wrong")
        for length in sizes:
            out += self.huffman.decode(data[at : at + length], each)
            at += length
        return out + self.huffman.decode(data[at:end], size - 3 * each), end

    def _table(self, name, mode, data, at):
        if mode == 0:
            self.tables[name] = Table(*DEFAULTS[name])
        elif mode == 1:
            _need(at < len(data) and data[at] <= MOST_SYMBOL[name], "bad symbol")
            self.tables[name] = Table.of_one(data[at])
            at += 1
        elif mode == 2:
            self.tables[name], at = _read_distribution(data, at, MOST_ACCURACY[name], MOST_SYMBOL[name])
        _need(self.tables[name] is not None, "no table to repeat")
        return self.tables[name], at

    def _offset(self, value, literal):
        repeats = self.repeats
        if value > 3:
            self.repeats = [value - 3, *repeats[:2]]
        else:
            at = value - 1 + (literal == 0)
            chosen = repeats[0] - 1 if at == 3 else repeats[at]
            if at:
                self.repeats = [chosen, repeats[0], repeats[2] if at == 1 else repeats[1]]
        _need(0 < self.repeats[0] <= len(self.out), "match reaches before the start")
        return self.repeats[0]

    def block(self, data):
        literals, at = self.literals(data)
        _need(at < len(data), "sequences are missing")
        count, at = data[at], at + 1
        if count == 0:
            _need(at == len(data), "bytes after the block")
            self.out += literals
            return
        if count == 255:
            count, at = int.from_bytes(data[at : at + 2], "little") + 0x7F00, at + 2
        elif count > 127:
            _need(at < len(data), "sequences are cut off")
            count, at = (count - 128 << 8) + data[at], at + 1
        _need(at < len(data) and data[at] & 3 == 0, "bad modes")
        modes, at = data[at], at + 1
        lengths, at = self._table("ll", modes >> 6, data, at)
        offsets, at = self._table("of", modes >> 4 & 3, data, at)
        matches, at = self._table("ml", modes >> 2 & 3, data, at)
        stream = Backward(data[at:])
        ll, of, ml = stream.take(lengths.log), stream.take(offsets.log), stream.take(matches.log)
        used, out = 0, self.out
        for number in range(count):
            code = offsets.symbol[of]
            value = (1 << code) + stream.take(code)
            base, extra = MATCH_LENGTHS[matches.symbol[ml]]
            match = base + stream.take(extra)
            base, extra = LITERAL_LENGTHS[lengths.symbol[ll]]
            literal = base + stream.take(extra)
            _need(used + literal <= len(literals), "too few literals")
            out += literals[used : used + literal]
            used += literal
            distance = self._offset(value, literal)
            while match > 0:
                piece = out[len(out) - distance :][:match] if distance < match else out[len(out) - distance : len(out) - distance + match]
                out += piece
                match -= len(piece)
            _need(len(out) <= self.most, "longer than it may be")
            if number + 1 < count:
                ll, ml, of = lengths.next(ll, stream), matches.next(ml, stream), offsets.next(of, stream)
            _need(stream.left >= 0, "sequences are cut off")
        _need(stream.left == 0, "sequences are too long")
        out += literals[used:]


def decompress(data, most):
    """The content of exactly one frame, of at most `most` bytes."""
    _need(data[:4] == MAGIC and len(data) > 5, "no frame")
    flags, at = data[4], 5
    single, checksum = flags >> 5 & 1, flags >> 2 & 1
    _need(flags & 8 == 0, "reserved bit")
    _need(flags & 3 == 0, "dictionaries are not allowed")
    if not single:
        at += 1
    width = ((1 if single else 0), 2, 4, 8)[flags >> 6]
    _need(at + width <= len(data), "header is cut off")
    size = int.from_bytes(data[at : at + width], "little") + (256 if width == 2 else 0) if width else None
    _need(size is None or size <= most, "longer than it may be")
    at, frame, last = at + width, Frame(most), False
    while not last:
        _need(at + 3 <= len(data), "block is cut off")
        head = int.from_bytes(data[at : at + 3], "little")
        last, kind, length = head & 1, head >> 1 & 3, head >> 3
        at += 3
        stored = 1 if kind == 1 else length
        _need(kind < 3 and length <= BLOCK_LIMIT and at + stored <= len(data), "bad block")
        before = len(frame.out)
        if kind == 2:
            frame.block(data[at : at + stored])
        else:
            frame.out += data[at : at + stored] * (length if kind == 1 else 1)
        _need(len(frame.out) - before <= BLOCK_LIMIT and len(frame.out) <= most, "longer than it may be")
        at += stored
    content = bytes(frame.out)
    _need(size is None or size == len(content), "not of the size its header says")
    if checksum:
        _need(data[at : at + 4] == (xxh64(content) & 0xFFFFFFFF).to_bytes(4, "little"), "checksum does not match")
        at += 4
    _need(at == len(data), "bytes after the frame")
    return content


M64 = (1 << 64) - 1
P1, P2, P3, P4, P5 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _turn(x, r):
    return (x << r | x >> (64 - r)) & M64


def _mix(acc, lane):
    return _turn((acc + lane * P2) & M64, 31) * P1 & M64


def xxh64(data):
    at, size = 0, len(data)
    if size >= 32:
        lanes = [(P1 + P2) & M64, P2, 0, -P1 & M64]
        while at + 32 <= size:
            for i in range(4):
                lanes[i] = _mix(lanes[i], int.from_bytes(data[at + 8 * i : at + 8 * i + 8], "little"))
            at += 32
        total = sum(_turn(lane, r) for lane, r in zip(lanes, (1, 7, 12, 18))) & M64
        for lane in lanes:
            total = ((total ^ _mix(0, lane)) * P1 + P4) & M64
    else:
        total = P5
    total = (total + size) & M64
    while at + 8 <= size:
        total = (_turn(total ^ _mix(0, int.from_bytes(data[at : at + 8], "little")), 27) * P1 + P4) & M64
        at += 8
    if at + 4 <= size:
        total = (_turn(total ^ int.from_bytes(data[at : at + 4], "little") * P1 & M64, 23) * P2 + P3) & M64
        at += 4
    for byte in data[at:]:
        total = _turn(total ^ byte * P5 & M64, 11) * P1 & M64
    total = (total ^ total >> 33) * P2 & M64
    total = (total ^ total >> 29) * P3 & M64
    return total ^ total >> 32
