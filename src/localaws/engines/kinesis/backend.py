"""Streams, consumers and settings of one account and region."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.kinesis.models import KinesisBackend

from localaws.engines.kinesis import limits
from localaws.engines.kinesis.errors import in_use, invalid, limit_exceeded, not_found
from localaws.engines.kinesis.fanout import Consumer
from localaws.engines.kinesis.metrics import SHARD_METRICS
from localaws.engines.kinesis.shard import Shard
from localaws.engines.kinesis.stream import Stream
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

Name = str | None


class KinesisEngine(KinesisBackend):
    """moto's backend over streams that route, limit, reshard and forget as AWS's do."""

    lab: ClassVar[Lab]
    streams: dict[str, Stream]  # type: ignore[assignment]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._lock = threading.RLock()

    # Streams

    def create_stream(
        self,
        stream_name: str,
        shard_count: int | None,
        stream_mode: dict[str, str] | None = None,
        retention_period_hours: int | None = None,
    ) -> Stream:
        """Make a stream of *shard_count* shards, or an on-demand one, which starts with four.

        With neither a count nor a mode it is on-demand: AWS made four shards when LocalStack's suite asked so
        (``test_create_stream_without_shard_count``).
        """
        on_demand = shard_count is None if stream_mode is None else stream_mode["StreamMode"] == "ON_DEMAND"
        if on_demand and shard_count is not None:
            raise invalid("ShardCount cannot be specified for a stream in ON_DEMAND mode.")
        if not on_demand and shard_count is None:
            raise invalid("ShardCount must be specified for a stream in PROVISIONED mode.")
        with self._lock:
            streams = self._live_streams()
            if stream_name in streams:
                raise in_use(f"Stream {stream_name} under account {self.account_id} already exists.")
            if on_demand and sum(stream.is_on_demand for stream in streams.values()) >= limits.ON_DEMAND_STREAMS:
                raise limit_exceeded(f"An account can have {limits.ON_DEMAND_STREAMS} on-demand streams.")
            if not on_demand:
                self._check_shard_limit(shard_count or 0)
            self.streams[stream_name] = Stream(
                self.lab,
                stream_name,
                limits.ON_DEMAND_SHARDS if on_demand else shard_count or 1,
                "ON_DEMAND" if on_demand else "PROVISIONED",
                retention_period_hours or 24,
                self.account_id,
                self.region_name,
            )
            return self.streams[stream_name]

    def _live_streams(self) -> dict[str, Stream]:
        """Streams by name, once those that were deleted are let go."""
        with self._lock:
            for stream in list(self.streams.values()):
                if stream.is_gone():
                    del self.streams[stream.stream_name]
            return self.streams

    def let_go_of_deleted(self) -> set[str]:
        """Forget streams whose records were deleted; returns the folders of the others."""
        self.streams = {name: stream for name, stream in self.streams.items() if stream.directory.exists()}
        return {stream.folder for stream in self.streams.values()}

    def _check_shard_limit(self, more: int) -> None:
        present = self._open_shards()
        if present + more > limits.ACCOUNT_SHARDS:
            raise limit_exceeded(
                f"This request would exceed the shard limit for the account {self.account_id} in {self.region_name}. "
                f"Current shard count for the account: {present}. Limit: {limits.ACCOUNT_SHARDS}. "
                f"Number of additional shards that would have resulted from this request: {more}."
            )

    def _open_shards(self) -> int:
        return sum(len(stream.open_shards) for stream in self.streams.values() if not stream.is_on_demand)

    def describe_stream(self, stream_arn: Name, stream_name: Name) -> Stream:
        """The stream of that name or ARN; ResourceNotFoundException if there is none."""
        name = stream_name or (stream_arn or "").rpartition("/")[2]
        stream = self._live_streams().get(name)
        if stream is None or (stream_arn and stream_arn != stream.arn):
            raise not_found(f"Stream {name} under account {self.account_id} not found.")
        return stream

    def _find_stream_by_arn(self, stream_arn: str) -> Stream:
        return self.describe_stream(stream_arn, None)

    def list_streams(self) -> Iterable[Stream]:
        return sorted(self._live_streams().values(), key=lambda stream: stream.stream_name)

    def delete_stream(self, stream_arn: Name, stream_name: Name, enforce_consumer_deletion: bool = True) -> Stream:
        """Delete a stream, its records, and (unless that is refused) its registered consumers."""
        stream = self.describe_stream(stream_arn, stream_name)
        if stream.consumers and not enforce_consumer_deletion:
            raise in_use(
                f"Stream {stream.stream_name} under account {self.account_id} has registered consumers. "
                "Deregister them, or set EnforceConsumerDeletion."
            )
        stream.delete()
        return stream

    def update_shard_count(self, stream_arn: Name, stream_name: Name, target_shard_count: int) -> int:
        """Scale a provisioned stream; returns how many shards were open before."""
        stream = self.describe_stream(stream_arn, stream_name)
        before = len(stream.open_shards)
        self._check_shard_limit(target_shard_count - before)
        stream.update_shard_count(target_shard_count)
        return before

    def decrease_stream_retention_period(
        self, stream_arn: Name, stream_name: Name, retention_period_hours: int
    ) -> None:
        super().decrease_stream_retention_period(stream_arn, stream_name, retention_period_hours)
        stream = self.describe_stream(stream_arn, stream_name)
        with stream.lock:
            stream.trim(self.lab.clock.time())

    def update_stream_mode(self, stream_arn: str, stream_mode: dict[str, str]) -> None:
        self.describe_stream(stream_arn, None).change_mode(stream_mode["StreamMode"])

    def list_shards(  # type: ignore[override]
        self, stream: Stream, kind: str, shard_id: Name, timestamp: float | None
    ) -> list[Shard]:
        """Shards by ``ShardFilter`` type (API Reference, ShardFilter)."""
        shards = stream.listed_shards()
        if kind == "AFTER_SHARD_ID":
            if shard_id is None:
                raise invalid("ShardId must be specified when the ShardFilter type is AFTER_SHARD_ID.")
            return [shard for shard in shards if shard.shard_id > shard_id]
        if kind == "AT_LATEST":
            return [shard for shard in shards if shard.closed is None]
        moment = stream.trim_horizon()
        if kind.endswith("TIMESTAMP"):
            if timestamp is None:
                raise invalid(f"Timestamp must be specified when the ShardFilter type is {kind}.")
            moment = max(moment, timestamp)
        alive = [shard for shard in shards if shard.closed is None or shard.closed >= moment]
        return alive if kind.startswith("FROM") else [shard for shard in alive if shard.opened <= moment]

    def describe_limits(self) -> dict[str, int]:
        streams = self._live_streams().values()
        return {
            "ShardLimit": limits.ACCOUNT_SHARDS,
            "OpenShardCount": self._open_shards(),
            "OnDemandStreamCount": sum(stream.is_on_demand for stream in streams),
            "OnDemandStreamCountLimit": limits.ON_DEMAND_STREAMS,
        }

    def enable_enhanced_monitoring(
        self, stream_arn: Name, stream_name: Name, shard_level_metrics: list[str]
    ) -> tuple[str, str, list[str], list[str]]:
        """Add shard-level metrics; returns ARN, name, the metrics before and after."""
        return self._monitor(stream_arn, stream_name, lambda now: now | _expand(shard_level_metrics))

    def disable_enhanced_monitoring(
        self, stream_arn: Name, stream_name: Name, to_be_disabled: list[str]
    ) -> tuple[str, str, list[str], list[str]]:
        return self._monitor(stream_arn, stream_name, lambda now: now - _expand(to_be_disabled))

    def _monitor(self, stream_arn: Name, stream_name: Name, change: Any) -> tuple[str, str, list[str], list[str]]:
        stream = self.describe_stream(stream_arn, stream_name)
        before = stream.shard_level_metrics
        stream.shard_level_metrics = sorted(change(set(before)))
        return stream.arn, stream.stream_name, before, stream.shard_level_metrics

    def start_stream_encryption(self, stream_arn: str, stream_name: str, encryption_type: str, key_id: str) -> None:
        """Mark new records as encrypted under *key_id*, which KMS must know and have enabled."""
        stream = self.describe_stream(stream_arn, stream_name)
        stream.require_active()
        try:
            key = self.lab.client("kms", region=self.region_name, by="kinesis").describe_key(KeyId=key_id)
        except ClientError as error:
            raise AwsError("KMSNotFoundException", error.response["Error"]["Message"]) from error
        if not key["KeyMetadata"]["Enabled"]:
            raise AwsError("KMSDisabledException", f"{key['KeyMetadata']['Arn']} is disabled.")
        stream.encryption_type, stream.key_id = encryption_type, key_id
        stream.change("UPDATING")

    def stop_stream_encryption(self, stream_arn: str, stream_name: str) -> None:
        stream = self.describe_stream(stream_arn, stream_name)
        stream.require_active()
        super().stop_stream_encryption(stream_arn, stream_name)
        stream.change("UPDATING")

    # Enhanced fan-out

    def register_stream_consumer(self, stream_arn: str, consumer_name: str) -> Consumer:  # type: ignore[override]
        stream = self.describe_stream(stream_arn, None)
        with stream.lock:
            if consumer_name in stream.consumers:
                raise in_use(
                    f"Consumer {consumer_name} under stream {stream.stream_name} already exists for account "
                    f"{self.account_id}."
                )
            if len(stream.consumers) >= limits.STREAM_CONSUMERS:
                raise limit_exceeded(f"A stream can have {limits.STREAM_CONSUMERS} registered consumers.")
            stream.consumers[consumer_name] = Consumer(stream, consumer_name)
            return stream.consumers[consumer_name]

    def list_stream_consumers(self, stream_arn: str) -> list[Consumer]:  # type: ignore[override]
        return list(self.describe_stream(stream_arn, None).consumers.values())

    def describe_stream_consumer(  # type: ignore[override]
        self, stream_arn: Name, consumer_name: Name, consumer_arn: Name
    ) -> Consumer:
        """A consumer by its ARN, or by its stream's ARN and its name."""
        if consumer_arn:
            stream_arn, _, rest = consumer_arn.partition("/consumer/")
            consumer_name = rest.partition(":")[0]
        elif not (stream_arn and consumer_name):
            raise invalid("Specify ConsumerARN, or StreamARN and ConsumerName.")
        consumer = self.describe_stream(stream_arn, None).consumers.get(consumer_name or "")
        if consumer is None or (consumer_arn and consumer_arn != consumer.arn):
            raise not_found(f"Consumer {consumer_arn or consumer_name}, account {self.account_id} not found.")
        return consumer

    def deregister_stream_consumer(self, stream_arn: Name, consumer_name: Name, consumer_arn: Name) -> None:
        consumer = self.describe_stream_consumer(stream_arn, consumer_name, consumer_arn)
        with consumer.stream.lock:
            del consumer.stream.consumers[consumer.name]
            for subscription in consumer.subscriptions.values():
                subscription.end()

    def tags_of(self, resource_arn: str) -> dict[str, str]:
        """The tags of a stream or a consumer, to read and to change."""
        if "/consumer/" in resource_arn:
            return self.describe_stream_consumer(None, None, resource_arn).tags
        return self.describe_stream(resource_arn, None).tags


def _expand(metrics: list[str]) -> set[str]:
    return set(SHARD_METRICS) if "ALL" in metrics else set(metrics)
