"""A queue: keeps its pace as it fills, and loses nothing between threads or by a kill of the lab.

moto works out every attribute, counting all messages several times, for each one sent; and it replaces a queue's
list of messages at each delete, dropping what another thread has just sent.
"""

from __future__ import annotations

import copy
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, cast
from uuid import uuid4

from moto.core.utils import camelcase_to_underscores, unix_time_millis
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH, MAXIMUM_VISIBILITY_TIMEOUT
from moto.sqs.exceptions import InvalidParameterValue, ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from localaws.engines.policies import check_policy
from localaws.engines.sqs.contents import Contents, sent
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.state.data_file import DataFile

#: The attributes that may be set, and the least and most of those that are numbers (API reference, CreateQueue).
_RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, MAXIMUM_MESSAGE_LENGTH),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
_JSON = ("Policy", "RedrivePolicy", "RedriveAllowPolicy")
_TEXTS = {"KmsMasterKeyId", "SqsManagedSseEnabled", "ContentBasedDeduplication", "DeduplicationScope"}
#: Numbers of messages, of 20 digits as AWS's are; those of a later start of the lab are higher.
_SEQUENCE = count(18_800_000_000_000_000_000 + time.time_ns() // 1_000_000 * 256, 256)
_NOT_KEPT = ("arrived", "_messages_lock", "_contents")
_SETTABLE = {*_RANGES, *_JSON, *_TEXTS, "FifoThroughputLimit", "FifoQueue"}


class _Attributes(Mapping[str, Any]):
    """A queue's attributes, each worked out when it is asked for."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._names = [*queue.BASE_ATTRIBUTES]
        if queue.fifo_queue:
            self._names += queue.FIFO_ATTRIBUTES
        if queue.kms_master_key_id:  # type: ignore[attr-defined]
            self._names += queue.KMS_ATTRIBUTES

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name == "RedrivePolicy":
            return json.dumps(self._queue.redrive_policy) if self._queue.redrive_policy else None
        value = getattr(self._queue, camelcase_to_underscores(name))
        if name.endswith("Timestamp"):
            return int(value)  # whole seconds (API reference, GetQueueAttributes)
        return str(value).lower() if isinstance(value, bool) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class QueueEngine(Queue):
    """A queue whose messages are its `Contents`; they change under one lock of all queues, for some move to another."""

    lab: ClassVar[Lab]
    #: Where queues have their files, each named after the queue's `id`.
    directory: ClassVar[Path]
    _lock = threading.RLock()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.id = uuid4().hex
        super().__init__(*arguments, **options)
        self._open()

    def _open(self) -> None:
        #: Set by each message that comes, for who waits for one.
        self.arrived = threading.Event()
        self._contents = Contents(DataFile(self.directory / f"{self.id}.log", self.__getstate__))

    def __getstate__(self) -> dict[str, Any]:
        """All but the messages, in plain values."""
        return {name: value for name, value in vars(self).items() if name not in _NOT_KEPT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    @property
    def dead_letter_queue(self) -> Queue | None:
        """The queue that the redrive policy names: it may be deleted, and made anew."""
        if not self.redrive_policy:
            return None
        backend: SQSBackend = sqs_backends[self.account_id][self.region]
        return backend.queues.get(self.redrive_policy["deadLetterTargetArn"].rpartition(":")[2])

    @dead_letter_queue.setter
    def dead_letter_queue(self, queue: Queue | None) -> None:
        """moto sets it with the policy."""

    @property
    def attributes(self) -> _Attributes:  # type: ignore[override]
        return _Attributes(self)

    def _set_attributes(self, attributes: dict[str, Any], now: float | None = None) -> None:
        """Raises InvalidAttributeName and InvalidAttributeValue (API reference, SetQueueAttributes)."""
        for name, value in attributes.items():
            if name not in _SETTABLE:
                raise AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")
            if not _is_value_of(name, value):
                raise AwsError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
        policy = vars(self).get("_policy_json")
        super()._set_attributes(attributes, now)
        if policy is not None and "Policy" not in attributes:  # moto takes it away
            self._policy_json = policy

    @property
    def approximate_number_of_messages(self) -> int:
        now = unix_time_millis()
        return sum(m.visible_at < now and m.delayed_until <= now for m in self._all_messages())

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        now = unix_time_millis()
        return sum(message.delayed_until > now for message in self._all_messages())

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        now = unix_time_millis()
        return sum(message.visible_at >= now for message in self._all_messages())

    def _all_messages(self) -> list[Message]:
        """Those that are not too old: what is, goes when somebody next receives."""
        oldest = self._oldest(unix_time_millis())
        with self._lock:
            return [each for each in self._contents.messages.values() if cast(float, each.sent_timestamp) > oldest]

    def _oldest(self, now: float) -> float:
        """When a message was sent that is too old *now* (ms; API reference, CreateQueue, MessageRetentionPeriod)."""
        return now - cast(int, self.message_retention_period) * 1000  # type: ignore[attr-defined]

    def add_message(self, message: Message) -> None:
        """Take a message; a FIFO queue numbers it, and takes no duplicate, which it answers as it did the first.

        Numbers increase, and leave some out (API reference, SendMessage, SequenceNumber).
        """
        with self._lock:
            deduplication = None
            if self.fifo_queue:
                message.sequence_number = f"{next(_SEQUENCE):020d}"
                if message.deduplication_id is not None:  # as it is of SNS and EventBridge, which need none
                    by_group = self.deduplication_scope == "messageGroup"  # type: ignore[attr-defined]
                    deduplication = message.group_id if by_group else None, message.deduplication_id
                    first = self._contents.first_of(deduplication, cast(float, message.sent_timestamp))
                    if first is not None:
                        message.id, message.sequence_number, _ = first
                        return
            self._contents.do(sent(message, deduplication))
            self.arrived.set()

    def receive(self, count: int, visibility_timeout: int) -> list[Message]:
        """Up to *count* messages that can be seen now, and nobody sees again for *visibility_timeout* seconds.

        What was received too often moves to the dead-letter queue, and what is too old is gone. Of a group of a FIFO
        queue nothing is given away while some of it is with somebody (developer guide, "FIFO queue delivery logic").
        """
        with self._lock:
            now = unix_time_millis()
            messages = self._contents.messages.values()
            busy = {message.group_id for message in messages if message.visible_at >= now} if self.fifo_queue else ()
            oldest = self._oldest(now)
            target, most = self.dead_letter_queue, (self.redrive_policy or {}).get("maxReceiveCount", 0)
            taken, moved, expired = list[str](), list[Message](), list[str]()
            for message in messages:
                if cast(float, message.sent_timestamp) <= oldest:
                    expired.append(message.id)
                elif message.visible_at >= now or message.delayed_until > now or message.group_id in busy:
                    continue
                elif target and message.approximate_receive_count >= most:
                    moved.append(message)
                else:
                    taken.append(message.id)
                    if len(taken) >= count:
                        break
            for message in moved:
                cast(Queue, target).add_message(message)
            self._contents.do(
                *(("gone", each) for each in [*expired, *(message.id for message in moved)]),
                *(
                    ("received", each, secrets.token_urlsafe(138), now + visibility_timeout * 1000, int(now))
                    for each in taken
                ),
            )
            return [copy.copy(self._contents.messages[each]) for each in taken]

    def delete_message(self, receipt_handle: str) -> None:
        """Delete the message that *receipt_handle* was given for; deleting twice is no error.

        Raises ReceiptHandleIsInvalid for a handle that this queue never gave (SQS API reference, DeleteMessage).
        """
        with self._lock:
            if not self._contents.is_deleted(receipt_handle):
                self._contents.do(("gone", self._of_handle(receipt_handle).id))

    def change_visibility(self, receipt_handle: str, seconds: int) -> None:
        """Raises ReceiptHandleIsInvalid, and InvalidParameterValue for more than the whole limit."""
        with self._lock:
            message = self._of_handle(receipt_handle)
            until = unix_time_millis() + seconds * 1000
            if until - cast(float, message.sent_timestamp) > MAXIMUM_VISIBILITY_TIMEOUT * 1000:
                raise InvalidParameterValue(
                    f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for "
                    f"the message is beyond the limit [{MAXIMUM_VISIBILITY_TIMEOUT} seconds]"
                )
            self._contents.do(("hidden", message.id, until))

    def _of_handle(self, receipt_handle: str) -> Message:
        message = self._contents.of_handle(receipt_handle)
        if message is None:
            raise ReceiptHandleIsInvalid
        return message

    def purge(self) -> None:
        with self._lock:
            self._contents.do(("purged",))

    def end_moves(self) -> None:
        """Take out what the dead-letter queue has already: a kill came between the two halves of its move."""
        target = self.dead_letter_queue
        if isinstance(target, QueueEngine):
            with self._lock:
                twice = self._contents.messages.keys() & target._contents.messages.keys()
                self._contents.do(*(("gone", each) for each in twice))

    def remove(self) -> None:
        """Delete what the queue has kept; who still holds the queue finds it gone."""
        with self._lock:
            self._contents.remove()


def _is_value_of(name: str, value: Any) -> bool:
    """Whether an attribute may have *value*; "" and None take a policy or a key away."""
    if name in _RANGES:
        least, most = _RANGES[name]
        return str(value).isascii() and str(value).isdigit() and least <= int(value) <= most
    if name in _JSON and isinstance(value, str) and value:
        try:
            if name == "Policy":
                check_policy(QueueEngine.lab, value, "sqs")
            return isinstance(json.loads(value), dict)
        except (ValueError, RecursionError):
            return False
    return True
