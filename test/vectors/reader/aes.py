"""AES-256: block cipher, CTR (SP 800-38A), GCM (SP 800-38D), key wrap (RFC 3394). Standard library only.

Slow (about 1 MB/s) and not constant-time: it verifies archives, it does not protect secrets from the machine it runs on.
"""

import hmac
import struct


class Refused(Exception):
    """Authentication failed or the input has the wrong shape."""


def _times2(x):
    return ((x << 1) ^ 0x11B) & 0xFF if x & 0x80 else x << 1


def _boxes():
    exp, log, x = [0] * 255, [0] * 256, 1
    for i in range(255):
        exp[i], log[x] = x, i
        x ^= _times2(x)
    box = [0] * 256
    for value in range(256):
        inverse = exp[-log[value] % 255] if value else 0
        spread = inverse
        for turn in range(1, 5):
            spread ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
        box[value] = spread ^ 0x63
    return box


SBOX = _boxes()
INVERSE = [0] * 256
for _plain, _boxed in enumerate(SBOX):
    INVERSE[_boxed] = _plain


def _tables():
    columns = []
    for boxed in SBOX:
        two = _times2(boxed)
        columns.append(two << 24 | boxed << 16 | boxed << 8 | two ^ boxed)
    return [[w >> 8 * n | (w << (32 - 8 * n)) & 0xFFFFFFFF for w in columns] for n in range(4)]


T0, T1, T2, T3 = _tables()


def _round_keys(key):
    if len(key) != 32:
        raise Refused("an AES-256 key has 32 bytes")
    words, rcon = list(struct.unpack(">8L", key)), 1
    for i in range(8, 60):
        w = words[-1]
        if i % 8 == 0:
            w = (w << 8 | w >> 24) & 0xFFFFFFFF
        if i % 4 == 0:
            w = SBOX[w >> 24] << 24 | SBOX[w >> 16 & 255] << 16 | SBOX[w >> 8 & 255] << 8 | SBOX[w & 255]
        if i % 8 == 0:
            w ^= rcon << 24
            rcon = _times2(rcon)
        words.append(words[-8] ^ w)
    return words


class Aes256:
    def __init__(self, key):
        self._k = _round_keys(key)

    def encrypt(self, block):
        k, s = self._k, SBOX
        a, b, c, d = struct.unpack(">4L", block)
        a, b, c, d = a ^ k[0], b ^ k[1], c ^ k[2], d ^ k[3]
        for r in range(4, 56, 4):
            a, b, c, d = (
                T0[a >> 24] ^ T1[b >> 16 & 255] ^ T2[c >> 8 & 255] ^ T3[d & 255] ^ k[r],
                T0[b >> 24] ^ T1[c >> 16 & 255] ^ T2[d >> 8 & 255] ^ T3[a & 255] ^ k[r + 1],
                T0[c >> 24] ^ T1[d >> 16 & 255] ^ T2[a >> 8 & 255] ^ T3[b & 255] ^ k[r + 2],
                T0[d >> 24] ^ T1[a >> 16 & 255] ^ T2[b >> 8 & 255] ^ T3[c & 255] ^ k[r + 3],
            )
        return struct.pack(
            ">4L",
            (s[a >> 24] << 24 | s[b >> 16 & 255] << 16 | s[c >> 8 & 255] << 8 | s[d & 255]) ^ k[56],
            (s[b >> 24] << 24 | s[c >> 16 & 255] << 16 | s[d >> 8 & 255] << 8 | s[a & 255]) ^ k[57],
            (s[c >> 24] << 24 | s[d >> 16 & 255] << 16 | s[a >> 8 & 255] << 8 | s[b & 255]) ^ k[58],
            (s[d >> 24] << 24 | s[a >> 16 & 255] << 16 | s[b >> 8 & 255] << 8 | s[c & 255]) ^ k[59],
        )

    def decrypt(self, block):
        state = self._add(bytearray(block), 14)
        for turn in range(13, -1, -1):
            state = bytearray(INVERSE[state[(i - 4 * (i % 4)) % 16]] for i in range(16))
            state = self._add(state, turn)
            if turn:
                for c in range(0, 16, 4):
                    state[c : c + 4] = _unmix(*state[c : c + 4])
        return bytes(state)

    def _add(self, state, turn):
        key = struct.pack(">4L", *self._k[4 * turn : 4 * turn + 4])
        return bytearray(x ^ y for x, y in zip(state, key))


