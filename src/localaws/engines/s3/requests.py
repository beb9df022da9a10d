"""What the operations of S3's REST interface share: the request, its bucket and options, and how answers go."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, unquote

from moto.core.request import Request
from moto.core.responses import ActionResult
from moto.s3.exceptions import (
    InvalidArgumentError,
    InvalidObjectState,
    MissingKey,
    MissingVersion,
    PreconditionFailed,
    S3AccessDeniedError,
    S3ClientError,
)
from moto.s3.models import FakeAcl, FakeBucket
from moto.s3.responses import S3Response

from localaws.engines.s3.access_lists import check_acl
from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.conditional_writes import Condition
from localaws.engines.s3.encryption import COPY_SOURCE, Encryption, asked_of, customer_key
from localaws.engines.s3.headers import check_digests, check_key, content_length, metadata_of, not_modified
from localaws.engines.s3.lifecycle import end_of
from localaws.engines.s3.objects import DeleteMarker, StoredObject
from localaws.engines.s3.storage_classes import ARCHIVES
from localaws.engines.s3.store import Blob
from localaws.engines.s3.version_ids import check_version_id
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

Answer = tuple[int, dict[str, Any], Any]
#: The headers that give an access control list, as WSGI names them.
_OF_ACL = {
    "HTTP_X_AMZ_ACL",
    "HTTP_X_AMZ_GRANT_FULL_CONTROL",
    "HTTP_X_AMZ_GRANT_READ",
    "HTTP_X_AMZ_GRANT_READ_ACP",
    "HTTP_X_AMZ_GRANT_WRITE",
    "HTTP_X_AMZ_GRANT_WRITE_ACP",
}
#: Requests that are read into memory: XML, JSON and browser forms.
MAX_DOCUMENT = 64 << 20


class S3Request(S3Response):
    """moto's response class, made to read a request without holding its body in memory."""

    lab: ClassVar[Lab]

    @cached_property
    def backend(self) -> S3Engine:
        """The caller's; bucket names are found across accounts from there."""
        engine = super().backend
        assert isinstance(engine, S3Engine)
        return engine

    def _set_up(self, request: Request, query: dict[str, list[str]]) -> None:
        """What moto's methods need of a request, without reading its body."""
        self.request = self.normalized_request = request
        self.headers = request.headers
        self.querystring = self.data = query
        self.response_headers = {}
        self.current_account = current_call.get().account_id
        self.region = current_call.get().region
        self.bucket_name, key_name = bucket_and_key(request)
        self.key_name = check_key(key_name)

    def parse_key_name(self) -> str:
        return bucket_and_key(self.request)[1]

    def _receive(self, algorithm: str | None, key: bytes | None) -> Blob:
        """The body in the store, encrypted under the data key *key* if there is one. Raises what it is refused for."""
        environ = self.request.environ
        blob = self.backend.store.receive(environ["wsgi.input"], content_length(environ), algorithm, key)
        try:
            check_digests(self.headers, blob)
        except AwsError:
            self.backend.store.remove(blob.file)
            raise
        return blob

    def _condition(self) -> Condition:
        return Condition(self.headers.get("If-Match"), self.headers.get("If-None-Match"))

    def _object_options(self, bucket: FakeBucket) -> dict[str, Any]:
        """What PutObject, CopyObject and CreateMultipartUpload have in common."""
        header = self.headers.get
        tags = _tags_of_header(header("x-amz-tagging") or "")
        self.backend.check_tags(tags)
        hold, mode, until = self._get_lock_details(bucket, bucket.object_lock_enabled)
        encryption = self.backend.data_keys.make(asked_of(bucket, self.headers), bucket, self.key_name)
        return {
            "storage": header("x-amz-storage-class", "STANDARD"),
            "encryption": encryption,
            "lock_mode": mode,
            "lock_legal_status": hold,
            "lock_until": until,
            "metadata": metadata_of(self.headers, self.querystring),
            "tags": tags,
            "acl": self._acl_asked(bucket) or bucket.acl,
            "redirect": header("x-amz-website-redirect-location"),
        }

    def _acl_asked(self, bucket: FakeBucket) -> FakeAcl | None:
        """The access control list that the headers give an object, if any. Raises what `check_acl` does."""
        if _OF_ACL.isdisjoint(self.request.environ):
            return None
        acl: FakeAcl | None = self._acl_from_headers(self.headers)
        check_acl(bucket, acl, self.headers.get("x-amz-acl"), f"{bucket.arn}/{self.key_name}")
        return acl

    def _written(self, key: StoredObject, encryption: Encryption) -> dict[str, Any]:
        """The headers of the answer to a write."""
        answer = {"ETag": key.etag, **encryption.headers}
        if key._is_versioned:
            answer["x-amz-version-id"] = key.version_id
        if key.checksum:
            answer |= key.checksum.headers
        return answer | self._get_cors_headers_other() | self._end_of(key)

    def _end_of(self, key: StoredObject) -> dict[str, str]:
        """The header that says when a life cycle ends a current version."""
        lifecycle = self.backend.lifecycle(self.bucket_name)
        if not lifecycle.rules or self.backend.current(self.backend.get_bucket(self.bucket_name), key.name) is not key:
            return {}
        return end_of(lifecycle, key, lambda each: self.backend.tagger.get_tag_dict_for_resource(each.arn))

    def _copy_source(self) -> tuple[StoredObject, bytes | None]:
        """The object of x-amz-copy-source, and its data key.

        Raises NoSuchKey, NoSuchVersion, PreconditionFailed, InvalidObjectState, or what `DataKeys.open` does.
        """
        path, _, query = self.headers["x-amz-copy-source"].partition("?")
        bucket_name, _, key_name = unquote(path).lstrip("/").partition("/")
        version_id = parse_qs(query).get("versionId", [None])[0]
        if version_id and isinstance(self.backend.version(bucket_name, key_name, version_id), DeleteMarker):
            message = "The source of a copy request may not specifically refer to a delete marker by version id."
            raise S3ClientError("InvalidRequest", message)
        source = self._find(bucket_name, key_name, version_id)
        if not_modified(self.headers, source, "x-amz-copy-source-"):
            name = "If-None-Match" if "x-amz-copy-source-if-none-match" in self.headers else "If-Modified-Since"
            raise PreconditionFailed(f"x-amz-copy-source-{name}")
        check_restored(source)
        return source, self.backend.data_keys.open(source, customer_key(self.headers, COPY_SOURCE))

    def _bucket(self) -> FakeBucket:
        """The request's bucket. Raises NoSuchBucket, or AccessDenied for another owner than is expected."""
        bucket = self.backend.get_bucket(self.bucket_name)
        owner = self.headers.get("x-amz-expected-bucket-owner", bucket.account_id)
        if owner != bucket.account_id:
            raise S3AccessDeniedError
        return bucket

    def _find(self, bucket_name: str, key_name: str, version_id: str | None) -> StoredObject:
        key = self.backend.get_object(bucket_name, key_name, version_id=version_id)
        if isinstance(key, StoredObject):
            return key
        check_version_id(version_id)
        raise MissingVersion(key_name, version_id) if version_id else MissingKey(key=key_name)

    def _document(self, operation: str, result: dict[str, Any], headers: dict[str, Any]) -> Answer:
        self.querystring["Action"] = [operation]
        status, own, body = self.serialized(ActionResult(result))
        return status, {**own, **headers}, body


def _tags_of_header(value: str) -> dict[str, str]:
    """The tags of x-amz-tagging. Raises InvalidArgument."""
    pairs = parse_qsl(value, keep_blank_values=True)
    tags = dict(pairs)
    if len(tags) < len(pairs) or "," in value:
        raise InvalidArgumentError(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates.",
            "x-amz-tagging",
            value,
        )
    return tags


def bucket_and_key(request: Request) -> tuple[str, str]:
    """Both from the path as it was sent: keys may hold anything, encoded slashes and empty segments too."""
    bucket_name, _, key_name = request.raw_path[1:].partition("/")
    return unquote(bucket_name), unquote(key_name)


def check_size(request: Request) -> None:
    if int(request.environ.get("CONTENT_LENGTH") or 0) > MAX_DOCUMENT:
        raise AwsError("MaxMessageLengthExceeded", "Your request was too large.", 400)


def check_restored(key: StoredObject) -> None:
    """Raises InvalidObjectState for an archived object of which there is no copy."""
    restored = key.restoration is not None and key.restoration.expiry is not None
    if key.storage_class in ARCHIVES and not restored:
        raise InvalidObjectState(storage_class=key.storage_class)
