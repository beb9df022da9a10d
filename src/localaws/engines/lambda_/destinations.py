"""Where Lambda sends what came of an event: queues, topics, functions, event buses, buckets; with the role's rights.

Sources: Lambda developer guide, "Capturing records of Lambda asynchronous invocations" and "Retain discarded batch
records for a Kinesis Data Streams event source".
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.client import queue_url
from localaws.engines.lambda_.worker import Sandbox
from localaws.lab import Lab

log = logging.getLogger(__name__)


class Destinations:
    """Delivers documents in the name of a function."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def send(self, sandbox: Sandbox, arn: str, document: dict[str, Any], detail_type: str, folder: str = "") -> None:
        """Send *document* to *arn*; a failure is logged and counted, as Lambda does no more about it.

        *detail_type* is what an event bus is told; *folder* is the beginning of an object's key in a bucket.
        """
        try:
            self._send(sandbox, arn, document, detail_type, folder)
        except (ClientError, BotoCoreError) as error:
            self._failed(sandbox, arn, "DestinationDeliveryFailures", error)

    def dead_letter(self, sandbox: Sandbox, arn: str, event: bytes, request_id: str, error: str) -> None:
        """Send the *event* itself to a dead-letter queue or topic (developer guide, "Adding a dead-letter queue")."""
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": error[:1024] or "?"},
        }
        try:
            if _service(arn) == "sqs":
                queue = self._client(sandbox, arn)
                queue.send_message(
                    QueueUrl=queue_url(queue, arn), MessageBody=event.decode(), MessageAttributes=attributes
                )
            else:
                self._client(sandbox, arn).publish(TopicArn=arn, Message=event.decode(), MessageAttributes=attributes)
        except (ClientError, BotoCoreError) as failure:
            self._failed(sandbox, arn, "DeadLetterErrors", failure)

    def _send(self, sandbox: Sandbox, arn: str, document: dict[str, Any], detail_type: str, folder: str) -> None:
        client, text = self._client(sandbox, arn), json.dumps(document)
        service = _service(arn)
        if service == "sqs":
            client.send_message(QueueUrl=queue_url(client, arn), MessageBody=text)
        elif service == "sns":
            client.publish(TopicArn=arn, Message=text)
        elif service == "lambda":
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=text)
        elif service == "events":
            entry = {
                "Source": "lambda",
                "DetailType": detail_type,
                "Resources": [document["requestContext"]["functionArn"]],
                "Detail": text,
                "EventBusName": arn,
            }
            client.put_events(Entries=[entry])
        else:
            now = self._lab.clock.now()
            key = f"aws/lambda/{folder}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
            client.put_object(Bucket=arn.rpartition(":")[2], Key=key, Body=text.encode())

    def _client(self, sandbox: Sandbox, arn: str) -> Any:
        region = arn.split(":")[3] or sandbox.region  # a bucket's ARN names none
        return self._lab.client(
            _service(arn), region=region, role_arn=sandbox.role, session_name=sandbox.name, by="lambda"
        )

    def _failed(self, sandbox: Sandbox, arn: str, metric: str, error: Exception) -> None:
        log.warning("function %s could not send to %s: %s", sandbox.name, arn, error)
        self._lab.metrics.add("AWS/Lambda", metric, 1, "Count", {"FunctionName": sandbox.name}, sandbox.region)


def _service(arn: str) -> str:
    return arn.split(":")[2]
