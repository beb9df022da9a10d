"""Reads an SQS queue: batches received, given to the function, deleted when it succeeds.

Sources: Lambda developer guide, "Using Lambda with Amazon SQS" (example event, five concurrent batches at first),
"Implementing partial batch responses".
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.client import queue_url
from localaws.engines.lambda_.sources.mapping import MappingEngine

if TYPE_CHECKING:
    from localaws.engines.lambda_.backend import LambdaEngine
    from localaws.engines.lambda_.execution import Result

#: Batches that are given to the function at the same time, unless ScalingConfig asks for fewer.
CONCURRENCY = 5
#: Seconds of one long poll: as long as the end of the mapping may take to be noticed.
WAIT = 1
LARGEST_BATCH = 6_200_000


class QueueSource:
    """Feeds a function from one queue, as *mapping* says."""

    def __init__(self, engine: LambdaEngine, mapping: MappingEngine, client: Any) -> None:
        self._engine = engine
        self._mapping = mapping
        self._client = client
        self._ending = threading.Event()
        self._slots = threading.Semaphore(CONCURRENCY)
        self._url = queue_url(client, mapping.event_source_arn)

    def start(self) -> None:
        """Begin. Raises ClientError if the queue is not there, or the role may not read it."""
        self.visibility_timeout()
        self._engine.lab.spawn(f"lambda source {self._mapping.uuid}", self._poll, followed=True)

    def go_on(self) -> None:
        """Begin again after a start: the queue itself knows what was not handled. Raises ClientError."""
        self.start()

    def visibility_timeout(self) -> int:
        """Seconds for which the queue hides a message that was received. Raises ClientError."""
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["VisibilityTimeout"])
        return int(answer["Attributes"]["VisibilityTimeout"])

    def end(self) -> None:
        self._ending.set()

    @property
    def _stopping(self) -> bool:
        return self._ending.is_set() or self._engine.lab.stopping.is_set()

    def _poll(self) -> None:
        while not self._stopping:
            if not self._mapping.enabled:
                self._pause()
            elif self._slots.acquire(timeout=WAIT):
                messages = self._gather()
                if messages:
                    handle = partial(self._handle, messages)
                    self._engine.lab.spawn(f"lambda batch {self._mapping.uuid}", handle, followed=True)
                else:
                    self._slots.release()

    def _pause(self, seconds: float = 1.0) -> None:
        self._engine.lab.clock.poll(self._ending, seconds, found=False)

    def _gather(self) -> list[dict[str, Any]]:
        """A batch: what one receive gives, or more until the batch is full or its window is over."""
        messages = self._receive(WAIT)
        clock, window = self._engine.lab.clock, self._mapping.max_batch_window or 0
        end = clock.time() + window
        if messages and window:
            self._engine.lab.timer.at(end, f"batching window of {self._mapping.uuid}", lambda: None)
        while messages and not self._stopping and not self._full(messages) and (left := end - clock.time()) > 0:
            more = self._receive(0, self._mapping.batch_size - len(messages))
            messages += more
            if not more:
                self._pause(min(left, 1.0))
        return messages

    def _full(self, messages: list[dict[str, Any]]) -> bool:
        size = sum(len(message["Body"]) + 1000 for message in messages)
        return len(messages) >= self._mapping.batch_size or size >= LARGEST_BATCH

    def _receive(self, wait: int, most: int | None = None) -> list[dict[str, Any]]:
        most = min(10, most or self._mapping.batch_size)
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except (ClientError, BotoCoreError) as error:
            self._mapping.problem(error)
            self._pause()
            return []
        received: list[dict[str, Any]] = answer.get("Messages", [])
        records = {message["MessageId"]: self._record(message) for message in received}
        unwanted = [m for m in received if not self._mapping.filters.passes(records[m["MessageId"]])]
        self._delete(unwanted)  # as AWS does with messages that meet no filter
        return [message for message in received if message not in unwanted]

    def _handle(self, messages: list[dict[str, Any]]) -> None:
        """Give a batch to the function. What fails comes back when its visibility timeout is over."""
        received, done = self._engine.lab.clock.time(), list[dict[str, Any]]()
        try:
            event = {"Records": [self._record(message) for message in messages]}
            target = self._engine.resolve(self._mapping.function_arn)
            result = self._engine.execute_unattended(target, json.dumps(event).encode(), str(uuid.uuid4()))
            done = self._done(messages, result)
            self._mapping.last_result = "OK" if done else "PROBLEM: Function call failed"
            self._delete(done)
        except Exception as error:
            if not self._stopping:
                self._mapping.problem(error)
        finally:
            if len(done) < len(messages) and not self._stopping:
                self._expect_again(received)
            self._slots.release()

    def _expect_again(self, received: float) -> None:
        """Have an advance of the clock stop when what was *received* then, and failed, can be seen again."""
        try:
            again = received + self.visibility_timeout()
        except (ClientError, BotoCoreError) as error:  # the queue is gone, or its messages are not the role's any more
            self._mapping.problem(error)
            return
        self._engine.lab.timer.at(again, f"messages for {self._mapping.uuid} that come again", lambda: None)

    def _done(self, messages: list[dict[str, Any]], result: Result) -> list[dict[str, Any]]:
        """The messages that need not come again."""
        if result.error:
            return []
        if not self._mapping.reports_failures:
            return messages
        ids = {message["MessageId"] for message in messages}
        try:
            response = json.loads(result.payload)
            failed = {failure["itemIdentifier"] for failure in (response or {}).get("batchItemFailures") or []}
        except (AttributeError, KeyError, TypeError):
            return []
        return [message for message in messages if message["MessageId"] not in failed] if failed <= ids else []

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        for start in range(0, len(messages), 10):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + 10])
            ]
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        arn = self._mapping.event_source_arn
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {
                name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": arn.split(":")[3],
        }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "BinaryValue" in value:
        return {"binaryValue": base64.b64encode(value["BinaryValue"]).decode(), **attribute}
    return {"stringValue": value["StringValue"], **attribute}
