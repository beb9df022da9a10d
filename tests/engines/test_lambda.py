"""Lambda runs handlers: synchronous calls, their logs and errors, and what a handler sees.

Held to the Lambda developer guide ("Define Lambda function handler in Python", "Using the Lambda context object",
"Log and monitor Python Lambda functions") and to Invoke in the API reference.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import archive, create, function_names, invoke, log_lines, source
from tests.roles import role

UNCHECKED = Config(parameter_validation=False)


def test_handler_is_called_in_a_warm_environment(lab: RunningLab) -> None:
    """Module state survives between calls ("execution environment reuse")."""
    create(
        lab,
        "warm",
        """
        calls = []
        def handler(event, context):
            calls.append(event)
            return {"calls": len(calls), "event": event}
        """,
    )
    assert invoke(lab, "warm", {"a": [1, "ü"]})[0] == {"calls": 1, "event": {"a": [1, "ü"]}}
    payload, answer = invoke(lab, "warm", None)
    assert payload == {"calls": 2, "event": None}
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST" and "FunctionError" not in answer


def test_log_tells_of_start_prints_end_and_report(lab: RunningLab) -> None:
    """LogType=Tail returns the end of what CloudWatch Logs is given; Init Duration is told of the first call alone."""
    create(
        lab,
        "talker",
        """
        import logging
        print("importing")
        logging.getLogger().setLevel("INFO")
        def handler(event, context):
            print("hello")
            logging.info("two\\nlines")
            return context.log_stream_name
        """,
    )
    stream, first = invoke(lab, "talker", LogType="Tail")
    _, second = invoke(lab, "talker", LogType="Tail")
    request_id = first["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(first["LogResult"]).decode()
    lines = tail.splitlines()
    assert lines[0].startswith("INIT_START Runtime Version: python:")
    assert lines[1:4] == ["importing", f"START RequestId: {request_id} Version: $LATEST", "hello"]
    end, report = lines[-2:]
    assert re.search(rf"\n\[INFO\]\t\S+Z\t{request_id}\ttwo\nlines\nEND", tail)
    assert end == f"END RequestId: {request_id}"
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms",
        report.strip(),
    )
    assert "Init Duration" not in base64.b64decode(second["LogResult"]).decode()
    events = log_lines(lab, "talker", times=2)
    assert any(event.endswith("two\nlines\n") for event in events), "a message of several lines is one event"
    streams = lab.client("logs").describe_log_streams(logGroupName="/aws/lambda/talker")["logStreams"]
    assert [s["logStreamName"] for s in streams] == [stream]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)


CONTEXT = """
import os
def handler(event, context):
    names = "function_name function_version invoked_function_arn memory_limit_in_mb aws_request_id log_group_name"
    seen = {name: getattr(context, name) for name in names.split()}
    seen["remaining"] = context.get_remaining_time_in_millis()
    seen["client"] = context.client_context
    return {"context": seen, "environment": dict(os.environ), "directory": os.getcwd()}
"""


def test_context_and_environment(lab: RunningLab) -> None:
    """Only AWS's variables, the function's own, and the lab's address: nothing of the server's environment."""
    arn = create(lab, "context", CONTEXT, Environment={"Variables": {"TABLE": "flights"}}, Timeout=9, MemorySize=256)
    client_context = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    payload, answer = invoke(lab, "context", {}, ClientContext=client_context)
    remaining = payload["context"].pop("remaining")
    assert 8000 < remaining <= 9000
    assert payload["context"] == {
        "function_name": "context",
        "function_version": "$LATEST",
        "invoked_function_arn": arn,
        "memory_limit_in_mb": "256",
        "aws_request_id": answer["ResponseMetadata"]["RequestId"],
        "log_group_name": "/aws/lambda/context",
        "client": {"custom": {"a": 1}},
    }
    environment = payload["environment"]
    assert environment["TABLE"] == "flights"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "context" and environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12" and environment["_HANDLER"] == "app.handler"
    assert environment["AWS_ENDPOINT_URL"] == lab.endpoint
    assert (
        environment["AWS_ACCESS_KEY_ID"].startswith("ASIA") and environment["LAMBDA_TASK_ROOT"] == payload["directory"]
    )
    assert lab.facts["secret_access_key"] not in environment.values()
    assert not {"VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "USER"} & environment.keys()


def test_handler_works_with_its_role(lab: RunningLab) -> None:
    """The execution role's temporary credentials, in a session named after the function."""
    create(
        lab,
        "identity",
        """
        import boto3
        sts = boto3.client("sts")
        def handler(event, context):
            return sts.get_caller_identity()["Arn"]
        """,
        Timeout=20,
        MemorySize=256,
    )
    assert invoke(lab, "identity")[0] == "arn:aws:sts::123456789012:assumed-role/worker/identity"


