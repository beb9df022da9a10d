"""Rotation: Secrets Manager invokes the secret's function four times, after the caller has been answered.

Sources: "Lambda rotation functions" and "Rotation function permissions" (Secrets Manager user guide); API reference,
RotateSecret. Which version is AWSCURRENT in the end is the function's affair: its last step moves the label.
"""

from __future__ import annotations

import json
import logging
import math
from concurrent.futures import Future
from functools import partial
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.secretsmanager.exceptions import ResourceNotFoundException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from localaws.gateway.errors import AwsError
from localaws.lab import Lab

log = logging.getLogger(__name__)

DAY = 86_400
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


def new_version(secret: FakeSecret, token: str, now: int, **value: Any) -> None:
    """Make the version *token*, which is AWSPENDING, and has a value only if one is given."""
    secret.versions[token] = {**value, "createdate": now, "version_id": token, "version_stages": ["AWSPENDING"]}


def pending(secret: FakeSecret) -> str | None:
    """The version that a rotation has not yet come to an end with."""
    labels = {token: version["version_stages"] for token, version in secret.versions.items()}
    return next(
        (token for token, stages in labels.items() if "AWSPENDING" in stages and "AWSCURRENT" not in stages), None
    )


def begin(lab: Lab, secret: FakeSecret, token: str, is_now: bool) -> Future[None]:
    """Rotate to the version *token* in the background, or, unless it *is_now*, only have the function test it."""
    ended: Future[None] = Future()

    def work() -> None:
        try:
            _rotate(lab, secret, token, is_now)
        finally:
            ended.set_result(None)

    lab.spawn(f"rotation of {secret.arn}", work)
    return ended


def set_date(secret: FakeSecret, now: int) -> None:
    """Have the secret rotated so many days from *now* as its rules say."""
    days = secret.auto_rotate_after_days
    secret.rotation_enabled, secret.next_rotation_date = days > 0, now + days * DAY if days else None


def await_rotation(lab: Lab, backend: SecretsManagerBackend, arn: str) -> None:
    """Have the secret rotated at its date, and then again, if it has one that is not changed until then."""
    secret = backend.secrets.get(arn)
    if isinstance(secret, FakeSecret) and secret.rotation_enabled and secret.next_rotation_date:
        again = partial(_rotate_again, lab, backend, arn)
        lab.timer.at(secret.next_rotation_date, f"rotation of secret {arn}", again)


def _rotate_again(lab: Lab, backend: SecretsManagerBackend, arn: str) -> Future[None] | None:
    with lab.state.changing("secretsmanager"):
        secret, now = backend.secrets.get(arn), int(lab.clock.time())
        if not isinstance(secret, FakeSecret) or secret.is_deleted() or not secret.rotation_enabled:
            return None
        if (secret.next_rotation_date or math.inf) > now:
            return None
        set_date(secret, now)
        token = pending(secret) or str(uuid4())
        if token not in secret.versions:
            new_version(secret, token, now)
    await_rotation(lab, backend, arn)
    return begin(lab, secret, token, True)


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
