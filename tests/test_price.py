"""The bill: list prices with their day and source, quantities from what was really called."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

import dehelpers as de
from awsfacts import meter, services
from awsfacts.declaration import GB, TB
from awsfacts.prices import prices
from dehelpers.words import price
from tests.conftest import RunningLab
from tests.connected import connected, keys_of, process
from tests.gateway.wire import advance

NewLab = Callable[..., RunningLab]


def quantities(bill: price.Bill) -> dict[str, float]:
    return {line.price.key: line.quantity for line in bill.lines}


#: Where AWS itself says what something costs.
_OWN_PAGES = ("https://aws.amazon.com/", "https://repost.aws/knowledge-center/")


def test_every_price_says_when_and_where_it_was_read() -> None:
    for entry in prices().values():
        assert entry.usd > 0
        assert entry.per >= 1
        assert entry.sure in ("aws", "third party", "unverified")
        assert entry.source.startswith(_OWN_PAGES) == (entry.sure == "aws")
        if entry.read:
            datetime.date.fromisoformat(entry.read)
        assert bool(entry.read) == (entry.sure != "unverified")
    wanted = {each.price for each in meter.meters().values()}
    wanted |= {key for service in services().values() for _, key in service.request_prices if key}
    assert wanted <= prices().keys()


def test_an_estimate_of_what_stands_and_what_is_used() -> None:
    month = price.estimate({"kinesis.shard_hour": 2, "kinesis.put_unit": 1e6, "s3.storage": 10}, hours=730)
    assert [round(line.usd, 6) for line in month.lines] == [21.9, 0.014, 0.23]
    assert round(month.total, 6) == 22.144
    text = repr(month)
    assert "estimate" in text
    assert "2026-09-25" in text
    assert "Not counted: free tiers" in text
    with pytest.raises(KeyError, match=r"no price 'kinesis\.hour'"):
        price.estimate({"kinesis.hour": 1})


def test_prices_not_seen_on_awss_page_are_marked() -> None:
    bill = price.estimate({"sqs.request": 1, "s3.put": 1})
    assert [row["price, USD"] for row in bill.rows()][:2] == ["0.4 per million requests*", "0.005 per 1,000 requests"]
    assert "* not read on AWS's own page" in repr(bill)
    assert "*" not in repr(price.estimate({"s3.put": 1}))


def test_the_bill_of_a_session_counts_what_it_called(new_lab: NewLab, tmp_path: Path) -> None:
    lab = new_lab()
    lab.client("s3").create_bucket(Bucket="before-the-session")
    with connected(lab, tmp_path):
        s3, kinesis, sqs = boto3.client("s3"), boto3.client("kinesis"), boto3.client("sqs")
        s3.create_bucket(Bucket=de.name("lake"))
        s3.put_object(Bucket=de.name("lake"), Key="a", Body=bytes(10_737_418))
        s3.get_object(Bucket=de.name("lake"), Key="a")["Body"].read()
        s3.delete_object(Bucket=de.name("lake"), Key="a")
        stream = {"StreamName": de.name("departures", "stream")}
        kinesis.create_stream(**stream, ShardCount=2)
        de.wait(lambda: kinesis.describe_stream_summary(**stream)["StreamDescriptionSummary"]["StreamStatus"],
                until="ACTIVE", what="stream")  # fmt: skip
        # "A PUT payload unit is counted in 25 KB payload chunks that comprise a record" (Kinesis pricing)
        records = [{"Data": bytes(size), "PartitionKey": "k"} for size in (1, 26_000, 60_000)]
        kinesis.put_records(**stream, Records=records)
        sqs.create_queue(QueueName=de.name("bad", "queue"))
        bill = de.cost()
        used = quantities(bill)
        assert used["s3.put"] == 2
        assert used["s3.get"] == 1, "and DELETE is free"
        assert used["s3.storage"] == pytest.approx(0.01 / 730, rel=0.01), "0.01 GB for one begun hour"
        assert used["kinesis.shard_hour"] == 2
        assert used["kinesis.put_unit"] == 1 + 2 + 3
        assert used["sqs.request"] == 1
        assert bill.total == pytest.approx(0.0300105, abs=1e-6)
        assert "would have cost on AWS: an estimate" in repr(bill)
        assert "<table>" in bill._repr_html_()
        assert "Kinesis Data Streams shard 0.030000" in repr(de.show.cost(bill))


def test_nothing_metered_is_said_and_is_no_error(new_lab: NewLab, tmp_path: Path) -> None:
    lab = new_lab("far", "--account-id", "999999999999")
    with process(tmp_path, {**keys_of(lab), "AWS_ENDPOINT_URL": lab.endpoint}):
        de.connect("aws", consent="us-east-1:1", estimate=0.5)
        assert "Cost Explorer" in repr(de.cost())
        assert de.cost().total == 0


def record(minute: int, operation: str, **fields: Any) -> dict[str, Any]:
    time = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(minutes=minute)
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/x"
    defaults = {
        "service": "kinesis",
        "principal": "arn:aws:iam::123456789012:root",
        "resources": [stream],
        "units": {},
        "requests": 1,
        "bytes_in": 0,
        "time": time.isoformat(),
    }
    return {**defaults, "operation": operation, **fields}


def test_shards_are_billed_by_the_hour_begun_and_by_how_many_stood_then() -> None:
    used = meter.used(
        [
            record(0, "CreateStream", units={"kinesis:shards": 1}),
            record(90, "UpdateShardCount", units={"kinesis:shards": 4}),  # in the second hour
            record(190, "DeleteStream", units={"kinesis:shards": 0}),  # in the fourth
            record(400, "ListStreams", resources=[]),
        ]
    )
    assert used["kinesis.shard_hour"] == 1 + 4 + 4 + 4


def test_a_key_costs_by_the_hour_until_its_deletion_is_scheduled(new_lab: NewLab) -> None:
    """KMS pricing: a dollar a month, by the hour, for keys of one's own that are not pending deletion."""
    lab = new_lab()
    kms, s3 = lab.client("kms"), lab.client("s3")
    s3.create_bucket(Bucket="under-the-managed-key")
    managed = {"ServerSideEncryption": "aws:kms", "Body": b"x"}
    s3.put_object(Bucket="under-the-managed-key", Key="k", **managed)
    key, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.schedule_key_deletion(KeyId=other)
    advance(lab, 90 * 60)
    kms.schedule_key_deletion(KeyId=key)
    advance(lab, 7 * 24 * 3600)
    kms.list_keys()
    used = meter.used(lab.calls())
    assert used["kms.key"] == pytest.approx((1 + 2) / 730)
    assert used["kms.request"] == 5 + 1  # S3 asked for a data key


