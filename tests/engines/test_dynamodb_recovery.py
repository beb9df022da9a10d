"""Point-in-time recovery, exports as AWS lays them out, and imports of what people have.

Source: DynamoDB developer guide, "Point-in-time recovery for DynamoDB", "DynamoDB table export output format", "Amazon
S3 import formats for DynamoDB".
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.wire import advance

Labs = Callable[..., RunningLab]
DAY = 86400.0


def make(client: Any, name: str, recovery: bool = True) -> str:
    """A table with two items; its ARN."""
    made = client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    if recovery:
        enabled = {"PointInTimeRecoveryEnabled": True}
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=enabled)
    for each in ("a", "b"):
        put(client, name, each, "first")
    return str(made["TableDescription"]["TableArn"])


def put(client: Any, name: str, key: str, value: str) -> None:
    client.put_item(TableName=name, Item={"k": {"S": key}, "v": {"S": value}})


def contents(client: Any, name: str) -> dict[str, str]:
    return {each["k"]["S"]: each["v"]["S"] for each in client.scan(TableName=name)["Items"]}


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    found: str = error.value.response["Error"]["Code"]
    return found


def lab_time(client: Any, name: str) -> float:
    """The lab's time, as the end of what can be restored tells it."""
    described = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    found: float = described["PointInTimeRecoveryDescription"]["LatestRestorableDateTime"].timestamp()
    return found


def test_a_table_comes_back_as_it_was_at_a_moment(new_lab: Labs) -> None:
    """ "restore that table to any point in time during the last 35 days": puts, updates and deletions since are
    undone, a crash in between or not."""
    lab = new_lab()
    client = lab.client("dynamodb")
    make(client, "past")
    client.restore_table_to_point_in_time(SourceTableName="past", TargetTableName="now", UseLatestRestorableTime=True)
    assert contents(client, "now") == {"a": "first", "b": "first"}
    advance(lab, DAY)
    noon = lab_time(client, "past")
    advance(lab, DAY)
    put(client, "past", "a", "second")
    put(client, "past", "c", "new")
    client.delete_item(TableName="past", Key={"k": {"S": "b"}})
    time.sleep(1)  # the age at which settings are kept
    lab.kill()
    lab.start()
    client = lab.client("dynamodb")
    assert contents(client, "past") == {"a": "second", "c": "new"}
    put(client, "past", "a", "third")
    made = client.restore_table_to_point_in_time(SourceTableName="past", TargetTableName="was", RestoreDateTime=noon)
    assert made["TableDescription"]["RestoreSummary"]["RestoreDateTime"].timestamp() == pytest.approx(noon, abs=1)
    assert contents(client, "was") == {"a": "first", "b": "first"}
    early = {"SourceTableName": "past", "TargetTableName": "early", "RestoreDateTime": noon - 9 * DAY}
    assert refused(client.restore_table_to_point_in_time, **early) == "InvalidRestoreTimeException"
    advance(lab, 40 * DAY)
    late = {"SourceTableName": "past", "TargetTableName": "late", "RestoreDateTime": noon}
    assert refused(client.restore_table_to_point_in_time, **late) == "InvalidRestoreTimeException"


def test_without_recovery_there_is_no_past(lab: RunningLab) -> None:
    """RestoreTableToPointInTime, ExportTableToPointInTime, "Errors"."""
    client = lab.client("dynamodb")
    arn = make(client, "no-past", recovery=False)
    restore = {"SourceTableName": "no-past", "TargetTableName": "none", "UseLatestRestorableTime": True}
    unavailable = "PointInTimeRecoveryUnavailableException"
    assert refused(client.restore_table_to_point_in_time, **restore) == unavailable
    assert refused(client.export_table_to_point_in_time, TableArn=arn, S3Bucket="no-past") == unavailable


def exported(client: Any, **request: Any) -> dict[str, Any]:
    arn = client.export_table_to_point_in_time(**request)["ExportDescription"]["ExportArn"]

    def told() -> dict[str, Any]:
        found: dict[str, Any] = client.describe_export(ExportArn=arn)["ExportDescription"]
        return found

    eventually(lambda: told()["ExportStatus"] != "IN_PROGRESS")
    return told()


