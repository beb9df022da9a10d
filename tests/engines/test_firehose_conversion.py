"""Firehose's conversion of JSON to Parquet and ORC by a Glue table, and its Kinesis source; through boto3.

Names of pages are those of the developer guide, docs.aws.amazon.com/firehose/latest/dev/….
"""

from __future__ import annotations

import base64
import io
import json
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyarrow import orc, parquet

from tests.conftest import RunningLab, eventually
from tests.engines.test_firehose import AT_ONCE, ERRORS, ROLE, Streams

COLUMNS = {
    "flight": "int",
    "tailnum": "string",
    "delay": "double",
    "fare": "decimal(6,2)",
    "cancelled": "boolean",
    "day": "date",
    "departed": "timestamp",
    "stops": "array<string>",
    "plane": "struct<model:string,seats:int>",
    "codes": "map<string,smallint>",
}


@pytest.fixture(scope="module")
def streams(lab: RunningLab) -> Streams:
    return Streams(lab)


@pytest.fixture(scope="module")
def database(lab: RunningLab) -> Iterator[str]:
    glue = lab.client("glue")
    name = f"db{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    columns = [{"Name": column, "Type": kind} for column, kind in COLUMNS.items()]
    storage = {"Columns": columns, "Location": "s3://nowhere/"}
    partition = {"Name": "year", "Type": "string"}
    glue.create_table(
        DatabaseName=name,
        TableInput={"Name": "flights", "StorageDescriptor": storage, "PartitionKeys": [partition]},
    )
    yield name
    glue.delete_database(Name=name)


def conversion(database: str, table: str = "flights", **changes: Any) -> dict[str, Any]:
    return {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": database, "TableName": table, "Region": "us-east-1"},
        "InputFormatConfiguration": {"Deserializer": changes.get("deserializer", {"OpenXJsonSerDe": {}})},
        "OutputFormatConfiguration": {"Serializer": changes.get("serializer", {"ParquetSerDe": {}})},
        "Enabled": True,
    }


def columnar(streams: Streams, bucket: str, configuration: dict[str, Any], interval: int = 0) -> str:
    return streams.make(
        bucket,
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": interval},
        Prefix="flights/",
        ErrorOutputPrefix=ERRORS,
        DataFormatConversionConfiguration=configuration,
    )


def test_json_becomes_parquet_by_the_tables_schema(streams: Streams, database: str) -> None:
    """record-format-conversion.html: the table's columns and types, Snappy inside, .parquet, keys without case."""
    bucket = streams.bucket()
    stream = columnar(streams, bucket, conversion(database))
    streams.put(
        stream,
        b'{"FLIGHT": 1545, "tailNum": "N14228", "delay": 2, "fare": 99.995, "cancelled": false, "day": "2013-01-01",'
        b' "departed": "2013-01-01T10:17:00.5Z", "stops": ["EWR", "IAH"], "plane": {"Model": "737", "seats": "149"},'
        b' "codes": {"UA": 1}, "not a column": 1}\n',
    )
    ((key, body),) = streams.delivered(bucket).items()
    assert key.startswith("flights/20")
    assert key.endswith(".parquet")
    file = parquet.ParquetFile(io.BytesIO(body))
    assert file.metadata.row_group(0).column(0).compression == "SNAPPY"
    assert file.schema_arrow.names == list(COLUMNS)  # not the partition key: that is in the path
    assert file.schema_arrow.field("fare").type == pa.decimal128(6, 2)
    assert file.schema_arrow.field("flight").type == pa.int32()
    (row,) = file.read().to_pylist()
    assert row == {
        "flight": 1545,
        "tailnum": "N14228",
        "delay": 2.0,
        "fare": Decimal("100.00"),
        "cancelled": False,
        "day": date(2013, 1, 1),
        "departed": datetime(2013, 1, 1, 10, 17, 0, 500_000),
        "stops": ["EWR", "IAH"],
        "plane": {"model": "737", "seats": 149},
        "codes": [("ua", 1)],
    }