def _unmix(a, b, c, d):
    def times(x, n):
        total = 0
        while n:
            if n & 1:
                total ^= x
            x, n = _times2(x), n >> 1
        return total

    return [
        times(a, e) ^ times(b, f) ^ times(c, g) ^ times(d, h)
        for e, f, g, h in ((14, 11, 13, 9), (9, 14, 11, 13), (13, 9, 14, 11), (11, 13, 9, 14))
    ]


def ctr_keystream(key, length):
    """First `length` bytes under the initial counter block zero, counted as one 128-bit number."""
    aes = Aes256(key)
    return b"".join(aes.encrypt(n.to_bytes(16, "big")) for n in range(-(-length // 16)))[:length]


def _ghash_tables(h):
    """tables[p][b] = byte b at position p of a block, times H."""
    powers, value = [], int.from_bytes(h, "big")
    for _ in range(128):
        powers.append(value)
        value = value >> 1 ^ (0xE1 << 120 if value & 1 else 0)
    tables = []
    for position in range(16):
        row = [0] * 256
        for byte in range(1, 256):
            low = byte & -byte
            row[byte] = row[byte ^ low] ^ powers[8 * position + 7 - (low.bit_length() - 1)]
        tables.append(row)
    return tables


class Gcm:
    def __init__(self, key):
        self._aes = Aes256(key)
        self._tables = _ghash_tables(self._aes.encrypt(bytes(16)))

    def _ghash(self, aad, text):
        lengths = struct.pack(">QQ", 8 * len(aad), 8 * len(text))
        data = aad + bytes(-len(aad) % 16) + text + bytes(-len(text) % 16) + lengths
        tables, y = self._tables, 0
        for at in range(0, len(data), 16):
            y ^= int.from_bytes(data[at : at + 16], "big")
            mixed = 0
            for row, byte in zip(tables, y.to_bytes(16, "big")):
                mixed ^= row[byte]
            y = mixed
        return y

    def _stream(self, nonce, length):
        encrypt = self._aes.encrypt
        return b"".join(encrypt(nonce + struct.pack(">L", n + 2)) for n in range(-(-length // 16)))[:length]

    def _tag(self, nonce, text, aad):
        mask = self._aes.encrypt(nonce + b"\0\0\0\1")
        return (self._ghash(aad, text) ^ int.from_bytes(mask, "big")).to_bytes(16, "big")

    def open(self, nonce, stored, aad):
        """`stored` = ciphertext, then the 16-byte tag."""
        if len(nonce) != 12 or len(stored) < 16:
            raise Refused("GCM: too short")
        text, tag = stored[:-16], stored[-16:]
        if not hmac.compare_digest(self._tag(nonce, text, aad), tag):
            raise Refused("GCM: the tag does not match")
        return _xor(text, self._stream(nonce, len(text)))

    def seal(self, nonce, plain, aad):
        text = _xor(plain, self._stream(nonce, len(plain)))
        return text + self._tag(nonce, text, aad)


def _xor(a, b):
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


def unwrap_key(kek, wrapped):
    """RFC 3394 section 2.2.2."""
    if len(wrapped) < 24 or len(wrapped) % 8:
        raise Refused("AES-KW: wrong length")
    aes, a = Aes256(kek), wrapped[:8]
    r = [wrapped[i : i + 8] for i in range(8, len(wrapped), 8)]
    for t in range(6 * len(r), 0, -1):
        i = (t - 1) % len(r)
        block = aes.decrypt((int.from_bytes(a, "big") ^ t).to_bytes(8, "big") + r[i])
        a, r[i] = block[:8], block[8:]
    if not hmac.compare_digest(a, b"\xa6" * 8):
        raise Refused("AES-KW: wrong key, or changed")
    return b"".join(r)
