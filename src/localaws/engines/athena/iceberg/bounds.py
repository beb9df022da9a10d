"""How much an Iceberg table's own files may be once they are unpacked: told before any of it is read into memory.

Whoever may write to a table's place may put anything there, and a file of some kilobytes could take all memory.
Sources: Iceberg Table Spec, "Manifests", "Table Metadata"; Avro specification, "Object Container Files".
"""

from __future__ import annotations

import bz2
import io
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from localaws.lake.errors import QueryFailure
from localaws.lake.files.unpacking import plain_size

#: Bytes of one file, packed or not: Iceberg's manifests have some 8 MB ("commit.manifest.target-size-bytes").
MOST_IN_FILE = 16 << 20
#: Values in a file of table metadata: five thousand snapshots have as many. pyiceberg reads them in a third of a
#: second, and goes through them several times to change one.
MOST_VALUES = 150_000
#: Bytes that all manifests of a statement come to, as `unpacking` packs them: some 900 for a file with twenty columns.
#: Python's objects take ten times as much, and an entry counts for so many at least, for its garbage collector goes
#: through all entries at once, while everybody waits.
MOST_IN_STATEMENT, LEAST_OF_ENTRY = 16 << 20, 512
#: The same where a statement goes through all snapshots, and keeps but the files' paths.
MOST_IN_SNAPSHOTS = 128 << 20
_GZIP = b"\x1f\x8b"
_AVRO = b"Obj\x01"
_SYNC_BYTES = 16
_STEP = 1 << 20


def check_metadata(file: BinaryIO, location: str) -> None:
    """Raises QueryFailure if the table metadata in *file* are too much to be read."""
    size = values = 0
    try:
        for part in _plain(file):
            size += len(part)
            values += sum(map(part.count, (b",", b"[", b"{")))
            if max(size, file.tell()) > MOST_IN_FILE or values > MOST_VALUES:
                raise too_large(location, f"{MOST_IN_FILE >> 20} MB, unpacked, and {MOST_VALUES} values, of a file")
    except (ValueError, zlib.error) as error:
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"{location}: {error}") from None
    file.seek(0)


def _plain(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of *file*, unpacked if need be. A file of many members of gzip may take for ever: there is but one."""
    packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)  # with gzip's header
    data = file.read(_STEP)
    while data and not unpacker.eof:
        yield unpacker.decompress(data, _STEP) if packed else data
        data = unpacker.unconsumed_tail or file.read(_STEP)
    if packed and (data or unpacker.unused_data or not unpacker.eof):
        raise ValueError("not one whole member of gzip")


def check_avro(file: BinaryIO, location: str) -> None:
    """Raises QueryFailure if the blocks in *file* are too much to be read, or have no end, or are no blocks of Avro."""
    try:
        size = _avro_size(file, location)
    except (ValueError, LookupError, TypeError, OSError, OverflowError, RecursionError, EOFError, zlib.error):
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"{location} is no whole Avro file") from None
    if size > MOST_IN_FILE:
        raise too_large(location, f"{MOST_IN_FILE >> 20} MB of a manifest, unpacked")


def too_large(location: str, most: str) -> QueryFailure:
    """What a statement fails with that reads more than it may."""
    return QueryFailure("ICEBERG_INVALID_METADATA", f"{location} is too large: this lab reads up to {most}")


def too_many(location: str, most: int) -> QueryFailure:
    """What a statement fails with whose manifests tell of more files than it may read, of *most* bytes."""
    return too_large(location, f"{most >> 20} MB of what manifests tell, or {most // LEAST_OF_ENTRY} files, at once")


def _avro_size(file: BinaryIO, location: str) -> int:
    """Bytes of all blocks, or so many that they are too many."""
    if file.read(len(_AVRO)) != _AVRO:
        raise ValueError("not Avro")
    facts = _facts(file)
    schema = json.loads(facts.get("avro.schema", b"{}"))
    if _is_endless(schema) or _takes_nothing(schema):
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"{location}: a list of values that take no bytes")
    file.seek(_SYNC_BYTES, 1)
    codec = facts.get("avro.codec", b"null").decode()
    if codec not in _SIZES:
        raise QueryFailure("NOT_SUPPORTED", f"{location} is packed with {codec}: this lab reads {', '.join(_SIZES)}")
    size = 0
    while size <= MOST_IN_FILE and file.peek(1):  # type: ignore[attr-defined]
        _long(file)  # how many entries: each takes some of the bytes
        size += _SIZES[codec](file.read(_length(file)))
        file.seek(_SYNC_BYTES, 1)
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


#: How many bytes a block has, by Avro's names of how it is packed.
_SIZES: dict[str, Callable[[bytes], int]] = {
    "null": len,
    "deflate": _deflated,
    "bzip2": lambda data: _counted(bz2.BZ2File(io.BytesIO(data))),
    "snappy": plain_size,
    "zstandard": lambda data: _counted(pa.input_stream(pa.BufferReader(data), compression="zstd")),
}


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
