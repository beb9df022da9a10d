"""SQS: queues that keep their pace as they fill and lose nothing between threads.

moto works out every attribute, counting all messages several times, for each one sent; and it replaces a queue's
list of messages at each delete, dropping what another thread has just sent.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast

import moto.sqs.models
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, unix_time_millis
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH
from moto.sqs.exceptions import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    InvalidAttributeName,
    InvalidBatchEntryId,
    InvalidParameterValue,
    MissingParameter,
    ReceiptHandleIsInvalid,
    TooManyEntriesInBatchRequest,
)
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from localaws.engines import replace_backend, replace_responses
from localaws.engines.policies import check_policy
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

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
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
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
    """A queue whose list of messages is only ever changed in place, under its lock."""

    lab: ClassVar[Lab]

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
        super()._set_attributes(attributes, now)

    @property
    def messages(self) -> list[Message]:
        now = unix_time_millis()
        with self._messages_lock:
            return [m for m in self._messages if m.visible_at < now and m.delayed_until <= now]

    def delete_message(self, receipt_handle: str) -> None:
        """Delete the message that *receipt_handle* was given for; deleting twice is no error.

        Raises ReceiptHandleIsInvalid for a handle that this queue never gave (SQS API reference, DeleteMessage).
        """
        with self._messages_lock:
            if receipt_handle in self.deleted_messages:
                return
            message = next((m for m in self._messages if m.had_receipt_handle(receipt_handle)), None)
            if message is None:
                raise ReceiptHandleIsInvalid
            self._messages.remove(message)
            self.pending_messages.discard(message)
            self.deleted_messages.update(handle for handle in message.all_receipt_handles if handle)


class SQSEngine(SQSBackend):
    """Gives each message to one receiver at a time; takes none that is empty or, with its attributes, too large."""

    def send_message(
        self,
        queue_name: str,
        message_body: str,
        message_attributes: dict[str, Any] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Message:
        """Raises MissingParameter and InvalidParameterValue (API reference, SendMessage, MessageBody)."""
        queue = self.get_queue(queue_name)
        if not message_body:
            raise MissingParameter("MessageBody")
        check_characters(message_body)
        check_attributes(message_attributes or {})
        check_id("MessageGroupId", kwargs.get("group_id"))
        check_id("MessageDeduplicationId", kwargs.get("deduplication_id"))
        if _size(message_body, message_attributes) > queue.maximum_message_size:  # type: ignore[attr-defined]
            limit = queue.maximum_message_size  # type: ignore[attr-defined]
            reason = f"Message must be shorter than {limit} bytes."
            raise InvalidParameterValue(f"One or more parameters are invalid. Reason: {reason}")
        return super().send_message(queue_name, message_body, message_attributes, *args, **kwargs)

    def send_message_batch(
        self, queue_name: str, entries: dict[str, dict[str, Any]]
    ) -> tuple[list[Message], list[dict[str, Any]]]:
        """Send what can be sent; "the result of sending each message is reported individually" (SendMessageBatch).

        The largest size is for the whole batch besides.
        """
        queue = self.get_queue(queue_name)
        _check_batch(list(entries.values()))
        if duplicate := self._get_first_duplicate_id([each["Id"] for each in entries.values()]):
            raise BatchEntryIdsNotDistinct(duplicate)
        total = sum(_size(each["MessageBody"], each.get("MessageAttributes")) for each in entries.values())
        if total > MAXIMUM_MESSAGE_LENGTH:
            raise BatchRequestTooLong(total)
        good, failed = dict[str, dict[str, Any]](), list[dict[str, Any]]()
        for key, entry in entries.items():
            if error := _unsendable(entry, queue.maximum_message_size):  # type: ignore[attr-defined]
                failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
            else:
                good[key] = entry
        sent, more = super().send_message_batch(queue_name, good)
        return sent, failed + more

    def create_queue(self, name: str, tags: dict[str, str] | None = None, **kwargs: Any) -> Queue:
        kwargs.pop("QueueName", None)  # CloudFormation's properties have it among the attributes
        check_fifo_attributes(name, kwargs)
        queue: Queue = super().create_queue(name, tags, **kwargs)
        return queue

    def set_queue_attributes(self, queue_name: str, attributes: dict[str, Any]) -> Queue:
        check_fifo_attributes(queue_name, attributes)
        queue: Queue = super().set_queue_attributes(queue_name, attributes)
        return queue

    def add_permission(
        self, region_name: str, queue_name: str, actions: list[str], account_ids: list[str], label: str
    ) -> None:
        super().add_permission(region_name, queue_name, actions, account_ids, label)
        self.get_queue(queue_name)._policy_json["Version"] = "2008-10-17"

    def remove_permission(self, queue_name: str, label: str) -> None:
        """Raises InvalidParameterValue for a label that there is not (API reference, RemovePermission)."""
        policy = self.get_queue(queue_name)._policy_json
        if all(statement["Sid"] != label for statement in policy["Statement"]):
            raise InvalidParameterValue(f"Value {label} for parameter Label is invalid. Reason: can't find label.")
        super().remove_permission(queue_name, label)

    def receive_message(
        self,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        """Take up to *count* visible messages, waiting *wait_seconds_timeout* s for the first (long polling)."""
        queue = self.get_queue(queue_name)
        deadline = time.monotonic() + wait_seconds_timeout
        while True:
            with queue._messages_lock:
                found: list[Message] = super().receive_message(
                    queue_name, count, 0, visibility_timeout, message_attribute_names
                )
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                # A message may also become visible by time alone, which notifies nobody.
                queue._messages_lock.wait(min(left, 0.2))


class SQSEngineResponse(SQSResponse):
    """Leaves out lists that are empty, as AWS does."""

    def receive_message(self) -> ActionResult:
        count = self._get_param("MaxNumberOfMessages", 1)
        if not 1 <= int(count) <= 10:
            reason = "Must be between 1 and 10, if provided."
            raise InvalidParameterValue(f"Value {count} for parameter MaxNumberOfMessages is invalid. Reason: {reason}")
        wait = self._get_param("WaitTimeSeconds")
        if wait is not None and not 0 <= int(wait) <= 20:
            reason = "Must be >= 0 and <= 20, if provided."
            raise InvalidParameterValue(f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: {reason}")
        return super().receive_message()

    def call_action(self) -> Any:
        """The JSON protocol has another name for this error; moto knows one for both protocols."""
        status, headers, body = super().call_action()
        if headers.get("x-amzn-query-error", "").startswith("InvalidParameterValue;"):
            body = str(body).replace('InvalidParameterValue"', 'InvalidParameterValueException"', 1)
        return status, headers, body

    def list_queue_tags(self) -> ActionResult:
        return _without_empty(super().list_queue_tags())

    def send_message_batch(self) -> ActionResult:
        return _without_empty(super().send_message_batch())

    def delete_message_batch(self) -> ActionResult:
        _check_batch(self._get_param("Entries", []))
        return super().delete_message_batch()

    def change_message_visibility_batch(self) -> ActionResult:
        _check_batch(self._get_param("Entries", []))
        return super().change_message_visibility_batch()


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


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValue for too many message attributes, or an empty one (developer guide, "Quotas")."""
    if len(attributes) > 10:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10]."
        )
    for name, value in attributes.items():
        _check_attribute_name(name)
        kind = str(value.get("DataType") or value.get("data_type") or "")
        field = "BinaryValue" if kind.startswith("Binary") else "StringValue"
        if field in value and not value[field]:
            raise InvalidParameterValue(
                f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            )
        text = value.get("StringValue") or value.get("string_value") or ""
        if kind.startswith("Number") and text and not _NUMBER.fullmatch(text):
            raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")
        check_characters(text)


