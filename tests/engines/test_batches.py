"""Batches: one entry that cannot be done among others that can. Nothing is lost without a word, nothing done by half.

What SQS and S3 do with theirs is in test_sqs and test_s3_batches.
"""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.roles import open_to_services, role

HOUR = 3_600_000  # ms
DAY = 24 * HOUR


def queue_of(lab: RunningLab) -> tuple[str, str]:
    """The URL and ARN of a new queue."""
    sqs = lab.client("sqs")
    name = f"q-{uuid4().hex}"
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    return sqs.create_queue(QueueName=name, Attributes={"Policy": open_to_services(arn)})["QueueUrl"], arn


def bodies(lab: RunningLab, url: str) -> list[str]:
    found = lab.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return sorted(each["Body"] for each in found)


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.fixture
def topic(lab: RunningLab) -> tuple[Any, str, str]:
    """SNS, a topic, and the URL of a queue that has what is published."""
    sns = lab.client("sns")
    arn = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    url, queue_arn = queue_of(lab)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    return sns, arn, url


def test_publish_batch_tells_of_every_message(lab: RunningLab, topic: tuple[Any, str, str]) -> None:
    """API reference, PublishBatch: "check for batch errors even when the call returns an HTTP status code of 200"."""
    sns, arn, url = topic
    entries = [
        {"Id": "1", "Message": "a"},
        {"Id": "empty", "Message": ""},
        {"Id": "subject", "Message": "b", "Subject": "s" * 101},
        {"Id": "deduplicated", "Message": "c", "MessageDeduplicationId": "1"},
        {"Id": "5", "Message": "d"},
    ]
    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["1", "5"]
    assert [each["Id"] for each in answer["Failed"]] == ["empty", "subject", "deduplicated"]
    assert {(each["Code"], each["SenderFault"]) for each in answer["Failed"]} == {("InvalidParameter", True)}
    assert bodies(lab, url) == ["a", "d"]


def test_publish_batch_refuses_what_is_wrong_in_form_as_a_whole(lab: RunningLab, topic: tuple[Any, str, str]) -> None:
    """As AWS answered LocalStack's suite (test_publish_batch_exceptions, test_publish_batch_too_long_message)."""
    sns, arn, url = topic
    good = {"Id": "1", "Message": "a"}
    attributes = {"a": {"DataType": "Text", "StringValue": "v"}}
    wrong: list[tuple[list[dict[str, Any]], str]] = [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "Message": "m" * 100_000} for n in range(3)], "BatchRequestTooLong"),
        ([good, {"Id": "2", "Message": "{}", "MessageStructure": "json"}], "InvalidParameter"),
        ([good, {"Id": "2", "Message": "b", "MessageAttributes": attributes}], "ParameterValueInvalid"),
    ]
    for entries, code in wrong:
        assert refusal(sns.publish_batch, TopicArn=arn, PublishBatchRequestEntries=entries)[0] == code
    fifo = sns.create_topic(Name=f"t-{uuid4().hex}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    entries = [
        {**good, "MessageGroupId": "g", "MessageDeduplicationId": "1"},
        {**good, "Id": "2", "MessageGroupId": "g"},
    ]
    code, message = refusal(sns.publish_batch, TopicArn=fifo, PublishBatchRequestEntries=entries)
    assert code == "InvalidParameter" and "ContentBasedDeduplication" in message
    assert bodies(lab, url) == []


def test_messages_of_a_fifo_topic_are_numbered(lab: RunningLab) -> None:
    """API reference, Publish and PublishBatchResultEntry, SequenceNumber: "a large, non-consecutive number"."""
    sns = lab.client("sns")
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    arn = sns.create_topic(Name=f"t-{uuid4().hex}.fifo", Attributes=attributes)["TopicArn"]
    entries = [{"Id": each, "Message": each, "MessageGroupId": "g"} for each in "ab"]
    batch = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)["Successful"]
    last = sns.publish(TopicArn=arn, Message="c", MessageGroupId="g")
    numbers = [int(each["SequenceNumber"]) for each in [*batch, last]]
    assert numbers == sorted(set(numbers))


