"""The operations of Object Lock."""

from __future__ import annotations

from typing import Any

from moto.s3.exceptions import (
    InvalidBucketState,
    LockNotEnabled,
    MalformedXML,
    ObjectLockConfigurationNotFoundError,
    S3ClientError,
)

from localaws.engines.s3.archive_responses import ArchiveResponse
from localaws.engines.s3.documents import check_document, parse_document
from localaws.engines.s3.object_lock import check_change, check_future, lock_asked
from localaws.engines.s3.objects import StoredObject
from localaws.engines.s3.requests import Answer
from localaws.engines.s3.rules import text
from localaws.gateway.errors import AwsError

#: The requests that, kept in the journal, make a bucket one with Object Lock again.
LOCKED_BUCKET = {
    "versioning": "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    "object-lock": "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
}


class LockResponse(ArchiveResponse):
    """Source: S3 user guide, "Configuring S3 Object Lock"."""

    def get_object_retention(self) -> Answer:
        """Source: S3 API reference, GetObjectRetention."""
        key = self._lockable()
        if not key.lock_mode:
            raise _no_lock()
        retention = {"Mode": key.lock_mode, "RetainUntilDate": key.lock_until}
        return self._document("GetObjectRetention", {"Retention": retention}, {})

    def put_object_retention(self) -> Answer:
        """Source: S3 API reference, PutObjectRetention; an empty document takes a retention away."""
        key = self._lockable()
        document = self._parsed("PutObjectRetention")
        mode, until = text(document, "Mode") or None, text(document, "RetainUntilDate") or None
        now = self.lab.clock.now()
        if until:
            check_future(until, now, "RetainUntilDate")
        bypass = self.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        with self.backend.lock:
            check_change(key, mode, until, bypass, now)
            key.lock_mode, key.lock_until = mode, until
            self.backend.update(key)
        self.backend.replicator.send(self.backend, key, self.bucket_name)
        return 200, {}, ""

    def get_object_legal_hold(self) -> Answer:
        """Source: S3 API reference, GetObjectLegalHold."""
        key = self._lockable()
        if not key.lock_legal_status:
            raise _no_lock()
        hold = {"LegalHold": {"Status": key.lock_legal_status}}
        return self._document("GetObjectLegalHold", hold, {})

    def put_object_legal_hold(self) -> Answer:
        """Source: S3 API reference, PutObjectLegalHold."""
        key = self._lockable()
        status = text(self._parsed("PutObjectLegalHold"), "Status")
        if status not in ("ON", "OFF"):
            raise MalformedXML()
        with self.backend.lock:
            key.lock_legal_status = status
            self.backend.update(key)
        self.backend.replicator.send(self.backend, key, self.bucket_name)
        return 200, {}, ""

    def get_object_lock_configuration(self) -> Answer:
        """moto answers with days and years."""
        enabled, mode, days, years = self.backend.get_object_lock_configuration(self.bucket_name)
        if not enabled:
            raise ObjectLockConfigurationNotFoundError
        period = {"Years": years} if years else {"Days": days}
        rule = {"Rule": {"DefaultRetention": {"Mode": mode, **period}}} if mode else {}
        result = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **rule}}
        return self._document("GetObjectLockConfiguration", result, {})

    def _lockable(self) -> StoredObject:
        """The request's object. Raises InvalidRequest where its bucket has no Object Lock."""
        if not self._bucket().object_lock_enabled:
            raise S3ClientError("InvalidRequest", "Bucket is missing Object Lock Configuration")
        return self._find(self.bucket_name, self.key_name, self.querystring.get("versionId", [None])[0])

    def _parsed(self, operation: str) -> Any:
        body = self.request.get_data()
        check_document(operation, body)
        return parse_document(operation, body)

    def _get_lock_details(self, bucket: Any, lock_enabled: bool) -> tuple[str | None, str | None, str | None]:
        """moto forgets the default retention of what is put under legal hold."""
        asked = lock_asked(bucket, self.headers, self.lab.clock.now())
        if any(asked) and not lock_enabled:
            raise LockNotEnabled
        return asked

    def check_locked_bucket(self) -> None:
        """Raises InvalidBucketState where a bucket's versions are to stay, and its versioning is to end."""
        bucket = self.backend.get_bucket(self.bucket_name)
        if bucket.object_lock_enabled and b"Enabled" not in self.request.get_data():
            raise InvalidBucketState(
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
            )


def _no_lock() -> AwsError:
    message = "The specified object does not have a ObjectLock configuration"
    return AwsError("NoSuchObjectLockConfiguration", message, 404)
