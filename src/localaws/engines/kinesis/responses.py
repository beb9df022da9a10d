"""Kinesis on the wire: requests read once, and records passed on as the JSON they are stored in."""

from __future__ import annotations

import json
import time
from binascii import a2b_base64
from collections.abc import Iterator
from functools import partial
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores
from moto.kinesis.responses import KinesisResponse

from localaws.engines.kinesis import limits
from localaws.engines.kinesis.backend import KinesisEngine
from localaws.engines.kinesis.encryption import check_key
from localaws.engines.kinesis.errors import (
    dry_run,
    in_use,
    invalid,
    not_found,
    not_serializable,
    not_valid,
    rate_exceeded,
)
from localaws.engines.kinesis.iterators import iterator_at, next_token, read_iterator, read_next_token, start_position
from localaws.engines.kinesis.metrics import report_event, report_get, report_get_refused, report_put, stream_metrics
from localaws.engines.kinesis.shard import Shard
from localaws.engines.kinesis.stream import HASH_KEYS, Entry, Stream, hash_of
from localaws.gateway.errors import AwsError
from localaws.gateway.validation import ModelledRequest

Raw = tuple[int, dict[str, str], bytes | Iterator[bytes]]
_JSON = {"Content-Type": "application/x-amz-json-1.1"}


def entry_of(record: dict[str, Any]) -> Entry:
    """A record of a request, its data kept in base64.

    Raises KeyError, TypeError, AttributeError or ValueError for a malformed one, without saying what is wrong.
    """
    key, explicit, data = record["PartitionKey"], record.get("ExplicitHashKey"), record["Data"]
    key_bytes = key.encode()
    size = len(a2b_base64(data, strict_mode=True)) + len(key_bytes)
    if not 0 < len(key) <= 256:
        raise ValueError("PartitionKey")
    if explicit is None:
        return Entry(key, hash_of(key_bytes), data, size)
    if not explicit.isdigit():
        raise ValueError("ExplicitHashKey")
    return Entry(key, int(explicit), data, size)


