"""The checksums S3 knows, computed block by block.

Source: S3 user guide, "Checking object integrity in Amazon S3". Uploads that bring no checksum get
CRC64NVME, as on S3.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

DEFAULT_ALGORITHM = "CRC64NVME"
_HASHES = {"SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512", "MD5": "md5"}
_CRC_BYTES = {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8}
ALGORITHMS = (*_CRC_BYTES, *_HASHES)
#: The length of each algorithm's value before it is put in base64.
DIGEST_BYTES = _CRC_BYTES | {name: hashlib.new(_HASHES[name], usedforsecurity=False).digest_size for name in _HASHES}


class Hash(Protocol):
    """What hashlib's objects and `Crc` share."""

    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


class Crc:
    """A cyclic redundancy check with hashlib's interface."""

    def __init__(self, function: Callable[[bytes | memoryview, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def new_hash(algorithm: str) -> Hash:
    """A hash by S3's name for it; KeyError for one that S3 has not or we have not (the xxHash family)."""
    if algorithm in _HASHES:
        return hashlib.new(_HASHES[algorithm], usedforsecurity=False)
    if algorithm == "CRC32":
        return Crc(zlib.crc32, _CRC_BYTES[algorithm])
    from awscrt import checksums  # AWS's own, in hardware; only here because it takes 30 ms to import

    functions = {"CRC32C": checksums.crc32c, "CRC64NVME": checksums.crc64nvme}
    return Crc(functions[algorithm], _CRC_BYTES[algorithm])


@dataclass(frozen=True)
class Checksum:
    """A checksum as S3 stores it: ``value`` in base64; ``kind`` is FULL_OBJECT or COMPOSITE."""

    algorithm: str
    value: str
    kind: str = "FULL_OBJECT"
    parts: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """The response headers that tell it."""
        return {self.header: self.qualified, "x-amz-checksum-type": self.kind}

    @property
    def header(self) -> str:
        return f"x-amz-checksum-{self.algorithm.lower()}"

    @property
    def qualified(self) -> str:
        """The value, with the number of parts behind it if it is a checksum of checksums."""
        return f"{self.value}-{self.parts}" if self.kind == "COMPOSITE" else self.value


#: Algorithms whose checksum of the whole follows from those of its parts.
COMBINED = frozenset(_CRC_BYTES)


def combined(algorithm: str, part_values: list[str], sizes: list[int]) -> Checksum:
    """The checksum of parts of so many bytes one behind the other, without the bytes."""
    from awscrt import checksums  # see `new_hash`

    functions = {
        "CRC32": checksums.combine_crc32,
        "CRC32C": checksums.combine_crc32c,
        "CRC64NVME": checksums.combine_crc64nvme,
    }
    values = [int.from_bytes(base64.b64decode(value), "big") for value in part_values]
    whole = values[0]
    for value, size in zip(values[1:], sizes[1:], strict=True):
        whole = functions[algorithm](whole, value, size)
    return Checksum(algorithm, encode(whole.to_bytes(_CRC_BYTES[algorithm], "big")))


def encode(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def composite(algorithm: str, part_values: list[str]) -> Checksum:
    """The checksum of the parts' checksums, which is what multipart uploads have unless they ask otherwise."""
    hasher = new_hash(algorithm)
    for value in part_values:
        hasher.update(base64.b64decode(value))
    return Checksum(algorithm, encode(hasher.digest()), "COMPOSITE", len(part_values))
