"""An analyzer finds whom policies let in from outside of the account.

Source: IAM user guide, "IAM Access Analyzer findings" and "IAM Access Analyzer resource types for external access".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.security.people import ACCOUNT, document, trust

OTHER = "999999999999"
GUEST = f"arn:aws:iam::{OTHER}:user/guest"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One whose policies are known."""
    yield from RunningLab.in_turn(tmp_path_factory.mktemp("analyzed"))


@pytest.fixture(scope="module")
def arn(lab: RunningLab) -> str:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.delete_public_access_block(Bucket="lake")
    return str(lab.client("accessanalyzer").create_analyzer(analyzerName="outside", type="ACCOUNT")["arn"])


def to(principal: Any, action: Any = "s3:GetObject", resource: Any = "arn:aws:s3:::lake/*", **elements: Any) -> Any:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, **elements}


def active(lab: RunningLab, arn: str, **criteria: Any) -> list[dict[str, Any]]:
    wanted = {"status": {"eq": ["ACTIVE"]}, **criteria}
    found: list[dict[str, Any]] = lab.client("accessanalyzer").list_findings(analyzerArn=arn, filter=wanted)["findings"]
    return found


#: The statements of a bucket's policy → of each finding: principal, actions, whether it is public.
CASES: list[tuple[list[Any], list[tuple[dict[str, str], list[str], bool]]]] = [
    ([to({"AWS": ACCOUNT})], []),
    ([to({"Service": "logging.s3.amazonaws.com"})], []),
    ([to({"AWS": GUEST})], [({"AWS": GUEST}, ["s3:GetObject"], False)]),
    ([to({"AWS": f"arn:aws:iam::{OTHER}:root"}, ["s3:PutObject", "s3:GetObject"])],
     [({"AWS": OTHER}, ["s3:GetObject", "s3:PutObject"], False)]),
    ([to({"AWS": OTHER}), to({"AWS": OTHER}, "s3:PutObject")],
     [({"AWS": OTHER}, ["s3:GetObject", "s3:PutObject"], False)]),
    ([to("*")], [({"AWS": "*"}, ["s3:GetObject"], True)]),
    ([to("*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})], []),
    ([to("*", Condition={"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:news"}})], []),
    ([to("*", Condition={"StringEquals": {"aws:PrincipalAccount": OTHER}})], [({"AWS": "*"}, ["s3:GetObject"], False)]),
    ([to({"AWS": OTHER}), {**to("*"), "Effect": "Deny"}], []),
    ([to({"AWS": OTHER}), {**to("*"), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}],
     [({"AWS": OTHER}, ["s3:GetObject"], False)]),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "expected"), CASES)
def test_whom_a_policy_lets_in(lab: RunningLab, arn: str, statements: list[Any], expected: Any) -> None:
    lab.client("s3").put_bucket_policy(Bucket="lake", Policy=document(*statements))
    found = active(lab, arn, resourceType={"eq": ["AWS::S3::Bucket"]})
    assert [(each["principal"], each["action"], each["isPublic"]) for each in found] == expected
    lab.client("s3").delete_bucket_policy(Bucket="lake")


def test_buckets_roles_keys_queues_and_others_are_looked_at(lab: RunningLab, arn: str) -> None:
    lab.client("s3").put_bucket_policy(Bucket="lake", Policy=document(to({"AWS": OTHER})))
    external = {"StringEquals": {"sts:ExternalId": "flights-2013"}}
    trusting = document(
        {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole", "Condition": external}
    )
    lab.client("iam").create_role(RoleName="guests", AssumeRolePolicyDocument=trusting)
    lab.client("iam").create_role(RoleName="own", AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))
    own = to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "kms:*", "*")
    key = lab.client("kms").create_key(Policy=document(own, to({"AWS": GUEST}, "kms:Decrypt", "*")))["KeyMetadata"][
        "Arn"
    ]
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(to("*", "sqs:SendMessage", queue))})
    topic = lab.client("sns").create_topic(Name="news")["TopicArn"]
    sharing = document(to({"AWS": OTHER}, "sns:Publish", topic))
    lab.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=sharing)
    manager = lab.client("secretsmanager")
    secret = manager.create_secret(Name="password", SecretString="s")["ARN"]
    manager.put_resource_policy(
        SecretId="password", ResourcePolicy=document(to({"AWS": OTHER}, "secretsmanager:GetSecretValue", "*"))
    )
    found = {each["resource"]: each for each in active(lab, arn)}
    types = {each["resource"]: each["resourceType"] for each in found.values()}
    assert types == {
        "arn:aws:s3:::lake": "AWS::S3::Bucket",
        f"arn:aws:iam::{ACCOUNT}:role/guests": "AWS::IAM::Role",
        key: "AWS::KMS::Key",
        queue: "AWS::SQS::Queue",
        topic: "AWS::SNS::Topic",
        secret: "AWS::SecretsManager::Secret",
    }
    assert found[f"arn:aws:iam::{ACCOUNT}:role/guests"]["condition"] == {"sts:ExternalId": "flights-2013"}
    assert (found[queue]["isPublic"], found[key]["principal"]) == (True, {"AWS": GUEST})
    analyzed = lab.client("accessanalyzer").list_analyzed_resources(analyzerArn=arn, resourceType="AWS::IAM::Role")
    assert f"arn:aws:iam::{ACCOUNT}:role/own" in [each["resourceArn"] for each in analyzed["analyzedResources"]]
    by_service = [each for each in lab.calls() if each["principal"] == "access-analyzer.amazonaws.com"]
    assert {each["error"] for each in by_service} <= {
        None,
        "NoSuchBucketPolicy",
        "NoSuchPublicAccessBlockConfiguration",
    }


