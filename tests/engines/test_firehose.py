"""Amazon Data Firehose, through boto3 over the socket: buffers, prefixes, compression, partitions, failures.

Every test names the page of the developer guide (docs.aws.amazon.com/firehose/latest/dev/…) that it holds to.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import struct
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.wire import advance
from tests.roles import role

ROLE = "arn:aws:iam::123456789012:role/firehose"
AT_ONCE = {"SizeInMBs": 1, "IntervalInSeconds": 0}
#: Dynamic partitioning and conversion demand 64 MiB, and partitioning an interval.
PARTITIONED = {"SizeInMBs": 64, "IntervalInSeconds": 1}
ERRORS = "errors/!{firehose:error-output-type}/"


class Streams:
    """Makes streams into buckets of their own."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab
        role(lab, "firehose")
        self.firehose = lab.client("firehose")
        self.s3 = lab.client("s3")

    def bucket(self) -> str:
        name = f"fh-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=name)
        return name

    def make(self, bucket: str, **config: Any) -> str:
        name = f"to-{bucket}"
        destination = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "BufferingHints": AT_ONCE, **config}
        self.firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)
        return name

    def put(self, stream: str, *data: bytes | dict[str, Any]) -> None:
        records = [{"Data": each if isinstance(each, bytes) else json.dumps(each).encode()} for each in data]
        answer = self.firehose.put_record_batch(DeliveryStreamName=stream, Records=records)
        assert answer["FailedPutCount"] == 0

    def objects(self, bucket: str) -> dict[str, bytes]:
        listed = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {item["Key"]: self.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}

    def delivered(self, bucket: str, count: int = 1) -> dict[str, bytes]:
        """The objects of *bucket*, once there are *count*."""
        return eventually(lambda: found if len(found := self.objects(bucket)) >= count else None)


@pytest.fixture(scope="module")
def streams(lab: RunningLab) -> Streams:
    return Streams(lab)


