"""How an object is encrypted: what the request says, or else the bucket's default.

Source: S3 user guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)": answers name the key by its ARN, the
AWS managed key ``aws/s3`` where the request names none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from moto.s3.exceptions import InvalidArgumentError
from moto.s3.models import FakeBucket

from localaws.client import on_behalf_of
from localaws.credentials import Credential
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

_PRINCIPAL = "s3.amazonaws.com"
_HEADER = "x-amz-server-side-encryption"
_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx", "aws:backup")


@dataclass(frozen=True)
class Encryption:
    """*kms_key_arn* and *bucket_key* are None without a key of KMS."""

    algorithm: str
    kms_key_arn: str | None = None
    bucket_key: bool | None = None

    @property
    def members(self) -> dict[str, Any]:
        """As members of an answer."""
        found = {"ServerSideEncryption": self.algorithm, "SSEKMSKeyId": self.kms_key_arn}
        return {name: value for name, value in {**found, "BucketKeyEnabled": self.bucket_key}.items() if value}

    @property
    def headers(self) -> dict[str, str]:
        """As headers of an answer."""
        key = {f"{_HEADER}-aws-kms-key-id": self.kms_key_arn} if self.kms_key_arn else {}
        bucket_key = {f"{_HEADER}-bucket-key-enabled": "true"} if self.bucket_key else {}
        return {_HEADER: self.algorithm, **key, **bucket_key}


def encryption_of(lab: Lab, region: str, bucket: FakeBucket, headers: Any) -> Encryption:
    """Raises InvalidArgument, AccessDenied for who may not make a data key with the key of KMS, and KMS's error for a
    key that cannot be used, under ``KMS.``."""
    assert bucket.encryption is not None, "every bucket encrypts"
    rule: Mapping[str, Any] = bucket.encryption["Rule"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    asked = headers.get(_HEADER)
    algorithm, key = asked or default["SSEAlgorithm"], headers.get(f"{_HEADER}-aws-kms-key-id")
    if algorithm not in _ALGORITHMS:
        raise InvalidArgumentError("The encryption method specified is not supported", _HEADER, algorithm)
    if not algorithm.startswith("aws:kms"):
        if key:
            raise InvalidArgumentError(
                f"Server Side Encryption with AWS KMS managed key requires HTTP header {_HEADER} : aws:kms",
                _HEADER,
                asked or "",
            )
        return Encryption(algorithm)
    if key is None and algorithm == default["SSEAlgorithm"]:
        key = default.get("KMSMasterKeyID")
    own = headers.get(f"{_HEADER}-bucket-key-enabled")
    wanted = str(rule.get("BucketKeyEnabled") if own is None else own).lower() == "true"
    return Encryption(algorithm, _arn_of(lab, region, key), wanted)


def check_readable(
    lab: Lab, arn: str | None, caller: Credential | None, context: Mapping[str, str] | None = None
) -> None:
    """Raises AccessDenied if *caller* may not decrypt with the key that an object was encrypted with, and KMS's error,
    under ``KMS.``, if that key cannot be used now.

    Source: S3 user guide, "Using server-side encryption with AWS KMS keys": who reads needs kms:Decrypt. KMS developer
    guide, "Deleting AWS KMS keys": what was encrypted with a key goes with it. A key that there is not is one of a lab
    that was started since: KMS forgets keys with the lab, and the object is still there.
    """
    if arn is None:
        return
    region = arn.split(":")[3]
    via = {**(context or {}), "kms:ViaService": f"s3.{region}.amazonaws.com"}
    lab.authorize(caller or lab.owner, "s3", "kms:Decrypt", [arn], via)
    try:
        with on_behalf_of(lab.owner, _PRINCIPAL):
            described = lab.client("kms", region=region).describe_key(KeyId=arn)["KeyMetadata"]
    except ClientError:
        return
    _check_state(described)


def _arn_of(lab: Lab, region: str, key: str | None) -> str:
    try:
        with on_behalf_of(lab.owner, _PRINCIPAL):
            described = lab.client("kms", region=region).describe_key(KeyId=key or "alias/aws/s3")
    except ClientError as error:
        told = error.response["Error"]
        message = told["Message"].replace(f"Invalid keyId {key}", f"Invalid keyId '{key}'")
        raise AwsError(f"KMS.{told['Code']}", message, 400) from None
    _check_state(described["KeyMetadata"])
    arn: str = described["KeyMetadata"]["Arn"]
    call = current_call.get(None)
    if call and call.credential:
        via = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
        lab.authorize(call.credential, "s3", "kms:GenerateDataKey", [arn], via)
    return arn


def _check_state(key: Mapping[str, Any]) -> None:
    if key["KeyState"] == "PendingDeletion":
        raise AwsError("KMS.KMSInvalidStateException", f"{key['Arn']} is pending deletion.", 400)
    if not key["Enabled"]:
        raise AwsError("KMS.DisabledException", f"{key['Arn']} is disabled.", 400)