def test_an_export_has_manifests_and_data(new_lab: Labs) -> None:
    """ "DynamoDB table export output format": manifest-summary.json and manifest-files.json with their MD5, data files
    of one item a line, and _started; of the table as it was at ExportTime."""
    lab = new_lab()
    client, s3 = lab.client("dynamodb"), lab.client("s3")
    s3.create_bucket(Bucket="exports")
    arn = make(client, "past")
    before = lab_time(client, "past")
    advance(lab, DAY)
    put(client, "past", "c", "later")
    told = exported(client, TableArn=arn, S3Bucket="exports", S3Prefix="out", ExportTime=before)
    assert (told["ExportStatus"], told["ItemCount"], told["ExportFormat"]) == ("COMPLETED", 2, "DYNAMODB_JSON")
    folder = told["ExportManifest"].removesuffix("/manifest-summary.json")
    assert told["ExportArn"] == f"{arn}/export/{folder.rpartition('/')[2]}"
    assert folder.startswith("out/AWSDynamoDB/0")

    def read(name: str) -> bytes:
        found: bytes = s3.get_object(Bucket="exports", Key=name)["Body"].read()
        return found

    summary = json.loads(read(told["ExportManifest"]))
    assert (summary["itemCount"], summary["exportArn"], summary["tableArn"]) == (2, told["ExportArn"], arn)
    for name in ("manifest-summary", "manifest-files"):
        digest = hashlib.md5(read(f"{folder}/{name}.json"), usedforsecurity=False).digest()
        assert read(f"{folder}/{name}.md5") == base64.b64encode(digest)
    [file] = map(json.loads, read(summary["manifestFilesS3Key"]).splitlines())
    assert file["itemCount"] == 2
    items = [json.loads(line)["Item"] for line in gzip.decompress(read(file["dataFileS3Key"])).splitlines()]
    assert sorted(item["k"]["S"] for item in items) == ["a", "b"]
    keys = {each["Key"] for each in s3.list_objects_v2(Bucket="exports")["Contents"]}
    assert f"{folder}/_started" in keys
    assert len(keys) == 6
    again = {"TableArn": arn, "S3Bucket": "exports", "ClientToken": "t" * 36}
    assert exported(client, **again)["ExportArn"] == exported(client, **again)["ExportArn"]
    ion = {"TableArn": arn, "S3Bucket": "exports", "ExportFormat": "ION"}
    assert refused(client.export_table_to_point_in_time, **ion)


def imported(client: Any, source: dict[str, str], name: str, **more: Any) -> dict[str, Any]:
    table = {
        "TableName": name,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    arn = client.import_table(S3BucketSource=source, TableCreationParameters=table, **more)["ImportTableDescription"]

    def told() -> dict[str, Any]:
        found: dict[str, Any] = client.describe_import(ImportArn=arn["ImportArn"])["ImportTableDescription"]
        return found

    eventually(lambda: told()["ImportStatus"] != "IN_PROGRESS")
    return told()


def test_files_of_values_become_a_table(lab: RunningLab) -> None:
    """ "CSV": the header is the first line or given; all attributes but the keys are strings; a line that is no item
    is counted as an error."""
    client, s3 = lab.client("dynamodb"), lab.client("s3")
    s3.create_bucket(Bucket="import-csv")
    s3.put_object(Bucket="import-csv", Key="in/a.csv", Body=b'id,name,seats\n1,"Oslo, T1",120\n2,Rome,\nx,bad,1\n3,y\n')
    told = imported(client, {"S3Bucket": "import-csv", "S3KeyPrefix": "in/"}, "from-csv", InputFormat="CSV")
    assert (told["ImportedItemCount"], told["ErrorCount"], told["ProcessedItemCount"]) == (2, 2, 4)
    items = client.scan(TableName="from-csv")["Items"]
    assert sorted(items, key=lambda item: item["id"]["N"]) == [
        {"id": {"N": "1"}, "name": {"S": "Oslo, T1"}, "seats": {"S": "120"}},
        {"id": {"N": "2"}, "name": {"S": "Rome"}, "seats": {"S": ""}},
    ]
    s3.put_object(Bucket="import-csv", Key="given", Body=gzip.compress(b"7;x\n"))
    options = {"Csv": {"Delimiter": ";", "HeaderList": ["id", "name"]}}
    told = imported(
        client,
        {"S3Bucket": "import-csv", "S3KeyPrefix": "given"},
        "from-csv-given",
        InputFormat="CSV",
        InputFormatOptions=options,
        InputCompressionType="GZIP",
    )
    assert (told["ImportStatus"], told["InputFormat"]) == ("COMPLETED", "CSV")
    assert client.scan(TableName="from-csv-given")["Items"] == [{"id": {"N": "7"}, "name": {"S": "x"}}]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        imported(client, {"S3Bucket": "import-csv"}, "from-csv", InputFormat="CSV")
