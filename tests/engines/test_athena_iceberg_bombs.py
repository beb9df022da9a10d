"""Athena under attack by an Iceberg table's metadata that is much larger than it looks.

Iceberg Table Spec, "Manifests": Avro files, whose blocks may be packed. Whoever may write to a table's place may put
anything in their place; the query fails, or is stopped, and nobody else notices.
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, outside
from tests.engines.test_athena_bombs import fails_alone, lab_memory

_SYNC = b"s" * 16
_PART, _PARTS = b"\0" * (16 << 20), 16


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    lab = RunningLab(tmp_path_factory.mktemp("iceberg-bombs"))
    yield Athena(lab, "athena-iceberg-bombs", "iceberg_bombs")
    lab.stop()


def number(value: int) -> bytes:
    """Avro's integer."""
    left, made = value << 1, b""
    while left > 0x7F:
        made, left = made + bytes([left & 0x7F | 0x80]), left >> 7
    return made + bytes([left])


def text(data: bytes) -> bytes:
    return number(len(data)) + data


def avro(schema: object, codec: str, count: int, block: bytes) -> bytes:
    """An object container file of one block."""
    facts = {b"avro.schema": json.dumps(schema).encode(), b"avro.codec": codec.encode()}
    header = number(len(facts)) + b"".join(text(key) + text(value) for key, value in facts.items()) + b"\0"
    return b"Obj\x01" + header + _SYNC + number(count) + text(block) + _SYNC


def field(field_id: int, name: str, kind: object) -> dict[str, object]:
    return {"name": name, "type": kind, "field-id": field_id}


def record(name: str, *fields: dict[str, object]) -> dict[str, object]:
    return {"type": "record", "name": name, "fields": list(fields)}


#: A bound of each of some columns, by the columns' ids.
_BOUNDS = {
    "type": "array",
    "logicalType": "map",
    "items": record("k126_v127", field(126, "key", "int"), field(127, "value", "bytes")),
}
ENTRY = record(
    "manifest_entry",
    field(0, "status", "int"),
    field(1, "snapshot_id", ["null", "long"]),
    field(
        2,
        "data_file",
        record(
            "r2",
            field(134, "content", "int"),
            field(100, "file_path", "string"),
            field(101, "file_format", "string"),
            field(102, "partition", record("r102")),
            field(103, "record_count", "long"),
            field(104, "file_size_in_bytes", "long"),
            field(125, "lower_bounds", _BOUNDS),
        ),
    ),
)


def entry(path: bytes, size: int = 1, bounds: bytes = b"\0", content: int = 0) -> bytes:
    """A file of one row, as `ENTRY` has it; 0 is data, 1 are deletes."""
    facts = text(path) + text(b"PARQUET") + number(1) + number(size)
    return number(1) + b"\0" + number(content) + facts + bounds


