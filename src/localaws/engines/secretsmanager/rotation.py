"""Rotation: Secrets Manager invokes the secret's function four times, after the caller has been answered.

Sources: "Lambda rotation functions" and "Rotation function permissions" (Secrets Manager user guide); API reference,
RotateSecret. Which version is AWSCURRENT in the end is the function's affair: its last step moves the label.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from botocore.exceptions import ClientError
from moto.secretsmanager.exceptions import ResourceNotFoundException
from moto.secretsmanager.models import FakeSecret

from localaws.gateway.errors import AwsError
from localaws.lab import Lab

log = logging.getLogger(__name__)

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_NOT_GRANTED = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to "
    "the principal secretsmanager.amazonaws.com."
)


def check_function(lab: Lab, region: str, arn: str) -> None:
    """Raises ResourceNotFoundException, or AccessDeniedException for a function that may not be invoked."""
    try:
        _lambda(lab, region).invoke(FunctionName=arn, InvocationType="DryRun")
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            raise AwsError("AccessDeniedException", _NOT_GRANTED, 400, {"Message": _NOT_GRANTED}) from None
        raise ResourceNotFoundException(f"Resource not found for ARN '{arn}'.") from None


def begin(lab: Lab, secret: FakeSecret, token: str, is_now: bool) -> None:
    """Rotate to the version *token* in the background, or, unless it *is_now*, only have the function test it."""
    lab.spawn(f"rotation of {secret.arn}", lambda: _rotate(lab, secret, token, is_now))


def _rotate(lab: Lab, secret: FakeSecret, token: str, is_now: bool) -> None:
    client = _lambda(lab, secret.region)
    for step in STEPS if is_now else STEPS[2:3]:
        event = json.dumps({"SecretId": secret.arn, "ClientRequestToken": token, "Step": step})
        try:
            failed = client.invoke(FunctionName=secret.rotation_lambda_arn, Payload=event).get("FunctionError")
        except ClientError as error:
            failed = str(error)
        if failed:  # the version stays AWSPENDING, for the next try
            log.warning("%s of %s failed: %s", step, secret.arn, failed)
            return
    with lab.state.changing("secretsmanager"):
        version: dict[str, Any] = secret.versions[token]
        version["version_stages"] = [stage for stage in version["version_stages"] if stage != "AWSPENDING"]
        if is_now:
            secret.last_rotation_date = int(lab.clock.time())
        else:
            del secret.versions[token]


def _lambda(lab: Lab, region: str) -> Any:
    return lab.client("lambda", region=region, by="secretsmanager")
