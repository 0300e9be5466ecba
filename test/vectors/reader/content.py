"""Sections 3 to 7: record bytes, object keys, leaves and trees, the content object, the directory."""

import struct
from dataclasses import dataclass

import aes
import zstd_frame
from notation import check, hkdf, hmac256, lp, mth, period_code, sha256, u

NULL = 0xFFFFFFFF
MOST_PLAIN = 64 * 1024 * 1024


class Bytes:
    """Reads from the front; whatever is claimed is checked against what remains."""

    def __init__(self, data, code):
        self._data, self._at, self._code = data, 0, code

    def left(self):
        return len(self._data) - self._at

    def take(self, count):
        check(count <= self.left(), self._code, f"{count} bytes wanted, {self.left()} left")
        self._at += count
        return self._data[self._at - count : self._at]

    def u(self, size):
        return int.from_bytes(self.take(size), "big")

    def nullable(self):
        length = self.u(4)
        return None if length == NULL else self.take(length)

    def end(self):
        check(self.left() == 0, self._code, f"{self.left()} bytes too many")


@dataclass(frozen=True)
class Record:
    timestamp_type: int
    offset: int
    gap: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple


def parse_record(data):
    b = Bytes(data, "RECORD")
    check(b.u(1) == 1, "RECORD", "another version")
    kind = b.u(1)
    check(kind in (0, 1), "RECORD", "unknown timestamp type")
    offset, gap = b.u(8), b.u(8)
    timestamp = int.from_bytes(b.take(8), "big", signed=True)
    key, value, headers = b.nullable(), b.nullable(), []
    for _ in range(b.u(4)):
        name = b.nullable()
        check(name is not None, "RECORD", "header without key")
        headers.append((name, b.nullable()))
    b.end()
    return Record(kind, offset, gap, timestamp, key, value, tuple(headers))


def context(archive, chain, seq, no):
    return archive + lp(chain) + u(8, seq) + u(2, no)


class ObjectKeys:
    def __init__(self, data_key, random, ctx):
        ok = hkdf(data_key, random, b"holdfast/1 object\0" + ctx, 32)
        self.object_key = ok
        self.block, self.salt, self.label, self.commitment = (
            hkdf(ok, b"", b"holdfast/1 " + purpose + b"\0", 32) for purpose in (b"block", b"salt", b"label", b"commit")
        )
        self.label_commitment = sha256(b"holdfast/1 label-commitment\0" + self.label)


def nonce_of(kind, number):
    return u(4, kind) + u(8, number)


def aad_of(ctx, kind, number, count, last):
    return b"holdfast/1 aad\0" + ctx + u(4, kind) + u(4, number) + u(4, count) + u(1, last)


def leaf_data(record, class_number, period, commitment):
    return struct.pack(">BBQQqHH", 1, record.timestamp_type, record.offset, record.gap, record.timestamp, class_number, period) + commitment


@dataclass(frozen=True)
class Entry:
    root: bytes
    first_index: int
    records: int
    first_offset: int
    last_offset: int
    stored: int = 0
    plain: int = 0

    def tree_bytes(self):
        return self.root + struct.pack(">LLQQ", self.first_index, self.records, self.first_offset, self.last_offset)


@dataclass(frozen=True)
class Trailer:
    entries: list
    directory_entries: int
    directory_stored: int
    directory_plain: int
    length: int


def parse_trailer(data):
    b = Bytes(data, "TRAILER")
    check(b.take(4) == b"HFT\x01", "TRAILER", "no trailer magic")
    count = b.u(4)
    check(len(data) == 24 + 64 * count, "TRAILER", "another number of blocks than its size says")
    entries = [Entry(b.take(32), b.u(4), b.u(4), b.u(8), b.u(8), b.u(4), b.u(4)) for _ in range(count)]
    trailer = Trailer(entries, b.u(4), b.u(4), b.u(4), b.u(4))
    b.end()
    check(trailer.length == len(data), "TRAILER", "wrong length")
    index, offset = 0, -1
    for entry in entries:
        check(entry.first_index == index and entry.records > 0, "TRAILER", "indexes are not consecutive")
        check(entry.first_offset > offset and entry.last_offset - entry.first_offset >= entry.records - 1, "TRAILER", "offsets do not rise")
        check(entry.plain <= MOST_PLAIN, "TRAILER", "block is longer than 64 MiB")
        index, offset = index + entry.records, entry.last_offset
    check(trailer.directory_plain == 68 * trailer.directory_entries, "TRAILER", "directory of another size than its entries")
    return trailer


