"""connect: plain boto3, awswrangler and the AWS CLI just work; real AWS is guarded, tagged and written down.

Real AWS is played by a second lab with another account and other keys, named by AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunningLab

HELLO = "import boto3, dehelpers as de\n"


class Outcome:
    """What a small program printed, as JSON on its last line, and all that it said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.said = done.stdout
        self.errors = done.stderr
        self.value: Any = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Callable[..., Outcome]]:
    """Runs a program in a process of its own, in another directory, and stops the lab it may have started."""
    home = tmp_path / "lab"

    def run(code: str, **environment: str) -> Outcome:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return Outcome(
            subprocess.run(
                [sys.executable, "-c", HELLO + code],
                env={**inherited, "DEHELPERS_DIR": str(home), "HOME": str(tmp_path), **environment},
                cwd="/",
                capture_output=True,
                text=True,
                timeout=60,
            )
        )

    yield run
    subprocess.run([sys.executable, "-m", "dehelpers", "stop", "--dir", home], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    lab = RunningLab(tmp_path_factory.mktemp("amazon"), "--account-id", "999988887777")
    yield lab
    lab.stop()


def account_of(lab: RunningLab) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_ACCESS_KEY_ID": lab.facts["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": lab.facts["secret_access_key"],
    }


def test_local_needs_nothing_and_keeps_the_readers_own_keys_out(python: Callable[..., Outcome]) -> None:
    outcome = python(
        """
import awswrangler as wr, json, os, pandas as pd, subprocess
lab = de.connect()
boto3.client("s3").create_bucket(Bucket="de-here")
wr.s3.to_parquet(pd.DataFrame({"x": [1, 2]}), "s3://de-here/x.parquet")
listing = subprocess.run("aws s3 ls s3://de-here", shell=True, capture_output=True, text=True).stdout
print(json.dumps([lab.target, lab.account_id, listing.split()[-1], os.environ["AWS_ACCESS_KEY_ID"]]))
""",
        AWS_ACCESS_KEY_ID="AKIAMINE",
        AWS_SECRET_ACCESS_KEY="mine",
        AWS_PROFILE="nobody",
        AWS_SESSION_TOKEN="old",
    )
    assert outcome.value[:3] == ["local", "123456789012", "x.parquet"], outcome.errors
    assert outcome.value[3] != "AKIAMINE"


def test_the_aws_cli_stays_in_the_lab_also_where_it_prefers_old_host_names(python: Callable[..., Outcome]) -> None:
    outcome = python(
        """
import json, subprocess
lab = de.connect()
boto3.client("sqs").create_queue(QueueName="de-here")
aws = "aws sqs list-queues --query 'QueueUrls' && aws rds describe-db-instances --query DBInstances"
listing = subprocess.run(aws, shell=True, capture_output=True, text=True)
print(json.dumps([listing.stdout, listing.stderr]))
"""
    )
    assert "/123456789012/de-here" in outcome.value[0], outcome.value[1]
    assert outcome.value[0].endswith("[]\n")


def test_what_is_created_is_written_down_once(python: Callable[..., Outcome]) -> None:
    outcome = python(
        """
import json
lab = de.connect()
s3, kinesis = boto3.client("s3"), boto3.Session().client("kinesis")
for _ in range(2):
    s3.create_bucket(Bucket="de-once")
s3.put_object(Bucket="de-once", Key="k", Body=b"")
s3.create_multipart_upload(Bucket="de-once", Key="k")
kinesis.create_stream(StreamName="de-once", ShardCount=1)
try:
    kinesis.create_stream(StreamName="de-once", ShardCount=1)
except kinesis.exceptions.ResourceInUseException:
    pass
print(json.dumps([[entry.service, entry.operation, entry.names] for entry in lab.ledger]))
"""
    )
    [bucket, stream] = outcome.value
    assert bucket[:2] == ["s3", "CreateBucket"]
    assert bucket[2]["Bucket"] == "de-once"
    assert stream == ["kinesis", "CreateStream", {"StreamName": "de-once"}]


def test_an_endpoint_of_ones_own(python: Callable[..., Outcome], amazon: RunningLab) -> None:
    keys = {name: value for name, value in account_of(amazon).items() if name != "AWS_ENDPOINT_URL"}
    outcome = python(
        f"""
import json
lab = de.connect({amazon.endpoint!r})
print(json.dumps([lab.target, lab.account_id, lab.region]))
""",
        **keys,
    )
    assert outcome.value == ["endpoint", "999988887777", "us-east-1"], outcome.errors


def test_an_unknown_target_lists_those_there_are(python: Callable[..., Outcome]) -> None:
    assert """unknown target 'azure': use "local", "aws" or the URL""" in python('de.connect("azure")').errors


