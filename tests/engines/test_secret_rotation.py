"""A secret is rotated by its function, at once and at its date (Secrets Manager user guide, "Rotate secrets")."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import create
from tests.engines.secret_tools import ROTATION, is_current, rotation
from tests.gateway.wire import advance

DAY = 86400


def value_of(lab: RunningLab, name: str) -> str:
    return str(lab.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def test_a_secret_is_rotated_each_so_many_days(new_lab: Callable[..., RunningLab]) -> None:
    """API reference, RotationRulesType: AutomaticallyAfterDays; a restart between does not make it forget."""
    lab = new_lab()
    secrets, function = lab.client("secretsmanager"), rotation(lab, "rotates", ROTATION)
    secrets.create_secret(Name="dated", SecretString="old")
    rules = {"AutomaticallyAfterDays": 30}
    first = secrets.rotate_secret(SecretId="dated", RotationLambdaARN=function, RotationRules=rules)["VersionId"]
    eventually(partial(is_current, secrets, "dated", first), 60)
    advance(lab, 29 * DAY)
    assert value_of(lab, "dated") == first
    lab.stop()
    lab.start()
    seen = {first}
    for _ in range(2):
        advance(lab, 30 * DAY)
        eventually(lambda: value_of(lab, "dated") not in seen, 60)
        seen.add(value_of(lab, "dated"))
    assert len(seen) == 3
    lab.client("secretsmanager").cancel_rotate_secret(SecretId="dated")
    advance(lab, 31 * DAY)
    assert value_of(lab, "dated") in seen


def test_a_rotation_not_at_once_only_tests_the_function(lab: RunningLab) -> None:
    """API reference, RotateSecret, RotateImmediately: it runs testSecret, and removes the version again."""
    secrets = lab.client("secretsmanager")
    function = rotation(lab, "tests-rotation", "def handler(event, context): assert event['Step'] == 'testSecret'")
    current = secrets.create_secret(Name="not-at-once", SecretString="old")["VersionId"]
    secrets.rotate_secret(SecretId="not-at-once", RotationLambdaARN=function, RotateImmediately=False)
    described = partial(secrets.describe_secret, SecretId="not-at-once")
    eventually(lambda: described()["VersionIdsToStages"] == {current: ["AWSCURRENT"]}, 60)


def test_a_rotation_that_fails_changes_nothing(lab: RunningLab) -> None:
    """Secrets Manager user guide, "Troubleshoot rotation": the version stays AWSPENDING, and is tried again."""
    secrets = lab.client("secretsmanager")
    function = rotation(lab, "rotates-not", "def handler(event, context): raise ValueError")
    current = secrets.create_secret(Name="not-rotated", SecretString="old")["VersionId"]
    rotate = {"SecretId": "not-rotated", "RotationLambdaARN": function}
    pending = secrets.rotate_secret(**rotate)["VersionId"]
    with pytest.raises(ClientError, match="A previous rotation isn't complete") as caught:
        secrets.rotate_secret(**rotate)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    ran = lambda: [c for c in lab.calls() if function in c["resources"] and c["units"]]  # noqa: E731
    assert len(eventually(lambda: len(ran()) >= 2 and ran(), 60)) == 2  # one step of each
    stages = secrets.describe_secret(SecretId="not-rotated")["VersionIdsToStages"]
    assert stages == {current: ["AWSCURRENT"], pending: ["AWSPENDING"]}
    assert secrets.get_secret_value(SecretId="not-rotated")["SecretString"] == "old"


def test_a_function_may_be_held_to_one_secret(lab: RunningLab) -> None:
    """ "Rotation function permissions" (user guide): aws:SourceAccount, and aws:SourceArn for one secret alone."""
    secrets, function = lab.client("secretsmanager"), create(lab, "rotates-one", ROTATION)
    mine, other = (secrets.create_secret(Name=name, SecretString="old")["ARN"] for name in ("held", "not-held"))
    lab.client("lambda").add_permission(
        FunctionName="rotates-one",
        StatementId="one",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
        SourceArn=mine,
        SourceAccount=mine.split(":")[4],
    )
    with pytest.raises(ClientError, match="cannot invoke the specified Lambda function"):
        secrets.rotate_secret(SecretId=other, RotationLambdaARN=function)
    version = secrets.rotate_secret(SecretId=mine, RotationLambdaARN=function)["VersionId"]
    eventually(partial(is_current, secrets, "held", version), 60)


def test_a_version_keeps_its_value(lab: RunningLab) -> None:
    """API reference, PutSecretValue: the same token with another value fails, with the same value it is done."""
    secrets, token = lab.client("secretsmanager"), str(uuid4())
    secrets.create_secret(Name="put-twice", SecretString="old")
    pending = {"SecretId": "put-twice", "ClientRequestToken": token, "VersionStages": ["AWSPENDING"]}
    for _ in range(2):
        assert secrets.put_secret_value(**pending, SecretString="new")["VersionId"] == token
    with pytest.raises(secrets.exceptions.ResourceExistsException, match="already in use for a version"):
        secrets.put_secret_value(**pending, SecretString="newer")
    stages = {"VersionId": token, "VersionStage": "AWSPENDING"}
    assert secrets.get_secret_value(SecretId="put-twice", **stages)["SecretString"] == "new"
