"""Key Management Service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Meter, Resource, Service, Settle, pages
from awsfacts.prices import HOURS_A_MONTH


def _keys(aws: Any) -> Iterator[str]:
    """The account's own keys, without those that wait for their deletion; also one that may not be looked at."""
    for page in pages(aws, "ListKeys"):
        for key in page["Keys"]:
            try:
                found = aws.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            except aws.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "AccessDeniedException":
                    raise
                yield key["KeyId"]
                continue
            if found["KeyManager"] == "CUSTOMER" and found["KeyState"] != "PendingDeletion":
                yield key["KeyId"]


def _delete_key(aws: Any, key: str, settle: Settle) -> None:
    """A key waits seven days at least, and costs nothing from now on (ScheduleKeyDeletion; KMS pricing)."""
    aws.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


SERVICE = Service(
    name="kms",
    title="AWS Key Management Service",
    real=(
        Claim(
            "What keys sign, others' tools verify.",
            "engines/test_kms.py::test_others_verify_what_kms_signs",
        ),
        Claim(
            "A key does only what its usage and its spec allow.",
            "engines/test_kms.py::test_a_key_has_a_usage_that_fits_its_spec",
        ),
        Claim(
            "Keys are rotated, on demand and at their dates; what older material encrypted still opens.",
            "engines/test_kms_rotation.py::test_keys_are_rotated_at_their_dates",
        ),
        Claim(
            "Queues, topics and streams under a key refuse who may not use it, and everybody while it is disabled.",
            "engines/test_kms_services.py::test_who_may_not_use_the_key_is_refused",
        ),
        Claim(
            "A ciphertext opens with its own encryption context alone.",
            "engines/test_kms_rotation.py::test_the_context_is_exactly_the_same",
        ),
        Claim(
            "Keys that are disabled, or on their way out, do nothing.",
            "engines/test_requests_refused.py::test_kms_keys_that_are_disabled_or_on_their_way_out_do_nothing",
        ),
    ),
    differs=(
        Claim(
            "Only S3 encrypts what it keeps: messages and records lie on your disk as they are, whatever their key.",
            "engines/test_kms_services.py::test_only_s3_encrypts_on_disk",
        ),
        Claim(
            "For queues, topics and streams KMS is not called: what their key allows is decided without a record.",
            "engines/test_kms_services.py::test_who_may_not_use_the_key_is_refused",
        ),
    ),
    resources=(
        Resource(
            type="key",
            title="KMS key",
            create=("CreateKey",),
            name="KeyId",
            list=_keys,
            delete=_delete_key,
            by_id=True,
        ),
        Resource(
            type="alias",
            title="alias of a key",
            create=("CreateAlias",),
            name="AliasName",
            list=Listing("ListAliases", "Aliases.AliasName"),
            delete=Deletion("DeleteAlias", "AliasName"),
            uses=("kms:key",),
        ),
        Resource(
            type="grant",
            title="grant on a key",
            create=("CreateGrant",),
            name="KeyId/GrantId",
            delete=Deletion("RevokeGrant", "KeyId/GrantId"),
            part_of="key",
        ),
    ),
    unsupported=(
        (".*CustomKeyStore.*", "The lab has no key stores of other machines."),
        ("ImportKeyMaterial|GetParametersForImport", "The lab makes the material of its keys itself."),
    ),
    meters=(Meter("kms:keys", "kms.key", HOURS_A_MONTH, standing=True),),
    request_prices=((".*", "kms.request"),),
    actions={"ReEncrypt": ("kms:ReEncryptFrom", "kms:ReEncryptTo")},
    # CloudTrail's examples of them have ``"readOnly": true`` ("Examples of AWS KMS log entries")
    reads=frozenset(
        (
            "Decrypt Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext "
            "GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom ReEncrypt Sign Verify VerifyMac"
        ).split()
    ),
)
