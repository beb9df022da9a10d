"""Reports on users, roles and policies, and on when they were last used.

Sources: IAM user guide, "Refine permissions using last accessed information" and "Generate credential reports for
your AWS account"; IAM API reference, each operation that is named.
"""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import advance
from tests.security.people import ACCOUNT, allow, deny, document, refusal, role, session, trust, unique, user


@pytest.fixture(scope="module")
def iam(lab: RunningLab) -> Any:
    return lab.client("iam")


def last_accessed(iam: Any, arn: str, **options: Any) -> dict[str, dict[str, Any]]:
    """What the report on *arn* says, by service."""
    job = iam.generate_service_last_accessed_details(Arn=arn, **options)["JobId"]
    answer = iam.get_service_last_accessed_details(JobId=job)
    assert answer["JobStatus"] == "COMPLETED"
    return {each["ServiceNamespace"]: each for each in answer["ServicesLastAccessed"]}


def recent(moment: datetime) -> bool:
    return abs(moment - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_user_s_services_and_when_he_called_them(lab: RunningLab, iam: Any) -> None:
    """GetServiceLastAccessedDetails: the services that policies give, used or not; refused calls count."""
    ana = user(lab, allow(["s3:*", "sqs:ListQueues"]), allow("sns:*"), deny("sns:*"))
    ana.client("sqs", region_name="eu-west-1").list_queues()
    assert refusal(ana.client("dynamodb").list_tables)
    services = last_accessed(iam, ana.arn)
    assert set(services) == {"s3", "sqs"}
    assert services["s3"] == {"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "TotalAuthenticatedEntities": 0}
    used = services["sqs"]
    assert used["ServiceName"] == "Amazon SQS"
    assert (used["LastAuthenticatedEntity"], used["LastAuthenticatedRegion"]) == (ana.arn, "eu-west-1")
    assert used["TotalAuthenticatedEntities"] == 1
    assert recent(used["LastAuthenticated"])
    assert "TrackedActionsLastAccessed" not in used
    assert last_accessed(iam, ana.arn)["sqs"] == used


def test_actions_that_nobody_used_are_seen(lab: RunningLab, iam: Any) -> None:
    """ACTION_LEVEL: so a policy is brought down to what is needed ("Generate policies", least privilege)."""
    ana = user(lab, allow(["sqs:List*", "sqs:CreateQueue"]))
    ana.client("sqs").list_queues()
    found = last_accessed(iam, ana.arn, Granularity="ACTION_LEVEL")["sqs"]["TrackedActionsLastAccessed"]
    actions = {each["ActionName"]: each.get("LastAccessedEntity") for each in found}
    assert actions["ListQueues"] == ana.arn
    assert actions["CreateQueue"] is None
    assert "SendMessage" not in actions


def test_a_role_is_used_by_its_sessions(lab: RunningLab, iam: Any) -> None:
    """GetRole, RoleLastUsed; and the report of the role."""
    arn = role(lab, trust(AWS=ACCOUNT), allow("sns:ListTopics"))
    name = arn.rpartition("/")[2]
    assert "LastUsedDate" not in iam.get_role(RoleName=name)["Role"]["RoleLastUsed"]
    session(lab.client("sts"), arn, lab).client("sns", region_name="eu-west-1").list_topics()
    last = iam.get_role(RoleName=name)["Role"]["RoleLastUsed"]
    assert recent(last["LastUsedDate"])
    assert last["Region"] == "eu-west-1"
    assert last_accessed(iam, arn)["sns"]["LastAuthenticatedEntity"] == arn


def test_who_of_a_group_or_by_a_policy_used_a_service(lab: RunningLab, iam: Any) -> None:
    """GetServiceLastAccessedDetailsWithEntities: the last first."""
    ana, bo, group = user(lab), user(lab), unique("group")
    iam.create_group(GroupName=group)
    policy = iam.create_policy(PolicyName=unique("queues"), PolicyDocument=document(allow("sqs:*")))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName=group, PolicyArn=policy)
    for who in (ana, bo):
        iam.add_user_to_group(GroupName=group, UserName=who.name)
    bo.client("sqs").list_queues()
    for arn in (iam.get_group(GroupName=group)["Group"]["Arn"], policy):
        job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
        [service] = iam.get_service_last_accessed_details(JobId=job)["ServicesLastAccessed"]
        assert (service["LastAuthenticatedEntity"], service["TotalAuthenticatedEntities"]) == (bo.arn, 1)
        entities = iam.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="sqs")
        found = [(each["EntityInfo"]["Arn"], "LastAuthenticated" in each) for each in entities["EntityDetailsList"]]
        assert found == [(bo.arn, True), (ana.arn, False)]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_service_last_accessed_details(JobId="0" * 36)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.generate_service_last_accessed_details(Arn=f"arn:aws:iam::{ACCOUNT}:user/nobody")