class ContentObject:
    """The clear parts of an object: what can be checked without a key."""

    def __init__(self, data, no, enc):
        check(len(data) >= 8 + 24, "OBJECT", "too short")
        check(data[:4] == b"HFO\x01", "OBJECT", "no object magic")
        check(data[4] == 1, "UNKNOWN_SUITE", f"suite {data[4]}")
        check(data[5] == enc, "OBJECT", "enc is not as the manifest says")
        check(int.from_bytes(data[6:8], "big") == no, "OBJECT", "another object number")
        length = int.from_bytes(data[-4:], "big")
        check(24 <= length <= len(data) - 8, "TRAILER", "wrong length")
        self.trailer = parse_trailer(data[-length:])
        stored = [entry.stored for entry in self.trailer.entries] + [self.trailer.directory_stored]
        check(8 + sum(stored) + length == len(data), "OBJECT", "parts do not add up to its size")
        if enc == 0:
            check(self.trailer.directory_stored == self.trailer.directory_plain, "TRAILER", "directory size")
        else:
            check(self.trailer.directory_stored == self.trailer.directory_plain + 16, "TRAILER", "directory size")
        self.parts, at = [], 8
        for size in stored:
            self.parts.append(data[at : at + size])
            at += size
        self.root = mth([entry.tree_bytes() for entry in self.trailer.entries])
        self.records = sum(entry.records for entry in self.trailer.entries)


def open_object(obj, keys, ctx, cohort):
    """All records with their bytes, after every check of sections 5 to 7. `keys` None: a clear object.

    Returns ([(Record, bytes)], directory root, unattributed count, unattributed root, {key: (count, root)}).
    """
    trailer, gcm = obj.trailer, aes.Gcm(keys.block) if keys else None
    count = len(trailer.entries)

    def unlock(kind, number, of, last, stored):
        if gcm is None:
            return stored
        try:
            return gcm.open(nonce_of(kind, number), stored, aad_of(ctx, kind, number, of, last))
        except aes.Refused as error:
            check(False, "DECRYPTION", f"{'directory' if kind else f'block {number}'}: {error}")

    salts = aes.ctr_keystream(keys.salt, 32 * obj.records) if keys else bytes(32 * obj.records)
    code, records, by_key, unattributed, previous = period_code(cohort["period"]), [], {}, [], -1
    for number, entry in enumerate(trailer.entries):
        packed = unlock(0, number, count, 1 if number == count - 1 else 0, obj.parts[number])
        try:
            plain = zstd_frame.decompress(packed, entry.plain)
        except zstd_frame.Malformed as error:
            check(False, "DECOMPRESSION", f"block {number}: {error}")
        check(len(plain) == entry.plain, "DECOMPRESSION", f"block {number}: {len(plain)} bytes, not {entry.plain}")
        b, leaves, offsets = Bytes(plain, "BLOCK"), [], []
        while b.left():
            data = b.take(b.u(4))
            record, index = parse_record(data), len(records)
            check(index < obj.records, "BLOCK", "more records than the trailer says")
            check(record.offset > previous, "BLOCK", "offsets do not rise")
            previous = record.offset
            leaf = leaf_data(record, cohort["number"], code, sha256(salts[32 * index : 32 * index + 32] + data))
            (unattributed if record.key is None else by_key.setdefault(record.key, [])).append(leaf)
            leaves.append(leaf)
            offsets.append(record.offset)
            records.append((record, data))
        check(len(leaves) == entry.records, "BLOCK", f"block {number}: {len(leaves)} records, not {entry.records}")
        check(offsets[0] == entry.first_offset and offsets[-1] == entry.last_offset, "BLOCK", f"block {number}: other offsets than its entry")
        check(mth(leaves) == entry.root, "BLOCK_ROOT", f"block {number}")
    label_key = keys.label if keys else bytes(32)
    entries = sorted(hmac256(label_key, key) + u(4, len(leaves)) + mth(leaves) for key, leaves in by_key.items())
    stored = unlock(1, 0, 1, 1, obj.parts[-1])
    check(stored == b"".join(entries), "DIRECTORY", "is not the one the records give")
    conversations = {key: (len(leaves), mth(leaves)) for key, leaves in by_key.items()}
    return records, mth(entries), len(unattributed), mth(unattributed), conversations
