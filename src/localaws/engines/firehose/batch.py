"""A full buffer on its way to S3: one object, its key and its body."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from localaws.engines.firehose.compression import EXTENSIONS, compress
from localaws.engines.firehose.destination import Destination
from localaws.engines.firehose.prefix import data_prefix, error_prefix
from localaws.engines.firehose.processing import Failure, Partition, Record


class Kind(StrEnum):
    """What an object holds; the failures are named as ``!{firehose:error-output-type}`` has them."""

    DATA = "data"
    BACKUP = "backup"
    PROCESSING_FAILED = "processing-failed"
    CONVERSION_FAILED = "format-conversion-failed"


@dataclass
class Batch:
    """The records of one object to be. ``retry_at`` and ``started`` are in seconds since the epoch."""

    kind: Kind
    destination: Destination
    stream: str
    version: str
    partition: Partition
    records: list[Record]
    key: str = ""
    body: bytes | None = None
    attempts: int = 0
    retry_at: float = 0.0
    size: int = field(init=False)
    oldest: float = field(init=False)

    def __post_init__(self) -> None:
        self.size = sum(len(record.data) for record in self.records)
        self.oldest = min(record.arrival for record in self.records)

    def write(self, columnar: bytes | None = None) -> None:
        """Settle key and body, once: a retry must not write a second object. *columnar* is the converted file."""
        moment = datetime.fromtimestamp(self.oldest, UTC).astimezone(self.destination.zone)
        name = f"{self.stream}-{self.version}-{moment:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}"
        self.key = self._prefix(moment) + name + self._extension(columnar is not None)
        if columnar is not None:
            self.body = columnar
        else:
            self.body = compress(b"".join(record.data for record in self.records), self.destination.compression, name)

    def _prefix(self, moment: datetime) -> str:
        if self.kind in (Kind.DATA, Kind.BACKUP):
            return data_prefix(self.destination.prefix, moment, dict(self.partition))
        return error_prefix(self.destination.error_prefix, self.destination.prefix, moment, self.kind)

    def _extension(self, columnar: bool) -> str:
        if self.kind is Kind.DATA and self.destination.extension:
            return self.destination.extension
        if columnar:
            assert self.destination.conversion is not None
            serializer = self.destination.conversion["OutputFormatConfiguration"]["Serializer"]
            return ".orc" if serializer.get("OrcSerDe") is not None else ".parquet"
        return EXTENSIONS[self.destination.compression]


def processing_failure(failure: Failure, now: float) -> Record:
    """The line that AWS writes of a record that it could not process ("Handle failure in data transformation")."""
    return _error_record(
        failure.record,
        {
            "rawData": base64.b64encode(failure.record.data).decode(),
            "errorCode": failure.code,
            "errorMessage": failure.message,
            "attemptsMade": 1,
            "arrivalTimestamp": int(failure.record.arrival * 1000),
            "attemptEndingTimestamp": int(now * 1000),
        },
    )


def conversion_failure(failure: Failure, now: float, table: dict[str, Any]) -> Record:
    """The line that AWS writes of a record that it could not convert ("Handling errors for data format conversion").

    *table* is the ``dataCatalogTable`` of that page.
    """
    return _error_record(
        failure.record,
        {
            "attemptsMade": 1,
            "arrivalTimestamp": int(failure.record.arrival * 1000),
            "lastErrorCode": failure.code,
            "lastErrorMessage": failure.message,
            "attemptEndingTimestamp": int(now * 1000),
            "rawData": base64.b64encode(failure.record.data).decode(),
            "sequenceNumber": failure.record.sequence_number,
            "subSequenceNumber": None,
            "dataCatalogTable": table,
        },
    )


def _error_record(record: Record, content: dict[str, Any]) -> Record:
    return replace(record, data=json.dumps(content).encode() + b"\n")
