"""Invocations and event source mappings answer as AWS answered LocalStack's suite.

The recordings are those of test_lambda, test_lambda_api, test_lambda_integration_sqs, …_kinesis and …_dynamodbstreams.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.conftest import RunningLab, eventually
from tests.recorded.lambdas import configuration, constraint, function_of, invalid, missing, no_function, request
from tests.recorded.replay import Answer, Json, Replay, assert_agreement

SENDS = """
import os, time, logging
def echo(event, context):
    print("Lambda log message - print function")
    return event
def context(event, context):
    names = ("invoked_function_arn", "function_version", "function_name", "memory_limit_in_mb", "log_group_name")
    return {"event": event, "context": {name: getattr(context, name) for name in names}}
def fails(event, context):
    raise Exception("Handler fails")
def exits(event, context):
    os._exit(0)
def large(event, context):
    return "x" * 7_000_000
def sleeps(event, context):
    time.sleep(5)
"""


def invocations(replay: Replay) -> None:
    client, asked = replay.client("lambda"), request(replay, SENDS, Handler="index.echo", Publish=True)
    client.create_function(**asked)
    name = asked["FunctionName"]
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    function = {"FunctionName": name}
    told = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    replay.call("plain", client.invoke, {**function, "Payload": b"{}"}, {**told, "Payload": "{}"})
    replay.call("no payload", client.invoke, function, {**told, "Payload": "{}"})
    tail = {**told, "LogResult": "<log>", "Payload": "{}"}
    answer = replay.call("tail", client.invoke, {**function, "LogType": "Tail"}, tail)
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines(keepends=True)
    told_lines = [
        "START RequestId: <request> Version: $LATEST\n",
        "Lambda log message - print function\n",
        "END RequestId: <request>\n",
        "REPORT RequestId: <request>\tDuration: <ms> ms\tBilled Duration: <billed> ms\tMemory Size: 128 MB\t"
        "Max Memory Used: <memory> MB\t\n",
    ]
    replay.compare("log", lines, told_lines)
    accepted = {"HTTPStatusCode": 202, "StatusCode": 202, "Payload": ""}
    # after the log, which tells of an environment that is warm: this call may be using it
    replay.call("event", client.invoke, {**function, "InvocationType": "Event"}, accepted)
    dry = {"HTTPStatusCode": 204, "StatusCode": 204, "Payload": ""}
    replay.call("dry run", client.invoke, {**function, "InvocationType": "DryRun"}, dry)
    client.update_function_configuration(**function, Handler="index.context")
    arn = f"arn:aws:lambda:<region>:<account>:function:{name}"

    def seen(version: str, arn: str) -> Json:
        facts = {
            "invoked_function_arn": arn,
            "function_version": version,
            "function_name": name,
            "memory_limit_in_mb": "128",
            "log_group_name": f"/aws/lambda/{name}",
        }
        return Json({"event": {"foo": "bar with 'quotes\""}, "context": facts})

    event = json.dumps({"foo": "bar with 'quotes\""}).encode()
    client.publish_version(**function)
    ask = {**function, "Qualifier": "2", "Payload": event}
    answer = {**told, "ExecutedVersion": "2", "Payload": seen("2", f"{arn}:2")}
    replay.call("version", client.invoke, ask, answer)
    latest = {**told, "Payload": seen("$LATEST", arn)}
    replay.call("latest", client.invoke, {**function, "Payload": event}, latest)
    nowhere = no_function("doesnotexist:$LATEST")
    replay.call("no function", client.invoke, {"FunctionName": "doesnotexist"}, nowhere)
    enum = "Member must satisfy enum value set: [Event, DryRun, RequestResponse]"
    wrong = {**function, "InvocationType": "invalid"}
    replay.call("type", client.invoke, wrong, constraint("invocationType", "invalid", enum))


def failing_invocations(replay: Replay) -> None:
    client, name = function_of(replay, SENDS, Handler="index.fails", Timeout=1)
    function = {"FunctionName": name}

    def ask(handler: str, payload: Any) -> None:
        client.update_function_configuration(**function, Handler=f"index.{handler}")
        failed = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "FunctionError": "Unhandled"}
        replay.call(handler, client.invoke, function, {**failed, "Payload": Json(payload)})

    trace = ['  File "/var/task/index.py", line 10, in fails\n    raise Exception("Handler fails")\n']
    error = {"errorMessage": "Handler fails", "errorType": "Exception", "requestId": "<failed>", "stackTrace": trace}
    ask("fails", error)
    said = "RequestId: <exited> Error: Runtime exited without providing a reason"
    ask("exits", {"errorType": "Runtime.ExitError", "errorMessage": said})
    said = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    ask("large", {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": said})
    said = "RequestId: <slow> Error: Task timed out after 1.00 seconds"
    ask("sleeps", {"errorType": "Sandbox.Timedout", "errorMessage": said})
    said = "Could not parse request body into json: Could not parse payload into json: <where>"
    broken = {**function, "Payload": b"\x99\xeb,j\x07\xa1zYh"}
    replay.call("no JSON", client.invoke, broken, invalid(said, "InvalidRequestContentException"))


def stream_mapping(name: str, source: str, **more: Any) -> Answer:
    """What AWS tells of a stream's mapping that was just asked for."""
    return {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "EventSourceArn": source,
        "EventSourceMappingArn": "arn:aws:lambda:<region>:<account>:event-source-mapping:<uuid>",
        "FunctionArn": f"arn:aws:lambda:<region>:<account>:function:{name}",
        "FunctionResponseTypes": [],
        "LastModified": ...,
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "StartingPosition": "LATEST",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
        "UUID": "<uuid>",
        **more,
    }


