"""When secrets are rotated, tried again, and no more.

Sources: Secrets Manager API reference, RotationRulesType, DescribeSecret, CancelRotateSecret; "Schedule expressions in
Secrets Manager rotation" (user guide).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.engines.secretsmanager.schedule import ScheduleFaultError, next_window
from tests.conftest import RunningLab, eventually
from tests.engines.secret_tools import ROTATION, is_current, rotation
from tests.gateway.wire import advance

HOUR, DAY = 3600, 86_400
#: A Wednesday.
NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rules", "opens", "closes"),
    [
        ({"AutomaticallyAfterDays": 10}, "2026-03-14 00:00", "2026-03-14 23:59"),
        ({"ScheduleExpression": "rate(10 days)"}, "2026-03-14 00:00", "2026-03-14 23:59"),
        ({"ScheduleExpression": "rate(1 day)", "Duration": "3h"}, "2026-03-05 00:00", "2026-03-05 03:00"),
        ({"ScheduleExpression": "rate(4 hours)"}, "2026-03-04 12:00", "2026-03-04 13:00"),
        ({"ScheduleExpression": "rate(12 hours)", "Duration": "2h"}, "2026-03-04 12:00", "2026-03-04 14:00"),
        ({"ScheduleExpression": "cron(0 8 * * ? *)"}, "2026-03-05 08:00", "2026-03-05 23:59"),
        ({"ScheduleExpression": "cron(0 16 * * ? *)"}, "2026-03-04 16:00", "2026-03-04 23:59"),
        ({"ScheduleExpression": "cron(0 0/8 * * ? *)"}, "2026-03-04 16:00", "2026-03-04 17:00"),
        ({"ScheduleExpression": "cron(0 8 1,15 * ? *)"}, "2026-03-15 08:00", "2026-03-15 23:59"),
        ({"ScheduleExpression": "cron(0 8 L * ? *)"}, "2026-03-31 08:00", "2026-03-31 23:59"),
        ({"ScheduleExpression": "cron(0 8 29 2 ? *)"}, "2028-02-29 08:00", "2028-02-29 23:59"),
        ({"ScheduleExpression": "cron(0 10 ? * MON-FRI *)"}, "2026-03-05 10:00", "2026-03-05 23:59"),
        ({"ScheduleExpression": "cron(0 2 ? * SUN#1 *)"}, "2026-04-05 02:00", "2026-04-05 23:59"),
        ({"ScheduleExpression": "cron(0 2 ? * 6L *)"}, "2026-03-27 02:00", "2026-03-27 23:59"),
        ({"ScheduleExpression": "cron(0 2 1 JAN-JUN/3 ? *)"}, "2026-04-01 02:00", "2026-04-01 23:59"),
    ],
)
def test_a_schedule_means_windows(rules: dict[str, Any], opens: str, closes: str) -> None:
    window = next_window(rules, NOW.timestamp())
    assert window is not None
    told = [f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d %H:%M}" for each in (window.opens, window.closes)]
    assert told == [opens, closes]


@pytest.mark.parametrize(
    "rules",
    [
        {"ScheduleExpression": "rate(3 hours)"},
        {"ScheduleExpression": "rate(0 days)"},
        {"ScheduleExpression": "rate(90 minutes)"},
        {"ScheduleExpression": "cron(30 8 * * ? *)"},
        {"ScheduleExpression": "cron(0 8 * * ? 2027)"},
        {"ScheduleExpression": "cron(0 8 * * * *)"},
        {"ScheduleExpression": "cron(0 24 * * ? *)"},
        {"ScheduleExpression": "cron(0 8 31 2 ? *)"},
        {"ScheduleExpression": "cron(0 8 ? * XYZ *)"},
        {"ScheduleExpression": "at(2027-01-01)"},
        {"ScheduleExpression": "rate(4 hours)", "Duration": "5h"},
        {"ScheduleExpression": "cron(0 22 * * ? *)", "Duration": "3h"},
        {"ScheduleExpression": "rate(4 hours)", "AutomaticallyAfterDays": 1},
    ],
)
def test_what_is_no_schedule_is_refused(lab: RunningLab, rules: dict[str, Any]) -> None:
    with pytest.raises(ScheduleFaultError):
        next_window(rules, NOW.timestamp())


def test_a_refused_schedule_is_an_invalid_parameter(lab: RunningLab) -> None:
    secrets = lab.client("secretsmanager")
    secrets.create_secret(Name="badly-scheduled", SecretString="old")
    function = rotation(lab, "scheduled", ROTATION)
    rules = {"ScheduleExpression": "rate(1 hour)"}
    with pytest.raises(ClientError) as caught:
        secrets.rotate_secret(SecretId="badly-scheduled", RotationLambdaARN=function, RotationRules=rules)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert "RotationEnabled" not in secrets.describe_secret(SecretId="badly-scheduled")


#: Fails until the secret "works" says otherwise.
UNTIL_IT_WORKS = """
    import boto3

    def handler(event, context):
        if boto3.client("secretsmanager").get_secret_value(SecretId="works")["SecretString"] == "no":
            raise RuntimeError("not yet")
        rotate(event)
    """ + ROTATION.replace("def handler(event, context)", "def rotate(event)")  # fmt: skip


def test_a_rotation_that_fails_is_tried_again_and_keeps_the_old_version(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    secrets = lab.client("secretsmanager")
    secrets.create_secret(Name="works", SecretString="no")
    old = secrets.create_secret(Name="retried", SecretString="old")["VersionId"]
    function = rotation(lab, "retries", UNTIL_IT_WORKS)
    rules = {"ScheduleExpression": "cron(0 0 * * ? *)"}
    rotate = {"SecretId": "retried", "RotationLambdaARN": function, "RotationRules": rules}
    rotate_described = partial(secrets.describe_secret, SecretId="retried")
    secrets.rotate_secret(**rotate, RotateImmediately=False)
    before = rotate_described()
    assert before["RotationRules"] == rules
    advance(lab, DAY)  # the window has opened
    described = rotate_described()
    assert described["VersionIdsToStages"][old] == ["AWSCURRENT"]
    assert secrets.get_secret_value(SecretId="retried")["SecretString"] == "old"
    assert "LastRotatedDate" not in described
    secrets.put_secret_value(SecretId="works", SecretString="yes")
    advance(lab, 2 * HOUR)
    [new] = [version for version, stages in rotate_described()["VersionIdsToStages"].items() if "AWSCURRENT" in stages]
    assert (new != old, rotate_described()["VersionIdsToStages"][old]) == (True, ["AWSPREVIOUS"])
    assert rotate_described()["NextRotationDate"] > rotate_described()["LastRotatedDate"]


def test_a_cancelled_secret_is_not_rotated_and_has_no_date(lab: RunningLab) -> None:
    secrets = lab.client("secretsmanager")
    secrets.create_secret(Name="cancelled", SecretString="old")
    with pytest.raises(ClientError) as caught:
        secrets.cancel_rotate_secret(SecretId="cancelled")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    function = rotation(lab, "cancelled", ROTATION)
    rules = {"AutomaticallyAfterDays": 7}
    first = secrets.rotate_secret(SecretId="cancelled", RotationLambdaARN=function, RotationRules=rules)["VersionId"]
    eventually(partial(is_current, secrets, "cancelled", first), 60)
    described = secrets.describe_secret(SecretId="cancelled")
    assert (described["RotationEnabled"], described["RotationRules"]) == (True, rules)
    secrets.cancel_rotate_secret(SecretId="cancelled")
    described = secrets.describe_secret(SecretId="cancelled")
    assert (described["RotationEnabled"], "NextRotationDate" in described) == (False, False)
    assert described["RotationRules"] == rules