class KinesisEngineResponse(KinesisResponse):
    """The operations whose requests or answers differ from moto's."""

    kinesis_backend: KinesisEngine

    def setup_class(self, request: Any, full_url: Any = None, headers: Any = None, use_raw_body: Any = None) -> None:
        super().setup_class(request, full_url, headers, use_raw_body=True)
        operation = self._get_action()
        if not hasattr(self, camelcase_to_underscores(operation)):
            raise AwsError("UnknownOperationException", f"This lab's Kinesis has no operation {operation!r}.")
        self._request: ModelledRequest = request.parsed
        self.parameters = self._request.parameters
        self._name_stream()

    def _name_stream(self) -> None:
        """Have StreamName and StreamARN agree, whichever of them was given."""
        name, arn = self.parameters.get("StreamName"), self.parameters.get("StreamARN")
        if arn:
            name_in_arn = arn.partition(":stream/")[2]
            if name and name != name_in_arn:
                raise invalid("StreamARN and StreamName do not match.")
            self.parameters["StreamName"] = name_in_arn

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        return self.parameters.get(param_name, if_none)

    def _stream(self) -> Stream:
        name, arn = self._get_param("StreamName"), self._get_param("StreamARN")
        if not name:
            raise invalid("Either StreamName or StreamARN should be provided.")
        return self.kinesis_backend.describe_stream(arn, name)

    # Writing

    def put_record(self) -> Raw:  # type: ignore[override]
        started = time.perf_counter()
        stream, [entry] = self._stream(), self._entries([self.parameters], "data")
        [(shard, number)] = self._append("PutRecord", stream, [entry], started)
        if number is None:
            raise rate_exceeded(_rate_message(stream, shard))
        return 200, _JSON, (_stored(shard, number)[:-1] + _encryption(stream) + "}").encode()

    def put_records(self) -> Raw:  # type: ignore[override]
        started = time.perf_counter()
        records = self.parameters["Records"]
        if not isinstance(records, list) or not 0 < len(records) <= limits.PUT_RECORDS:
            self._request.check(whole=True)
        stream = self._stream()
        entries = self._entries(records, "records.{}.member.data")
        if sum(entry.size for entry in entries) > limits.PUT_BYTES:
            raise invalid(f"Records size exceeds {limits.PUT_BYTES // limits.MIB} MB limit")
        results = self._append("PutRecords", stream, entries, started)
        items = [_stored(shard, number) if number is not None else _refused(stream, shard) for shard, number in results]
        failed = sum(1 for _, number in results if number is None)
        body = f'{{"FailedRecordCount":{failed},"Records":[{",".join(items)}]{_encryption(stream)}}}'
        return 200, _JSON, body.encode()

    def _append(
        self, operation: str, stream: Stream, entries: list[Entry], started: float
    ) -> list[tuple[Shard, int | None]]:
        stream.require_data_plane()
        check_key(stream, "GenerateDataKey")
        if self._get_param("DryRun"):
            raise dry_run()
        results = stream.append(entries)
        report_put(operation, stream, entries, results, (time.perf_counter() - started) * 1000)
        return results

    def _entries(self, records: list[dict[str, Any]], path: str) -> list[Entry]:
        stream = self._stream()
        try:
            if stream.distribution == "AUTO":
                records = [{**record, "PartitionKey": "-"} for record in records]
            entries = [entry_of(record) for record in records]
        except (KeyError, TypeError, AttributeError, ValueError):
            self._explain(records)
            raise
        if stream.distribution == "AUTO":
            return [entry._replace(partition_key="") for entry in entries]
        largest = stream.max_record_kib * limits.KIB
        for index, entry in enumerate(entries, 1):
            if entry.size > largest:
                raise not_valid(
                    f"1 validation error detected: Value at '{path.format(index)}' failed to satisfy constraint: "
                    f"Member must have length less than or equal to {largest}"
                )
            if not 0 <= entry.hash_key < HASH_KEYS:
                raise invalid(
                    "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                    f"Specified value was {entry.hash_key}"
                )
        return entries

    def _explain(self, records: list[dict[str, Any]]) -> None:
        """Raise what AWS raises for a record that cannot be read."""
        self._request.check(whole=True)
        for record in records:
            if record.get("PartitionKey") is None:
                raise not_valid(
                    "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: "
                    "Member must not be null"
                )
        raise not_serializable("Data can not be converted to a Blob: it is not base64.")

    # Reading

    def get_shard_iterator(self) -> ActionResult:
        stream = self._stream()
        stream.require_data_plane()
        with stream.lock:
            shard = stream.get_shard(self._get_param("ShardId"))
            now = stream.lab.clock.time()
            if not shard.iterators.fits(1, now):
                raise rate_exceeded(_rate_message(stream, shard))
            shard.iterators.charge(1)
            stream.trim(now)
            position = start_position(
                stream,
                shard,
                self._get_param("ShardIteratorType"),
                self._get_param("StartingSequenceNumber"),
                self._get_param("Timestamp"),
            )
        if self._get_param("DryRun"):
            raise dry_run()
        return ActionResult({"ShardIterator": iterator_at(stream, shard, position)})

    def get_records(self) -> Raw:  # type: ignore[override]
        started = time.perf_counter()
        place = read_iterator(self._get_param("ShardIterator"), self.kinesis_backend.lab.clock.time())
        stream = self.kinesis_backend.describe_stream(self._get_param("StreamARN"), place.stream_name)
        if place.created != str(stream.created):
            raise not_found(f"Stream {place.stream_name} under account {stream.account_id} not found.")
        stream.require_data_plane()
        check_key(stream, "Decrypt")
        if self._get_param("DryRun"):
            raise dry_run()
        with stream.lock:
            now = stream.lab.clock.time()
            stream.trim(now)
            shard = stream.get_shard(place.shard_id)
            if not (shard.reads.fits(1, now) and shard.bytes_out.fits(0, now)):
                report_get_refused(stream, shard)
                raise rate_exceeded(_rate_message(stream, shard))
            limit = self._get_param("Limit", limits.GET_RECORDS)
            start = max(place.position, shard.log.start)
            batch = shard.log.read(start, limit, limits.GET_BYTES)
            shard.reads.charge(1)
            shard.bytes_out.charge(batch.size)
            end = start + batch.records
            behind = shard.millis_behind(end, now)
            ended = shard.ended_at(end)
        last = (
            f'"ChildShards":{json.dumps(shard.children)}'
            if ended
            else f'"NextShardIterator":"{iterator_at(stream, shard, end)}"'
        )
        report_get(stream, shard, batch.records, batch.size, behind, (time.perf_counter() - started) * 1000)
        head = f'{{"MillisBehindLatest":{behind},{last},"Records":['
        return 200, _JSON, b"".join((head.encode(), batch.text, b"]}"))

    def subscribe_to_shard(self) -> Raw:
        consumer = self.kinesis_backend.describe_stream_consumer(None, None, self._get_param("ConsumerARN"))
        stream, start = consumer.stream, self._get_param("StartingPosition")
        check_key(stream, "Decrypt")
        with stream.lock:
            stream.trim(stream.lab.clock.time())
            shard = stream.get_shard(self._get_param("ShardId"))
            position = start_position(stream, shard, start["Type"], start.get("SequenceNumber"), start.get("Timestamp"))
            if self._get_param("DryRun"):
                raise dry_run()
            report = partial(report_event, stream, consumer.name, shard)
            subscription = consumer.subscribe(shard, position, report)
        stream_metrics(stream, {"SubscribeToShard.Success": 1}, ConsumerName=consumer.name)
        return 200, {"Content-Type": "application/vnd.amazon.eventstream"}, subscription.events()

    # Streams

    def create_stream(self) -> ActionResult:
        mode = self._get_param("StreamModeDetails")
        distribution = self._get_param("RecordDistributionStrategy", "USER_PARTITION_KEY")
        if distribution == "AUTO" and (mode or {}).get("StreamMode") != "ON_DEMAND":
            raise invalid("RecordDistributionStrategy AUTO is only supported for streams in ON_DEMAND mode.")
        stream = self.kinesis_backend.create_stream(self._get_param("StreamName"), self._get_param("ShardCount"), mode)
        stream.tags.update(self._get_param("Tags", {}))
        stream.max_record_kib = self._get_param("MaxRecordSizeInKiB", stream.max_record_kib)
        stream.distribution = distribution
        return EmptyResult()

    def delete_stream(self) -> ActionResult:
        stream = self._stream()
        enforce = bool(self._get_param("EnforceConsumerDeletion", False))
        self.kinesis_backend.delete_stream(stream.arn, stream.stream_name, enforce)
        return EmptyResult()

    def describe_stream(self) -> ActionResult:
        stream = self._stream()
        after, limit = self._get_param("ExclusiveStartShardId", ""), self._get_param("Limit", 100)
        shards = [shard for shard in stream.listed_shards() if shard.shard_id > after]
        page = {"Shards": [shard.describe() for shard in shards[:limit]], "HasMoreShards": len(shards) > limit}
        return ActionResult({"StreamDescription": stream.describe() | page})

    def describe_stream_summary(self) -> ActionResult:
        stream = self._stream()
        counts = {
            "OpenShardCount": len(stream.open_shards),
            "ConsumerCount": len(stream.consumers),
            "MaxRecordSizeInKiB": stream.max_record_kib,
            "RecordDistributionStrategy": stream.distribution,
        }
        return ActionResult({"StreamDescriptionSummary": stream.describe() | counts})

    def list_streams(self) -> ActionResult:
        now, limit = self.kinesis_backend.lab.clock.time(), self._get_param("Limit", 100)
        token = self._get_param("NextToken")
        after = read_next_token(token, now)[0] if token else self._get_param("ExclusiveStartStreamName", "")
        streams = [stream for stream in self.kinesis_backend.list_streams() if stream.stream_name > after]
        page = streams[:limit]
        keys = ("StreamName", "StreamARN", "StreamStatus", "StreamModeDetails", "StreamCreationTimestamp")
        descriptions = [stream.describe() for stream in page]
        result: dict[str, Any] = {
            "StreamNames": [stream.stream_name for stream in page],
            "StreamSummaries": [{key: description[key] for key in keys} for description in descriptions],
            "HasMoreStreams": len(streams) > limit,
        }
        if len(streams) > limit:
            result["NextToken"] = next_token(now, page[-1].stream_name)
        return ActionResult(result)

    def list_shards(self) -> ActionResult:
        now, backend = self.kinesis_backend.lab.clock.time(), self.kinesis_backend
        after, shard_filter = self._get_param("ExclusiveStartShardId", ""), self._get_param("ShardFilter", {})
        if token := self._get_param("NextToken"):
            if self._get_param("StreamName"):
                raise invalid("NextToken and StreamName cannot be provided together.")
            name, after, filter_text = read_next_token(token, now)
            stream, shard_filter = backend.describe_stream(None, name), json.loads(filter_text)
        else:
            stream = self._stream()
        if stream.state() == "CREATING":
            raise in_use(f"Stream {stream.stream_name} under account {stream.account_id} is in state CREATING.")
        kind = shard_filter.get("Type", "FROM_TRIM_HORIZON")
        shards = backend.list_shards(stream, kind, shard_filter.get("ShardId"), shard_filter.get("Timestamp"))
        shards = [shard for shard in shards if shard.shard_id > after]
        page = shards[: self._get_param("MaxResults", 1000)]
        result: dict[str, Any] = {"Shards": [shard.describe() for shard in page]}
        if len(page) < len(shards):
            result["NextToken"] = next_token(now, stream.stream_name, page[-1].shard_id, json.dumps(shard_filter))
        return ActionResult(result)

    def update_shard_count(self) -> ActionResult:
        stream, target = self._stream(), self._get_param("TargetShardCount")
        before = self.kinesis_backend.update_shard_count(stream.arn, stream.stream_name, target)
        result = {"StreamName": stream.stream_name, "StreamARN": stream.arn}
        return ActionResult(result | {"CurrentShardCount": before, "TargetShardCount": target})

    def update_max_record_size(self) -> ActionResult:
        stream = self._stream()
        stream.require_active()
        stream.max_record_kib = self._get_param("MaxRecordSizeInKiB")
        stream.change("UPDATING")
        return EmptyResult()

    def update_stream_record_distribution_strategy(self) -> ActionResult:
        stream, strategy = self._stream(), self._get_param("RecordDistributionStrategy")
        if not stream.is_on_demand:
            raise invalid(f"Stream {stream.stream_name} is not in ON_DEMAND mode: it cannot distribute records itself.")
        stream.distribution = strategy
        return EmptyResult()

    # Consumers

    def register_stream_consumer(self) -> ActionResult:
        backend = self.kinesis_backend
        consumer = backend.register_stream_consumer(self._get_param("StreamARN"), self._get_param("ConsumerName"))
        consumer.tags.update(self._get_param("Tags", {}))
        return ActionResult({"Consumer": consumer.describe()})

    def describe_stream_consumer(self) -> ActionResult:
        consumer = self.kinesis_backend.describe_stream_consumer(
            self._get_param("StreamARN"), self._get_param("ConsumerName"), self._get_param("ConsumerARN")
        )
        return ActionResult({"ConsumerDescription": consumer.describe() | {"StreamARN": consumer.stream.arn}})

    def list_stream_consumers(self) -> ActionResult:
        now, limit = self.kinesis_backend.lab.clock.time(), self._get_param("MaxResults", 100)
        token = self._get_param("NextToken")
        start = int(read_next_token(token, now)[0]) if token else 0
        consumers = self.kinesis_backend.list_stream_consumers(self._get_param("StreamARN"))
        result: dict[str, Any] = {"Consumers": [each.describe() for each in consumers[start : start + limit]]}
        if start + limit < len(consumers):
            result["NextToken"] = next_token(now, start + limit)
        return ActionResult(result)

    # Tags by ARN

    def tag_resource(self) -> ActionResult:
        self._tags().update(self._get_param("Tags"))
        return EmptyResult()

    def untag_resource(self) -> ActionResult:
        tags = self._tags()
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return EmptyResult()

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"Tags": [{"Key": key, "Value": value} for key, value in sorted(self._tags().items())]})

    def _tags(self) -> dict[str, str]:
        return self.kinesis_backend.tags_of(self._get_param("ResourceARN"))


def _stored(shard: Shard, number: int) -> str:
    return f'{{"SequenceNumber":"{number}","ShardId":"{shard.shard_id}"}}'


def _rate_message(stream: Stream, shard: Shard) -> str:
    return f"Rate exceeded for shard {shard.shard_id} in stream {stream.stream_name} under account {stream.account_id}."


def _refused(stream: Stream, shard: Shard) -> str:
    message = _rate_message(stream, shard)
    return f'{{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"{message}"}}'


def _encryption(stream: Stream) -> str:
    return f',"EncryptionType":"{stream.encryption_type}"' if stream.encryption_type != "NONE" else ""
