"""Firehose's operations, on top of moto's bookkeeping."""

from __future__ import annotations

import logging
import re
import uuid
from pathlib import Path
from typing import Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError
from moto.firehose.exceptions import (
    FirehoseException,
    InvalidArgumentException,
    ResourceInUseException,
    ResourceNotFoundException,
    ValidationException,
)
from moto.firehose.models import DeliveryStream, FirehoseBackend, create_s3_destination_config

from localaws.engines.firehose.backlog import Backlog, Setting
from localaws.engines.firehose.delivery import Delivery, StreamFullError
from localaws.engines.firehose.destination import parse, with_defaults
from localaws.engines.firehose.processing import Record
from localaws.engines.firehose.source import KinesisSource
from localaws.gateway.records import current_call
from localaws.lab import Lab

log = logging.getLogger(__name__)

# "Amazon Data Firehose quota" (firehose/latest/dev/limits.html)
MOST_RECORDS = 500
MOST_RECORD_BYTES = 1000 * 1024
MOST_BATCH_BYTES = 4 * 1024 * 1024
#: "Each record is rounded up to the nearest 5 KB" (aws.amazon.com/firehose/pricing).
BILLED_STEP = 5 * 1024

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


class ServiceUnavailableException(FirehoseException):
    """The SDKs try again by themselves."""

    def __init__(self, message: str) -> None:
        super().__init__("ServiceUnavailableException", message)


