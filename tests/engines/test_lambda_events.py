"""Asynchronous invocation and the services that invoke functions with events.

Held to the Lambda developer guide ("Invoking a Lambda function asynchronously", "Capturing records of Lambda
asynchronous invocations", "Adding a dead-letter queue", "Process Amazon S3 event notifications with Lambda",
"Invoking Lambda functions with Amazon SNS notifications") and to Invoke in the API reference.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import create, invoke, log_lines, queue, receive
from tests.gateway.wire import advance
from tests.roles import permit

ECHO = """
import json
def handler(event, context):
    print("EVENT " + json.dumps(event))
    return event
"""
FAILING = """
def handler(event, context):
    raise KeyError(event["key"])
"""


def seen_events(lab: RunningLab, name: str, times: int = 1) -> list[Any]:
    """What the function ECHO was given."""
    lines = log_lines(lab, name, until="EVENT ", times=times)
    return [json.loads(line.removeprefix("EVENT ")) for line in lines if line.startswith("EVENT ")]


def receive_now(lab: RunningLab, url: str) -> list[Any]:
    """What a queue has without waiting for it."""
    return lab.client("sqs").receive_message(QueueUrl=url).get("Messages", [])


def test_event_is_accepted_and_run_with_its_request_id(lab: RunningLab) -> None:
    create(lab, "accepted", ECHO)
    payload, answer = invoke(lab, "accepted", {"n": 1}, InvocationType="Event")
    assert payload is None and answer["StatusCode"] == 202
    assert seen_events(lab, "accepted") == [{"n": 1}]
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert any(line.startswith(f"START RequestId: {request_id}") for line in log_lines(lab, "accepted"))


def test_dry_run_runs_nothing(lab: RunningLab) -> None:
    create(lab, "dry", ECHO)
    assert invoke(lab, "dry", {}, InvocationType="DryRun")[1]["StatusCode"] == 204
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(lab, "absent", {}, InvocationType="DryRun")
    with pytest.raises(lab.client("logs").exceptions.ResourceNotFoundException):
        lab.client("logs").filter_log_events(logGroupName="/aws/lambda/dry")


def test_failed_event_is_retried_twice_then_sent_to_destination_and_dead_letter_queue(
    new_lab: Callable[..., RunningLab],
) -> None:
    """One minute before the first retry, two before the second; then the record of the last attempt."""
    lab = new_lab()
    failures, failures_arn = queue(lab, "failures")
    dead, dead_arn = queue(lab, "dead")
    arn = create(lab, "failing", FAILING, DeadLetterConfig={"TargetArn": dead_arn})
    client = lab.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName="failing", DestinationConfig={"OnFailure": {"Destination": failures_arn}}
    )
    _, answer = invoke(lab, "failing", {"key": "missing"}, InvocationType="Event")
    advance(lab, 59)
    assert receive_now(lab, failures) == []
    advance(lab, 122)
    record = json.loads(receive_now(lab, failures)[0]["Body"])
    assert record["requestContext"] == {
        "requestId": answer["ResponseMetadata"]["RequestId"],
        "functionArn": f"{arn}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == {"key": "missing"}
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorType"] == "KeyError"
    letter = receive(lab, dead)
    assert json.loads(letter["Body"]) == {"key": "missing"}
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (
        attributes["RequestID"] == answer["ResponseMetadata"]["RequestId"] and "missing" in attributes["ErrorMessage"]
    )
    assert client.get_function_configuration(FunctionName="failing")["DeadLetterConfig"] == {"TargetArn": dead_arn}


def test_outcomes_go_to_success_and_failure_destinations(lab: RunningLab) -> None:
    """The settings of the last PutFunctionEventInvokeConfig hold; UpdateFunctionEventInvokeConfig adds to them."""
    good, good_arn = queue(lab, "good-outcomes")
    bad, bad_arn = queue(lab, "bad-outcomes")
    client = lab.client("lambda")
    for name, code in (("succeeds", ECHO), ("fails", FAILING)):
        create(lab, name, code)
        client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2)
        client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        client.update_function_event_invoke_config(
            FunctionName=name,
            DestinationConfig={"OnSuccess": {"Destination": good_arn}, "OnFailure": {"Destination": bad_arn}},
        )
        invoke(lab, name, {"key": name}, InvocationType="Event")
    success = json.loads(receive(lab, good)["Body"])
    failure = json.loads(receive(lab, bad)["Body"])
    assert success["requestContext"]["condition"] == "Success" and success["responsePayload"] == {"key": "succeeds"}
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["requestContext"]["approximateInvokeCount"] == 1


def test_every_execution_of_an_event_is_metered(lab: RunningLab) -> None:
    create(lab, "metered", ECHO, MemorySize=512)
    _, answer = invoke(lab, "metered", {}, InvocationType="Event")
    seen_events(lab, "metered")
    request_id = answer["ResponseMetadata"]["RequestId"]
    accepted, run = eventually(
        lambda: (found := [c for c in lab.calls() if c["request_id"] == request_id]) and len(found) == 2 and found
    )
    assert accepted["status"] == 202 and accepted["units"] == {}
    assert run["principal"] == "lambda.amazonaws.com" and run["units"]["lambda:requests"] == 1
    assert run["units"]["lambda:gb_seconds"] > 0


@pytest.mark.parametrize(
    ("kind", "size", "code"),
    [("RequestResponse", 6_291_456, "RequestTooLargeException"), ("Event", 1_048_576, "RequestTooLargeException")],
)
def test_events_are_limited_in_size(lab: RunningLab, kind: str, size: int, code: str) -> None:
    create(lab, f"sized-{kind}", "def handler(event, context): return len(event)")
    assert invoke(lab, f"sized-{kind}", "x" * (size - 2), InvocationType=kind)[1]["StatusCode"] in (200, 202)
    with pytest.raises(ClientError, match=code):
        invoke(lab, f"sized-{kind}", "x" * (size - 1), InvocationType=kind)


def test_events_must_be_json(lab: RunningLab) -> None:
    create(lab, "json", ECHO)
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        lab.client("lambda").invoke(FunctionName="json", Payload=b"{not json")


def test_s3_invokes_a_function(lab: RunningLab) -> None:
    arn = create(lab, "on-object", ECHO)
    s3, name = lab.client("s3"), "lambda-uploads"
    s3.create_bucket(Bucket=name)
    lab.client("lambda").add_permission(
        FunctionName="on-object",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{name}",
    )
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    s3.put_object(Bucket=name, Key="a/b.csv", Body=b"1,2")
    record = seen_events(lab, "on-object")[0]["Records"][0]
    assert record["eventName"] == "ObjectCreated:Put" and record["s3"]["object"]["key"] == "a/b.csv"


def test_sns_invokes_a_function(lab: RunningLab) -> None:
    arn = create(lab, "on-message", ECHO)
    sns = lab.client("sns")
    permit(lab, "on-message", "sns")
    topic = sns.create_topic(Name="lambda-topic")["TopicArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)["SubscriptionArn"]
    sent = sns.publish(
        TopicArn=topic,
        Subject="Hi",
        Message="text",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "new"}},
    )
    record = seen_events(lab, "on-message")[0]["Records"][0]
    assert record["EventSource"] == "aws:sns" and record["EventSubscriptionArn"] == subscription
    message = record["Sns"]
    assert (message["TopicArn"], message["Subject"], message["Message"]) == (topic, "Hi", "text")
    assert message["MessageId"] == sent["MessageId"]
    assert message["MessageAttributes"] == {"kind": {"Type": "String", "Value": "new"}}


def test_eventbridge_invokes_a_function(lab: RunningLab) -> None:
    """A target gets the event whole, or transformed; a disabled rule sends nothing."""
    events = lab.client("events")
    whole, part = create(lab, "on-event", ECHO), create(lab, "on-part", ECHO)
    permit(lab, "on-event", "events")
    permit(lab, "on-part", "events")
    events.put_rule(Name="ours", EventPattern=json.dumps({"source": ["ops"]}))
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'}
    events.put_targets(
        Rule="ours",
        Targets=[{"Id": "1", "Arn": whole}, {"Id": "2", "Arn": part, "InputTransformer": transformer}],
    )

    def put(n: int) -> None:
        events.put_events(Entries=[{"Source": "ops", "DetailType": "count", "Detail": json.dumps({"n": n})}])

    put(1)
    event = seen_events(lab, "on-event")[0]
    assert (event["source"], event["detail-type"], event["detail"]) == ("ops", "count", {"n": 1})
    assert seen_events(lab, "on-part") == [{"number": 1}]
    events.disable_rule(Name="ours")
    put(2)
    events.enable_rule(Name="ours")
    put(3)
    assert [e["detail"]["n"] for e in seen_events(lab, "on-event", times=2)] == [1, 3]


def test_cloudwatch_logs_invokes_a_function(new_lab: Callable[..., RunningLab]) -> None:
    """A subscription filter; asked for before any function exists, it is refused and spoils nothing."""
    lab = new_lab()
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="app")
    logs.create_log_stream(logGroupName="app", logStreamName="s")
    subscription = {"logGroupName": "app", "filterName": "all", "filterPattern": ""}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:on-log"
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_subscription_filter(**subscription, destinationArn=arn)
    code = """
        import base64, gzip
        def handler(event, context):
            print("EVENT " + gzip.decompress(base64.b64decode(event["awslogs"]["data"])).decode())
        """
    assert create(lab, "on-log", code) == arn
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.put_subscription_filter(**subscription, destinationArn=arn)
    permit(lab, "on-log", "logs")
    logs.put_subscription_filter(**subscription, destinationArn=arn)
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName="app", logStreamName="s", logEvents=[{"timestamp": now, "message": "late"}])
    assert seen_events(lab, "on-log")[0]["logEvents"][0]["message"] == "late"