def _check_attribute_name(name: str) -> None:
    """Raises InvalidParameterValue (developer guide, "Message attribute components": Name)."""
    said = ""
    if len(name) > 256:
        said = "Message (user) attribute name must be shorter than 256 characters."
    elif re.match(r"aws\.|amazon\.", name, re.IGNORECASE):
        said = f"The message attribute name '{name}' is invalid. It must not start with AWS. or Amazon."
    elif name.startswith(".") or name.endswith(".") or ".." in name:
        said = (
            f"The message attribute name '{name}' is invalid. It must not start or end with a period, nor repeat one."
        )
    if said:
        raise InvalidParameterValue(said)


def check_characters(text: str) -> None:
    """Raises InvalidMessageContents for a character that XML does not allow (API reference, SendMessage)."""
    if _NOT_XML.search(text):
        said = (
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD"
        )
        raise AwsError("InvalidMessageContents", f"{said} | #x10000 to #x10FFFF")


def check_id(name: str, value: str | None) -> None:
    """Raises InvalidParameterValue for what is no group or deduplication id (API reference, SendMessage)."""
    if value is not None and not re.fullmatch(r"[!-~]{1,128}", value):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise InvalidParameterValue(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def check_fifo_attributes(name: str, attributes: Mapping[str, Any]) -> None:
    """Raises InvalidAttributeName for an attribute that only a FIFO queue has (API reference, CreateQueue)."""
    if name.endswith(".fifo"):
        return
    for each in attributes:
        if each in ("FifoQueue", "ContentBasedDeduplication"):
            raise InvalidAttributeName(each)
        if each in ("DeduplicationScope", "FifoThroughputLimit"):
            error = InvalidAttributeName(each)
            error.message = f"You can specify the {each} only when FifoQueue is set to true."
            raise error


def _check_batch(entries: list[dict[str, Any]]) -> None:
    """Raises TooManyEntriesInBatchRequest and InvalidBatchEntryId (API reference, DeleteMessageBatch)."""
    if len(entries) > 10:
        raise TooManyEntriesInBatchRequest(len(entries))
    if not all(re.fullmatch(r"[\w-]{1,80}", entry.get("Id") or "", re.ASCII) for entry in entries):
        raise InvalidBatchEntryId


def _unsendable(entry: dict[str, Any], limit: int) -> AwsError | None:
    """Why this entry of a batch cannot be sent, as AWS's recorded answers have it (LocalStack's suite, test_sqs)."""
    if not entry["MessageBody"]:
        return AwsError("MissingParameter", "The request must contain the parameter MessageBody.")
    if _size(entry["MessageBody"], entry.get("MessageAttributes")) > limit:
        reason = f"Message must be shorter than {limit} bytes."
        return AwsError("InvalidParameterValue", f"One or more parameters cannot be validated. Reason: {reason}")
    try:
        check_characters(entry["MessageBody"])
    except AwsError as error:
        return error
    return None


def _without_empty(answer: ActionResult) -> ActionResult:
    fields = cast(dict[str, Any], answer.result)
    return ActionResult({name: value for name, value in fields.items() if value})


def _size(body: str, attributes: Mapping[str, Any] | None) -> int:
    """Bytes of a message: its body, and its attributes' names, types and values (developer guide, "Message quotas")."""
    size = len(body.encode())
    for name, attribute in (attributes or {}).items():
        parts = (name, attribute.get("DataType"), attribute.get("StringValue"), attribute.get("BinaryValue"))
        size += sum(len(part if isinstance(part, bytes) else part.encode()) for part in parts if part)
    return size


def install(lab: Lab) -> None:
    QueueEngine.lab = lab
    moto.sqs.models.Queue = QueueEngine  # type: ignore[misc]
    replace_backend(sqs_backends, SQSEngine)
    replace_responses(SQSResponse, SQSEngineResponse)
