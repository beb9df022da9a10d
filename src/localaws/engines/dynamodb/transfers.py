"""Exports to S3 and imports: threads that read and write objects as who asked for them, kept as what they tell.

Source: "Requesting a table export" and "Requesting a table import" (DynamoDB developer guide): the caller needs the
rights on the bucket.
"""

from __future__ import annotations

import gzip
import json
from abc import abstractmethod
from threading import Thread
from typing import Any, ClassVar
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table_export import TableExport
from moto.dynamodb.models.table_import import TableImport
from moto.dynamodb.models.utilities import dynamo_json_dump

from localaws.client import on_behalf_of
from localaws.gateway.records import current_call
from localaws.lab import Lab

_PRINCIPAL = "dynamodb.amazonaws.com"


class _Transfer(Thread):
    lab: ClassVar[Lab]
    account_id: str
    region_name: str
    status: str
    error_count: int
    failure_code: str | None
    failure_message: str | None

    def __init__(self, **described: Any) -> None:
        super().__init__(**described)
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
    """An export: all items of a table in one object of JSON lines."""

    def _transfer(self) -> None:
        lines = []
        for item in self.table.all_items():
            described = item.to_json(root_attr_name="Item")
            lines.append(dynamo_json_dump(described) + "\n")
            self.processed_bytes += len(lines[-1])
        folder = f"{self.s3_prefix}/AWSDynamoDB" if self.s3_prefix else "AWSDynamoDB"
        key = f"{folder}/{uuid4()}/data/{uuid4()}.gz"
        content = gzip.compress("".join(lines).encode())
        self._s3.put_object(Bucket=self.s3_bucket, Key=key, Body=content, ExpectedBucketOwner=self.account_id)
        self.item_count = len(lines)


class ImportEngine(_Transfer, TableImport):
    """An import: a new table of all items in the objects under a prefix."""

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
        for key in keys:
            content = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            self._take(gzip.decompress(content) if self.compression_type == "GZIP" else content)

    def _take(self, content: bytes) -> None:
        """Items are divided by newlines ("Amazon S3 import formats for DynamoDB", DynamoDB developer guide)."""
        assert self.table is not None
        for line in filter(bytes.strip, content.split(b"\n")):
            self.processed_count += 1
            self.processed_bytes += len(line)
            try:
                self.table.put_item(item_attrs=json.loads(line)["Item"])
                self.imported_count += 1
            except Exception as error:  # what is no item of this table is counted, and the others are taken
                self.failure_message = str(error)
                self.error_count += 1
