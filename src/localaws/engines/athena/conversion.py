"""Files that DuckDB cannot read by itself, made readable in the query's own directory: ORC, bzip2, Snappy."""

from __future__ import annotations

import bz2
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from localaws.engines.athena.catalog import Table
from localaws.engines.athena.errors import QueryFailure

#: How a key ends whose text `decompress` makes readable.
DECOMPRESSED = {".bz2", ".snappy"}
_FRAMED = b"\xff\x06\x00\x00sNaPpY"
_MOST_BLOCK_BYTES = 1 << 30


def orc_to_parquet(path: Path, uri: str, table: Table) -> None:
    """Replace the ORC file *path* by a Parquet file with the table's names.

    Columns are matched by position, as Athena does unless told otherwise ("Handle schema updates": ORC is read by
    index by default).
    """
    made = path.with_suffix(".parquet")
    try:
        source = orc.ORCFile(str(path))
        names = [column.name for column in table.columns]
        names += [f"athena_unread_{number}" for number in range(len(source.schema) - len(names))]
        schema = pa.schema([field.with_name(name) for field, name in zip(source.schema, names, strict=False)])
        with pq.ParquetWriter(made, schema, compression="snappy") as target:
            for stripe in range(source.nstripes):
                batch = source.read_stripe(stripe)
                target.write_batch(pa.record_batch(batch.columns, schema=schema))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise QueryFailure("HIVE_BAD_DATA", f"Error opening Hive split {uri}: Malformed ORC file: {error}") from None
    made.replace(path)


def parquet_to_orc(path: Path, compression: str) -> None:
    """Replace the Parquet file *path* by an ORC file."""
    made = path.with_suffix(".orc")
    source = pq.ParquetFile(path)
    with orc.ORCWriter(str(made), compression=compression) as target:
        for batch in source.iter_batches():
            target.write(pa.Table.from_batches([batch]))
        if source.metadata.num_rows == 0:
            target.write(source.schema_arrow.empty_table())
    made.replace(path)


def decompress(path: Path, uri: str, suffix: str) -> None:
    """Replace the compressed text *path* by what it holds."""
    made = path.with_suffix(".plain")
    try:
        with made.open("wb") as target:
            if suffix == ".bz2":
                with bz2.open(path) as source:
                    shutil.copyfileobj(source, target)
            else:
                target.writelines(_snappy_blocks(path.read_bytes()))
    except (OSError, EOFError, ValueError, struct.error) as error:
        raise QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read file at {uri}: {error}") from None
    made.replace(path)


def _snappy_blocks(data: bytes) -> Iterator[bytes]:
    """What is in a framed stream (Google's), or in Hadoop's blocks."""
    codec = pa.Codec("snappy")
    position = 0
    if data.startswith(_FRAMED):
        while position < len(data):
            kind, length = data[position], int.from_bytes(data[position + 1 : position + 4], "little")
            body = data[position + 4 : position + 4 + length]
            position += 4 + length
            if kind == 0:
                yield codec.decompress(body[4:], decompressed_size=_plain_size(body[4:]), asbytes=True)
            elif kind == 1:
                yield body[4:]
        return
    while position < len(data):
        plain, packed = struct.unpack_from(">II", data, position)
        if plain > _MOST_BLOCK_BYTES:
            raise ValueError("not a Snappy stream")
        yield codec.decompress(data[position + 8 : position + 8 + packed], decompressed_size=plain, asbytes=True)
        position += 8 + packed


def _plain_size(block: bytes) -> int:
    """The varint at the head of a Snappy block."""
    size = shift = 0
    for byte in block[:5]:
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return size
