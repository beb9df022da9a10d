"""Life cycles on the lab's clock: what moves, what goes, and when.

Source: S3 user guide, "Managing the lifecycle of objects"; the cases of the table `s3_lifecycle.yaml` name their pages.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.wire import advance

DAY = 86400.0
CASES = yaml.safe_load((Path(__file__).parent / "s3_lifecycle.yaml").read_text())


class Timeline:
    """A lab whose clock goes from one moment of the table to the next."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab, self.ahead = lab, 0.0
        self.day_0 = (time.time() // DAY + 1) * DAY

    def now(self) -> float:
        return time.time() + self.ahead

    def go(self, moment: str) -> None:
        """To "day hour:minute"."""
        day, clock = moment.split()
        hours, minutes = clock.split(":")
        seconds = self.day_0 + int(day) * DAY + int(hours) * 3600 + int(minutes) * 60 - self.now()
        advance(self.lab, seconds)
        self.ahead += seconds


def in_order(moment: str) -> tuple[int, str]:
    return int(moment.split()[0]), moment.split()[1]


def rules_of(case: dict[str, Any], day_0: float) -> list[dict[str, Any]]:
    rules = [{"Status": "Enabled", "Filter": {}, **rule} for rule in case["rules"]]
    for rule in rules:
        if "Date" in rule.get("Expiration", {}):
            rule["Expiration"] = {"Date": datetime.fromtimestamp(day_0 + rule["Expiration"]["Date"] * DAY, UTC)}
    return rules


def act(s3: Any, bucket: str, action: dict[str, Any]) -> None:
    if "put" in action:
        more = {"Tagging": action["tags"]} if "tags" in action else {}
        more |= {"StorageClass": action["class"]} if "class" in action else {}
        s3.put_object(Bucket=bucket, Key=action["put"], Body=bytes(action.get("kib", 200) * 1024), **more)
    elif "delete" in action:
        s3.delete_object(Bucket=bucket, Key=action["delete"])
    else:
        s3.create_multipart_upload(Bucket=bucket, Key=action["upload"])


def standing(s3: Any, bucket: str) -> dict[str, list[str]]:
    """The versions of each key, newest first, by class."""
    found = defaultdict(list)
    listed = s3.list_object_versions(Bucket=bucket)
    for each in listed.get("Versions", []):
        found[each["Key"]].append((each["LastModified"], each["StorageClass"]))
    for each in listed.get("DeleteMarkers", []):
        found[each["Key"]].append((each["LastModified"], "marker"))
    for each in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        found[each["Key"]].append((each["Initiated"], "upload"))
    return {key: [name for _, name in sorted(each, reverse=True)] for key, each in found.items()}


def test_what_stands_when(new_lab: Callable[..., RunningLab]) -> None:
    """The table: each case's bucket at each of its moments, all on one clock."""
    line = Timeline(new_lab())
    s3 = line.lab.client("s3")
    for number, case in enumerate(CASES):
        s3.create_bucket(Bucket=f"cycle-{number}")
        if "versioning" in case:
            versioning = {"Status": case["versioning"]}
            s3.put_bucket_versioning(Bucket=f"cycle-{number}", VersioningConfiguration=versioning)
        more = {"TransitionDefaultMinimumObjectSize": case["minimum"]} if "minimum" in case else {}
        configuration = {"Rules": rules_of(case, line.day_0)}
        s3.put_bucket_lifecycle_configuration(Bucket=f"cycle-{number}", LifecycleConfiguration=configuration, **more)
    for moment in sorted({each for case in CASES for each in (*case["do"], *case["then"])}, key=in_order):
        line.go(moment)
        for number, case in enumerate(CASES):
            for action in case["do"].get(moment, []):
                act(s3, f"cycle-{number}", action)
            if moment in case["then"]:
                assert standing(s3, f"cycle-{number}") == case["then"][moment], (case["case"], moment)


def test_who_is_told(new_lab: Callable[..., RunningLab]) -> None:
    """User guide, "Supported event types": s3:LifecycleExpiration:Delete and :DeleteMarkerCreated,
    s3:LifecycleTransition. "Logging S3 Lifecycle actions": not by CloudTrail; the records have the names of S3's
    server access logs. What was done is there after a crash too."""
    lab = new_lab()
    s3, sqs = lab.client("s3"), lab.client("sqs")
    s3.create_bucket(Bucket="told")
    s3.put_bucket_versioning(Bucket="told", VersioningConfiguration={"Status": "Enabled"})
    queue = sqs.create_queue(QueueName="told", Attributes={"MessageRetentionPeriod": "1209600"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    told = {"QueueArn": arn, "Events": ["s3:LifecycleExpiration:*", "s3:LifecycleTransition"]}
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration={"QueueConfigurations": [told]})
    rule: dict[str, Any] = {"ID": "old ones", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 3}}
    rule |= {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}
    rule |= {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="told", LifecycleConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="told", Key="a", Body=bytes(200_000))
    advance(lab, 9 * DAY)
    lab.kill()
    lab.start()
    assert not {"Versions", "DeleteMarkers"} & lab.client("s3").list_object_versions(Bucket="told").keys()
    done = [call for call in lab.calls() if call["operation"].startswith("S3.")]
    assert [call["operation"] for call in done] == [
        "S3.TRANSITION.OBJECT",
        "S3.CREATE.DELETEMARKER",
        "S3.EXPIRE.OBJECT",
        "S3.EXPIRE.DELETEMARKER",
    ]
    assert {call["principal"] for call in done} == {"s3.amazonaws.com"}
    assert {call["resources"][0] for call in done} == {"arn:aws:s3:::told/a"}
    found: list[dict[str, Any]] = []

    def received() -> bool:
        for message in lab.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            found.extend(json.loads(message["Body"]).get("Records", []))
        return len(found) >= 4

    eventually(received)
    assert [each["eventName"] for each in found] == [
        "LifecycleTransition",
        "LifecycleExpiration:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:Delete",
    ]
    assert found[0]["lifecycleEventData"] == {"transitionEventData": {"destinationStorageClass": "GLACIER"}}
    assert {each["userIdentity"]["principalId"] for each in found} == {"s3.amazonaws.com"}
    events = lab.client("cloudtrail").lookup_events()["Events"]
    assert not [event for event in events if event["EventName"].startswith("S3.")]


def test_objects_say_when_they_end(lab: RunningLab) -> None:
    """API reference, GetObject, PutObject, "x-amz-expiration"; CreateMultipartUpload, "x-amz-abort-date"."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="cycle-says")
    rule = {"ID": "a b", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 2}}
    rule |= {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="cycle-says", LifecycleConfiguration={"Rules": [rule]})
    put = s3.put_object(Bucket="cycle-says", Key="logs/a", Body=b"x")
    got, head = s3.get_object(Bucket="cycle-says", Key="logs/a"), s3.head_object(Bucket="cycle-says", Key="logs/a")
    assert put["Expiration"] == got["Expiration"] == head["Expiration"]
    date, _, name = put["Expiration"].partition('", rule-id="')
    assert name == 'a%20b"'
    end = datetime.strptime(date, 'expiry-date="%a, %d %b %Y %H:%M:%S GMT').replace(tzinfo=UTC)
    assert (end.hour, end.minute, end.second) == (0, 0, 0)
    assert 2 * DAY <= (end - head["LastModified"]).total_seconds() <= 3 * DAY
    assert "Expiration" not in s3.put_object(Bucket="cycle-says", Key="other", Body=b"x")
    upload = s3.create_multipart_upload(Bucket="cycle-says", Key="logs/b")
    assert upload["AbortRuleId"] == "a b"
    assert upload["AbortDate"].hour == 0
    assert "AbortDate" not in s3.create_multipart_upload(Bucket="cycle-says", Key="b")


def test_rules_are_given_back_as_they_came(lab: RunningLab) -> None:
    """API reference, GetBucketLifecycleConfiguration: with an id for each rule, generated where there was none."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="cycle-back")
    limits = {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 5}
    kept = {"NoncurrentDays": 9, "NewerNoncurrentVersions": 3}
    rule: dict[str, Any] = {"Status": "Enabled", "Filter": {"And": limits}, "NoncurrentVersionExpiration": kept}
    rule |= {"NoncurrentVersionTransitions": [{**kept, "StorageClass": "GLACIER", "NoncurrentDays": 3}]}
    s3.put_bucket_lifecycle_configuration(
        Bucket="cycle-back",
        LifecycleConfiguration={"Rules": [rule]},
        TransitionDefaultMinimumObjectSize="varies_by_storage_class",
    )
    back = s3.get_bucket_lifecycle_configuration(Bucket="cycle-back")
    assert back["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
    assert len(back["Rules"][0].pop("ID")) == 48
    assert back["Rules"] == [rule]
    s3.delete_bucket_lifecycle(Bucket="cycle-back")
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="cycle-back")


IA = {"Days": 30, "StorageClass": "STANDARD_IA"}
TAG = {"Tag": {"Key": "k", "Value": "v"}}
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "InvalidRequest", "At least one action"),
    ({"Expiration": {"Days": 0}}, "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
    ({"Transitions": [{**IA, "Days": 29}]}, "InvalidArgument", "greater than or equal to 30"),
    ({"Transitions": [IA, {"Days": 59, "StorageClass": "GLACIER"}]}, "InvalidArgument", "30 days more"),
    ({"Transitions": [IA], "Expiration": {"Days": 30}}, "InvalidArgument", "must be greater than"),
    ({"Transitions": [IA, {**IA, "Days": 90}]}, "InvalidRequest", "must be different"),
    ({"Transitions": [IA], "Expiration": {"Date": "2030-01-01"}}, "InvalidRequest", "mixed"),
    ({"Expiration": {"Date": "2030-01-01T10:00:00Z"}}, "InvalidArgument", "midnight GMT"),
    ({"Filter": TAG, "Expiration": {"ExpiredObjectDeleteMarker": True}}, "InvalidRequest", "with Tags"),
    ({"Filter": TAG, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, "InvalidRequest", "with Tags"),
    ({"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}}, "InvalidArgument", "100"),
    ({"ID": "x" * 256, "Expiration": {"Days": 1}}, "InvalidArgument", "255"),
]


@pytest.mark.parametrize(("rule", "code", "words"), WRONG, ids=lambda each: "")
def test_rules_that_s3_refuses(lab: RunningLab, rule: dict[str, Any], code: str, words: str) -> None:
    """User guide, "Lifecycle configuration elements"; "Transitioning objects using Amazon S3 Lifecycle",
    "Constraints and considerations for transitions"."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="cycle-wrong")
    configuration = {"Rules": [{"Status": "Enabled", "Filter": {}, **rule}]}
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_lifecycle_configuration(Bucket="cycle-wrong", LifecycleConfiguration=configuration)
    assert refused.value.response["Error"]["Code"] == code
    assert words in refused.value.response["Error"]["Message"]
