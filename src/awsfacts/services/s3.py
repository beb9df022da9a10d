"""S3."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Listing, Resource, Service, Settle, pages
from awsfacts.s3_actions import ACTIONS, DATA_EVENTS


def _delete_bucket(aws: Any, bucket: str, settle: Settle) -> None:
    """Empty a bucket, old versions and unfinished uploads included, and delete it."""
    for page in pages(aws, "ListMultipartUploads", Bucket=bucket):
        for upload in page.get("Uploads", []):
            aws.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in pages(aws, "ListObjectVersions", Bucket=bucket):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        if found:
            keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            aws.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    aws.delete_bucket(Bucket=bucket)


SERVICE = Service(
    name="s3",
    title="Amazon S3",
    resources=(
        Resource(
            type="bucket",
            title="bucket",
            create=("CreateBucket",),
            name="Bucket",
            list=Listing("ListBuckets", "Buckets.Name"),
            delete=_delete_bucket,
            uses=("sns:topic", "sqs:queue", "kms:key"),
            is_global=True,
        ),
    ),
    leaves_nothing={
        "CreateMultipartUpload": "its parts go with their bucket",
        "CreateSession": "keys that expire by themselves",
        "RestoreObject": "a copy that expires by itself",
    },
    unsupported=((".*", "The lab keeps no metadata tables of buckets, and has neither archives nor Object Lambda."),),
    # S3 User Guide, "S3 request pricing": everything else that is not free counts as GET.
    request_prices=(
        ("(Delete|Abort).*", None),
        ("(Put|Copy|Create|Upload|Complete|List|Restore).*", "s3.put"),
        (".*", "s3.get"),
    ),
    actions=ACTIONS,
    data_events=DATA_EVENTS,
)
