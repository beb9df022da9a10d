"""Files that DuckDB cannot read or write by itself, by way of the query's own directory: ORC, bzip2, Snappy, LZ4.

Source: "Use compression in Athena" (athena/latest/ug/compression-formats.html), for the ways in which LZ4 is framed.
"""

from __future__ import annotations

import bz2
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.files.packed import blocks, bounded, create_file
from localaws.engines.athena.sql.quoting import internal
from localaws.engines.athena.tables.catalog import Table

_FRAMED = b"\xff\x06\x00\x00sNaPpY"
_LZ4_FRAME = b"\x04\x22\x4d\x18"
_BLOCK_BYTES = 256 << 10
_MOST_BLOCK_BYTES = 1 << 30


def orc_to_parquet(path: Path, uri: str, table: Table) -> None:
    """Replace the ORC file *path* by a Parquet file with the table's names.

    Columns are matched by position, as Athena does unless told otherwise ("Handle schema updates": ORC is read by
    index by default, by name without ``orc.column.index.access``).
    """
    made = path.with_suffix(".parquet")
    try:
        source = orc.ORCFile(str(path))
        schema = source.schema
        if table.serde_parameters.get("orc.column.index.access", "true").lower() == "true":
            names = [column.name for column in table.columns]
            names += [internal(f"unread{number}") for number in range(len(schema) - len(names))]
            schema = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=False)])
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


def repack(path: Path, uri: str) -> None:
    """Replace the compressed text *path* by the same, compressed as `packed.codec` tells DuckDB."""
    made = path.with_suffix(".packed")
    try:
        with create_file(made, uri) as target:
            for part in bounded(_unpacked(path, uri), uri):
                target.write(part)
    except (OSError, EOFError, ValueError, struct.error) as error:
        raise QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read file at {uri}: {error}") from None
    made.replace(path)


def _unpacked(path: Path, uri: str) -> Iterator[bytes]:
    if uri.lower().endswith(".bz2"):
        with bz2.open(path) as file:
            yield from blocks(file)
        return
    with path.open("rb") as packed:
        is_frame = packed.read(4) == _LZ4_FRAME
    if uri.lower().endswith(".snappy"):
        yield from _snappy(path.read_bytes())
    elif is_frame:
        with pa.input_stream(str(path), compression="lz4") as file:
            yield from blocks(file)
    else:
        yield from _hadoop_blocks(path.read_bytes(), pa.Codec("lz4_raw"))


def compress(path: Path, codec: str) -> None:
    """Replace the text *path* by it compressed as *codec* says: bzip2, or Hadoop's blocks of snappy or lz4."""
    made = path.with_suffix(".packed")
    with path.open("rb") as source, bz2.open(made, "wb") if codec == "bzip2" else made.open("wb") as target:
        if codec == "bzip2":
            shutil.copyfileobj(source, target)
        else:
            packer = pa.Codec({"lz4": "lz4_raw"}.get(codec, codec))
            while block := source.read(_BLOCK_BYTES):
                packed = packer.compress(block, asbytes=True)
                target.write(struct.pack(">II", len(block), len(packed)) + packed)
    made.replace(path)


def _snappy(data: bytes) -> Iterator[bytes]:
    """What is in a framed stream (Google's), or in Hadoop's blocks."""
    codec = pa.Codec("snappy")
    if not data.startswith(_FRAMED):
        yield from _hadoop_blocks(data, codec)
        return
    position = 0
    while position < len(data):
        kind, length = data[position], int.from_bytes(data[position + 1 : position + 4], "little")
        body = data[position + 4 : position + 4 + length]
        position += 4 + length
        if kind == 0:
            yield codec.decompress(body[4:], decompressed_size=plain_size(body[4:]), asbytes=True)
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


def plain_size(block: bytes) -> int:
    """The varint at the head of a Snappy block."""
    size = shift = 0
    for byte in block[:5]:
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return size
