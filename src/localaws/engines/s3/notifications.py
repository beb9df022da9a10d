"""Event notifications: checked when they are configured, sent through the front door after the request is answered.

Source: S3 user guide, "Event message structure" and "Granting permissions to publish event notification messages
to a destination".
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from moto.s3.models import FakeBucket, Notification
from moto.s3.notifications import S3NotificationEvent as Event
from moto.s3.notifications import _detail_type

from localaws.authorization import keys_of_source
from localaws.client import queue_url, working_for
from localaws.engines.s3.objects import DeleteMarker, StoredObject
from localaws.gateway.errors import AwsError
from localaws.gateway.records import Call, current_call, new_id
from localaws.lab import Lab
from localaws.outbox import Outbox
from localaws.resource_policies import resource_policy

SERVICE = "s3.amazonaws.com"
EVENT_BUS = "the event bus"
_EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"


@dataclass(frozen=True)
class Destination:
    """How one kind of destination is asked for its policy and given a message."""

    noun: str
    action: str
    send: Callable[[Any, str, str], Any]


DESTINATIONS = {
    "sqs": Destination(
        "queue",
        "sqs:SendMessage",
        lambda client, arn, text: client.send_message(QueueUrl=queue_url(client, arn), MessageBody=text),
    ),
    "sns": Destination(
        "topic",
        "sns:Publish",
        lambda client, arn, text: client.publish(TopicArn=arn, Message=text, Subject="Amazon S3 Notification"),
    ),
    "lambda": Destination(
        "function",
        "lambda:InvokeFunction",
        lambda client, arn, text: client.invoke(FunctionName=arn, InvocationType="Event", Payload=text),
    ),
}


class Notifier:
    """Matches events with buckets' configurations and has them delivered, in their order."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.outbox = Outbox(lab, "s3-notifications", self._deliver)
        self._sequence = itertools.count(time.time_ns())  # grows over restarts too

    def publish(self, bucket: FakeBucket, event: Event, key: StoredObject | DeleteMarker) -> None:
        """Queue *event* for every destination whose rule it meets; returns at once."""
        configuration = bucket.notification_configuration
        if configuration is None:
            return
        matching = [rule for rule in _rules(bucket) if rule.matches(event.value, key.name)]
        if matching or configuration.event_bridge is not None:
            sequencer = f"{next(self._sequence):016X}"
            for rule in matching:
                record = self._record(bucket, event, key, rule.id, sequencer)
                self._send(bucket, rule.arn, {"Records": [record]})
            if configuration.event_bridge is not None:
                entry = self._bus_entry(bucket, event, key, sequencer)
                self.outbox.send(EVENT_BUS, EVENT_BUS, entry)

    def test(self, bucket: FakeBucket) -> None:
        """Send s3:TestEvent to the bucket's queues and topics, as S3 does when they are configured."""
        call = _current_call()
        message = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": self._time(),
            "Bucket": bucket.name,
            "RequestId": call.request_id,
            "HostId": call.request_id,
        }
        for arn in sorted({rule.arn for rule in _rules(bucket)}):
            if _service(arn) != "lambda":
                self._send(bucket, arn, message)

    def validate(self, bucket: FakeBucket) -> None:
        """Raises InvalidArgument if rules overlap, or if a destination is missing or does not let S3 send to it."""
        _check_overlap(list(_rules(bucket)))
        for arn in sorted({rule.arn for rule in _rules(bucket)}):
            destination = DESTINATIONS[_service(arn)]
            held = resource_policy(self._lab, arn, destination.action)
            if held is None or not held.exists:
                raise _invalid(arn, f"The destination {destination.noun} does not exist")
            if not self._lab.allows("s3", destination.action, arn, keys_of_source(bucket.arn, bucket.account_id)):
                raise _invalid(
                    arn,
                    f"Permissions on the destination {destination.noun} do not allow S3 to publish notifications "
                    "from this bucket",
                )

    def _send(self, bucket: FakeBucket, arn: str, message: dict[str, Any]) -> None:
        self.outbox.send(arn, arn, [bucket.arn, bucket.account_id, json.dumps(message)])

    def _deliver(self, to: str, message: Any) -> None:
        if to == EVENT_BUS:
            self._lab.client("events", by="s3").put_events(Entries=[message])
            return
        bucket_arn, account_id, text = message
        with working_for(bucket_arn, account_id):
            DESTINATIONS[_service(to)].send(self._client(to), to, text)

    def _client(self, arn: str) -> Any:
        return self._lab.client(_service(arn), region=arn.split(":")[3], by="s3")

    def _time(self) -> str:
        return self._lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def _record(
        self, bucket: FakeBucket, event: Event, key: StoredObject | DeleteMarker, rule_id: str, sequencer: str
    ) -> dict[str, Any]:
        call = _current_call()
        detail: dict[str, Any] = {"key": quote_plus(key.name, safe="/")}
        if event.value.startswith("s3:ObjectCreated:"):
            assert isinstance(key, StoredObject)
            detail |= {"size": key.size, "eTag": key.etag.strip('"')}
        elif isinstance(key, DeleteMarker) and event.value.endswith(":DeleteMarkerCreated"):
            detail["eTag"] = _EMPTY_MD5
        if key.version_id != "null":
            detail["versionId"] = key.version_id
        return {
            "eventVersion": "2.1" if event.value.startswith(("s3:ObjectCreated:", "s3:ObjectRemoved:")) else "2.3",
            "eventSource": "aws:s3",
            "awsRegion": bucket.region_name,
            "eventTime": self._time(),
            "eventName": event.value.removeprefix("s3:"),
            "userIdentity": {"principalId": _principal_id(call)},
            "requestParameters": {"sourceIPAddress": call.source_ip},
            "responseElements": {"x-amz-request-id": call.request_id, "x-amz-id-2": call.request_id},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": rule_id,
                "bucket": {
                    "name": bucket.name,
                    "ownerIdentity": {"principalId": bucket.account_id},
                    "arn": bucket.arn,
                },
                "object": detail | {"sequencer": sequencer},
            },
            **_more_of_record(event, key),
        }

    def _bus_entry(
        self, bucket: FakeBucket, event: Event, key: StoredObject | DeleteMarker, sequencer: str
    ) -> dict[str, Any]:
        """The event as S3 gives it to EventBridge. Source: S3 user guide, "EventBridge event message structure"."""
        call = _current_call()
        thing: dict[str, Any] = {"key": key.name, "sequencer": sequencer}
        if isinstance(key, StoredObject):
            thing |= {"size": key.size, "etag": key.etag.strip('"')}
        if key.version_id != "null":
            thing["version-id"] = key.version_id
        detail = {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": thing,
            "request-id": call.request_id,
            "requester": call.account_id or SERVICE,
            **_more_of_bus(event, key, call),
        }
        return {
            "Source": "aws.s3",
            "DetailType": _detail_type(event),
            "Resources": [bucket.arn],
            "Detail": json.dumps(detail),
        }


