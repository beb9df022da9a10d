"""Firehose's conversions are steered by a stranger's records and table: they end, and hold up nobody.

Names of pages are those of the developer guide, docs.aws.amazon.com/firehose/latest/dev/….
"""

from __future__ import annotations

import base64
import io
import json
import time
import uuid
from collections.abc import Callable, Iterator

import psutil
import pytest
from pyarrow import parquet

from tests.conftest import RunningLab, eventually
from tests.engines.test_firehose import Streams, refused
from tests.engines.test_firehose_conversion import columnar, conversion

#: In one record half a million JSON documents, which the table below has thousands of columns for.
BOMB = b"{}" * 500_000
COLUMNS = {"n": "int", "s": "string", "t": "timestamp"} | {f"c{number}": "string" for number in range(4000)}


def database_of(lab: RunningLab, columns: dict[str, str]) -> str:
    """A new database with a table ``flights`` that has these *columns*."""
    glue = lab.client("glue")
    name = f"db{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    storage = {"Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()]}
    glue.create_table(DatabaseName=name, TableInput={"Name": "flights", "StorageDescriptor": storage})
    return name


@pytest.fixture(scope="module")
def streams(lab: RunningLab) -> Streams:
    return Streams(lab)


@pytest.fixture(scope="module")
def database(streams: Streams) -> Iterator[str]:
    name = database_of(streams.lab, COLUMNS)
    yield name
    streams.lab.client("glue").delete_database(Name=name)


def converting(lab: RunningLab) -> list[psutil.Process]:
    """The children of *lab* that convert records."""
    return [child for child in psutil.Process(lab.pid).children() if _is_conversion(child)]


def _is_conversion(process: psutil.Process) -> bool:
    try:
        return any("columnar" in word for word in process.cmdline())
    except psutil.Error:
        return False


def test_a_record_that_takes_too_much_fails_alone(streams: Streams, database: str) -> None:
    """record-format-conversion-error-handling.html: it goes to the error prefix, and nobody waits meanwhile."""
    bucket = streams.bucket()
    stream = columnar(streams, bucket, conversion(database), interval=1)
    before = psutil.Process(streams.lab.pid).memory_info().rss
    streams.put(stream, b'{"n": 1}', BOMB, b'{"n": 2}')
    sts = streams.lab.client("sts")
    slowest = most = 0.0
    deadline = time.monotonic() + 60
    while len(objects := _keys(streams, bucket)) < 3 and time.monotonic() < deadline:
        started = time.monotonic()
        sts.get_caller_identity()
        slowest = max(slowest, time.monotonic() - started)
        most = max(most, psutil.Process(streams.lab.pid).memory_info().rss - before)
        time.sleep(0.1)
    assert len(objects) == 3
    assert slowest < 2.5
    assert most < 500 << 20
    delivered = streams.objects(bucket)
    files = [parquet.read_table(io.BytesIO(body)) for key, body in delivered.items() if key.startswith("flights/")]
    assert sorted(number for file in files for number in file["n"].to_pylist()) == [1, 2]
    (failure,) = [json.loads(body) for key, body in delivered.items() if key.startswith("errors/")]
    assert base64.b64decode(failure["rawData"]) == BOMB
    assert "The conversion was ended: it " in failure["lastErrorMessage"]


def _keys(streams: Streams, bucket: str) -> list[str]:
    return [item["Key"] for item in streams.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_records_that_have_no_value_fail_alone(streams: Streams, database: str) -> None:
    """record-format-conversion-error-handling.html: the other records of their batch are delivered."""
    bucket = streams.bucket()
    stream = columnar(streams, bucket, conversion(database), interval=1)
    bad = [
        b'{"s": "\\ud800"}',  # half a letter
        b'{"t": 1e99999999}',
        b'{"t": 1e999990}',
        b'{"n": 1%s}' % (b"0" * 900_000),
        b'{"s": %s%s}' % (b"[" * 100_000, b"]" * 100_000),
    ]
    streams.put(stream, *bad, b'{"n": 1}')
    objects = streams.delivered(bucket, 2)
    (file,) = [body for key, body in objects.items() if key.startswith("flights/")]
    assert parquet.read_table(io.BytesIO(file))["n"].to_pylist() == [1]
    (errors,) = [body for key, body in objects.items() if key.startswith("errors/")]
    failures = [json.loads(line) for line in errors.splitlines()]
    assert [base64.b64decode(failure["rawData"]) for failure in failures] == bad
    assert max(len(failure["lastErrorMessage"]) for failure in failures) < 1000


def test_a_conversion_ends_with_its_stream(streams: Streams, database: str) -> None:
    """API DeleteDeliveryStream: "deletes a Firehose stream and its data"."""
    bucket = streams.bucket()
    stream = columnar(streams, bucket, conversion(database))
    streams.put(stream, BOMB, BOMB, BOMB)
    busy = eventually(lambda: [each for each in converting(streams.lab) if _works(each)], 30)
    streams.firehose.delete_delivery_stream(DeliveryStreamName=stream)
    eventually(lambda: not any(each.is_running() and _works(each) for each in busy), 10)
    assert _keys(streams, bucket) == []


def _works(process: psutil.Process) -> bool:
    try:
        return process.cpu_percent(0.2) > 10
    except psutil.Error:
        return False


def test_a_lab_stops_while_records_are_converted(new_lab: Callable[..., RunningLab]) -> None:
    """What was acknowledged is converted after the next start."""
    lab = new_lab("stopped")
    streams = Streams(lab)
    bucket = streams.bucket()
    stream = columnar(streams, bucket, conversion(database_of(lab, COLUMNS)))
    streams.put(stream, BOMB)
    time.sleep(1)
    started = time.monotonic()
    lab.stop()
    assert time.monotonic() - started < 5
    lab.start()
    (body,) = eventually(lambda: Streams(lab).objects(bucket), 60).values()
    assert base64.b64decode(json.loads(body)["rawData"]) == BOMB


def test_a_date_pattern_names_a_field_once(streams: Streams, database: str) -> None:
    """No pattern that is accepted when a stream is made can fail each of its records later."""
    hive = {"HiveJsonSerDe": {"TimestampFormats": ["yyyy yyyy"]}}
    configuration = conversion(database, deserializer=hive)
    refused("InvalidArgumentException", "but once", columnar, streams=streams, bucket="b", configuration=configuration)
