"""Exports to S3 and imports: threads that read and write objects as who asked for them, kept as what they tell.

Source: "Requesting a table export" and "Requesting a table import" (DynamoDB developer guide): the caller needs the
rights on the bucket.
"""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import secrets
from abc import abstractmethod
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Thread
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.table_import import TableImport
from moto.dynamodb.models.utilities import dynamo_json_dump

from localaws.client import on_behalf_of
from localaws.engines.dynamodb.history import seconds
from localaws.gateway.records import current_call
from localaws.lab import Lab

#: The request that is being answered: moto hands on only some of it.
importing: ContextVar[dict[str, Any]] = ContextVar("importing")
#: Items in one file of an export.
_ITEMS_A_FILE = 100_000
_TOLD_OF_IMPORT = ("S3BucketSource", "InputFormat", "InputFormatOptions", "TableCreationParameters", "ClientToken")
_PRINCIPAL = "dynamodb.amazonaws.com"


class _Transfer(Thread):
    lab: ClassVar[Lab]
    account_id: str
    region_name: str
    status: str
    error_count: int
    failure_code: str | None
    failure_message: str | None

    ended: float | None = None

    def __init__(self, **described: Any) -> None:
        super().__init__(**described)
        self.began = self.lab.clock.time()
        self._caller = current_call.get().credential
        self._s3 = self.lab.client("s3", region=self.region_name)

    def run(self) -> None:
        """Do it, and tell the cause if it fails."""
        try:
            with on_behalf_of(self._caller, _PRINCIPAL):
                self._transfer()
            self.status = "FAILED" if self.error_count else "COMPLETED"
        except Exception as error:  # of whatever kind: nobody waits for the thread
            code = f"S3{error.response['Error']['Code']}" if isinstance(error, ClientError) else "UNKNOWN"
            self.status, self.failure_code, self.failure_message = "FAILED", code, str(error)
        self.ended = self.lab.clock.time()
        self.lab.state.changed("dynamodb")  # no call does it: the one that began this has long been answered

    @abstractmethod
    def _transfer(self) -> None: ...

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Thread.__init__(self, daemon=True)
        vars(self).update(state)
        if self.status == "IN_PROGRESS":
            self.status, self.failure_code = "FAILED", "UNKNOWN"
            self.failure_message = "The lab ended before the transfer did."


class ExportEngine(_Transfer, TableExport):
    """An export: the items in files of JSON lines, and manifests that name these.

    Source: DynamoDB developer guide, "DynamoDB table export output format".
    """

    def __init__(
        self, table: Table, items: list[dict[str, Any]], request: dict[str, Any], account_id: str, region: str
    ) -> None:
        super().__init__(
            s3_bucket=request["S3Bucket"],
            s3_prefix=request.get("S3Prefix", ""),
            region_name=region,
            account_id=request.get("S3BucketOwner") or account_id,
            table=table,
            export_format="DYNAMODB_JSON",
            export_type="FULL_EXPORT",
        )
        self.request = request
        self.id = f"{int(self.began * 1000):014}-{secrets.token_hex(4)}"
        self.arn = f"{table.table_arn}/export/{self.id}"
        self.time = seconds(request["ExportTime"]) if "ExportTime" in request else self.began
        self._items = items

    @property
    def _folder(self) -> str:
        return f"{self.s3_prefix}/AWSDynamoDB/{self.id}" if self.s3_prefix else f"AWSDynamoDB/{self.id}"

    def _transfer(self) -> None:
        self._put("_started", b"")
        files = []
        for start in range(0, max(len(self._items), 1), _ITEMS_A_FILE):
            items = self._items[start : start + _ITEMS_A_FILE]
            lines = "".join(dynamo_json_dump({"Item": item}) + "\n" for item in items)
            self.processed_bytes += len(lines)
            content = gzip.compress(lines.encode(), mtime=0)
            name = f"data/{secrets.token_hex(13)}.json.gz"
            etag = self._put(name, content)
            digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
            files.append(
                {
                    "itemCount": len(items),
                    "md5Checksum": digest,
                    "etag": etag.strip('"'),
                    "dataFileS3Key": f"{self._folder}/{name}",
                }
            )
        self.item_count = len(self._items)
        self._put_with_digest("manifest-files", "\n".join(map(json.dumps, files)) + "\n")
        self._put_with_digest("manifest-summary", json.dumps(self._summary()))

    def _summary(self) -> dict[str, Any]:
        return {
            "version": "2020-06-30",
            "exportArn": self.arn,
            "startTime": _as_text(self.began),
            "endTime": _as_text(self.lab.clock.time()),
            "tableArn": self.table.table_arn,
            "tableId": self.table.describe()["TableDescription"]["TableId"],
            "exportTime": _as_text(self.time),
            "s3Bucket": self.s3_bucket,
            "s3Prefix": self.s3_prefix or None,
            "s3SseAlgorithm": self.request.get("S3SseAlgorithm", "AES256"),
            "s3SseKmsKeyId": self.request.get("S3SseKmsKeyId"),
            "manifestFilesS3Key": f"{self._folder}/manifest-files.json",
            "billedSizeBytes": self.processed_bytes,
            "itemCount": self.item_count,
            "outputFormat": "DYNAMODB_JSON",
            "exportType": "FULL_EXPORT",
        }

    def _put_with_digest(self, name: str, text: str) -> None:
        content = text.encode()
        self._put(f"{name}.json", content)
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest())
        self._put(f"{name}.md5", digest)

    def _put(self, name: str, content: bytes) -> str:
        sealed = {}
        if algorithm := self.request.get("S3SseAlgorithm"):
            sealed["ServerSideEncryption"] = "aws:kms" if algorithm == "KMS" else algorithm
        if key := self.request.get("S3SseKmsKeyId"):
            sealed["SSEKMSKeyId"] = key
        owner = self.account_id
        put = {"Bucket": self.s3_bucket, "Key": f"{self._folder}/{name}", "ExpectedBucketOwner": owner, **sealed}
        etag: str = self._s3.put_object(**put, Body=content)["ETag"]
        return etag

    def response(self) -> dict[str, Any]:
        """As API reference, ExportDescription, has it."""
        told = super().response() | {"StartTime": self.began, "ExportTime": self.time, "EndTime": self.ended}
        if self.status == "COMPLETED":
            told["ExportManifest"] = f"{self._folder}/manifest-summary.json"
        told["S3SseAlgorithm"] = self.request.get("S3SseAlgorithm", "AES256")
        told["ClientToken"] = self.request.get("ClientToken")
        return {name: value for name, value in told.items() if value not in (None, "")}


