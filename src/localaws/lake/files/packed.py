"""Text as its objects have it: packed in one of several ways, in lines that are not too long.

Sources: "Use Hive table compression" (athena/latest/ug/compression-support-hive.html), "Considerations and limitations
for SQL queries" (other-notable-limitations.html): a row has at most 32 MB, a line of text at most 200 MB. Here a line
is bounded as a row is, for all of it is in memory while it is read.
"""

from __future__ import annotations

import gzip
import io
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from localaws.lake.errors import QueryFailure, line_too_long, not_supported

#: How a key ends whose text DuckDB does not unpack: it is packed anew, with zstd, so that it takes no more of the disk.
REPACKED = {".bz2", ".snappy", ".lz4"}
#: How an object's key says that it is compressed → what DuckDB calls that, once it is to read it.
_CODECS = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd"} | dict.fromkeys(REPACKED, "zstd")
MOST_LINE_BYTES = 32 << 20
_BLOCK_BYTES = 1 << 20


def is_repacked(uri: str) -> bool:
    """Whether the text of this object is to be packed anew before it can be read."""
    return Path(uri).suffix.lower() in REPACKED


def codec(uri: str) -> str:
    """DuckDB's name of the compression that an object's key tells. Raises QueryFailure for one that is not read."""
    suffix = Path(uri).suffix.lower()
    if suffix == ".lzo":
        raise not_supported(f"Text compressed with LZO ({uri}; compress it with GZIP, BZIP2, SNAPPY, LZ4 or ZSTD)")
    if suffix == ".deflate":
        raise QueryFailure("NOT_SUPPORTED", f"DEFLATE is for Avro, not for text: compress {uri} with GZIP instead")
    return _CODECS.get(suffix, "none")


def open_file(path: Path, uri: str) -> BinaryIO:
    """The bytes of a file as DuckDB is to read it, unpacked if its *uri* says that they are packed."""
    packed = codec(uri)
    file = pa.input_stream(str(path), compression=packed if packed != "none" else None)
    return cast(BinaryIO, io.BufferedReader(file))


def create_file(path: Path, uri: str) -> BinaryIO:
    """A file to write to, packed as `open_file` reads it."""
    packed = codec(uri)
    if packed == "gzip":
        return cast(BinaryIO, gzip.open(path, "wb", 1))
    return cast(BinaryIO, pa.output_stream(str(path), compression=packed if packed != "none" else None))


def lines(file: BinaryIO, uri: str) -> Iterator[bytes]:
    """The lines of *file*, with their ends. Raises QueryFailure for one that is too long."""
    while line := file.readline(MOST_LINE_BYTES + 1):
        if len(line) > MOST_LINE_BYTES:
            raise line_too_long(uri, MOST_LINE_BYTES)
        yield line


def rows_of(found: Iterator[bytes], header: int, footer: int) -> Iterator[bytes]:
    """The lines without the *header* ones at the top and the *footer* ones at the bottom."""
    held: deque[bytes] = deque()
    for line in islice(found, header, None):
        held.append(line)
        if len(held) > footer:
            yield held.popleft()


def whole_lines(file: BinaryIO, uri: str) -> Iterator[bytes]:
    """The lines of *file*, many at once. Raises QueryFailure for one that is too long."""
    left = b""
    while block := file.read(_BLOCK_BYTES):
        whole, end, rest = block.rpartition(b"\n")
        if end:
            yield left + whole + end
            left = rest
        else:
            left += rest
        if len(left) > MOST_LINE_BYTES:
            raise line_too_long(uri, MOST_LINE_BYTES)
    yield left