def _rules(bucket: FakeBucket) -> Iterator[Notification]:
    configuration = bucket.notification_configuration
    if configuration:
        yield from itertools.chain(configuration.topic, configuration.queue, configuration.cloud_function)


def _service(arn: str) -> str:
    return arn.split(":")[2]


def _current_call() -> Call:
    """The request behind an event; S3's own work (a lifecycle rule) has none."""
    return current_call.get(None) or Call(new_id(), "", SERVICE, SERVICE)


def _more_of_record(event: Event, key: StoredObject | DeleteMarker) -> dict[str, Any]:
    """What only some events have. Source: S3 user guide, "Event message structure"."""
    if event == Event.LIFECYCLE_TRANSITION_EVENT and isinstance(key, StoredObject):
        return {"lifecycleEventData": {"transitionEventData": {"destinationStorageClass": key.storage_class}}}
    if event == Event.OBJECT_RESTORE_COMPLETED_EVENT and isinstance(key, StoredObject):
        more = {"lifecycleRestorationExpiryTime": _end_of_copy(key), "lifecycleRestoreStorageClass": key.storage_class}
        return {"glacierEventData": {"restoreEventData": more}}
    return {}


def _more_of_bus(event: Event, key: StoredObject | DeleteMarker, call: Call) -> dict[str, Any]:
    """The same for EventBridge. Source: S3 user guide, "EventBridge event message structure"."""
    if event == Event.LIFECYCLE_TRANSITION_EVENT and isinstance(key, StoredObject):
        return {"destination-storage-class": key.storage_class}
    if event.value.startswith("s3:ObjectRestore:") and isinstance(key, StoredObject):
        classes = {} if event == Event.OBJECT_RESTORE_DELETE_EVENT else {"source-storage-class": key.storage_class}
        done = event == Event.OBJECT_RESTORE_COMPLETED_EVENT
        return classes | ({"restore-expiry-time": _end_of_copy(key)} if done else {})
    asked = call.source_ip != SERVICE
    more = {"source-ip-address": call.source_ip} if asked else {}
    if event.value.startswith(("s3:ObjectRemoved:", "s3:LifecycleExpiration:")):
        marked = event.value.endswith(":DeleteMarkerCreated")
        more["deletion-type"] = "Delete Marker Created" if marked else "Permanently Deleted"
        return more | {"reason": call.operation if asked else "Lifecycle Expiration"}
    return more | {"reason": call.operation}


def _end_of_copy(key: StoredObject) -> str:
    """When the copy of an archived object, which is here, goes."""
    assert key.restoration is not None and key.restoration.expiry is not None, "it is told of once it is here"
    return datetime.fromtimestamp(key.restoration.expiry, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _principal_id(call: Call) -> str:
    if call.credential is None and call.source_ip == SERVICE:
        return SERVICE
    return f"AWS:{call.credential.user_id}" if call.credential else f"AWS:{call.account_id}"


def _invalid(arn: str, reason: str) -> AwsError:
    message = f"Unable to validate the following destination configurations: {reason} ({arn})"
    return AwsError("InvalidArgument", message, 400)


def _check_overlap(rules: list[Notification]) -> None:
    """Two rules may share an event only where no key can meet both.

    Source: S3 user guide, "Examples of notification configurations with object prefix and suffix overlaps".
    """
    for first, second in itertools.combinations(rules, 2):
        shared = any(_covers(a, b) or _covers(b, a) for a in first.events for b in second.events)
        if not shared:
            continue
        one, other = _filters(first), _filters(second)
        prefixes = one["prefix"].startswith(other["prefix"]) or other["prefix"].startswith(one["prefix"])
        suffixes = one["suffix"].endswith(other["suffix"]) or other["suffix"].endswith(one["suffix"])
        if prefixes and suffixes:
            raise AwsError(
                "InvalidArgument",
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                "are overlapping for the same event type.",
                400,
            )


def _covers(pattern: str, event: str) -> bool:
    return event == pattern or (pattern.endswith("*") and event.startswith(pattern[:-1]))


def _filters(rule: Notification) -> dict[str, str]:
    given = rule.filters["S3Key"]["FilterRule"] if "S3Key" in rule.filters else []
    return {"prefix": "", "suffix": ""} | {item["Name"]: item["Value"] for item in given}
