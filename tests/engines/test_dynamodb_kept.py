"""Tables over a kill of the lab: what was acknowledged is there, and a transaction whole or not at all.

AWS stores items "on solid-state disks (SSDs) and automatically replicated across multiple Availability Zones"
(developer guide, "Core features").
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.disks import errors_of, small_files

Labs = Callable[..., RunningLab]
Row = dict[str, Any]


def make(lab: RunningLab, name: str, **options: Any) -> None:
    lab.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "p", "AttributeType": "S"},
            {"AttributeName": "s", "AttributeType": "N"},
            {"AttributeName": "g", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-g",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        **options,
    )


def row(number: float, value: str = "v", partition: str = "a") -> Row:
    return {"p": {"S": partition}, "s": {"N": str(number)}, "v": {"S": value}}


def rows(lab: RunningLab, name: str) -> list[Row]:
    found: list[Row] = []
    for page in lab.client("dynamodb").get_paginator("scan").paginate(TableName=name):
        found += page["Items"]
    return found


def test_a_kill_amid_puts_updates_deletes_and_transactions(new_lab: Labs) -> None:
    """Each client has a partition of its own; a transaction moves one between two rows, so that their sum is known."""
    lab = new_lab()
    for name in ("one", "two"):
        make(lab, name)
    state: dict[str, dict[str, str | None]] = {}
    pending: dict[str, tuple[str, str | None]] = {}
    counters = {"p": {"S": "sum"}, "s": {"N": "0"}}
    for name in ("one", "two"):
        lab.client("dynamodb").put_item(TableName=name, Item={**counters, "n": {"N": "0"}})
    done = threading.Semaphore(0)

    def change(client: str) -> None:
        dynamodb = lab.fresh_client("dynamodb")
        chance = random.Random(client)
        mine = state[client] = {}
        while True:
            number, value = str(chance.randrange(20)), str(chance.random())
            key = {"p": {"S": client}, "s": {"N": number}}
            kind = chance.choice(("put", "update", "delete"))
            pending[client] = number, None if kind == "delete" else value
            if kind == "put":
                dynamodb.put_item(TableName="one", Item=row(int(number), value, client))
            elif kind == "update":
                dynamodb.update_item(
                    TableName="one",
                    Key=key,
                    UpdateExpression="SET v = :v",
                    ExpressionAttributeValues={":v": {"S": value}},
                )
            else:
                dynamodb.delete_item(TableName="one", Key=key)
            mine[number] = pending[client][1]
            done.release()

    def transact() -> None:
        dynamodb = lab.fresh_client("dynamodb")
        moves = [
            {
                "Update": {
                    "TableName": name,
                    "Key": counters,
                    "UpdateExpression": "ADD n :n",
                    "ExpressionAttributeValues": {":n": {"N": sign}},
                }
            }
            for name, sign in (("one", "1"), ("two", "-1"))
        ]
        while True:
            with suppress(dynamodb.exceptions.TransactionCanceledException):  # the other one had the items
                dynamodb.transact_write_items(TransactItems=moves)
                done.release()

    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(change, f"client-{n}") for n in range(3)] + [pool.submit(transact) for _ in range(2)]
        for _ in range(400):
            assert done.acquire(timeout=60)
        lab.kill()
    assert all(isinstance(each.exception(), BotoCoreError) for each in running)
    lab.start()
    sums = {name: next(each["n"]["N"] for each in rows(lab, name) if "n" in each) for name in ("one", "two")}
    assert int(sums["one"]) + int(sums["two"]) == 0 != int(sums["one"])
    for client, mine in state.items():
        found = {each["s"]["N"]: each["v"]["S"] for each in rows(lab, "one") if each["p"]["S"] == client}
        acknowledged = {number: value for number, value in mine.items() if value is not None}
        number, value = pending[client]
        perhaps = {key: each for key, each in {**acknowledged, number: value}.items() if each is not None}
        assert found in (acknowledged, perhaps)


def test_items_of_every_type_by_every_way(new_lab: Labs) -> None:
    lab = new_lab()
    make(lab, "t")
    dynamodb = lab.client("dynamodb")
    rich: Row = {
        "g": {"S": "group"},
        "binary": {"B": b"\0\xff"},
        "flag": {"BOOL": True},
        "none": {"NULL": True},
        "list": {"L": [{"N": "1.50"}, {"M": {"deep": {"BS": [b"a", b"b"]}}}]},
        "numbers": {"NS": ["1", "2"]},
        "empty": {"M": {}},
    }
    dynamodb.put_item(TableName="t", Item={**row(1), **rich})
    dynamodb.put_item(TableName="t", Item=row(2), ConditionExpression="attribute_not_exists(p)")
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.put_item(TableName="t", Item=row(2, "other"), ConditionExpression="attribute_not_exists(p)")
    batch = [{"PutRequest": {"Item": row(3)}}, {"PutRequest": {"Item": row(4)}}]
    dynamodb.batch_write_item(RequestItems={"t": batch})
    dynamodb.batch_write_item(RequestItems={"t": [{"DeleteRequest": {"Key": {k: row(3)[k] for k in "ps"}}}]})
    dynamodb.execute_statement(Statement="""INSERT INTO "t" VALUE {'p': 'a', 's': 5}""")
    parts = [{"Statement": """UPDATE "t" SET v = 'partiql' WHERE p = 'a' AND s = 5"""}]
    dynamodb.execute_transaction(TransactStatements=parts)
    dynamodb.put_item(TableName="t", Item=row(6))
    dynamodb.put_item(TableName="t", Item={**row(6), "s": {"N": "6.0"}})  # the same key
    before = rows(lab, "t")
    assert len(before) == 5
    lab.kill()
    lab.start()
    assert rows(lab, "t") == before
    found = lab.client("dynamodb").query(
        TableName="t",
        IndexName="by-g",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "group"}},
    )["Items"]
    assert found == [{**row(1), **rich}]


def test_a_stream_goes_on(new_lab: Labs) -> None:
    """Developer guide, "Change data capture for DynamoDB Streams": a record for each item changed, and only then."""
    lab = new_lab()
    make(lab, "t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    stream = lab.client("dynamodb").describe_table(TableName="t")["Table"]["LatestStreamArn"]

    def records(kind: str, **place: str) -> list[dict[str, Any]]:
        streams = lab.client("dynamodbstreams")
        [shard] = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType=kind, **place
        )["ShardIterator"]
        found: list[dict[str, Any]] = streams.get_records(ShardIterator=iterator)["Records"]
        return found

    dynamodb = lab.client("dynamodb")
    update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "new"}}}
    key = {name: row(1)[name] for name in "ps"}
    dynamodb.update_item(TableName="t", Key=key, **update)  # which makes it
    dynamodb.update_item(TableName="t", Key=key, **update)  # which changes nothing
    dynamodb.put_item(TableName="t", Item=row(1, "newer"))
    dynamodb.delete_item(TableName="t", Key=key)
    before = records("TRIM_HORIZON")
    assert [each["eventName"] for each in before] == ["INSERT", "MODIFY", "REMOVE"]
    assert before[0]["dynamodb"]["NewImage"] == row(1, "new")
    lab.kill()
    lab.start()
    assert records("TRIM_HORIZON") == before
    lab.client("dynamodb").put_item(TableName="t", Item=row(2))
    last = before[-1]["dynamodb"]["SequenceNumber"]
    [later] = records("AFTER_SEQUENCE_NUMBER", SequenceNumber=last)
    assert int(later["dynamodb"]["SequenceNumber"]) > int(last)


def test_backups_and_what_is_restored(new_lab: Labs) -> None:
    lab = new_lab()
    make(lab, "t")
    dynamodb = lab.client("dynamodb")
    dynamodb.put_item(TableName="t", Item=row(1))
    backup = dynamodb.create_backup(TableName="t", BackupName="backup")["BackupDetails"]["BackupArn"]
    dynamodb.put_item(TableName="t", Item=row(2))
    dynamodb.restore_table_from_backup(TargetTableName="early", BackupArn=backup)
    dynamodb.batch_write_item(RequestItems={"early": [{"PutRequest": {"Item": row(3)}}]})
    time.sleep(1)  # until the backup is kept
    lab.kill()
    lab.start()
    dynamodb = lab.client("dynamodb")
    assert rows(lab, "t") == [row(1), row(2)]
    assert rows(lab, "early") == [row(1), row(3)]
    assert "RestoreSummary" in dynamodb.describe_table(TableName="early")["Table"]
    dynamodb.restore_table_from_backup(TargetTableName="later", BackupArn=backup)
    assert rows(lab, "later") == [row(1)]


def test_exports_and_imports_are_told_of(new_lab: Labs) -> None:
    lab = new_lab()
    make(lab, "t")
    dynamodb = lab.client("dynamodb")
    arn = dynamodb.describe_table(TableName="t")["Table"]["TableArn"]
    dynamodb.put_item(TableName="t", Item=row(1))
    pitr = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="t", PointInTimeRecoverySpecification=pitr)
    lab.client("s3").create_bucket(Bucket="transfers")
    made = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket="transfers", S3Prefix="out")
    export = made["ExportDescription"]["ExportArn"]

    def exported() -> dict[str, Any]:
        found: dict[str, Any] = lab.client("dynamodb").describe_export(ExportArn=export)["ExportDescription"]
        return found

    eventually(lambda: exported()["ExportStatus"] == "COMPLETED")
    schema = [{"AttributeName": "p", "KeyType": "HASH"}]
    imported = dynamodb.import_table(
        S3BucketSource={"S3Bucket": "transfers", "S3KeyPrefix": f"out/AWSDynamoDB/{export.rpartition('/')[2]}/data/"},
        InputFormat="DYNAMODB_JSON",
        InputCompressionType="GZIP",
        TableCreationParameters={
            "TableName": "imported",
            "KeySchema": schema,
            "AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )["ImportTableDescription"]["ImportArn"]

    def status() -> str:
        told = lab.client("dynamodb").describe_import(ImportArn=imported)["ImportTableDescription"]
        return str(told["ImportStatus"])

    eventually(lambda: status() == "COMPLETED")
    before = exported()
    lab.client("dynamodb").put_item(TableName="imported", Item={"p": {"S": "b"}})
    time.sleep(1)  # until the transfers are kept
    lab.kill()
    lab.start()
    assert (exported(), status()) == (before, "COMPLETED")
    assert sorted(each["p"]["S"] for each in rows(lab, "imported")) == ["a", "b"]


def test_a_table_made_anew_has_nothing_of_the_one_that_was_deleted(new_lab: Labs) -> None:
    lab = new_lab()
    make(lab, "t")
    dynamodb = lab.client("dynamodb")
    dynamodb.put_item(TableName="t", Item=row(1))
    time.sleep(1)  # until the settings are kept: the first table is one of them
    dynamodb.delete_table(TableName="t")
    make(lab, "t")
    dynamodb.put_item(TableName="t", Item=row(2))
    described = dynamodb.describe_table(TableName="t")["Table"]
    lab.kill()
    lab.start()
    assert rows(lab, "t") == [row(2)]
    assert lab.client("dynamodb").describe_table(TableName="t")["Table"] == described
    lab.client("dynamodb").delete_table(TableName="t")
    lab.kill()
    lab.start()
    assert lab.client("dynamodb").list_tables()["TableNames"] == []


def test_a_disk_that_takes_nothing(new_lab: Labs) -> None:
    """InternalFailure, 500 ("Common errors" of the API reference); what is refused leaves no trace."""
    lab = new_lab()
    make(lab, "t", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    make(lab, "u")
    dynamodb = lab.client("dynamodb")
    for table in "tu":
        dynamodb.put_item(TableName=table, Item=row(1))
    key = {name: row(1)[name] for name in "ps"}
    update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "new"}}}
    puts = [{"Put": {"TableName": table, "Item": row(9)}} for table in "tu"]
    stream = dynamodb.describe_table(TableName="t")["Table"]["LatestStreamArn"]

    def look() -> Any:
        streams = lab.client("dynamodbstreams")
        [shard] = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        iterator = streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        return rows(lab, "t"), rows(lab, "u"), streams.get_records(ShardIterator=iterator)["Records"]

    before = look()
    with small_files(lab):
        errors_of(
            {
                "PutItem": lambda: dynamodb.put_item(TableName="t", Item=row(2)),
                "PutItem over": lambda: dynamodb.put_item(TableName="t", Item=row(1, "new")),
                "UpdateItem": lambda: dynamodb.update_item(TableName="t", Key=key, **update),
                "DeleteItem": lambda: dynamodb.delete_item(TableName="t", Key=key),
                "BatchWriteItem": lambda: dynamodb.batch_write_item(
                    RequestItems={table: [{"PutRequest": {"Item": row(2)}}] for table in "tu"}
                ),
                "TransactWriteItems": lambda: dynamodb.transact_write_items(TransactItems=puts),
                "ExecuteStatement": lambda: dynamodb.execute_statement(
                    Statement="""DELETE FROM "u" WHERE p = 'a' AND s = 1"""
                ),
                "DeleteTable": lambda: dynamodb.delete_table(TableName="u"),
                "CreateBackup": lambda: dynamodb.create_backup(TableName="t", BackupName="backup"),
            }
        )
        assert look() == before
    lab.kill()
    lab.start()
    assert look() == before
    assert lab.client("dynamodb").list_backups()["BackupSummaries"] == []


def test_a_log_holds_no_more_than_the_tables(new_lab: Labs) -> None:
    lab = new_lab()
    make(lab, "t")
    dynamodb = lab.client("dynamodb")
    batch = [{"PutRequest": {"Item": row(number, "x" * 5000, f"p{number}")}} for number in range(25)]
    for _ in range(60):
        dynamodb.batch_write_item(RequestItems={"t": batch})
    [log] = (lab.directory / "dynamodb").glob("*.log")
    assert log.stat().st_size < 6_000_000  # of 7,500,000 that were written
    assert log.stat().st_mode & 0o777 == 0o600
    lab.kill()
    lab.start()
    assert len(rows(lab, "t")) == 25