def refused(code: str, text: str, action: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        action(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]


def test_records_are_concatenated_as_they_are_under_the_hour(streams: Streams) -> None:
    """basic-deliver.html: no delimiter is added; s3-object-name.html: YYYY/MM/dd/HH/ and the name's parts."""
    bucket = streams.bucket()
    stream = streams.make(bucket, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 1})
    assert len(streams.firehose.put_record(DeliveryStreamName=stream, Record={"Data": b"one"})["RecordId"]) > 20
    streams.put(stream, b"two", b"three\n")
    ((key, body),) = streams.delivered(bucket).items()
    assert body == b"onetwothree\n"
    moment = re.fullmatch(
        rf"(\d{{4}}/\d\d/\d\d/\d\d)/{stream}-1-(\d{{4}}-\d\d-\d\d-\d\d-\d\d-\d\d)-[0-9a-f-]{{36}}", key
    )
    assert moment
    arrived = datetime.strptime(moment[2], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
    assert arrived.strftime("%Y/%m/%d/%H") == moment[1]
    assert abs(arrived - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_full_buffer_does_not_wait_for_its_interval(streams: Streams) -> None:
    """buffering-hints.html: size or interval, whichever is met first."""
    bucket = streams.bucket()
    stream = streams.make(bucket, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    for _ in range(3):
        streams.put(stream, b"x" * 400_000)
    streams.put(stream, b"stays in the buffer")
    ((_, body),) = streams.delivered(bucket).items()
    assert body == b"x" * 1_200_000


def test_the_interval_passes_on_the_labs_clock(new_lab: Callable[..., RunningLab]) -> None:
    """A lesson need not wait 15 minutes; nor do the credentials of the stream's role outlive their hour."""
    lab = new_lab()
    streams = Streams(lab)
    bucket = streams.bucket()
    stream = streams.make(bucket, BufferingHints={"SizeInMBs": 128, "IntervalInSeconds": 900})
    for count in (1, 2):
        streams.put(stream, b"late")
        assert len(streams.objects(bucket)) == count - 1
        advance(lab, 2 * 3600)
        streams.delivered(bucket, count)


def test_deleting_a_stream_deletes_its_data(streams: Streams) -> None:
    """API DeleteDeliveryStream: "Deletes a Firehose stream and its data"."""
    bucket = streams.bucket()
    stream = streams.make(bucket, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    streams.put(stream, b"lost")
    streams.firehose.delete_delivery_stream(DeliveryStreamName=stream)
    put = streams.firehose.put_record
    refused("ResourceNotFoundException", stream, put, DeliveryStreamName=stream, Record={"Data": b"x"})
    assert streams.objects(bucket) == {}


@pytest.mark.parametrize(
    ("compression", "extension", "unpack"),
    [
        ("GZIP", ".gz", gzip.decompress),
        ("ZIP", ".zip", lambda body: (z := zipfile.ZipFile(io.BytesIO(body))).read(z.namelist()[0])),
        ("Snappy", ".snappy", lambda body: unframe(body)),
        ("HADOOP_SNAPPY", ".hsnappy", lambda body: unblock(body)),
    ],
)
def test_compression(streams: Streams, compression: str, extension: str, unpack: Callable[[bytes], bytes]) -> None:
    """s3-object-name.html: the extension tells the format."""
    bucket = streams.bucket()
    stream = streams.make(bucket, CompressionFormat=compression)
    data = b"departures " * 30_000
    streams.put(stream, data)
    ((key, body),) = streams.delivered(bucket).items()
    assert key.endswith(extension)
    assert unpack(body) == data
    assert len(body) < len(data) / 5


def unframe(body: bytes) -> bytes:
    """Google's snappy/framing_format.txt."""
    assert body.startswith(b"\xff\x06\x00\x00sNaPpY")
    position, blocks = 10, []
    while position < len(body):
        length = int.from_bytes(body[position + 1 : position + 4], "little")
        packed = body[position + 8 : position + 4 + length]
        blocks.append(unsnap(packed))
        position += 4 + length
    return b"".join(blocks)


def unblock(body: bytes) -> bytes:
    """Hadoop's BlockCompressorStream."""
    position, blocks = 0, []
    while position < len(body):
        _, length = struct.unpack_from(">II", body, position)
        blocks.append(unsnap(body[position + 8 : position + 8 + length]))
        position += 8 + length
    return b"".join(blocks)


def unsnap(packed: bytes) -> bytes:
    """A raw Snappy block, which begins with its length in base 128."""
    size = shift = 0
    for byte in packed:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return bytes(pa.Codec("snappy").decompress(packed, size))


def test_custom_prefix_time_zone_and_extension(streams: Streams) -> None:
    """s3-prefixes.html: Java patterns, quoted text, random-string; s3-object-name.html: CustomTimeZone."""
    bucket = streams.bucket()
    before = datetime.now(ZoneInfo("Asia/Tokyo"))
    stream = streams.make(
        bucket,
        Prefix="in/!{timestamp:'year='yyyy'/month='MM}/!{timestamp:EEE}/!{firehose:random-string}/",
        ErrorOutputPrefix=ERRORS,
        CustomTimeZone="Asia/Tokyo",
        FileExtension=".json",
    )
    streams.put(stream, b"{}")
    (key,) = streams.delivered(bucket)
    assert re.fullmatch(before.strftime("in/year=%Y/month=%m/%a/") + rf"[0-9a-f-]{{11}}/{stream}-1-.*\.json", key)
    assert before.strftime("-%Y-%m-%d-%H-") in key


def partitioning(query: str, *others: dict[str, Any]) -> dict[str, Any]:
    parameters = {"MetadataExtractionQuery": query, "JsonParsingEngine": "JQ-1.6"}
    extraction = {
        "Type": "MetadataExtraction",
        "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()],
    }
    return {
        "BufferingHints": PARTITIONED,
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {"Enabled": True, "Processors": [*others, extraction]},
        "ErrorOutputPrefix": ERRORS,
    }


def test_dynamic_partitioning(streams: Streams) -> None:
    """dynamic-partitioning.html: an object for each value of the keys; records without one go to the error prefix."""
    bucket = streams.bucket()
    deaggregation = {
        "Type": "RecordDeAggregation",
        "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}],
    }
    stream = streams.make(
        bucket,
        Prefix="origin=!{partitionKeyFromQuery:origin}/year=!{partitionKeyFromQuery:year}/",
        **partitioning(
            '{origin: .origin, year: .time | strftime("%Y")}', deaggregation, {"Type": "AppendDelimiterToRecord"}
        ),
    )
    time = 1357034400  # 2013-01-01T10:00:00Z
    aggregated = b'{"origin": "EWR", "time": %d}{"origin": "JFK", "time": %d}' % (time, time)
    bad = [b'{"time": 1357034400}', b"not json", b'{"origin": "", "time": 1357034400}']
    streams.put(stream, aggregated, b'{"origin":"EWR","time":%d}' % (time + 1), *bad)
    objects = streams.delivered(bucket, 3)
    by_folder = {key.rpartition("/")[0]: body for key, body in objects.items()}
    assert by_folder["origin=EWR/year=2013"] == b'{"origin": "EWR", "time": %d}\n{"origin":"EWR","time":%d}\n' % (
        time,
        time + 1,
    )
    assert by_folder["origin=JFK/year=2013"] == b'{"origin": "JFK", "time": %d}\n' % time
    failures = [json.loads(line) for line in by_folder["errors/processing-failed"].splitlines()]
    assert [base64.b64decode(failure["rawData"]) for failure in failures] == bad
    assert {failure["errorCode"] for failure in failures} == {"DynamicPartitioning.MetadataExtractionFailed"}
    assert failures[2]["errorMessage"] == "partitionKeys values must not be null or empty"
    assert set(failures[0]) == {
        "rawData", "errorCode", "errorMessage", "attemptsMade", "arrivalTimestamp", "attemptEndingTimestamp"
    }  # fmt: skip


def test_no_more_than_500_active_partitions(streams: Streams) -> None:
    """dynamic-partitioning.html: "the rest of the records are delivered to the specified S3 error bucket prefix"."""
    bucket = streams.bucket()
    stream = streams.make(bucket, Prefix="!{partitionKeyFromQuery:id}/", **partitioning("{id: .id}"))
    for start in (0, 260):
        streams.put(stream, *({"id": number} for number in range(start, start + 260)))

    def keys_of_all() -> list[str]:
        keys = [item["Key"] for page in pages(streams, bucket) for item in page]
        return keys if len(keys) == 501 else []

    keys = eventually(keys_of_all, 50)
    (errors,) = [key for key in keys if key.startswith("errors/")]
    body = streams.s3.get_object(Bucket=bucket, Key=errors)["Body"].read()
    assert len(body.splitlines()) == 20


def pages(streams: Streams, bucket: str) -> list[list[dict[str, Any]]]:
    paginator = streams.s3.get_paginator("list_objects_v2")
    return [page.get("Contents", []) for page in paginator.paginate(Bucket=bucket)]


def test_backup_keeps_the_records_as_they_came(streams: Streams) -> None:
    """create-destination.html: with S3 backup, the source records go to the backup bucket untransformed."""
    bucket, raw = streams.bucket(), streams.bucket()
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{raw}", "BufferingHints": AT_ONCE, "Prefix": "raw/"}
    stream = streams.make(
        bucket,
        ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord"}]},
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    streams.put(stream, b"a", b"b")
    assert b"".join(streams.delivered(bucket).values()) == b"a\nb\n"
    assert b"".join(streams.delivered(raw).values()) == b"ab"
    assert next(iter(streams.objects(raw))).startswith("raw/20")


def test_delivery_is_tried_again_until_the_bucket_is_there(streams: Streams) -> None:
    """retry.html: S3 failures are retried for up to 24 hours; monitoring-with-cloudwatch-logs.html: errors logged."""
    bucket = f"fh-{uuid.uuid4().hex[:12]}"
    logs = streams.lab.client("logs")
    logs.create_log_group(logGroupName=bucket)
    logs.create_log_stream(logGroupName=bucket, logStreamName="S3Delivery")
    options = {"Enabled": True, "LogGroupName": bucket, "LogStreamName": "S3Delivery"}
    stream = streams.make(bucket, CloudWatchLoggingOptions=options)
    streams.put(stream, b"patience")
    (event, *_) = eventually(lambda: logs.get_log_events(logGroupName=bucket, logStreamName="S3Delivery")["events"])
    assert json.loads(event["message"])["errorCode"] == "S3.NoSuchBucket"
    streams.s3.create_bucket(Bucket=bucket)
    assert list(streams.delivered(bucket).values()) == [b"patience"]


def test_an_update_merges_and_counts_the_version(streams: Streams) -> None:
    """API UpdateDestination: parameters not given stay; s3-object-name.html: the version is part of the name."""
    bucket = streams.bucket()
    stream = streams.make(bucket, Prefix="old/")
    streams.firehose.update_destination(
        DeliveryStreamName=stream,
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "new/"},
    )
    streams.put(stream, b"x")
    (key,) = streams.delivered(bucket)
    assert key.startswith("new/20")
    assert f"{stream}-2-" in key
    described = streams.firehose.describe_delivery_stream(DeliveryStreamName=stream)["DeliveryStreamDescription"]
    assert (described["VersionId"], described["DeliveryStreamStatus"]) == ("2", "ACTIVE")
    destination = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (destination["Prefix"], destination["RoleARN"]) == ("new/", ROLE)
    assert destination["BufferingHints"] == AT_ONCE
    refused(
        "ConcurrentModificationException",
        "version",
        streams.firehose.update_destination,
        DeliveryStreamName=stream,
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"Prefix": "newer/"},
    )


def test_limits_of_a_put(streams: Streams) -> None:
    """limits.html: 1,000 KiB a record, 500 records and 4 MiB a batch."""
    stream = streams.make(streams.bucket())
    put, batch = streams.firehose.put_record, streams.firehose.put_record_batch
    largest = b"x" * 1_024_000
    put(DeliveryStreamName=stream, Record={"Data": largest})
    refused("ValidationException", "1024000", put, DeliveryStreamName=stream, Record={"Data": largest + b"x"})
    refused("ValidationException", "500", batch, DeliveryStreamName=stream, Records=[{"Data": b"x"}] * 501)
    refused("InvalidArgumentException", "4 MB", batch, DeliveryStreamName=stream, Records=[{"Data": largest}] * 5)
    refused("ResourceNotFoundException", "nowhere", put, DeliveryStreamName="nowhere", Record={"Data": b"x"})


def test_what_a_put_is_billed(streams: Streams) -> None:
    """aws.amazon.com/firehose/pricing: every record is rounded up to 5 KB."""
    stream = streams.make(streams.bucket())
    streams.put(stream, b"x", b"y" * 5120, b"z" * 5121)
    puts = [call for call in streams.lab.calls() if call["operation"] == "PutRecordBatch"]
    [call] = [call for call in puts if call["resources"][0].endswith(f"/{stream}")]
    assert call["units"] == {"firehose:billed_bytes": 4 * 5120}


def test_metrics(streams: Streams) -> None:
    """monitoring-with-cloudwatch-metrics.html."""
    bucket = streams.bucket()
    stream = streams.make(bucket)
    streams.put(stream, b"12345", b"67890")
    streams.delivered(bucket)
    cloudwatch = streams.lab.client("cloudwatch")

    def total(metric: str) -> float | None:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/Firehose",
            MetricName=metric,
            Dimensions=[{"Name": "DeliveryStreamName", "Value": stream}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points) if points else None

    for metric, value in (
        ("IncomingRecords", 2),
        ("IncomingBytes", 10),
        ("DeliveryToS3.Records", 2),
        ("DeliveryToS3.Bytes", 10),
        ("DeliveryToS3.Success", 1),
    ):
        assert eventually(partial(total, metric)) == value
    assert eventually(lambda: total("DeliveryToS3.DataFreshness") is not None)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix cannot be null or empty when Prefix contains"),
        ({"Prefix": "!{firehose:error-output-type}/", "ErrorOutputPrefix": ERRORS}, "Prefix cannot contain"),
        ({"ErrorOutputPrefix": "!{timestamp:yyyy}/"}, "must contain at least one !{firehose:error-output-type}"),
        ({"Prefix": "a!{b/", "ErrorOutputPrefix": ERRORS}, "can only appear in !{namespace:value}"),
        ({"Prefix": "!{timestamp:bogus}/", "ErrorOutputPrefix": ERRORS}, "date pattern letters"),
        ({"Prefix": "!{partitionKeyFromQuery:a}/", "ErrorOutputPrefix": ERRORS}, "Dynamic Partitioning is enabled"),
        ({**partitioning("{a: .a}"), "Prefix": "flat/"}, "S3 Prefix should contain Dynamic Partitioning namespaces"),
        ({**partitioning("{a: ]"), "Prefix": "!{partitionKeyFromQuery:a}/"}, "not valid jq"),
        (
            {**partitioning("{a: .a}"), "Prefix": "!{partitionKeyFromQuery:a}/", "BufferingHints": AT_ONCE},
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
        ),
        ({"BufferingHints": {"IntervalInSeconds": 60}}, "both SizeInMBs and IntervalInSeconds"),
        ({"CustomTimeZone": "Mars/Olympus"}, "not a time zone"),
        ({"S3BackupMode": "Enabled"}, "S3BackupConfiguration"),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda"}]}},
            "has no Lambda processor",
        ),
    ],
)
def test_destinations_that_are_refused(streams: Streams, config: dict[str, Any], text: str) -> None:
    """s3-prefixes.html, dynamic-partitioning.html and buffering-hints.html; last, what this lab would pretend."""
    with pytest.raises(ClientError) as caught:
        streams.make("fh-refused", **config)
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"
    assert text in caught.value.response["Error"]["Message"]


