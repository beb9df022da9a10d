"""S3's REST interface where bytes move: requests are read, and answers written, without holding an object in memory."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlencode

from moto.core.request import Request
from moto.core.responses import ActionResult
from moto.s3.exceptions import (
    CopyObjectMustChangeSomething,
    InvalidMaxPartNumberArgument,
    InvalidObjectState,
    LockNotEnabled,
    MalformedXML,
    MissingKey,
    MissingVersion,
    S3AccessDeniedError,
    S3ClientError,
)
from moto.s3.models import FakeBucket
from moto.s3.notifications import S3NotificationEvent as Event
from moto.s3.responses import ALLOWED_HEADER_OVERRIDES, S3Response
from moto.s3.utils import ARCHIVE_STORAGE_CLASSES

from localaws.engines.s3 import listing, uploads
from localaws.engines.s3.backend import Condition, S3Engine
from localaws.engines.s3.checksums import ALGORITHMS
from localaws.engines.s3.headers import (
    MAX_PUT,
    byte_range,
    check_digests,
    check_key,
    checksum_wanted,
    content_length,
    metadata_of,
    not_modified,
)
from localaws.engines.s3.objects import DeleteMarker, StoredObject, UploadOptions
from localaws.engines.s3.store import Blob
from localaws.gateway.errors import AwsError, render
from localaws.gateway.records import current_call
from localaws.lab import Lab

Answer = tuple[int, dict[str, Any], Any]
#: Requests that moto reads into memory: XML, JSON and browser forms.
MAX_DOCUMENT = 64 << 20
#: Query parameters that make a request about an object one of moto's.
_SUBRESOURCES = {"acl", "tagging", "legal-hold", "retention", "attributes", "restore", "select"}
#: Query parameters of bucket configuration, which the journal keeps as the requests that made it.
_CONFIGURATIONS = {
    "accelerate",
    "acl",
    "cors",
    "encryption",
    "inventory",
    "lifecycle",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "replication",
    "tagging",
    "versioning",
    "website",
}
#: Query parameters that make a GET of a bucket anything but a listing of objects.
_OTHER_BUCKET_READS = _CONFIGURATIONS | {"location", "policyStatus", "uploads", "versions"}


class S3EngineResponse(S3Response):
    """Answers the operations on objects and parts and the listings itself, and leaves everything else to moto."""

    lab: ClassVar[Lab]

    @cached_property
    def backend(self) -> S3Engine:
        """The caller's; bucket names are found across accounts from there."""
        engine = super().backend
        assert isinstance(engine, S3Engine)
        return engine

    def key_response(self, request: Request, full_url: str, headers: Any) -> Any:
        query = parse_qs(request.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        handler = self._handler(request, query)
        if handler is None:
            check_key(bucket_and_key(request)[1])
            _check_document(request)
            return super().key_response(request, full_url, headers)
        self._set_up(request, query)
        try:
            return handler()
        except S3ClientError as error:
            return self.serialized(ActionResult(error))

    def bucket_response(self, request: Request, full_url: str, headers: Any) -> Any:
        _check_document(request)
        if request.method == "GET" and bucket_and_key(request)[0] and not _OTHER_BUCKET_READS & request.args.keys():
            return self._list(request)
        answer = super().bucket_response(request, full_url, headers)
        names = _CONFIGURATIONS & request.args.keys()
        if names and request.method in ("PUT", "DELETE") and int(answer[0]) < 300:
            self._remember(request, names.pop())
        return answer

    def _list(self, request: Request) -> Any:
        query = parse_qs(request.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        self._set_up(request, query)
        write = listing.list_objects_v2 if query.get("list-type") == ["2"] else listing.list_objects
        try:
            self._bucket("ListBucket")
            return 200, {"Content-Type": "application/xml"}, write(self.backend, self.bucket_name, query)
        except S3ClientError as error:
            self.querystring["Action"] = ["ListObjectsV2"]
            return self.serialized(ActionResult(error))

    def _remember(self, request: Request, name: str) -> None:
        """Have the journal keep a configuration as the request that made it."""
        kept = None
        if request.method == "PUT":
            kept = {
                "query": urlencode(request.args),
                "region": self.region,
                "headers": {
                    k: v for k, v in request.headers.items() if k.lower().startswith(("x-amz-acl", "x-amz-grant"))
                },
                "body": self.raw_body.decode(),
            }
        identity = request.args.get("id")
        self.backend.remember_configuration(self.bucket_name, f"{name}/{identity}" if identity else name, kept)

    def _handler(self, request: Request, query: dict[str, list[str]]) -> Any:
        """The method for an operation that moves bytes, or None."""
        upload = "uploadId" in query
        if request.method == "GET" and "retention" in query:
            return self.get_object_retention
        if _SUBRESOURCES & query.keys():
            return None
        match request.method:
            case "PUT" if "x-amz-copy-source" in request.headers:
                return self.upload_part_copy if upload else self.copy_object
            case "PUT":
                return self.upload_part if upload else self.put_object
            case "GET" if not upload:
                return self.get_object
            case "HEAD":
                return self.head
            case "DELETE" if not upload:
                return self.delete_object
            case "POST" if upload:
                return self.complete_upload
            case "POST" if "uploads" in query:
                return self.create_upload
        return None

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

    # Writing

    def put_object(self) -> Answer:
        """Source: S3 API reference, PutObject."""
        bucket = self._bucket("PutObject")
        options = self._object_options(bucket)
        blob = self._receive(checksum_wanted(self.headers))
        key = self.backend.put_object(self.bucket_name, self.key_name, blob, condition=self._condition(), **options)
        return 200, self._written(key), ""

    def _receive(self, algorithm: str | None) -> Blob:
        environ = self.request.environ
        blob = self.backend.store.receive(environ["wsgi.input"], content_length(environ), algorithm)
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
        tags = self._tagging_from_headers(self.headers)
        self.backend.check_tags(tags)
        hold, mode, until = self._get_lock_details(bucket, bucket.object_lock_enabled)
        if (hold or mode or until) and not bucket.object_lock_enabled:
            raise LockNotEnabled
        return {
            "storage": header("x-amz-storage-class", "STANDARD"),
            "encryption": header("x-amz-server-side-encryption"),
            "kms_key_id": header("x-amz-server-side-encryption-aws-kms-key-id"),
            "bucket_key_enabled": header("x-amz-server-side-encryption-bucket-key-enabled"),
            "lock_mode": mode,
            "lock_legal_status": hold,
            "lock_until": until,
            "metadata": metadata_of(self.headers, self.querystring),
            "tags": tags,
            "acl": self._acl_from_headers(self.headers) or bucket.acl,
            "redirect": header("x-amz-website-redirect-location"),
        }

    def _written(self, key: StoredObject) -> dict[str, Any]:
        """The headers of the answer to a write."""
        headers = key.headers
        shown = ("ETag", "x-amz-version-id", "x-amz-server-side-encryption")
        answer = {name: value for name, value in headers.items() if name.startswith(shown)}
        if key.checksum:
            answer |= key.checksum.headers
        return answer | self._get_cors_headers_other()

    def copy_object(self) -> Answer:
        """Source: S3 API reference, CopyObject."""
        bucket = self._bucket("PutObject")
        source = self._copy_source()
        if source.size > MAX_PUT:
            raise AwsError(
                "InvalidRequest",
                f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_PUT}",
                400,
            )
        options = self._object_options(bucket)
        changes = self.headers.get("x-amz-metadata-directive") == "REPLACE"
        if not changes:
            options["metadata"] = dict(source.metadata)
        if self.headers.get("x-amz-tagging-directive") != "REPLACE":
            options["tags"] = self.backend.tagger.get_tag_dict_for_resource(source.arn)
        asked = ("x-amz-storage-class", "x-amz-server-side-encryption", "x-amz-website-redirect-location")
        newest = self.backend.current(bucket, self.key_name)
        if source is newest and not changes and not any(name in self.headers for name in asked):
            raise CopyObjectMustChangeSomething
        key = self.backend.copy(
            source,
            self.bucket_name,
            self.key_name,
            algorithm=self.headers.get("x-amz-checksum-algorithm"),
            condition=self._condition(),
            event=Event.OBJECT_CREATED_COPY_EVENT,
            **options,
        )
        result: dict[str, Any] = {"ETag": key.etag, "LastModified": key.last_modified_ISO8601}
        if key.checksum:
            result[f"Checksum{key.checksum.algorithm}"] = key.checksum.value
            result["ChecksumType"] = key.checksum.kind
        headers = {k: v for k, v in self._written(key).items() if not k.startswith("x-amz-checksum")}
        if source.version_id != "null":
            headers["x-amz-copy-source-version-id"] = source.version_id
        return self._document("CopyObject", {"CopyObjectResult": result}, headers)

    def _copy_source(self) -> StoredObject:
        """The object of x-amz-copy-source. Raises NoSuchKey, NoSuchVersion, PreconditionFailed, InvalidObjectState."""
        path, _, query = self.headers["x-amz-copy-source"].partition("?")
        bucket_name, _, key_name = unquote(path).lstrip("/").partition("/")
        version_id = parse_qs(query).get("versionId", [None])[0]
        source = self._find(bucket_name, key_name, version_id)
        if not_modified(self.headers, source, "x-amz-copy-source-"):
            raise AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", 412)
        _check_restored(source)
        return source

    def delete_object(self) -> Answer:
        """Source: S3 API reference, DeleteObject."""
        bucket = self._bucket("DeleteObject")
        Condition(self.headers.get("If-Match")).check(self.backend.current(bucket, self.key_name), self.key_name)
        version_id = self.querystring.get("versionId", [None])[0]
        bypass = self.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        _, meta = self.backend.delete_object(self.bucket_name, self.key_name, version_id, bypass)
        return 204, {f"x-amz-{name}": value for name, value in meta.items()}, ""

    # Multipart uploads

    def create_upload(self) -> Answer:
        """Source: S3 API reference, CreateMultipartUpload."""
        options = self._object_options(self._bucket("PutObject"))
        lock = {name: options[name] for name in ("lock_mode", "lock_legal_status", "lock_until")}
        algorithm, kind = self.headers.get("x-amz-checksum-algorithm"), self.headers.get("x-amz-checksum-type")
        if algorithm is not None and algorithm not in ALGORITHMS:
            raise AwsError("InvalidRequest", f"Checksum algorithm provided is unsupported: {algorithm}.", 400)
        upload = uploads.start(
            self.backend,
            self.bucket_name,
            self.key_name,
            UploadOptions(
                metadata=options["metadata"],
                storage_class=options["storage"],
                tags=options["tags"],
                acl=options["acl"],
                encryption=options["encryption"],
                kms_key_id=options["kms_key_id"],
                checksum_algorithm=algorithm,
                checksum_type=kind,
                redirect=options["redirect"],
                lock=lock,
            ),
        )
        result = {
            "Bucket": self.bucket_name,
            "Key": self.key_name,
            "UploadId": upload.id,
            "ChecksumAlgorithm": algorithm,
            "ChecksumType": kind or ("COMPOSITE" if algorithm and algorithm != "CRC64NVME" else None),
            "ServerSideEncryption": options["encryption"] or "AES256",
        }
        return self._document("CreateMultipartUpload", result, {})

    def upload_part(self) -> Answer:
        """Source: S3 API reference, UploadPart."""
        self._bucket("PutObject")
        upload_id, number = self._part()
        upload = uploads.find(self.backend, self.bucket_name, self.key_name, upload_id)
        blob = self._receive(checksum_wanted(self.headers, upload.options.checksum_algorithm))
        part = uploads.add_part(self.backend, self.bucket_name, self.key_name, upload_id, number, blob)
        headers = {"ETag": part.etag, "x-amz-server-side-encryption": upload.options.encryption or "AES256"}
        if blob.checksum:
            headers[blob.checksum.header] = blob.checksum.value
        return 200, headers, ""

    def upload_part_copy(self) -> Answer:
        """Source: S3 API reference, UploadPartCopy."""
        self._bucket("PutObject")
        upload_id, number = self._part()
        upload = uploads.find(self.backend, self.bucket_name, self.key_name, upload_id)
        source = self._copy_source()
        extent = byte_range(self.headers.get("x-amz-copy-source-range"), source.size) or (0, source.size)
        blob = uploads.copy_part(self.backend, source, extent, upload.options.checksum_algorithm)
        part = uploads.add_part(self.backend, self.bucket_name, self.key_name, upload_id, number, blob)
        result = {"LastModified": part.last_modified_ISO8601, "ETag": part.etag}
        if blob.checksum:
            result[f"Checksum{blob.checksum.algorithm}"] = blob.checksum.value
        return self._document("UploadPartCopy", {"CopyPartResult": result}, {})

    def _part(self) -> tuple[str, int]:
        text = self.querystring.get("partNumber", [""])[0]
        if not text.isdigit() or not 1 <= int(text) <= 10_000:
            raise InvalidMaxPartNumberArgument(text)
        return self.querystring["uploadId"][0], int(text)

    def complete_upload(self) -> Answer:
        """Source: S3 API reference, CompleteMultipartUpload. Repeating it is harmless."""
        bucket = self._bucket("PutObject")
        _check_document(self.request)
        upload_id = self.querystring["uploadId"][0]
        parts = uploads.parts_of(self.request.environ["wsgi.input"].read())
        key = self.backend.current(bucket, self.key_name)
        if key is None or key.multipart is None or key.multipart.id != upload_id:
            expected = {n.lower(): v for n, v in self.headers.items() if n.lower().startswith("x-amz-checksum-")}
            key = uploads.finish(
                self.backend, self.bucket_name, self.key_name, upload_id, parts, self._condition(), expected
            )
        result: dict[str, Any] = {
            "Location": f"{self.lab.endpoint}/{self.bucket_name}/{self.key_name}",
            "Bucket": self.bucket_name,
            "Key": self.key_name,
            "ETag": key.etag,
        }
        if key.checksum:
            result[f"Checksum{key.checksum.algorithm}"] = key.checksum.qualified
            result["ChecksumType"] = key.checksum.kind
        headers = {k: v for k, v in self._written(key).items() if not k.startswith("x-amz-checksum") and k != "ETag"}
        return self._document("CompleteMultipartUpload", result, headers)

    # Reading

    def get_object(self) -> Answer:
        """Source: S3 API reference, GetObject."""
        return self._read(with_body=True)

    def get_object_retention(self) -> Answer:
        """Source: S3 API reference, GetObjectRetention; moto would answer with the object."""
        self._bucket("GetObjectRetention")
        key = self._find(self.bucket_name, self.key_name, self.querystring.get("versionId", [None])[0])
        if not key.lock_mode:
            message = "The specified object does not have a ObjectLock configuration"
            raise AwsError("NoSuchObjectLockConfiguration", message, 404)
        retention = {"Mode": key.lock_mode, "RetainUntilDate": key.lock_until}
        return self._document("GetObjectRetention", {"Retention": retention}, {})

    def head(self) -> Answer:
        """Source: S3 API reference, HeadObject."""
        return self._read(with_body=False)

    def _read(self, with_body: bool) -> Answer:
        bucket = self._bucket("GetObject")
        version_id = self.querystring.get("versionId", [None])[0]
        newest = bucket.keys.get(self.key_name)
        if isinstance(newest, DeleteMarker) and version_id in (None, newest.version_id):
            return self._refuse_marker(newest, asked_for=version_id is not None)
        for _ in range(3):
            key = self._find(self.bucket_name, self.key_name, version_id)
            try:
                return self._answer(key, with_body)
            except FileNotFoundError:  # overwritten or deleted since it was found: look again
                continue
        raise MissingKey(key=self.key_name)

    def _answer(self, key: StoredObject, with_body: bool) -> Answer:
        headers: dict[str, Any] = {**key.metadata, **key.headers, "Accept-Ranges": "bytes"}
        headers |= self._get_cors_headers_other()
        if not_modified(self.headers, key):
            return 304, {k: v for k, v in headers.items() if not k.lower().startswith("content-")}, ""
        if with_body:
            _check_restored(key)
        for parameter, name in ALLOWED_HEADER_OVERRIDES.items():
            if parameter in self.querystring:
                headers.pop(name.lower(), None)
                headers[name] = self.querystring[parameter][0]
        extent = self._part_extent(key, headers) or byte_range(self.headers.get("Range"), key.size)
        status, start, length = 200, 0, key.size
        if extent:
            status, (start, length) = 206, extent
            headers["content-range"] = f"bytes {start}-{start + length - 1}/{key.size}"
        elif key.checksum and self.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
            headers |= key.checksum.headers
        headers["content-length"] = str(length)
        return status, headers, key.read(start, length) if with_body else ()

    def _part_extent(self, key: StoredObject, headers: dict[str, Any]) -> tuple[int, int] | None:
        """Where the part of ?partNumber lies in the object. Raises InvalidPartNumber."""
        text = self.querystring.get("partNumber", [""])[0]
        if not text:
            return None
        try:
            if key.multipart is None:
                return [(0, key.size)][int(text) - 1] if int(text) > 0 else None
            headers["x-amz-mp-parts-count"] = str(len(key.multipart.part_sizes))
            return key.multipart.extent(int(text))
        except (ValueError, IndexError):
            raise AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416) from None

    def _refuse_marker(self, marker: DeleteMarker, asked_for: bool) -> Answer:
        """Source: S3 user guide, "Working with delete markers"."""
        code, status = ("MethodNotAllowed", 405) if asked_for else ("NoSuchKey", 404)
        headers, body = render(
            AwsError(code, "The object is behind a delete marker.", status), "s3", current_call.get().request_id
        )
        headers |= {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id}
        return status, headers, body

    # Both

    def _bucket(self, action: str) -> FakeBucket:
        """The request's bucket. Raises NoSuchBucket, or AccessDenied by its policy or its owner."""
        bucket = self.backend.get_bucket(self.bucket_name)
        owner = self.headers.get("x-amz-expected-bucket-owner", bucket.account_id)
        if owner != bucket.account_id or self._denied(bucket, action):
            raise S3AccessDeniedError
        return bucket

    def _denied(self, bucket: FakeBucket, action: str) -> bool:
        """moto's reading of the bucket policy: an explicit deny."""
        if bucket.policy is None:
            return False
        from moto.iam.access_control import PermissionResult

        resource = f"{bucket.arn}/{self.key_name}" if self.key_name else bucket.arn
        return bool(bucket.get_permission(f"s3:{action}", resource) == PermissionResult.DENIED)

    def _find(self, bucket_name: str, key_name: str, version_id: str | None) -> StoredObject:
        key = self.backend.get_object(bucket_name, key_name, version_id=version_id)
        if isinstance(key, StoredObject):
            return key
        raise MissingVersion() if version_id else MissingKey(key=key_name)

    def _document(self, operation: str, result: dict[str, Any], headers: dict[str, Any]) -> Answer:
        self.querystring["Action"] = [operation]
        status, own, body = self.serialized(ActionResult(result))
        return status, {**own, **headers}, body

    # Configuration

    def _notification_config_from_body(self) -> dict[str, Any]:
        """Filter names come in any case, as the SDKs send back what they were given."""
        self.body = re.sub(
            rb"<Name>(prefix|suffix)</Name>",
            lambda match: match[0].lower().replace(b"name>", b"Name>"),
            self.body,
            flags=re.I,
        )
        try:
            configuration = super()._notification_config_from_body()
        except AssertionError:
            raise MalformedXML() from None
        if configuration and self.headers.get("x-amz-skip-destination-validation", "").lower() == "true":
            configuration["Unchecked"] = True
        return configuration


def bucket_and_key(request: Request) -> tuple[str, str]:
    """Both from the path as it was sent: keys may hold anything, encoded slashes and empty segments too."""
    bucket_name, _, key_name = request.raw_path[1:].partition("/")
    return unquote(bucket_name), unquote(key_name)


def _check_document(request: Request) -> None:
    if int(request.environ.get("CONTENT_LENGTH") or 0) > MAX_DOCUMENT:
        raise AwsError("MaxMessageLengthExceeded", "Your request was too large.", 400)


def _check_restored(key: StoredObject) -> None:
    restored = 'ongoing-request="false"' in key.headers.get("x-amz-restore", "")
    if key.storage_class in ARCHIVE_STORAGE_CLASSES and not restored:
        raise InvalidObjectState(storage_class=key.storage_class)
