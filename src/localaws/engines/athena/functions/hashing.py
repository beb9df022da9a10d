"""Hash functions that Python's library has not: XXH64 and MurmurHash3 (x64, 128 bits).

Sources: the XXH64 specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md); MurmurHash3 is in the public domain.
"""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def _rotate(value: int, by: int) -> int:
    return ((value << by) | (value >> (64 - by))) & _MASK


def _round(state: int, lane: int) -> int:
    return _rotate((state + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes) -> int:
    """XXH64 of *data* with the seed 0."""
    length, place = len(data), 0
    if length >= 32:
        states = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while place <= length - 32:
            states = [_round(state, lane) for state, lane in
                      zip(states, struct.unpack_from("<4Q", data, place), strict=True)]  # fmt: skip
            place += 32
        result = sum(_rotate(state, by) for state, by in zip(states, (1, 7, 12, 18), strict=True)) & _MASK
        for state in states:
            result = ((result ^ _round(0, state)) * _P1 + _P4) & _MASK
    else:
        result = _P5
    result = (result + length) & _MASK
    while place <= length - 8:
        (lane,) = struct.unpack_from("<Q", data, place)
        result = (_rotate(result ^ _round(0, lane), 27) * _P1 + _P4) & _MASK
        place += 8
    if place <= length - 4:
        (word,) = struct.unpack_from("<I", data, place)
        result = (_rotate(result ^ (word * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        place += 4
    for byte in data[place:]:
        result = _rotate(result ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    result = (result ^ (result >> 33)) * _P2 & _MASK
    result = (result ^ (result >> 29)) * _P3 & _MASK
    return result ^ (result >> 32)


def checksum_part(data: bytes) -> int:
    """What one value adds to Trino's checksum(): a signed 64-bit number."""
    part = xxhash64(data) * _P1 & _MASK
    return part - (1 << 64) if part >> 63 else part


def murmur3(data: bytes) -> bytes:
    """MurmurHash3_x64_128 of *data* with the seed 0."""
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
    one = two = 0
    blocks = len(data) // 16
    for number in range(blocks):
        left, right = struct.unpack_from("<2Q", data, number * 16)
        one ^= _rotate(left * c1 & _MASK, 31) * c2 & _MASK
        one = ((_rotate(one, 27) + two) * 5 + 0x52DCE729) & _MASK
        two ^= _rotate(right * c2 & _MASK, 33) * c1 & _MASK
        two = ((_rotate(two, 31) + one) * 5 + 0x38495AB5) & _MASK
    tail = data[blocks * 16 :]
    if len(tail) > 8:
        two ^= _rotate(int.from_bytes(tail[8:], "little") * c2 & _MASK, 33) * c1 & _MASK
    if tail:
        one ^= _rotate(int.from_bytes(tail[:8], "little") * c1 & _MASK, 31) * c2 & _MASK
    one, two = one ^ len(data), two ^ len(data)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    one, two = _mixed(one), _mixed(two)
    one = (one + two) & _MASK
    two = (two + one) & _MASK
    return struct.pack("<2Q", one, two)


def _mixed(value: int) -> int:
    value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD & _MASK
    value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ (value >> 33)
