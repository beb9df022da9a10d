"""Nothing is done that was not decided: each operation asks, and so does what services do for and to each other.

Sources: "Policy evaluation logic" (IAM user guide): every request is evaluated; "AWS service principals", "Forward
access sessions" (the same): as whom a service acts; each service's guide for the permission that a delivery needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import eventually
from tests.engines.lambda_tools import create, queue
from tests.gateway import decider
from tests.gateway.deciding import DecidingLab
from tests.gateway.sweep import SERVICES, SESSION, Sweeper
from tests.gateway.test_post_form import body_of
from tests.gateway.wire import path_of, send
from tests.roles import permit, role

#: Of a service with more operations than this each n-th is asked for, so that no more are.
MOST_OPERATIONS = 40


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidingLab]:
    yield from DecidingLab.in_turn(tmp_path_factory.mktemp("deciding"))


@pytest.mark.parametrize("service", SERVICES)
def test_no_operation_is_done_that_is_refused(lab: DecidingLab, service: str) -> None:
    """Not even to the owner, with valid keys and a valid request: the decision comes before the service."""
    sweeper, model = Sweeper(lab, service), SESSION.get_service_model(service)
    names = sorted(model.operation_names)
    done = []
    with lab.refusing(decider.EVERYTHING):
        for name in names[:: -(-len(names) // MOST_OPERATIONS)]:
            sent = sweeper.signed(model.operation_model(name), "minimal")
            answer = send(lab, sent.method, sent.target, sent.headers, sent.body)
            refused = b"not authorized to perform" in answer.body or (sent.method == "HEAD" and answer.status == 403)
            if not refused:
                done.append((name, answer))
    assert not done


def test_every_way_to_an_object_is_decided(lab: DecidingLab) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="ways")
    s3.put_object(Bucket="ways", Key="k", Body=b"x")
    form = body_of(s3.generate_presigned_post("ways", "form")["fields"], b"x")
    kind = {"Content-Type": "multipart/form-data; boundary=line"}
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "ways", "Key": "k"})
    with lab.refusing(decider.EVERYTHING):
        assert send(lab, "GET", path_of(url)).code == "AccessDenied"
        assert send(lab, "POST", "/ways", kind, form).code == "AccessDenied"
        with pytest.raises(ClientError, match="not authorized to perform: s3:PutObject on resource: arn"):
            s3.put_object(Bucket="ways", Key="k", Body=b"y" * (3 << 20))
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="ways")["Contents"]] == ["k"]
    assert s3.get_object(Bucket="ways", Key="k")["Body"].read() == b"x"


def asked(lab: DecidingLab, caller: str, action: str, resource: str) -> list[dict[str, Any]]:
    """What was to be decided for *caller*: whole, or the end of it."""
    return [
        each
        for each in lab.asked()
        if each["caller"].endswith(caller) and each["action"] == action and resource in each["resources"]
    ]


# What one service does to another's resource: (makes it happen, as whom, which action).
def _s3_notifies(lab: DecidingLab, arn: str) -> Callable[[], Any]:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="notifies")
    rule = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="notifies", NotificationConfiguration={"QueueConfigurations": [rule]}, SkipDestinationValidation=True
    )
    return lambda: s3.put_object(Bucket="notifies", Key="k", Body=b"")


def _sns_delivers(lab: DecidingLab, arn: str) -> Callable[[], Any]:
    sns = lab.client("sns")
    topic = sns.create_topic(Name="delivers")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return lambda: sns.publish(TopicArn=topic, Message="m")


def _a_rule_sends(lab: DecidingLab, arn: str) -> Callable[[], Any]:
    events = lab.client("events")
    events.put_rule(Name="sends", EventPattern=json.dumps({"source": ["decisions"]}))
    events.put_targets(Rule="sends", Targets=[{"Id": "queue", "Arn": arn}])
    entry = {"Source": "decisions", "DetailType": "d", "Detail": "{}"}
    return lambda: events.put_events(Entries=[entry])


DELIVERIES = {"s3": _s3_notifies, "sns": _sns_delivers, "events": _a_rule_sends}


@pytest.mark.parametrize("service", DELIVERIES)
def test_a_delivery_to_a_queue_is_decided_for_the_service(lab: DecidingLab, service: str) -> None:
    """SQS developer guide, "Allow … to send messages to a queue": the queue's policy decides on the service."""
    principal = f"{service}.amazonaws.com"
    url, arn = queue(lab, f"to-{service}")
    deliver = DELIVERIES[service](lab, arn)
    sqs = lab.client("sqs")
    sqs.purge_queue(QueueUrl=url)  # S3's message of test
    with lab.refusing("sqs:SendMessage"):
        deliver()
        eventually(lambda: asked(lab, principal, "sqs:SendMessage", arn))
        refused = eventually(lambda: [c for c in lab.calls() if c["principal"] == principal and c["error"]])
        assert (refused[-1]["operation"], refused[-1]["resources"]) == ("SendMessage", [arn])
    deliver()
    messages = eventually(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"))
    assert len(messages) == 1
    sent = [call for call in lab.calls() if call["principal"] == principal and call["status"] == 200]
    assert {(call["principal_type"], call["via"]) for call in sent} == {("AWSService", principal)}


def test_a_function_is_invoked_by_who_is_decided_on(lab: DecidingLab) -> None:
    """Lambda developer guide, "Using resource-based policies": EventBridge's and SNS's principals are asked for."""
    function = create(lab, "decided", "def handler(event, context): pass")
    permit(lab, "decided", "events", "sns")
    _, source = queue(lab, "source")
    lab.client("lambda").create_event_source_mapping(EventSourceArn=source, FunctionName="decided")
    events, sns = lab.client("events"), lab.client("sns")
    events.put_rule(Name="invokes", EventPattern=json.dumps({"source": ["invokes"]}))
    events.put_targets(Rule="invokes", Targets=[{"Id": "function", "Arn": function}])
    events.put_events(Entries=[{"Source": "invokes", "DetailType": "d", "Detail": "{}"}])
    topic = sns.create_topic(Name="invokes")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    sns.publish(TopicArn=topic, Message="m")
    for principal in ("events.amazonaws.com", "sns.amazonaws.com"):
        eventually(partial(asked, lab, principal, "lambda:InvokeFunction", function))
    # "Using Lambda with Amazon SQS": the function's role reads the queue
    for action in ("sqs:ReceiveMessage", "sqs:GetQueueAttributes"):
        found = eventually(partial(asked, lab, "assumed-role/worker/decided", action, source))
        assert found[0]["context"]["aws:viaawsservice"] == "false"  # with a role of its own, not as the caller
    role_id = lab.client("iam").get_role(RoleName="worker")["Role"]["RoleId"]
    received = eventually(partial(receipts, lab, source), 40)  # a poll is recorded when it has ended
    assert {call["principal_id"] for call in received} == {f"{role_id}:decided"}


def receipts(lab: DecidingLab, queue_arn: str) -> list[dict[str, Any]]:
    """The records of ReceiveMessage on that queue."""
    calls = [call for call in lab.calls() if call["operation"] == "ReceiveMessage"]
    return [call for call in calls if queue_arn in call["resources"]]


def test_a_delivery_stream_writes_as_its_role(lab: DecidingLab) -> None:
    """Firehose developer guide, "Grant Firehose access to an Amazon S3 destination"."""
    firehose, role_arn = lab.client("firehose"), role(lab, "firehose")
    lab.client("s3").create_bucket(Bucket="delivered")
    destination = {
        "RoleARN": role_arn,
        "BucketARN": "arn:aws:s3:::delivered",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
    }
    firehose.create_delivery_stream(DeliveryStreamName="decided", ExtendedS3DestinationConfiguration=destination)
    firehose.put_record(DeliveryStreamName="decided", Record={"Data": b"x"})

    def written() -> list[dict[str, Any]]:
        return [
            each
            for each in lab.asked()
            if each["action"] == "s3:PutObject" and each["resources"][0].startswith("arn:aws:s3:::delivered/")
        ]

    [wanted] = eventually(written)
    assert wanted["caller"].startswith("arn:aws:sts::123456789012:assumed-role/firehose/")
    assert wanted["context"]["aws:viaawsservice"] == "false"


def test_a_delivery_that_is_refused_is_tried_again(lab: DecidingLab) -> None:
    """Firehose developer guide, "Handle data delivery failure": to S3 for up to 24 hours; no record is lost."""
    firehose, s3 = lab.client("firehose"), lab.client("s3")
    s3.create_bucket(Bucket="refused-delivery")
    destination = {
        "RoleARN": role(lab, "firehose"),
        "BucketARN": "arn:aws:s3:::refused-delivery",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
    }
    firehose.create_delivery_stream(DeliveryStreamName="refused", ExtendedS3DestinationConfiguration=destination)

    def puts(error: str | None) -> list[dict[str, Any]]:
        calls = [call for call in lab.calls() if call["operation"] == "PutObject" and call["error"] == error]
        return [call for call in calls if call["resources"][0].startswith("arn:aws:s3:::refused-delivery/")]

    with lab.refusing("s3:PutObject"):
        firehose.put_record(DeliveryStreamName="refused", Record={"Data": b"kept"})
        refused = eventually(partial(puts, "AccessDenied"))
        assert s3.list_objects_v2(Bucket="refused-delivery")["KeyCount"] == 0
    [written] = eventually(partial(puts, None), 30)
    assert {(call["via"], call["session_issuer"]) for call in [*refused, written]} == {
        ("firehose.amazonaws.com", destination["RoleARN"])
    }
    [key] = [each["Key"] for each in s3.list_objects_v2(Bucket="refused-delivery")["Contents"]]
    assert s3.get_object(Bucket="refused-delivery", Key=key)["Body"].read() == b"kept"


def _to_log_group(lab: DecidingLab) -> tuple[str, str, str]:
    """EventBridge user guide, "Using resource-based policies": a log group's lets events.amazonaws.com write."""
    _log_group(lab, "/aws/events/decided")
    return "logs", "PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/decided"


def _log_group(lab: DecidingLab, name: str) -> None:
    """A new one, to which EventBridge may write."""
    logs = lab.client("logs")
    logs.create_log_group(logGroupName=name)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:us-east-1:123456789012:log-group:{name}",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs.put_resource_policy(policyName=name.replace("/", "-"), policyDocument=document)


def _to_bus(lab: DecidingLab) -> tuple[str, str, str]:
    """EventBridge user guide, "Sending and receiving events between event buses": from there to a log group."""
    arn: str = lab.client("events").create_event_bus(Name="decided")["EventBusArn"]
    _log_group(lab, "/aws/events/bus")
    _rule(lab, "decided", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/events/bus", "to-bus")
    return "events", "PutEvents", arn


def _rule(lab: DecidingLab, bus: str, target: str, source: str) -> None:
    """Have events of *source* on *bus* sent to *target*."""
    events = lab.client("events")
    events.put_rule(Name=source, EventBusName=bus, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule=source, EventBusName=bus, Targets=[{"Id": "1", "Arn": target}])


@pytest.mark.parametrize(
    ("to", "source", "group"),
    [(_to_log_group, "to-log-group", "/aws/events/decided"), (_to_bus, "to-bus", "/aws/events/bus")],
)
def test_a_rule_that_may_not_send_sends_nothing(
    lab: DecidingLab, to: Callable[[DecidingLab], tuple[str, str, str]], source: str, group: str
) -> None:
    service, operation, arn = to(lab)
    _rule(lab, "default", arn, source)
    entry = {"Source": source, "DetailType": "d", "Detail": "{}"}
    with lab.refusing(f"{service}:{operation}"):
        lab.client("events").put_events(Entries=[entry])
        eventually(partial(asked, lab, "events.amazonaws.com", f"{service}:{operation}", arn))
    lab.client("events").put_events(Entries=[entry])

    def written() -> list[Any]:
        return list(lab.client("logs").filter_log_events(logGroupName=group)["events"])

    assert len(eventually(written)) == 1
    calls = [call for call in lab.calls() if call["operation"] == operation and call["resources"] == [arn]]
    sent = [call for call in calls if call["via"] == "events.amazonaws.com"]
    assert [bool(call["error"]) for call in sent] == [True, False]
    assert {call["principal"] for call in sent} == {"events.amazonaws.com"}
