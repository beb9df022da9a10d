"""Every service takes the time from the lab's clock: what a lesson advances, it advances for all of them.

A date that AWS writes is the moment of the call; a lesson that lets 90 days pass must not see dates of before.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localaws.home import claim
from tests.conftest import RunningLab
from tests.gateway.wire import advance, own_api

DAYS = 90


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab whose clock is 90 days ahead, on a machine whose own is eleven hours behind UTC."""
    lab = RunningLab(tmp_path_factory.mktemp("later"), wrapper=["env", "TZ=XYZ+11"])
    advance(lab, DAYS * 86400)
    yield lab
    lab.stop()


STATES = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
ROLE = "arn:aws:iam::123456789012:role/r"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
KEYS = {
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}

#: service → a call that makes something, and tells or leads to its date
DATES: dict[str, Callable[[Callable[[str], Any]], Any]] = {
    "iam user": lambda c: c("iam").create_user(UserName="u")["User"]["CreateDate"],
    "iam role": lambda c: c("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["CreateDate"],
    "kms": lambda c: c("kms").create_key()["KeyMetadata"]["CreationDate"],
    "secretsmanager": lambda c: (
        c("secretsmanager").create_secret(Name="s", SecretString="x")
        and c("secretsmanager").describe_secret(SecretId="s")["CreatedDate"]
    ),
    "ssm": lambda c: (
        c("ssm").put_parameter(Name="p", Value="v", Type="String")
        and c("ssm").get_parameter(Name="p")["Parameter"]["LastModifiedDate"]
    ),
    "stepfunctions": lambda c: c("stepfunctions").create_state_machine(
        name="m", definition=json.dumps(STATES), roleArn=ROLE
    )["creationDate"],
    "dynamodb": lambda c: c("dynamodb").create_table(TableName="t", **KEYS)["TableDescription"]["CreationDateTime"],
    "s3": lambda c: c("s3").create_bucket(Bucket="later") and c("s3").list_buckets()["Buckets"][0]["CreationDate"],
    "sqs": lambda c: c("sqs").get_queue_attributes(
        QueueUrl=c("sqs").create_queue(QueueName="q")["QueueUrl"], AttributeNames=["CreatedTimestamp"]
    )["Attributes"]["CreatedTimestamp"],
    "logs": lambda c: (
        c("logs").create_log_group(logGroupName="g")
        and c("logs").describe_log_groups(logGroupNamePrefix="g")["logGroups"][0]["creationTime"]
    ),
    "cloudformation": lambda c: (
        c("cloudformation").create_stack(
            StackName="c", TemplateBody=json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
        )
        and c("cloudformation").describe_stacks(StackName="c")["Stacks"][0]["CreationTime"]
    ),
    "cloudwatch": lambda c: (
        c("cloudwatch").put_metric_alarm(
            AlarmName="a",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="m",
            Namespace="n",
            Period=60,
            Statistic="Sum",
            Threshold=1,
        )
        and c("cloudwatch").describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["AlarmConfigurationUpdatedTimestamp"]
    ),
    "redshift": lambda c: c("redshift").create_cluster(
        ClusterIdentifier="c", NodeType="ra3.large", MasterUsername="u", MasterUserPassword="Passw0rd"
    )["Cluster"]["ClusterCreateTime"],
    "emr": lambda c: c("emr").describe_cluster(
        ClusterId=c("emr").run_job_flow(Name="j", Instances={"InstanceCount": 1, "MasterInstanceType": "m5.xlarge"})[
            "JobFlowId"
        ]
    )["Cluster"]["Status"]["Timeline"]["CreationDateTime"],
    "athena": lambda c: (
        c("athena").get_work_group(WorkGroup="primary")
        and c("glue").create_database(DatabaseInput={"Name": "d"})
        and c("glue").get_database(Name="d")["Database"]["CreateTime"]
    ),
}


@pytest.mark.parametrize("service", DATES)
def test_its_dates_are_the_labs(later: RunningLab, service: str) -> None:
    date = DATES[service](later.client)
    if isinstance(date, str | int):
        number = float(date)
        date = datetime.fromtimestamp(number / (1000 if number > 10**11 else 1), UTC)
    ahead = date - datetime.now(UTC)
    assert timedelta(days=DAYS - 1) < ahead < timedelta(days=DAYS + 8)


def test_a_delayed_message_comes_when_its_time_has(later: RunningLab) -> None:
    """SQS developer guide, "Amazon SQS delay queues": hidden for the delay, and no longer."""
    sqs = later.client("sqs")
    url = sqs.create_queue(QueueName="delayed")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="in 15 minutes", DelaySeconds=900)
    for seconds, found in ((0, 0), (890, 0), (20, 1), (3500, 0), (200, 1)):  # then hidden by its visibility timeout
        advance(later, seconds)
        assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=3600).get("Messages", [])) == found, seconds
    advance(later, 5 * 86400)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)  # kept for four days