def test_the_second_version_has_the_access_in_its_details(lab: RunningLab, arn: str) -> None:
    """ListFindingsV2 and GetFindingV2."""
    analyzer = lab.client("accessanalyzer")
    lab.client("s3").put_bucket_policy(Bucket="lake", Policy=document(to({"AWS": GUEST})))
    wanted = {
        "resource": {"contains": ["lake"]},
        "status": {"eq": ["ACTIVE"]},
        "findingType": {"eq": ["ExternalAccess"]},
    }
    [found] = analyzer.list_findings_v2(analyzerArn=arn, filter=wanted)["findings"]
    assert found["findingType"] == "ExternalAccess"
    whole = analyzer.get_finding_v2(analyzerArn=arn, id=found["id"])
    [details] = whole["findingDetails"]
    assert details["externalAccessDetails"]["principal"] == {"AWS": GUEST}
    assert analyzer.get_finding(analyzerArn=arn, id=found["id"])["finding"]["resource"] == "arn:aws:s3:::lake"


def test_a_finding_is_resolved_when_its_cause_is_gone(lab: RunningLab, arn: str) -> None:
    """ "Resolved findings": and it is the same one when it comes back."""
    s3, analyzer = lab.client("s3"), lab.client("accessanalyzer")
    s3.put_bucket_policy(Bucket="lake", Policy=document(to({"AWS": GUEST})))
    [found] = active(lab, arn, resource={"eq": ["arn:aws:s3:::lake"]})
    s3.delete_bucket_policy(Bucket="lake")
    assert analyzer.get_finding(analyzerArn=arn, id=found["id"])["finding"]["status"] == "RESOLVED"
    s3.put_bucket_policy(Bucket="lake", Policy=document(to({"AWS": GUEST})))
    assert analyzer.get_finding(analyzerArn=arn, id=found["id"])["finding"]["status"] == "ACTIVE"


