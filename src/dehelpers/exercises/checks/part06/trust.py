"""Exercises on the confused deputy: roles lent to another firm and to a service, a queue that one bucket writes to."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from botocore.exceptions import ClientError

from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import allow, refusal, role, taken, written
from dehelpers.exercises.checks.resources import bucket, stream, unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current

ANOTHER_ACCOUNT = "210987654321"


@PART.exercise(
    "A role for another firm",
    kind="write",
    hints=(
        "A trust policy is a policy without `Resource`: it says who (`Principal`) may do `sts:AssumeRole`.",
        "The firm works for many customers, with the same principal for all. What does it bring only for you?",
        "The condition key `sts:ExternalId` has what the firm brings; StringEquals wants it to be there, and to agree.",
    ),
)
def third_party(firm_trust: Callable[[str, str], Any]) -> str:
    number = f"flights-{uuid.uuid4().hex[:8]}"
    written(run(firm_trust, f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/auditor", number), "firm_trust")
    with role(allow("sts:AssumeRole")) as firm, role(allow("sts:AssumeRole")) as other:
        text = written(run(firm_trust, firm.arn, number), "firm_trust")
        with taken("this trust policy"), role(trusted=text) as lent:
            takes = {"RoleArn": lent.arn, "RoleSessionName": "audit"}
            assume = firm.session().client("sts").assume_role
            if why := refusal(assume, **takes, ExternalId=number):
                raise NotYet(f"The firm comes with your number and is refused. AWS says: {why}.")
            if not refusal(assume, **takes):
                raise NotYet("The firm comes without a number, sent by somebody who knows the role's ARN, and gets in.")
            if not refusal(assume, **takes, ExternalId=f"{number}-2"):
                raise NotYet("The firm comes with the number of another customer, and gets in.")
            if not refusal(other.session().client("sts").assume_role, **takes, ExternalId=number):
                raise NotYet("Somebody who is not the firm comes with the number, and gets in: it is no secret.")
    return "Only the firm gets in, and only when it works for you. The number is no secret, and need not be one."


@contextmanager
def _log_groups(number: int) -> Iterator[list[str]]:
    """New log groups, gone at the end. Their names."""
    logs, made = client("logs"), [unique("function") for _ in range(number)]
    for name in made:
        logs.create_log_group(logGroupName=name)
    try:
        yield made
    finally:
        for name in made:
            logs.delete_log_group(logGroupName=name)


def _group_arn(name: str, account: str = "") -> str:
    return f"arn:aws:logs:{current().region}:{account or current().account_id}:log-group:{name}"


def _sends(group: str, to: str, role_arn: str) -> bool:
    """Whether CloudWatch Logs takes the role to send what a group gets to a stream. It tries that at once."""
    sent = {"filterName": role_arn.rpartition("/")[2], "filterPattern": "", "destinationArn": to, "roleArn": role_arn}
    try:
        client("logs").put_subscription_filter(logGroupName=group, **sent)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidParameterException":
            raise
        return False
    client("logs").delete_subscription_filter(logGroupName=group, filterName=sent["filterName"])
    return True


@PART.exercise(
    "A role for one log group",
    kind="write",
    hints=(
        "The principal is the service `logs.amazonaws.com`, which works for every customer and every log group.",
        "`aws:SourceArn` says for which: the ARN of the group with `:*` behind it. Which operators know a pattern?",
        "The ARN has the account and the name in it: with it as a whole, one condition closes both doors.",
    ),
)
def log_role(logs_trust: Callable[[str], Any]) -> str:
    written(run(logs_trust, _group_arn("departures", ANOTHER_ACCOUNT)), "logs_trust")
    with _log_groups(2) as (own, other), stream(1) as to, role(allow("sts:AssumeRole")) as guest, ExitStack() as stack:
        arn = f"arn:aws:kinesis:{current().region}:{current().account_id}:stream/{to}"

        def lent(group: str) -> str:
            text = written(run(logs_trust, group), "logs_trust")
            stack.enter_context(taken("this trust policy"))
            return stack.enter_context(role(allow("kinesis:PutRecord", arn), trusted=text)).arn

        mine = lent(_group_arn(own))
        if not _sends(own, arn, mine):
            raise NotYet("CloudWatch Logs cannot take the role for the log group that it is meant for.")
        if _sends(other, arn, mine):
            raise NotYet("CloudWatch Logs takes the role for another log group, too. It should be asked for which.")
        if _sends(own, arn, lent(_group_arn(own, ANOTHER_ACCOUNT))):
            raise NotYet("A role for a group of another account is taken for one of that name in yours.")
        takes = {"RoleArn": mine, "RoleSessionName": "guest"}
        if not refusal(guest.session().client("sts").assume_role, **takes):
            raise NotYet("Somebody of your account can take the role as well. Who should be the principal?")
    return "CloudWatch Logs takes the role for one log group of one account; three other ways to it are closed."


@contextmanager
def _queue() -> Iterator[tuple[str, str]]:
    """A queue, gone at the end: its URL and its ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    try:
        yield url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    finally:
        with suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=url)


def _tells(made: str, queue: str) -> str:
    """Have a bucket tell a queue of its new objects; why S3 will not, "" if it will. S3 tries it at once."""
    rule = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}
    try:
        client("s3").put_bucket_notification_configuration(
            Bucket=made, NotificationConfiguration={"QueueConfigurations": [rule]}
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidArgument":
            raise
        return str(error.response["Error"]["Message"])
    return ""


@PART.exercise(
    "A letter box for one bucket",
    kind="write",
    hints=(
        "S3 itself sends: the principal is the service `s3.amazonaws.com`. For whom does it send?",
        "`aws:SourceArn` has the ARN of the bucket. It has no account in it, and the bucket may be deleted one day.",
        "`aws:SourceAccount` has the account of the bucket. A statement may ask for several keys: all have to agree.",
    ),
)
def letter_box(queue_policy: Callable[[str, str, str], Any]) -> str:
    written(
        run(queue_policy, "arn:aws:sqs:us-east-1:123456789012:q", "amzn-s3-demo-bucket", ANOTHER_ACCOUNT),
        "queue_policy",
    )
    with bucket() as made, bucket() as stranger, _queue() as (url, queue), role() as guest:

        def put(account: str) -> None:
            text = written(run(queue_policy, queue, made, account), "queue_policy")
            with taken("this policy"):
                client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})

        put(current().account_id)
        if why := _tells(made, queue):
            raise NotYet(f"The bucket cannot send to the queue. S3 says: {why.replace(made, 'BUCKET')}.")
        if not _tells(stranger, queue):
            raise NotYet("Another bucket can send to the queue, too. S3 is the sender of both: what tells them apart?")
        if not refusal(guest.session().client("sqs").send_message, QueueUrl=url, MessageBody="{}"):
            raise NotYet("Somebody who is not S3, with no policy of his own, put a message into the queue.")
        put(ANOTHER_ACCOUNT)
        if not _tells(made, queue):
            raise NotYet(
                "A bucket of that name in another account than yours can send to the queue. That may happen: once your "
                "bucket is deleted, anybody may make one of that name."
            )
    return "One bucket of one account can send; another bucket, another account and a guest were refused."
