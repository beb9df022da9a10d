"""Functions for the scenarios of Lambda, and what AWS says of them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.recorded.replay import Answer, Replay, refusal

ROLE = "arn:aws:iam::123456789012:role/lambda-recorded"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ECHO = "def handler(event, context):\n    return event\n"


def archive(code: str) -> bytes:
    """A zip archive with *code* as ``index.py``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("index.py", code)
    return buffer.getvalue()


def role_of(replay: Replay) -> str:
    """A role that functions run with, allowed everything."""
    iam, name = replay.client("iam"), replay.unique("role")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(allowed))
    return str(role)


def request(replay: Replay, code: str = ECHO, **more: Any) -> dict[str, Any]:
    """What CreateFunction is asked for: a new name, and *more*."""
    asked = {
        "FunctionName": replay.unique("function"),
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": archive(code)},
        **more,
    }
    return asked if "Role" in asked else {**asked, "Role": role_of(replay)}


def function_of(replay: Replay, code: str = ECHO, **more: Any) -> tuple[Any, str]:
    """A client, and the name of a function that is ready."""
    client, asked = replay.client("lambda"), request(replay, code, **more)
    client.create_function(**asked)
    client.get_waiter("function_active_v2").wait(FunctionName=asked["FunctionName"], WaiterConfig={"Delay": 1})
    return client, asked["FunctionName"]


def configuration(asked: dict[str, Any], state: str = "Active", **more: Any) -> Answer:
    """AWS's configuration of the function that was *asked* for.

    *state* is ``Pending`` as in CreateFunction's answer, ``Active``, ``InProgress`` as in an update's answer, or
    ``Listed`` for lists, which have no state.
    """
    name = asked["FunctionName"]
    creating = "The function is being created."
    states: dict[str, Answer] = {
        "Pending": {"State": "Pending", "StateReason": creating, "StateReasonCode": "Creating"},
        "Active": {"State": "Active", "LastUpdateStatus": "Successful"},
        "InProgress": {
            "State": "Active",
            "LastUpdateStatus": "InProgress",
            "LastUpdateStatusReason": creating,
            "LastUpdateStatusReasonCode": "Creating",
        },
        "Listed": {},
    }
    if state != "Listed":
        states[state]["RuntimeVersionConfig"] = {"RuntimeVersionArn": "arn:aws:lambda:<region>::runtime:<runtime>"}
    return {
        "Architectures": ["x86_64"],
        "CodeSha256": str,
        "CodeSize": int,
        "Description": asked.get("Description", ""),
        "EphemeralStorage": {"Size": 512},
        "FunctionArn": f"arn:aws:lambda:<region>:<account>:function:{name}",
        "FunctionName": name,
        "Handler": asked["Handler"],
        "LastModified": str,
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        "MemorySize": asked.get("MemorySize", 128),
        "PackageType": "Zip",
        "RevisionId": str,
        "Role": asked["Role"],
        "Runtime": asked["Runtime"],
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "Timeout": asked.get("Timeout", 3),
        "TracingConfig": {"Mode": "PassThrough"},
        "Version": "$LATEST",
        **({"Environment": asked["Environment"]} if "Environment" in asked else {}),
        **states[state],
        **more,
    }


def missing(message: str) -> Answer:
    """ResourceNotFoundException: its message has a capital letter in Lambda's model."""
    return refusal("ResourceNotFoundException", message, 404, Message=message, Type="User")


def no_function(name: str) -> Answer:
    return missing(f"Function not found: arn:aws:lambda:<region>:<account>:function:{name}")


def invalid(message: str, code: str = "InvalidParameterValueException", status: int = 400) -> Answer:
    return refusal(code, message, status, message=message, Type="User")


def constraint(name: str, value: str, broken: str) -> Answer:
    """What AWS says before Lambda itself sees a request."""
    said = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {broken}"
    return refusal("ValidationException", said)
