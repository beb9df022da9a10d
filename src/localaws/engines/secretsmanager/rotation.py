"""Rotation: Secrets Manager invokes the secret's function four times, after the caller has been answered.

Sources: "Lambda rotation functions" and "Rotation function permissions" (Secrets Manager user guide); API reference,
RotateSecret and DescribeSecret ("Secrets Manager retries the entire rotation process"). Which version is AWSCURRENT in
the end is the function's affair: its last step moves the label.
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

from localaws.client import working_for
from localaws.engines.secretsmanager.schedule import HOUR, next_window
from localaws.engines.secretsmanager.secrets import RotatedSecret
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

log = logging.getLogger(__name__)

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_NOT_GRANTED = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to "
    "the principal secretsmanager.amazonaws.com."
)


def check_function(lab: Lab, secret: FakeSecret, arn: str) -> None:
    """Raises ResourceNotFoundException, or AccessDeniedException for a function that may not be invoked."""
    try:
        with working_for(secret.arn):
            _lambda(lab, secret.region).invoke(FunctionName=arn, InvocationType="DryRun")
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


def begin(lab: Lab, secret: RotatedSecret, token: str, is_now: bool) -> Future[None]:
    """Rotate to the version *token* in the background, or, unless it *is_now*, only have the function test it."""
    ended: Future[None] = Future()
    secret.rotating, secret.rotates_now = token, is_now
    secret.attempt = attempt = str(uuid4())

    def work() -> None:
        try:
            with working_for(secret.arn):  # a function's policy may be held to one secret, or one account
                _rotate(lab, secret, token, is_now)
            if secret.attempt == attempt:
                with lab.state.changing("secretsmanager"):
                    secret.rotating = ""
        finally:
            ended.set_result(None)

    lab.spawn(f"rotation of {secret.arn}", work)
    return ended


def go_on(lab: Lab, secret: RotatedSecret) -> None:
    """Begin the rotation again that a kill has ended: each step is such that it may be taken twice."""
    if secret.rotating in secret.versions:
        lab.timer.follow(f"rotation of secret {secret.arn}", begin(lab, secret, secret.rotating, secret.rotates_now))


def set_date(secret: RotatedSecret, now: float) -> None:
    """Have the secret, rotated *now*, rotated again in the next window of its rules, if they say any."""
    window = next_window(secret.schedule, now)
    secret.rotation_enabled = True
    secret.rotates_at, secret.next_rotation_date = (window.opens, window.closes) if window else (None, None)


def await_rotation(lab: Lab, backend: SecretsManagerBackend, arn: str) -> None:
    """Have the secret rotated at its date, and then again, if it has one that is not changed until then."""
    secret = backend.secrets.get(arn)
    if isinstance(secret, RotatedSecret) and secret.rotation_enabled and secret.next_try:
        again = partial(_rotate_again, lab, backend, arn)
        lab.timer.at(secret.next_try, f"rotation of secret {arn}", again)


def _rotate_again(lab: Lab, backend: SecretsManagerBackend, arn: str) -> Future[None] | None:
    with lab.state.changing("secretsmanager"):
        secret, now = backend.secrets.get(arn), lab.clock.time()
        if not isinstance(secret, RotatedSecret) or secret.is_deleted() or not secret.rotation_enabled:
            return None
        if (secret.next_try or math.inf) > now:
            return None
        _set_next_try(secret, now)
        token = pending(secret) or str(uuid4())
        if token not in secret.versions:
            new_version(secret, token, int(now))
        ended = begin(lab, secret, token, True)
    ended.add_done_callback(lambda _: await_rotation(lab, backend, arn))
    return ended


def _set_next_try(secret: RotatedSecret, now: float) -> None:
    """Should this try fail, the next is an hour later; or in the next window, when this one has closed by then.

    The date that is told stays, for it has been missed ("If rotation is unsuccessful, this date may be in the past").
    """
    later = now + HOUR
    window = next_window(secret.schedule, now)
    is_open = later <= (secret.next_rotation_date or 0)
    secret.rotates_at = later if is_open else window.opens if window else None


def _rotate(lab: Lab, secret: RotatedSecret, token: str, is_now: bool) -> None:
    client = _lambda(lab, secret.region)
    for step in STEPS if is_now else STEPS[2:3]:
        lab.state.settle("secretsmanager")  # what a step has made is kept before the next one relies on it
        if secret.rotating != token:  # it was cancelled
            return
        event = json.dumps({"SecretId": secret.arn, "ClientRequestToken": token, "Step": step})
        try:
            failed = client.invoke(FunctionName=secret.rotation_lambda_arn, Payload=event).get("FunctionError")
        except ClientError as error:
            failed = str(error)
        if failed:
            log.warning("%s of %s failed: %s", step, secret.arn, failed)
            break
    with lab.state.changing("secretsmanager"):
        if secret.rotating == token and not (failed and is_now):
            _finish(secret, token, is_now, lab.clock.time())


def _finish(secret: RotatedSecret, token: str, is_now: bool, now: float) -> None:
    """The steps have succeeded, or it was a test, whose version goes however it ended (API reference, RotateSecret).

    If the last step has not made the version AWSCURRENT, the rotation is not complete.
    """
    if not is_now:
        del secret.versions[token]
        return
    version: dict[str, Any] = secret.versions[token]
    if "AWSCURRENT" not in version["version_stages"]:
        log.warning("finishSecret of %s has not made %s current", secret.arn, token)
        return
    version["version_stages"] = [stage for stage in version["version_stages"] if stage != "AWSPENDING"]
    secret.last_rotation_date = int(now)
    if secret.rotation_enabled:
        set_date(secret, now)


def _lambda(lab: Lab, region: str) -> Any:
    return lab.client("lambda", region=region, by="secretsmanager")
