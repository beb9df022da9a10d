"""Data keys: made for each object, kept beside it wrapped, and opened again for who may.

A key of KMS wraps them, through KMS itself and in the name of who asks S3; or a bucket key, which KMS has wrapped once
for many objects; or the customer's key.

Sources: S3 user guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)" (the encryption context, the errors
under ``KMS.``) and "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys" (one for each requester, for a time).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError
from moto.s3.models import FakeBucket

from localaws.client import on_behalf_of
from localaws.credentials import Credential
from localaws.engines.s3.encryption import PROVIDED, Asked, CustomerKey, Encryption, Envelope
from localaws.engines.s3.sealing import new_key, unwrap, wrap
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

_PRINCIPAL = "s3.amazonaws.com"
#: The AWS managed key, for who names none.
_MANAGED = "alias/aws/s3"
_ARN = "aws:s3:arn"
#: How long a bucket key is used before KMS is asked again; AWS says only that it is "time-limited".
_SECONDS = 300
#: Bucket keys that are remembered at a time.
_MOST = 1000


class Sealed(Protocol):
    """What may be encrypted: an object, or an upload's options."""

    @property
    def kms_key_id(self) -> str | None: ...
    @property
    def envelope(self) -> Envelope | None: ...


@dataclass(frozen=True)
class _BucketKey:
    key: bytes
    blob: str
    kms_key: str
    until: float


