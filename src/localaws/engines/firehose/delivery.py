"""One stream's delivery: buffers that fill, are due, and are written to S3 until that succeeds."""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.children import Cancelled, Overrun
from localaws.engines.firehose import conversion
from localaws.engines.firehose.backlog import Backlog, Setting
from localaws.engines.firehose.batch import Batch, Kind, conversion_failure, processing_failure
from localaws.engines.firehose.destination import MIB, Destination, parse
from localaws.engines.firehose.processing import Failure, Partition, Record, process
from localaws.lab import Lab
from localaws.shards import Position

log = logging.getLogger(__name__)

#: "The default active partition count is 500" (firehose/latest/dev/limits.html).
MOST_PARTITIONS = 500
#: "Firehose keeps retrying for up to 24 hours" (firehose/latest/dev/retry.html), in seconds.
KEPT = 24 * 3600
#: What a stream, and all streams together, may hold undelivered, in bytes, before the answer is
#: ServiceUnavailableException: this lab's memory.
MOST_HELD = 512 * MIB
MOST_HELD_TOGETHER = 2048 * MIB
#: Bytes of memory that a record takes besides its data.
RECORD_OVERHEAD = 200
_LONGEST_PAUSE = 300.0

#: What each stream holds, in bytes.
_held_by: dict[Delivery, int] = {}
_holding = threading.Lock()


class StreamFullError(Exception):
    """The stream holds all that it can until some of it is delivered."""


@dataclass
class _Buffer:
    opened: float
    records: list[Record] = field(default_factory=list)
    size: int = 0


