"""S3's REST interface where bytes move: requests are read, and answers written, without holding an object in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from moto.core.request import Request
from moto.core.responses import ActionResult
from moto.s3.exceptions import (
    CopyObjectMustChangeSomething,
    InvalidArgumentError,
    MalformedXML,
    MissingKey,
    NoSuchBucketPolicy,
    NoSuchPublicAccessBlockConfiguration,
    ObjectLockConfigurationNotFoundError,
    S3ClientError,
)
from moto.s3.models import FakeAcl
from moto.s3.notifications import S3NotificationEvent as Event
from moto.s3.responses import ALLOWED_HEADER_OVERRIDES

from localaws.authorization import keys_of_call
from localaws.engines.s3 import configurations, lifecycle_requests, listing, replication_rules, usage
from localaws.engines.s3.access_lists import check_acl, check_acl_of_new, check_ownership
from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.batches import delete_objects
from localaws.engines.s3.conditional_writes import Condition
from localaws.engines.s3.documents import check_bucket_policy, check_document, parse_document
from localaws.engines.s3.encryption import SSE, SSE_S3, blocked_types, customer_key
from localaws.engines.s3.headers import MAX_PUT, byte_range, check_key, checksum_wanted, not_modified
from localaws.engines.s3.lock_responses import LOCKED_BUCKET
from localaws.engines.s3.objects import DeleteMarker, StoredObject
from localaws.engines.s3.operations import check_done
from localaws.engines.s3.private_buckets import OWNERSHIP, owned_by
from localaws.engines.s3.public_access import refuse_public, settings_of
from localaws.engines.s3.requests import Answer, bucket_and_key, check_restored, check_size
from localaws.engines.s3.rules import tag, tags_of
from localaws.engines.s3.settings_responses import SettingsResponse
from localaws.gateway.environ import query_of
from localaws.gateway.errors import AwsError, render
from localaws.gateway.post_form import POSTED
from localaws.gateway.records import current_call
from localaws.policies.public import is_public

_XML = {"Content-Type": "application/xml"}
_OWNERSHIPS = ("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")
#: A grantee of an x-amz-grant- header.
_GRANT = re.compile(r'\s*(id|uri|emailAddress)="?[^"]+"?\s*', re.IGNORECASE)
#: Operations that change who access control lists let in, or whether there are any.
_OF_ACCESS_LISTS = {"CreateBucket", "PutBucketAcl", "PutBucketOwnershipControls", "PutObjectAcl"}
#: Query parameters that make a request about an object one of moto's.
_SUBRESOURCES = {"acl", "tagging", "attributes", "select"}
#: Query parameters of Object Lock's operations, and how these are called.
_LOCKS = {"legal-hold": "object_legal_hold", "retention": "object_retention"}
#: Query parameters of bucket configuration, which the journal keeps as the requests that made it.
_CONFIGURATIONS = {
    "accelerate",
    "acl",
    "cors",
    "encryption",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "publicAccessBlock",
    "tagging",
    "versioning",
    "website",
}
#: Operations whose answers `listing` writes.
_LISTINGS: dict[str, Callable[[S3Engine, str, Mapping[str, list[str]]], str]] = {
    "ListObjects": listing.list_objects,
    "ListObjectsV2": listing.list_objects_v2,
    "ListObjectVersions": listing.list_object_versions,
    "ListMultipartUploads": listing.list_multipart_uploads,
}


class S3EngineResponse(SettingsResponse):
    """Answers the operations on objects and parts and the listings itself, and leaves everything else to moto."""

    def key_response(self, request: Request, full_url: str, headers: Any) -> Any:
        query = query_of(request.environ)
        check_done(current_call.get().operation, query.keys())
        handler = self._handler(request, query)
        if handler:
            return self._try(request, query, handler)
        check_key(bucket_and_key(request)[1])
        check_size(request)
        refusal = self._try(request, query, self._check_object_call)
        return refusal or super().key_response(request, full_url, headers)

    def bucket_response(self, request: Request, full_url: str, headers: Any) -> Any:
        operation = current_call.get().operation
        query = query_of(request.environ)
        check_done(operation, query.keys())
        check_size(request)
        if operation in _LISTINGS:
            return self._try(request, query, lambda: self._list(_LISTINGS[operation]))
        if operation == "ListBuckets":
            return self._try(request, query, lambda: (200, _XML, listing.list_buckets(self.backend, query)))
        if configurations.KEPT & query.keys():
            return self._try(request, query, self._configuration)
        if replication_rules.NAME in query:
            return self._try(request, query, self._replication)
        if lifecycle_requests.NAME in query:
            return self._try(request, query, self._lifecycle)
        refusal = self._try(request, query, self._check_document)
        if refusal:
            return refusal
        answer = super().bucket_response(request, full_url, headers)
        if operation == "PutBucketPolicy" and int(answer[0]) == 200:  # moto's body is the word True
            answer = 204, {}, ""
        if operation == "CreateBucket" and int(answer[0]) < 300:
            self._remember_made(request)
        names = _CONFIGURATIONS & query.keys()
        if names and request.method in ("PUT", "DELETE") and int(answer[0]) < 300:
            self._remember(request, names.pop())
        return answer

    def _try(self, request: Request, query: dict[str, list[str]], work: Callable[[], Any]) -> Any:
        """What *work* answers, or the error that it raises, as S3 writes it."""
        self._set_up(request, query)
        try:
            return work()
        except S3ClientError as error:
            query["Action"] = [current_call.get().operation]
            return self.serialized(ActionResult(error))

    def _check_object_call(self) -> None:
        """Raises AwsError for one with a document that is none, or for another owner's bucket than is expected."""
        if current_call.get().operation == "GetObjectAttributes":
            key = self._find(self.bucket_name, self.key_name, self.querystring.get("versionId", [None])[0])
            if key.kms_key_id is None:
                self.backend.data_keys.open(key, customer_key(self.headers))
        if self.bucket_name in self.backend.buckets:
            self._bucket()
        self._check_document()

    def _check_document(self) -> None:
        operation, ownership = current_call.get().operation, self.headers.get("x-amz-object-ownership")
        if operation == "CreateBucket" and ownership not in (None, *_OWNERSHIPS):
            message = f"Invalid x-amz-object-ownership header: {ownership}"
            raise AwsError("InvalidArgument", message, 400, {"ArgumentName": "x-amz-object-ownership"})
        if operation == "PutBucketVersioning":
            self.check_locked_bucket()
        for name, value in self.headers.items():
            if name.lower().startswith("x-amz-grant-") and not all(map(_GRANT.fullmatch, value.split(","))):
                raise InvalidArgumentError("Argument format not recognized", name.lower(), value)
        by_header = any(name.lower().startswith(("x-amz-acl", "x-amz-grant-")) for name, _ in self.headers.items())
        if operation in ("PutBucketAcl", "PutObjectAcl") and not by_header and not self.request.get_data():
            message = "Your request was missing a required header"
            raise AwsError("MissingSecurityHeader", message, 400, {"MissingHeaderName": "x-amz-acl"})
        if operation == "PutBucketPolicy":
            self._check_policy(self.request.get_data())
        if self.request.method in ("PUT", "POST"):
            check_document(operation, self.request.get_data())
        if operation in _OF_ACCESS_LISTS:
            self._check_access_list(operation, ownership)

    def _check_policy(self, document: bytes) -> None:
        """Raises MalformedPolicy, or AccessDenied for a public one where Block Public Access keeps it away."""
        check_bucket_policy(self.lab, self.bucket_name, document)
        bucket = self.backend.get_bucket(self.bucket_name)
        if "block_public_policy" in settings_of(bucket) and is_public(document.decode()):
            raise refuse_public("policies", "BlockPublicPolicy", bucket.arn)

    def _check_access_list(self, operation: str, ownership: str | None) -> None:
        """Raises the error for an access control list, or an ownership of objects, that goes with no other setting."""
        canned = self.headers.get("x-amz-acl")
        by_header = self._acl_from_headers(self.headers)
        if operation == "CreateBucket":
            if by_header:
                check_acl_of_new(by_header, canned, ownership)
            return
        bucket = self.backend.get_bucket(self.bucket_name)
        if operation == "PutBucketOwnershipControls":
            self.body = self.request.get_data()
            check_ownership(bucket, str(self._ownership_rule_from_body()))
            return
        self.body = self.request.get_data()
        acl = by_header or (self._acl_from_body() if self.body else None)
        arn = f"{bucket.arn}/{self.key_name}" if operation == "PutObjectAcl" else bucket.arn
        check_acl(bucket, acl or FakeAcl(), None, arn)

    def _list(self, write: Callable[[S3Engine, str, Mapping[str, list[str]]], str]) -> Answer:
        self._bucket()
        return 200, _XML, write(self.backend, self.bucket_name, self.querystring)

    def _remember(self, request: Request, name: str) -> None:
        """Have the journal keep a configuration as the request that made it."""
        kept, body = None, self.raw_body.decode()
        if name == "encryption" and "BlockedEncryptionTypes" not in body:  # what is blocked stays so after a start too
            encryption = self.backend.get_bucket(self.bucket_name).encryption or SSE_S3
            blocked = "".join(f"<EncryptionType>{kind}</EncryptionType>" for kind in blocked_types(encryption["Rule"]))
            body = body.replace("</Rule>", f"<BlockedEncryptionTypes>{blocked}</BlockedEncryptionTypes></Rule>")
        if request.method == "PUT":
            kept = {
                "query": urlencode(request.args),
                "region": self.region,
                "headers": {
                    k: v for k, v in request.headers.items() if k.lower().startswith(("x-amz-acl", "x-amz-grant"))
                },
                "body": body,
            }
        self.backend.remember_configuration(self.bucket_name, name, kept)

    def _remember_made(self, request: Request) -> None:
        """Have the journal keep what the headers that made a bucket have configured."""
        bucket_name = bucket_and_key(request)[0]
        headers = {k: v for k, v in request.headers.items() if k.lower().startswith(("x-amz-acl", "x-amz-grant"))}
        if headers:
            self.backend.put_bucket_acl(bucket_name, self._acl_from_headers(headers))  # moto hears the canned ones only
            kept = {"query": "acl", "region": self.region, "headers": headers, "body": ""}
            self.backend.remember_configuration(bucket_name, "acl", kept)
        if request.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
            for name, body in LOCKED_BUCKET.items():
                kept = {"query": name, "region": self.region, "headers": {}, "body": body}
                self.backend.remember_configuration(bucket_name, name, kept)
        if ownership := request.headers.get("x-amz-object-ownership"):
            self.backend.remember_configuration(bucket_name, OWNERSHIP, owned_by(ownership, self.region))

    def _handler(self, request: Request, query: dict[str, list[str]]) -> Any:
        """The method for an operation that moves bytes, or None."""
        upload = "uploadId" in query
        lock = query.keys() & _LOCKS.keys()
        if lock and request.method in ("GET", "PUT"):
            return getattr(self, f"{request.method.lower()}_{_LOCKS[lock.pop()]}")
        if request.method == "POST" and "restore" in query:
            return self.restore_object
        if _SUBRESOURCES & query.keys():
            return None
        match request.method:
            case "PUT" if "x-amz-copy-source" in request.headers:
                return self.upload_part_copy if upload else self.copy_object
            case "PUT":
                return self.upload_part if upload else self.put_object
            case "GET":
                return self.list_uploaded_parts if upload else self.get_object
            case "HEAD":
                return self.head
            case "DELETE":
                return self.abort_upload if upload else self.delete_object
            case "POST" if upload:
                return self.complete_upload
            case "POST" if "uploads" in query:
                return self.create_upload
        return None

    # Writing

    def put_object(self) -> Answer:
        """Source: S3 API reference, PutObject."""
        bucket = self._bucket()
        options = self._object_options(bucket)
        blob = self._receive(checksum_wanted(self.headers), options["encryption"].data_key)
        method = "POST" if POSTED in self.request.environ else "PUT"  # events tell them apart
        key = self.backend.put_object(
            self.bucket_name, self.key_name, blob, condition=self._condition(), request_method=method, **options
        )
        return 200, self._written(key, options["encryption"]), ""

    def copy_object(self) -> Answer:
        """Source: S3 API reference, CopyObject."""
        bucket = self._bucket()
        source, data_key = self._copy_source()
        if source.size > MAX_PUT:
            raise AwsError(
                "InvalidRequest",
                f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_PUT}",
                400,
            )
        changes = self.headers.get("x-amz-metadata-directive") == "REPLACE"
        asked = ("x-amz-storage-class", SSE, f"{SSE}-customer-algorithm", "x-amz-website-redirect-location")
        newest = self.backend.current(bucket, self.key_name)
        by_version = "versionId=" in self.headers["x-amz-copy-source"]
        asked_before = bucket.encryption is not SSE_S3  # a default of the bucket's own counts as a change
        if (
            source is newest
            and not by_version
            and not asked_before
            and not changes
            and not any(name in self.headers for name in asked)
        ):
            raise CopyObjectMustChangeSomething
        options = self._object_options(bucket)
        if not changes:
            options["metadata"] = dict(source.metadata)
        if self.headers.get("x-amz-tagging-directive") != "REPLACE":
            options["tags"] = self.backend.tagger.get_tag_dict_for_resource(source.arn)
        key = self.backend.copy(
            source,
            self.bucket_name,
            self.key_name,
            key=data_key,
            algorithm=self.headers.get("x-amz-checksum-algorithm"),
            condition=self._condition(),
            event=Event.OBJECT_CREATED_COPY_EVENT,
            **options,
        )
        result: dict[str, Any] = {"ETag": key.etag, "LastModified": key.last_modified_ISO8601}
        if key.checksum:
            result[f"Checksum{key.checksum.algorithm}"] = key.checksum.value
            result["ChecksumType"] = key.checksum.kind
        headers = self._written(key, options["encryption"])
        headers = {name: value for name, value in headers.items() if not name.startswith("x-amz-checksum")}
        if source.version_id != "null":
            headers["x-amz-copy-source-version-id"] = source.version_id
        return self._document("CopyObject", {"CopyObjectResult": result}, headers)

    def delete_object(self) -> Answer:
        """Source: S3 API reference, DeleteObject."""
        bucket = self._bucket()
        Condition(self.headers.get("If-Match")).check(self.backend.current(bucket, self.key_name), self.key_name)
        version_id = self.querystring.get("versionId", [None])[0]
        bypass = self.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        _, meta = self.backend.delete_object(self.bucket_name, self.key_name, version_id, bypass)
        return 204, {f"x-amz-{name}": value for name, value in meta.items()}, ""

    # Reading

    def get_object(self) -> Answer:
        """Source: S3 API reference, GetObject."""
        return self._read(with_body=True)

    def get_bucket_notification(self) -> Answer:
        """Moto does not tell that events go to EventBridge."""
        answer: Answer = super().get_bucket_notification()
        status, headers, body = answer
        configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if configuration is not None and configuration.event_bridge is not None:
            end = "</NotificationConfiguration>"
            body = re.sub("/>$", f">{end}", body)  # where there is nothing else
            body = body.replace(end, f"<EventBridgeConfiguration/>{end}")
        return status, headers, body

    def get_bucket_policy_status(self) -> Answer:
        """Source: S3 API reference, GetBucketPolicyStatus."""
        policy = self.backend.get_bucket_policy(self.bucket_name)
        if not policy:
            raise NoSuchBucketPolicy(bucket_name=self.bucket_name)
        status = {"PolicyStatus": {"IsPublic": is_public(policy.decode())}}
        return self._document("GetBucketPolicyStatus", status, {})

    def head(self) -> Answer:
        """Source: S3 API reference, HeadObject."""
        return self._read(with_body=False)

    def _read(self, with_body: bool) -> Answer:
        bucket = self._bucket()
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
        headers |= self._get_cors_headers_other() | self._end_of(key)
        if not_modified(self.headers, key):
            return 304, {k: v for k, v in headers.items() if not k.lower().startswith("content-")}, ""
        if SSE in self.headers:
            raise InvalidArgumentError(f"{SSE} header is not supported for this operation.", SSE, self.headers[SSE])
        with_checksum = self.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
        customer = customer_key(self.headers)
        data_key = None
        if with_body or with_checksum or key.kms_key_id is None:
            data_key = self.backend.data_keys.open(key, customer)
        if customer:
            headers |= customer.headers
        if with_body:
            check_restored(key)
        for parameter, name in ALLOWED_HEADER_OVERRIDES.items():
            if parameter in self.querystring:
                headers.pop(name.lower(), None)
                headers[name] = self.querystring[parameter][0]
        if "partNumber" in self.querystring and self.headers.get("Range"):
            raise S3ClientError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        extent = self._part_extent(key, headers) or byte_range(self.headers.get("Range"), key.size)
        status, start, length = 200, 0, key.size
        if extent:
            status, (start, length) = 206, extent
            headers["content-range"] = f"bytes {start}-{start + length - 1}/{key.size}"
        if extent in (None, (0, key.size)) and key.checksum and with_checksum:
            headers |= key.checksum.headers
        headers["content-length"] = str(length)
        if with_body:
            usage.read(key, length)
        return status, headers, key.read(start, length, data_key) if with_body else ()

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
            count = len(key.multipart.part_sizes) if key.multipart else 1
            told = {"PartNumberRequested": text, "ActualPartCount": str(count)}
            message = "The requested partnumber is not satisfiable"
            raise AwsError("InvalidPartNumber", message, 416, told) from None

    def _refuse_marker(self, marker: DeleteMarker, asked_for: bool) -> Answer:
        """Source: S3 user guide, "Working with delete markers"."""
        error = AwsError("NoSuchKey", "The specified key does not exist.", 404, {"Key": self.key_name})
        if asked_for:
            told = {"Method": self.request.method, "ResourceType": "DeleteMarker"}
            message = "The specified method is not allowed against this resource."
            error = AwsError("MethodNotAllowed", message, 405, told)
        headers, body = render(error, "s3", current_call.get().request_id)
        headers |= {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id}
        return error.status, {**headers, **({"Allow": "DELETE"} if asked_for else {})}, body

    def _bucket_response_delete_keys(self, bucket_name: str, authenticated: bool = True) -> Any:
        """Source: S3 API reference, DeleteObjects."""
        bucket = self.backend.get_bucket(bucket_name)

        def permit(key: str, version_id: str | None) -> None:
            call, action = current_call.get(), "s3:DeleteObjectVersion" if version_id else "s3:DeleteObject"
            assert call.credential is not None
            keys = {**keys_of_call(call), **({"s3:VersionId": version_id} if version_id else {})}
            for each in (action, *(("s3:BypassGovernanceRetention",) if bypass else ())):
                self.lab.authorize(call.credential, "s3", each, [f"{bucket.arn}/{key}"], keys)

        bypass = self.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        document = parse_document("DeleteObjects", self.raw_body)
        return self._document("DeleteObjects", delete_objects(self.backend, bucket_name, document, bypass, permit), {})

    # Configuration

    def _bucket_response(self, request: Request, full_url: str) -> Any:
        try:
            return super()._bucket_response(request, full_url)
        except (NoSuchPublicAccessBlockConfiguration, ObjectLockConfigurationNotFoundError) as error:
            raise AwsError(error.code, error.message, 404, {"BucketName": self.bucket_name}) from None

    def _bucket_tagging_from_body(self) -> dict[str, str]:
        return dict(tags_of(parse_document("PutBucketTagging", self.raw_body)))

    def _tagging_from_xml(self) -> dict[str, str]:
        return dict(tags_of(parse_document("PutObjectTagging", self.raw_body)))

    def get_bucket_encryption(self) -> Any:
        """Moto does not tell what is blocked."""
        self.backend.get_bucket(self.bucket_name)
        encryption = self.backend.get_bucket_encryption(self.bucket_name)
        assert encryption is not None, "every bucket encrypts"
        rule = encryption["Rule"]
        told = {
            "ApplyServerSideEncryptionByDefault": rule["ApplyServerSideEncryptionByDefault"],
            "BlockedEncryptionTypes": {"EncryptionType": blocked_types(rule)},
            "BucketKeyEnabled": str(rule.get("BucketKeyEnabled")).lower() == "true",
        }
        result = {"ServerSideEncryptionConfiguration": {"Rules": [told]}}
        return self._document("GetBucketEncryption", result, {})

    def _encryption_config_from_body(self) -> dict[str, Any]:
        """A rule may only say what is blocked (API reference, ServerSideEncryptionRule); moto wants more of it."""
        if b"BlockedEncryptionTypes" in self.raw_body and b"ApplyServerSideEncryptionByDefault" not in self.raw_body:
            document = parse_document("PutBucketEncryption", self.raw_body)
            blocked = [element.text or "" for element in document.iter() if tag(element) == "EncryptionType"]
            return {"Rule": SSE_S3["Rule"] | {"BlockedEncryptionTypes": {"EncryptionType": blocked}}}
        configuration: dict[str, Any] = super()._encryption_config_from_body()
        return configuration

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