def test_records_that_do_not_fit_go_to_the_error_prefix(streams: Streams, database: str) -> None:
    """record-format-conversion-error-handling.html: a JSON document for each, with the record in base64."""
    bucket = streams.bucket()
    stream = columnar(streams, bucket, conversion(database), interval=1)
    bad = [
        b"not json",
        b'{"flight": "soon"}',
        b'{"flight": 2147483648}',
        b'{"fare": 123456.7}',
        b'{"departed": "yesterday"}',
        b'[{"flight": 1}]',
        b'{"flight": 1}{"flight": 1.5}',  # one document of two does not fit: the record fails as a whole
    ]
    good = [b'{"flight": 1}{"flight": "2"}', b'{"flight": 3, "tailnum": null}']
    streams.put(stream, *bad, *good)
    objects = streams.delivered(bucket, 2)
    (file,) = [body for key, body in objects.items() if key.startswith("flights/")]
    assert parquet.read_table(io.BytesIO(file))["flight"].to_pylist() == [1, 2, 3]
    (errors,) = [body for key, body in objects.items() if key.startswith("errors/format-conversion-failed/")]
    failures = [json.loads(line) for line in errors.splitlines()]
    assert [base64.b64decode(failure["rawData"]) for failure in failures] == bad
    codes = [failure["lastErrorCode"].removeprefix("DataFormatConversion.") for failure in failures]
    assert codes == ["ParseError", *["MalformedData"] * 4, "ParseError", "MalformedData"]
    assert failures[0]["dataCatalogTable"]["tableName"] == "flights"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"2017-02-07T15:13:01.39256Z"', datetime(2017, 2, 7, 15, 13, 1, 392_560)),
        ('"2017-2-7 15:13:01.14"', datetime(2017, 2, 7, 15, 13, 1, 140_000)),
        ("1518033528", datetime(2018, 2, 7, 19, 58, 48)),
        ("1518033528123", datetime(2018, 2, 7, 19, 58, 48, 123_000)),
        ("1518033528.123", datetime(2018, 2, 7, 19, 58, 48, 123_000)),
    ],
)
def test_timestamps_that_openx_reads(streams: Streams, database: str, written: str, read: datetime) -> None:
    """record-format-conversion.html, "Choose the JSON deserializer"."""
    bucket = streams.bucket()
    streams.put(columnar(streams, bucket, conversion(database)), b'{"departed": %s}' % written.encode())
    ((_, body),) = streams.delivered(bucket).items()
    assert parquet.read_table(io.BytesIO(body))["departed"].to_pylist() == [read]


def test_key_mappings(streams: Streams, database: str) -> None:
    """API OpenXJsonSerDe: ColumnToJsonKeyMappings, ConvertDotsInJsonKeysToUnderscores."""
    bucket = streams.bucket()
    openx = {"ColumnToJsonKeyMappings": {"tailnum": "plane.id"}, "ConvertDotsInJsonKeysToUnderscores": True}
    stream = columnar(streams, bucket, conversion(database, deserializer={"OpenXJsonSerDe": openx}))
    streams.put(stream, b'{"Plane.Id": "N1"}')
    ((_, body),) = streams.delivered(bucket).items()
    assert parquet.read_table(io.BytesIO(body))["tailnum"].to_pylist() == ["N1"]


def test_hive_serde_to_orc(streams: Streams, database: str) -> None:
    """record-format-conversion.html: Joda-Time formats and millis; no numbers in quotes; .orc."""
    bucket = streams.bucket()
    hive = {"HiveJsonSerDe": {"TimestampFormats": ["dd/MM/yyyy HH:mm", "millis"]}}
    serializer = {"OrcSerDe": {"Compression": "ZLIB"}}
    stream = columnar(streams, bucket, conversion(database, deserializer=hive, serializer=serializer), interval=1)
    streams.put(
        stream,
        b'{"flight": 1, "departed": "07/02/2018 19:58"}',
        b'{"flight": 2, "departed": 1518033528123}',
        b'{"flight": "3"}',
    )
    objects = streams.delivered(bucket, 2)
    (body,) = [body for key, body in objects.items() if key.endswith(".orc")]
    table = orc.read_table(io.BytesIO(body))
    assert table["flight"].to_pylist() == [1, 2]
    assert table["departed"].to_pylist() == [datetime(2018, 2, 7, 19, 58), datetime(2018, 2, 7, 19, 58, 48, 123_000)]


def test_a_table_that_is_not_there_fails_every_record(streams: Streams, database: str) -> None:
    """monitoring-with-cloudwatch-logs.html, "Record format conversion errors": DataFormatConversion.EntityNotFound."""
    bucket = streams.bucket()
    streams.put(columnar(streams, bucket, conversion(database, "nothing")), b'{"flight": 1}')
    ((key, body),) = streams.delivered(bucket).items()
    assert key.startswith("errors/format-conversion-failed/")
    assert json.loads(body)["lastErrorCode"] == "DataFormatConversion.EntityNotFound"


