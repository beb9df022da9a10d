"""SNS: messages for functions are sent through the front door, in the shape that AWS gives them.

Sources: Lambda developer guide, "Invoking Lambda functions with Amazon SNS notifications"; SNS developer guide, "Amazon
SNS message delivery retries" (a delivery by HTTP takes its own time, and its failure is not the publisher's).
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from itertools import count
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSException, SNSInvalidParameter, SNSNotFoundError
from moto.sns.models import SNSBackend, Subscription, Topic, sns_backends
from moto.sns.responses import SNSResponse
from moto.sqs.exceptions import SQSException

from localaws.authorization import keys_of_source
from localaws.client import working_for
from localaws.engines.policies import PolicyFaultError, check_policy
from localaws.engines.sns.messages import (
    check_attributes,
    check_endpoint,
    check_entries,
    check_message,
    check_subject,
)
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab
from localaws.outbox import Outbox
from localaws.outgoing import is_loopback

log = logging.getLogger(__name__)

_SEQUENCE = count(10**19 + time.time_ns())  # above those of an earlier process

PROTOCOLS = {"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}
SUBSCRIPTION_ATTRIBUTES = {
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
}
#: How AWS delivers by HTTP where nobody set a policy.
EFFECTIVE_DELIVERY = {
    "defaultHealthyRetryPolicy": {
        "minDelayTarget": 20,
        "maxDelayTarget": 20,
        "numRetries": 3,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    },
    "disableSubscriptionOverrides": False,
    "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
}


#: KMS's errors as SNS has them.
_KMS_ERRORS = {
    "AccessDeniedException": "KMSAccessDenied",
    "DisabledException": "KMSDisabled",
    "InvalidKeyUsageException": "KMSInvalidState",
    "KMSInvalidStateException": "KMSInvalidState",
    "NotFoundException": "KMSNotFound",
}


class TopicEngine(Topic):
    """Forgets a message that it has sent: moto keeps it, for tests to look at."""

    def __init__(self, name: str, sns_backend: SNSBackend) -> None:
        super().__init__(name, sns_backend)
        self.sent_notifications = deque(maxlen=0)  # type: ignore[assignment]


class SubscriptionEngine(Subscription):
    """A subscription that, for the protocol ``lambda``, invokes the function, and does not wait for one by HTTP."""

    lab: ClassVar[Lab]
    posts: ClassVar[Outbox]

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
            content = (message, message_id, subject, message_attributes, group_id, deduplication_id, message_structure)
            if self.protocol in ("http", "https"):
                self.posts.send(self.endpoint, self.arn, *content)
                return
            try:
                if self.protocol == "sqs":
                    self.lab.act("sns", "sqs", "SendMessage", self.endpoint, keys_of_source(self.topic_arn))
                super().publish(*content)
            except (SQSException, AwsError) as error:  # such as of a queue that is no more
                log.warning("topic %s could not send to %s: %s", self.topic_arn, self.endpoint, error)
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
        client = self.lab.client("lambda", region=self.endpoint.split(":")[3], by="sns")
        try:
            with working_for(self.topic_arn):
                client.invoke(
                    FunctionName=self.endpoint, InvocationType="Event", Payload=json.dumps({"Records": [record]})
                )
        except ClientError as error:
            log.warning("topic %s could not invoke %s: %s", self.topic_arn, self.endpoint, error)


def post(subscription_arn: str, *content: Any) -> None:
    """Send a message to who has subscribed by HTTP, unless he no longer does."""
    account, region = subscription_arn.split(":")[4], subscription_arn.split(":")[3]
    subscription = sns_backends[account][region].subscriptions.get(subscription_arn)
    if subscription is not None:
        Subscription.publish(subscription, *content)


class SNSEngine(SNSBackend):
    """Refuses what AWS refuses before a message or subscription is made."""

    def publish(self, message: str, arn: str | None, phone_number: str | None = None, *args: Any, **kwargs: Any) -> str:
        """Raises InvalidParameter and NotFound (API reference, Publish)."""
        check_subject(kwargs.get("subject"))
        check_message(message, kwargs.get("message_attributes") or {}, kwargs.get("message_structure"))
        if phone_number is None:
            if not arn:
                said = "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
                raise SNSInvalidParameter(said)
            _check_arn(arn)
            if ":endpoint/" not in (arn or ""):
                _check_fifo(self.get_topic(arn or ""), kwargs)
        return super().publish(message, arn, phone_number, *args, **kwargs)

    def publish_batch(
        self, topic_arn: str, publish_batch_request_entries: list[dict[str, Any]]
    ) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
        """Publish what can be published, and say of the rest why it cannot (API reference, PublishBatch).

        What AWS refuses as a whole, as LocalStack's suite recorded (test_publish_batch_exceptions), is refused first.
        """
        topic = self.get_topic(topic_arn)
        check_entries(publish_batch_request_entries)
        requests = [
            {
                "message": entry["Message"],
                "subject": entry.get("Subject"),
                "message_attributes": entry.get("MessageAttributes") or {},
                "group_id": entry.get("MessageGroupId"),
                "deduplication_id": entry.get("MessageDeduplicationId"),
                "message_structure": entry.get("MessageStructure"),
            }
            for entry in publish_batch_request_entries
        ]
        for request in requests:
            _check_fifo(topic, request)
        successful: list[dict[str, str]] = []
        failed: list[dict[str, Any]] = []
        for entry, request in zip(publish_batch_request_entries, requests, strict=True):
            try:
                message_id = self.publish(arn=topic_arn, **request)
                successful.append({"Id": entry["Id"], "MessageId": message_id, **_number_in(topic_arn)})
            except (SNSException, AwsError) as error:
                told = {"Code": error.code, "Message": error.message, "SenderFault": True}
                failed.append({"Id": entry["Id"], **told})
        return successful, failed

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
        check_endpoint(protocol, endpoint)
        return super().subscribe(topic_arn, endpoint, protocol)

    def create_topic(
        self, name: str, attributes: dict[str, str] | None = None, tags: dict[str, str] | None = None
    ) -> Topic:
        """Raises InvalidParameter for a topic that is there with other tags (API reference, CreateTopic)."""
        former = next((topic for topic in self.topics.values() if topic.name == name), None)
        if former is not None and tags and tags != former._tags:
            raise SNSInvalidParameter("Invalid parameter: Tags Reason: Topic already exists with different tags")
        return super().create_topic(name, attributes, tags)

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


class SNSEngineResponse(SNSResponse):
    """Checks what moto reads from a request, or leaves unread."""

    def create_topic(self) -> ActionResult:
        keys = [tag["Key"] for tag in self._get_param("Tags", [])]
        if len(set(keys)) < len(keys):
            raise SNSInvalidParameter("Invalid parameter: Duplicated keys are not allowed.")
        _check_policy((self._get_param("Attributes") or {}).get("Policy"))
        return super().create_topic()

    def set_topic_attributes(self) -> ActionResult:
        if self._get_param("AttributeName") == "Policy":
            _check_policy(self._get_param("AttributeValue"))
        return super().set_topic_attributes()

    def get_topic_attributes(self) -> ActionResult:
        """A delivery policy that nobody set is not told of, and the one in effect as HTTP sees it."""
        answer = super().get_topic_attributes()
        told: dict[str, Any] = answer.result["Attributes"]  # type: ignore[index]
        told["EffectiveDeliveryPolicy"] = json.dumps({"http": EFFECTIVE_DELIVERY})
        if not told.get("DeliveryPolicy"):
            told.pop("DeliveryPolicy", None)
        return answer

    def subscribe(self) -> ActionResult:
        for name, value in (self._get_param("Attributes") or {}).items():
            check_subscription_attribute(name, value, "Attributes Reason: ")
        return super().subscribe()

    def set_subscription_attributes(self) -> ActionResult:
        arn, name = self._get_param("SubscriptionArn"), self._get_param("AttributeName")
        if all(subscription.arn != arn for subscription in self.backend.subscriptions.values()):
            raise SNSNotFoundError("Subscription does not exist")
        check_subscription_attribute(name, self._get_param("AttributeValue"))
        return super().set_subscription_attributes()

    def confirm_subscription(self) -> ActionResult:
        """Raises InvalidParameter: no token is ever sent to anybody who would have to confirm."""
        self.backend.get_topic(self._get_param("TopicArn"))
        raise SNSInvalidParameter("Invalid token")

    def publish_batch(self) -> ActionResult:
        self._check_key()
        return super().publish_batch()

    def _check_key(self) -> None:
        """Raises unless the caller may use the key that encrypts the topic (API reference, Publish, "Errors")."""
        topic = self.backend.topics.get(self._get_param("TopicArn") or self._get_param("TargetArn") or "")
        caller = current_call.get().credential
        if topic is None or not topic.kms_master_key_id or caller is None:
            return
        from localaws.engines.kms.use import check_use  # not above: most topics have no key of KMS

        key, context = topic.kms_master_key_id, {"aws:sns:topicArn": topic.arn}
        for action in ("GenerateDataKey", "Decrypt"):
            region = topic.arn.split(":")[3]
            check_use(SubscriptionEngine.lab, caller, "sns", region, key, action, context, _KMS_ERRORS)

    def publish(self) -> ActionResult:
        self._check_key()
        answer = super().publish()
        assert isinstance(answer.result, dict)
        return ActionResult(answer.result | _number_in(self._get_param("TopicArn") or ""))

    def _transform_message_attributes(self, message_attributes: dict[str, Any]) -> dict[str, Any]:
        check_attributes(message_attributes)
        return super()._transform_message_attributes(message_attributes)


def _number_in(topic_arn: str) -> dict[str, str]:
    """The number of a message that a FIFO topic has just taken, above those before it (API reference, Publish)."""
    return {"SequenceNumber": f"{next(_SEQUENCE):020d}"} if topic_arn.endswith(".fifo") else {}


def check_subscription_attribute(name: str, value: Any, where: str = "") -> None:
    """Raises InvalidParameter for a value that a subscription's attribute cannot have."""
    if name not in SUBSCRIPTION_ATTRIBUTES:
        raise SNSInvalidParameter("Invalid parameter: AttributeName")
    if name == "RawMessageDelivery" and str(value).lower() not in ("true", "false"):
        said = f"{where}RawMessageDelivery: Invalid value [{value}]. Must be true or false."
        raise SNSInvalidParameter(f"Invalid parameter: {said}")
    if name == "RedrivePolicy" and value:
        try:
            policy = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise SNSInvalidParameter(f"Invalid parameter: RedrivePolicy: failed to parse JSON. {error}") from None
        if not isinstance(policy, dict) or str(policy.get("deadLetterTargetArn")).count(":") < 5:
            raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn")


def _check_policy(text: str | None) -> None:
    """Raises InvalidParameter for what is no policy of a topic."""
    try:
        if text:
            check_policy(SubscriptionEngine.lab, text, "sns")
    except PolicyFaultError as fault:
        said = {
            "Principal": "Policy Error: PrincipalNotFound",
            "Action": "Policy statement action out of service scope!",
        }
        raise SNSInvalidParameter(f"Invalid parameter: {said.get(fault.element, 'Policy Error: null')}") from None


def _check_fifo(topic: Topic, settings: dict[str, Any]) -> None:
    if not topic.fifo_topic:
        return
    if not settings.get("group_id"):
        raise SNSInvalidParameter("Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
    if not settings.get("deduplication_id") and not topic.content_based_deduplication:
        raise SNSInvalidParameter(
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )


def _check_arn(arn: str, parameter: str = "TopicArn") -> None:
    elements = len(arn.split(":"))
    if elements < 6:
        reason = f"An ARN must have at least 6 elements, not {elements}"
        raise SNSInvalidParameter(f"Invalid parameter: {parameter} Reason: {reason}")
