"""Objects of text as they were put, packed in any of the ways that Athena reads.

Sources: "Use Hive table compression" (athena/latest/ug/compression-support-hive.html); "Use compression in Athena"
(compression-formats.html), for the ways in which LZ4 is framed.
"""

from __future__ import annotations

import bz2
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from localaws.lake.errors import QueryFailure
from localaws.lake.files.packed import open_file

#: What is wrong with a file that cannot be unpacked is told by one of these.
BROKEN = (OSError, EOFError, ValueError, struct.error)
_FRAMED = b"\xff\x06\x00\x00sNaPpY"
_LZ4_FRAME = b"\x04\x22\x4d\x18"
_MOST_BLOCK_BYTES = 1 << 30


def open_object(path: Path, uri: str) -> BinaryIO:
    """The bytes of an object's file, unpacked if its *uri* says that they are packed; raises one of BROKEN."""
    suffix = Path(uri).suffix.lower()
    if suffix == ".bz2":
        return cast(BinaryIO, bz2.open(path))
    if suffix == ".snappy":
        return _joined(_snappy(path.read_bytes()))
    if suffix == ".lz4":
        with path.open("rb") as packed:
            is_frame = packed.read(len(_LZ4_FRAME)) == _LZ4_FRAME
        if is_frame:
            return cast(BinaryIO, io.BufferedReader(pa.input_stream(str(path), compression="lz4")))
        return _joined(_hadoop_blocks(path.read_bytes(), pa.Codec("lz4_raw")))
    return open_file(path, uri)


@contextmanager
def reading(path: Path, uri: str) -> Iterator[BinaryIO]:
    """An object's file as `open_object` opens it. Raises QueryFailure (HIVE_CURSOR_ERROR) if it cannot be unpacked."""
    try:
        with open_object(path, uri) as file:
            yield file
    except BROKEN as error:
        raise QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read file at {uri}: {error}") from None


def _joined(parts: Iterator[bytes]) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Parts(parts)))


class _Parts(io.RawIOBase):
    """Parts, one after the other, as a file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._left = memoryview(part)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _snappy(data: bytes) -> Iterator[bytes]:
    """What is in a framed stream (Google's), or in Hadoop's blocks."""
    if not data.startswith(_FRAMED):
        yield from _hadoop_blocks(data, pa.Codec("snappy"))
        return
    position = 0
    while position < len(data):
        kind, length = data[position], int.from_bytes(data[position + 1 : position + 4], "little")
        body = data[position + 4 : position + 4 + length]
        position += 4 + length
        if kind == 0:
            yield unpack_snappy(body[4:])
        elif kind == 1:
            yield body[4:]


def _hadoop_blocks(data: bytes, codec: pa.Codec) -> Iterator[bytes]:
    """BlockCompressorStream's format: the size of a block, then its packed parts, each after its own size."""
    position = 0
    while position < len(data):
        (left,) = struct.unpack_from(">I", data, position)
        position += 4
        if left > _MOST_BLOCK_BYTES:
            raise ValueError(f"not a {codec.name} stream")
        while left:
            (packed,) = struct.unpack_from(">I", data, position)
            part = data[position + 4 : position + 4 + packed]
            if len(part) < packed or not packed:
                raise EOFError("the last block is not whole")
            size = plain_size(part) if codec.name == "snappy" else left  # LZ4 does not tell: one part a block
            yield codec.decompress(part, decompressed_size=size, asbytes=True)
            position += 4 + packed
            left -= size


def unpack_snappy(block: bytes) -> bytes:
    """What is in one Snappy block."""
    plain: bytes = pa.Codec("snappy").decompress(block, decompressed_size=plain_size(block), asbytes=True)
    return plain


def pack_for_avro(block: bytes) -> bytes:
    """A Snappy block and the checksum of what is in it (Avro specification, "Optional Codecs")."""
    packed: bytes = pa.Codec("snappy").compress(block, asbytes=True)
    return packed + zlib.crc32(block).to_bytes(4, "big")


def plain_size(block: bytes) -> int:
    """The varint at the head of a Snappy block."""
    size = shift = 0
    for byte in block[:5]:
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return size