class ImportEngine(_Transfer, TableImport):
    """An import: a new table of all items in the objects under a prefix.

    Source: DynamoDB developer guide, "Amazon S3 import formats for DynamoDB".
    """

    def __init__(self, **described: Any) -> None:
        super().__init__(**described)
        self.request = importing.get()

    def _transfer(self) -> None:
        bucket, prefix = self.s3_source["S3Bucket"], self.s3_source.get("S3KeyPrefix", "")
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        backend: Any = dynamodb_backends[self.account_id][self.region_name]
        self.table = backend.create_table(
            name=self.table_name,
            billing_mode=self.billing_mode,
            throughput=self.throughput,
            schema=self.key_schema,
            global_indexes=self.global_indexes,
            indexes=None,
            attr=self.attrs,
            sse_specification=None,
            streams=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )
        read = self._rows_of_csv if self.request["InputFormat"] == "CSV" else self._items_of_json
        for key in keys:
            content = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            content = gzip.decompress(content) if self.compression_type == "GZIP" else content
            self.processed_bytes += len(content)
            for item in read(content):
                self._take(item)

    def _take(self, item: dict[str, Any] | Exception) -> None:
        """What is no item of this table is counted, and the others are taken."""
        assert self.table is not None
        self.processed_count += 1
        try:
            if isinstance(item, Exception):
                raise item
            self.table.put_item(item_attrs=item)
            self.imported_count += 1
        except Exception as error:
            self.failure_message = str(error)
            self.error_count += 1

    @staticmethod
    def _items_of_json(content: bytes) -> Iterator[dict[str, Any] | Exception]:
        """Items are divided by newlines."""
        for line in filter(bytes.strip, content.split(b"\n")):
            try:
                yield json.loads(line)["Item"]
            except (ValueError, LookupError, TypeError, RecursionError) as error:
                yield error

    def _rows_of_csv(self, content: bytes) -> Iterator[dict[str, Any] | Exception]:
        """The header is the first line of each object, or given; all is text but what the table's keys say."""
        options = self.request.get("InputFormatOptions", {}).get("Csv", {})
        types = {each["AttributeName"]: each["AttributeType"] for each in self.attrs}
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=options.get("Delimiter", ","))
        header = options.get("HeaderList") or next(rows, [])
        for row in rows:
            if len(row) != len(header):
                yield ValueError(f"a line has {len(row)} values, and the header {len(header)}")
            else:
                yield {name: {types.get(name, "S"): value} for name, value in zip(header, row, strict=True)}

    def response(self) -> dict[str, Any]:
        """As API reference, ImportTableDescription, has it."""
        told = super().response() | {"StartTime": self.began, "EndTime": self.ended}
        told |= {name: self.request.get(name) for name in _TOLD_OF_IMPORT}
        told["InputCompressionType"] = self.compression_type
        return {name: value for name, value in told.items() if value is not None}


def _as_text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
