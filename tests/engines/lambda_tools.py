"""What the tests of Lambda share: functions made of a few lines, and a look at their logs."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from typing import Any

import psutil

from tests.conftest import RunningLab, eventually
from tests.roles import open_to_services, role


def archive(**files: str | bytes) -> bytes:
    """A .zip of files by name (``__`` stands for a dot)."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name.replace("__", "."), content)
    return made.getvalue()


def source(code: str) -> bytes:
    """A .zip with *code* as ``app.py``."""
    return archive(app__py=textwrap.dedent(code))


def function_names(lab: RunningLab) -> set[str]:
    """All of them: one answer of ListFunctions has fifty at most."""
    pages = lab.client("lambda").get_paginator("list_functions").paginate()
    return {function["FunctionName"] for page in pages for function in page["Functions"]}


def create(lab: RunningLab, name: str, code: str | bytes, **settings: Any) -> str:
    """Make a function of *code* (its ``app.handler``, or a .zip); returns its ARN."""
    function = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": role(lab),
        "Code": {"ZipFile": code if isinstance(code, bytes) else source(code)},
        **settings,
    }
    return lab.client("lambda").create_function(**function)["FunctionArn"]


def invoke(lab: RunningLab, name: str, event: Any = None, **options: Any) -> tuple[Any, dict[str, Any]]:
    """The decoded payload, and the whole answer."""
    answer = lab.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)
    body = answer["Payload"].read()
    return (json.loads(body) if body else None), answer


def environments(name: str, lab: RunningLab | None) -> list[psutil.Process]:
    """The processes of a function that live, as the machine sees them: the handler sees numbers of its own.

    Other tests' labs run beside this *lab*, with functions of the same names. None: the function is of no lab.
    """
    wanted = {"AWS_LAMBDA_FUNCTION_NAME": name} | ({"AWS_ENDPOINT_URL": lab.endpoint} if lab else {})
    found = []
    for process in psutil.process_iter():
        try:
            if wanted.items() <= process.environ().items() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def log_lines(lab: RunningLab, name: str, until: str = "REPORT", times: int = 1, seconds: float = 10.0) -> list[str]:
    """The function's log, once it has *times* lines with *until*; fails after *seconds*."""
    logs = lab.client("logs")

    def read() -> list[str]:
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        lines = [event["message"] for event in events]
        return lines if sum(until in line for line in lines) >= times else []

    return eventually(read, seconds)


def queue(lab: RunningLab, name: str, **attributes: str) -> tuple[str, str]:
    """The URL and ARN of a new queue, to which services may send."""
    sqs, arn = lab.client("sqs"), f"arn:aws:sqs:us-east-1:123456789012:{name}"
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": open_to_services(arn), **attributes})["QueueUrl"]
    return url, arn


def receive(lab: RunningLab, url: str) -> dict[str, Any]:
    """The next message of a queue."""
    sqs = lab.client("sqs")
    return eventually(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages"), seconds=20
    )[0]