def test_an_administrator_s_report_comes_in_pages(lab: RunningLab, iam: Any) -> None:
    job = iam.generate_service_last_accessed_details(Arn=f"arn:aws:iam::{ACCOUNT}:user/lab-admin")["JobId"]
    first = iam.get_service_last_accessed_details(JobId=job)
    assert (len(first["ServicesLastAccessed"]), first["IsTruncated"]) == (100, True)
    found, marker = [each["ServiceNamespace"] for each in first["ServicesLastAccessed"]], first["Marker"]
    while marker:
        more = iam.get_service_last_accessed_details(JobId=job, Marker=marker, MaxItems=1000)
        found += [each["ServiceNamespace"] for each in more["ServicesLastAccessed"]]
        marker = more.get("Marker")
    assert len(found) > 300
    assert found == sorted(set(found))


def test_which_policies_give_a_service(lab: RunningLab, iam: Any) -> None:
    """ListPoliciesGrantingServiceAccess: own policies and those of groups, managed and inline."""
    ana, group = user(lab, allow("s3:GetObject"), boundary=[allow("*")]), unique("group")
    reading = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=ana.name)
    iam.attach_group_policy(GroupName=group, PolicyArn=reading)
    answer = iam.list_policies_granting_service_access(Arn=ana.arn, ServiceNamespaces=["s3", "sqs"])
    s3, sqs = answer["PoliciesGrantingServiceAccess"]
    assert s3["Policies"] == [
        {"PolicyName": "own", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": ana.name},
        {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyType": "MANAGED", "PolicyArn": reading},
    ]
    assert (sqs["ServiceNamespace"], sqs["Policies"]) == ("sqs", [])


def test_when_a_key_was_last_used(lab: RunningLab, iam: Any) -> None:
    """GetAccessKeyLastUsed: "N/A" of a key that was never used; a call that is refused is a use too."""
    ana = user(lab)
    key = ana.keys["aws_access_key_id"]
    before = iam.get_access_key_last_used(AccessKeyId=key)
    assert (before["UserName"], before["AccessKeyLastUsed"]) == (ana.name, {"ServiceName": "N/A", "Region": "N/A"})
    assert refusal(ana.client("dynamodb", region_name="eu-west-1").list_tables)
    last = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert (last["ServiceName"], last["Region"]) == ("dynamodb", "eu-west-1")
    assert recent(last["LastUsedDate"])
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_access_key_last_used(AccessKeyId="AKIAIOSFODNN7EXAMPLE")


def test_the_credential_report(new_lab: Callable[..., RunningLab]) -> None:
    """One line a user, the root user's first; made again after four hours, and there after a kill."""
    lab = new_lab()
    iam = lab.client("iam")
    with pytest.raises(ClientError) as error:
        iam.get_credential_report()
    assert error.value.response["Error"]["Code"] == "ReportNotPresent"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
    ana = user(lab, allow("*"), name="ana")
    iam.create_login_profile(UserName="ana", Password="pass-Word-1")
    iam.update_account_password_policy(MaxPasswordAge=90)
    second = iam.create_access_key(UserName="ana")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="ana", AccessKeyId=second, Status="Inactive")
    ana.client("sqs").list_queues()
    started = iam.generate_credential_report()
    assert started["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    time.sleep(1)  # settings younger than a second may be lost
    lab.kill()
    lab.start()
    iam = lab.client("iam")
    report = iam.get_credential_report()
    assert recent(report["GeneratedTime"])
    lines = list(csv.DictReader(report["Content"].decode().splitlines()))
    assert [each["user"] for each in lines] == ["<root_account>", "ana", "lab-admin"]
    root, line, admin = lines
    assert (root["arn"], root["password_next_rotation"]) == (f"arn:aws:iam::{ACCOUNT}:root", "not_supported")
    assert (line["password_enabled"], line["mfa_active"], line["password_last_used"]) == (
        "true",
        "false",
        "no_information",
    )
    changed = datetime.fromisoformat(line["password_last_changed"])
    assert datetime.fromisoformat(line["password_next_rotation"]) == changed + timedelta(days=90)
    assert (line["access_key_1_active"], line["access_key_2_active"]) == ("true", "false")
    assert (line["access_key_1_last_used_service"], line["access_key_1_last_used_region"]) == ("sqs", "us-east-1")
    assert (line["access_key_2_last_used_date"], line["access_key_2_last_used_service"]) == ("N/A", "N/A")
    assert (admin["password_enabled"], admin["password_last_changed"]) == ("false", "N/A")
    assert admin["access_key_1_last_used_service"] == "iam"


def test_a_credential_report_expires(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    iam = lab.client("iam")
    iam.generate_credential_report()
    iam.get_credential_report()
    advance(lab, 5 * 3600)
    with pytest.raises(ClientError, match="ReportExpired"):
        iam.get_credential_report()
    assert iam.generate_credential_report()["State"] == "STARTED"
    iam.get_credential_report()


def test_all_of_an_account(lab: RunningLab, iam: Any) -> None:
    """GetAccountAuthorizationDetails: all that is known of each, and in pages."""
    ana, group = user(lab, allow("s3:*"), boundary=[allow("*")]), unique("group")
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=ana.name)
    iam.put_group_policy(GroupName=group, PolicyName="of-group", PolicyDocument=document(allow("sqs:*")))
    iam.attach_user_policy(UserName=ana.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    iam.tag_user(UserName=ana.name, Tags=[{"Key": "team", "Value": "ops"}])
    arn = role(lab, trust(AWS=ACCOUNT), allow("sns:ListTopics"))
    iam.tag_role(RoleName=arn.rpartition("/")[2], Tags=[{"Key": "team", "Value": "etl"}])
    session(lab.client("sts"), arn, lab).client("sns").list_topics()
    pages = list(
        iam.get_paginator("get_account_authorization_details").paginate(
            Filter=["User", "Group", "Role", "LocalManagedPolicy"], PaginationConfig={"PageSize": 20}
        )
    )
    assert all(sum(len(each[name]) for name in LISTS) <= 20 for each in pages)
    found = {name: [item for each in pages for item in each[name]] for name in LISTS}
    [seen] = [each for each in found["UserDetailList"] if each["Arn"] == ana.arn]
    assert (seen["GroupList"], seen["Tags"]) == ([group], [{"Key": "team", "Value": "ops"}])
    assert seen["UserPolicyList"] == [{"PolicyName": "own", "PolicyDocument": json.loads(document(allow("s3:*")))}]
    assert [each["PolicyName"] for each in seen["AttachedManagedPolicies"]] == ["AmazonS3ReadOnlyAccess"]
    assert seen["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(f"{ana.name}-limit")
    assert (seen["UserName"], seen["UserId"][:4]) == (ana.name, "AIDA")
    [of_group] = [each for each in found["GroupDetailList"] if each["GroupName"] == group]
    assert of_group["GroupId"].startswith("AGPA")
    assert [each["PolicyName"] for each in of_group["GroupPolicyList"]] == ["of-group"]
    [worker] = [each for each in found["RoleDetailList"] if each["Arn"] == arn]
    assert worker["AssumeRolePolicyDocument"] == json.loads(trust(AWS=ACCOUNT))
    assert worker["Tags"] == [{"Key": "team", "Value": "etl"}]
    assert recent(worker["RoleLastUsed"]["LastUsedDate"])
    [limit] = [each for each in found["Policies"] if each["PolicyName"] == f"{ana.name}-limit"]
    assert (limit["DefaultVersionId"], limit["PermissionsBoundaryUsageCount"], limit["AttachmentCount"]) == ("v1", 1, 0)
    assert limit["PolicyId"].startswith("ANPA")
    assert limit["PolicyVersionList"][0]["Document"] == json.loads(document(allow("*")))
    assert {each["Arn"].split(":")[4] for each in found["Policies"]} == {ACCOUNT}


LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")


def test_an_account_in_numbers(lab: RunningLab, iam: Any) -> None:
    """GetAccountSummary: what there is, and the quotas."""
    before = iam.get_account_summary()["SummaryMap"]
    user(lab)
    after = iam.get_account_summary()["SummaryMap"]
    assert after["Users"] == before["Users"] + 1
    quotas = {"UsersQuota": 5000, "GroupsQuota": 300, "AccessKeysPerUserQuota": 2, "VersionsPerPolicyQuota": 5}
    assert quotas.items() <= after.items()
    assert (after["AccountMFAEnabled"], after["AccountPasswordPresent"]) == (0, 0)