class Delivery:
    """Takes records from any thread; one thread of its own does all the rest."""

    def __init__(self, lab: Lab, region: str, name: str, arn: str, setting: Setting, backlog: Backlog) -> None:
        """Go on with what is in *backlog*, by its settings; where it has none, by *setting*."""
        self._lab = lab
        self._region = region
        self._name = name
        self._arn = arn
        self.backlog = backlog
        self._lock = threading.Lock()
        self._incoming: list[Setting | Record] = backlog.restore()
        self._incoming_size = _held(each for each in self._incoming if isinstance(each, Record))
        self._held = 0  # in buffers and batches, as of the last step
        self._buffers: dict[tuple[Kind, Partition], _Buffer] = {}
        self._batches: list[Batch] = []
        self._destination, self._version = parse(setting.config), setting.version
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread = lab.spawn(f"firehose {name}", self._run, followed=True)

    def accept(self, records: list[Record], shard: str = "", place: Position | None = None) -> None:
        """Take *records*, all or none, and with them the *place* where their *shard* is to be read on.

        Raises StreamFullError, and OSError where the disk is full.
        """
        size = _held(records)
        with self._lock:
            with _holding:
                own = self._held + self._incoming_size + size
                others = sum(_held_by.values()) - _held_by.get(self, 0)
                if own > MOST_HELD or own + others > MOST_HELD_TOGETHER or self._ending.is_set():
                    raise StreamFullError
            self._incoming += self.backlog.accept(records, self._lab.clock.time(), shard, place)
            self._incoming_size += size
            with _holding:
                _held_by[self] = own
        self._wake.set()

    @property
    def full(self) -> bool:
        """Whether a source had better wait."""
        return self._held + self._incoming_size > MOST_HELD // 2

    def change(self, setting: Setting) -> None:
        """Deliver what comes from now on elsewhere; what is buffered still goes where it was meant to."""
        with self._lock:
            self.backlog.set(setting)
            self._incoming.append(setting)
        self._wake.set()

    def end(self) -> None:
        """Have the thread end soon. What is not delivered stays in the backlog."""
        self._ending.set()
        self._wake.set()
        conversion.give_up(self)

    def join(self) -> None:
        """Wait for a moment until the thread has ended, after `end`: what S3 has taken need not be delivered again."""
        self._thread.join(0.5)

    def _run(self) -> None:
        if self._destination.conversion:
            conversion.prepare()
        while not self._ending.is_set():
            self._step()
            self._sleep()
        with _holding:
            _held_by.pop(self, None)

    def _step(self) -> None:
        with self._lock:
            incoming, self._incoming, self._incoming_size = self._incoming, [], 0
        records: list[Record] = []
        for entry in incoming:
            if isinstance(entry, Record):
                records.append(entry)
                continue
            self._sort_in(records)
            self._close_all()
            self._destination, self._version, records = parse(entry.config), entry.version, []
        self._sort_in(records)
        now = self._lab.clock.time()
        for place, buffer in list(self._buffers.items()):
            if now >= self._due(place[0], buffer):
                self._close(place)
        for batch in self._batches:  # grows by what fails on the way
            if self._ending.is_set():
                return
            if batch.retry_at <= now and not self._attempt(batch) and now - batch.oldest > KEPT:
                log.error("stream %s gives up %d records after 24 hours", self._name, len(batch.records))
                self.backlog.delivered(batch.records)
                batch.records.clear()
        self._batches = [batch for batch in self._batches if batch.records]
        held: list[_Buffer | Batch] = [*self._buffers.values(), *self._batches]
        self._held = sum(each.size + len(each.records) * RECORD_OVERHEAD for each in held)
        with self._lock, _holding:
            _held_by[self] = self._held + self._incoming_size
        if self._destination.partition_query is not None and incoming:
            self._count("PartitionCount", len(self._active()))

    def _sleep(self) -> None:
        """Until there is something to do: new records, a buffer that is due, a delivery to try again."""
        times = [self._due(kind, buffer) for (kind, _), buffer in self._buffers.items()]
        times += [batch.retry_at for batch in self._batches]
        # By the clock even where nothing is due: who advances it sees that this thread has done its work.
        self._lab.clock.wait(self._wake, min(times, default=math.inf) - self._lab.clock.time())
        self._wake.clear()

    # Buffering

    def _sort_in(self, records: list[Record]) -> None:
        """Put new records into the buffers that they belong to."""
        if self._destination.backup:
            for record in records:
                self._add(Kind.BACKUP, (), record)
        for result in process(records, self._destination, self._ending):
            if self._ending.is_set():
                return
            if not isinstance(result, Failure):
                partition, part = result
                if (Kind.DATA, partition) in self._buffers or len(self._active()) < MOST_PARTITIONS:
                    self._add(Kind.DATA, partition, part)
                    continue
                message = f"The stream has reached its limit of {MOST_PARTITIONS} active partitions."
                result = Failure(part, "DynamicPartitioning.ActivePartitionsLimitExceeded", message)
            self._add(Kind.PROCESSING_FAILED, (), processing_failure(result, self._lab.clock.time()))

    def _active(self) -> set[Partition]:
        """Partitions with records that are not delivered yet."""
        held = {partition for kind, partition in self._buffers if kind is Kind.DATA}
        return held | {batch.partition for batch in self._batches if batch.kind is Kind.DATA}

    def _add(self, kind: Kind, partition: Partition, record: Record) -> None:
        place = (kind, partition)
        buffer = self._buffers.get(place)
        if buffer is None:
            buffer = self._buffers[place] = _Buffer(record.accepted)
        self.backlog.part(record)
        buffer.records.append(record)
        buffer.size += len(record.data)
        if buffer.size >= self._hints(kind).size:
            self._close(place)

    def _hints(self, kind: Kind) -> Destination:
        backup = self._destination.backup
        return backup if kind is Kind.BACKUP and backup else self._destination

    def _due(self, kind: Kind, buffer: _Buffer) -> float:
        return buffer.opened + self._hints(kind).interval

    def _close(self, place: tuple[Kind, Partition]) -> None:
        """Turn a buffer into a batch."""
        kind, partition = place
        self._batch(kind, partition, self._buffers.pop(place).records)

    def _close_all(self) -> None:
        for place in list(self._buffers):
            self._close(place)

    def _batch(self, kind: Kind, partition: Partition, records: list[Record]) -> None:
        destination = self._hints(kind)
        self._batches.append(Batch(kind, destination, self._name, self._version, partition, records))

    # Delivery

    def _attempt(self, batch: Batch) -> bool:
        """Write *batch*, or say when to try again."""
        service = "S3"
        try:
            if batch.body is None and batch.kind is Kind.DATA and batch.destination.conversion:
                service = "Glue"
                self._convert(batch)
            elif batch.body is None:
                batch.write()
            service = "S3"
            if batch.body is not None:
                self._put(batch)
        except Cancelled:
            return False
        except Exception as error:  # whatever it is, what was acknowledged is kept and tried again
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            if not isinstance(error, (ClientError, BotoCoreError)):
                log.exception("stream %s cannot deliver %s", self._name, batch.key)
            batch.retry_at = self._lab.clock.time() + min(2.0**batch.attempts, _LONGEST_PAUSE)
            batch.attempts += 1
            self._report(batch.destination, f"{service}.{code}", str(error))
            if service == "S3":
                self._count(f"{_metric(batch.kind)}.Success", 0)
            return False
        batch.records.clear()
        batch.size, batch.retry_at = 0, 0.0
        return True

    def _put(self, batch: Batch) -> None:
        assert batch.body is not None
        destination = batch.destination
        s3 = self._client("s3", destination.role_arn)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": destination.kms_key}
        s3.put_object(
            Bucket=destination.bucket,
            Key=batch.key,
            Body=batch.body,
            ContentType="application/octet-stream",
            **(encryption if destination.kms_key else {}),
        )
        self.backlog.delivered(batch.records)
        metric = _metric(batch.kind)
        self._count(f"{metric}.Success", 1)
        if batch.kind in (Kind.DATA, Kind.BACKUP):
            self._count(f"{metric}.Records", len(batch.records))
            self._count(f"{metric}.Bytes", len(batch.body), "Bytes")
            self._count(f"{metric}.DataFreshness", max(self._lab.clock.time() - batch.oldest, 0), "Seconds")
        if batch.partition:
            self._count(f"{metric}.ObjectCount", 1)

    def _convert(self, batch: Batch) -> None:
        """Settle the batch's file; its records that do not fit become a batch of failures of their own.

        Where the conversion takes too much, the halves are tried: so the record that is to blame fails alone.
        """
        settings = batch.destination.conversion
        assert settings is not None
        file: bytes | None = None
        fitting: list[Record] = []
        reason = None
        try:
            table = self._table(settings["SchemaConfiguration"])
            with conversion.turn:
                if self._ending.is_set():
                    raise Cancelled
                file, fitting, failures = conversion.convert(batch.records, settings, table, self)
        except Overrun as overrun:
            if len(batch.records) > 1:
                middle = len(batch.records) // 2
                for half in batch.records[:middle], batch.records[middle:]:
                    self._batches.append(replace(batch, records=half))
                return
            reason = ("DataFormatConversion.MalformedData", f"The conversion was ended: {overrun}.")
        except ValueError as error:
            reason = ("DataFormatConversion.InvalidSchema", str(error))
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            reason = ("DataFormatConversion.EntityNotFound", "The specified table/database could not be found.")
        if reason:
            failures = [Failure(record, *reason) for record in batch.records]
        if failures:
            self._fail_conversion(batch, failures)
        batch.records = fitting
        if file is not None:
            self._count("SucceedConversion.Records", len(fitting))
            self._count("SucceedConversion.Bytes", sum(len(record.data) for record in fitting), "Bytes")
            batch.write(file)

    def _fail_conversion(self, batch: Batch, failures: list[Failure]) -> None:
        assert batch.destination.conversion is not None
        schema = batch.destination.conversion["SchemaConfiguration"]
        table = {
            "catalogId": schema.get("CatalogId", self._lab.account_id),
            "databaseName": schema["DatabaseName"],
            "tableName": schema["TableName"],
            "region": schema.get("Region", self._region),
            "versionId": schema.get("VersionId", "LATEST"),
            "catalogArn": None,
        }
        now = self._lab.clock.time()
        self._count("FailedConversion.Records", len(failures))
        self._count("FailedConversion.Bytes", sum(len(failure.record.data) for failure in failures), "Bytes")
        self._report(batch.destination, failures[0].code, failures[0].message)
        records = [conversion_failure(failure, now, table) for failure in failures]
        self._batches.append(Batch(Kind.CONVERSION_FAILED, batch.destination, self._name, self._version, (), records))

    def _table(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The Glue table that *schema* (SchemaConfiguration) names, in the version it asks for."""
        glue = self._client("glue", schema["RoleARN"], schema.get("Region"))
        catalog = {"CatalogId": schema["CatalogId"]} if "CatalogId" in schema else {}
        database, table, version = schema["DatabaseName"], schema["TableName"], schema.get("VersionId", "LATEST")
        if version == "LATEST":
            latest: dict[str, Any] = glue.get_table(DatabaseName=database, Name=table, **catalog)["Table"]
            return latest
        answer = glue.get_table_version(DatabaseName=database, TableName=table, VersionId=version, **catalog)
        chosen: dict[str, Any] = answer["TableVersion"]["Table"]
        return chosen

    # Telling

    def _client(self, service: str, role_arn: str, region: str | None = None) -> Any:
        return self._lab.client(
            service,
            region=region or self._region,
            role_arn=role_arn,
            session_name="AWSFirehoseToS3",
            by="firehose",
        )

    def _count(self, metric: str, value: float, unit: str = "Count") -> None:
        dimensions = {"DeliveryStreamName": self._name}
        self._lab.metrics.add("AWS/Firehose", metric, value, unit, dimensions, self._region)

    def _report(self, destination: Destination, code: str, message: str) -> None:
        """Write the error where the stream's CloudWatchLoggingOptions say, and to the lab's log."""
        log.warning("stream %s: %s: %s", self._name, code, message)
        if destination.log_stream is None:
            return
        group, stream = destination.log_stream
        event = {
            "deliveryStreamARN": self._arn,
            "destination": f"arn:aws:s3:::{destination.bucket}",
            "deliveryStreamVersionId": int(self._version),
            "message": message,
            "errorCode": code,
        }
        moment = int(self._lab.clock.time() * 1000)
        try:
            self._client("logs", destination.role_arn).put_log_events(
                logGroupName=group,
                logStreamName=stream,
                logEvents=[{"timestamp": moment, "message": json.dumps(event)}],
            )
        except (ClientError, BotoCoreError) as error:  # AWS does not make the log group either, and goes on
            log.warning("stream %s cannot log to %s/%s: %s", self._name, group, stream, error)


def _held(records: Iterable[Record]) -> int:
    """Bytes of memory that *records* take."""
    return sum(len(record.data) + RECORD_OVERHEAD for record in records)


def _metric(kind: Kind) -> str:
    return "BackupToS3" if kind is Kind.BACKUP else "DeliveryToS3"
