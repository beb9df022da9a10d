"""Lambda runs handlers: synchronous calls, their logs and errors, and what a handler sees.

Held to the Lambda developer guide ("Define Lambda function handler in Python", "Using the Lambda context object",
"Log and monitor Python Lambda functions") and to Invoke in the API reference.
"""

from __future__ import annotations

import base64
import re

from tests.conftest import RunningLab
from tests.engines.lambda_tools import create, invoke, log_lines


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