def queue_mapping(name: str, source: str, **more: Any) -> Answer:
    return {
        "BatchSize": 10,
        "EventSourceArn": source,
        "EventSourceMappingArn": "arn:aws:lambda:<region>:<account>:event-source-mapping:<uuid>",
        "FunctionArn": f"arn:aws:lambda:<region>:<account>:function:{name}",
        "FunctionResponseTypes": [],
        "LastModified": ...,
        "MaximumBatchingWindowInSeconds": 0,
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "UUID": "<uuid>",
        **more,
    }


def settled(client: Any, uuid: str, state: str) -> None:
    eventually(lambda: client.get_event_source_mapping(UUID=uuid)["State"] == state)


def kinesis_mappings(replay: Replay) -> None:
    client, name = function_of(replay)
    kinesis, stream = replay.client("kinesis"), replay.unique("stream")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})
    source = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    ask = {"FunctionName": name, "EventSourceArn": source, "StartingPosition": "LATEST"}
    create, told = client.create_event_source_mapping, stream_mapping(name, source)
    made = replay.call("create", create, ask, {"HTTPStatusCode": 202, **told})
    uuid = {"UUID": made["UUID"]}
    settled(client, made["UUID"], "Enabled")
    replay.call("get", client.get_event_source_mapping, uuid, {**told, "State": "Enabled"})
    listed = {"EventSourceMappings": [{**told, "State": "Enabled"}]}
    replay.call("list", client.list_event_source_mappings, {"FunctionName": name}, listed)
    said = (
        f'The event source arn (" {source} ") and function (" {name} ") provided mapping already exists. '
        "Please update or delete the existing mapping with UUID <uuid>"
    )
    replay.call("create again", create, ask, invalid(said, "ResourceConflictException", 409))
    replay.call(
        "delete", client.delete_event_source_mapping, uuid, {"HTTPStatusCode": 202, **told, "State": "Deleting"}
    )
    said = (
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
        "Member must not be null."
    )
    nothing = {name: value for name, value in ask.items() if name != "StartingPosition"}
    replay.call("no position", create, nothing, invalid(said))
    enum = "Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"
    wrong = {**ask, "StartingPosition": "invalid"}
    replay.call("position", create, wrong, constraint("startingPosition", "invalid", enum))
    absent = source.replace(stream, "absent")
    said = f"Stream not found: {absent}"
    replay.call("no stream", create, {**ask, "EventSourceArn": absent}, invalid(said))
    unknown = {"UUID": "b6a7c6e0-0000-4000-8000-000000000000"}
    gone = missing("The resource you requested does not exist.")
    replay.call("get unknown", client.get_event_source_mapping, unknown, gone)
    replay.call("update unknown", client.update_event_source_mapping, {**unknown, "Enabled": False}, gone)
    replay.call("delete unknown", client.delete_event_source_mapping, unknown, gone)
    replay.call("no source", create, {"FunctionName": "doesnotexist"}, invalid("Unrecognized event source."))
    nowhere = {**ask, "FunctionName": "doesnotexist"}
    replay.call("no function", create, nowhere, invalid("Function does not exist"))
    none: dict[str, Any] = {"EventSourceMappings": []}
    replay.call("list unknown", client.list_event_source_mappings, {"FunctionName": "doesnotexist"}, none)


