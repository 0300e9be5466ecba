#!/usr/bin/env python3
"""Writes tlog-v1.json from docs/transparency-log.md, the C2SP specifications and RFC 8032: tlog-v1.py > tlog-v1.json

It shares no code with Holdfast, so that the tests compare two readings of the text. Every input is fixed: the file comes out the
same each time.
"""

import base64
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "reader"))
from notation import lp, mth, sha256, u  # noqa: E402

# Ed25519 (RFC 8032 section 5.1), for signatures only: slow and not constant in time, which does not matter for these keys.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P


def recover_x(y):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if x % 2 else x


BASE = (recover_x(BASE_Y), BASE_Y)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def times(n, point):
    total = (0, 1)
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def packed(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def halves(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    return scalar, digest[32:]


def public(seed):
    return packed(times(halves(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = halves(seed)
    key = public(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    point = packed(times(r, BASE))
    k = int.from_bytes(hashlib.sha512(point + key + message).digest(), "little") % L
    return point + ((r + k * scalar) % L).to_bytes(32, "little")


# RFC 8032 section 7.1, test 1.
assert public(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")).hex() == (
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)


def base64_of(data):
    return base64.b64encode(data).decode()


class Key:
    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.seed = sha256(b"holdfast tlog vectors " + name.encode())
        self.key = public(self.seed)
        self.id = sha256(name.encode() + b"\n" + bytes([kind]) + self.key)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64_of(bytes([kind]) + self.key)}"

    def line(self, signature):
        return f"— {self.name} {base64_of(self.id + signature)}\n"

    def json(self):
        return {"name": self.name, "type": self.kind, "seed": self.seed.hex(), "key": self.key.hex(), "vkey": self.vkey}


LOG, WITNESS, OTHER = Key("example.com/档案", 1), Key("witness.example/w1", 4), Key("witness.example/w2", 4)
ARCHIVE = sha256(b"an archive")
CHAINS = ["gov", "access/api-0", "msg/im/chat/0/0", "msg/im/消息/0/0"]


def manifest_hash(chain, seq):
    return sha256(f"{chain} {seq}".encode())


def manifest(chain, seq):
    return b"\1" + lp(chain) + u(8, seq) + manifest_hash(chain, seq)


def heads_of(counts):
    names = sorted(counts, key=lambda name: name.encode())
    return [lp(name) + u(8, counts[name]) + manifest_hash(name, counts[name] - 1) for name in names]


def tick(time, registered, counts):
    heads = heads_of(counts)
    return b"\2" + u(8, time) + u(4, registered) + u(4, len(heads)) + mth(heads)


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m, leaves):
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return path(m, leaves[:k]) + [mth(leaves[k:])] if m < k else path(m - k, leaves[k:]) + [mth(leaves[:k])]


def subproof(m, leaves, known):
    """RFC 6962 section 2.1.2."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], known) + [mth(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [mth(leaves[:k])]


def make_log():
    """Three batches, of 2, 600 and 3 entries; a tick ends the first and the last."""
    counts, leaves, batches = {}, [], []
    previous = ARCHIVE
    for no, (time, picks, registered) in enumerate(
        [(1_700_000_000_000, [0], 3), (1_700_000_010_000, [i % 4 for i in range(600)], None), (1_700_000_060_123, [3, 0], 4)]
    ):
        entries = []
        for pick in picks:
            chain = CHAINS[pick]
            entries.append(manifest(chain, counts.get(chain, 0)))
            counts[chain] = counts.get(chain, 0) + 1
        if registered is not None:
            entries.append(tick(time, registered, counts))
        before = len(leaves)
        leaves += entries
        head = b"HFB\1\1" + ARCHIVE + u(8, no) + previous + u(8, time) + u(8, before) + mth(leaves) + u(4, len(entries))
        data = head + b"".join(u(2, len(entry)) + entry for entry in entries)
        previous = sha256(data)
        batches.append({"no": no, "bytes": data.hex(), "hash": previous.hex(), "size": len(leaves), "root": mth(leaves).hex()})
    size = len(leaves)
    level0 = [sha256(b"\0" + leaf) for leaf in leaves]
    level1 = [mth(leaves[at : at + 256]) for at in range(0, size - 255, 256)]
    rest = level0[size - size % 256 :]
    levels = u(1, 2) + u(2, len(rest)) + b"".join(rest) + u(2, len(level1)) + b"".join(level1)
    heads = heads_of(counts)
    state = b"HFS\1\1" + ARCHIVE + u(8, 2) + previous + u(8, size) + levels + u(4, len(heads)) + b"".join(heads)
    tiles = {
        "tile/0/000": b"".join(level0[:256]),
        "tile/0/001": b"".join(level0[256:512]),
        f"tile/0/002.p/{len(rest)}": b"".join(rest),
        f"tile/1/000.p/{len(level1)}": b"".join(level1),
        "tile/entries/001": b"".join(u(2, len(entry)) + entry for entry in leaves[256:512]),
        f"tile/entries/002.p/{len(rest)}": b"".join(u(2, len(entry)) + entry for entry in leaves[512:]),
    }
    return leaves, batches, state, tiles


def main():
    leaves, batches, state, tiles = make_log()
    size = len(leaves)
    root = mth(leaves)
    text = f"{LOG.name}\n{size}\n{base64_of(root)}\n"
    checkpoint = f"{text}\n{LOG.line(sign(LOG.seed, text.encode()))}"
    time = 1_700_000_061
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    cosignature = WITNESS.line(u(8, time) + sign(WITNESS.seed, message))
    cosigned = checkpoint + cosignature
    old = batches[0]["size"]
    proof = subproof(old, leaves, True)
    index = 301
    audit = path(index, leaves)
    lines = "".join(f"{base64_of(one)}\n" for one in audit)
    sample = {"plain": manifest("gov", 0), "chinese": manifest("msg/im/消息/0/0", 7), "longest number": manifest("access/api-0", 2**53 - 1)}
    entry_fields = {
        "plain": {"type": "manifest", "chain": "gov", "seq": 0, "hash": manifest_hash("gov", 0).hex()},
        "chinese": {"type": "manifest", "chain": "msg/im/消息/0/0", "seq": 7, "hash": manifest_hash("msg/im/消息/0/0", 7).hex()},
        "longest number": {"type": "manifest", "chain": "access/api-0", "seq": 2**53 - 1, "hash": manifest_hash("access/api-0", 2**53 - 1).hex()},
    }
    refused = {
        "empty": b"",
        "a byte too many": sample["plain"] + b"\0",
        "a byte too few": sample["plain"][:-1],
        "no chain": b"\1" + lp("") + sample["plain"][6:],
        "the log itself": b"\1" + lp("log") + sample["plain"][6:],
        "chain not UTF-8": b"\1" + u(2, 1) + b"\xff" + sample["plain"][6:],
        "number beyond 2^53 - 1": b"\1" + lp("gov") + u(8, 2**53) + bytes(32),
        "short tick": b"\2" + bytes(47),
    }
    policy = (
        f"# test\nlog {LOG.vkey}\nwitness w1 {WITNESS.vkey}\nwitness w2 {OTHER.vkey}\ngroup both 2 w1 w2\n"
        f"group one any both\nquorum one\narchive {ARCHIVE.hex()}\n"
    )
    vectors = {
        "format": "holdfast.tlog-vectors/1",
        "archive": ARCHIVE.hex(),
        "keys": {"log": LOG.json(), "witness": WITNESS.json(), "other": OTHER.json()},
        "entries": [{"name": name, **entry_fields[name], "bytes": data.hex()} for name, data in sample.items()],
        "refusedEntries": [{"name": name, "bytes": data.hex()} for name, data in refused.items()],
        "batches": batches,
        "state": state.hex(),
        "tiles": {name: data.hex() for name, data in tiles.items()},
        "checkpoint": {"text": text, "bytes": checkpoint.encode().hex()},
        "cosignature": {"time": time, "message": message.hex(), "line": cosignature, "checkpoint": cosigned.encode().hex()},
        "consistency": {"m": old, "n": size, "path": [one.hex() for one in proof]},
        "addCheckpoint": ("old %d\n%s\n%s" % (old, "".join(f"{base64_of(one)}\n" for one in proof), checkpoint)).encode().hex(),
        "inclusion": {"index": index, "size": size, "entry": leaves[index].hex(), "path": [one.hex() for one in audit]},
        "tlogProof": f"c2sp.org/tlog-proof@v1\nextra {base64_of(b'extra')}\nindex {index}\n{lines}\n{cosigned}".encode().hex(),
        "policy": {"text": policy, "satisfied": [["w1", "w2"]], "unsatisfied": [[], ["w1"], ["w2"], ["both"]]},
    }
    json.dump(vectors, sys.stdout, ensure_ascii=False, indent=1)
    print()


main()
