"""One identity: what STS calls the caller is a user in IAM (API reference, GetUser, ListAccessKeys, ListPolicies)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.roles import ADMINISTRATOR, role

LAMBDA_BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def iam(lab: RunningLab) -> Any:
    return lab.client("iam")


def test_sts_and_iam_know_the_same_caller(lab: RunningLab, iam: Any) -> None:
    identity = lab.client("sts").get_caller_identity()
    user = iam.get_user()["User"]
    assert (user["Arn"], user["UserId"]) == (identity["Arn"], identity["UserId"])
    assert iam.get_user(UserName=user["UserName"])["User"]["Arn"] == identity["Arn"]
    assert user["UserName"] in [each["UserName"] for each in iam.list_users()["Users"]]


def test_the_callers_keys_are_listed(lab: RunningLab, iam: Any) -> None:
    [key] = iam.list_access_keys()["AccessKeyMetadata"]
    assert (key["AccessKeyId"], key["Status"]) == (lab.facts["access_key_id"], "Active")


def test_a_users_own_keys_say_who_it_is(lab: RunningLab, iam: Any) -> None:
    iam.create_user(UserName="holder-of-keys")
    own = "arn:aws:iam::*:user/${aws:username}"
    self_service = {"Effect": "Allow", "Action": "iam:*", "Resource": own}
    document = json.dumps({"Version": "2012-10-17", "Statement": [self_service]})
    iam.put_user_policy(UserName="holder-of-keys", PolicyName="self", PolicyDocument=document)
    key = iam.create_access_key(UserName="holder-of-keys")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert lab.client("iam", **keys).get_user()["User"]["UserName"] == "holder-of-keys"
    iam.delete_access_key(UserName="holder-of-keys", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="holder-of-keys", PolicyName="self")
    iam.delete_user(UserName="holder-of-keys")


def test_a_role_has_to_name_the_user(lab: RunningLab, iam: Any) -> None:
    arn = role(lab, "no-user")
    given = lab.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    session = lab.client(
        "iam",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    with pytest.raises(ClientError, match="Must specify userName when calling with non-User credentials"):
        session.get_user()
    iam.detach_role_policy(RoleName="no-user", PolicyArn=ADMINISTRATOR)
    iam.delete_role(RoleName="no-user")


def test_policies_of_aws_can_be_attached_and_read(iam: Any) -> None:
    iam.create_role(RoleName="basic", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="basic", PolicyArn=LAMBDA_BASIC)
    [attached] = iam.list_attached_role_policies(RoleName="basic")["AttachedPolicies"]
    assert attached == {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": LAMBDA_BASIC}
    version = iam.get_policy(PolicyArn=LAMBDA_BASIC)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=LAMBDA_BASIC, VersionId=version)["PolicyVersion"]["Document"]
    assert "logs:PutLogEvents" in document["Statement"][0]["Action"]
    iam.detach_role_policy(RoleName="basic", PolicyArn=LAMBDA_BASIC)
    iam.delete_role(RoleName="basic")


def test_aws_scope_lists_policies_of_aws_alone(iam: Any) -> None:
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    arns = [policy["Arn"] for page in pages for policy in page["Policies"]]
    assert LAMBDA_BASIC in arns
    assert len(arns) > 1000
    assert all(arn.startswith("arn:aws:iam::aws:policy/") for arn in arns)