@pytest.mark.parametrize(
    ("arguments", "consent", "message"),
    [
        ("estimate=0.25", "", "Estimated price: 0.25 USD. Region: the one you name.\nTo agree"),
        ("estimate=0.25", "yes", "consent 'yes' is not of the form REGION:USD"),
        ("", "us-east-1:5", "without an estimate nobody can agree to a price"),
        ("estimate=7", "us-east-1:5", "the estimate of 7.00 USD is above your cap of 5.00 USD"),
    ],
)
def test_without_full_consent_nothing_is_asked_of_aws_and_the_lab_stays(
    python: Callable[..., Outcome], amazon: RunningLab, arguments: str, consent: str, message: str
) -> None:
    before = len(amazon.calls())
    outcome = python(
        f"""
import json
de.connect()
try:
    de.connect("aws", {arguments})
except PermissionError as error:
    print(json.dumps([str(error), boto3.client("sts").get_caller_identity()["Account"]]))
""",
        DEHELPERS_AWS_CONSENT=consent,
        **account_of(amazon),
    )
    assert message in outcome.value[0], outcome.errors
    assert outcome.value[1] == "123456789012"
    assert len(amazon.calls()) == before


def test_with_consent_everything_created_is_tagged_and_written_down(
    python: Callable[..., Outcome], amazon: RunningLab, tmp_path: Path
) -> None:
    outcome = python(
        f"""
import json, pathlib
from unittest import mock
de.connect()  # a notebook may have been in the lab before
plan = de.estimate({{"kinesis.shard_hour": 2}})
with mock.patch("dehelpers.words.connect.root", lambda: pathlib.Path({str(tmp_path)!r})):
    aws = de.connect("aws", prefix="anna", estimate=plan)
boto3.client("s3").create_bucket(Bucket="anna-lake")
boto3.client("kinesis").create_stream(StreamName="anna-stream", ShardCount=1, Tags={{"mine": "too"}})
boto3.client("sqs").create_queue(QueueName="anna-queue")
boto3.client("dynamodb").create_table(
    TableName="anna-table", BillingMode="PAY_PER_REQUEST", Tags=[{{"Key": "dehelpers", "Value": "kept"}}],
    AttributeDefinitions=[{{"AttributeName": "k", "AttributeType": "S"}}],
    KeySchema=[{{"AttributeName": "k", "KeyType": "HASH"}}])
try:
    boto3.client("kinesis", region_name="eu-west-1").create_stream(StreamName="elsewhere", ShardCount=1)
except PermissionError as error:
    refusal = str(error)
print(json.dumps([aws.target, aws.account_id, refusal, str(aws.ledger.path), [e.operation for e in aws.ledger]]))
""",
        DEHELPERS_AWS_CONSENT="us-east-1:5",
        **account_of(amazon),
    )
    assert outcome.value, outcome.errors
    target, account, refusal, ledger, operations = outcome.value
    assert "Real AWS. Region: us-east-1. Estimated price: 0.03 USD. Your cap: 5.00 USD." in outcome.said
    assert (target, account) == ("aws", "999988887777")
    assert "you agreed to us-east-1 only" in refusal
    assert Path(ledger) == tmp_path / ".ledger" / "999988887777-us-east-1.jsonl"  # outside the lab: reset spares it
    assert operations == ["CreateBucket", "CreateStream", "CreateQueue", "CreateTable"]
    tags = {"project": "aws-data-engineering", "dehelpers": "anna"}
    bucket = amazon.client("s3").get_bucket_tagging(Bucket="anna-lake")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in bucket} == tags
    stream = amazon.client("kinesis").list_tags_for_stream(StreamName="anna-stream")["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in stream} == {**tags, "mine": "too"}
    sqs = amazon.client("sqs")
    assert sqs.list_queue_tags(QueueUrl=sqs.get_queue_url(QueueName="anna-queue")["QueueUrl"])["Tags"] == tags
    arn = amazon.client("dynamodb").describe_table(TableName="anna-table")["Table"]["TableArn"]
    table = amazon.client("dynamodb").list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in table} == {**tags, "dehelpers": "kept"}
    assert amazon.client("kinesis", region_name="eu-west-1").list_streams()["StreamNames"] == []


def test_keys_that_are_missing_or_wrong_are_named(python: Callable[..., Outcome], amazon: RunningLab) -> None:
    consent = {"DEHELPERS_AWS_CONSENT": "us-east-1:5"}
    nobody = {"AWS_ENDPOINT_URL": amazon.endpoint, "AWS_EC2_METADATA_DISABLED": "true", **consent}
    assert "no AWS credentials found" in python('de.connect("aws", estimate=0)', **nobody).errors
    forged = {**account_of(amazon), **consent, "AWS_SECRET_ACCESS_KEY": "wrong"}
    assert "does not accept your credentials" in python('de.connect("aws", estimate=0)', **forged).errors
