"""Manifests of Iceberg tables in Athena, as other writers pack them.

Iceberg, "Write properties": write.avro.compression-codec is gzip, zstd, snappy or uncompressed. Avro specification,
"Object Container Files": "Required Codecs", "Optional Codecs".
"""

from __future__ import annotations

import bz2
import io
import zlib
from collections.abc import Callable

import fastavro
import pyarrow as pa
import pytest
from pyiceberg.table import Table

from tests.engines.athena_tools import Athena, athena_in, outside
from tests.engines.test_athena_iceberg_bombs import avro

LAKE = "ice-manifests"

athena = athena_in(LAKE, "ice_manifests")


def snappy(block: bytes) -> bytes:
    return pa.Codec("snappy").compress(block, asbytes=True) + zlib.crc32(block).to_bytes(4, "big")


def zstandard(block: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(block, asbytes=True))


def table(athena: Athena, name: str) -> Table:
    """An Iceberg table of two rows."""
    place = f"s3://{LAKE}/{name}/"
    athena(f"CREATE TABLE {name} (id int) LOCATION '{place}' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    athena(f"INSERT INTO {name} VALUES 1, 2")
    return outside(athena, name)


def key(place: str) -> str:
    return place.removeprefix(f"s3://{LAKE}/")


def content(athena: Athena, place: str) -> bytes:
    return bytes(athena.s3.get_object(Bucket=LAKE, Key=key(place))["Body"].read())


def repack(athena: Athena, place: str, codec: str, pack: Callable[[bytes], bytes]) -> None:
    """Write an Avro file anew, its entries packed as *codec*."""
    reader = fastavro.reader(io.BytesIO(content(athena, place)))
    assert isinstance(reader.writer_schema, dict)
    entries, block = list(reader), io.BytesIO()
    for each in entries:
        fastavro.schemaless_writer(block, reader.writer_schema, each)
    athena.put(key(place), avro(reader.writer_schema, codec, len(entries), pack(block.getvalue())))


@pytest.mark.parametrize("pack", [snappy, zstandard, bz2.compress])
def test_manifests_are_read_however_they_are_packed(athena: Athena, pack: Callable[[bytes], bytes]) -> None:
    codec = pack.__name__.replace("compress", "bzip2")
    made = table(athena, codec)
    snapshot = made.current_snapshot()
    assert snapshot is not None
    for place in (*(each.manifest_path for each in snapshot.manifests(made.io)), snapshot.manifest_list):
        repack(athena, place, codec, pack)
    assert athena(f"SELECT id FROM {codec} ORDER BY id").rows == [("1",), ("2",)]
    athena(f"DELETE FROM {codec} WHERE id = 1")
    assert athena(f"SELECT id FROM {codec}").rows == [("2",)]


def test_manifests_are_packed_as_the_table_tells(athena: Athena) -> None:
    with table(athena, "told").transaction() as transaction:
        transaction.set_properties({"write.avro.compression-codec": "snappy"})
    athena("INSERT INTO told VALUES 3")
    snapshot = outside(athena, "told").current_snapshot()
    assert snapshot is not None
    assert b"avro.codec\x0csnappy" in content(athena, snapshot.manifest_list)
    assert athena("SELECT id FROM told ORDER BY id").rows == [("1",), ("2",), ("3",)]


def test_manifests_that_are_packed_in_another_way_are_refused(athena: Athena) -> None:
    made = table(athena, "other").current_snapshot()
    assert made is not None
    repack(athena, made.manifest_list, "xz", bytes)
    reason = athena.fails("SELECT id FROM other")
    assert reason.startswith("NOT_SUPPORTED")
    assert reason.endswith("is packed with xz: this lab reads null, deflate, bzip2, snappy, zstandard")


def test_a_block_that_is_damaged_is_no_rows(athena: Athena) -> None:
    made = table(athena, "damaged").current_snapshot()
    assert made is not None
    repack(athena, made.manifest_list, "snappy", lambda block: snappy(block)[:-1] + b"?")
    assert "checksum" in athena.fails("SELECT id FROM damaged")