def test_a_subscriber_that_is_gone_is_not_the_publishers_fault(lab: RunningLab, topic: tuple[Any, str, str]) -> None:
    """SNS developer guide, "Message delivery retries": an undeliverable message is discarded; the others have it."""
    sns, arn, url = topic
    gone, gone_arn = queue_of(lab)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=gone_arn)
    other, other_arn = queue_of(lab)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=other_arn, Attributes={"RawMessageDelivery": "true"})
    lab.client("sqs").delete_queue(QueueUrl=gone)
    assert sns.publish(TopicArn=arn, Message="m")["MessageId"]
    assert bodies(lab, url) == bodies(lab, other) == ["m"]


def test_put_events_tells_of_every_event(lab: RunningLab) -> None:
    """As AWS answered LocalStack's suite (test_put_event_malformed_detail, test_put_events_nonexistent_event_bus).

    A target that fails is neither the sender's affair nor the other targets'.
    """
    events, source = lab.client("events"), f"s-{uuid4().hex}"
    url, arn = queue_of(lab)
    gone, gone_arn = queue_of(lab)
    events.put_rule(Name=source, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule=source, Targets=[{"Id": "0", "Arn": gone_arn}, {"Id": "1", "Arn": arn}])
    lab.client("sqs").delete_queue(QueueUrl=gone)
    event = {"Source": source, "DetailType": "d"}
    deep = '{"n":' * 3000 + "1" + "}" * 3000
    details = ['{"n": 1}', "{", "[]", '"text"', '{"n": NaN}', deep, '{"n": 2}']
    entries = [{**event, "Detail": detail} for detail in details]
    entries.insert(6, {**event, "Detail": "{}", "EventBusName": "no-such-bus"})
    answer = events.put_events(Entries=entries)
    codes = [each.get("ErrorCode") for each in answer["Entries"]]
    assert codes == [None, *["MalformedDetail"] * 5, None, None]
    assert answer["FailedEntryCount"] == 5
    assert [json.loads(body)["detail"]["n"] for body in bodies(lab, url)] in ([1, 2], [2, 1])


def test_put_targets_takes_all_or_none(lab: RunningLab) -> None:
    """API reference, PutTargets and Target: an input is JSON, and one of three kinds."""
    events, name = lab.client("events"), f"r-{uuid4().hex}"
    _, arn = queue_of(lab)
    events.put_rule(Name=name, EventPattern='{"source": ["s"]}')
    good = {"Id": "good", "Arn": arn, "Input": '{"n": 1}'}
    for wrong in ({"Input": "{"}, {"Input": "{}", "InputPath": "$.detail"}):
        targets = [good, {"Id": "wrong", "Arn": arn, **wrong}]
        code, said = refusal(events.put_targets, Rule=name, Targets=targets)
        assert code == "ValidationException" and "target wrong." in said
    assert events.list_targets_by_rule(Rule=name)["Targets"] == []


def log_stream(lab: RunningLab) -> dict[str, str]:
    """A new stream of logs, as requests name it."""
    logs, stream = lab.client("logs"), {"logGroupName": f"g-{uuid4().hex}", "logStreamName": "s"}
    logs.create_log_group(logGroupName=stream["logGroupName"])
    logs.create_log_stream(**stream)
    return stream


def test_put_log_events_says_which_events_it_rejects(lab: RunningLab) -> None:
    """API reference, RejectedLogEventsInfo: the end index is exclusive, the start index inclusive."""
    logs, stream = lab.client("logs"), log_stream(lab)
    now = int(time.time() * 1000)

    def put(*ages: int) -> dict[str, int]:
        batch = [{"timestamp": now - age, "message": "m"} for age in ages]
        answer: dict[str, int] = logs.put_log_events(**stream, logEvents=batch).get("rejectedLogEventsInfo", {})
        return answer

    assert put(30 * DAY, 20 * DAY, 1000, 0, -3 * HOUR, -4 * HOUR) == {
        "tooOldLogEventEndIndex": 2,
        "tooNewLogEventStartIndex": 4,
    }
    assert put(-3 * HOUR) == {"tooNewLogEventStartIndex": 0}
    assert put(1000) == {}
    logs.put_retention_policy(logGroupName=stream["logGroupName"], retentionInDays=1)
    assert put(3 * DAY, 2 * DAY, 500) == {"expiredLogEventEndIndex": 2}
    kept = logs.get_log_events(**stream, startFromHead=True)["events"]
    assert [now - each["timestamp"] for each in kept] == [1000, 1000, 500, 0]