def test_the_clock_is_still_ahead_after_a_crash(new_lab: Callable[..., RunningLab]) -> None:
    """What has been dated stays in the past: an advance that was answered outlives the process that answered it."""
    lab = new_lab()
    advance(lab, DAYS * 86400)
    lab.kill()
    assert (lab.directory / "clock.json").stat().st_mode & 0o777 == 0o600
    lab.start()
    (answer,) = own_api(lab, "POST", "/_localaws/clock", {"advance": 1})
    assert datetime.fromisoformat(answer["now"]) > datetime.now(UTC) + timedelta(days=DAYS)


@pytest.mark.parametrize("content", ['{"seconds_ahead": 1e400}', '{"seconds_ahead": -1}', "[["])
def test_a_clock_that_no_lab_has_written_is_refused(tmp_path: Path, content: str) -> None:
    """Going on with another time than before would do it silently: whoever starts the lab is told, and decides."""
    claim(tmp_path)
    (tmp_path / "clock.json").write_text(content)
    lab = subprocess.run(
        [sys.executable, "-m", "localaws", "--dir", tmp_path], capture_output=True, text=True, timeout=60
    )
    assert (lab.returncode, "does not say how far the lab's clock is ahead" in lab.stderr) == (1, True)
    assert "Delete the file" in lab.stderr


MISSED = """
import datetime, importlib, pathlib, sys, time
import localaws.timekeeping
import moto

root = pathlib.Path(moto.__file__).parent
names = [f"moto.{path.parent.name}.models" for path in sorted(root.glob("*/models.py"))]
names += [f"moto.{path.parent.name}.responses" for path in sorted(root.glob("*/responses.py"))]
for name in names:
    try:
        importlib.import_module(name)
    except ImportError as error:
        if "moto" in str(error):
            raise
real = {id(datetime), id(time), id(time.time), id(datetime.datetime), id(datetime.date)}
modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "moto"}
print(len(modules), *[f"{name}.{key}" for name, module in modules.items() for key, value in vars(module).items()
                      if id(value) in real or (key == "__builtins__" and value["__import__"] is __import__)])
"""


def test_no_module_of_moto_has_a_clock_of_its_own() -> None:
    """All of them are imported; none may hold Python's own datetime or time, or be able to import it later."""
    found = subprocess.run([sys.executable, "-c", MISSED], capture_output=True, text=True, timeout=120, check=True)
    number, *missed = found.stdout.split()
    assert int(number) > 400
    assert missed == []


def test_ordinary_dates_go_on_being_ordinary() -> None:
    """moto constructs, parses and compares dates: its classes are the ordinary ones but for the present."""
    from localaws.timekeeping import LabDate, LabDatetime

    for made in (LabDatetime(2013, 1, 1), LabDatetime.strptime("2013-01-01", "%Y-%m-%d"), LabDatetime.now(UTC)):
        assert type(made) is datetime
        assert isinstance(made, LabDatetime)
    assert isinstance(LabDatetime.now(), LabDate)
    assert LabDatetime.fromisoformat("2013-01-01T00:00:00+00:00") == datetime(2013, 1, 1, tzinfo=UTC)
    assert LabDatetime.fromtimestamp(0, UTC) == datetime(1970, 1, 1, tzinfo=UTC)
    assert LabDatetime.utcnow().tzinfo is None
    assert not isinstance("2013", LabDatetime)


def test_a_moment_is_the_same_wherever_the_machine_is(later: RunningLab) -> None:
    """CloudWatch refuses data points of more than two hours from now (API reference, MetricDatum: Timestamp)."""
    cloudwatch = later.client("cloudwatch")
    now = datetime.now(UTC) + timedelta(days=DAYS)
    datum = {"MetricName": "wind", "Value": 1.0, "Timestamp": now}
    cloudwatch.put_metric_data(Namespace="elsewhere", MetricData=[datum])
    span = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5), "Period": 60}
    asked = {"Namespace": "elsewhere", "MetricName": "wind", "Statistics": ["Sum"], **span}
    [point] = cloudwatch.get_metric_statistics(**asked)["Datapoints"]
    assert abs(point["Timestamp"] - now) < timedelta(minutes=1)
