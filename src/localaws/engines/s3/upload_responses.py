"""The operations of multipart uploads, as requests come and answers go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from moto.s3.exceptions import InvalidMaxPartNumberArgument

from localaws.engines.s3 import uploads
from localaws.engines.s3.checksums import ALGORITHMS
from localaws.engines.s3.encryption import customer_key
from localaws.engines.s3.headers import checksum_wanted, checksums_given, copy_range
from localaws.engines.s3.lifecycle import abortion, http_date
from localaws.engines.s3.listing import list_parts
from localaws.engines.s3.objects import StoredUpload, UploadOptions
from localaws.engines.s3.requests import Answer, S3Request, check_size
from localaws.gateway.errors import AwsError


class UploadResponse(S3Request):
    """Source: S3 user guide, "Uploading and copying objects using multipart upload"."""

    def create_upload(self) -> Answer:
        """Source: S3 API reference, CreateMultipartUpload."""
        options = self._object_options(self._bucket())
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
                encryption=options["encryption"].kept,
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
            "ChecksumType": upload.options.checksum_kind,
            **upload.options.encryption.members,
        }
        return self._document("CreateMultipartUpload", result, self._abortion_of(upload))

    def _abortion_of(self, upload: StoredUpload) -> dict[str, str]:
        """The headers that say when a life cycle gives an upload up, and by which rule."""
        end = abortion(self.backend.lifecycle(self.bucket_name), upload)
        return {"x-amz-abort-date": http_date(end[0]), "x-amz-abort-rule-id": end[1]} if end else {}

    def _data_key(self, upload: StoredUpload) -> bytes | None:
        """What the upload's parts are encrypted with. Raises InvalidRequest without the key of the customer."""
        encryption, customer = upload.options.encryption, customer_key(self.headers)
        if bool(customer) != bool(encryption.customer):
            message = (
                "The multipart upload initiate requested encryption. Subsequent part requests must include the "
                "appropriate encryption parameters."
            )
            raise AwsError("InvalidRequest", message, 400)
        if customer != encryption.customer:
            message = "The provided encryption parameters did not match the ones used originally."
            raise AwsError("InvalidRequest", message, 400)
        return self.backend.data_keys.open(encryption, customer)

    def upload_part(self) -> Answer:
        """Source: S3 API reference, UploadPart."""
        self._bucket()
        upload_id, number = self._part()
        upload = uploads.find(self.backend, self.bucket_name, self.key_name, upload_id)
        data_key = self._data_key(upload)
        blob = self._receive(checksum_wanted(self.headers, upload.options.checksum_algorithm), data_key)
        part = uploads.add_part(self.backend, self.bucket_name, self.key_name, upload_id, number, blob)
        headers = {"ETag": part.etag, **_of_part(upload)}
        if blob.checksum:
            headers[blob.checksum.header] = blob.checksum.value
        return 200, headers, ""

    def upload_part_copy(self) -> Answer:
        """Source: S3 API reference, UploadPartCopy."""
        self._bucket()
        upload_id, number = self._part()
        upload = uploads.find(self.backend, self.bucket_name, self.key_name, upload_id)
        data_key = self._data_key(upload)
        source, source_key = self._copy_source()
        extent = copy_range(self.headers.get("x-amz-copy-source-range"), source.size)
        algorithm = upload.options.checksum_algorithm
        blob = uploads.copy_part(self.backend, source, source_key, extent, algorithm, data_key)
        part = uploads.add_part(self.backend, self.bucket_name, self.key_name, upload_id, number, blob)
        result = {"LastModified": part.last_modified_ISO8601, "ETag": part.etag}
        if blob.checksum and upload.options.checksum_algorithm:
            result[f"Checksum{blob.checksum.algorithm}"] = blob.checksum.value
        headers = _of_part(upload)
        if source.version_id != "null":
            headers["x-amz-copy-source-version-id"] = source.version_id
        return self._document("UploadPartCopy", {"CopyPartResult": result}, headers)

    def _part(self) -> tuple[str, int]:
        text = self.querystring.get("partNumber", [""])[0]
        if not text.isdigit() or not 1 <= int(text) <= 10_000:
            raise InvalidMaxPartNumberArgument(text)
        return self.querystring["uploadId"][0], int(text)

    def abort_upload(self) -> Answer:
        """Source: S3 API reference, AbortMultipartUpload."""
        self._bucket()
        upload_id = self.querystring["uploadId"][0]
        uploads.find(self.backend, self.bucket_name, self.key_name, upload_id)
        self.backend.abort_multipart_upload(self.bucket_name, upload_id)
        return 204, {}, ""

    def list_uploaded_parts(self) -> Answer:
        """Source: S3 API reference, ListParts."""
        self._bucket()
        upload = uploads.find(self.backend, self.bucket_name, self.key_name, self.querystring["uploadId"][0])
        headers = {"Content-Type": "application/xml", **self._abortion_of(upload)}
        return 200, headers, list_parts(self.bucket_name, upload, self.querystring)

    def complete_upload(self) -> Answer:
        """Source: S3 API reference, CompleteMultipartUpload. Repeating it is harmless."""
        bucket = self._bucket()
        check_size(self.request)
        upload_id = self.querystring["uploadId"][0]
        checksums_given(self.headers)  # raises InvalidRequest for two
        parts = uploads.parts_of(self.request.environ["wsgi.input"].read(), upload_id)
        customer = customer_key(self.headers)
        key = self.backend.current(bucket, self.key_name)
        if key is None or key.multipart is None or key.multipart.id != upload_id:
            expected = {n.lower(): v for n, v in self.headers.items() if n.lower().startswith("x-amz-checksum-")}
            key = uploads.finish(
                self.backend, self.bucket_name, self.key_name, upload_id, parts, self._condition(), expected, customer
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
        headers = self._written(key, replace(key.told, customer=customer))
        headers = {name: value for name, value in headers.items() if not name.startswith(("x-amz-checksum", "ETag"))}
        return self._document("CompleteMultipartUpload", result, headers)


def _of_part(upload: StoredUpload) -> dict[str, str]:
    """What the answer about a part tells of its encryption."""
    return replace(upload.options.encryption, told_context=None).headers
