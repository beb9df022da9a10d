"""In a worker: what manifests, and lists of manifests, tell, packed for the lab.

They are a stranger's text. pyiceberg takes long for many entries, and cannot be interrupted; here it can be ended.
Source: Iceberg Table Spec, "Manifests", "Manifest Lists".
"""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyiceberg.avro.file
from pyiceberg.avro.codecs import KNOWN_CODECS
from pyiceberg.avro.codecs.codec import Codec
from pyiceberg.avro.decoder import StreamingBinaryDecoder
from pyiceberg.io import InputFile, InputStream
from pyiceberg.manifest import (
    DEFAULT_READ_VERSION,
    MANIFEST_ENTRY_SCHEMAS,
    DataFile,
    DataFileContent,
    FileFormat,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    read_manifest_list,
)

from localaws.engines.athena.iceberg.bounds import LEAST_OF_ENTRY, MOST_IN_STATEMENT, check_avro, too_large, too_many
from localaws.lake.errors import QueryFailure
from localaws.lake.files.unpacking import pack_for_avro, unpack_snappy

#: How many bytes entries count for (see `MOST_IN_STATEMENT`), and pickles of them that share what they have in common.
Packed = tuple[int, bytes]
_Read = Callable[[InputFile], Iterable[Any]]

#: Bytes of one entry, packed: the lab takes an entry in one go, a tenth of a second for so many.
_MOST_IN_ENTRY = 1 << 20
#: Bytes of a bound that is looked at. Python takes minutes to make a decimal of a million.
_MOST_IN_BOUND = 4 << 10


class _Snappy(Codec):
    """pyiceberg wants a package of its own for this; Arrow has it."""

    @staticmethod
    def compress(data: bytes) -> tuple[bytes, int]:
        packed = pack_for_avro(data)
        return packed, len(packed)

    @staticmethod
    def decompress(data: bytes) -> bytes:
        packed, checksum = data[:-4], data[-4:]
        plain = unpack_snappy(packed)
        if zlib.crc32(plain).to_bytes(4, "big") != checksum:
            raise ValueError("a block's checksum is not that of its bytes")
        return plain


KNOWN_CODECS["snappy"] = _Snappy
# the usual one is written in C and does not look where its bytes end: it would read other memory, or crash
pyiceberg.avro.file.new_decoder = StreamingBinaryDecoder  # type: ignore[attr-defined, assignment]


class _Local(InputFile):
    """A file of this machine."""

    def __init__(self, data: bytes, location: str) -> None:
        super().__init__(location)
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def exists(self) -> bool:
        return True

    def open(self, seekable: bool = True) -> InputStream:
        return io.BytesIO(self._data)


def manifests(path: Path, location: str) -> Packed:
    """The manifests that the list in the file *path*, the object *location*, tells of. Raises QueryFailure."""
    return _packed(path, location, read_manifest_list, _check_bounds)


def entries(path: Path, location: str) -> Packed:
    """The entries, also of files that are gone, of the manifest in the file *path*. Raises QueryFailure."""
    return _packed(path, location, _read_manifest, _leave_out_long_bounds)


def _packed(path: Path, location: str, read: _Read, check: Callable[[Any], None]) -> Packed:
    weight, packed = 0, io.BytesIO()
    pickler = pickle.Pickler(packed, pickle.HIGHEST_PROTOCOL)
    try:
        with path.open("rb") as file:
            check_avro(file, location)
            file.seek(0)
            data = file.read()
        for entry in read(_Local(data, location)):
            check(entry)
            before = packed.tell()
            pickler.dump(entry)
            size = packed.tell() - before
            if size > _MOST_IN_ENTRY:
                raise too_large(location, f"{_MOST_IN_ENTRY >> 20} MB of one entry")
            weight += max(size, LEAST_OF_ENTRY)
            if weight > MOST_IN_STATEMENT:
                raise too_many(location, MOST_IN_STATEMENT)
    except (QueryFailure, MemoryError):
        raise
    except Exception as error:  # whatever pyiceberg stumbles over
        words = f"{location}: {type(error).__name__}: {error}"
        raise QueryFailure("ICEBERG_INVALID_METADATA", words) from None
    return weight, packed.getvalue()


def _read_manifest(file: InputFile) -> Iterator[ManifestEntry]:
    """As pyiceberg reads a manifest (`ManifestFile.fetch_manifest_entry`), but one entry after the other."""
    with pyiceberg.avro.file.AvroFile[ManifestEntry](
        file,
        MANIFEST_ENTRY_SCHEMAS[DEFAULT_READ_VERSION],
        read_types={-1: ManifestEntry, 2: DataFile},
        read_enums={0: ManifestEntryStatus, 101: FileFormat, 134: DataFileContent},
    ) as reader:
        yield from reader


def _leave_out_long_bounds(entry: ManifestEntry) -> None:
    """Without a bound, rows are looked for in a file that has none: that is all."""
    for bounds in (entry.data_file.lower_bounds, entry.data_file.upper_bounds):
        for column in [column for column, bound in (bounds or {}).items() if len(bound) > _MOST_IN_BOUND]:
            del bounds[column]


def _check_bounds(manifest: ManifestFile) -> None:
    """Of a partition's values the bounds are needed: none means that there are no values."""
    for summary in manifest.partitions or []:
        for bound in (summary.lower_bound, summary.upper_bound):
            if len(bound or b"") > _MOST_IN_BOUND:
                raise ValueError(f"a partition's bound has more than {_MOST_IN_BOUND} bytes")
