"""Things in the lab that a check needs for as long as it runs, each under a name nobody else has."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import boto3

from dehelpers.words.clients import client
from dehelpers.words.names import name
from dehelpers.words.waiting import wait

Event = Mapping[str, Any]
LAMBDA = {"Service": "lambda.amazonaws.com"}


def unique(kind: str) -> str:
    """A name for a *kind* of resource that only one check uses; teardown knows it as the session's."""
    return name(f"ex-{uuid.uuid4().hex[:8]}", kind)


@contextmanager
def bucket(named: str = "") -> Iterator[str]:
    """An empty bucket, which is deleted at the end with all that is in it. Its name, a new one unless it is *named*."""
    made = new_bucket(named)
    try:
        yield made
    finally:
        objects = boto3.resource("s3").Bucket(made)
        objects.objects.delete()
        objects.delete()


def new_bucket(named: str = "") -> str:
    """An empty bucket that stays until the teardown. Its name, which nobody else has unless it is *named*."""
    s3, made = client("s3"), named or unique("bucket")
    elsewhere = s3.meta.region_name != "us-east-1"  # S3 takes no constraint for its first region
    place = {"CreateBucketConfiguration": {"LocationConstraint": s3.meta.region_name}} if elsewhere else {}
    s3.create_bucket(Bucket=made, **place)
    return made


@contextmanager
def function(code: str, **environment: str) -> Iterator[str]:
    """A Lambda function of *code* with a role of its own, gone at the end with both and its log. Its name."""
    made, role = unique("function"), unique("role")
    aws, iam, logs = client("lambda"), client("iam"), client("logs")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("app.py", code)
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(_policy(Principal=LAMBDA)))["Role"]["Arn"]
    may = _policy(Action=["kinesis:*", "s3:PutObject", "sqs:SendMessage", "logs:*"], Resource="*")
    iam.put_role_policy(RoleName=role, PolicyName="work", PolicyDocument=json.dumps(may))
    try:
        aws.create_function(
            FunctionName=made,
            Runtime="python3.13",
            Handler="app.handler",
            Role=arn,
            Timeout=10,
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": environment},
        )
        yield made
    finally:
        with suppress(aws.exceptions.ResourceNotFoundException):
            aws.delete_function(FunctionName=made)
        with suppress(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_group(logGroupName=f"/aws/lambda/{made}")
        iam.delete_role_policy(RoleName=role, PolicyName="work")
        iam.delete_role(RoleName=role)


def _policy(Action: str | list[str] = "sts:AssumeRole", **rest: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": Action, **rest}]}


@contextmanager
def stream(shards: int) -> Iterator[str]:
    """A stream with so many shards, ready to be written to, deleted at the end. Its name."""
    made = unique("stream")
    new_stream(made, shards)
    try:
        yield made
    finally:
        client("kinesis").delete_stream(StreamName=made)


def new_stream(made: str, shards: int) -> None:
    """Create the stream *made* and wait until it can be used."""
    client("kinesis").create_stream(StreamName=made, ShardCount=shards)
    ready(made)


def ready(stream: str) -> None:
    """Wait until a stream that is being made or changed is ACTIVE."""
    kinesis = client("kinesis")
    wait(
        lambda: kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"],
        until="ACTIVE",
        what=f"stream {stream}",
        quiet=True,
    )


def entry(event: Event, key: str) -> dict[str, Any]:
    """An event as PutRecords takes it."""
    return {"Data": json.dumps(event).encode(), "PartitionKey": key}


def put(stream: str, entries: Iterable[dict[str, Any]]) -> list[str]:
    """Put *entries*, all of them, however often a shard refuses. The ShardId of each."""
    kinesis, waiting = client("kinesis"), list(enumerate(entries))
    placed: dict[int, str] = {}
    while waiting:
        batch, waiting = waiting[:500], waiting[500:]
        answer = kinesis.put_records(StreamName=stream, Records=[item for _, item in batch])["Records"]
        for (number, item), said in zip(batch, answer, strict=True):
            if "ErrorCode" in said:
                waiting.append((number, item))
            else:
                placed[number] = said["ShardId"]
    return [placed[number] for number in sorted(placed)]


def contents(stream: str) -> dict[str, list[dict[str, Any]]]:
    """All that is in a stream: for each shard its records, oldest first."""
    kinesis = client("kinesis")
    found: dict[str, list[dict[str, Any]]] = {}
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        shard_id = shard["ShardId"]
        place = {"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**place)["ShardIterator"]
        found[shard_id] = []
        while iterator:
            page = kinesis.get_records(ShardIterator=iterator)
            found[shard_id] += page["Records"]
            iterator = page.get("NextShardIterator")
            if not page["Records"] and not page["MillisBehindLatest"]:
                break
    return found


def split(stream: str, shard_id: str) -> None:
    """Split a shard in the middle, and wait until the stream is ready again."""
    kinesis = client("kinesis")
    [hashes] = [
        shard["HashKeyRange"]
        for shard in kinesis.list_shards(StreamName=stream)["Shards"]
        if shard["ShardId"] == shard_id
    ]
    middle = (int(hashes["StartingHashKey"]) + int(hashes["EndingHashKey"])) // 2 + 1
    kinesis.split_shard(StreamName=stream, ShardToSplit=shard_id, NewStartingHashKey=str(middle))
    ready(stream)
