"""P-256 (FIPS 186-5, SP 800-186): ECDSA verification with SHA-256, and ECDH. Standard library only, not constant-time."""

import hashlib

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
INFINITY = (1, 1, 0)


def is_on_curve(point):
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x * x - 3 * x + B)) % P == 0


def _double(p):
    x, y, z = p
    if not z or not y:
        return INFINITY
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, ((y + z) ** 2 - gamma - delta) % P


def _add(p, q):
    if not p[2]:
        return q
    if not q[2]:
        return p
    (x1, y1, z1), (x2, y2, z2) = p, q
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * zz2 % P, x2 * zz1 % P
    s1, s2 = y1 * z2 * zz2 % P, y2 * z1 * zz1 % P
    if u1 == u2:
        return _double(p) if s1 == s2 else INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def _sum_of(a, point_a, b, point_b):
    """a·A + b·B, both scalars in one run (Shamir)."""
    first, second = (*point_a, 1), (*point_b, 1)
    choice = [None, first, second, _add(first, second)]
    total = INFINITY
    for bit in range(255, -1, -1):
        total = _double(total)
        pick = choice[(a >> bit & 1) | (b >> bit & 1) << 1]
        if pick:
            total = _add(total, pick)
    return total


def _x_of(point):
    inverse = pow(point[2], -1, P)
    return point[0] * inverse * inverse % P


def verifies(public, message, signature):
    """ES256: `signature` = r ‖ s, 64 bytes (RFC 7518 §3.4)."""
    if len(signature) != 64 or not is_on_curve(public):
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    w = pow(s, -1, N)
    e = int.from_bytes(hashlib.sha256(message).digest(), "big")
    point = _sum_of(e * w % N, G, r * w % N, public)
    return bool(point[2]) and _x_of(point) % N == r


def shared_secret(private, public):
    if not is_on_curve(public) or not 0 < private < N:
        raise ValueError("not a P-256 key")
    return _x_of(_sum_of(private, public, 0, G)).to_bytes(32, "big")


def public_of(private):
    point = _sum_of(private, G, 0, G)
    inverse = pow(point[2], -1, P)
    return point[0] * inverse**2 % P, point[1] * inverse**3 % P
