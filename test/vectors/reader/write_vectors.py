#!/usr/bin/env python3
"""Writes ../format-v1.json from sections 3 to 8 and 11 of docs/vault-format.md: write_vectors.py > ../format-v1.json

The encoder is here and nowhere else in this reader, so that checking the file compares two readings of the text. Every input is
fixed: the file comes out the same each time. Zstandard frames hold raw blocks, which every decoder reads.
"""

import json
import struct
import sys

import aes
from notation import hkdf, hmac256, lp, mth, period_code, sha256, to_base64url, u


def secret(name):
    return sha256(b"holdfast vectors " + name.encode())


def nullable(data):
    return u(4, 0xFFFFFFFF) if data is None else u(4, len(data)) + data


def record(offset, gap=0, key=b"k", value=b"{}", timestamp=1_700_000_000_123, kind=0, headers=()):
    parts = [u(1, 1), u(1, kind), u(8, offset), u(8, gap), struct.pack(">q", timestamp), nullable(key), nullable(value), u(4, len(headers))]
    parts += [u(4, len(name)) + name + nullable(content) for name, content in headers]
    fields = {
        "timestampType": kind,
        "offset": str(offset),
        "gap": str(gap),
        "timestamp": str(timestamp),
        "key": None if key is None else key.hex(),
        "value": None if value is None else value.hex(),
        "headers": [[name.hex(), None if content is None else content.hex()] for name, content in headers],
    }
    return fields, b"".join(parts)


RECORDS = {
    "plain": record(0),
    "gap before it": record(7, 6, kind=1),
    "chinese": record(8, key="会议".encode(), value="你好，世界 😀".encode()),
    "no key": record(9, key=None),
    "empty key": record(10, key=b""),
    "null value": record(11, value=None),
    "empty value": record(12, value=b""),
    "all null": record(15, 2, key=None, value=None),
    "headers in order, twice, empty, null, not UTF-8": record(
        16, headers=((b"b", b"1"), (b"a", b"2"), (b"b", b"3"), (b"", b""), (b"n", None), (b"\xff\xfe", b"\x00\xff"))
    ),
    "before 1970": record(17, timestamp=-1),
    "least timestamp": record(18, timestamp=-(1 << 63)),
    "greatest numbers": record((1 << 63) - 1, (1 << 63) - 20, timestamp=(1 << 63) - 1, kind=1),
    "same key again": record(20, 1, key=b"k", value=b"second"),
}
REFUSED_RECORDS = {
    "empty": b"",
    "version 2": b"\2" + RECORDS["plain"][1][1:],
    "timestamp type 2": b"\1\2" + RECORDS["plain"][1][2:],
    "a byte too many": RECORDS["plain"][1] + b"\0",
    "a byte too few": RECORDS["plain"][1][:-1],
    "key longer than the record": RECORDS["plain"][1][:26] + u(4, 0xFFFFFFFE) + RECORDS["plain"][1][30:],
    "more headers than bytes": RECORDS["plain"][1][:-4] + u(4, 0xFFFFFFFF),
    "header without key": RECORDS["plain"][1][:-4] + u(4, 1) + u(4, 0xFFFFFFFF) + u(4, 0),
}
ACCEPTED_JSON = ['{"a":1,"b":[true,false,null,"x"],"c":{}}', '{"z":0,"a":9007199254740991}', '"\\u0001\\n\\\\\\"/\u007f\u2028你好😀"']
REFUSED_JSON = [
    '{"a":1,"a":1}', '{"a": 1}', '{"a":1}\n', "1.0", "1.5", "1e3", "-1", "-0", "01", "9007199254740992",
    '"\\u00e9"', '"\\/"', '"\\u000A"', '"\\u000a"', '"\\u001F"', '"\\ud800"', "NaN", "[1,]", "\ufeff1", "",
]  # fmt: skip


def frame(plain):
    """One frame with its content size, blocks stored raw."""
    blocks = [plain[at : at + 65536] for at in range(0, len(plain), 65536)] or [b""]
    out = b"\x28\xb5\x2f\xfd" + bytes([0xA0]) + struct.pack("<L", len(plain))
    for number, block in enumerate(blocks):
        out += struct.pack("<L", len(block) << 3 | (number == len(blocks) - 1))[:3] + block
    return out


