"""The hash function XXH64, and Trino's checksum() which is made of it.

Source: the XXH64 specification (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
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