def dynamodb_mappings(replay: Replay) -> None:
    client, name = function_of(replay)
    dynamodb, sqs = replay.client("dynamodb"), replay.client("sqs")
    table = dynamodb.create_table(
        TableName=replay.unique("table"),
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    source = table["LatestStreamArn"]
    url = sqs.create_queue(QueueName=replay.unique("failures"))["QueueUrl"]
    failures = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    settings = {
        "BatchSize": 1,
        "DestinationConfig": {"OnFailure": {"Destination": failures}},
        "MaximumBatchingWindowInSeconds": 1,
        "MaximumRetryAttempts": 1,
        "StartingPosition": "TRIM_HORIZON",
    }
    ask = {"FunctionName": name, "EventSourceArn": source, **settings}
    told = stream_mapping(name, source, **settings)
    made = replay.call("create", client.create_event_source_mapping, ask, {"HTTPStatusCode": 202, **told})
    settled(client, made["UUID"], "Enabled")
    uuid = {"UUID": made["UUID"]}
    replay.call("get", client.get_event_source_mapping, uuid, {**told, "State": "Enabled"})
    replay.call(
        "delete", client.delete_event_source_mapping, uuid, {"HTTPStatusCode": 202, **told, "State": "Deleting"}
    )
    said = f"Unsupported starting position for arn type: {source}"
    wrong = {**ask, "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": "1741010802"}
    replay.call("position", client.create_event_source_mapping, wrong, invalid(said))


def sqs_mappings(replay: Replay) -> None:
    client, name = function_of(replay, Timeout=3)
    sqs = replay.client("sqs")
    url = sqs.create_queue(QueueName=replay.unique("queue"))["QueueUrl"]
    source = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    ask = {"FunctionName": name, "EventSourceArn": source}
    create, told = client.create_event_source_mapping, queue_mapping(name, source)
    made = replay.call("create", create, ask, {"HTTPStatusCode": 202, **told})
    uuid = {"UUID": made["UUID"]}
    settled(client, made["UUID"], "Enabled")
    replay.call("get", client.get_event_source_mapping, uuid, {**told, "State": "Enabled"})
    said = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    replay.call("update size", client.update_event_source_mapping, {**uuid, "BatchSize": 15}, invalid(said))
    said = (
        f'An event source mapping with SQS arn (" {source} ") and function (" {name} ") already exists. '
        "Please update or delete the existing mapping with UUID <uuid>"
    )
    replay.call("create again", create, ask, invalid(said, "ResourceConflictException", 409))
    for enabled, state, end in ((False, "Disabling", "Disabled"), (True, "Enabling", "Enabled")):
        change = {**uuid, "Enabled": enabled}
        changing = {"HTTPStatusCode": 202, **told, "State": state}
        replay.call(state, client.update_event_source_mapping, change, changing)
        settled(client, made["UUID"], end)
        replay.call(end, client.get_event_source_mapping, uuid, {**told, "State": end})
    update = {"HTTPStatusCode": 202, **told, "MaximumBatchingWindowInSeconds": 1, "State": "Updating"}
    replay.call("update", client.update_event_source_mapping, {**uuid, "MaximumBatchingWindowInSeconds": 1}, update)
    settled(client, made["UUID"], "Enabled")
    client.delete_event_source_mapping(**uuid)
    said = "Invalid filter pattern definition."
    for step, pattern in (("word", "simple string"), ("no list", '{"eventSource": "aws:sqs"}')):
        filters = {"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}
        replay.call(f"filter of a {step}", create, {**ask, **filters}, invalid(said))
    absent = f"{source}-absent"
    said = (
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist."
    )
    replay.call("no queue", create, {**ask, "EventSourceArn": absent}, invalid(said))


def handler_update(replay: Replay) -> None:
    asked = request(replay, SENDS, Handler="index.echo", Environment={"Variables": {}}, Timeout=30)
    client, name = replay.client("lambda"), {"FunctionName": asked["FunctionName"]}
    client.create_function(**asked)
    client.get_waiter("function_active_v2").wait(**name)
    asked["Handler"] = "index.context"
    changed = configuration(asked, "InProgress")
    replay.call("update", client.update_function_configuration, {**name, "Handler": asked["Handler"]}, changed)
    client.get_waiter("function_updated_v2").wait(**name)
    code = {"Location": str, "RepositoryType": "S3"}
    replay.call("get", client.get_function, name, {"Code": code, "Configuration": configuration(asked)})


def test_invocations_answer_as_aws(lab: RunningLab) -> None:
    known = {"AWS lists the values of an enum in an order of its own": ["invocations.type: Error.Message"]}
    assert_agreement(lab, [invocations, failing_invocations, handler_update], known)


def test_event_source_mappings_answer_as_aws(lab: RunningLab) -> None:
    known = {
        "AWS lists the values of an enum in an order of its own": ["kinesis_mappings.position: Error.Message"],
        "the lab says what is wrong with the pattern": [
            f"sqs_mappings.filter of a {step}: {field}"
            for step in ("word", "no list")
            for field in ("Error.Message", "message")
        ],
    }
    assert_agreement(lab, [kinesis_mappings, dynamodb_mappings, sqs_mappings], known)
