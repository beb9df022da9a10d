"""bucket(N, column) of many values at once: Iceberg's 32-bit Murmur3 hash of numbers, dates and moments, by numpy.

Source: Iceberg Table Spec, "Bucket Transform Details" and Appendix B, "32-bit Hash Requirements".
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_Words = np.ndarray[tuple[int], np.dtype[np.uint32]]
_ALL_BITS = 0xFFFFFFFF


def buckets(values: pa.Array, count: int) -> pa.Array:
    """The bucket, of *count*, of each whole number, date or timestamp; NULL stays NULL."""
    days = pa.types.is_date32(values.type)
    numbers = values.cast(pa.int32()).cast(pa.int64()) if days else values.cast(pa.int64())
    hashed = _hash(pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False))
    found = (hashed & 0x7FFFFFFF) % count
    return pa.array(found.astype(np.int32), mask=pc.is_null(values).to_numpy(zero_copy_only=False))


def _hash(numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> _Words:
    """Murmur3 of the eight bytes of each number, the lowest first."""
    words = numbers.astype(np.int64).view(np.uint64)
    hashed = np.zeros(len(words), np.uint32)
    for word in (words & np.uint64(_ALL_BITS), words >> np.uint64(32)):
        hashed ^= _rotated(word.astype(np.uint32) * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        hashed = _rotated(hashed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    hashed ^= np.uint32(8)
    hashed = (hashed ^ (hashed >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashed = (hashed ^ (hashed >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashed ^ (hashed >> np.uint32(16))


def _rotated(words: _Words, bits: int) -> _Words:
    return (words << np.uint32(bits)) | (words >> np.uint32(32 - bits))
