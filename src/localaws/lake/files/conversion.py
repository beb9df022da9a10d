"""Files that DuckDB cannot read or write by itself, by way of the query's own directory: ORC, packed text."""

from __future__ import annotations

import bz2
import shutil
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from localaws.lake.catalog import Table
from localaws.lake.errors import QueryFailure
from localaws.lake.quoting import internal

_BLOCK_BYTES = 256 << 10


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
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
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
