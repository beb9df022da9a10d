"""Functions, their mappings and the events they owe outlive the lab's process, also one that is killed.

Lambda developer guide: "event source mappings process each event at least once"; asynchronous events are kept for six
hours. AWS has no end of a process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.engines.lambda_.event_log import EventLog
from tests.conftest import RunningLab, eventually
from tests.engines.kinesis_tools import put as put_all
from tests.engines.kinesis_tools import raises
from tests.engines.lambda_source_tools import CONSUMER, batches, connect, flat, put, stream
from tests.engines.lambda_tools import archive, create, invoke, queue, receive
from tests.gateway.disks import small_files
from tests.gateway.wire import advance

Labs = Callable[..., RunningLab]
#: Puts what it was given into the bucket "told", one object a call.
TELLER = """
import json, boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket="told", Key=context.aws_request_id, Body=json.dumps(event))
"""


def keys_told(lab: RunningLab) -> list[str]:
    """The keys in the bucket to which functions tell what they were given."""
    return [item["Key"] for item in lab.client("s3").list_objects_v2(Bucket="told").get("Contents", [])]


def killed_and_started(lab: RunningLab, wait: float = 1.0) -> Any:
    """*wait* seconds are what settings may take to be kept."""
    time.sleep(wait)
    lab.kill()
    lab.start()
    return lab.client("lambda")


def test_functions_are_there_with_all_that_belongs_to_them(new_lab: Labs) -> None:
    lab = new_lab()
    functions = lab.client("lambda")
    layer = functions.publish_layer_version(
        LayerName="tools", Content={"ZipFile": archive(**{"python/tools__py": "NAME = 'layer'"})}
    )
    code = "import os, tools\ndef handler(event, context): return [tools.NAME, os.environ['PLACE'], %r, event]"
    environment = {"Variables": {"PLACE": "b"}}
    create(lab, "f", code % "old", Layers=[layer["LayerVersionArn"]], Environment=environment, Tags={"team": "ops"})
    functions.publish_version(FunctionName="f")
    functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    functions.update_function_code(FunctionName="f", ZipFile=archive(app__py=code % "new"))
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=7)
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    functions.add_permission(
        FunctionName="f", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    invoke(lab, "f", 1)

    def told() -> list[Any]:
        functions = lab.client("lambda")
        answers = [
            functions.get_function(FunctionName="f"),
            functions.list_versions_by_function(FunctionName="f"),
            functions.list_aliases(FunctionName="f"),
            functions.get_policy(FunctionName="f"),
            functions.get_function_event_invoke_config(FunctionName="f"),
            functions.list_layer_versions(LayerName="tools"),
        ]
        return [{name: value for name, value in each.items() if name != "ResponseMetadata"} for each in answers]

    before = told()
    killed_and_started(lab)
    assert told() == before
    assert invoke(lab, "f", 2)[0] == ["layer", "b", "new", 2]
    assert invoke(lab, "f", 3, Qualifier="live")[0] == ["layer", "b", "old", 3]
    lab.client("lambda").delete_function(FunctionName="f")
    with raises("ResourceNotFoundException"):
        killed_and_started(lab).get_function(FunctionName="f")


def test_a_mapping_goes_on_behind_the_last_batch_that_succeeded(new_lab: Labs) -> None:
    """From LATEST, though nothing was read before the kill; and without having been asked for after it."""
    lab = new_lab()
    create(lab, "reads", CONSUMER)
    arn = stream(lab, "source")
    put(lab, "source", "before")
    connect(lab, "reads", arn, StartingPosition="LATEST")
    killed_and_started(lab)
    put(lab, "source", "a", "b")
    batches(lab, "reads", lambda found: len(flat(found)) >= 2)
    lab.client("kinesis").split_shard(
        StreamName="source", ShardToSplit="shardId-000000000000", NewStartingHashKey="1000"
    )
    killed_and_started(lab, 1.5)
    put(lab, "source", "c")
    found = batches(lab, "reads", lambda found: "c" in flat(found))
    assert flat(found) == ["a", "b", "c"]  # and nothing twice, for it had succeeded


def test_a_kill_loses_no_record_of_a_mapping(new_lab: Labs) -> None:
    lab = new_lab()
    lab.client("s3").create_bucket(Bucket="told")
    create(
        lab,
        "tells",
        """
        import base64, boto3
        s3 = boto3.client("s3")
        def handler(event, context):
            data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
            s3.put_object(Bucket="told", Key=context.aws_request_id, Body=",".join(data))
        """,
        Timeout=30,
    )
    connect(lab, "tells", stream(lab, "numbers", 2), StartingPosition="TRIM_HORIZON", ParallelizationFactor=2)
    acknowledged = [0] * 2

    def produce(key: int) -> None:
        kinesis = lab.fresh_client("kinesis")
        with suppress(ClientError, BotoCoreError, AssertionError):
            while True:
                put_all(kinesis, "numbers", b"%d-%d" % (key, acknowledged[key]), key=str(key))
                acknowledged[key] += 1
                time.sleep(0.02)

    def told() -> set[str]:
        s3 = lab.client("s3")
        keys = keys_told(lab)
        return {
            each for key in keys for each in s3.get_object(Bucket="told", Key=key)["Body"].read().decode().split(",")
        }

    with ThreadPoolExecutor(2) as threads:
        for key in range(2):
            threads.submit(produce, key)
        eventually(told, 30)  # some are delivered, some are not
        time.sleep(1)
        lab.kill()
    lab.start()
    wanted = {f"{key}-{number}" for key in range(2) for number in range(acknowledged[key])}
    eventually(lambda: wanted <= told(), 40)


def test_mappings_of_tables_and_queues_go_on(new_lab: Labs) -> None:
    """What the function had is not given to it again; what came when the lab was down, or about to, is."""
    lab = new_lab()
    lab.client("s3").create_bucket(Bucket="told")
    create(
        lab,
        "tells",
        """
        import boto3
        s3 = boto3.client("s3")
        def handler(event, context):
            for record in event["Records"]:
                name = record["dynamodb"]["Keys"]["id"]["S"] if "dynamodb" in record else record["body"]
                s3.put_object(Bucket="told", Key=f"{name}/{context.aws_request_id}", Body=b"")
        """,
        Timeout=30,
    )
    table = lab.client("dynamodb").create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]
    url, arn = queue(lab, "messages", VisibilityTimeout="30")
    connect(lab, "tells", table["LatestStreamArn"], StartingPosition="LATEST")
    connect(lab, "tells", arn)

    def told() -> list[str]:
        return sorted(key.partition("/")[0] for key in keys_told(lab))

    lab.client("dynamodb").put_item(TableName="items", Item={"id": {"S": "a"}})
    lab.client("sqs").send_message(QueueUrl=url, MessageBody="b")
    eventually(lambda: told() == ["a", "b"])
    killed_and_started(lab)
    lab.client("dynamodb").put_item(TableName="items", Item={"id": {"S": "c"}})
    lab.client("sqs").send_message(QueueUrl=url, MessageBody="d")
    eventually(lambda: told() == ["a", "b", "c", "d"], 20)


def test_a_tumbling_window_goes_on_with_its_state(new_lab: Labs) -> None:
    lab = new_lab()
    lab.client("s3").create_bucket(Bucket="told")
    create(
        lab,
        "counts",
        """
        import boto3
        s3 = boto3.client("s3")
        def handler(event, context):
            count = event["state"].get("count", 0) + len(event["Records"])
            s3.put_object(Bucket="told", Key=f"{event['isFinalInvokeForWindow']}-{count}", Body=b"")
            return {"state": {"count": count}}
        """,
    )
    connect(lab, "counts", stream(lab, "source"), StartingPosition="TRIM_HORIZON", TumblingWindowInSeconds=900)
    put(lab, "source", "a", "b")

    told = partial(keys_told, lab)
    eventually(lambda: "False-2" in told())
    killed_and_started(lab)
    put(lab, "source", "c")
    eventually(lambda: "False-3" in told())
    advance(lab, 910)
    eventually(lambda: "True-3" in told())


def test_an_event_that_was_accepted_is_run_after_a_kill(new_lab: Labs) -> None:
    """Also that of a function as new as itself; and a retry comes when it is due, with its destination."""
    lab = new_lab()
    url, arn = queue(lab, "failures")
    create(lab, "fails", "def handler(event, context): raise ValueError(event)")
    destinations = {"OnFailure": {"Destination": arn}}
    lab.client("lambda").put_function_event_invoke_config(
        FunctionName="fails", MaximumRetryAttempts=1, DestinationConfig=destinations
    )
    lab.client("lambda").invoke(FunctionName="fails", InvocationType="Event", Payload=b'"x"')
    eventually(lambda: '"attempts": 1' in (lab.directory / "lambda" / "events.log").read_text(errors="replace"))
    killed_and_started(lab)
    lab.client("s3").create_bucket(Bucket="told")
    create(lab, "tells", TELLER, Timeout=30)
    lab.client("lambda").invoke(FunctionName="tells", InvocationType="Event", Payload=b'"hello"')
    killed_and_started(lab, 0)
    [item] = eventually(lambda: lab.client("s3").list_objects_v2(Bucket="told").get("Contents"), 20)
    assert json.loads(lab.client("s3").get_object(Bucket="told", Key=item["Key"])["Body"].read()) == "hello"
    advance(lab, 61)
    failure = json.loads(receive(lab, url)["Body"])
    assert failure["requestContext"]["condition"] == "RetriesExhausted"
    assert failure["requestContext"]["approximateInvokeCount"] == 2
    assert failure["requestPayload"] == "x"


def test_a_full_disk_refuses_events(new_lab: Labs) -> None:
    """Invoke, API reference, "Errors": ServiceException, 500; InternalFailure is what all services may answer."""
    lab = new_lab()
    create(lab, "f", "def handler(event, context): return event")
    time.sleep(1)
    with small_files(lab), raises("InternalFailure"):
        lab.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b"1")
    assert lab.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b"1")["StatusCode"] == 202


def test_a_log_of_events_forgets_what_is_done(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log")
    kept = log.add({"payload": "kept", "attempts": 0})
    log.change(kept, attempts=1)
    for _ in range(30):
        log.done(log.add({"payload": "x" * 500_000}))
    assert (tmp_path / "log").stat().st_size < 6_000_000
    assert EventLog(tmp_path / "log").restore() == {kept: {"payload": "kept", "attempts": 1}}
