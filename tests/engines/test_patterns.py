"""Patterns of a stranger's, in any service: they match in one pass, and mean what AWS says.

Each pattern here takes a regular expression with ``.*`` for its stars longer than anybody waits, and Python holds its
lock meanwhile: no client would be answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.engines.patterns import pieces
from localaws.wildcards import fits, matches
from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import queue as queue_of

ENDLESS = "*a" * 25 + "*b"
LONG = "a" * 1000
BUCKET = "patterns-bucket"


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    client = lab.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key=LONG, Body=b"")
    return client


@pytest.fixture
def denied(s3: Any) -> Iterator[Any]:
    """Sets what the bucket's policy denies to read."""

    def deny(resource: str) -> None:
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:Get?bject", "Resource": resource}
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    yield deny
    s3.delete_bucket_policy(Bucket=BUCKET)


@pytest.mark.parametrize(
    "key, refused",
    [
        (ENDLESS, False),
        (f"{ENDLESS[:-1]}a", True),
        ("*a?", True),
        ("a?", False),
        ("(a+)+", False),
        ("a" * 999 + "?", True),
    ],
)
def test_a_policys_resource(s3: Any, denied: Any, key: str, refused: bool) -> None:
    """ "IAM JSON policy elements: Resource": * is any characters, ? any single one, all else itself."""
    denied(f"arn:aws:s3:::{BUCKET}/{key}")
    if not refused:
        assert s3.get_object(Bucket=BUCKET, Key=LONG)["ContentLength"] == 0
        return
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=BUCKET, Key=LONG)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_a_wildcard_of_a_rule(lab: RunningLab) -> None:
    """EventBridge, "Comparison operators for use in event patterns": wildcard, and a backslash before a star."""
    events, sqs = lab.client("events"), lab.client("sqs")
    queues = {}
    for name, wildcard in (("endless", ENDLESS), ("fitting", "*a*"), ("starred", "a\\**")):
        queues[name], arn = queue_of(lab, f"patterns-{name}")
        pattern = {"source": ["patterns"], "detail": {"k": [{"wildcard": wildcard}]}}
        events.put_rule(Name=f"patterns-{name}", EventPattern=json.dumps(pattern))
        events.put_targets(Rule=f"patterns-{name}", Targets=[{"Id": "1", "Arn": arn}])
    for detail in (LONG, "a*c"):
        entry = {"Source": "patterns", "DetailType": "x", "Detail": json.dumps({"k": detail})}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    got: dict[str, list[str]] = {name: [] for name in queues}

    def all_there() -> bool:
        for name, queue in queues.items():
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
                got[name].append(json.loads(message["Body"])["detail"]["k"])
        return len(got["fitting"]) == 2 and len(got["starred"]) == 1

    eventually(all_there)
    assert (got["endless"], got["starred"]) == ([], ["a*c"])


def test_a_prefix_of_rules_is_a_text(lab: RunningLab) -> None:
    """ListRules, "NamePrefix: The prefix matching the rule name"."""
    events = lab.client("events")
    name = "a" * 50
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    assert [rule["Name"] for rule in events.list_rules(NamePrefix="aaa")["Rules"]] == [name]
    assert events.list_rules(NamePrefix="a.a")["Rules"] == []


def test_expressions(lab: RunningLab) -> None:
    """GetTables takes a regular expression, or * for any characters; GetPartitions has SQL's LIKE."""
    glue = lab.client("glue")
    glue.create_database(DatabaseInput={"Name": "glue_patterns"})
    storage = {"Columns": [{"Name": "v", "Type": "string"}], "Location": f"s3://{BUCKET}/t/"}
    name = "a" * 200
    table = {"Name": name, "StorageDescriptor": storage, "PartitionKeys": [{"Name": "p", "Type": "string"}]}
    glue.create_table(DatabaseName="glue_patterns", TableInput=table)
    glue.create_partition(
        DatabaseName="glue_patterns",
        TableName=name,
        PartitionInput={"Values": [LONG], "StorageDescriptor": storage},
    )
    for expression, found in (("(a+)+b", 0), (ENDLESS, 0), ("a*", 1), ("*aa*", 1), ("a.*a", 1), ("b|a+", 1)):
        assert len(glue.get_tables(DatabaseName="glue_patterns", Expression=expression)["TableList"]) == found, (
            expression
        )
    with pytest.raises(ClientError) as caught:
        glue.get_tables(DatabaseName="glue_patterns", Expression="(")
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    like = ENDLESS.replace("*", "%")
    for pattern, found in ((like, 0), ("%a_", 1), ("a_", 0), ("a.%", 0)):
        answer = glue.get_partitions(DatabaseName="glue_patterns", TableName=name, Expression=f"p LIKE '{pattern}'")
        assert len(answer["Partitions"]) == found, pattern


@pytest.mark.parametrize(
    "pattern, text, does_fit",
    [("a?c", "abc", True), ("a?c", "ac", False), ("?", "\n", True), ("*?b?", "aabb", True), ("??*", "a", False)],
)
def test_one_stands_for_a_single_character(pattern: str, text: str, does_fit: bool) -> None:
    assert matches(pattern, text, one="?") is does_fit


def test_pieces_of_a_wildcard() -> None:
    assert pieces(r"a\*b*\\") == ["a*b", "\\"]
    assert fits(pieces("a*" * 1000 + "b"), "a" * 100_000) is False
