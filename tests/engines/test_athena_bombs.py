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
from botocore.exceptions import ClientError

from localaws.engines.athena.backend import LONGEST
from localaws.engines.athena.errors import athena_error
from localaws.engines.athena.functions import natives
from localaws.lake.errors import QueryFailure
from localaws.lake.processes.pool import Pool
from localaws.lake.runtime import Session
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


def gzipped(beginning: bytes = b"") -> bytes:
    return gzip.compress(beginning) + gzip.compress(_PART) * _PARTS


def zstd(data: bytes) -> bytes:
    made = pa.BufferOutputStream()
    with pa.CompressedOutputStream(made, "zstd") as file:
        file.write(data)
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
    "zstd": (CSV, "zst", lambda: zstd(_PART) * _PARTS, TOO_LONG),
    "bz2": (CSV, "bz2", bzipped, TOO_LONG),
    "snappy": (CSV, "snappy", snappy, TOO_LONG),
    "json": (JSON, "gz", gzipped, TOO_LONG),
    "crammed": (JSON, "gz", lambda: gzipped(b'{"line": 1} {"line": 2}\n'), TOO_LONG),
    "encoding": (OPEN_CSV, "gz", lambda: gzipped(b"\xff\n"), TOO_LONG),
    "regex": (REGEX, "gz", gzipped, TOO_LONG),
}


def fails_alone(athena: Athena, sql: str, reason: str, before: int) -> None:
    """*sql* fails; meanwhile others are answered, and the lab's process stays near the bytes it had *before*."""
    with ThreadPoolExecutor() as threads:
        query = threads.submit(athena.fails, sql)
        while not query.done():
            athena.s3.list_buckets()
            time.sleep(0.05)
    assert reason in query.result()
    assert lab_memory(athena.lab) - before < MOST_IN_LAB
    assert athena("SELECT 1").rows == [("1",)]


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
    fails_alone(athena, f"SELECT count(line) FROM {bomb}", reason, before)


def nested(depth: int) -> bytes:
    """A record in which a key is spelt in two ways, so that it has to be written anew, and objects within objects."""
    return b'{"line": "a", "LINE2": 1}\n{"Line": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}\n"


def test_deep_json_is_read_as_far_as_it_is_wanted(athena: Athena) -> None:
    athena.put("deep/deep.json", nested(5_000))
    athena(f"CREATE EXTERNAL TABLE deep (line string) {JSON} LOCATION 's3://{athena.bucket}/deep/'")
    assert athena("SELECT count(line) FROM deep").rows == [("2",)]


def test_a_page_of_results_is_bounded(athena: Athena) -> None:
    """A page may have fewer rows than were asked for (GetQueryResults, MaxResults); the next one goes on from there."""
    before = lab_memory(athena.lab)
    query = athena.start("SELECT x, rpad('', 1000000, 'x') FROM UNNEST(sequence(1, 24)) t(x)")
    assert athena.wait(query)["Status"]["State"] == "SUCCEEDED"
    pages = list(athena.client.get_paginator("get_query_results").paginate(QueryExecutionId=query))
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]][1:]
    assert sorted(int(row[0]["VarCharValue"]) for row in rows) == list(range(1, 25))
    assert {row[1]["VarCharValue"] for row in rows} == {"x" * 1_000_000}
    assert len(pages) == 3
    assert lab_memory(athena.lab) - before < MOST_IN_LAB


def test_a_row_that_is_too_large_for_a_page_is_refused(athena: Athena) -> None:
    """A row has at most 32 MB ("Considerations and limitations for SQL queries")."""
    before = lab_memory(athena.lab)
    query = athena.start("SELECT array_join(repeat(rpad('a', 1000000, 'x'), 80), '')")
    status = athena.wait(query)["Status"]
    assert status["State"] == "SUCCEEDED", status
    first = athena.client.get_query_results(QueryExecutionId=query)
    assert [row["Data"][0]["VarCharValue"] for row in first["ResultSet"]["Rows"]] == ["_col0"]
    with pytest.raises(ClientError, match=r"InvalidRequestException.*32 MB"):
        athena.client.get_query_results(QueryExecutionId=query, NextToken=first["NextToken"])
    with pytest.raises(ClientError, match=r"InvalidRequestException.*NextToken"):
        athena.client.get_query_results(QueryExecutionId=query, NextToken="-1")
    assert lab_memory(athena.lab) - before < MOST_IN_LAB


def test_a_query_ends_when_its_time_is_over(tmp_path: Path) -> None:
    """ "Service quotas": a DML query has 30 minutes, one of DDL 600. "Athena error catalog": 206, query timed out."""
    assert LONGEST == {"DML": 1800, "DDL": 36_000}
    pool = Pool(tmp_path, tmp_path, natives.__name__)
    session = Session(pool, tmp_path / "query", 0.5)
    with pytest.raises(QueryFailure, match=r"^Query timeout$") as failure:
        session.run("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 9")
    assert athena_error(failure.value)["ErrorType"] == 206
    session.close()
    pool.close()