class FirehoseEngine(FirehoseBackend):
    """Streams that deliver: each has a `Delivery`, and a `KinesisSource` if it reads from a stream."""

    lab: ClassVar[Lab]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._deliveries: dict[str, Delivery] = {}
        self._sources: dict[str, KinesisSource] = {}
        #: Of each stream, the name of its backlog's file: no other stream's, before or after.
        self.files: dict[str, str] = {}
        self._settled: set[str] = set()

    def deliveries(self) -> list[Delivery]:
        return list(self._deliveries.values())

    def __getstate__(self) -> dict[str, Any]:
        """The settings. What is on its way lies in the backlogs."""
        return {**self.__dict__, "_deliveries": {}, "_sources": {}, "_settled": set()}

    def go_on(self) -> None:
        """Deliver what an earlier process has acknowledged. A stream without a backlog was just deleted."""
        for name, stream in list(self.delivery_streams.items()):
            if not self._file(name).exists():
                super().delete_delivery_stream(name)
                del self.files[name]
                continue
            self._deliveries[name] = self._delivery(stream)
            if stream.source:
                self._read_source(stream)

    def _file(self, name: str) -> Path:
        return self.lab.directory / "firehose" / self.files[name]

    def reset(self) -> None:
        for name in list(self.delivery_streams):
            self._end(name)
        super().reset()

    # Streams

    def create_delivery_stream(
        self,
        region: str,
        delivery_stream_name: str,
        delivery_stream_type: str | None,
        kinesis_stream_source_configuration: dict[str, Any] | None,
        delivery_stream_encryption_configuration_input: dict[str, Any] | None,
        s3_destination_configuration: dict[str, Any] | None,
        extended_s3_destination_configuration: dict[str, Any] | None,
        *rest: Any,
    ) -> str:
        """Returns the stream's ARN; the stream is CREATING until its source is open.

        Raises InvalidArgumentException and ValidationException for what AWS refuses (CreateDeliveryStream).
        """
        if not _NAME.fullmatch(delivery_stream_name):
            raise ValidationException(
                f"1 validation error detected: Value '{delivery_stream_name}' at 'deliveryStreamName' failed to "
                "satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
            )
        from_kinesis = delivery_stream_type == "KinesisStreamAsSource"
        if from_kinesis != bool(kinesis_stream_source_configuration):
            raise InvalidArgumentException(
                "KinesisStreamSourceConfiguration is needed for, and only applicable to, KinesisStreamAsSource streams."
            )
        if bool(s3_destination_configuration) == bool(extended_s3_destination_configuration):
            raise InvalidArgumentException("Exactly one destination configuration is supported for a Firehose")
        # AWS describes a stream made with S3DestinationConfiguration as an extended one, too.
        config = with_defaults(extended_s3_destination_configuration or s3_destination_configuration or {})
        parse(config)
        encryption = {"Status": "DISABLED"}
        if delivery_stream_encryption_configuration_input:
            encryption = {**delivery_stream_encryption_configuration_input, "Status": "ENABLED"}
        arn = super().create_delivery_stream(
            region,
            delivery_stream_name,
            delivery_stream_type or "DirectPut",
            kinesis_stream_source_configuration,  # type: ignore[arg-type]
            encryption,
            None,  # type: ignore[arg-type]
            config,
            *rest,
        )
        stream = self.delivery_streams[delivery_stream_name]
        self.files[delivery_stream_name] = f"{delivery_stream_name}-{uuid.uuid4().hex}.log"
        Backlog(self._file(delivery_stream_name)).set(Setting(config, stream.version_id))
        self._deliveries[delivery_stream_name] = self._delivery(stream)
        if kinesis_stream_source_configuration:
            stream.delivery_stream_status = "CREATING"
            self._read_source(stream)
        return arn

    def _delivery(self, stream: DeliveryStream) -> Delivery:
        name, arn = stream.delivery_stream_name, stream.delivery_stream_arn
        setting = Setting(stream.destinations[0]["ExtendedS3"], stream.version_id)
        return Delivery(self.lab, self.region_name, name, arn, setting, Backlog(self._file(name)))

    def _read_source(self, stream: DeliveryStream) -> None:
        """Go on with the source of *stream*, or open it and have the stream become ACTIVE."""
        name = stream.delivery_stream_name
        arn, role = stream.source["KinesisStreamARN"], stream.source["RoleARN"]
        source = KinesisSource(self.lab, name, self.region_name, arn, role, self._deliveries[name])
        self._sources[name] = source
        if stream.delivery_stream_status == "CREATING":
            self.lab.spawn(f"firehose create {name}", lambda: self._open(stream, source), followed=True)
        elif stream.delivery_stream_status == "ACTIVE":
            source.start()

    def _open(self, stream: Any, source: KinesisSource) -> None:
        """From CREATING to ACTIVE, or to CREATING_FAILED with the reason."""
        with self.lab.state.changing("firehose"):
            try:
                stream.source = {**stream.source, "DeliveryStartTimestamp": source.open()}
            except (ClientError, BotoCoreError, OSError) as error:
                details = f"The source cannot be read: {error}"
                stream.failure_description = {"Type": "UNKNOWN_ERROR", "Details": details}
                stream.delivery_stream_status = "CREATING_FAILED"
                return
            source.start()
            stream.delivery_stream_status = "ACTIVE"

    def delete_delivery_stream(self, delivery_stream_name: str) -> None:
        """Deletes "a Firehose stream and its data" (DeleteDeliveryStream): what is still buffered is not delivered."""
        if self._stream(delivery_stream_name).delivery_stream_status == "CREATING":
            raise ResourceInUseException(f"Firehose {delivery_stream_name} is CREATING: wait until it is ACTIVE.")
        super().delete_delivery_stream(delivery_stream_name)
        self._end(delivery_stream_name)

    def list_delivery_streams(self, limit: int | None, *rest: Any) -> dict[str, Any]:
        """Ten at a time unless asked otherwise (ListDeliveryStreams)."""
        return super().list_delivery_streams(limit or 10, *rest)

    def update_destination(
        self,
        delivery_stream_name: str,
        current_delivery_stream_version_id: str,
        destination_id: str,
        s3_destination_update: dict[str, Any] | None,
        extended_s3_destination_update: dict[str, Any] | None,
        *rest: Any,
    ) -> None:
        """Merges the update into the destination; buffered records still go where they were meant to.

        Raises InvalidArgumentException for what cannot change: dynamic partitioning on or off, backup off again.
        """
        stream = self._stream(delivery_stream_name)
        update = extended_s3_destination_update or s3_destination_update
        if not update:
            raise InvalidArgumentException("Exactly one destination configuration is supported for a Firehose")
        current = stream.destinations[0]["ExtendedS3"]
        backup = {**current.get("S3BackupDescription", {}), **update.pop("S3BackupUpdate", {})}
        merged = {**current, **update, **({"S3BackupDescription": backup} if backup else {})}
        partitioned = "DynamicPartitioningConfiguration"
        if current.get(partitioned, {}).get("Enabled") != merged.get(partitioned, {}).get("Enabled"):
            raise InvalidArgumentException("Dynamic partitioning can only be chosen when a Firehose stream is created.")
        if current["S3BackupMode"] == "Enabled" != merged["S3BackupMode"]:
            raise InvalidArgumentException("S3 backup cannot be disabled once it is enabled.")
        parse(merged)
        super().update_destination(
            delivery_stream_name,
            current_delivery_stream_version_id,
            destination_id,
            None,  # type: ignore[arg-type]
            merged,
            *rest,
        )
        stream.destinations[0]["S3"] = create_s3_destination_config(merged)
        self._deliveries[delivery_stream_name].change(Setting(merged, stream.version_id))

    def _stream(self, name: str) -> DeliveryStream:
        stream = self.delivery_streams.get(name)
        if stream is None:
            raise ResourceNotFoundException(f"Firehose {name} under account {self.account_id} not found.")
        return stream

    def _end(self, name: str) -> None:
        if source := self._sources.pop(name, None):
            source.end()
        delivery = self._deliveries.pop(name)
        delivery.end()
        delivery.backlog.remove()
        del self.files[name]

    # Records

    def put_record(self, delivery_stream_name: str, record: dict[str, bytes]) -> dict[str, Any]:
        """Raises ServiceUnavailableException while the stream cannot take it."""
        stream = self._ready(delivery_stream_name, [record["Data"]])
        try:
            self._take(stream, [record["Data"]])
        except StreamFullError:
            raise ServiceUnavailableException("Slow down.") from None
        self._measure(stream, "PutRecord", [record["Data"]])
        return {"RecordId": _record_id(), "Encrypted": _encrypted(stream)}

    def put_record_batch(self, delivery_stream_name: str, records: list[dict[str, bytes]]) -> dict[str, Any]:
        """Answers for every record; those that the stream cannot take now are to be put again (PutRecordBatch)."""
        if not 0 < len(records) <= MOST_RECORDS:
            raise ValidationException(
                f"1 validation error detected: Value at 'records' failed to satisfy constraint: "
                f"Member must have length between 1 and {MOST_RECORDS}, not {len(records)}"
            )
        data = [record["Data"] for record in records]
        stream = self._ready(delivery_stream_name, data)
        if sum(map(len, data)) > MOST_BATCH_BYTES:
            raise InvalidArgumentException("Records size exceeds 4 MB limit")
        try:
            self._take(stream, data)
        except StreamFullError:
            refused = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
            responses, failed = [refused] * len(data), len(data)
        else:
            self._measure(stream, "PutRecordBatch", data)
            responses, failed = [{"RecordId": _record_id()} for _ in data], 0
        return {"FailedPutCount": failed, "Encrypted": _encrypted(stream), "RequestResponses": responses}

    def _ready(self, name: str, data: list[bytes]) -> DeliveryStream:
        """The stream, if it takes records like these."""
        stream = self._stream(name)
        if stream.delivery_stream_type != "DirectPut":
            raise InvalidArgumentException(
                f"This operation is not permitted on {stream.delivery_stream_type} delivery stream type."
            )
        if any(len(each) > MOST_RECORD_BYTES for each in data):
            raise ValidationException(
                "1 validation error detected: Value at 'record.data' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MOST_RECORD_BYTES}"
            )
        return stream

    def _take(self, stream: DeliveryStream, data: list[bytes]) -> None:
        if stream.delivery_stream_name not in self._settled:  # a backlog without a stream would not be delivered
            self.lab.state.settle("firehose")
            self._settled.add(stream.delivery_stream_name)
        now = self.lab.clock.time()
        self._deliveries[stream.delivery_stream_name].accept([Record(each, now) for each in data])

    def _measure(self, stream: DeliveryStream, operation: str, data: list[bytes]) -> None:
        """Metrics ("Monitor with CloudWatch metrics") and what AWS would bill."""
        size = sum(map(len, data))
        dimensions = {"DeliveryStreamName": stream.delivery_stream_name}
        for metric, value, unit in (
            ("IncomingRecords", len(data), "Count"),
            ("IncomingBytes", size, "Bytes"),
            ("IncomingPutRequests", 1, "Count"),
            (f"{operation}.Requests", 1, "Count"),
            (f"{operation}.Bytes", size, "Bytes"),
        ):
            self.lab.metrics.add("AWS/Firehose", metric, value, unit, dimensions, self.region_name)
        billed = sum(-(-len(each) // BILLED_STEP) * BILLED_STEP for each in data)
        units = current_call.get().units
        units["firehose:billed_bytes"] = billed
        conversion = stream.destinations[0]["ExtendedS3"].get("DataFormatConversionConfiguration")
        if conversion and conversion.get("Enabled", True):
            units["firehose:converted_bytes"] = billed


def _record_id() -> str:
    return f"{uuid.uuid4().hex}{uuid.uuid4().hex}"


def _encrypted(stream: DeliveryStream) -> bool:
    return bool(stream.delivery_stream_encryption_configuration.get("Status") == "ENABLED")
