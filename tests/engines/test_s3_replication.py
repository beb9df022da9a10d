"""Replication between buckets: what is replicated, what is not, and as far as the rules' role may.

Source: S3 user guide, "Replicating objects within and across Regions", "What does Amazon S3 replicate?", "Setting up
permissions for live replication", "Getting replication status information".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually

ALL = ("Get", "List", "Replicate")


def role_for(lab: RunningLab, name: str, *actions: str) -> str:
    """A role that S3 may take, with these actions."""
    iam = lab.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return arn


def pair(lab: RunningLab, name: str, *actions: str, **rule: Any) -> tuple[str, str]:
    """A source and a destination with a rule from one to the other."""
    s3 = lab.client("s3")
    source, target = f"{name}-from", f"{name}-to"
    for bucket in (source, target):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    role = role_for(lab, name, *(actions or (f"s3:{each}*" for each in ALL)))
    put_rules(s3, source, role, {"Destination": {"Bucket": f"arn:aws:s3:::{target}"}, **rule})
    return source, target


def put_rules(s3: Any, source: str, role: str, *rules: dict[str, Any]) -> None:
    defaults = {"Status": "Enabled", "Filter": {}, "DeleteMarkerReplication": {"Status": "Disabled"}}
    configuration = {"Role": role, "Rules": [{**defaults, "Priority": n, **rule} for n, rule in enumerate(rules, 1)]}
    s3.put_bucket_replication(Bucket=source, ReplicationConfiguration=configuration)


def status(s3: Any, bucket: str, key: str) -> str:
    found: str = s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus", "")
    return found


def test_a_replica_is_the_same_version(lab: RunningLab) -> None:
    """ "Replicas have the same key names and metadata", the version id and the time too; the status is PENDING, then
    COMPLETED, and REPLICA of the copy. What lay there before is not replicated."""
    s3 = lab.client("s3")
    source, target = pair(lab, "replica-same", Filter={"Prefix": "in/"})
    more = {"Metadata": {"a": "1"}, "Tagging": "k=v", "ContentType": "text/x"}
    put = s3.put_object(Bucket=source, Key="in/a", Body=b"first", **more)
    s3.put_object(Bucket=source, Key="out", Body=b"x")
    assert status(s3, source, "in/a") in ("PENDING", "COMPLETED")
    eventually(lambda: status(s3, source, "in/a") == "COMPLETED")
    replica = s3.get_object(Bucket=target, Key="in/a")
    assert replica["ReplicationStatus"] == "REPLICA"
    assert (replica["VersionId"], replica["ETag"]) == (put["VersionId"], put["ETag"])
    assert (replica["Metadata"], replica["ContentType"], replica["Body"].read()) == ({"a": "1"}, "text/x", b"first")
    assert replica["LastModified"] == s3.head_object(Bucket=source, Key="in/a")["LastModified"]
    assert s3.get_object_tagging(Bucket=target, Key="in/a")["TagSet"] == [{"Key": "k", "Value": "v"}]
    s3.put_object_tagging(Bucket=source, Key="in/a", Tagging={"TagSet": [{"Key": "k", "Value": "w"}]})
    eventually(lambda: s3.get_object_tagging(Bucket=target, Key="in/a")["TagSet"][0]["Value"] == "w")
    assert status(s3, source, "out") == ""
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=target)["Contents"]] == ["in/a"]


def test_delete_markers_go_if_the_rule_says_so_and_deletions_never(lab: RunningLab) -> None:
    """ "If you specify an object version ID to delete … Amazon S3 doesn't replicate the deletion"; "Replicating delete
    markers between buckets"."""
    s3 = lab.client("s3")
    source, target = pair(lab, "replica-marks", DeleteMarkerReplication={"Status": "Enabled"})
    put = s3.put_object(Bucket=source, Key="a", Body=b"x")
    eventually(lambda: status(s3, source, "a") == "COMPLETED")
    marker = s3.delete_object(Bucket=source, Key="a")["VersionId"]
    listed = eventually(lambda: s3.list_object_versions(Bucket=target).get("DeleteMarkers"))
    assert [(each["VersionId"], each["IsLatest"]) for each in listed] == [(marker, True)]
    s3.delete_object(Bucket=source, Key="a", VersionId=put["VersionId"])
    s3.put_object(Bucket=source, Key="b", Body=b"x")
    eventually(lambda: status(s3, source, "b") == "COMPLETED")
    assert [each["Key"] for each in s3.list_object_versions(Bucket=target)["Versions"]] == ["a", "b"]


def test_the_rule_names_a_class_and_the_highest_priority_decides(lab: RunningLab) -> None:
    """ "Replication configuration file elements": StorageClass; "If two or more rules with the same destination bucket
    … the rule with the highest priority"."""
    s3 = lab.client("s3")
    source, target = pair(lab, "replica-class")
    to = {"Bucket": f"arn:aws:s3:::{target}"}
    role = s3.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]["Role"]
    colder = {"Destination": {**to, "StorageClass": "STANDARD_IA"}, "Filter": {"Prefix": "a"}}
    put_rules(s3, source, role, {"Destination": to}, colder)
    for key in ("a", "b"):
        s3.put_object(Bucket=source, Key=key, Body=b"x")
    eventually(lambda: {status(s3, source, key) for key in "ab"} == {"COMPLETED"})
    listed = s3.list_objects_v2(Bucket=target)["Contents"]
    assert {each["Key"]: each["StorageClass"] for each in listed} == {"a": "STANDARD_IA", "b": "STANDARD"}


