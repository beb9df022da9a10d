"""Firehose delivers what it has acknowledged, also if the lab's process is killed in between.

basic-deliver.html: "Amazon Data Firehose uses at-least-once semantics for data delivery"; retry.html: it tries again
for 24 hours. AWS has no end of a process.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from localaws.engines.firehose.backlog import Backlog, Setting
from localaws.engines.firehose.processing import Record
from tests.conftest import RunningLab, eventually
from tests.engines.kinesis_tools import make_stream, put, raises
from tests.engines.test_firehose import AT_ONCE, ROLE, Streams, partitioning
from tests.gateway.disks import small_files
from tests.gateway.wire import advance

Labs = Callable[..., RunningLab]
LATER = {"SizeInMBs": 128, "IntervalInSeconds": 900}


def killed_and_started(lab: RunningLab) -> Streams:
    lab.kill()
    lab.start()
    return Streams(lab)


def test_what_is_buffered_is_delivered_after_a_kill_when_it_is_due(new_lab: Labs) -> None:
    """Also into a stream that is as new as its records are; and it goes where it was meant to."""
    lab = new_lab()
    streams = Streams(lab)
    first, second = streams.bucket(), streams.bucket()
    stream = streams.make(first, BufferingHints=LATER)
    streams.put(stream, b"one ", b"two")
    streams.firehose.update_destination(
        DeliveryStreamName=stream,
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"BucketARN": f"arn:aws:s3:::{second}"},
    )
    streams.put(stream, b"three")
    streams = killed_and_started(lab)
    streams.put(stream, b" four")
    assert list(streams.delivered(first).values()) == [b"one two"]  # a change of the destination ends its buffers
    assert streams.objects(second) == {}
    advance(lab, 900)
    assert list(streams.delivered(second).values()) == [b"three four"]
    lab.stop()
    lab.start()
    advance(lab, 900)
    assert len(Streams(lab).objects(first)) == 1


def test_a_kill_loses_no_record_that_was_acknowledged(new_lab: Labs) -> None:
    lab = new_lab()
    streams = Streams(lab)
    bucket = streams.bucket()
    stream = streams.make(bucket, Prefix="!{partitionKeyFromQuery:p}/", **partitioning("{p}"))
    acknowledged = [0] * 3

    def produce(key: int) -> None:
        firehose = lab.fresh_client("firehose")
        with suppress(ClientError, BotoCoreError):
            while True:
                data = b'{"p": %d, "n": %d}\n' % (key, acknowledged[key])
                firehose.put_record(DeliveryStreamName=stream, Record={"Data": data})
                acknowledged[key] += 1

    with ThreadPoolExecutor(3) as threads:
        for key in range(3):
            threads.submit(produce, key)
        eventually(lambda: streams.objects(bucket), 30)  # some are delivered, some are not
        lab.kill()
    lab.start()
    streams = Streams(lab)
    wanted = {b'{"p": %d, "n": %d}' % (key, number) for key in range(3) for number in range(acknowledged[key])}
    eventually(lambda: wanted <= {line for body in streams.objects(bucket).values() for line in body.splitlines()}, 30)


def test_a_delivery_is_tried_again_after_a_kill(new_lab: Labs) -> None:
    lab = new_lab()
    streams = Streams(lab)
    stream = streams.make("not-there-yet")
    streams.put(stream, b"patient")
    streams = killed_and_started(lab)
    streams.s3.create_bucket(Bucket="not-there-yet")
    advance(lab, 60)
    assert list(streams.delivered("not-there-yet").values()) == [b"patient"]


def test_a_source_is_read_on_after_a_kill_through_a_resharding(new_lab: Labs) -> None:
    lab = new_lab()
    streams, kinesis = Streams(lab), lab.client("kinesis")
    bucket, source = streams.bucket(), make_stream(lab.client("kinesis"))
    arn = kinesis.describe_stream_summary(StreamName=source)["StreamDescriptionSummary"]["StreamARN"]
    destination = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "BufferingHints": AT_ONCE}
    streams.firehose.create_delivery_stream(
        DeliveryStreamName="reads",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": ROLE},
        ExtendedS3DestinationConfiguration=destination,
    )
    describe = partial(streams.firehose.describe_delivery_stream, DeliveryStreamName="reads")
    eventually(lambda: describe()["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE")
    put(kinesis, source, b"a\n")
    streams.delivered(bucket)
    lab.kill()
    lab.start()
    streams, kinesis = Streams(lab), lab.client("kinesis")
    put(kinesis, source, b"b\n")
    kinesis.split_shard(StreamName=source, ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
    put(kinesis, source, b"c\n")
    lab.kill()
    lab.start()
    streams = Streams(lab)
    eventually(lambda: sorted(b"".join(streams.objects(bucket).values()).split()) == [b"a", b"b", b"c"])


def test_a_deleted_stream_stays_deleted(new_lab: Labs) -> None:
    lab = new_lab()
    streams = Streams(lab)
    stream = streams.make(streams.bucket(), BufferingHints=LATER)
    streams.put(stream, b"never delivered")
    streams.firehose.delete_delivery_stream(DeliveryStreamName=stream)
    streams = killed_and_started(lab)
    with raises("ResourceNotFoundException"):
        streams.firehose.describe_delivery_stream(DeliveryStreamName=stream)
    assert list((lab.directory / "firehose").iterdir()) == []


def test_a_full_disk_refuses_records(new_lab: Labs) -> None:
    """API, "Common errors": InternalFailure."""
    lab = new_lab()
    streams = Streams(lab)
    bucket = streams.bucket()
    stream = streams.make(bucket, BufferingHints=LATER)
    streams.put(stream, b"before ")
    with small_files(lab), raises("InternalFailure"):
        streams.put(stream, b"refused")
    streams.put(stream, b"after")
    streams = killed_and_started(lab)
    advance(lab, 900)
    assert list(streams.delivered(bucket).values()) == [b"before after"]


def test_a_log_forgets_what_is_delivered(tmp_path: Path) -> None:
    path = tmp_path / "log"
    backlog = Backlog(path)
    backlog.restore()
    backlog.set(Setting({"BucketARN": "a"}, "1"))
    for number in range(20):
        records = backlog.accept(
            [Record(b"x" * 500_000, 1.0), Record(b"%d" % number, 1.0)], 2.0, "shard", {"at": number}
        )
        for record in records:
            backlog.part(record)
        backlog.delivered(records[:1])
    assert path.stat().st_size < 7_000_000
    backlog = Backlog(path)
    setting, *kept = backlog.restore()
    assert setting == Setting({"BucketARN": "a"}, "1")
    assert [record.data for record in kept if isinstance(record, Record)] == [b"%d" % n for n in range(20)]
    assert backlog.places == {"shard": {"at": 19}}
