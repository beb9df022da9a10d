"""Event source mappings: Kinesis and DynamoDB Streams, read with the function's role, as AWS's pollers do.

Held to the Lambda developer guide ("How Lambda processes records from stream and queue-based event sources", "Using
Lambda with Kinesis / DynamoDB", "Configuring partial batch response", "Configuring tumbling windows") and to
CreateEventSourceMapping in the API reference.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_source_tools import CONSUMER, batches, connect, flat, put, stream
from tests.engines.lambda_tools import create, function_names, log_lines, queue, receive
from tests.gateway.wire import advance

#: CONSUMER, but it tells which record failed.
REPORTER = CONSUMER.replace(
    'raise ValueError("poison")',
    """return {"batchItemFailures": [
            {"itemIdentifier": event["Records"][data.index("poison")]["kinesis"]["sequenceNumber"]}]}""",
)


def test_kinesis_records_reach_the_function_in_order_and_batches(lab: RunningLab) -> None:
    """TRIM_HORIZON reads what is there; BatchSize bounds a batch; the record is as AWS documents it."""
    arn = stream(lab, "ordered")
    put(lab, "ordered", *(str(n) for n in range(25)))
    create(lab, "ordered", CONSUMER + "    print('RECORD ' + json.dumps(event['Records'][0]))\n")
    uuid = connect(lab, "ordered", arn, StartingPosition="TRIM_HORIZON", BatchSize=10)
    found = batches(lab, "ordered", lambda b: len(flat(b)) >= 25)
    assert flat(found) == [str(n) for n in range(25)]
    assert [len(batch) for batch in found] == [10, 10, 5]
    line = next(line for line in log_lines(lab, "ordered", until="RECORD ") if line.startswith("RECORD "))
    record = json.loads(line.removeprefix("RECORD "))
    kinesis = record.pop("kinesis")
    assert kinesis["partitionKey"] == "k" and base64.b64decode(kinesis["data"]) == b"0"
    assert isinstance(kinesis["approximateArrivalTimestamp"], float)
    assert record == {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{kinesis['sequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/worker",
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }
    mapping = eventually(
        lambda: (m := lab.client("lambda").get_event_source_mapping(UUID=uuid))["LastProcessingResult"] == "OK" and m
    )
    assert mapping["MaximumRetryAttempts"] == -1
    metrics = lab.client("cloudwatch")
    dimensions = [{"Name": "FunctionName", "Value": "ordered"}]
    eventually(lambda: metrics.list_metrics(MetricName="IteratorAge", Dimensions=dimensions)["Metrics"])


def test_latest_begins_now_and_disabling_pauses(lab: RunningLab) -> None:
    arn = stream(lab, "late")
    put(lab, "late", "before")
    create(lab, "late", CONSUMER)
    uuid = connect(lab, "late", arn, StartingPosition="LATEST")
    put(lab, "late", "one")
    assert batches(lab, "late", bool) == [["one"]]
    functions = lab.client("lambda")
    eventually(lambda: functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")
    assert functions.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    eventually(lambda: functions.get_event_source_mapping(UUID=uuid)["State"] == "Disabled")
    put(lab, "late", "two")
    assert functions.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    assert flat(batches(lab, "late", lambda b: len(b) > 1)) == ["one", "two"]
    eventually(lambda: functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")
    assert functions.update_event_source_mapping(UUID=uuid, BatchSize=10)["State"] == "Updating"
    eventually(lambda: functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")
    assert functions.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    eventually(lambda: not functions.list_event_source_mappings(FunctionName="late")["EventSourceMappings"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.get_event_source_mapping(UUID=uuid)


def test_at_timestamp_begins_with_the_first_record_since(lab: RunningLab) -> None:
    arn = stream(lab, "since")
    put(lab, "since", "old")
    kinesis = lab.client("kinesis")
    iterator = kinesis.get_shard_iterator(
        StreamARN=arn, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    old = kinesis.get_records(ShardIterator=iterator)["Records"][0]["ApproximateArrivalTimestamp"]
    put(lab, "since", "new")
    create(lab, "since", CONSUMER)
    moment = old + timedelta(milliseconds=1)
    connect(lab, "since", arn, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment)
    assert batches(lab, "since", bool) == [["new"]]


def test_a_stream_that_goes_away_is_told_of(lab: RunningLab) -> None:
    arn = stream(lab, "leaving")
    create(lab, "leaving", CONSUMER)
    uuid = connect(lab, "leaving", arn, StartingPosition="LATEST")
    lab.client("kinesis").delete_stream(StreamName="leaving")
    functions = lab.client("lambda")
    eventually(lambda: "leaving under account" in functions.get_event_source_mapping(UUID=uuid)["LastProcessingResult"])


def test_bisection_isolates_a_poison_pill(lab: RunningLab) -> None:
    """The pill ends alone in the failure destination, and every other record is handled."""
    arn = stream(lab, "pills")
    url, destination = queue(lab, "pill-failures")
    put(lab, "pills", "a", "b", "c", "poison", "d", "e")
    create(lab, "pills", CONSUMER)
    connect(
        lab,
        "pills",
        arn,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )
    document = json.loads(receive(lab, url)["Body"])
    info = document["KinesisBatchInfo"]
    assert info["batchSize"] == 1 and info["startSequenceNumber"] == info["endSequenceNumber"]
    assert info["shardId"] == "shardId-000000000000" and info["streamArn"] == arn
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    shards = lab.client("kinesis")
    iterator = shards.get_shard_iterator(
        StreamARN=arn,
        ShardId=info["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=info["startSequenceNumber"],
    )["ShardIterator"]
    assert shards.get_records(ShardIterator=iterator, Limit=1)["Records"][0]["Data"] == b"poison"
    handled = batches(lab, "pills", lambda b: "e" in flat([x for x in b if "poison" not in x]))
    assert {x for x in flat([b for b in handled if "poison" not in b])} == set("abcde")
    assert handled.count(["poison"]) == 2


def test_reported_failures_are_retried_from_the_record_on(lab: RunningLab) -> None:
    """ReportBatchItemFailures: what came before is done; with retries used up the rest is given up and told of.

    The rest of a batch that succeeded in part has all its retries before it: with two of them, the record that fails
    is delivered four times, three of them as this rest. With three retries AWS delivered it five times (recorded by
    LocalStack's suite, test_kinesis_report_batch_item_failures).
    """
    arn = stream(lab, "reported")
    url, destination = queue(lab, "reported-failures")
    put(lab, "reported", "a", "b", "poison", "c")
    create(lab, "reported", REPORTER)
    connect(
        lab,
        "reported",
        arn,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=2,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )
    document = json.loads(receive(lab, url)["Body"])
    assert document["KinesisBatchInfo"]["batchSize"] == 2
    assert document["requestContext"]["approximateInvokeCount"] == 3
    assert document["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None}
    assert batches(lab, "reported", lambda b: len(b) >= 4) == [["a", "b", "poison", "c"], *[["poison", "c"]] * 3]
    put(lab, "reported", "next")
    assert batches(lab, "reported", lambda b: ["next"] in b)


def test_old_records_are_given_up(new_lab: Callable[..., RunningLab]) -> None:
    """MaximumRecordAgeInSeconds, on the lab's clock, ends endless retries."""
    lab = new_lab()
    arn = stream(lab, "aging")
    url, destination = queue(lab, "aged")
    put(lab, "aging", "poison")
    create(lab, "aging", CONSUMER)
    connect(
        lab,
        "aging",
        arn,
        StartingPosition="TRIM_HORIZON",
        MaximumRecordAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )
    batches(lab, "aging", lambda b: len(b) > 1)
    advance(lab, 61)
    document = json.loads(receive(lab, url)["Body"])
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"
    assert document["KinesisBatchInfo"]["batchSize"] == 1


def test_parallelization_keeps_each_keys_order(lab: RunningLab) -> None:
    arn = stream(lab, "parallel-shard")
    create(
        lab,
        "parallel-shard",
        CONSUMER.replace("def handler", "import os, time\ndef handler")
        .replace("json.dumps(data)", "json.dumps([time.monotonic(), *data])")  # the logs of processes interleave freely
        .replace(
            "    if ",
            "    print('ENVIRONMENT', os.environ['AWS_LAMBDA_LOG_STREAM_NAME'])\n    time.sleep(0.05)\n    if ",
        ),
    )
    for key in range(8):
        put(lab, "parallel-shard", *(f"{key}-{n}" for n in range(5)), key=str(key))
    connect(lab, "parallel-shard", arn, StartingPosition="TRIM_HORIZON", ParallelizationFactor=4, BatchSize=2)
    timed = batches(lab, "parallel-shard", lambda found: sum(len(batch) - 1 for batch in found) >= 40)
    found = flat([batch[1:] for batch in sorted(timed)])
    for key in range(8):
        assert [item for item in found if item.startswith(f"{key}-")] == [f"{key}-{n}" for n in range(5)]
    lines = log_lines(lab, "parallel-shard", until="ENVIRONMENT")
    assert len({line for line in lines if line.startswith("ENVIRONMENT")}) > 1


def test_children_of_a_split_shard_follow_their_parent(lab: RunningLab) -> None:
    arn = stream(lab, "splitting")
    create(lab, "splitting", CONSUMER)
    connect(lab, "splitting", arn, StartingPosition="TRIM_HORIZON")
    put(lab, "splitting", "before")
    kinesis = lab.client("kinesis")
    kinesis.update_shard_count(StreamName="splitting", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    kinesis.get_waiter("stream_exists").wait(StreamName="splitting", WaiterConfig={"Delay": 1})
    put(lab, "splitting", "after")
    assert flat(batches(lab, "splitting", lambda b: len(flat(b)) >= 2)) == ["before", "after"]


def test_a_shard_that_has_outlived_its_records_makes_way_for_its_children(new_lab: Callable[..., RunningLab]) -> None:
    """A parent is EXPIRED once its retention is over, "After a reshard" in the developer guide of Kinesis."""
    lab = new_lab()
    functions, kinesis = lab.client("lambda"), lab.client("kinesis")
    create(lab, "late", CONSUMER)
    uuid = connect(lab, "late", stream(lab, "late"), StartingPosition="TRIM_HORIZON", Enabled=False)
    kinesis.update_shard_count(StreamName="late", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    kinesis.get_waiter("stream_exists").wait(StreamName="late", WaiterConfig={"Delay": 1})
    advance(lab, 25 * 3600)
    assert len(kinesis.list_shards(StreamName="late")["Shards"]) == 2
    put(lab, "late", "after")
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert flat(batches(lab, "late", lambda b: bool(flat(b)))) == ["after"]


def streamed_table(dynamodb: Any, name: str, view: str) -> dict[str, Any]:
    """A new table whose stream shows *view* of each change, as CreateTable describes it."""
    made: dict[str, Any] = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )
    return made["TableDescription"]


def test_what_a_stream_of_dynamodb_has_trimmed_is_passed_over(new_lab: Callable[..., RunningLab]) -> None:
    """Records are there for 24 hours: a mapping that was disabled for longer goes on with the oldest there is."""
    lab = new_lab()
    functions, dynamodb = lab.client("lambda"), lab.client("dynamodb")
    source = streamed_table(dynamodb, "trimmed", "KEYS_ONLY")["LatestStreamArn"]
    create(
        lab,
        "trimmed",
        """
        import json
        def handler(event, context):
            print("BATCH " + json.dumps([r["dynamodb"]["Keys"]["id"]["S"] for r in event["Records"]]))
        """,
    )
    uuid = connect(lab, "trimmed", source, StartingPosition="TRIM_HORIZON")
    dynamodb.put_item(TableName="trimmed", Item={"id": {"S": "handled"}})
    assert batches(lab, "trimmed", bool) == [["handled"]]
    eventually(lambda: functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled")
    functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    eventually(lambda: functions.get_event_source_mapping(UUID=uuid)["State"] == "Disabled")
    dynamodb.put_item(TableName="trimmed", Item={"id": {"S": "trimmed"}})
    advance(lab, 25 * 3600)
    dynamodb.put_item(TableName="trimmed", Item={"id": {"S": "there"}})
    functions.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert flat(batches(lab, "trimmed", lambda b: len(b) > 1)) == ["handled", "there"]


def test_tumbling_window_hands_state_on(new_lab: Callable[..., RunningLab]) -> None:
    """State goes from batch to batch of a window; a final call without records ends it."""
    lab = new_lab()
    advance(lab, 901 - time.time() % 900)  # to the beginning of a window
    arn = stream(lab, "windows")
    create(
        lab,
        "windows",
        """
        import json
        def handler(event, context):
            state = event["state"]
            state["sum"] = state.get("sum", 0) + len(event["Records"])
            final = event["isFinalInvokeForWindow"]
            start, end = event["window"]["start"], event["window"]["end"]
            print("BATCH " + json.dumps([len(event["Records"]), state["sum"], final, start, end]))
            return {"state": state}
        """,
    )
    connect(lab, "windows", arn, StartingPosition="TRIM_HORIZON", TumblingWindowInSeconds=900, BatchSize=2)
    put(lab, "windows", "a", "b", "c")
    open_calls = batches(lab, "windows", lambda b: sum(call[0] for call in b) >= 3)
    advance(lab, 905)
    calls = batches(lab, "windows", lambda b: any(call[2] for call in b))
    assert calls[: len(open_calls)] == open_calls
    assert [call[:3] for call in calls][-2:] == [[1, 3, False], [0, 3, True]]
    assert len({(call[3], call[4]) for call in calls}) == 1


def test_dynamodb_stream_reaches_the_function(lab: RunningLab) -> None:
    dynamodb = lab.client("dynamodb")
    table = streamed_table(dynamodb, "gates", "NEW_AND_OLD_IMAGES")
    create(
        lab,
        "gates",
        """
        import json
        def handler(event, context):
            print("BATCH " + json.dumps(event["Records"]))
        """,
    )
    pattern = json.dumps({"eventName": ["MODIFY", "REMOVE"]})
    connect(
        lab,
        "gates",
        table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )
    dynamodb.put_item(TableName="gates", Item={"id": {"S": "A1"}, "raw": {"B": b"\x01"}, "n": {"N": "1"}})
    dynamodb.put_item(TableName="gates", Item={"id": {"S": "A1"}, "raw": {"B": b"\x02"}, "n": {"N": "2"}})
    dynamodb.delete_item(TableName="gates", Key={"id": {"S": "A1"}})
    modified, removed = flat(batches(lab, "gates", lambda b: len(flat(b)) >= 2))
    assert modified["eventName"] == "MODIFY" and modified["eventSource"] == "aws:dynamodb"
    assert modified["eventSourceARN"] == table["LatestStreamArn"]
    change = modified["dynamodb"]
    assert change["Keys"] == {"id": {"S": "A1"}} and change["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert change["NewImage"] == {"id": {"S": "A1"}, "raw": {"B": "Ag=="}, "n": {"N": "2"}}
    assert change["OldImage"]["n"] == {"N": "1"} and isinstance(change["ApproximateCreationDateTime"], float)
    assert removed["eventName"] == "REMOVE" and "NewImage" not in removed["dynamodb"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"StartingPosition": "SOON"}, "StartingPosition"),
        ({"StartingPosition": "LATEST", "BatchSize": 10_001}, "BatchSize"),
        ({"StartingPosition": "LATEST", "ParallelizationFactor": 11}, "ParallelizationFactor"),
        ({"StartingPosition": "LATEST", "MaximumRecordAgeInSeconds": 30}, "at least 60"),
        ({"StartingPosition": "LATEST", "FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Invalid filter pattern"),
        ({"StartingPosition": "LATEST", "EventSourceArn": "arn:aws:s3:::bucket"}, "Unrecognized event source"),
        (
            {
                "StartingPosition": "LATEST",
                "EventSourceArn": "arn:aws:kinesis:us-east-1:123456789012:stream/absent",
            },
            "Stream not found",
        ),
    ],
)
def test_mappings_that_cannot_work_are_refused(lab: RunningLab, settings: dict[str, Any], message: str) -> None:
    name = "refusing-source"
    functions = lab.client("lambda")
    if name not in function_names(lab):
        stream(lab, name)
        create(lab, name, CONSUMER)
    arguments = {"EventSourceArn": f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}", **settings}
    with pytest.raises(ClientError, match=f"(?i){message}"):  # a model error names a member in lower case
        functions.create_event_source_mapping(FunctionName=name, **arguments)
    assert functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []


def test_a_mapping_in_transition_is_in_use(lab: RunningLab) -> None:
    """Each change is answered with 202 and a state in between, as AWS answered (LocalStack's recorded answers).

    While it is told of, the mapping can neither be changed nor deleted (UpdateEventSourceMapping, "Errors").
    """
    create(lab, "in-use", "def handler(e, c): pass")
    functions, source = lab.client("lambda"), stream(lab, "in-use")

    def state(uuid: str) -> str:
        return str(functions.get_event_source_mapping(UUID=uuid)["State"])

    def made(enabled: bool = True) -> dict[str, Any]:
        position = {"StartingPosition": "LATEST", "Enabled": enabled}
        return functions.create_event_source_mapping(FunctionName="in-use", EventSourceArn=source, **position)

    def settled(uuid: str) -> str:
        eventually(lambda: state(uuid) in ("Enabled", "Disabled"))
        return uuid

    def refused(begin: Callable[[str], dict[str, Any]], enabled: bool, between: str) -> bool:
        """Whether all was asked while the change was told of: on a busy machine its second may be over before."""
        left = functions.list_event_source_mappings(FunctionName="in-use")["EventSourceMappings"]
        for uuid in [each["UUID"] for each in left if each["State"] != "Deleting"]:
            functions.delete_event_source_mapping(UUID=settled(uuid))
        begun = begin("" if between == "Creating" else settled(made(enabled)["UUID"]))
        assert (begun["ResponseMetadata"]["HTTPStatusCode"], begun["State"]) == (202, between)
        assert begun["StateTransitionReason"] == "User action"
        try:
            if state(begun["UUID"]) != between:
                return False
            for act in ("update", "delete"):
                with pytest.raises(functions.exceptions.ResourceInUseException) as refusal:
                    late = getattr(functions, f"{act}_event_source_mapping")(UUID=begun["UUID"])
                    assert late["LastModified"] - begun["LastModified"] >= timedelta(seconds=1)
                    return False
                said = f"Cannot {act} the event source mapping because it is in use."
                assert refusal.value.response["Error"]["Message"] == said
                assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        except functions.exceptions.ResourceNotFoundException:
            return False
        return True

    update, delete = functions.update_event_source_mapping, functions.delete_event_source_mapping
    changes: list[tuple[Callable[[str], dict[str, Any]], bool, str]] = [
        (lambda uuid: made(), True, "Creating"),
        (lambda uuid: update(UUID=uuid, BatchSize=10), False, "Updating"),
        (lambda uuid: update(UUID=uuid, Enabled=False), True, "Disabling"),
        (lambda uuid: update(UUID=uuid, Enabled=True), False, "Enabling"),
        (lambda uuid: delete(UUID=uuid), False, "Deleting"),
    ]
    for change in changes:
        eventually(partial(refused, *change), seconds=60)
