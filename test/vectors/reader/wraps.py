"""Section 11: the two JWEs of a data key (RFC 7516 compact; RFC 7518 §4.4, §4.6, §5.3)."""

import aes
import p256
from notation import base64url, check, exactly, is_chain, matches, point_of, sha256, strict_json, text, u

ALGORITHM = {"kek.jwe": "A256KW", "escrow.jwe": "ECDH-ES+A256KW"}


def parse_wrap(data, name):
    parts = data.split(b".")
    check(len(parts) == 5, "WRAP", "not five parts")
    members = {"alg": text, "enc": text, "kid": text, "hf": lambda value: isinstance(value, dict)}
    if name == "escrow.jwe":
        members["epk"] = lambda value: isinstance(value, dict)
    header = exactly("JWE header", strict_json(base64url(parts[0])), members)
    exactly("hf", header["hf"], {"archive": text, "chain": is_chain, "dataKey": matches("[0-9a-f]{32}"), "class": text, "period": text})
    check(header["alg"] == ALGORITHM[name] and header["enc"] == "A256GCM", "WRAP", "another algorithm")
    if name == "escrow.jwe":
        epk = exactly("epk", header["epk"], {"kty": text, "crv": text, "x": text, "y": text})
        check(epk["kty"] == "EC" and epk["crv"] == "P-256" and p256.is_on_curve(point_of(epk)), "WRAP", "epk is no P-256 key")
    decoded = [base64url(part) for part in parts[1:]]
    sizes = [len(part) for part in decoded]
    check(sizes == [40, 12, 32, 16], "WRAP", f"parts of {sizes} bytes")
    return header, parts[0], decoded


def _open(key_encryption_key, aad, parts):
    wrapped, nonce, ciphertext, tag = parts
    try:
        content_key = aes.unwrap_key(key_encryption_key, wrapped)
        return aes.Gcm(content_key).open(nonce, ciphertext + tag, aad)
    except aes.Refused as error:
        check(False, "WRAP", f"does not open: {error}")


def open_with_kek(data, kek):
    _, aad, parts = parse_wrap(data, "kek.jwe")
    return _open(kek, aad, parts)


def open_with_escrow(data, private):
    header, aad, parts = parse_wrap(data, "escrow.jwe")
    secret = p256.shared_secret(int.from_bytes(private, "big"), point_of(header["epk"]))
    algorithm = b"ECDH-ES+A256KW"
    info = u(4, len(algorithm)) + algorithm + u(4, 0) + u(4, 0) + u(4, 256)
    return _open(sha256(u(4, 1) + secret + info), aad, parts)
