"""Primitives against the vectors of their standards: python3 -m unittest test_reader."""

import unittest
from types import SimpleNamespace

import aes
import p256
import zstd_frame
from content import Record, parse_record, parse_trailer
from notation import Finding, base64url, end_of_month, hkdf, mth, period_code, strict_json
from verify import Verifier

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
COUNT_UP = bytes(range(32))
h = bytes.fromhex


class Standards(unittest.TestCase):
    def test_hkdf_rfc_5869(self):
        okm = hkdf(b"\x0b" * 22, h("000102030405060708090a0b0c"), h("f0f1f2f3f4f5f6f7f8f9"), 42)
        self.assertEqual(okm.hex(), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        okm = hkdf(b"\x0b" * 22, b"", b"", 42)
        self.assertEqual(okm.hex(), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")

    def test_merkle_roots_of_certificate_transparency(self):
        for count, root in enumerate(ROOTS):
            self.assertEqual(mth([h(leaf) for leaf in LEAVES[:count]]).hex(), root)

    def test_aes_fips_197(self):
        cipher, plain = aes.Aes256(COUNT_UP), h("00112233445566778899aabbccddeeff")
        self.assertEqual(cipher.encrypt(plain).hex(), "8ea2b7ca516745bfeafc49904b496089")
        self.assertEqual(cipher.decrypt(cipher.encrypt(plain)), plain)

    def test_key_wrap_rfc_3394(self):
        wrapped = h("28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")
        self.assertEqual(aes.unwrap_key(COUNT_UP, wrapped).hex(), "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
        with self.assertRaises(aes.Refused):
            aes.unwrap_key(COUNT_UP, wrapped[:-1] + b"\x20")

    def test_gcm_case_16(self):
        plain = h(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        )
        stored = h(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b"
        )
        gcm, nonce = aes.Gcm(h("feffe9928665731c6d6a8f9467308308" * 2)), h("cafebabefacedbaddecaf888")
        aad = h("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        self.assertEqual(gcm.open(nonce, stored, aad), plain)
        self.assertEqual(gcm.seal(nonce, plain, aad), stored)
        for at in range(0, len(stored), 7):
            changed = bytearray(stored)
            changed[at] ^= 1
            with self.assertRaises(aes.Refused):
                gcm.open(nonce, bytes(changed), aad)

    def test_es256_rfc_7515(self):
        public = tuple(
            int.from_bytes(base64url(part), "big")
            for part in ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
        )
        signed = (
            b"eyJhbGciOiJFUzI1NiJ9."
            b"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        )
        signature = base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
        self.assertTrue(p256.verifies(public, signed, signature))
        self.assertFalse(p256.verifies(public, signed + b"A", signature))
        self.assertFalse(p256.verifies(public, signed, signature[:-1]))
        self.assertFalse(p256.verifies(public, signed, bytes(64)))
        private = int.from_bytes(base64url("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"), "big")
        self.assertEqual(p256.public_of(private), public)

    def test_xxh64(self):
        self.assertEqual(zstd_frame.xxh64(b""), 0xEF46DB3751D8E999)
        self.assertEqual(zstd_frame.xxh64(b"abc"), 0x44BC2CF5AD770999)


class Zstd(unittest.TestCase):
    FRAMES = {
        "run": (
            "28b52ffd6488124d0000106161010083d3032cd63c80d4"
        ),
        "words": (
            "28b52ffd640e133d0f0006613d12b02585030764631a568a506766e6ac4b1c0c4000380032005bb40e0a424cb0d023423c0e7788b2410db136f42142"
            "c7a770045132e821f61023f109c28246bb206312427d6468fc0c7bd12b38c41a5224060100030303814853ee72ca5d4eb9cb297739e52ea73ce12a77"
            "95bb0a5fe5ae7257b9ab9c82b0203a088216621c421141f131dce81fbc10934266448f0f4238ca5d4eb9cb297739e52ea7dce594bb9c729753ee72ca"
            "5d4eb9cb297739e52ea7dce594bb9c729753ee72ca5d4eb9cb297719b9cb297739e52ea7dce594bb9c729753ee72ca5d4eb9cb297739e52ea7dce594"
            "bb9c729753ee72ca5d4eb9cb297739e52e17818fa831d4daf50d612749d23c112c22143e741af9c7205fbde679436fab5e3e76c771dd8f3bce50a5d9"
            "723e4ff1d5d5e34b6f1cbbfdb2b3093aa6a7ceeb0c3feb3cdbeac3a5b71fbbd7e154b1256192a9def0a02dc8a40a48d58c8a896a192a0caad7ffd740"
            "79cafc974d987ffea566bf9729c140e68791fc7d7b72d298c9471543907c2e28157e7ebf23ee3180ecb97a4a4fcf0fe68dfc2f8bc780840f3f7927c4"
            "69d57464c2c5510d782802553dd88417ed22875eb0945dd13196e2c51c9da427e9241dc97aabddc326d3493a894ed2c9f481a52db5e841dbfe153a79"
            "d10fec249d34e92091283d3bc6feec5905991e4de9"
        ),
        "raw": (
            "28b52ffd2078c103000001040a111a26334254677c94adc8e60a2b4f749bc5f0225283b6ec28619dda1e60a3e8357ec91c6bbc156ac1207bd83d9e06"
            "6cd341ad1f8e0578ed6ae363e165e66ff4800f9a2cbc52e5801cb556f3973ee18b38e19144f3a9621cd3925214d49a622df4c293653910e3bd9a7858"
            "3b1f05e9d3bfae9e90"
        ),
    }

    @staticmethod
    def content(name):
        if name == "run":
            return b"a" * 5000
        if name == "words":
            return b" ".join(b"%d message %d" % (n * n % 97, n % 7) for n in range(400))
        return bytes((n * n + n // 3) % 251 for n in range(120))

    def test_frames_of_the_reference_program(self):
        for name, frame in self.FRAMES.items():
            content = self.content(name)
            self.assertEqual(zstd_frame.decompress(h(frame), len(content)), content)
            for broken in (h(frame)[:-1], h(frame) + b"\0", b"\0" + h(frame)[1:]):
                with self.assertRaises(zstd_frame.Malformed):
                    zstd_frame.decompress(broken, 1 << 20)
            with self.assertRaises(zstd_frame.Malformed):
                zstd_frame.decompress(h(frame), len(content) - 1)


class Strictness(unittest.TestCase):
    def test_json(self):
        for fine in ('{"a":1,"b":[true,false,null,"x"],"é你":"\\u0001\\n\\\\\\"/\u007f"}', "9007199254740991", '""'):
            strict_json(fine.encode())
        bad = ['{"a":1,"a":1}', '{"a": 1}', "1.0", "1e3", "-1", "-0", "9007199254740992", '"\\u00e9"', '"\\/"', '"\\u000A"', "01", "NaN", "[1,]"]
        for text in [*bad, '{"a":1}\n', '"\\ud800"', "\ufeff1", "[" * 100000]:
            with self.assertRaises(Finding, msg=text[:20]):
                strict_json(text.encode())
        with self.assertRaises(Finding):
            strict_json(b'"\xff"')

    def test_base64url(self):
        self.assertEqual(base64url("AQ"), b"\1")
        for text in ("AR", "AQ==", "A", "A+", "A/", "AQ\n", " AQ", "é"):
            with self.assertRaises(Finding):
                base64url(text)

    def test_records_and_trailers_are_read_to_the_end(self):
        record = h("0100" + "00" * 24 + "ffffffff" + "00000000" + "00000001" + "00000001" + "6b" + "ffffffff")
        self.assertEqual(parse_record(record).headers, ((b"k", None),))
        self.assertIsNone(parse_record(record).key)
        for broken in [record + b"\0", *(record[:n] for n in range(len(record)))]:
            with self.assertRaises(Finding):
                parse_record(broken)
        trailer = b"HFT\1" + bytes(16) + h("00000018")
        self.assertEqual(parse_trailer(trailer).entries, [])
        for broken in (trailer + b"\0", trailer[:-1], b"HFT\1" + b"\xff" * 4 + trailer[8:]):
            with self.assertRaises(Finding):
                parse_trailer(broken)

    def test_months(self):
        self.assertEqual(end_of_month("2024-01-31T10:00:00.000Z", 1), "2024-02-29T23:59:59Z")
        self.assertEqual(end_of_month("2026-11-22T17:53:23.566Z", 84), "2033-11-30T23:59:59Z")
        self.assertEqual((period_code("2033-11"), period_code("2026")), (407, 312))


class Coverage(unittest.TestCase):
    """Section 8: from `first` to `next` every offset is a record, a gap, or a loss that gov accepted."""

    CHAIN = "msg/a/t/0/0"

    def cover(self, offsets_and_gaps, following, losses=(), holes=None, closed=False):
        gaps = [gap for _, gap in offsets_and_gaps if gap]
        count, total = holes or (len(gaps), sum(gaps))
        lost = [{"from": str(a), "to": str(b), "reason": "r"} for a, b in losses]
        body = {"chain": self.CHAIN, "seq": 1, "first": "10", "next": str(following), "records": len(offsets_and_gaps)}
        body["holes"] = {"count": count, "sum": str(total), "losses": lost}
        verifier = Verifier.__new__(Verifier)
        verifier.state_of = lambda _: SimpleNamespace(losses=[(self.CHAIN, 20, 25), ("msg/b/t/0/0", 0, 99)])
        verifier.coverage(body, None if closed else [(Record(0, offset, gap, 0, None, None, ()),) for offset, gap in offsets_and_gaps])

    def test_what_covers(self):
        for closed in (False, True):
            self.cover([(10, 0), (11, 0)], 12, closed=closed)
            self.cover([(13, 3), (14, 0), (19, 4)], 20, closed=closed)
            self.cover([(10, 0), (19, 8)], 25, [(20, 25)], closed=closed)
            self.cover([(10, 0), (26, 15)], 27, [(20, 25)], closed=closed)
            self.cover([], 10, closed=closed)

    def test_what_does_not(self):
        for closed in (False, True):
            for records, following, losses in (
                ([(10, 0)], 12, []),
                ([(10, 0), (11, 0)], 11, []),
                ([(10, 0), (18, 7)], 25, [(20, 25)]),
                ([(10, 0), (19, 8)], 26, [(20, 26)]),
                ([(10, 0), (19, 8)], 25, [(25, 20)]),
            ):
                with self.assertRaises(Finding):
                    self.cover(records, following, losses, closed=closed)
        with self.assertRaises(Finding):
            self.cover([(10, 0), (12, 0)], 13, holes=(1, 1))
        with self.assertRaises(Finding):
            self.cover([(10, 0), (12, 1)], 13, holes=(1, 2))
        with self.assertRaises(Finding):
            self.cover([(11, 1), (12, 0), (14, 1)], 15, holes=(1, 2))


if __name__ == "__main__":
    unittest.main()
