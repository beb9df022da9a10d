"""Athena under attack by files of binary formats that are damaged, or much larger than they look, by design.

Each query ends with an error that names the file's fault ("Troubleshoot Athena": HIVE_BAD_DATA, HIVE_CURSOR_ERROR),
or "Query exhausted resources at this scale factor", or can be stopped; nobody else notices.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena
from tests.engines.test_athena_bombs import fails_alone, lab_memory
from tests.engines.test_athena_iceberg_bombs import avro, number, text
from tests.engines.test_athena_memory import EXHAUSTED

TEXT = pa.table({"a": ["x", "y"] * 100})


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    lab = RunningLab(tmp_path_factory.mktemp("file-bombs"))
    yield Athena(lab, "athena-file-bombs", "file_bombs")
    lab.stop()


def made(athena: Athena, name: str, format: str, data: bytes) -> str:
    athena.put(f"{name}/data", data)
    athena(f"CREATE EXTERNAL TABLE {name} (a string) STORED AS {format} LOCATION 's3://{athena.bucket}/{name}/'")
    return f"SELECT sum(length(a)) FROM {name}"


def record(kind: object) -> dict[str, object]:
    """An Avro schema."""
    return {"type": "record", "name": "r", "fields": [{"name": "a", "type": kind}]}


def parquet(change: Callable[[bytes], bytes] = bytes) -> bytes:
    """A Parquet file, with its bytes changed."""
    sink = pa.BufferOutputStream()
    pq.write_table(TEXT, sink, compression="none", use_dictionary=False)
    return change(sink.getvalue().to_pybytes())


def footer(thrift: bytes) -> bytes:
    return b"PAR1" + thrift + struct.pack("<I", len(thrift)) + b"PAR1"


def orc_file(change: Callable[[bytes], bytes] = bytes) -> bytes:
    sink = pa.BufferOutputStream()
    orc.write_table(TEXT, sink, compression="zlib")
    return change(sink.getvalue().to_pybytes())


def varint(value: int) -> bytes:
    made = b""
    while value > 0x7F:
        made, value = made + bytes([value & 0x7F | 0x80]), value >> 7
    return made + bytes([value])


def member(key: int, value: int | bytes) -> bytes:
    """A member of a message of protobuf."""
    if isinstance(value, int):
        return varint(key << 3) + varint(value)
    return varint(key << 3 | 2) + varint(len(value)) + value


def orc_of(types: list[bytes], rows: int = 0) -> bytes:
    """An ORC file of one stripe without any data (ORC specification, "File Tail")."""
    stripe_footer = member(2, member(1, 0)) * len(types)
    stripe = b"".join(member(key, size) for key, size in enumerate((3, 0, 0, len(stripe_footer), rows), 1))
    tail = member(1, 3) + member(2, 3) + member(3, stripe) + b"".join(member(4, each) for each in types)
    tail += member(6, rows)
    postscript = member(1, len(tail)) + member(2, 0) + member(4, b"\0\x0c") + member(5, 0) + member(8000, b"ORC")
    return b"ORC" + stripe_footer + tail + postscript + bytes([len(postscript)])


def nested_orc() -> bytes:
    """Lists of lists, 200,000 deep."""
    row = member(1, 12) + member(2, varint(1)) + member(3, b"a")
    return orc_of([row, *(member(1, 10) + member(2, varint(each + 2)) for each in range(200_000)), member(1, 4)])


RECURSIVE = record(["null", "r"])
#: A table's format, what makes the object, what the query's failure tells.
BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "parquet_pages": ("PARQUET", lambda: parquet(lambda whole: whole[:4] + b"\xff" * 40 + whole[44:]),
                      "HIVE_CURSOR_ERROR"),
    "parquet_list": ("PARQUET", lambda: footer(b"\x15\x02\x19\xfc" + varint((1 << 31) - 1)), "HIVE_BAD_DATA"),
    "parquet_text": ("PARQUET", lambda: footer(b"\x68" + varint((1 << 31) - 1)), "HIVE_BAD_DATA"),
    "parquet_cut": ("PARQUET", lambda: parquet(lambda data: data[:-100]), "HIVE_BAD_DATA"),
    "parquet_end": ("PARQUET", lambda: b"PAR1" + b"x" * 50 + b"\xff" * 4 + b"PAR1", "HIVE_BAD_DATA"),
    "orc_deep": ("ORC", nested_orc, "HIVE_BAD_DATA: Error opening Hive split"),
    "orc_rows": ("ORC", lambda: orc_of([member(1, 12) + member(2, b"\1") + member(3, b"a"), member(1, 4)], 1 << 60),
                 "HIVE_BAD_DATA"),
    "orc_stripe": ("ORC", lambda: orc_file(lambda data: data[:3] + b"\x55" * 60 + data[63:]), "HIVE_BAD_DATA"),
    "orc_cut": ("ORC", lambda: orc_file(lambda data: data[100:]), "HIVE_BAD_DATA"),
    "avro_deflate": ("AVRO", lambda: avro(record("string"), "deflate", 1, b"no stream"), "HIVE_BAD_DATA"),
    "avro_snappy": ("AVRO", lambda: avro(record("string"), "snappy", 1, b"\xff" * 4 + b"\x7f" + b"x" * 9), EXHAUSTED),
    "avro_block": ("AVRO", lambda: avro(record("string"), "null", 0, b"") + number(5) + number(1 << 60), EXHAUSTED),
    "avro_text": ("AVRO", lambda: avro(record("string"), "null", 1, number(1 << 60) + b"x"), "HIVE_BAD_DATA"),
    "avro_fixed": ("AVRO", lambda: avro(record({"type": "fixed", "name": "f", "size": 1 << 40}), "null", 1, b"x"),
                   "HIVE_BAD_DATA"),
    "avro_deep": ("AVRO", lambda: avro(RECURSIVE, "null", 1, number(1) * 5_000_000 + number(0)), "HIVE_BAD_DATA"),
    "avro_itself": ("AVRO", lambda: avro(record("r"), "null", 1, b""), "HIVE_BAD_DATA"),
    "avro_text_schema": ("AVRO", lambda: avro("string", "null", 1, text(b"x")), "HIVE_BAD_DATA"),
    "avro_moment": ("AVRO", lambda: avro(record({"type": "long", "logicalType": "timestamp-micros"}), "null", 1,
                                         number(1 << 62)), "HIVE_BAD_DATA"),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_damaged_file_ends_its_query_alone(athena: Athena, bomb: str) -> None:
    format, make, reason = BOMBS[bomb]
    before = lab_memory(athena.lab)
    fails_alone(athena, made(athena, bomb, format, make()), reason, before)


ENDLESS = {
    "values": avro(record({"type": "array", "items": "null"}), "null", 1, number(1 << 40) + b"\0"),
    "records": avro(record("null"), "null", 1 << 60, b""),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_file_that_tells_of_values_without_end_can_be_stopped(athena: Athena, name: str) -> None:
    """Values of Avro that take no bytes (Avro specification, "null"): there may be any number of them."""
    query = athena.start(made(athena, f"endless_{name}", "AVRO", ENDLESS[name]))
    time.sleep(0.5)
    athena.client.stop_query_execution(QueryExecutionId=query)
    assert athena.wait(query, seconds=5)["Status"]["State"] == "CANCELLED"
    assert athena("SELECT 1").rows == [("1",)]


def test_the_file_that_is_no_parquet_is_named(athena: Athena) -> None:
    """Also where DuckDB does not tell which of many it is."""
    for key in "abc":
        athena.put(f"many/{key}", parquet() if key != "b" else footer(b"\x15\x02\x19\xfc" + varint((1 << 31) - 1)))
    place = f"s3://{athena.bucket}/many/"
    athena(f"CREATE EXTERNAL TABLE many (a string) STORED AS PARQUET LOCATION '{place}'")
    assert athena.fails("SELECT count(a) FROM many") == f"HIVE_BAD_DATA: Not valid Parquet file: {place}b"