class DataKeys:
    """Those of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._bucket_keys: dict[tuple[str, ...], _BucketKey] = {}

    def make(self, asked: Asked, bucket: FakeBucket, key_name: str) -> Encryption:
        """A new data key for the object *key_name*, if it is to be encrypted on disk.

        Raises AccessDenied for who may not make one with the key of KMS, and KMS's error for a key that cannot be used,
        under ``KMS.``.
        """
        if asked.customer:
            data_key = new_key()
            envelope = Envelope(_text(wrap(asked.customer.key, data_key)))
            return Encryption(None, envelope=envelope, customer=asked.customer, data_key=data_key)
        if not asked.algorithm.startswith("aws:kms"):
            return Encryption(asked.algorithm)
        arn = bucket.arn if asked.bucket_key else f"{bucket.arn}/{key_name}"
        context = {**asked.context, _ARN: arn}
        told = _text(json.dumps(context, separators=(",", ":")).encode()) if asked.context else None
        region, key = bucket.region_name, asked.kms_key or _MANAGED
        if asked.bucket_key:
            wrapping = self._bucket_key(region, key, context)
            kms_key, data_key = wrapping.kms_key, new_key()
            envelope = Envelope(_text(wrap(wrapping.key, data_key)), context, wrapping.blob)
        else:
            data_key, wrapped, kms_key = self._generate(region, key, context)
            envelope = Envelope(wrapped, context)
        return Encryption(asked.algorithm, kms_key, asked.bucket_key, envelope, told, data_key=data_key)

    def open(
        self, sealed: Sealed, customer: CustomerKey | None = None, caller: Credential | None = None
    ) -> bytes | None:
        """The data key of *sealed* for *caller*, or for who makes the present call; None if its bytes lie as they are.

        Raises InvalidRequest for a *customer*'s key that is missing or of no use, AccessDenied for a wrong one or for
        who may not decrypt with the key of KMS, and KMS's error for a key that cannot be used, under ``KMS.``.
        """
        envelope, kms_key = sealed.envelope, sealed.kms_key_id
        if customer and (envelope is None or kms_key):
            raise AwsError("InvalidRequest", "The encryption parameters are not applicable to this object.", 400)
        if kms_key is None:
            return _opened_by(customer, envelope) if envelope else None
        caller = caller or self._caller()
        if envelope is None or envelope.context is None:  # written by a lab that did not encrypt
            self._check_usable(kms_key, "Decrypt", caller, {})
            return None
        if envelope.bucket_key is None:
            return self._decrypt(kms_key, envelope.wrapped, envelope.context, caller)
        data_key = unwrap(self._opened_bucket_key(kms_key, envelope, caller), _bytes(envelope.wrapped))
        assert data_key is not None, "both are of one record"
        return data_key

    def _caller(self) -> Credential:
        call = current_call.get(None)
        return (call.credential if call else None) or self._lab.owner

    # Bucket keys

    def _bucket_key(self, region: str, key: str, context: dict[str, str]) -> _BucketKey:
        caller = self._caller()
        place = (region, key, json.dumps(context, sort_keys=True), caller.principal)
        kept = self._kept(place)
        if kept:
            self._check_usable(kept.kms_key, "GenerateDataKey", caller, context)
            return kept
        return self._keep(place, *self._generate(region, key, context))

    def _opened_bucket_key(self, kms_key: str, envelope: Envelope, caller: Credential) -> bytes:
        assert envelope.bucket_key is not None and envelope.context is not None
        place = (kms_key, envelope.bucket_key, caller.principal)
        kept = self._kept(place)
        if kept:
            self._check_usable(kms_key, "Decrypt", caller, envelope.context)
            return kept.key
        key = self._decrypt(kms_key, envelope.bucket_key, envelope.context, caller)
        return self._keep(place, key, envelope.bucket_key, kms_key).key

    def _kept(self, place: tuple[str, ...]) -> _BucketKey | None:
        kept = self._bucket_keys.get(place)
        return kept if kept and kept.until > self._lab.clock.time() else None

    def _keep(self, place: tuple[str, ...], key: bytes, blob: str, kms_key: str) -> _BucketKey:
        if len(self._bucket_keys) >= _MOST:
            self._bucket_keys.clear()
        made = self._bucket_keys[place] = _BucketKey(key, blob, kms_key, self._lab.clock.time() + _SECONDS)
        return made

    def _check_usable(self, arn: str, action: str, caller: Credential, context: Mapping[str, str]) -> None:
        """Raises what KMS would: a key that S3 remembers outlives neither a permission nor the key of KMS."""
        from localaws.engines.kms.use import check_use  # not above: KMS takes its time, and most labs encrypt nothing

        try:
            check_use(self._lab, caller, "s3", arn.split(":")[3], arn, action, context)
        except AwsError as error:
            raise _as_s3(error.code, error.message) from None

    # Calls of KMS

    def _generate(self, region: str, key: str, context: dict[str, str]) -> tuple[bytes, str, str]:
        """A new data key, plain and wrapped, and the ARN of the key that wraps it."""
        wanted = {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context}
        made = self._ask(region, key, self._caller(), lambda kms: kms.generate_data_key(**wanted))
        return made["Plaintext"], _text(made["CiphertextBlob"]), made["KeyId"]

    def _decrypt(self, kms_key: str, blob: str, context: dict[str, str], caller: Credential) -> bytes:
        wanted = {"KeyId": kms_key, "CiphertextBlob": _bytes(blob), "EncryptionContext": context}
        opened: bytes = self._ask(kms_key.split(":")[3], kms_key, caller, lambda kms: kms.decrypt(**wanted))[
            "Plaintext"
        ]
        return opened

    def _ask(self, region: str, key: str, caller: Credential, question: Callable[[Any], Any]) -> Any:
        try:
            with on_behalf_of(caller, _PRINCIPAL):
                return question(self._lab.client("kms", region=region))
        except ClientError as error:
            told = error.response["Error"]
            code, message = told["Code"], told["Message"].replace(f"Invalid keyId {key}", f"Invalid keyId '{key}'")
        raise _as_s3(code, message)


def _as_s3(code: str, message: str) -> AwsError:
    """KMS's error as S3 passes it on."""
    if code == "AccessDeniedException":
        return AwsError("AccessDenied", message, 403)
    return AwsError(f"KMS.{code}", message, 400)


def _opened_by(customer: CustomerKey | None, envelope: Envelope) -> bytes:
    if customer is None:
        message = (
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to "
            "retrieve the object."
        )
        raise AwsError("InvalidRequest", message, 400)
    data_key = unwrap(customer.key, _bytes(envelope.wrapped))
    if data_key is None:
        raise AwsError("AccessDenied", f"{PROVIDED} the correct secret key.", 403)
    return data_key


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
