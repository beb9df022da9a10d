"""Inventories are written at midnight, as files with a manifest.

Source: S3 user guide, "Cataloging and analyzing your data with S3 Inventory", "Inventory lists", "Inventory manifest",
"Grant permissions for S3 Inventory".
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq

from tests.conftest import RunningLab
from tests.gateway.wire import advance

DAY = 86400.0


def configure(s3: Any, source: str, name: str, file_format: str, **more: Any) -> None:
    target = {"Bucket": f"arn:aws:s3:::{source}-lists", "Format": file_format, "Prefix": "lists"}
    configuration = {
        "Id": name,
        "IsEnabled": True,
        "IncludedObjectVersions": "Current",
        "Schedule": {"Frequency": "Daily"},
        "Destination": {"S3BucketDestination": target},
        "OptionalFields": ["Size", "ETag", "StorageClass", "LastModifiedDate", "EncryptionStatus"],
        **more,
    }
    s3.put_bucket_inventory_configuration(Bucket=source, Id=name, InventoryConfiguration=configuration)


def allow(s3: Any, source: str) -> None:
    """Let S3 put lists of *source* into its bucket of lists, as the user guide says."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{source}-lists/*",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=f"{source}-lists", Policy=policy)


def manifests(s3: Any, source: str, name: str) -> list[dict[str, Any]]:
    listed = s3.list_objects_v2(Bucket=f"{source}-lists", Prefix=f"lists/{source}/{name}/").get("Contents", [])
    found = []
    for key in (each["Key"] for each in listed if each["Key"].endswith("/manifest.json")):
        told = s3.get_object(Bucket=f"{source}-lists", Key=key)["Body"].read()
        checksum = s3.get_object(Bucket=f"{source}-lists", Key=key.replace(".json", ".checksum"))["Body"].read()
        assert checksum.decode() == hashlib.md5(told, usedforsecurity=False).hexdigest()
        datetime.strptime(key.split("/")[-2], "%Y-%m-%dT00-00Z")
        found.append(json.loads(told))
    return found


def data(s3: Any, manifest: dict[str, Any]) -> bytes:
    [file] = manifest["files"]
    bucket = manifest["destinationBucket"].rpartition(":")[2]
    content: bytes = s3.get_object(Bucket=bucket, Key=file["key"])["Body"].read()
    assert (file["size"], file["MD5checksum"]) == (
        len(content),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )
    return content


def test_lists_come_by_the_clock_as_files(new_lab: Callable[..., RunningLab]) -> None:
    """Daily at midnight UTC, weekly on Sundays; CSV without a header and with URL-encoded keys, and Parquet with a
    column for each field; only where the destination's policy lets S3; after a crash too."""
    lab = new_lab()
    s3 = lab.client("s3")
    for bucket in ("listed", "listed-lists"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="listed", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="listed", Key="in/a b", Body=b"first")
    s3.put_object(Bucket="listed", Key="in/a b", Body=b"second one", StorageClass="STANDARD_IA")
    s3.put_object(Bucket="listed", Key="out", Body=b"x")
    s3.delete_object(Bucket="listed", Key="out")
    configure(s3, "listed", "daily", "CSV", Filter={"Prefix": "in/"})
    configure(s3, "listed", "all", "Parquet", IncludedObjectVersions="All", Schedule={"Frequency": "Weekly"})
    advance(lab, DAY)
    assert "Contents" not in s3.list_objects_v2(Bucket="listed-lists"), "no policy lets S3"
    denied = [call for call in lab.calls() if call["error"] and "listed-lists" in call["resources"][0]]
    assert {(call["principal"], call["error"]) for call in denied} == {("s3.amazonaws.com", "AccessDenied")}
    allow(s3, "listed")
    lab.kill()
    lab.start()
    s3 = lab.client("s3")
    advance(lab, 7 * DAY)
    daily, weekly = manifests(s3, "listed", "daily"), manifests(s3, "listed", "all")
    assert (len(daily), len(weekly)) == (7, 1)
    assert daily[0]["fileSchema"] == "Bucket, Key, Size, LastModifiedDate, ETag, StorageClass, EncryptionStatus"
    [row] = csv.reader(io.StringIO(gzip.decompress(data(s3, daily[0])).decode()))
    head = s3.head_object(Bucket="listed", Key="in/a b")
    assert row[:3] == ["listed", "in/a%20b", "10"]
    assert row[4:] == [head["ETag"].strip('"'), "STANDARD_IA", "SSE-S3"]
    rows = pq.read_table(io.BytesIO(data(s3, weekly[0]))).to_pylist()
    shown = [(each["key"], each["size"], each["is_latest"], each["is_delete_marker"]) for each in rows]
    assert shown == [
        ("in/a b", 10, True, False),
        ("in/a b", 5, False, False),
        ("out", None, True, True),
        ("out", 1, False, False),
    ]
    s3.delete_bucket_inventory_configuration(Bucket="listed", Id="daily")
    advance(lab, 2 * DAY)
    assert len(manifests(s3, "listed", "daily")) == 7
