"""Section 1 and 2 of docs/vault-format.md: hashes, trees, strict JSON, compact JOSE, names, times."""

import base64
import binascii
import calendar
import datetime
import hashlib
import hmac
import json
import re

import p256

MAX_DECIMAL = 9223372036854775807
HASH = re.compile(r"[0-9a-f]{64}")
DATA_KEY_ID = re.compile(r"[0-9a-f]{32}")
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.A)
CHAIN = re.compile(r"gov|(?:days/)?msg/[a-z0-9][a-z0-9-]{0,62}/(?!\.{1,2}/)[A-Za-z0-9._-]{1,249}/(0|[1-9]\d*)/(0|[1-9]\d*)|access/[a-z0-9][a-z0-9-]{0,62}", re.A)
CLASS = re.compile(r"[^/@\0]+")


class Finding(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def check(condition, code, message):
    if not condition:
        raise Finding(code, message)


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(ikm, salt, info, length):
    key, out, block = hmac256(salt or bytes(32), ikm), b"", b""
    while len(out) < length:
        block = hmac256(key, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:length]


def mth(leaves):
    """RFC 6962 §2.1. Level by level gives the same tree as splitting at the largest power of two."""
    if not leaves:
        return sha256(b"")
    level = [sha256(b"\0" + leaf) for leaf in leaves]
    while len(level) > 1:
        pairs = [sha256(b"\1" + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def u(size, value):
    return value.to_bytes(size, "big")


def lp(text):
    data = text.encode()
    return u(2, len(data)) + data


def base64url(text):
    """Decodes the one canonical spelling: no padding, unused bits zero."""
    try:
        raw = text.encode("ascii") if isinstance(text, str) else bytes(text)
        data = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise Finding("ENCODING", "not base64url") from error
    check(to_base64url(data).encode() == raw, "ENCODING", "not the canonical base64url")
    return data


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def strict_json(data):
    """Accepts only the bytes JSON.stringify would write for this value, whatever the order of members."""

    def members(pairs):
        names = [name for name, _ in pairs]
        check(len(set(names)) == len(names), "JSON", "a member occurs twice")
        return dict(pairs)

    def refuse(text):
        raise Finding("JSON", f"number {text[:40]} is not allowed")

    def integer(text):
        check(len(text) <= 16 and 0 <= int(text) < 1 << 53, "JSON", f"number {text[:40]} is not allowed")
        return int(text)

    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=members, parse_int=integer, parse_float=refuse, parse_constant=refuse)
        again = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Finding("JSON", f"not JSON: {type(error).__name__}") from error
    check(again == data, "JSON", "not spelled as JSON.stringify spells it")
    return value


def number(value):
    return type(value) is int


def text(value):
    return isinstance(value, str)


def matches(pattern):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.A) is not None


hash32 = matches(HASH.pattern)


def decimal(value):
    return isinstance(value, str) and re.fullmatch("0|[1-9][0-9]{0,18}", value, re.A) is not None and int(value) <= MAX_DECIMAL


def _parsed(value, pattern):
    try:
        return datetime.datetime.strptime(value, pattern)
    except ValueError:
        return None


def time(value):
    return matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")(value) and _parsed(value, "%Y-%m-%dT%H:%M:%S.%fZ") is not None


def lock_date(value):
    return matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")(value) and _parsed(value, "%Y-%m-%dT%H:%M:%SZ") is not None


def millis(value):
    moment = _parsed(value, "%Y-%m-%dT%H:%M:%S.%fZ")
    return calendar.timegm(moment.timetuple()) * 1000 + moment.microsecond // 1000


def end_of_month(value, months):
    """The last second of the month in which `value` (a time) + months lies."""
    month = int(value[:4]) * 12 + int(value[5:7]) - 1 + months
    year, month = divmod(month, 12)
    return f"{year:04d}-{month + 1:02d}-{calendar.monthrange(year, month + 1)[1]:02d}T23:59:59Z"


def period_code(period):
    year, _, month = period.partition("-")
    return (int(year) - 2000) * 12 + int(month or 0)


def period_of(number_of_class):
    return matches(r"2\d{3}") if number_of_class == 0 else matches(r"2\d{3}-(0[1-9]|1[0-2])")


def is_class(value):
    return isinstance(value, str) and CLASS.fullmatch(value) is not None and value not in (".", "..")


def is_chain(value):
    return isinstance(value, str) and CHAIN.fullmatch(value) is not None


def exactly(what, value, members, optional=()):
    """`value` is an object with these members, each accepted by its test; those in `optional` may be absent."""
    check(isinstance(value, dict), "SHAPE", f"{what}: not an object")
    for name in value:
        check(name in members, "SHAPE", f"{what}: unknown member {name}")
    for name, test in members.items():
        if name in value:
            check(test(value[name]), "SHAPE", f"{what}: member {name} is not as it must be")
        else:
            check(name in optional, "SHAPE", f"{what}: member {name} is missing")
    return value


def public_jwk(what, value, curve="P-256"):
    names = ["crv", "kty", "x"] + (["y"] if curve == "P-256" else [])
    exactly(what, value, {name: text for name in [*names, "kid"]})
    check(value["crv"] == curve and value["kty"] == ("EC" if curve == "P-256" else "OKP"), "SHAPE", f"{what}: another kind of key")
    point = [base64url(value[name]) for name in names[2:]]
    check(all(len(part) == 32 for part in point), "SHAPE", f"{what}: coordinate of another length")
    thumbprint = sha256(json.dumps({name: value[name] for name in names}, separators=(",", ":")).encode())
    check(value["kid"] == to_base64url(thumbprint), "SHAPE", f"{what}: kid is not the thumbprint")
    if curve == "P-256":
        check(p256.is_on_curve(point_of(value)), "SHAPE", f"{what}: not a point of the curve")
    return value


def point_of(jwk):
    return tuple(int.from_bytes(base64url(jwk[name]), "big") for name in "xy")


def parse_jws(data, typ):
    """(header, payload, function that tells whether a public JWK signed it)."""
    parts = data.split(b".")
    check(len(parts) == 3, "JWS", "not three parts")
    header = exactly("JWS header", strict_json(base64url(parts[0])), {"alg": text, "kid": text, "typ": text})
    check(header["alg"] == "ES256" and header["typ"] == typ, "JWS", "another alg or typ")
    payload, signature = strict_json(base64url(parts[1])), base64url(parts[2])
    signed = parts[0] + b"." + parts[1]
    return header, payload, lambda jwk: jwk["kid"] == header["kid"] and p256.verifies(point_of(jwk), signed, signature)