def test_conversion_with_dynamic_partitioning(streams: Streams, database: str) -> None:
    """dynamic-partitioning.html: each partition becomes a file of its own."""
    bucket = streams.bucket()
    parameters = {"MetadataExtractionQuery": "{tailnum: .tailnum}", "JsonParsingEngine": "JQ-1.6"}
    extraction = {
        "Type": "MetadataExtraction",
        "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()],
    }
    stream = streams.make(
        bucket,
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 1},
        Prefix="tail=!{partitionKeyFromQuery:tailnum}/",
        ErrorOutputPrefix=ERRORS,
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration={"Enabled": True, "Processors": [extraction]},
        DataFormatConversionConfiguration=conversion(database),
    )
    streams.put(stream, *({"flight": number, "tailnum": f"N{number % 2}"} for number in range(4)))
    objects = streams.delivered(bucket, 2)
    tables = {key.partition("/")[0]: parquet.read_table(io.BytesIO(body)) for key, body in objects.items()}
    assert {name: table["flight"].to_pylist() for name, table in tables.items()} == {
        "tail=N0": [0, 2],
        "tail=N1": [1, 3],
    }
    puts = [call for call in streams.lab.calls() if call["operation"] == "PutRecordBatch"]
    [call] = [call for call in puts if call["resources"][0].endswith(f"/{stream}")]
    assert call["units"] == {"firehose:billed_bytes": 4 * 5120, "firehose:converted_bytes": 4 * 5120}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"BufferingHints": AT_ONCE}, "must be at least 64 when data format conversion is enabled."),
        ({"CompressionFormat": "GZIP"}, "CompressionFormat must be UNCOMPRESSED"),
        ({"DataFormatConversionConfiguration": conversion("db", serializer={})}, "Exactly one Serializer"),
    ],
)
def test_conversions_that_are_refused(streams: Streams, changes: dict[str, Any], text: str) -> None:
    """record-format-conversion.html, "Enable record format conversion"."""
    config = {
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "DataFormatConversionConfiguration": conversion("db"),
        **changes,
    }
    with pytest.raises(ClientError) as caught:
        streams.make("fh-refused", **config)
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"
    assert text in caught.value.response["Error"]["Message"]


def status(streams: Streams, stream: str) -> dict[str, Any]:
    description: dict[str, Any] = streams.firehose.describe_delivery_stream(DeliveryStreamName=stream)
    return description["DeliveryStreamDescription"]


def from_kinesis(streams: Streams, source: str, bucket: str) -> str:
    name = f"from-{source}"
    streams.firehose.create_delivery_stream(
        DeliveryStreamName=name,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:us-east-1:123456789012:stream/{source}",
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": AT_ONCE,
        },
    )
    return name


def test_kinesis_source(streams: Streams) -> None:
    """writing-with-kinesis-streams.html: from LATEST on, through a resharding; and no direct puts besides."""
    kinesis = streams.lab.client("kinesis")
    source, bucket = f"s{uuid.uuid4().hex[:8]}", streams.bucket()
    kinesis.create_stream(StreamName=source, ShardCount=1)
    active = lambda: kinesis.describe_stream_summary(StreamName=source)["StreamDescriptionSummary"]  # noqa: E731
    eventually(lambda: active()["StreamStatus"] == "ACTIVE")
    kinesis.put_record(StreamName=source, Data=b"before;", PartitionKey="a")
    stream = from_kinesis(streams, source, bucket)
    eventually(lambda: status(streams, stream)["DeliveryStreamStatus"] == "ACTIVE")
    kinesis.put_record(StreamName=source, Data=b"after;", PartitionKey="a")
    half = str(2**127)
    (shard,) = kinesis.list_shards(StreamName=source)["Shards"]
    kinesis.split_shard(StreamName=source, ShardToSplit=shard["ShardId"], NewStartingHashKey=half)
    eventually(lambda: active()["OpenShardCount"] == 2 and active()["StreamStatus"] == "ACTIVE")
    for hash_key in ("0", half):
        kinesis.put_record(StreamName=source, Data=b"child;", PartitionKey="a", ExplicitHashKey=hash_key)
    delivered = lambda: b"".join(streams.objects(bucket).values()).split(b";")[:-1]  # noqa: E731
    eventually(lambda: len(delivered()) >= 3)
    assert sorted(delivered()) == [b"after", b"child", b"child"]
    with pytest.raises(ClientError) as caught:
        streams.firehose.put_record(DeliveryStreamName=stream, Record={"Data": b"x"})
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"
    description = status(streams, stream)["Source"]["KinesisStreamSourceDescription"]
    assert description["DeliveryStartTimestamp"]
    streams.firehose.delete_delivery_stream(DeliveryStreamName=stream)


def test_a_source_that_is_not_there(streams: Streams) -> None:
    """API DeliveryStreamDescription: CREATING_FAILED, and FailureDescription says why."""
    stream = from_kinesis(streams, "nothing", "nowhere")
    failed = eventually(
        lambda: found if (found := status(streams, stream))["DeliveryStreamStatus"] == "CREATING_FAILED" else None
    )
    assert "ResourceNotFoundException" in failed["FailureDescription"]["Details"]
    streams.firehose.delete_delivery_stream(DeliveryStreamName=stream)
