"""How an object is to be encrypted: what the request says, or else the bucket's default.

Sources: S3 user guide, "Specifying server-side encryption with AWS KMS (SSE-KMS)", "Using server-side encryption with
customer-provided keys (SSE-C)", "Blocking or unblocking SSE-C for a general purpose bucket"; the sentences of SSE-C's
errors are those that AWS gave LocalStack's suite (test_s3, TestS3SSECEncryption).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from moto.s3.exceptions import InvalidArgumentError
from moto.s3.models import FakeBucket

from localaws.engines.s3.sealing import KEY_BYTES
from localaws.gateway.errors import AwsError

SSE = "x-amz-server-side-encryption"
_CUSTOMER = f"{SSE}-customer-"
#: SSE-C of what CopyObject and UploadPartCopy read.
COPY_SOURCE = "x-amz-copy-source-server-side-encryption-customer-"
#: How most of S3's refusals of a customer's key begin.
PROVIDED = "Requests specifying Server Side Encryption with Customer provided keys must provide"
_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx", "aws:backup")
#: What a bucket has that was told nothing of encryption; since April 2026 that takes no keys of customers.
SSE_S3: dict[str, Any] = {
    "Rule": {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": "SSE-C"},
        "BucketKeyEnabled": "false",
    }
}


@dataclass(frozen=True)
class Envelope:
    """A data key as it is kept beside what it encrypts: wrapped.

    Attributes:
        wrapped: the data key, in base64: under the customer's key, under a bucket key, or under a key of KMS.
        context: the encryption context that KMS wants again. None where KMS has no part in it.
        bucket_key: the bucket key that wraps it, under a key of KMS, in base64.
    """

    wrapped: str
    context: dict[str, str] | None = None
    bucket_key: str | None = None


@dataclass(frozen=True)
class CustomerKey:
    """A key that comes with the request, and is not kept; two are the same if their *md5* is."""

    key: bytes = field(repr=False, compare=False)
    md5: str

    @property
    def headers(self) -> dict[str, str]:
        """As headers of an answer."""
        return {f"{_CUSTOMER}algorithm": "AES256", f"{_CUSTOMER}key-MD5": self.md5}


@dataclass(frozen=True)
class Asked:
    """What is asked for; *kms_key* as the request or the bucket names it, None for the AWS managed key."""

    algorithm: str
    kms_key: str | None = None
    bucket_key: bool = False
    context: dict[str, str] = field(default_factory=dict)
    customer: CustomerKey | None = None


@dataclass(frozen=True)
class Encryption:
    """How something is encrypted, as answers tell it; *data_key* while something is written under it.

    *algorithm* is None under a customer's key, *kms_key_id* (an ARN) and *bucket_key* without one of KMS, *envelope*
    where the bytes lie as they are.
    """

    algorithm: str | None = "AES256"
    kms_key_id: str | None = None
    bucket_key: bool | None = None
    envelope: Envelope | None = None
    told_context: str | None = None
    customer: CustomerKey | None = None
    data_key: bytes | None = field(default=None, repr=False)

    @property
    def kept(self) -> Encryption:
        """The same without any key, for an upload that goes on."""
        return replace(self, data_key=None, customer=self.customer and replace(self.customer, key=b""))

    @property
    def members(self) -> dict[str, Any]:
        """As members of an answer."""
        found = {
            "ServerSideEncryption": self.algorithm,
            "SSEKMSKeyId": self.kms_key_id,
            "BucketKeyEnabled": self.bucket_key,
            "SSEKMSEncryptionContext": self.told_context,
            "SSECustomerAlgorithm": self.customer and "AES256",
            "SSECustomerKeyMD5": self.customer and self.customer.md5,
        }
        return {name: value for name, value in found.items() if value}

    @property
    def headers(self) -> dict[str, str]:
        """As headers of an answer."""
        found = {
            SSE: self.algorithm,
            f"{SSE}-aws-kms-key-id": self.kms_key_id,
            f"{SSE}-bucket-key-enabled": "true" if self.bucket_key else None,
            f"{SSE}-context": self.told_context,
        }
        told = {name: value for name, value in found.items() if value}
        return told | (self.customer.headers if self.customer else {})


def asked_of(bucket: FakeBucket, headers: Any) -> Asked:
    """Raises InvalidArgument, InvalidEncryptionAlgorithmError, and AccessDenied for SSE-C where it is blocked."""
    assert bucket.encryption is not None, "every bucket encrypts"
    rule: Mapping[str, Any] = bucket.encryption["Rule"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    asked, key = headers.get(SSE), headers.get(f"{SSE}-aws-kms-key-id")
    customer = customer_key(headers)
    if customer:
        if asked:
            message = (
                "Server Side Encryption with Customer provided key is incompatible with the encryption method specified"
            )
            raise InvalidArgumentError(message, SSE, asked)
        if "SSE-C" in blocked_types(rule):
            raise AwsError("AccessDenied", "Server Side Encryption with Customer provided keys is blocked.", 403)
        return Asked("AES256", customer=customer)
    algorithm = asked or default["SSEAlgorithm"]
    if algorithm not in _ALGORITHMS:
        raise InvalidArgumentError("The encryption method specified is not supported", SSE, algorithm)
    context = headers.get(f"{SSE}-context")
    if not algorithm.startswith("aws:kms"):
        if key or context:
            raise InvalidArgumentError(
                f"Server Side Encryption with AWS KMS managed key requires HTTP header {SSE} : aws:kms",
                SSE,
                asked or "",
            )
        return Asked(algorithm)
    if key is None and algorithm == default["SSEAlgorithm"]:
        key = default.get("KMSMasterKeyID")
    own = headers.get(f"{SSE}-bucket-key-enabled")
    wanted = str(rule.get("BucketKeyEnabled") if own is None else own).lower() == "true"
    return Asked(algorithm, key, wanted, _context_of(context) if context else {})


def customer_key(headers: Any, prefix: str = _CUSTOMER) -> CustomerKey | None:
    """The key that a request brings in its headers. Raises InvalidArgument or InvalidEncryptionAlgorithmError."""
    if f"{prefix}algorithm" not in headers and f"{prefix}key" not in headers:
        return None
    algorithm, text = headers.get(f"{prefix}algorithm"), headers.get(f"{prefix}key")
    md5 = headers.get(f"{prefix}key-MD5")
    if not algorithm:
        raise InvalidArgumentError(f"{PROVIDED} a valid encryption algorithm.", SSE, "null")
    if not text:
        raise InvalidArgumentError(f"{PROVIDED} an appropriate secret key.", SSE, "null")
    if algorithm != "AES256":
        message = "The Encryption request you specified is not valid. Supported value: AES256."
        told = {"ArgumentName": SSE, "ArgumentValue": algorithm}
        raise AwsError("InvalidEncryptionAlgorithmError", message, 400, told)
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidArgumentError("The secret key was invalid for the specified algorithm.", SSE, "null")
    if not md5:
        raise InvalidArgumentError(f"{PROVIDED} the client calculated MD5 of the secret key.", SSE, "null")
    if base64.b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode() != md5:
        message = "The calculated MD5 hash of the key did not match the hash that was provided."
        raise InvalidArgumentError(message, SSE, "null")
    return CustomerKey(key, md5)


def _context_of(text: str) -> dict[str, str]:
    """The encryption context of a header, which S3 adds the ARN to. Raises InvalidArgument."""
    try:
        context = json.loads(base64.b64decode(text, validate=True))
        if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
            raise ValueError(f"{context} is no map of texts")
    except (ValueError, RecursionError):
        message = (
            f"The header '{SSE}-context' shall be Base64-encoded UTF-8 string holding JSON which represents a "
            "string-string map"
        )
        raise InvalidArgumentError(message, f"{SSE}-context", text) from None
    return context


def blocked_types(rule: Mapping[str, Any]) -> list[str]:
    """What a bucket takes no objects of; as moto reads XML, one is a text and several are a list."""
    types = (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType") or []
    return [types] if isinstance(types, str) else types
