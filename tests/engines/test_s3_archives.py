"""Archives: what lies there is restored before it is read, in the time of its tier; and what storage costs over time.

Source: S3 user guide, "Working with archived objects", "Understanding archive retrieval options"; API reference,
RestoreObject.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from awsfacts import meter
from tests.conftest import RunningLab, eventually
from tests.gateway.wire import advance

HOUR, DAY, GB = 3600.0, 86400.0, 2**30
Labs = Callable[..., RunningLab]


def refused(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as error:
        call()
    found: dict[str, Any] = error.value.response["Error"]
    return found


def archive(s3: Any, bucket: str, **classes: str) -> None:
    s3.create_bucket(Bucket=bucket)
    for key, storage_class in classes.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"old", StorageClass=storage_class)


def ask(s3: Any, bucket: str, key: str, tier: str, days: int = 2) -> int:
    request = {"Days": days, "GlacierJobParameters": {"Tier": tier}}
    answer = s3.restore_object(Bucket=bucket, Key=key, RestoreRequest=request)
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def told(lab: RunningLab, bucket: str, key: str) -> str:
    found: str = lab.client("s3").head_object(Bucket=bucket, Key=key).get("Restore", "")
    return found


def test_a_restored_copy_comes_in_hours_and_goes_at_midnight(new_lab: Labs) -> None:
    """RestoreObject: 202, x-amz-restore while it is under way, then with the date at which the copy goes, which is
    rounded up to midnight UTC; a second wish is 200 and counts the days anew. A killed lab goes on with it."""
    lab = new_lab()
    s3 = lab.client("s3")
    archive(s3, "frozen", quick="GLACIER", usual="GLACIER", slow="GLACIER", deep="DEEP_ARCHIVE", deepest="DEEP_ARCHIVE")
    error = refused(lambda: s3.get_object(Bucket="frozen", Key="deep"))
    assert (error["Code"], error["StorageClass"]) == ("InvalidObjectState", "DEEP_ARCHIVE")
    source = {"Bucket": "frozen", "Key": "usual"}
    assert refused(lambda: s3.copy_object(Bucket="frozen", Key="copy", CopySource=source))["Code"] == error["Code"]
    tiers = {"quick": "Expedited", "usual": "Standard", "slow": "Bulk", "deep": "Standard", "deepest": "Bulk"}
    assert [ask(s3, "frozen", key, tier) for key, tier in tiers.items()] == [202] * 5
    assert {told(lab, "frozen", key) for key in tiers} == {'ongoing-request="true"'}
    passed = 0.0
    expected = {5 / 60: {"quick"}, 5: {"quick", "usual"}, 12: {*tiers} - {"deepest"}, 48: {*tiers}}
    for hours, here in expected.items():
        advance(lab, (hours - passed) * HOUR - 10)
        assert {key for key in tiers if "false" in told(lab, "frozen", key)} < here
        advance(lab, 20)
        assert {key for key in tiers if "false" in told(lab, "frozen", key)} == here
        passed = hours + 10 / HOUR
        if hours == 12:
            lab.kill()
            lab.start()
    s3 = lab.client("s3")
    assert s3.get_object(Bucket="frozen", Key="deepest")["Body"].read() == b"old"
    assert s3.head_object(Bucket="frozen", Key="deepest")["StorageClass"] == "DEEP_ARCHIVE"
    said = told(lab, "frozen", "deepest")
    end = datetime.strptime(said, 'ongoing-request="false", expiry-date="%a, %d %b %Y %H:%M:%S GMT"')
    assert (end.hour, end.minute, end.second) == (0, 0, 0)
    assert ask(s3, "frozen", "deepest", "Bulk", days=9) == 200
    later = datetime.strptime(
        told(lab, "frozen", "deepest"), 'ongoing-request="false", expiry-date="%a, %d %b %Y %H:%M:%S GMT"'
    )
    assert (later - end).days == 7
    advance(lab, 8 * DAY)
    assert "false" in told(lab, "frozen", "deepest")
    advance(lab, 2 * DAY)
    assert told(lab, "frozen", "deepest") == ""
    assert refused(lambda: s3.get_object(Bucket="frozen", Key="deepest"))["Code"] == "InvalidObjectState"


def test_what_cannot_be_restored(lab: RunningLab) -> None:
    """RestoreObject, "Errors"; "Understanding archive retrieval options": nothing expedited from the deep archive;
    "Upgrade the speed of an in-progress restore"."""
    s3 = lab.client("s3")
    archive(s3, "frozen-hard", plain="STANDARD", cold="GLACIER", deep="DEEP_ARCHIVE")
    error = refused(lambda: ask(s3, "frozen-hard", "plain", "Standard"))
    assert (error["Code"], error["StorageClass"]) == ("InvalidObjectState", "STANDARD")
    assert refused(lambda: ask(s3, "frozen-hard", "deep", "Expedited"))["Code"] == "InvalidArgument"
    assert refused(lambda: ask(s3, "frozen-hard", "deep", "Standard", days=0))["Code"] == "InvalidArgument"
    assert ask(s3, "frozen-hard", "cold", "Bulk") == 202
    assert refused(lambda: ask(s3, "frozen-hard", "cold", "Bulk"))["Code"] == "RestoreAlreadyInProgress"
    assert ask(s3, "frozen-hard", "cold", "Expedited") == 202


def test_a_restoration_is_announced(new_lab: Labs) -> None:
    """User guide, "Supported event types for SQS, SNS, and Lambda": s3:ObjectRestore:Post, :Completed and :Delete."""
    lab = new_lab()
    s3, sqs = lab.client("s3"), lab.client("sqs")
    archive(s3, "frozen-told", a="GLACIER")
    queue = sqs.create_queue(QueueName="frozen", Attributes={"MessageRetentionPeriod": "1209600"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events = {"QueueArn": arn, "Events": ["s3:ObjectRestore:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="frozen-told", NotificationConfiguration={"QueueConfigurations": [events]}
    )
    ask(s3, "frozen-told", "a", "Standard")
    advance(lab, 4 * DAY)
    found: list[dict[str, Any]] = []

    def received() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            found.extend(json.loads(message["Body"]).get("Records", []))
        return len(found) == 3

    eventually(received)
    assert [each["eventName"] for each in found] == [
        f"ObjectRestore:{each}" for each in ("Post", "Completed", "Delete")
    ]
    copy = found[1]["glacierEventData"]["restoreEventData"]
    assert copy["lifecycleRestoreStorageClass"] == "GLACIER"
    assert copy["lifecycleRestorationExpiryTime"].endswith("T00:00:00.000Z")


def test_what_ninety_days_cost(new_lab: Labs) -> None:
    """Amazon S3 pricing: storage by class and hour; a move is paid for each object; who leaves Standard-IA before 30
    days pays what is left of them; archives keep 40 KB more for each object ("Pricing considerations")."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="paid")
    moves = [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}]
    rule = {"Status": "Enabled", "Filter": {"Prefix": "old/"}, "Transitions": moves}
    s3.put_bucket_lifecycle_configuration(Bucket="paid", LifecycleConfiguration={"Rules": [rule]})
    size = 1_000_000
    s3.put_object(Bucket="paid", Key="old/a", Body=bytes(size))
    s3.put_object(Bucket="paid", Key="kept", Body=bytes(size))
    s3.put_object(Bucket="paid", Key="hasty", Body=bytes(size), StorageClass="STANDARD_IA")
    s3.put_object(Bucket="paid", Key="tiny", Body=b"x", StorageClass="ONEZONE_IA")
    s3.get_object(Bucket="paid", Key="hasty")["Body"].read()
    advance(lab, 10 * DAY)
    s3.delete_object(Bucket="paid", Key="hasty")
    advance(lab, 80 * DAY)
    s3.list_buckets()
    used = meter.used(lab.calls())
    day = 24 / 730  # of a month
    assert used["s3.early_standard_ia"] == pytest.approx(size * 20 * day / GB, rel=0.01)
    assert used["s3.read_standard_ia"] == pytest.approx(size / GB)
    assert used["s3.move_standard_ia"] == used["s3.move_glacier"] == 1
    assert used["s3.onezone_ia"] == pytest.approx(131072 * 90 * day / GB, rel=0.01)
    moved = 0.04  # rounding up to midnight takes up to a day
    assert used["s3.standard_ia"] == pytest.approx(size * (10 + 30) * day / GB, rel=moved)
    assert used["s3.glacier"] == pytest.approx((size + 32768) * 30 * day / GB, rel=moved)
    assert used["s3.storage"] == pytest.approx((size * (30 + 90) + 8192 * 30) * day / GB, rel=moved)
    assert used["s3.put"] == 4 + 3  # the bucket, its life cycle and the last list
