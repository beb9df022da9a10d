"""S3."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import GB, Claim, Listing, Meter, Resource, Service, Settle, pages
from awsfacts.prices import HOURS_A_MONTH
from awsfacts.s3_actions import ACTIONS, DATA_EVENTS


def _delete_bucket(aws: Any, bucket: str, settle: Settle) -> None:
    """Delete a bucket with all in it, unfinished uploads too. Its policy goes first, for it may deny all of that.

    A policy that denies its own deletion can be deleted by the account's root user alone (API reference,
    DeleteBucketPolicy); S3 says so.
    """
    aws.delete_bucket_policy(Bucket=bucket)
    for page in pages(aws, "ListMultipartUploads", Bucket=bucket):
        for upload in page.get("Uploads", []):
            aws.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in pages(aws, "ListObjectVersions", Bucket=bucket):
        found = page.get("Versions", []) + page.get("DeleteMarkers", [])
        if found:
            keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            aws.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    aws.delete_bucket(Bucket=bucket)


#: What the names of prices call storage classes.
_PRICED = {
    "STANDARD_IA": "standard_ia",
    "ONEZONE_IA": "onezone_ia",
    "GLACIER_IR": "glacier_instant",
    "GLACIER": "glacier",
    "DEEP_ARCHIVE": "deep_archive",
}
_MONTH = GB * HOURS_A_MONTH
_METERS = (
    # Intelligent-Tiering is billed as its Frequent Access tier, which costs as S3 Standard
    *(Meter(f"s3:{each}", "s3.storage", _MONTH, changing=True) for each in ("STANDARD", "INTELLIGENT_TIERING")),
    *(Meter(f"s3:{each}", f"s3.{price}", _MONTH, changing=True) for each, price in _PRICED.items()),
    *(Meter(f"s3:early:{each}", f"s3.early_{price}", _MONTH) for each, price in _PRICED.items()),
    *(Meter(f"s3:read:{each}", f"s3.read_{_PRICED[each]}", GB) for each in ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR")),
    Meter("s3:restored:GLACIER:Expedited", "s3.restore_glacier_expedited", GB),
    Meter("s3:restored:GLACIER:Standard", "s3.restore_glacier_standard", GB),
    Meter("s3:restored:DEEP_ARCHIVE:Standard", "s3.restore_deep_archive_standard", GB),
    Meter("s3:restored:DEEP_ARCHIVE:Bulk", "s3.restore_deep_archive_bulk", GB),
    Meter("s3:moved:INTELLIGENT_TIERING", "s3.move_intelligent_tiering"),
    *(Meter(f"s3:moved:{each}", f"s3.move_{price}") for each, price in _PRICED.items()),
)


SERVICE = Service(
    name="s3",
    title="Amazon S3",
    real=(
        Claim(
            "Versions and delete markers are kept and listed as S3's.",
            "engines/test_s3.py::test_versions_and_delete_markers",
        ),
        Claim(
            "Every checksum of S3's is verified, kept and told.",
            "engines/test_s3_bytes.py::test_every_checksum_is_verified_kept_and_told",
        ),
        Claim(
            "Conditional writes let one of many through.",
            "engines/test_s3.py::test_conditional_writes_let_one_of_many_through",
        ),
        Claim(
            "Every way to write or delete has its event.",
            "engines/test_s3_events.py::test_every_way_to_write_or_delete_has_its_event",
        ),
        Claim(
            "What a bucket's policy denies is refused, to whom it says and when its conditions hold.",
            "engines/test_s3_policies.py::test_only_when_its_conditions_hold",
        ),
        Claim(
            "A new bucket lets nothing public in and takes no access control lists; a public policy is refused until "
            "Block Public Access is taken away.",
            "engines/test_s3_public_access.py::test_a_public_policy_is_refused_while_it_is_blocked",
        ),
        Claim(
            "SSE-KMS encrypts the bytes on disk, with AES-256-GCM and a data key that KMS wraps.",
            "engines/test_s3_encryption.py::test_the_plain_bytes_are_not_on_disk",
        ),
        Claim(
            "Without its key of KMS an object cannot be read; a deleted key takes its objects along.",
            "engines/test_s3_encryption.py::test_a_deleted_key_takes_its_objects_along",
        ),
        Claim(
            "SSE-C encrypts with the key of the request, which is not kept.",
            "engines/test_s3_customer_keys.py::test_objects_of_customers_keys_survive_a_crash",
        ),
        Claim(
            "Life cycles move, expire and clean up on the lab's clock, at the midnight that AWS documents.",
            "engines/test_s3_lifecycle.py::test_what_stands_when",
        ),
        Claim(
            "Archived objects are restored in the time of their tier, and their copies go at the midnight they name.",
            "engines/test_s3_archives.py::test_a_restored_copy_comes_in_hours_and_goes_at_midnight",
        ),
        Claim(
            "Storage is billed by class and hour, with minimum sizes and durations, moves, reads and restorations.",
            "engines/test_s3_archives.py::test_what_ninety_days_cost",
        ),
        Claim(
            "Object Lock holds: governance, compliance, legal hold and default retention, on the lab's clock.",
            "engines/test_s3_lock.py::test_the_default_retention_ends_on_the_lab_s_clock",
        ),
        Claim(
            "Replication makes the same versions in other buckets, as far as its role may.",
            "engines/test_s3_replication.py::test_the_role_decides",
        ),
        Claim(
            "Inventories are written by the clock, as CSV, ORC or Parquet with a manifest, where a policy lets S3.",
            "engines/test_s3_inventory.py::test_lists_come_by_the_clock_as_files",
        ),
        Claim(
            "A crash takes only what was not finished.",
            "engines/test_s3_bytes.py::test_a_crash_takes_only_what_was_not_finished",
        ),
    ),
    differs=(
        Claim(
            "Objects under SSE-S3, the default, are plain files on your disk: one copy, and not encrypted, although "
            "answers say AES256.",
            "test_claims_00.py::test_objects_are_plain_files",
        ),
        Claim(
            "A customer's key (SSE-C) may come over HTTP, too; AWS wants TLS.",
            "engines/test_s3_customer_keys.py::test_the_key_is_needed_for_all_that_is_done_with_the_object",
        ),
        Claim(
            "DSSE-KMS encrypts once, as SSE-KMS does.",
            "engines/test_s3_encryption.py::test_dsse_encrypts_once",
        ),
        Claim(
            "A key that is disabled or a permission that is taken away counts at once, with bucket keys too.",
            "engines/test_s3_encryption.py::test_what_kms_refuses_s3_refuses",
        ),
        Claim(
            "Any valid name of a bucket is free: there are no other accounts.",
            "test_claims_00.py::test_common_bucket_names_are_free",
        ),
        Claim(
            "Access control lists are kept and let in nobody, where a bucket has them switched on; only policies do.",
            "engines/test_s3_public_access.py::test_a_list_gives_nobody_anything",
        ),
        Claim(
            "A life cycle acts at the very midnight at which something is due; AWS starts then, and may take days.",
            "engines/test_s3_lifecycle.py::test_what_stands_when",
        ),
        Claim(
            "Events arrive once and in order; AWS promises neither.",
            "test_claims_01.py::test_events_arrive_once_and_in_order",
        ),
    ),
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
    meters=_METERS,
    # S3 User Guide, "S3 request pricing": everything else that is not free counts as GET.
    request_prices=(
        (r"(Delete|Abort|ReplicateDelete).*|S3\..*", None),
        ("(Put|Copy|Create|Upload|Complete|List|Restore|ReplicateObject).*", "s3.put"),
        (".*", "s3.get"),
    ),
    actions=ACTIONS,
    data_events=DATA_EVENTS,
)