@pytest.mark.parametrize("missing", ["s3:ReplicateObject", "s3:GetObjectVersionForReplication", "s3:ReplicateTags"])
def test_the_role_decides(lab: RunningLab, missing: str) -> None:
    """ "Setting up permissions for live replication": what the role must be allowed; else the status is FAILED. It is
    on record as the role."""
    s3 = lab.client("s3")
    name = f"replica-{missing[3:].lower()[-14:]}"
    wanted = {"s3:GetReplicationConfiguration", "s3:ListBucket", "s3:GetObjectVersionForReplication"}
    wanted |= {"s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging", "s3:ReplicateObject", "s3:ReplicateTags"}
    source, target = pair(lab, name, *(wanted - {missing}))
    s3.put_object(Bucket=source, Key="a", Body=b"x", Tagging="k=v")
    eventually(lambda: status(s3, source, "a") == "FAILED")
    assert s3.list_object_versions(Bucket=target).get("Versions") is None
    tried = [call for call in lab.calls() if call["operation"] == "ReplicateObject" and target in call["resources"][0]]
    assert [(call["error"], call["session_issuer"].rpartition("/")[2]) for call in tried] == [("AccessDenied", name)]


def test_objects_under_kms_go_if_the_rule_says_so(lab: RunningLab) -> None:
    """ "Replicating encrypted objects (SSE-KMS)": not by default; with SseKmsEncryptedObjects and ReplicaKmsKeyID the
    role decrypts with one key and encrypts with the other."""
    s3, kms = lab.client("s3"), lab.client("kms")
    mine, theirs = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    source, target = pair(lab, "replica-kms", "s3:*", "kms:*")
    sealed = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": mine}
    s3.put_object(Bucket=source, Key="left", Body=b"x", **sealed)
    assert status(s3, source, "left") == ""
    role = s3.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]["Role"]
    to = {"Bucket": f"arn:aws:s3:::{target}", "EncryptionConfiguration": {"ReplicaKmsKeyID": theirs}}
    with_kms = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    put_rules(s3, source, role, {"Destination": to, "SourceSelectionCriteria": with_kms})
    s3.put_object(Bucket=source, Key="goes", Body=b"secret", **sealed)
    eventually(lambda: status(s3, source, "goes") == "COMPLETED")
    replica = s3.get_object(Bucket=target, Key="goes")
    assert (replica["SSEKMSKeyId"], replica["Body"].read()) == (theirs, b"secret")


def test_what_a_configuration_must_have(lab: RunningLab) -> None:
    """PutBucketReplication; "Requirements and considerations for replication"."""
    s3 = lab.client("s3")
    source, target = pair(lab, "replica-wrong")
    configuration = s3.get_bucket_replication(Bucket=source)["ReplicationConfiguration"]
    role, to = configuration["Role"], configuration["Rules"][0]["Destination"]
    tagged = {"Filter": {"Tag": {"Key": "k", "Value": "v"}}, "DeleteMarkerReplication": {"Status": "Enabled"}}
    s3.create_bucket(Bucket="replica-wrong-plain")

    def refused(*rules: dict[str, Any], bucket: str = source) -> str:
        with pytest.raises(ClientError) as error:
            put_rules(s3, bucket, role, *rules)
        assert error.value.response["Error"]["Code"] == "InvalidRequest"
        found: str = error.value.response["Error"]["Message"]
        return found

    assert "Versioning" in refused({"Destination": to}, bucket="replica-wrong-plain")
    assert "must exist" in refused({"Destination": {"Bucket": "arn:aws:s3:::replica-nowhere"}})
    assert "versioning" in refused({"Destination": {"Bucket": "arn:aws:s3:::replica-wrong-plain"}})
    assert "Tag filter" in refused({"Destination": to, **tagged})
    assert "priority" in refused({"Destination": to, "Priority": 1}, {"Destination": to, "Priority": 1}).lower()
    s3.delete_bucket_replication(Bucket=source)
    with pytest.raises(ClientError, match="ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket=source)
    assert target


def test_what_was_under_way_goes_on_after_a_crash(new_lab: Callable[..., RunningLab]) -> None:
    """The rules, the statuses and the replicas are there again, and what was pending is replicated."""
    lab = new_lab()
    s3 = lab.client("s3")
    source, target = pair(lab, "replica-kept")
    time.sleep(1)  # the age at which settings are kept
    for number in range(20):
        s3.put_object(Bucket=source, Key=f"k{number:02}", Body=b"x" * 1000)
    lab.kill()
    lab.start()
    s3 = lab.client("s3")
    eventually(lambda: {status(s3, source, f"k{number:02}") for number in range(20)} == {"COMPLETED"})
    assert len(s3.list_object_versions(Bucket=target)["Versions"]) == 20
    s3.put_object(Bucket=source, Key="later", Body=b"x")
    eventually(lambda: status(s3, source, "later") == "COMPLETED")
    assert status(s3, target, "later") == "REPLICA"