def deflated() -> bytes:
    """A quarter of a gigabyte of zeros: a flushed part of a deflated stream may come again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(_PART) + packer.flush(zlib.Z_FULL_FLUSH)
    return avro(ENTRY, "deflate", 1, part * _PARTS + b"\3\0")


def endless() -> bytes:
    """A list of a trillion values, none of which takes a byte."""
    nothing = {"type": "array", "items": {"type": "fixed", "name": "nothing", "size": 0}, "element-id": 5001}
    return avro(record("manifest_entry", field(5000, "endless", nothing)), "null", 1, number(10**12) + b"\0")


def beyond() -> bytes:
    """A path that is longer than the file: a reader that trusts it reads other memory, or crashes."""
    return avro(ENTRY, "null", 1, number(1) + b"\0\0" + number(10**9) + b"s3://")


def many() -> bytes:
    return avro(ENTRY, "null", 33_000, entry(b"s3://athena-iceberg-bombs/k") * 33_000)


def pairs() -> bytes:
    """Deletes each of which bears on each of the data files."""
    block = entry(b"s3://athena-iceberg-bombs/k") * 2_000 + entry(b"s3://athena-iceberg-bombs/d", content=1) * 2_000
    return avro(ENTRY, "null", 4_000, block)


def table(athena: Athena, name: str, columns: str = "id int") -> tuple[str, dict[str, Any]]:
    """A new table of one row; the key of its manifest, and the data file that this tells of."""
    place = f"s3://{athena.bucket}/{name}/"
    athena(f"CREATE TABLE {name} ({columns}) LOCATION '{place}' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    athena(f"INSERT INTO {name} VALUES 1")
    made = outside(athena, name).inspect
    return made.manifests().to_pylist()[0]["path"].removeprefix(f"s3://{athena.bucket}/"), made.files().to_pylist()[0]


@pytest.mark.parametrize(
    "make, reason",
    [
        (deflated, "too large"),
        (endless, "values that take no bytes"),
        (beyond, "EOFError"),
        (many, "too large: this lab reads up to 16 MB of what manifests tell, or 32768 files"),
        (pairs, "too many delete files"),
    ],
)
def test_a_manifest_that_is_a_bomb_ends_its_query_alone(athena: Athena, make: Callable[[], bytes], reason: str) -> None:
    name = make.__name__
    manifest, _ = table(athena, name)
    athena.put(manifest, make())
    fails_alone(athena, f"SELECT * FROM {name}", reason, lab_memory(athena.lab))
    athena(f"DROP TABLE {name}")


@pytest.fixture(scope="module")
def crowd(athena: Athena) -> None:
    """A table that tells of nearly as many files as it may."""
    manifest, _ = table(athena, "crowd")
    athena.put(manifest, avro(ENTRY, "null", 30_000, entry(b"s3://athena-iceberg-bombs/k") * 30_000))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM crowd",
        'SELECT count(*) FROM "crowd$partitions"',
        "UPDATE crowd SET id = 2",
        "OPTIMIZE crowd REWRITE DATA USING BIN_PACK",
        "VACUUM crowd",
    ],
)
def test_what_reads_many_files_is_stopped_and_holds_nobody_up(athena: Athena, crowd: None, statement: str) -> None:
    """StopQueryExecution: within 2 seconds, while a list that nobody can read quickly is read."""
    query, slowest, done = athena.start(statement), 0.0, time.monotonic() + 0.4
    while time.monotonic() < done:
        started = time.monotonic()
        athena.s3.list_buckets()
        slowest = max(slowest, time.monotonic() - started)
    stopped = time.monotonic()
    athena.client.stop_query_execution(QueryExecutionId=query)
    assert athena.wait(query)["Status"]["State"] == "CANCELLED"
    assert time.monotonic() - stopped < 2
    assert slowest < 2.5


def test_a_bound_of_megabytes_is_not_looked_at(athena: Athena) -> None:
    """Python makes a decimal of so many bytes in minutes, while everybody waits. Bounds only spare reading."""
    manifest, file = table(athena, "bounded", "price decimal(10, 2)")
    bound = number(1) + number(1) + text(b"\1" * (2 << 20)) + b"\0"
    place, size = str(file["file_path"]).encode(), int(file["file_size_in_bytes"])
    athena.put(manifest, avro(ENTRY, "null", 1, entry(place, size, bound)))
    assert athena("SELECT price FROM bounded WHERE price = 1").rows == [("1.00",)]


def test_code_that_a_tables_properties_name_is_not_run(athena: Athena) -> None:
    """pyiceberg, "Configuration", "Loading a custom location provider"; Athena has none."""
    table(athena, "named")
    place = outside(athena, "named").metadata_location.removeprefix(f"s3://{athena.bucket}/")
    metadata = json.load(athena.s3.get_object(Bucket=athena.bucket, Key=place)["Body"])
    metadata["properties"]["write.py-location-provider.impl"] = "builtins.exec"
    athena.put(place, json.dumps(metadata))
    athena("INSERT INTO named VALUES 2")
    assert athena("SELECT sum(id) FROM named").rows == [("3",)]
    athena("DROP TABLE named")


def test_who_comes_second_is_not_kept_waiting(athena: Athena) -> None:
    """Iceberg, "Table behavior properties": commit.retry.min-wait-ms. Athena knows no such property."""
    table(athena, "slow")
    with outside(athena, "slow").transaction() as transaction:
        transaction.set_properties({f"commit.retry.{each}-wait-ms": "3600000" for each in ("min", "max")})
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(athena, [f"INSERT INTO slow VALUES {each}" for each in (2, 3, 4)]))
    assert athena("SELECT sum(id) FROM slow").rows == [("10",)]
    assert outside(athena, "slow").properties["commit.retry.min-wait-ms"] == "3600000"


def with_metadata(athena: Athena, name: str, key: str, metadata: bytes) -> None:
    """A table whose metadata somebody has written by hand."""
    athena.put(f"{name}/metadata/{key}", metadata)
    place = f"s3://{athena.bucket}/{name}/metadata/{key}"
    parameters = {"table_type": "ICEBERG", "metadata_location": place}
    described = {"Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": parameters}
    athena.lab.client("glue").create_table(DatabaseName=athena.database, TableInput=described)


@pytest.mark.parametrize("name, key", [("packed", "1.gz.metadata.json"), ("lists", "1.metadata.json")])
def test_metadata_that_are_a_bomb_end_their_query_alone(athena: Athena, name: str, key: str) -> None:
    """Iceberg Table Spec, "Naming for GZIP compressed Metadata JSON files"."""
    blanks, lists = gzip.compress(_PART * _PARTS), b"[" + b"[]," * 200_000 + b"[]]"
    with_metadata(athena, name, key, blanks if name == "packed" else lists)
    fails_alone(athena, f"SELECT * FROM {name}", "too large", lab_memory(athena.lab))


def test_snapshots_that_are_made_of_each_other_are_told_once(athena: Athena) -> None:
    place = f"s3://{athena.bucket}/circle"
    snapshots = [
        {"snapshot-id": own, "parent-snapshot-id": parent, "timestamp-ms": own, "manifest-list": f"{place}/none.avro"}
        for own, parent in ((1, 2), (2, 1))
    ]
    metadata = {
        "format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": place,
        "last-updated-ms": 2, "last-sequence-number": 0, "last-column-id": 1,
        "current-schema-id": 0, "schemas": [{"type": "struct", "schema-id": 0, "fields": []}],
        "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}], "last-partition-id": 999,
        "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}],
        "current-snapshot-id": 2, "snapshots": snapshots,
        "snapshot-log": [{"snapshot-id": each, "timestamp-ms": each} for each in (1, 2)],
    }  # fmt: skip
    with_metadata(athena, "circle", "1.metadata.json", json.dumps(metadata).encode())
    rows = athena('SELECT snapshot_id, is_current_ancestor FROM "circle$history"').rows
    assert rows == [("1", "true"), ("2", "true")]
    assert "File does not exist" in athena.fails("VACUUM circle")
