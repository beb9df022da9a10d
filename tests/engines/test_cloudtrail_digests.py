"""`aws cloudtrail validate-logs` over what a trail of the lab delivers.

Sources: CloudTrail user guide, "Validating CloudTrail log file integrity", "CloudTrail digest file structure",
"Validating CloudTrail log file integrity with the AWS CLI".
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import RunningLab
from tests.engines.trail_tools import ACCOUNT, TrailOfTest
from tests.gateway.wire import advance, own_api

HOUR = 3600
DIGESTS = "/CloudTrail-Digest/"


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab whose clock no other test reads."""
    lab = RunningLab(tmp_path_factory.mktemp("later"))
    yield lab
    lab.stop()


def validate(lab: RunningLab, trail: TrailOfTest, days: int = 2) -> tuple[int, str]:
    """What the CLI says of the last *days* and its exit code, which is 1 for what is not valid."""
    now = datetime.fromisoformat(own_api(lab, "POST", "/_localaws/clock", {"advance": 0})[0]["now"])
    times = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (now - timedelta(days=days), now + timedelta(minutes=1))]
    command = ["cloudtrail", "validate-logs", "--trail-arn", trail.arn, "--verbose"]
    ran = lab.aws(*command, "--start-time", times[0], "--end-time", times[1], check=False)
    return ran.returncode, ran.stdout + ran.stderr


def test_what_was_delivered_is_valid_until_somebody_touches_it(later: RunningLab) -> None:
    """It "detects … modification or deletion" of log files and of digest files."""
    trail = TrailOfTest(later, "validated", EnableLogFileValidation=True)
    iam = later.client("iam")
    for hour in range(3):
        iam.create_user(UserName=f"validated-{hour}")
        advance(later, HOUR)
    code, said = validate(later, trail)
    assert code == 0, said
    assert "3/3 digest files valid" in said
    assert f"{len(trail.keys())}/{len(trail.keys())} log files valid" in said

    first, second = trail.keys()[:2]
    whole = trail.s3.get_object(Bucket="validated", Key=first)["Body"].read()
    trail.s3.put_object(Bucket="validated", Key=first, Body=gzip.compress(b'{"Records": []}'))
    code, said = validate(later, trail)
    assert (code, f"{first}\tINVALID: hash value doesn't match" in said) == (1, True), said
    trail.s3.put_object(Bucket="validated", Key=first, Body=whole)
    assert validate(later, trail)[0] == 0

    trail.s3.delete_object(Bucket="validated", Key=second)
    code, said = validate(later, trail)
    assert (code, f"{second}\tINVALID: not found" in said) == (1, True), said

    middle = trail.keys(DIGESTS)[1]
    trail.s3.delete_object(Bucket="validated", Key=middle)
    code, said = validate(later, trail)
    assert (code, f"{middle}\tINVALID: not found" in said) == (1, True), said
    trail.delete()


def test_a_digest_has_aws_fields_and_the_one_before(later: RunningLab) -> None:
    """ "CloudTrail digest file structure": names, values and key."""
    trail = TrailOfTest(later, "digested", EnableLogFileValidation=True, S3KeyPrefix="audit/logs")
    for _ in range(2):
        later.client("sts").get_caller_identity()
        advance(later, HOUR)
    first, second = trail.keys(DIGESTS)
    digest = trail.read(second)
    assert list(digest) == [
        "awsAccountId", "digestStartTime", "digestEndTime", "digestS3Bucket", "digestS3Object",
        "digestPublicKeyFingerprint", "digestSignatureAlgorithm", "newestEventTime", "oldestEventTime",
        "previousDigestS3Bucket", "previousDigestS3Object", "previousDigestHashValue", "previousDigestHashAlgorithm",
        "previousDigestSignature", "logFiles",
    ]  # fmt: skip
    end = datetime.fromisoformat(digest["digestEndTime"])
    assert second == (
        f"audit/logs/AWSLogs/{ACCOUNT}/CloudTrail-Digest/us-east-1/{end:%Y/%m/%d}/"
        f"{ACCOUNT}_CloudTrail-Digest_us-east-1_digested_us-east-1_{end:%Y%m%dT%H%M%SZ}.json.gz"
    )
    assert end - datetime.fromisoformat(digest["digestStartTime"]) == timedelta(hours=1)
    assert (digest["digestSignatureAlgorithm"], digest["previousDigestHashAlgorithm"]) == ("SHA256withRSA", "SHA-256")
    assert (digest["previousDigestS3Bucket"], digest["previousDigestS3Object"]) == ("digested", first)
    before = trail.s3.head_object(Bucket="digested", Key=first)["Metadata"]
    assert (digest["previousDigestSignature"], before["signature-algorithm"]) == (before["signature"], "SHA256withRSA")
    assert trail.read(first)["previousDigestSignature"] is None
    listed = [file["s3Object"] for key in (first, second) for file in trail.read(key)["logFiles"]]
    assert sorted(listed) == sorted(trail.keys())
    now = datetime.now(UTC)
    keys = later.client("cloudtrail").list_public_keys(StartTime=now, EndTime=now + timedelta(days=2))["PublicKeyList"]
    (key,) = [key for key in keys if key["Fingerprint"] == digest["digestPublicKeyFingerprint"]]
    assert hashlib.md5(key["Value"]).hexdigest() == key["Fingerprint"]
    trail.delete()


def test_the_last_digest_comes_when_logging_ends(later: RunningLab) -> None:
    """After that a new chain begins: "the chain of digest files is broken" (validate-logs)."""
    trail = TrailOfTest(later, "stopped", EnableLogFileValidation=True)
    trail.client.stop_logging(Name="stopped")
    trail.deliver()
    assert [event["eventName"] for event in trail.events("StopLogging")] == ["StopLogging"]
    assert len(trail.keys(DIGESTS)) == 1
    later.client("iam").create_user(UserName="unseen")
    trail.client.start_logging(Name="stopped")
    later.client("iam").create_user(UserName="seen")
    advance(later, HOUR)
    assert [event["requestParameters"]["userName"] for event in trail.events("CreateUser")] == ["seen"]
    assert trail.read(trail.keys(DIGESTS)[-1])["previousDigestSignature"] is None
    code, said = validate(later, trail)
    assert (code, "2/2 digest files valid" in said) == (0, True), said
    trail.delete()


def test_hours_without_files_are_in_the_next_digest(later: RunningLab) -> None:
    """AWS delivers a digest each hour; here a chain has no empty ones, whatever time passes, and no gap either."""
    trail = TrailOfTest(later, "idle", EnableLogFileValidation=True)
    advance(later, HOUR)
    advance(later, 40 * 24 * HOUR)
    later.client("iam").create_user(UserName="after-idling")
    advance(later, HOUR)
    first, second = trail.keys(DIGESTS)
    assert trail.read(second)["digestStartTime"] == trail.read(first)["digestEndTime"]
    keys = [trail.read(key)["digestPublicKeyFingerprint"] for key in (first, second)]
    assert keys[0] != keys[1]  # a key is good for 30 days, and ListPublicKeys tells of both
    code, said = validate(later, trail, days=50)
    assert (code, "2/2 digest files valid" in said) == (0, True), said
    trail.delete()
