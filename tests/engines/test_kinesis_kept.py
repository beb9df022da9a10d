"""Streams and their records outlive the lab's process, also one that is killed while producers write.

A record that PutRecords has answered is stored until its retention period ends (Developer Guide, "Change the data
retention period"); AWS has no end of a process.
"""

from __future__ import annotations

import logging
from binascii import b2a_base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localaws.engines.kinesis.log import Line, RecordLog
from tests.conftest import RunningLab, eventually
from tests.engines.kinesis_tools import iterator, make_stream, put, raises, read, wait_until_active
from tests.gateway.disks import small_files

Labs = Callable[..., RunningLab]


def killed_and_started(lab: RunningLab) -> Any:
    lab.kill()
    lab.start()
    return lab.client("kinesis")


def test_a_stream_and_its_settings_are_there_after_a_stop(new_lab: Labs) -> None:
    lab = new_lab()
    kinesis = lab.client("kinesis")
    name = make_stream(kinesis, 2, Tags={"team": "ops"})
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="board")["Consumer"]["ConsumerARN"]
    [first] = put(kinesis, name, b"before")
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
    wait_until_active(kinesis, name)
    described = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    place = iterator(kinesis, name, 1)
    lab.stop()
    lab.start()
    kinesis = lab.client("kinesis")
    assert kinesis.describe_stream(StreamName=name)["StreamDescription"] == described
    assert kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "ops"}]
    registered = kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]
    assert registered["ConsumerStatus"] == "ACTIVE"
    [second] = put(kinesis, name, b"after")
    assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])
    records = kinesis.get_records(ShardIterator=place)["Records"]  # made by the process before
    assert [record["Data"] for record in records] == [b"before", b"after"]
    after = read(kinesis, name, 1, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=first["SequenceNumber"])
    assert after == [b"after"]


def test_a_kill_loses_no_record_that_was_acknowledged(new_lab: Labs) -> None:
    """Each producer writes its numbers in order under a key of its own, and stops where it gets no answer."""
    lab = new_lab()
    name = make_stream(lab.client("kinesis"), None)
    acknowledged = [0] * 4

    def produce(key: int) -> None:
        kinesis = lab.fresh_client("kinesis")
        with suppress(ClientError, BotoCoreError):
            while True:
                put(kinesis, name, b"%d" % acknowledged[key], b"x" * 5000, key=str(key))
                acknowledged[key] += 1

    with ThreadPoolExecutor(4) as threads:
        for key in range(4):
            threads.submit(produce, key)
        eventually(lambda: min(acknowledged) >= 50)
        lab.kill()
    lab.start()
    kinesis = lab.client("kinesis")
    found: dict[str, list[int]] = {}
    for shard in range(4):
        records = kinesis.get_records(ShardIterator=iterator(kinesis, name, shard))["Records"]
        for record in records:
            if len(record["Data"]) < 5000:
                found.setdefault(record["PartitionKey"], []).append(int(record["Data"]))
    for key, count in enumerate(acknowledged):
        numbers = found[str(key)]
        assert numbers == list(range(len(numbers)))
        assert count <= len(numbers) <= count + 1  # the last was on its way


def test_a_record_is_there_after_a_kill_however_new_its_shard_is(new_lab: Labs) -> None:
    lab = new_lab()
    name = make_stream(lab.client("kinesis"))
    put(lab.client("kinesis"), name, b"into a new stream")
    kinesis = killed_and_started(lab)
    assert read(kinesis, name) == [b"into a new stream"]
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
    [stored] = put(kinesis, name, b"into a new shard")
    kinesis = killed_and_started(lab)
    assert read(kinesis, name, int(stored["ShardId"][-3:])) == [b"into a new shard"]


def test_a_deleted_stream_stays_deleted_with_its_records(new_lab: Labs) -> None:
    lab = new_lab()
    kinesis = lab.client("kinesis")
    name = make_stream(kinesis)
    put(kinesis, name, b"old")
    kinesis.delete_stream(StreamName=name)
    kinesis = killed_and_started(lab)
    with raises("ResourceNotFoundException"):
        kinesis.describe_stream_summary(StreamName=name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    wait_until_active(kinesis, name)
    put(kinesis, name, b"new")
    assert read(killed_and_started(lab), name) == [b"new"]


def test_a_full_disk_refuses_records_and_keeps_what_was_stored(new_lab: Labs) -> None:
    """API, "Common errors": InternalFailure, 500."""
    lab = new_lab()
    kinesis = lab.client("kinesis")
    name = make_stream(kinesis)
    put(kinesis, name, b"before")
    with small_files(lab):
        with raises("InternalFailure"):
            put(kinesis, name, b"x" * 500_000)
        assert read(kinesis, name) == [b"before"]
    put(kinesis, name, b"after")
    assert read(kinesis, name) == [b"before", b"after"]
    assert read(killed_and_started(lab), name) == [b"before", b"after"]


def _line(number: int) -> Line:
    data = b2a_base64(b"record %d" % number, newline=False).decode()
    text = f'{{"SequenceNumber":"{number}","ApproximateArrivalTimestamp":{number}.000,"Data":"{data}"}}'
    return Line(text.encode(), 8)


def test_what_a_kill_left_unfinished_is_cut_off_and_damage_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = RecordLog(tmp_path / "shard")
    for number in range(3):
        log.append([_line(number)], float(number))
    [file] = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:30])
    log = RecordLog(tmp_path / "shard", [file])
    assert (log.end, log.time_at(2), file.read_bytes()) == (3, 2.0, whole)
    file.write_bytes(whole.replace(_line(1).text, b"\0" * len(_line(1).text)))
    with caplog.at_level(logging.ERROR):
        log = RecordLog(tmp_path / "shard", [file])
        assert log.end == 3
    assert "is damaged" in caplog.text
    assert log.read(1, 10, 100).text.strip() == _line(2).text
    assert log.read(0, 2, 100).text == _line(0).text
    log.append([_line(3)], 3.0)
    assert RecordLog(tmp_path / "shard", [file]).read(3, 1, 100).text == _line(3).text
