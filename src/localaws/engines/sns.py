"""SNS: messages for functions are sent through the front door, in the shape that AWS gives them.

Sources: Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications"; SNS developer guide, "Amazon
SNS message delivery retries" (a delivery by HTTP takes its own time, and its failure is not the publisher's).
"""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import moto.sns.models
from botocore.exceptions import ClientError
from moto.sns.exceptions import InvalidParameterValue, SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends

from localaws.engines import replace_backend
from localaws.lab import Lab
from localaws.outgoing import is_loopback

log = logging.getLogger(__name__)

PROTOCOLS = {"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}


#: Posts that are under way at once, and those that wait for their turn; of more, the newest are not sent.
POSTING = 4
WAITING = 1000


class Post:
    """Sends by HTTP in the background, so that a receiver which takes its time keeps no publisher waiting."""

    def __init__(self, lab: Lab) -> None:
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(WAITING + POSTING)
        for number in range(POSTING):
            lab.spawn(f"sns-post-{number}", self._work)
        lab.on_stop(self._stop)

    def send(self, delivery: Callable[[], None]) -> None:
        if self._waiting.qsize() >= WAITING:
            log.warning("%d posts wait for their receivers: one more is not sent", WAITING)
        else:
            self._waiting.put(delivery)

    def _work(self) -> None:
        while (delivery := self._waiting.get()) is not None:
            try:
                delivery()
            except Exception as error:
                log.warning("not delivered: %s", error)

    def _stop(self) -> None:
        for _ in range(POSTING):
            self._waiting.put(None)


class SubscriptionEngine(Subscription):
    """A subscription that, for the protocol ``lambda``, invokes the function, and does not wait for one by HTTP."""

    lab: ClassVar[Lab]
    post: ClassVar[Post]

    def publish(
        self,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> None:
        if self.protocol != "lambda":
            deliver = partial(super().publish, message, message_id, subject, message_attributes, group_id)
            deliver = partial(deliver, deduplication_id, message_structure)
            self.post.send(deliver) if self.protocol in ("http", "https") else deliver()
            return
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        if message_structure == "json":
            message = self._parse_message_structure(message, self.protocol)
        notification = self.get_post_data(message, message_id, subject, message_attributes or {})
        notification |= {
            "Subject": subject,
            "MessageAttributes": message_attributes or {},
            "SigningCertUrl": notification.pop("SigningCertURL"),
            "UnsubscribeUrl": notification.pop("UnsubscribeURL"),
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": self.arn,
            "Sns": notification,
        }
        client = self.lab.client("lambda", region=self.endpoint.split(":")[3])
        try:
            client.invoke(FunctionName=self.endpoint, InvocationType="Event", Payload=json.dumps({"Records": [record]}))
        except ClientError as error:
            log.warning("topic %s could not invoke %s: %s", self.topic_arn, self.endpoint, error)


class SNSEngine(SNSBackend):
    """Refuses what AWS refuses before a message or subscription is made."""

    def publish(self, message: str, arn: str | None, phone_number: str | None = None, *args: Any, **kwargs: Any) -> str:
        """Raises InvalidParameter and NotFound (API reference, Publish)."""
        if not message:
            raise InvalidParameterValue("Invalid parameter: Empty message")  # the kind that a batch reports
        if phone_number is None:
            _check_arn(arn or "")
            if ":endpoint/" not in (arn or ""):
                self.get_topic(arn or "")
        return super().publish(message, arn, phone_number, *args, **kwargs)

    def subscribe(self, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        """Raises InvalidParameter for a protocol that there is not, or another machine (API reference, Subscribe)."""
        if protocol not in PROTOCOLS:
            reason = f"Amazon SNS does not support this protocol string: {protocol}"
            raise SNSInvalidParameter(f"Invalid parameter: {reason}")
        if protocol in ("http", "https") and not is_loopback(endpoint):
            raise SNSInvalidParameter(
                f"Invalid parameter: Endpoint Reason: this lab posts to this machine alone (127.0.0.1, ::1 or "
                f"localhost), not to {endpoint}"
            )
        return super().subscribe(topic_arn, endpoint, protocol)

    def unsubscribe(self, subscription_arn: str) -> None:
        """Raises InvalidParameter for what is no ARN; a subscription that there is not is no error."""
        _check_arn(subscription_arn, "SubscriptionArn")
        super().unsubscribe(subscription_arn)

    def _get_values_nexttoken(self, values_map: dict[str, Any], next_token: str | None = None) -> Any:
        if next_token and not next_token.isdecimal():
            raise SNSInvalidParameter("Invalid parameter: NextToken")
        return super()._get_values_nexttoken(values_map, next_token)

    def get_topic(self, arn: str) -> Topic:
        _check_arn(arn)
        return super().get_topic(arn)


def _check_arn(arn: str, parameter: str = "TopicArn") -> None:
    elements = len(arn.split(":"))
    if elements < 6:
        reason = f"An ARN must have at least 6 elements, not {elements}"
        raise SNSInvalidParameter(f"Invalid parameter: {parameter} Reason: {reason}")


def install(lab: Lab) -> None:
    SubscriptionEngine.lab = lab
    SubscriptionEngine.post = Post(lab)
    moto.sns.models.Subscription = SubscriptionEngine  # type: ignore[misc]
    replace_backend(sns_backends, SNSEngine)
