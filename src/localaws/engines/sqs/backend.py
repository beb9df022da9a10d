"""SQS: what is asked of queues, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.sqs.constants import MAXIMUM_MESSAGE_LENGTH, MAXIMUM_VISIBILITY_TIMEOUT
from moto.sqs.exceptions import (
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InvalidAttributeName,
    InvalidBatchEntryId,
    InvalidParameterValue,
    MissingParameter,
    SQSException,
    TooManyEntriesInBatchRequest,
)
from moto.sqs.models import Message, Queue, SQSBackend, _filter_message_attributes
from moto.sqs.responses import SQSResponse

from localaws.engines.sqs.messages import check_attributes, check_characters, check_delay, check_id, size_of
from localaws.engines.sqs.queue import QueueEngine
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call

#: KMS's errors as SQS has them.
_KMS_ERRORS = {
    "AccessDeniedException": "KmsAccessDenied",
    "DisabledException": "KmsDisabled",
    "InvalidKeyUsageException": "KmsInvalidKeyUsage",
    "KMSInvalidStateException": "KmsInvalidState",
    "NotFoundException": "KmsNotFound",
}


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
        check_delay(kwargs.get("delay_seconds"))
        if kwargs.get("deduplication_id") and not queue.fifo_queue:
            raise InvalidParameterValue(
                f"Value {kwargs['deduplication_id']} for parameter MessageDeduplicationId is invalid. Reason: The "
                "request include parameter that is not valid for this queue type."
            )
        if size_of(message_body, message_attributes) > queue.maximum_message_size:  # type: ignore[attr-defined]
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
        total = sum(size_of(each["MessageBody"], each.get("MessageAttributes")) for each in entries.values())
        if total > MAXIMUM_MESSAGE_LENGTH:
            raise BatchRequestTooLong(total)
        if queue.fifo_queue:
            _check_fifo_batch(queue, entries.values())
        sent, failed = list[Message](), list[dict[str, Any]]()
        for entry in entries.values():
            try:
                message = self.send_message(
                    queue_name,
                    entry["MessageBody"],
                    entry.get("MessageAttributes"),
                    delay_seconds=entry.get("DelaySeconds"),
                    deduplication_id=entry.get("MessageDeduplicationId"),
                    group_id=entry.get("MessageGroupId"),
                    system_attributes=entry.get("MessageSystemAttributes"),
                )
            except (AwsError, SQSException) as error:
                failed.append(_failed(entry, error))
            else:
                message.user_id = entry["Id"]  # type: ignore[attr-defined]
                sent.append(message)
        return sent, failed

    def change_message_visibility(self, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        """Raises InvalidParameterValue (API reference, ChangeMessageVisibility, VisibilityTimeout)."""
        if not 0 <= int(visibility_timeout) <= MAXIMUM_VISIBILITY_TIMEOUT:
            reason = f"Must be between 0 and {MAXIMUM_VISIBILITY_TIMEOUT}, if provided."
            said = f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: {reason}"
            raise InvalidParameterValue(said)
        self._queue(queue_name).change_visibility(receipt_handle, int(visibility_timeout))

    def change_message_visibility_batch(
        self, queue_name: str, entries: list[dict[str, Any]]
    ) -> tuple[list[str], list[dict[str, Any]]]:
        changed, failed = list[str](), list[dict[str, Any]]()
        for entry in entries:
            try:
                if "VisibilityTimeout" not in entry:
                    raise MissingParameter("VisibilityTimeout")
                self.change_message_visibility(queue_name, entry["ReceiptHandle"], entry["VisibilityTimeout"])
                changed.append(entry["Id"])
            except (AwsError, SQSException) as error:
                failed.append(_failed(entry, error))
        return changed, failed

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
        try:
            found = self._receive(queue_name, count, wait_seconds_timeout, int(visibility_timeout or 0))
        finally:
            if not current_call.get().via:  # what a caller from outside waits for is no work of the lab's
                QueueEngine.lab.clock.rest()
        for message in found:
            _filter_message_attributes(message, message_attribute_names or [])
        return found

    def _receive(self, queue_name: str, count: int, wait: int, visibility_timeout: int) -> list[Message]:
        clock = QueueEngine.lab.clock
        end = clock.time() + wait
        while True:
            queue = self._queue(queue_name)
            queue.arrived.clear()
            found = queue.receive(count, visibility_timeout)
            if len(found) == count:
                queue.arrived.set()  # there may be more, for others who wait
            left = end - clock.time()
            if found or left <= 0:
                return found
            # A message may also become visible by time alone, which sets nothing.
            clock.poll(queue.arrived, min(left, 0.2), found=False)

    def purge_queue(self, queue_name: str) -> None:
        """Raises PurgeQueueInProgress within a minute after the last purge that was done."""
        queue = self._queue(queue_name)
        before = queue.last_purged_at
        super().purge_queue(queue_name)
        try:
            queue.purge()
        except OSError:
            queue.last_purged_at = before
            raise

    def delete_queue(self, queue_name: str) -> None:
        queue = self._queue(queue_name)
        super().delete_queue(queue_name)
        queue.remove()

    def _queue(self, name: str) -> QueueEngine:
        """Raises QueueDoesNotExist."""
        queue = self.get_queue(name)
        assert isinstance(queue, QueueEngine)
        return queue


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
        self._check_key("Decrypt")
        return super().receive_message()

    def send_message(self) -> ActionResult:
        self._check_key("GenerateDataKey")
        return super().send_message()

    def _check_key(self, action: str) -> None:
        """Raises unless the caller may use the key that encrypts the queue (API reference, SendMessage, "Errors")."""
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        key, caller = queue.kms_master_key_id, current_call.get().credential  # type: ignore[attr-defined]
        if not key or caller is None:
            return
        from localaws.engines.kms.use import check_use  # not above: most queues have no key of KMS

        context = {"aws:sqs:arn": queue.queue_arn}
        check_use(QueueEngine.lab, caller, "sqs", self.region, key, action, context, _KMS_ERRORS)

    def _determine_resource(self) -> str:
        """moto would look for the queue, for a decision that the gateway has made."""
        return "*"

    def call_action(self) -> Any:
        """The JSON protocol has another name for this error; moto knows one for both protocols."""
        status, headers, body = super().call_action()
        if headers.get("x-amzn-query-error", "").startswith("InvalidParameterValue;"):
            body = str(body).replace('InvalidParameterValue"', 'InvalidParameterValueException"', 1)
        return status, headers, body

    def list_queue_tags(self) -> ActionResult:
        return _without_empty(super().list_queue_tags())

    def send_message_batch(self) -> ActionResult:
        _check_batch("SendMessage", self._get_param("Entries", []))
        self._check_key("GenerateDataKey")
        return _without_empty(super().send_message_batch())

    def delete_message_batch(self) -> ActionResult:
        """A message may be named twice, for deleting it again is no error."""
        entries = self._get_param("Entries", [])
        _check_batch("DeleteMessage", entries)
        deleted, failed = self.sqs_backend.delete_message_batch(self._get_queue_name(), entries)
        return ActionResult({"Successful": [{"Id": each} for each in deleted], "Failed": failed})

    def change_message_visibility_batch(self) -> ActionResult:
        _check_batch("ChangeMessageVisibility", self._get_param("Entries", []))
        return super().change_message_visibility_batch()


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


def _check_batch(action: str, entries: list[dict[str, Any]]) -> None:
    """Raises EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId and BatchEntryIdsNotDistinct.

    These are of the whole batch: nothing of it is done (API reference, DeleteMessageBatch, "Errors").
    """
    if not entries:
        error = EmptyBatchRequest()
        error.message = f"There should be at least one {action}BatchRequestEntry in the request."
        raise error
    if len(entries) > 10:
        raise TooManyEntriesInBatchRequest(len(entries))
    ids = [entry.get("Id") or "" for entry in entries]
    if not all(re.fullmatch(r"[\w-]{1,80}", each, re.ASCII) for each in ids):
        raise InvalidBatchEntryId
    for place, each in enumerate(ids):
        if each in ids[:place]:
            raise BatchEntryIdsNotDistinct(each)


def _check_fifo_batch(queue: Queue, entries: Iterable[dict[str, Any]]) -> None:
    """Raises InvalidParameterValue where a message lacks its group, or what tells it from a duplicate.

    AWS refuses the whole batch then, as LocalStack's suite recorded (test_sqs).
    """
    for entry in entries:
        if not entry.get("MessageGroupId"):
            raise InvalidParameterValue("The request must contain the parameter MessageGroupId.")
        if not entry.get("MessageDeduplicationId") and queue.attributes["ContentBasedDeduplication"] != "true":
            raise InvalidParameterValue(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
                "explicitly"
            )


def _failed(entry: dict[str, Any], error: AwsError | SQSException) -> dict[str, Any]:
    """What a batch's answer says of an *entry* that was not done (BatchResultErrorEntry)."""
    message = str(error.message).replace("parameters are invalid. Reason", "parameters cannot be validated. Reason")
    return {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": message}


def _without_empty(answer: ActionResult) -> ActionResult:
    fields = cast(dict[str, Any], answer.result)
    return ActionResult({name: value for name, value in fields.items() if value})
