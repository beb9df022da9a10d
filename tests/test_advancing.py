"""A lesson lets time pass: what was due has happened when the next cell runs, and nobody has slept for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import pytest

import dehelpers as de
from dehelpers.cli import main
from dehelpers.errors import LabError
from tests.conftest import RunningLab
from tests.connected import connected, keys_of, process
from tests.roles import ADMINISTRATOR


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab whose clock no other test reads."""
    lab = RunningLab(tmp_path_factory.mktemp("later"))
    yield lab
    lab.stop()


@pytest.fixture
def session(later: RunningLab, tmp_path: Path) -> Iterator[de.Session]:
    with connected(later, tmp_path) as session:
        yield session


def test_a_buffer_is_delivered_when_its_interval_is_over(session: de.Session) -> None:
    """Firehose API reference, BufferingHints: IntervalInSeconds, here the longest, 900."""
    s3, firehose = boto3.client("s3"), boto3.client("firehose")
    s3.create_bucket(Bucket="advancing")
    trust = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = boto3.client("iam").create_role(RoleName="firehose", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    boto3.client("iam").attach_role_policy(RoleName="firehose", PolicyArn=ADMINISTRATOR)
    hints = {"SizeInMBs": 64, "IntervalInSeconds": 900}
    firehose.create_delivery_stream(
        DeliveryStreamName="advancing",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role,
            "BucketARN": "arn:aws:s3:::advancing",
            "BufferingHints": hints,
        },
    )
    de.wait(
        lambda: firehose.describe_delivery_stream(DeliveryStreamName="advancing")["DeliveryStreamDescription"][
            "DeliveryStreamStatus"
        ],
        "ACTIVE",
        what="stream",
    )
    firehose.put_record(DeliveryStreamName="advancing", Record={"Data": b"one"})
    de.advance(minutes=14)
    assert s3.list_objects_v2(Bucket="advancing")["KeyCount"] == 0
    de.advance(minutes=1)
    assert s3.list_objects_v2(Bucket="advancing")["KeyCount"] == 1


def test_temporary_keys_end(session: de.Session) -> None:
    """STS API reference, GetSessionToken: the keys last as long as was asked for, at least 900 seconds."""
    keys = boto3.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key"}
    names |= {"SessionToken": "aws_session_token"}
    sts = boto3.client("sts", **{name: keys[member] for member, name in names.items()})
    de.advance(minutes=14)
    assert sts.get_caller_identity()
    de.advance(minutes=2)
    with pytest.raises(sts.exceptions.ClientError, match="ExpiredToken"):
        sts.get_caller_identity()


def test_messages_are_kept_for_their_time(session: de.Session) -> None:
    """SQS API reference, SetQueueAttributes, MessageRetentionPeriod: four days unless set."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="advancing")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    de.advance(days=3)
    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]) == 1
    de.advance(days=1)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_log_events_expire(session: de.Session) -> None:
    """CloudWatch Logs API reference, PutRetentionPolicy: events are kept for the days of the policy, or for ever."""
    logs = boto3.client("logs")
    for group, retention in (("kept", 0), ("expiring", 7)):
        logs.create_log_group(logGroupName=group)
        if retention:
            logs.put_retention_policy(logGroupName=group, retentionInDays=retention)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        now = int(logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["creationTime"])
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": now, "message": "m"}])

    def found() -> list[int]:
        answers = [logs.filter_log_events(logGroupName=group) for group in ("kept", "expiring")]
        return [len(answer["events"]) for answer in answers]

    de.advance(days=6)
    assert found() == [1, 1]
    de.advance(days=2)
    assert found() == [1, 0]
    assert logs.get_log_events(logGroupName="expiring", logStreamName="s")["events"] == []


def test_it_says_what_has_passed(session: de.Session, capsys: pytest.CaptureFixture[str]) -> None:
    """The same on every run, for stored outputs are compared; the command tells the time."""
    de.advance(days=1, minutes=30)
    assert capsys.readouterr().out.splitlines()[-1] == "On the lab's clock it is 1 day, 30 minutes later."
    assert main(["advance", "1d12h", "--dir", str(session.directory)]) == 0
    assert capsys.readouterr().out.startswith("On the lab's clock it is 20")


@pytest.mark.parametrize("passed", [{"days": -1}, {"days": 200 * 366}, {"days": 1e300}, {"hours": float("nan")}])
def test_what_cannot_pass(session: de.Session, passed: dict[str, float]) -> None:
    with pytest.raises(LabError, match=r"clock"):
        de.advance(**passed)


def test_the_command_takes_no_other_times(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for text in ("", "d", "90", "-1d", "1h1d", "1.5d", "٣d"):
        with pytest.raises(SystemExit, match="2"):
            main(["advance", text, "--dir", str(tmp_path)])
    assert main(["advance", "1d", "--dir", str(tmp_path / "none")]) == 1
    assert "is not running" in capsys.readouterr().err


class Another(BaseHTTPRequestHandler):
    """An AWS of another kind, which knows who asks and nothing of the lab's own."""

    def do_POST(self) -> None:
        account = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>"
        body = f"{account}</GetCallerIdentityResult></GetCallerIdentityResponse>".encode()
        self.send_response(404 if "_localaws" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_only_a_lab_has_a_clock_to_advance(later: RunningLab, tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Another)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with process(tmp_path, keys_of(later)):
        de.connect(url)
        with pytest.raises(LabError, match="is not a lab"):
            de.advance(days=1)
        session = de.connect(later.endpoint)
        de.advance(seconds=1)
        connect: Any = import_module("dehelpers.words.connect")
        connect._current = replace(session, target="aws")
        with pytest.raises(LabError, match="real AWS"):
            de.advance(days=1)
    server.shutdown()
    server.server_close()
