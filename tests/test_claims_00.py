"""What 00_introduction claims: how the lab differs from AWS, and the surprises that are AWS's own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import awswrangler as wr
import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

import dehelpers as de
from dehelpers.words.calls import calls, newest
from tests.conftest import RunningLab, eventually
from tests.connected import connected, keys_of

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "00_introduction.ipynb"


@pytest.fixture
def session(lab: RunningLab, tmp_path: Path) -> Iterator[de.Session]:
    with connected(lab, tmp_path, prefix="claims00") as session:
        yield session


@pytest.fixture
def bucket(session: de.Session) -> str:
    name = de.name("lake")
    boto3.client("s3").create_bucket(Bucket=name)
    return name


# -- how the lab differs from AWS ------------------------------------------------------------------------------------


def test_every_call_ends_on_this_machine(session: de.Session) -> None:
    for service in ("s3", "sts", "kinesis", "firehose", "athena", "iam", "pricing"):
        assert urlsplit(boto3.client(service).meta.endpoint_url).hostname == "127.0.0.1"
    boto3.client("sts").get_caller_identity()
    assert {call["source_ip"] for call in calls(session, session.first_call) or []} == {"127.0.0.1"}


def test_objects_are_plain_files(lab: RunningLab, bucket: str) -> None:
    secret = b"the quick brown fox of test_claims_00"
    boto3.client("s3").put_object(Bucket=bucket, Key="plain", Body=secret)
    assert boto3.client("s3").head_object(Bucket=bucket, Key="plain")["ServerSideEncryption"] == "AES256"
    copies = [file for file in lab.directory.rglob("*") if file.is_file() and file.read_bytes() == secret]
    assert len(copies) == 1


def test_common_bucket_names_are_free(session: de.Session) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="data")
    s3.delete_bucket(Bucket="data")


def test_a_new_bucket_blocks_public_access(bucket: str) -> None:
    """S3 user guide, "Blocking public access to your Amazon S3 storage"."""
    block = boto3.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(block, True)
    assert len(block) == 4


def test_nobody_reads_without_keys(bucket: str) -> None:
    """On AWS a public policy lets in everybody, once Block Public Access is taken away (the same guide)."""
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_public_access_block(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    anybody = boto3.client("s3", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError, match="AccessDenied"):
        anybody.get_object(Bucket=bucket, Key="k")


def test_a_policy_counts_from_the_next_call_on(bucket: str) -> None:
    """On AWS "it might not be immediately visible" (IAM user guide, "Changes … are not always immediately visible")."""
    iam, name = boto3.client("iam"), "claims00-nobody"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    s3 = boto3.client("s3", **keys)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=bucket)
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    s3.list_objects_v2(Bucket=bucket)
    iam.detach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=bucket)


def test_glue_jobs_do_not_run_yet(bucket: str) -> None:
    glue = boto3.client("glue")
    script = {"Name": "glueetl", "ScriptLocation": f"s3://{bucket}/there-is-no-script.py"}
    glue.create_job(Name="claims00", Role="nobody", Command=script)
    run = glue.start_job_run(JobName="claims00")["JobRunId"]
    eventually(lambda: glue.get_job_run(JobName="claims00", RunId=run)["JobRun"]["JobRunState"] == "SUCCEEDED")
    glue.delete_job(JobName="claims00")


def test_every_call_is_on_record_at_once(session: de.Session, bucket: str) -> None:
    before = newest(session)
    s3 = boto3.client("s3")
    s3.put_object(Bucket=bucket, Key="seen", Body=b"x")
    s3.get_object(Bucket=bucket, Key="seen")["Body"].read()
    # A record is written when the last byte is out, which may be an instant after it is in here.
    eventually(lambda: {"PutObject", "GetObject"} <= {call["operation"] for call in calls(session, before) or []})


def test_every_price_has_its_day_or_says_that_it_is_unverified() -> None:
    for price in de.prices().values():
        assert price.read or (price.sure == "unverified" and price.text.endswith("*"))


# -- surprises that are AWS's own ------------------------------------------------------------------------------------


def test_creating_your_bucket_again_is_an_error_outside_us_east_1_only(session: de.Session) -> None:
    """S3 API Reference, CreateBucket: BucketAlreadyOwnedByYou, LocationConstraint."""
    first, other = boto3.client("s3"), boto3.client("s3", region_name="eu-west-1")
    for _ in range(2):
        first.create_bucket(Bucket="claims00-first")
    with pytest.raises(ClientError, match="IllegalLocationConstraintException"):
        other.create_bucket(Bucket="claims00-other")
    place = {"LocationConstraint": "eu-west-1"}
    other.create_bucket(Bucket="claims00-other", CreateBucketConfiguration=place)
    with pytest.raises(other.exceptions.BucketAlreadyOwnedByYou):
        other.create_bucket(Bucket="claims00-other", CreateBucketConfiguration=place)


def test_the_etag_of_an_object_in_one_piece_is_its_md5(bucket: str) -> None:
    answer = boto3.client("s3").put_object(Bucket=bucket, Key="tagged", Body=b"airlines")
    assert answer["ETag"] == f'"{hashlib.md5(b"airlines").hexdigest()}"'


def test_head_knows_only_404_where_get_knows_no_such_key(bucket: str) -> None:
    """S3 API Reference, HeadObject: "a response body is not returned" with an error."""
    s3 = boto3.client("s3")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="none")
    with pytest.raises(ClientError) as caught:
        s3.head_object(Bucket=bucket, Key="none")
    assert caught.value.response["Error"]["Code"] == "404"


def test_without_a_signature_nothing_is_answered(bucket: str) -> None:
    stranger = boto3.client("s3", config=Config(signature_version=UNSIGNED))
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.list_objects_v2(Bucket=bucket)


def test_a_partition_filter_fetches_no_other_object(session: de.Session, bucket: str) -> None:
    table = f"s3://{bucket}/weather/"
    wr.s3.to_parquet(de.data.weather(), table, dataset=True, partition_cols=["origin"], mode="overwrite")
    before = newest(session)
    wr.s3.read_parquet(table, dataset=True, partition_filter=lambda part: part["origin"] == "EWR")
    fetched = eventually(
        lambda: [call for call in calls(session, before) or [] if call["operation"] == "GetObject"],
    )
    assert all("origin=EWR" in call["resources"][0] for call in fetched)


# -- the same notebook on a real account, played by a second lab -----------------------------------------------------


def papermill(amazon: RunningLab, folder: Path, consent: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DEHELPERS_"))}
    account = {**keys_of(amazon), "AWS_ENDPOINT_URL": amazon.endpoint, "DEHELPERS_AWS_CONSENT": consent}
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(NOTEBOOK),
        "out.ipynb",
        "--no-progress-bar",
        "-p",
        "target",
        "aws",
    ]
    return subprocess.run(
        command, cwd=folder, env={**inherited, **account}, capture_output=True, text=True, timeout=300
    )


def test_on_a_real_account_it_runs_after_consent_only_and_leaves_nothing(
    new_lab: Callable[..., RunningLab], tmp_path: Path
) -> None:
    amazon = new_lab("amazon", "--account-id", "999988880000", "--region", "eu-west-1")
    refused = papermill(amazon, tmp_path, consent="")
    assert "ConsentError" in refused.stderr
    assert amazon.calls() == []
    try:
        done = papermill(amazon, tmp_path, consent="eu-west-1:1")
        assert done.returncode == 0, done.stderr[-3000:]
    finally:
        (ROOT / ".ledger" / "999988880000-eu-west-1-00.jsonl").unlink(missing_ok=True)
    operations = [call["operation"] for call in amazon.calls()]
    assert {"CreateBucket", "PutBucketTagging", "PutObject", "DeleteBucket"} <= set(operations)
    assert amazon.client("s3").list_buckets()["Buckets"] == []
