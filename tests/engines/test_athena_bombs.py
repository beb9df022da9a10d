"""Athena under attack by files that are much larger, or much deeper, than they look.

Athena ends a query that takes too much ("Troubleshoot Athena"), and one that reads a line which is too long
("Considerations and limitations for SQL queries": TextLineLengthLimitExceededException); nobody else notices.
"""

from __future__ import annotations

import bz2
import gzip
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena

#: Bytes that the lab's own process may take beyond what it has when it starts, whatever a query reads.
MOST_IN_LAB = 200 << 20
CSV = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"
JSON = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
REGEX = "ROW FORMAT SERDE 'com.amazonaws.glue.serde.RegexSerDe' WITH SERDEPROPERTIES ('input.regex' = '(.*)')"
OPEN_CSV = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
CLOUDTRAIL = """ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
    STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
    OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'"""
_PART, _PARTS = b"0" * (20 << 20), 30


def gzipped(beginning: bytes = b"", end: bytes = b"") -> bytes:
    return gzip.compress(beginning) + gzip.compress(_PART) * _PARTS + gzip.compress(end)


def zstandard() -> bytes:
    made = pa.BufferOutputStream()
    with pa.CompressedOutputStream(made, "zstd") as file:
        for _ in range(_PARTS):
            file.write(_PART)
    return bytes(made.getvalue().to_pybytes())


def bzipped() -> bytes:
    return bz2.compress(_PART) * _PARTS


def snappy() -> bytes:
    """Hadoop's blocks."""
    packed = pa.Codec("snappy").compress(_PART, asbytes=True)
    return (struct.pack(">II", len(_PART), len(packed)) + packed) * _PARTS


def lab_memory(lab: RunningLab) -> int:
    """The most that the lab's own process ever had, in bytes."""
    status = Path(f"/proc/{lab.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


TOO_LONG = "TextLineLengthLimitExceededException: Too many bytes before newline"
#: A table's layout, how the object's key ends, what makes the object, what the query's failure tells.
BOMBS: dict[str, tuple[str, str, Callable[[], bytes], str]] = {
    "gz": (CSV, "gz", gzipped, TOO_LONG),
    "later": (CSV, "gz", lambda: gzipped(b"a,b\n", b"\nc,d\n"), TOO_LONG),
    "zstd": (CSV, "zst", zstandard, TOO_LONG),
    "bz2": (CSV, "bz2", bzipped, TOO_LONG),
    "snappy": (CSV, "snappy", snappy, TOO_LONG),
    "json": (JSON, "gz", gzipped, TOO_LONG),
    "crammed": (JSON, "gz", lambda: gzipped(b'{"line": 1} {"line": 2}\n'), TOO_LONG),
    "encoding": (OPEN_CSV, "gz", lambda: gzipped(b"\xff\n"), TOO_LONG),
    "regex": (REGEX, "gz", gzipped, TOO_LONG),
}


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    lab = RunningLab(tmp_path_factory.mktemp("bombs"))
    athena = Athena(lab, "athena-bombs", "bombs")
    athena("SELECT 1")
    yield athena
    lab.stop()


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_its_query_alone(athena: Athena, bomb: str) -> None:
    """A few kilobytes that are 600 MB of one line, once they are unpacked."""
    layout, suffix, make, reason = BOMBS[bomb]
    before = lab_memory(athena.lab)
    athena.put(f"{bomb}/bomb.{suffix}", make())
    athena(f"CREATE EXTERNAL TABLE {bomb} (line string) {layout} LOCATION 's3://{athena.bucket}/{bomb}/'")
    with ThreadPoolExecutor() as threads:
        query = threads.submit(athena.fails, f"SELECT count(line) FROM {bomb}")
        while not query.done():
            athena.s3.list_buckets()
            time.sleep(0.05)
    assert reason in query.result()
    assert lab_memory(athena.lab) - before < MOST_IN_LAB
    assert athena("SELECT 1").rows == [("1",)]