def test_put_log_events_refuses_a_batch_that_is_none(lab: RunningLab) -> None:
    """API reference, PutLogEvents: at most 1,048,576 bytes with 26 an event, 24 hours, in order."""
    logs, stream = lab.client("logs"), log_stream(lab)
    now = int(time.time() * 1000)
    wrong = [
        ([(now, "m" * 524_263), (now, "m" * 524_262)], "Upload too large: 1048577 bytes exceeds limit of 1048576"),
        ([(now - 2 * DAY, "m"), (now, "m")], "cannot span more than 24 hours"),
        ([(now, "m"), (now - 1, "m")], "must be in chronological order"),
    ]
    for batch, said in wrong:
        events = [{"timestamp": at, "message": message} for at, message in batch]
        code, message = refusal(logs.put_log_events, **stream, logEvents=events)
        assert code == "InvalidParameterException" and said in message
    assert logs.get_log_events(**stream)["events"] == []


MESSAGES = ["ERROR not found", "ERROR found", "WARN not found", "fine"]
FILTERS = [
    ("", [0, 1, 2, 3]),
    ("ERROR", [0, 1]),
    ("ERROR not", [0]),
    ('"not found"', [0, 2]),
    ("?ERROR ?WARN", [0, 1, 2]),
    ("found -WARN", [0, 1]),
    ("-ERROR", [2, 3]),
]


def test_events_are_filtered_by_terms(lab: RunningLab) -> None:
    """CloudWatch Logs user guide, "Filter pattern syntax": terms, phrases, one of several, and exclusion."""
    logs, group = lab.client("logs"), f"g-{uuid4().hex}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    events = [{"timestamp": int(time.time() * 1000), "message": each} for each in MESSAGES]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    for pattern, wanted in FILTERS:
        found = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        assert [each["message"] for each in found] == [MESSAGES[place] for place in wanted], pattern
    code, said = refusal(logs.filter_log_events, logGroupName=group, filterPattern='{ $.level = "ERROR" }')
    assert code == "NotImplemented" and "for JSON" in said
    assert refusal(logs.filter_log_events, logGroupName=group, filterPattern="a/b")[0] == "InvalidParameterException"


