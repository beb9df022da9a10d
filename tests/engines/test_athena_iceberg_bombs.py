"""Athena under attack by an Iceberg table's metadata that is much larger than it looks.

Iceberg Table Spec, "Manifests": Avro files, whose blocks may be packed. Whoever may write to a table's place may put
anything in their place; the query fails, and nobody else notices.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, outside
from tests.engines.test_athena_bombs import fails_alone, lab_memory

_SYNC = b"s" * 16
_PART, _PARTS = b"\0" * (16 << 20), 64


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


def deflated(entry: object) -> bytes:
    """A gigabyte of zeros: a flushed part of a deflated stream may come again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = packer.compress(_PART) + packer.flush(zlib.Z_FULL_FLUSH)
    return avro(entry, "deflate", 1, part * _PARTS + b"\3\0")


def endless(entry: dict[str, object]) -> bytes:
    """A list of a trillion values, none of which takes a byte."""
    nothing = {"type": "array", "items": {"type": "fixed", "name": "nothing", "size": 0}, "element-id": 5001}
    fields = [{"name": "endless", "type": nothing, "field-id": 5000}]
    return avro({**entry, "fields": fields}, "null", 1, number(10**12) + b"\0")


ENTRY: dict[str, object] = {
    "type": "record",
    "name": "manifest_entry",
    "fields": [{"name": "status", "type": "int", "field-id": 0}],
}


@pytest.mark.parametrize("make, reason", [(deflated, "too large"), (endless, "values that take no bytes")])
def test_a_manifest_that_is_a_bomb_ends_its_query_alone(
    athena: Athena, make: Callable[[object], bytes], reason: str
) -> None:
    name = make.__name__
    place = f"s3://{athena.bucket}/{name}/"
    athena(f"CREATE TABLE {name} (id int) LOCATION '{place}' TBLPROPERTIES ('table_type' = 'ICEBERG')")
    athena(f"INSERT INTO {name} VALUES 1")
    manifest = outside(athena, name).inspect.manifests().to_pylist()[0]["path"]
    athena.put(manifest.removeprefix(f"s3://{athena.bucket}/"), make(ENTRY))
    fails_alone(athena, f"SELECT * FROM {name}", reason, lab_memory(athena.lab))


def test_metadata_that_are_a_bomb_end_their_query_alone(athena: Athena) -> None:
    """Iceberg Table Spec, "Naming for GZIP compressed Metadata JSON files"."""
    key = "packed/metadata/1.gz.metadata.json"
    athena.put(key, gzip.compress(b" " * (16 << 20)) * _PARTS)
    table = {"Name": "packed", "TableType": "EXTERNAL_TABLE"}
    parameters = {"table_type": "ICEBERG", "metadata_location": f"s3://{athena.bucket}/{key}"}
    glue = athena.lab.client("glue")
    glue.create_table(DatabaseName=athena.database, TableInput={**table, "Parameters": parameters})
    fails_alone(athena, "SELECT * FROM packed", "too large", lab_memory(athena.lab))