def content_object(name, names, sizes, chain, seq, no, cohort, encrypted):
    archive, records = secret("archive"), [RECORDS[one] for one in names]
    ctx = archive + lp(chain) + u(8, seq) + u(2, no)
    vector = {"name": name, "archive": archive.hex(), "chain": chain, "seq": seq, "no": no, "cohort": cohort, "enc": "none"}
    salts, label_key, seal = bytes(32 * len(records)), bytes(32), lambda kind, number, count, last, plain: plain
    if encrypted:
        data_key, random = secret(name + " data key"), secret(name + " random")
        ok = hkdf(data_key, random, b"holdfast/1 object\0" + ctx, 32)
        block, salt, label_key, commit = (hkdf(ok, b"", b"holdfast/1 %s\0" % use, 32) for use in (b"block", b"salt", b"label", b"commit"))
        salts = aes.ctr_keystream(salt, 32 * len(records))
        keys = {"object": ok, "block": block, "salt": salt, "label": label_key}
        commitments = {"commitment": commit.hex(), "labelCommitment": sha256(b"holdfast/1 label-commitment\0" + label_key).hex()}
        vector |= {"enc": "A256GCM", "dataKey": data_key.hex(), "random": random.hex()} | commitments
        vector["keys"] = {use: key.hex() for use, key in keys.items()}

        def seal(kind, number, count, last, plain):
            aad = b"holdfast/1 aad\0" + ctx + u(4, kind) + u(4, number) + u(4, count) + u(1, last)
            return aes.Gcm(block).seal(u(4, kind) + u(8, number), plain, aad)

    leaves = []
    for index, (fields, data) in enumerate(records):
        head = struct.pack(">BBQQqHH", 1, fields["timestampType"], int(fields["offset"]), int(fields["gap"]), int(fields["timestamp"]), cohort["number"], period_code(cohort["period"]))
        leaves.append(head + sha256(salts[32 * index : 32 * index + 32] + data))
    entries, body, table, first = [], b"", b"", 0
    for number, size in enumerate(sizes):
        last = first + size
        plain = b"".join(u(4, len(data)) + data for _, data in records[first:last])
        stored = seal(0, number, len(sizes), number == len(sizes) - 1, frame(plain))
        offsets = [int(fields["offset"]) for fields, _ in records[first:last]]
        entries.append(mth(leaves[first:last]) + struct.pack(">LLQQ", first, size, offsets[0], offsets[-1]))
        table += entries[-1] + u(4, len(stored)) + u(4, len(plain))
        body, first = body + stored, last
    by_key = {}
    for (fields, _), leaf in zip(records, leaves):
        by_key.setdefault(fields["key"], []).append(leaf)
    unattributed = by_key.pop(None, [])
    labels = sorted(hmac256(label_key, bytes.fromhex(key)) + u(4, len(own)) + mth(own) for key, own in by_key.items())
    directory, stored = b"".join(labels), seal(1, 0, 1, 1, b"".join(labels))
    trailer = b"HFT\1" + u(4, len(sizes)) + table + u(4, len(labels)) + u(4, len(stored)) + u(4, len(directory))
    trailer += u(4, len(trailer) + 4)
    data = b"HFO\1" + bytes([1, int(encrypted)]) + u(2, no) + body + stored + trailer
    return vector | {
        "records": list(names),
        "leaves": [leaf.hex() for leaf in leaves],
        "blockEntries": [entry.hex() for entry in entries],
        "root": mth(entries).hex(),
        "directory": {
            "plaintext": directory.hex(),
            "entries": len(labels),
            "root": mth(labels).hex(),
            "unattributed": {"count": len(unattributed), "root": mth(unattributed).hex()},
        },
        "trailer": trailer.hex(),
        "bytes": data.hex(),
        "sha256": sha256(data).hex(),
    }


def wrap_key(kek, key):
    """RFC 3394 section 2.2.1."""
    cipher, a, r = aes.Aes256(kek), b"\xa6" * 8, [key[at : at + 8] for at in range(0, len(key), 8)]
    for t in range(1, 6 * len(r) + 1):
        out = cipher.encrypt(a + r[(t - 1) % len(r)])
        a, r[(t - 1) % len(r)] = (int.from_bytes(out[:8], "big") ^ t).to_bytes(8, "big"), out[8:]
    return a + b"".join(r)


def data_key():
    kek, plain, content_key, nonce = secret("kek"), secret("wrapped data key"), secret("cek"), secret("iv")[:12]
    hf = {"archive": secret("archive").hex(), "chain": "msg/a/t/0/0", "dataKey": "00112233445566778899aabbccddeeff", "class": "standard", "period": "2033-11"}
    header = json.dumps({"alg": "A256KW", "enc": "A256GCM", "kid": "kek-1", "hf": hf}, separators=(",", ":")).encode()
    aad = to_base64url(header).encode()
    sealed = aes.Gcm(content_key).seal(nonce, plain, aad)
    parts = [header, wrap_key(kek, content_key), nonce, sealed[:-16], sealed[-16:]]
    return {"kek": kek.hex(), "header": json.loads(header), "jwe": ".".join(map(to_base64url, parts)), "dataKey": plain.hex()}


def document():
    objects = [
        content_object("encrypted, two blocks", list(RECORDS)[:9], [4, 5], "msg/a/t.1_x/0/0", 3, 0, {"class": "standard", "number": 1, "period": "2033-11"}, True),
        content_object("encrypted, nothing attributed", ["no key"], [1], "msg/a/t/12/1", (1 << 53) - 1, 65535, {"class": "trade", "number": 65535, "period": "2099-12"}, True),
        content_object("encrypted ledger", ["plain"], [1], "access/desk-1", 0, 0, {"class": "ledger", "number": 0, "period": "2026"}, True),
        content_object("clear", ["plain", "gap before it", "chinese", "same key again"], [1, 2, 1], "gov", 0, 0, {"class": "ledger", "number": 0, "period": "2026"}, False),
    ]  # fmt: skip
    entries = [{"no": no, "records": len(one["records"]), "root": one["root"]} for no, one in enumerate(objects)]
    roots = [u(2, one["no"]) + u(4, one["records"]) + bytes.fromhex(one["root"]) for one in entries]
    return {
        "format": "holdfast.vectors/1",
        "records": [{"name": name, **fields, "bytes": data.hex()} for name, (fields, data) in RECORDS.items()],
        "refusedRecords": [{"name": name, "bytes": data.hex()} for name, data in REFUSED_RECORDS.items()],
        "json": {"accepted": ACCEPTED_JSON, "refused": REFUSED_JSON},
        "trees": [{"leaves": [bytes([n]).hex() for n in range(count)], "root": mth([bytes([n]) for n in range(count)]).hex()} for count in range(10)],
        "periods": [{"period": period, "code": code} for period, code in (("2000", 0), ("2026", 312), ("2026-01", 313), ("2033-11", 407), ("2099-12", 1200))],
        "objects": objects,
        "segmentRoots": [{"objects": entries[:count], "root": mth(roots[:count]).hex()} for count in range(len(entries) + 1)],
        "dataKeys": [data_key()],
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1, ensure_ascii=False)
    print()