def test_what_is_meant_is_archived(lab: RunningLab, arn: str) -> None:
    """UpdateFindings, and rules that archive what is new ("Archive rules"); over a kill too."""
    s3, analyzer = lab.client("s3"), lab.client("accessanalyzer")
    s3.put_bucket_policy(Bucket="lake", Policy=document(to({"AWS": GUEST})))
    [found] = active(lab, arn, resource={"eq": ["arn:aws:s3:::lake"]})
    analyzer.update_findings(analyzerArn=arn, status="ARCHIVED", ids=[found["id"]])
    assert not active(lab, arn, resource={"eq": ["arn:aws:s3:::lake"]})
    partner = "arn:aws:iam::888888888888:root"
    rule = {"principal.AWS": {"eq": ["888888888888"]}}
    analyzer.create_archive_rule(analyzerName="outside", ruleName="partner", filter=rule)
    s3.put_bucket_policy(Bucket="lake", Policy=document(to({"AWS": GUEST}), to({"AWS": partner})))
    everything = analyzer.list_findings(analyzerArn=arn, filter={"resource": {"eq": ["arn:aws:s3:::lake"]}})["findings"]
    now = {each["principal"]["AWS"]: each["status"] for each in everything if each["status"] != "RESOLVED"}
    assert now == {GUEST: "ARCHIVED", "888888888888": "ARCHIVED"}
    time.sleep(1)  # settings younger than a second may be lost
    lab.kill()
    lab.start()
    analyzer = lab.client("accessanalyzer")
    assert analyzer.get_finding(analyzerArn=arn, id=found["id"])["finding"]["status"] == "ARCHIVED"
    assert [each["ruleName"] for each in analyzer.list_archive_rules(analyzerName="outside")["archiveRules"]] == [
        "partner"
    ]


def test_block_public_access_closes_what_is_public(lab: RunningLab, arn: str) -> None:
    """ "Amazon S3 Block Public Access settings override the bucket policies"."""
    s3 = lab.client("s3")
    s3.put_bucket_policy(Bucket="lake", Policy=document(to("*")))
    assert active(lab, arn, isPublic={"eq": ["true"]}, resource={"eq": ["arn:aws:s3:::lake"]})
    s3.put_public_access_block(Bucket="lake", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert not active(lab, arn, isPublic={"eq": ["true"]}, resource={"eq": ["arn:aws:s3:::lake"]})


def test_one_analyzer_of_external_access_in_a_region(lab: RunningLab, arn: str) -> None:
    analyzer = lab.client("accessanalyzer")
    for name, kind, code in (
        ("outside", "ACCOUNT", "ConflictException"),
        ("second", "ACCOUNT", "ServiceQuotaExceededException"),
        ("unused", "ACCOUNT_UNUSED_ACCESS", "ValidationException"),
    ):
        with pytest.raises(ClientError) as error:
            analyzer.create_analyzer(analyzerName=name, type=kind)
        assert error.value.response["Error"]["Code"] == code
    [told] = analyzer.list_analyzers()["analyzers"]
    assert (told["name"], told["status"], told["arn"]) == ("outside", "ACTIVE", arn)
    analyzer.tag_resource(resourceArn=arn, tags={"team": "ops", "stage": "dev"})
    analyzer.untag_resource(resourceArn=arn, tagKeys=["stage"])
    assert analyzer.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "ops"}
    with pytest.raises(analyzer.exceptions.ResourceNotFoundException):
        analyzer.get_analyzer(analyzerName="none")
    with pytest.raises(analyzer.exceptions.ResourceNotFoundException):
        analyzer.get_finding(analyzerArn=arn, id="none")
    elsewhere = lab.client("accessanalyzer", region_name="eu-west-1")
    made = elsewhere.create_analyzer(analyzerName="outside", type="ACCOUNT", tags={"a": "b"})["arn"]
    assert made == f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/outside"
    assert elsewhere.get_analyzer(analyzerName="outside")["analyzer"]["tags"] == {"a": "b"}
    elsewhere.delete_analyzer(analyzerName="outside")
    assert elsewhere.list_analyzers()["analyzers"] == []