def test_a_subscription_filter_lets_through_what_matches(lab: RunningLab) -> None:
    """API reference, PutSubscriptionFilter, filterPattern; a destination that fails is not the writer's affair."""
    logs, kinesis, name = lab.client("logs"), lab.client("kinesis"), f"f-{uuid4().hex}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    stream = {"logGroupName": name, "logStreamName": "s"}
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(**stream)
    logs.put_subscription_filter(
        logGroupName=name, filterName="f", filterPattern="ERROR", destinationArn=arn, roleArn=role(lab)
    )

    def put(*messages: str) -> None:
        now = int(time.time() * 1000)
        logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": each} for each in messages])

    put("fine", "ERROR 1")
    put("fine again")
    shard = {"StreamName": name, "ShardId": "shardId-000000000000"}
    iterator = kinesis.get_shard_iterator(**shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert len(kinesis.get_records(ShardIterator=iterator)["Records"]) == 1
    kinesis.delete_stream(StreamName=name)
    put("ERROR 2")


@pytest.fixture(scope="module")
def tables(lab: RunningLab) -> tuple[Any, str, str]:
    """DynamoDB, and two tables whose key is ``p``, a string."""
    client = lab.client("dynamodb", config=Config(parameter_validation=False))
    names = [f"t-{uuid4().hex}" for _ in range(2)]
    for name in names:
        client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    return client, names[0], names[1]


def put(key: str, **attributes: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": {"p": {"S": key}, **attributes}}}


def delete(**key: Any) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": key}}


SCHEMA = "The provided key element does not match the schema"
TWICE = "Provided list of item keys contains duplicates"
TRANSACTION_TWICE = "Transaction request cannot include multiple operations on one item"
WRITES: list[tuple[list[dict[str, Any]], str]] = [
    ([put("a", x={"S": "1"}), put("a", x={"S": "2"})], TWICE),
    ([put("a"), delete(p={"S": "a"})], TWICE),
    ([put("a"), {"PutRequest": {"Item": {"q": {"S": "b"}}}}], SCHEMA),
    ([put("a"), {"PutRequest": {"Item": {"p": {"N": "1"}}}}], SCHEMA),
    ([put("a"), delete(p={"N": "1"})], SCHEMA),
    ([put("a"), delete(p={"S": "b"}, q={"S": "c"})], SCHEMA),
    ([put("a"), put("")], "cannot contain an empty string value. Key: p"),
    ([put("a"), put("b", x={"S": "x" * 410_000})], "Item size has exceeded the maximum allowed size"),
    ([put("a"), put("b", x={"SS": []})], "An string set  may not be empty"),
    ([put("a"), put("b", x={"SS": ["c", "c"]})], "Input collection [c, c] contains duplicates."),
    ([put("a"), put("b", x={"BS": [b"c", b"c"]})], "Input collection of type BS contains duplicates."),
]


@pytest.mark.parametrize(("requests", "said"), WRITES)
def test_batch_write_item_is_refused_before_anything_is_written(
    tables: tuple[Any, str, str], requests: list[dict[str, Any]], said: str
) -> None:
    """API reference, BatchWriteItem: "DynamoDB rejects the entire batch write operation" if one of these is true."""
    client, table, _ = tables
    code, message = refusal(client.batch_write_item, RequestItems={table: requests})
    assert code == "ValidationException" and said in message
    assert client.scan(TableName=table)["Count"] == 0


def test_batch_write_item_counts_over_all_tables(tables: tuple[Any, str, str]) -> None:
    """At most 25 in all; the same key in two tables is of two items."""
    client, one, other = tables
    many = [put(str(n)) for n in range(13)]
    code, message = refusal(client.batch_write_item, RequestItems={one: many, other: many})
    assert (code, message) == ("ValidationException", "Too many items requested for the BatchWriteItem call")
    for request in (put("a"), delete(p={"S": "a"})):
        assert client.batch_write_item(RequestItems={one: [request], other: [request]})["UnprocessedItems"] == {}
    assert client.scan(TableName=one)["Count"] == 0


def test_reads_need_whole_keys(tables: tuple[Any, str, str]) -> None:
    """Not an empty answer: the request does not fit the table (as the suites of DynamoDB's clients saw it)."""
    client, table, _ = tables
    for key in ({"p": {"N": "1"}}, {"q": {"S": "1"}}, {"p": {"S": "1"}, "q": {"S": "1"}}):
        assert refusal(client.get_item, TableName=table, Key=key) == ("ValidationException", SCHEMA)
        batch = {table: {"Keys": [{"p": {"S": "2"}}, key]}}
        assert refusal(client.batch_get_item, RequestItems=batch) == ("ValidationException", SCHEMA)


def test_transactions_give_the_reason_in_the_parts_place(tables: tuple[Any, str, str]) -> None:
    """A key of another type cancels, an empty one refuses the request (seen on AWS: dynamodb-conformance#46, #60).

    So does an update that its item does not allow (aws/aws-sdk-net#1292).
    """
    client, table, _ = tables
    good = {"Put": {"TableName": table, "Item": {"p": {"S": "good"}}}}
    mismatch = "One or more parameter values were invalid: Type mismatch for key p expected: S actual: N"
    parts = [
        ({"Put": {"TableName": table, "Item": {"p": {"N": "1"}}}}, mismatch),
        ({"Delete": {"TableName": table, "Key": {"p": {"N": "1"}}}}, SCHEMA),
        ({"Delete": {"TableName": table, "Key": {"q": {"S": "1"}}}}, SCHEMA),
    ]

    def reasons_for(part: dict[str, Any]) -> list[tuple[str, str | None]]:
        with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
            client.transact_write_items(TransactItems=[good, part])
        return [(each["Code"], each.get("Message")) for each in caught.value.response["CancellationReasons"]]

    for part, said in parts:
        assert reasons_for(part) == [("None", None), ("ValidationError", said)]
    client.put_item(TableName=table, Item={"p": {"S": "text"}, "x": {"S": "x"}})
    for expression, said in (
        ("SET x = no_such + :one", "The provided expression refers to an attribute that does not exist in the item"),
        ("ADD x :one", "An operand in the update expression has an incorrect data type"),
        ("SET a.b = :one", "The document path provided in the update expression is invalid for update"),
    ):
        update = {"TableName": table, "Key": {"p": {"S": "text"}}, "UpdateExpression": expression}
        update["ExpressionAttributeValues"] = {":one": {"N": "1"}}
        assert reasons_for({"Update": update}) == [("None", None), ("ValidationError", said)]
    client.delete_item(TableName=table, Key={"p": {"S": "text"}})
    empty = {"Delete": {"TableName": table, "Key": {"p": {"S": ""}}}}
    code, message = refusal(client.transact_write_items, TransactItems=[good, empty])
    assert code == "ValidationException" and message.endswith("cannot contain an empty string value. Key: p")
    assert "Item" not in client.get_item(TableName=table, Key={"p": {"S": "good"}})


def test_transact_get_items_returns_what_is_asked_for(tables: tuple[Any, str, str]) -> None:
    """API reference, TransactGetItems: up to 100 items, each once, "in the same order", projected."""
    client, table, _ = tables
    client.put_item(TableName=table, Item={"p": {"S": "one"}, "x": {"S": "x"}, "y": {"S": "y"}})
    get = {"TableName": table, "Key": {"p": {"S": "one"}}}
    missing = [{"Get": {**get, "Key": {"p": {"S": str(n)}}}} for n in range(29)]
    wanted = {"Get": {**get, "ProjectionExpression": "#x", "ExpressionAttributeNames": {"#x": "x"}}}
    answers = client.transact_get_items(TransactItems=[*missing, wanted])["Responses"]
    assert answers == [{}] * 29 + [{"Item": {"x": {"S": "x"}}}]
    code, message = refusal(client.transact_get_items, TransactItems=[{"Get": get}, {"Get": get}])
    assert (code, message) == ("ValidationException", TRANSACTION_TWICE)
    client.delete_item(**get)


def test_statements_of_one_request_all_read_or_all_write(tables: tuple[Any, str, str]) -> None:
    """API reference, BatchExecuteStatement and ExecuteTransaction; a transaction has each item once."""
    client, table, _ = tables
    insert = {"Statement": f"INSERT INTO \"{table}\" VALUE {{'p': 's'}}"}
    select = {"Statement": f"SELECT * FROM \"{table}\" WHERE p = 's'"}
    delete_it = {"Statement": f"DELETE FROM \"{table}\" WHERE p = 's'"}
    mixed = "you cannot mix both in one"
    assert mixed in refusal(client.batch_execute_statement, Statements=[insert, select])[1]
    assert mixed in refusal(client.execute_transaction, TransactStatements=[insert, select])[1]
    assert refusal(client.execute_transaction, TransactStatements=[insert, delete_it])[1] == TRANSACTION_TWICE
    assert client.scan(TableName=table)["Count"] == 0


NOW = datetime.now(UTC)
GOOD = {"MetricName": "m", "Value": 1.0}
BAD_DATA: list[tuple[list[dict[str, Any]], str, str]] = [
    ([GOOD, {"MetricName": "m"}], "MissingParameter", "At least one of the parameters must be specified."),
    ([GOOD, {**GOOD, "Value": math.inf}], "InvalidParameterValue", "MetricData.member.2.Value is invalid"),
    ([GOOD, {"MetricName": "m", "Values": [1.0] * 151}], "InvalidParameterValue", "greater than 150"),
    ([GOOD, {**GOOD, "Timestamp": NOW - timedelta(days=15)}], "InvalidParameterValue", "within the past two weeks"),
    ([GOOD, {**GOOD, "Timestamp": NOW + timedelta(hours=3)}], "InvalidParameterValue", "no more than two hours"),
    ([GOOD] * 1001, "InvalidParameterValue", "must not have a size greater than 1000"),
]


@pytest.mark.parametrize(("data", "code", "said"), BAD_DATA)
def test_put_metric_data_takes_all_or_nothing(lab: RunningLab, data: list[Any], code: str, said: str) -> None:
    """API reference, PutMetricData; the texts as users met them (cloud-custodian/cloud-custodian#2559)."""
    cloudwatch, namespace = lab.client("cloudwatch"), uuid4().hex
    refused, message = refusal(cloudwatch.put_metric_data, Namespace=namespace, MetricData=data)
    assert refused == code and said in message
    assert cloudwatch.list_metrics(Namespace=namespace)["Metrics"] == []


def test_a_value_is_kept_once_however_often_it_was_met(lab: RunningLab) -> None:
    """API reference, MetricDatum, Counts: a number as large as may be, and not always a whole one."""
    cloudwatch, namespace = lab.client("cloudwatch"), uuid4().hex
    datum = {"MetricName": "m", "Values": [2.0, 4.0], "Counts": [1e12, 0.5]}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])
    [found] = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="m",
        StartTime=NOW - timedelta(hours=1),
        EndTime=NOW + timedelta(hours=2),
        Period=86_400,
        Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
    )["Datapoints"]
    told = [found[name] for name in ("SampleCount", "Sum", "Minimum", "Maximum")]
    assert told == [1e12 + 0.5, 2e12 + 2, 2.0, 4.0]