def test_temporary_directory_is_the_environments_own(lab: RunningLab) -> None:
    create(
        lab,
        "scratch",
        """
        import os, tempfile
        def handler(event, context):
            with open(os.path.join(tempfile.gettempdir(), "kept"), "a") as file:
                file.write("x")
                return [file.name, file.tell()]
        """,
    )
    (first, one), (second, two) = invoke(lab, "scratch")[0], invoke(lab, "scratch")[0]
    assert first == second and (one, two) == (1, 2)
    lab.client("lambda").delete_function(FunctionName="scratch")
    assert not Path(first).exists()


def test_uncaught_exception(lab: RunningLab) -> None:
    """FunctionError and the error document, with AWS's paths in the stack trace."""
    create(
        lab,
        "raises",
        """
        class TooLate(Exception):
            pass
        def check(minutes):
            raise TooLate(f"{minutes} minutes late")
        def handler(event, context):
            check(event)
        """,
    )
    payload, answer = invoke(lab, "raises", 40, LogType="Tail")
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    marks = re.compile(r"^ +[~^]+\n", re.MULTILINE)  # beneath a call, from Python 3.13 on
    assert {**payload, "stackTrace": [marks.sub("", each) for each in payload["stackTrace"]]} == {
        "errorMessage": "40 minutes late",
        "errorType": "TooLate",
        "requestId": answer["ResponseMetadata"]["RequestId"],
        "stackTrace": [
            '  File "/var/task/app.py", line 7, in handler\n    check(event)\n',
            '  File "/var/task/app.py", line 5, in check\n    raise TooLate(f"{minutes} minutes late")\n',
        ],
    }
    events = log_lines(lab, "raises")
    assert "[ERROR] TooLate: 40 minutes late\nTraceback (most recent call last):\n" in "".join(events)
    assert invoke(lab, "raises", 41, LogType="Tail")[1]["FunctionError"], "an error does not end the environment"
    assert b"Init Duration" not in base64.b64decode(invoke(lab, "raises", 42, LogType="Tail")[1]["LogResult"])


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "message"),
    [
        ("import nothing_like_it", "app.handler", "Runtime.ImportModuleError", "No module named 'nothing_like_it'"),
        ("", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other'"),
        ("", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("", "app", "Runtime.MalformedHandlerName", "Bad handler 'app'"),
        ("def broken(", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("1 / 0", "app.handler", "ZeroDivisionError", "division by zero"),
        ("import sys; sys.exit(3)", "app.handler", "Runtime.ExitError", "exit status 3"),
        ("def handler(e, c): return {1}", "app.handler", "Runtime.MarshalError", "set is not JSON serializable"),
        ("def handler(e, c): return 'x' * 7_000_000", "app.handler", "Function.ResponseSizeTooLarge", "6291556 bytes"),
        ("import os\ndef handler(e, c): os._exit(0)", "app.handler", "Runtime.ExitError", "without providing a reason"),
        ("import sys\ndef handler(e, c): sys.exit('bye')", "app.handler", "Runtime.ExitError", "exit status 1"),
    ],
)
def test_errors_of_the_runtime(lab: RunningLab, code: str, handler: str, error_type: str, message: str) -> None:
    """The names that AWS's Python runtime gives them."""
    name = f"wrong-{uuid.uuid4().hex[:8]}"
    create(lab, name, code, Handler=handler)
    payload, answer = invoke(lab, name)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == error_type and message in payload["errorMessage"]
    if error_type == "Function.ResponseSizeTooLarge":  # said by the service, which names no request (recorded on AWS)
        assert payload.keys() == {"errorType", "errorMessage"}
    else:
        assert answer["ResponseMetadata"]["RequestId"] in str(payload)


def test_layers_lie_over_one_another(lab: RunningLab) -> None:
    """Layers unzip to /opt in their order; /opt/python is on the path behind the function's own code."""
    client = lab.client("lambda")
    layers = [
        client.publish_layer_version(LayerName=name, Content={"ZipFile": files}, CompatibleRuntimes=["python3.12"])[
            "LayerVersionArn"
        ]
        for name, files in (
            ("base", archive(**{"python/tools__py": "NAME = 'base'", "python/base__py": "A = 1"})),
            ("over", archive(**{"python/tools__py": "NAME = 'over'", "python/app__py": "wrong = 1"})),
        )
    ]
    code = "import tools, base\ndef handler(e, c): return [tools.NAME, base.A]"
    create(lab, "layered", code, Layers=layers)
    assert invoke(lab, "layered")[0] == ["over", 1]
    client.update_function_configuration(FunctionName="layered", Layers=layers[::-1])
    assert invoke(lab, "layered")[0] == ["base", 1]


def test_updates_take_effect_without_restart(lab: RunningLab) -> None:
    client = lab.client("lambda")
    create(lab, "changing", "import os\ndef handler(e, c): return ['one', os.environ.get('MODE')]")
    assert invoke(lab, "changing")[0] == ["one", None]
    client.update_function_configuration(FunctionName="changing", Environment={"Variables": {"MODE": "fast"}})
    assert invoke(lab, "changing")[0] == ["one", "fast"]
    client.update_function_code(
        FunctionName="changing", ZipFile=source("import os\ndef handler(e, c): return ['two', os.environ['MODE']]")
    )
    assert invoke(lab, "changing")[0] == ["two", "fast"]


def test_versions_and_aliases(lab: RunningLab) -> None:
    """A version keeps its code; an alias runs the version it points to; weights split the calls."""
    client = lab.client("lambda")
    code = "def handler(e, c): return ['{}', c.function_version, c.invoked_function_arn.rpartition(':')[2]]"
    create(lab, "versioned", code.format("old"))
    client.publish_version(FunctionName="versioned")
    client.update_function_code(FunctionName="versioned", ZipFile=source(code.format("new")), Publish=True)
    client.create_alias(FunctionName="versioned", Name="live", FunctionVersion="1")
    assert invoke(lab, "versioned")[0] == ["new", "$LATEST", "versioned"]
    assert invoke(lab, "versioned", Qualifier="1")[0] == ["old", "1", "1"]
    assert invoke(lab, "versioned:2")[0] == ["new", "2", "2"]
    payload, answer = invoke(lab, "versioned", Qualifier="live")
    assert payload == ["old", "1", "live"] and answer["ExecutedVersion"] == "1"
    client.update_alias(FunctionName="versioned", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert {invoke(lab, "versioned", Qualifier="live")[0][0] for _ in range(40)} == {"old", "new"}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(lab, "versioned", Qualifier="9")


def test_all_versions_are_listed_without_a_look_at_the_logs(new_lab: Callable[..., RunningLab]) -> None:
    """moto copied CloudWatch Logs for each function that ListFunctions tells of: half a minute of an older lab."""
    lab = new_lab()
    for name in ("one", "two", "three"):
        create(lab, name, "def handler(event, context): pass")
    functions, logs, server = lab.client("lambda"), lab.client("logs"), psutil.Process(lab.pid)

    def cost() -> float:
        before = sum(server.cpu_times()[:2])
        assert len(functions.list_functions(FunctionVersion="ALL")["Functions"]) == 3
        return sum(server.cpu_times()[:2]) - before

    before = cost()
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(datetime.now(UTC).timestamp() * 1000)
    for _ in range(6):
        events = [{"timestamp": now, "message": "m"}] * 10_000
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    assert cost() < 5 * before + 0.3  # seconds; with all events copied, more than one


def test_concurrent_calls_have_environments_of_their_own(lab: RunningLab) -> None:
    """One environment for each concurrent call, up to the reserved concurrency (then 429)."""
    create(
        lab,
        "parallel",
        """
        import time
        def handler(event, context):
            time.sleep(event)
            return context.log_stream_name
        """,
        Timeout=60,
    )
    lab.client("lambda").put_function_concurrency(FunctionName="parallel", ReservedConcurrentExecutions=3)
    refused: list[str] = []

    def call(_: int) -> Any:
        try:
            return invoke(lab, "parallel", 4)[0]
        except ClientError as error:
            refused.append(error.response["Error"]["Code"])

    with ThreadPoolExecutor(5) as threads:
        calls = [threads.submit(call, number) for number in range(5)]
        eventually(lambda: len(refused) == 2)
    streams = {call.result() for call in calls} - {None}
    assert len(streams) == 3 and refused == ["TooManyRequestsException"] * 2
    assert invoke(lab, "parallel", 0)[0] in streams


def test_each_of_many_calls_at_once_leaves_its_lines_in_order(lab: RunningLab) -> None:
    """PutLogEvents takes no batch that is not in order: the lines of two calls in one environment must not cross."""
    create(lab, "crowd", "def handler(event, context):\n    print('HEARD', event)")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: invoke(lab, "crowd", number), range(120)))
    heard = [line for line in log_lines(lab, "crowd", until="REPORT", times=120) if line.startswith("HEARD")]
    assert sorted(int(line.split()[1]) for line in heard) == list(range(120))


def test_a_role_must_trust_lambda(lab: RunningLab) -> None:
    """Held to "Defining Lambda function permissions with an execution role" (Lambda developer guide)."""
    iam, functions = lab.client("iam"), lab.client("lambda")
    trusted = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    glue = iam.create_role(RoleName="for-glue", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    create(lab, "trusting", "def handler(event, context):\n    return 1")
    for untrusting in (glue, "arn:aws:iam::123456789012:role/nobody"):
        for refused in (
            lambda arn=untrusting: create(lab, "untrusted", "x", Role=arn),
            lambda arn=untrusting: functions.update_function_configuration(FunctionName="trusting", Role=arn),
        ):
            with pytest.raises(ClientError) as error:
                refused()
            assert error.value.response["Error"] == {
                "Code": "InvalidParameterValueException",
                "Message": "The role defined for the function cannot be assumed by Lambda.",
            }
    assert "untrusted" not in function_names(lab)
    assert functions.get_function_configuration(FunctionName="trusting")["Role"] == role(lab)


def test_metrics_and_units(lab: RunningLab) -> None:
    """AWS/Lambda's metrics, and what a call is billed for."""
    create(lab, "measured", "def handler(e, c): return 1 / e", MemorySize=1024)
    _, answer = invoke(lab, "measured", 1)
    invoke(lab, "measured", 0)
    request_id = answer["ResponseMetadata"]["RequestId"]
    units = next(c["units"] for c in lab.calls() if c["request_id"] == request_id)
    assert units["lambda:requests"] == 1 and units["lambda:gb_seconds"] * 1000 == pytest.approx(
        round(units["lambda:gb_seconds"] * 1000)
    )

    def sums() -> dict[str, float]:
        cloudwatch, found = lab.client("cloudwatch"), {}
        now = datetime.now(UTC)
        for metric in ("Invocations", "Errors", "Duration"):
            points = cloudwatch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=metric,
                Dimensions=[{"Name": "FunctionName", "Value": "measured"}],
                StartTime=now - timedelta(minutes=10),
                EndTime=now + timedelta(minutes=10),
                Period=3600,
                Statistics=["Sum"],
            )["Datapoints"]
            found[metric] = sum(point["Sum"] for point in points)
        return found

    found = eventually(lambda: (seen := sums())["Invocations"] == 2 and seen)
    assert found["Errors"] == 1 and found["Duration"] > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"Runtime": "nodejs22.x"}, "the runtime must be python3.x, not 'nodejs22.x'"),
        ({"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}}, "reserved keys"),
        ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "4KB limit"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, "LogFormat Text only"),
        ({"Timeout": 901}, "between 1 and 900"),
        ({"MemorySize": 64}, "greater than or equal to 128"),
        ({"Role": "arn:aws:iam::123456789012:role/nobody"}, "cannot be assumed by Lambda"),
        ({"Code": {"S3Bucket": "no-such-bucket-here", "S3Key": "a.zip"}}, "NoSuchBucket"),
    ],
)
def test_settings_that_cannot_be_run_are_refused(lab: RunningLab, settings: dict[str, Any], message: str) -> None:
    function = {
        "FunctionName": "refused",
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": role(lab),
        "Code": {"ZipFile": source("")},
    }
    with pytest.raises(ClientError, match=re.escape(message)):
        lab.client("lambda", config=UNCHECKED).create_function(**{**function, **settings})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        lab.client("lambda").get_function(FunctionName="refused")


def test_command_line(lab: RunningLab, tmp_path: Path) -> None:
    """Code from S3, and the AWS CLI's own way to invoke."""
    (tmp_path / "app.zip").write_bytes(source("def handler(event, context): return {'got': event['key']}"))
    lab.aws("s3", "mb", "s3://lambda-code")
    lab.aws("s3", "cp", str(tmp_path / "app.zip"), "s3://lambda-code/app.zip")
    lab.aws(
        *"lambda create-function --function-name from-s3 --runtime python3.12 --handler app.handler".split(),
        *f"--role {role(lab)} --code S3Bucket=lambda-code,S3Key=app.zip".split(),
    )
    lab.aws(
        *"lambda invoke --function-name from-s3".split(),
        "--payload",
        '{"key": "value"}',
        str(tmp_path / "answer.json"),
    )
    assert json.loads((tmp_path / "answer.json").read_text()) == {"got": "value"}