def test_firehose_bills_what_it_reads_from_a_stream_in_steps_of_5_kb() -> None:
    units = {"kinesis:records_out": 100, "kinesis:bytes_out": 20_000}
    firehose = "arn:aws:sts::123456789012:assumed-role/delivery/AWSFirehose"
    used = meter.used([record(0, "GetRecords", units=units), record(1, "GetRecords", units=units, principal=firehose)])
    assert used["firehose.ingested"] * GB == 100 * 5 * 1024


def test_functions_are_billed_by_requests_and_gigabyte_seconds() -> None:
    units = {"lambda:requests": 1, "lambda:gb_seconds": 0.125}
    used = meter.used([record(minute, "Invoke", service="lambda", units=units) for minute in range(4)])
    assert (used["lambda.request"], used["lambda.gb_second"]) == (4, 0.5)


def test_queries_are_billed_by_what_they_scan_and_at_least_10_mb(lab: RunningLab, tmp_path: Path) -> None:
    with connected(lab, tmp_path, prefix="athena-bill"):
        s3, athena, bucket = boto3.client("s3"), boto3.client("athena"), de.name("lake")
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="n/1.csv", Body=b"1\n")

        def query(sql: str) -> None:
            output = {"OutputLocation": f"s3://{bucket}/results/"}
            started = athena.start_query_execution(QueryString=sql, ResultConfiguration=output)
            one = {"QueryExecutionId": started["QueryExecutionId"]}
            status = lambda: athena.get_query_execution(**one)["QueryExecution"]["Status"]["State"]  # noqa: E731
            de.wait(status, until="SUCCEEDED", what="query", quiet=True)

        name = de.name("bill", "database")
        query(f"CREATE DATABASE `{name}`")
        query(f"CREATE EXTERNAL TABLE `{name}`.n (n int) LOCATION 's3://{bucket}/n/'")
        assert "athena.scanned" not in quantities(de.cost()), "DDL is free"
        before = quantities(de.cost())
        for _ in range(2):
            query(f'SELECT n FROM "{name}".n')
        bill = de.cost()
        assert quantities(bill)["athena.scanned"] == pytest.approx(20 * 2**20 / TB)
        assert quantities(bill)["s3.get"] >= before["s3.get"] + 2, "Athena's requests are the account's"
        assert quantities(bill)["s3.put"] >= before["s3.put"] + 2 * 3, "a listing, the result and its metadata"
        assert "Athena data scanned 20 MB 5 per TB" in " ".join(repr(bill).split())
        de.teardown()


def test_what_has_no_price_is_named(lab: RunningLab, tmp_path: Path) -> None:
    with connected(lab, tmp_path):
        dms, name = boto3.client("dms"), de.name("ops", "instance")
        dms.describe_replication_instances()
        assert "not in the table" not in repr(de.cost())
        machine = dms.create_replication_instance(
            ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.micro"
        )["ReplicationInstance"]["ReplicationInstanceArn"]
        assert "Used, but not counted: DMS, billed by the hour" in repr(de.cost())
        dms.delete_replication_instance(ReplicationInstanceArn=machine)


def test_the_table_is_valid_and_each_key_is_there_once() -> None:
    document = json.loads((Path(meter.__file__).parent / "prices.json").read_text())
    keys = [entry["key"] for entry in document["prices"]]
    assert len(keys) == len(set(keys))
    assert document["region"] == "us-east-1"
