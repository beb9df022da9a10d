"""LookupEvents: 90 days of management events of one region, by one attribute, in pages.

Sources: API reference, LookupEvents; CloudTrail user guide, "Working with CloudTrail Event history" and "Looking up
events with the AWS CLI".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.gateway import call_files
from localaws.gateway.call_files import CallRecords
from localaws.gateway.records import Call
from tests.conftest import RunningLab, eventually
from tests.engines.trail_tools import event_of
from tests.gateway.wire import advance

DAY = 24 * 3600


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One whose records are few, for these tests read all of them again and again."""
    yield from RunningLab.in_turn(tmp_path_factory.mktemp("records"))


def found(lab: RunningLab, key: str, value: str, region: str = "us-east-1") -> list[dict[str, Any]]:
    attributes = [{"AttributeKey": key, "AttributeValue": value}]
    pages = lab.client("cloudtrail", region_name=region).get_paginator("lookup_events")
    return [event for page in pages.paginate(LookupAttributes=attributes) for event in page["Events"]]


def test_events_are_found_by_each_attribute(lab: RunningLab) -> None:
    answer = lab.client("iam").create_user(UserName="looked-for")
    content = event_of(lab, answer)
    for key, value in {
        "EventId": content["eventID"],
        "EventName": "CreateUser",
        "ReadOnly": "false",
        "Username": "lab-admin",
        "ResourceType": "AWS::IAM::User",
        "ResourceName": "looked-for",
        "EventSource": "iam.amazonaws.com",
        "AccessKeyId": lab.facts["access_key_id"],
    }.items():
        (event,) = [each for each in found(lab, key, value) if each["EventId"] == content["eventID"]]
        assert json.loads(event["CloudTrailEvent"]) == content
    assert (event["EventName"], event["ReadOnly"], event["Username"]) == ("CreateUser", "false", "lab-admin")
    assert event["Resources"] == [{"ResourceType": "AWS::IAM::User", "ResourceName": "looked-for"}]
    assert found(lab, "ResourceName", "looked-fo") == []
    lab.client("lambda").list_functions()
    lab.client("s3").create_bucket(Bucket="looked-for")
    with pytest.raises(ClientError):
        lab.client("s3").get_public_access_block(Bucket="looked-for-nowhere")
    for name in ("ListFunctions20150331", "GetBucketPublicAccessBlock"):
        assert {event["EventName"] for event in found(lab, "EventName", name)} == {name}
    assert found(lab, "EventName", "ListFunctions") == []


def test_pages_go_back_in_time_and_miss_nothing(lab: RunningLab) -> None:
    """MaxResults is 50 at most; a token is good only with the parameters that it was given for."""
    iam, client = lab.client("iam"), lab.client("cloudtrail")
    for number in range(7):
        iam.create_group(GroupName=f"paged-{number}")
    attributes = [{"AttributeKey": "EventName", "AttributeValue": "CreateGroup"}]
    asked: dict[str, Any] = {"LookupAttributes": attributes, "MaxResults": 3}
    first = client.lookup_events(**asked)
    second = client.lookup_events(**asked, NextToken=first["NextToken"])
    third = client.lookup_events(**asked, NextToken=second["NextToken"])
    names = [each["Resources"][0]["ResourceName"] for page in (first, second, third) for each in page["Events"]]
    assert names[:7] == [f"paged-{number}" for number in range(6, -1, -1)]
    refusals = {
        "InvalidNextTokenException": {"NextToken": first["NextToken"]},
        "InvalidTimeRangeException": {"StartTime": 2_000_000_000, "EndTime": 1_000_000_000},
        "InvalidLookupAttributesException": {"LookupAttributes": attributes * 2},
    }
    for code, given in refusals.items():
        with pytest.raises(ClientError) as error:
            client.lookup_events(**given)
        assert error.value.response["Error"]["Code"] == code


def test_each_region_has_its_own_and_us_east_1_the_global_ones(lab: RunningLab) -> None:
    """ "Global service events … are recorded in … us-east-1"; management events only."""
    lab.client("kinesis", region_name="eu-west-1").list_streams()
    lab.client("iam", region_name="eu-west-1").list_account_aliases()
    assert found(lab, "EventName", "ListAccountAliases")
    assert found(lab, "EventName", "ListAccountAliases", "eu-west-1") == []
    assert found(lab, "EventName", "ListStreams", "eu-west-1")
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="looked-up")
    s3.put_object(Bucket="looked-up", Key="k", Body=b"x")
    assert found(lab, "EventName", "PutObject") == []
    assert found(lab, "ResourceName", "looked-up")[0]["EventName"] == "CreateBucket"


def test_the_cli_looks_events_up(lab: RunningLab) -> None:
    lab.client("iam").create_user(UserName="looked-up-by-cli")
    attribute = "AttributeKey=ResourceName,AttributeValue=looked-up-by-cli"
    ran = lab.aws("cloudtrail", "lookup-events", "--lookup-attributes", attribute)
    assert [event["EventName"] for event in json.loads(ran.stdout)["Events"]] == ["CreateUser"]


def test_events_stay_for_90_days_over_a_kill(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    lab.client("iam").create_user(UserName="old")
    assert lab.calls()[-1]["operation"] == "CreateUser"  # a record is written while its caller reads the answer
    lab.kill()
    lab.start()
    advance(lab, 89 * DAY)
    assert found(lab, "ResourceName", "old")
    advance(lab, 2 * DAY)
    assert found(lab, "ResourceName", "old") == []


def test_management_events_outlive_the_records_of_other_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Event history "90 days": however many objects are read meanwhile. What is older than that goes."""
    monkeypatch.setattr(call_files, "FULL", 100_000)
    records = CallRecords(tmp_path / "calls.jsonl")
    kept = Call("old", "2026-01-01T00:00:00+00:00", "", "", "iam", "CreateUser")
    records.append(kept)
    for number in range(2000):
        time = f"2026-02-{number // 100 + 1:02}T00:00:00+00:00"
        records.append(Call(f"read-{number}", time, "", "", "s3", "GetObject"))
    eventually(lambda: not list((tmp_path / "history").glob("*.full")))

    def told() -> list[str]:
        lines = [line for file in records.all_files() for line in file.read().splitlines()]
        return [record["request_id"] for record in map(json.loads, lines) if record["operation"] == "CreateUser"]

    assert told() == ["old"]
    assert b"".join(records.since(0)).find(b'"CreateUser"') == -1
    again = CallRecords(tmp_path / "calls.jsonl")
    for _ in range(2000):
        again.append(Call("new", "2026-05-01T00:00:00+00:00", "", "", "iam", "CreateUser"))
    eventually(lambda: "old" not in told())
    records.close()
    again.close()
