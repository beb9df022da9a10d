"""Right answers to the exercise of 02_storage on versions in S3, written in another way than the solution."""

from __future__ import annotations

from typing import Any

import boto3

Row = dict[str, Any]


def wanted(inventory: list[Row]) -> dict[str, str]:
    """The version that each file of the inventory had."""
    there = [row for row in inventory if row["is_latest"] and not row["is_delete_marker"]]
    return {row["key"]: row["version_id"] for row in there}


def with_heads(s3: Any, bucket: str, inventory: list[Row]) -> None:
    """Each file is asked for its version."""
    for key, version in wanted(inventory).items():
        try:
            if s3.head_object(Bucket=bucket, Key=key)["VersionId"] == version:
                continue
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
        s3.copy({"Bucket": bucket, "Key": key, "VersionId": version}, bucket, key)


def markers_first(s3: Any, bucket: str, inventory: list[Row]) -> None:
    """Markers of files that were there go; what is then not the right version is put again, by its bytes."""
    old = wanted(inventory)
    for each in s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", []):
        if each["Key"] in old:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    things = boto3.resource("s3").Bucket(bucket)
    for each in s3.list_object_versions(Bucket=bucket)["Versions"]:
        if each["IsLatest"] and old.get(each["Key"], each["VersionId"]) != each["VersionId"]:
            body = things.Object(each["Key"]).get(VersionId=old[each["Key"]])["Body"].read()
            things.put_object(Key=each["Key"], Body=body)


RIGHT: dict[str, list[Any]] = {"last_night": [(with_heads,), (markers_first,)]}
