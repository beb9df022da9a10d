"""How much an Iceberg table's own files may be once they are unpacked: told before any of it is read into memory.

pyiceberg reads metadata and manifests in the lab's process, where a file of some kilobytes could take all memory.
Sources: Iceberg Table Spec, "Manifests", "Table Metadata"; Avro specification, "Object Container Files".
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from localaws.engines.athena.errors import QueryFailure

#: Bytes of one file, packed or not, and of all that one statement reads: Iceberg's manifests have some 8 MB
#: ("commit.manifest.target-size-bytes"). A file of a table takes 50 bytes at least, and 2 KB of memory.
MOST_IN_FILE, MOST_IN_STATEMENT = 16 << 20, 32 << 20
_AVRO, _GZIP = b"Obj\x01", b"\x1f\x8b"
_SYNC_BYTES = 16
_STEP = 1 << 20


def plain_size(path: Path, location: str) -> int:
    """Bytes of the file at *path* once it is unpacked. Raises QueryFailure if they are too many, or have no end."""
    if path.stat().st_size > MOST_IN_FILE:
        raise too_large(location)
    with path.open("rb") as file:
        beginning = file.read(len(_AVRO))
        file.seek(0)
        if beginning.startswith(_GZIP):
            size = _gzip(file, location)
        elif beginning == _AVRO:
            size = _avro(file, location)
        else:
            size = path.stat().st_size
    if size > MOST_IN_FILE:
        raise too_large(location)
    return size


def too_large(location: str) -> QueryFailure:
    """What a statement fails with that reads more than it may."""
    words = f"this lab reads up to {MOST_IN_FILE >> 20} MB of one metadata file, unpacked, and "
    words += f"{MOST_IN_STATEMENT >> 20} MB in one statement"
    return QueryFailure("ICEBERG_INVALID_METADATA", f"{location} is too large: {words}")


def _gzip(file: BinaryIO, location: str) -> int:
    try:
        return _counted(gzip.GzipFile(fileobj=file))
    except (OSError, EOFError, zlib.error) as error:
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"{location}: {error}") from None


def _avro(file: BinaryIO, location: str) -> int:
    """Bytes of all blocks. A damaged file is left to pyiceberg, which tells what is wrong with it."""
    try:
        file.seek(len(_AVRO))
        facts = _facts(file)
        schema = json.loads(facts.get("avro.schema", b"{}"))
        if _is_endless(schema) or _takes_nothing(schema):
            raise QueryFailure("ICEBERG_INVALID_METADATA", f"{location}: a list of values that take no bytes")
        file.seek(_SYNC_BYTES, 1)
        codec = facts.get("avro.codec", b"null").decode()
        size = 0
        while size <= MOST_IN_FILE and file.peek(1):  # type: ignore[attr-defined]
            _long(file)  # how many entries: each takes some of the bytes
            size += _block_size(codec, file.read(max(_long(file), 0)))
            file.seek(_SYNC_BYTES, 1)
    except (ValueError, LookupError, TypeError, OSError, OverflowError, RecursionError, EOFError, zlib.error):
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"{location} is no whole Avro file") from None
    return size


def _facts(file: BinaryIO) -> dict[str, bytes]:
    """The header's map."""
    facts = {}
    while count := _long(file):
        if count < 0:  # then the size of what follows is told, too
            _long(file)
        for _ in range(abs(count)):
            key = file.read(_length(file)).decode()
            facts[key] = file.read(_length(file))
    return facts


def _long(file: BinaryIO) -> int:
    """Avro's integer: seven bits a byte, the sign in the lowest bit. Raises ValueError at the end of the file."""
    number = shift = 0
    while shift < 64:
        (byte,) = file.read(1)
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1)
    raise ValueError("not an integer of Avro")


def _length(file: BinaryIO) -> int:
    length = _long(file)
    if not 0 <= length <= MOST_IN_FILE:
        raise ValueError("not a length")
    return length


def _block_size(codec: str, data: bytes) -> int:
    match codec:
        case "null":
            return len(data)
        case "deflate":
            return _deflated(data)
        case "bzip2":
            return _counted(bz2.BZ2File(io.BytesIO(data)))
        case "zstandard":
            return _counted(pa.input_stream(pa.BufferReader(data), compression="zstd"))
    raise ValueError(f"codec {codec}")


def _counted(file: Any) -> int:
    """How many bytes *file* has; none are kept, and no more are counted than those that are too many."""
    size = 0
    while size <= MOST_IN_FILE and (part := file.read(_STEP)):
        size += len(part)
    return size


def _deflated(data: bytes) -> int:
    """`_counted`, of a stream without a header."""
    unpacker, size = zlib.decompressobj(-15), 0
    while size <= MOST_IN_FILE and (part := unpacker.decompress(data, _STEP)):
        size += len(part)
        data = unpacker.unconsumed_tail
    return size


def _takes_nothing(schema: Any) -> bool:
    """Whether values of an Avro *schema* have no bytes, so that a few bytes tell of any number of them."""
    if not isinstance(schema, dict):
        return bool(schema == "null")
    match schema.get("type"):
        case "record":
            return all(_takes_nothing(field["type"]) for field in schema["fields"])
        case "fixed":
            return int(schema["size"]) <= 0
        case inner:
            return _takes_nothing(inner)


def _is_endless(schema: Any) -> bool:
    """Whether a value may hold a list of values that take no bytes."""
    if isinstance(schema, list):
        return any(map(_is_endless, schema))
    if not isinstance(schema, dict):
        return False
    match schema.get("type"):
        case "record":
            return any(_is_endless(field["type"]) for field in schema["fields"])
        case "array":
            return _takes_nothing(schema["items"]) or _is_endless(schema["items"])
        case "map":
            return _is_endless(schema["values"])
        case inner:
            return _is_endless(inner)