def test_other_destinations_are_refused_rather_than_pretended(streams: Streams) -> None:
    endpoint = {
        "EndpointConfiguration": {"Url": "https://example.com"},
        "S3Configuration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"},
    }
    create = streams.firehose.create_delivery_stream
    refused(
        "InvalidArgumentException",
        "delivers to S3 only",
        create,
        DeliveryStreamName="elsewhere",
        HttpEndpointDestinationConfiguration=endpoint,
    )
    assert "elsewhere" not in streams.firehose.list_delivery_streams(Limit=100)["DeliveryStreamNames"]


def test_a_plain_s3_destination_is_described_as_both(streams: Streams) -> None:
    """API S3DestinationConfiguration; buffering-hints.html: 5 MiB and 300 seconds unless said otherwise."""
    bucket = streams.bucket()
    streams.firehose.create_delivery_stream(
        DeliveryStreamName=bucket,
        S3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"},
    )
    described = streams.firehose.describe_delivery_stream(DeliveryStreamName=bucket)["DeliveryStreamDescription"]
    assert described["DeliveryStreamType"] == "DirectPut"
    for kind in ("S3DestinationDescription", "ExtendedS3DestinationDescription"):
        description = described["Destinations"][0][kind]
        assert description["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
        assert description["CompressionFormat"] == "UNCOMPRESSED"


def test_a_stream_of_the_same_name_and_tags(streams: Streams) -> None:
    """API CreateDeliveryStream: ResourceInUseException; TagDeliveryStream."""
    bucket = streams.bucket()
    stream = streams.make(bucket)
    with pytest.raises(ClientError) as caught:
        streams.make(bucket)
    assert caught.value.response["Error"]["Code"] == "ResourceInUseException"
    tag = {"Key": "course", "Value": "de"}
    streams.firehose.tag_delivery_stream(DeliveryStreamName=stream, Tags=[tag])
    assert streams.firehose.list_tags_for_delivery_stream(DeliveryStreamName=stream)["Tags"] == [tag]
