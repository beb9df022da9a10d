"""Wrong answers to the exercise of 02_storage on versions in S3."""

from __future__ import annotations

from typing import Any

from tests.exercises.right_versions import Row, wanted


def _copy(s3: Any, bucket: str, key: str, version: str) -> None:
    s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key, "VersionId": version})


def markers_only(s3: Any, bucket: str, inventory: list[Row]) -> None:
    """What was deleted is back, and what was overwritten is not looked at."""
    for each in s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", []):
        if each["Key"] in wanted(inventory):
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def all_markers(s3: Any, bucket: str, inventory: list[Row]) -> None:
    for each in s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    everything(s3, bucket, inventory)


def everything(s3: Any, bucket: str, inventory: list[Row]) -> None:
    """Untouched files, too."""
    for key, version in wanted(inventory).items():
        _copy(s3, bucket, key, version)


def every_row(s3: Any, bucket: str, inventory: list[Row]) -> None:
    """Each version on top of the last: the oldest one of the list wins."""
    for row in inventory:
        if not row["is_delete_marker"] and row["key"] in wanted(inventory):
            _copy(s3, bucket, row["key"], row["version_id"])


def what_is_new_goes(s3: Any, bucket: str, inventory: list[Row]) -> None:
    """Whatever has come since is deleted: the bucket is what it was, and the morning has not been."""
    known = {row["version_id"] for row in inventory}
    listed = s3.list_object_versions(Bucket=bucket)
    for each in [*listed["Versions"], *listed.get("DeleteMarkers", [])]:
        if each["VersionId"] not in known:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def without_evidence(s3: Any, bucket: str, inventory: list[Row]) -> None:
    """The same, and new files stay."""
    known = {row["version_id"] for row in inventory}
    listed = s3.list_object_versions(Bucket=bucket)
    for each in [*listed["Versions"], *listed.get("DeleteMarkers", [])]:
        if each["Key"] in wanted(inventory) and each["VersionId"] not in known:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def only_what_is_there(s3: Any, bucket: str, inventory: list[Row]) -> None:
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    for key in {each["Key"] for each in listed} & wanted(inventory).keys():
        _copy(s3, bucket, key, wanted(inventory)[key])


WRONG: dict[str, list[tuple[Any, str]]] = {
    "last_night": [
        ((markers_only,), "was overwritten with"),
        ((all_markers,), "there again"),
        ((everything,), "stored twice now"),
        ((every_row,), "an older version came back"),
        ((what_is_new_goes,), "nobody asked for that"),
        ((without_evidence,), "gone for ever"),
        ((only_what_is_there,), "`deleted` is not there"),
    ],
}
