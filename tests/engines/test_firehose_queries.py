"""Firehose's jq programs are a stranger's: what they cannot reach, and that they end.

Source: "Create partitioning keys" (firehose/latest/dev/dynamic-partitioning-partitioning-keys.html).
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.test_firehose import Streams, partitioning, refused

PREFIX = "k=!{partitionKeyFromQuery:k}/"
#: Runs for hours, in a loop that does not look up.
FOREVER = "{k: (if .n == 0 then last(range(1e12)) else .n end)}"


@pytest.fixture(scope="module")
def streams(lab: RunningLab) -> Streams:
    return Streams(lab)


@pytest.mark.parametrize(
    "query",
    [
        'import "lab" as $lab {search: "DIRECTORY"}; {k: $lab[0].secret_access_key}',
        "{k: env.PATH}",
        "{k: $ENV.PATH}",
        '{k: "\\(env | tojson)"}',
        "# a comment ends here\r {k: env.PATH}",
        "{$ENV} | {k: .ENV}",
        "{k: input}",
        "{k: input_filename}",
        '{k: ("lab" | modulemeta)}',
    ],
)
def test_a_query_that_reaches_out_of_its_record_is_refused(streams: Streams, query: str) -> None:
    """A query parses the record; files and the server's environment are not its business."""
    streams.lab.directory.joinpath("lab.jq").write_text("")
    text = query.replace("DIRECTORY", str(streams.lab.directory))
    refused(
        "InvalidArgumentException", "is not supported", streams.make, bucket="b", Prefix=PREFIX, **partitioning(text)
    )


def test_names_of_fields_are_not_calls(streams: Streams) -> None:
    bucket = streams.bucket()
    query = '{k: "\\(.env)-\\({input: 1, env: .include, import: 2} | {env, input} | .env)"} # env'
    stream = streams.make(bucket, Prefix=PREFIX, **partitioning(query))
    streams.put(stream, {"env": "a", "include": "b"})
    (key,) = streams.delivered(bucket)
    assert key.startswith("k=a-b/")


def test_a_program_that_does_not_end_fails_its_record_alone(streams: Streams) -> None:
    """The others of the batch are delivered, no other client waits meanwhile, and nothing is lost."""
    bucket = streams.bucket()
    stream = streams.make(bucket, Prefix=PREFIX, **partitioning(FOREVER))
    streams.put(stream, {"n": 1}, {"n": 0}, {"n": 2})
    slowest = 0.0
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        started = time.monotonic()
        streams.s3.list_objects_v2(Bucket=bucket)
        slowest = max(slowest, time.monotonic() - started)
    assert slowest < 1
    objects = streams.delivered(bucket, 3)
    assert {key.rpartition("/")[0] for key in objects} == {"k=1", "k=2", "errors/processing-failed"}
    (failure,) = [json.loads(body) for key, body in objects.items() if key.startswith("errors")]
    assert failure["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"
    assert "takes longer than" in failure["errorMessage"]


@pytest.mark.parametrize("query", ["[range(1e9)] | {k: length}", '{k: ("x" * (.n * 1e9))}', "def f: [f]; {k: f}"])
def test_a_program_that_wants_all_memory_fails(streams: Streams, query: str) -> None:
    bucket = streams.bucket()
    stream = streams.make(bucket, Prefix=PREFIX, **partitioning(query))
    streams.put(stream, {"n": 1})
    ((key, _),) = streams.delivered(bucket).items()
    assert key.startswith("errors/processing-failed")


def test_a_program_too_deep_for_jq_is_longer_than_any_may_be(streams: Streams) -> None:
    """API reference, ProcessorParameter: ParameterValue has at most 5,120 letters."""
    query = "(" * 100_000 + "." + ")" * 100_000
    refused(
        "ValidationException",
        "less than or equal to 5120",
        streams.make,
        bucket="b",
        Prefix=PREFIX,
        **partitioning(query),
    )


def test_a_lab_stops_while_programs_run(new_lab: object, tmp_path: Path) -> None:
    """What was acknowledged comes to its end after the next start."""
    lab: RunningLab = new_lab("stopped")  # type: ignore[operator]
    streams = Streams(lab)
    bucket = streams.bucket()
    stream = streams.make(bucket, Prefix=PREFIX, **partitioning(FOREVER))
    streams.put(stream, {"n": 0})
    time.sleep(0.3)
    started = time.monotonic()
    lab.stop()
    assert time.monotonic() - started < 5
    lab.start()
    (body,) = eventually(lambda: Streams(lab).objects(bucket), 60).values()
    assert body.count(b"rawData") == 1
