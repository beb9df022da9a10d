"""The policy simulator tells what would be decided, without a call.

Sources: IAM API reference, SimulatePrincipalPolicy and SimulateCustomPolicy with their examples; IAM user guide, "IAM
policy testing with the IAM policy simulator". That it agrees with real calls is shown in tests/security.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.security.people import ACCOUNT, allow, deny, document, role, trust, unique, user

KEY = "arn:aws:s3:::teambucket/a"


@pytest.fixture(scope="module")
def iam(lab: RunningLab) -> Any:
    return lab.client("iam")


def custom(iam: Any, *policies: str, actions: list[str], **options: Any) -> list[dict[str, Any]]:
    answer = iam.simulate_custom_policy(PolicyInputList=list(policies), ActionNames=actions, **options)
    results: list[dict[str, Any]] = answer["EvaluationResults"]
    return results


def test_the_reference_s_example_with_a_context_key(iam: Any) -> None:
    """SimulateCustomPolicy, "Using Context Keys in a Policy Simulation", with its positions."""
    policy = """{
  "Version":"2012-10-17",
  "Statement":{
    "Effect":"Allow",
    "Action":"s3:ListBucket",
    "Resource":"arn:aws:s3:::teambucket",
    "Condition":{
      "Bool":{"aws:MultiFactorAuthPresent":"true"}
    }
  }
}"""
    asked: dict[str, Any] = {"actions": ["s3:ListBucket"], "ResourceArns": ["arn:aws:s3:::teambucket"]}
    entry = {
        "ContextKeyName": "aws:MultiFactorAuthPresent",
        "ContextKeyType": "boolean",
        "ContextKeyValues": ["true"],
    }
    [result] = custom(iam, policy, **asked, ContextEntries=[entry])
    matched = {
        "SourcePolicyId": "PolicyInputList.1",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": 3, "Column": 16},
        "EndPosition": {"Line": 10, "Column": 4},
    }
    assert result == {
        "EvalActionName": "s3:ListBucket",
        "EvalResourceName": "arn:${Partition}:s3:::${BucketName}",
        "EvalDecision": "allowed",
        "MatchedStatements": [matched],
        "MissingContextValues": [],
        "EvalDecisionDetails": {},
        "ResourceSpecificResults": [
            {
                "EvalResourceName": "arn:aws:s3:::teambucket",
                "EvalResourceDecision": "allowed",
                "MatchedStatements": [matched],
                "MissingContextValues": [],
            }
        ],
    }
    [without] = custom(iam, policy, **asked)
    assert (without["EvalDecision"], without["MatchedStatements"]) == ("implicitDeny", [])
    assert without["MissingContextValues"] == ["aws:MultiFactorAuthPresent"]


def test_the_reference_s_example_of_a_user(lab: RunningLab, iam: Any) -> None:
    """SimulatePrincipalPolicy, "Simulating a Policy": what is attached, what is added, what nobody allows."""
    jill = user(lab)
    iam.attach_user_policy(UserName=jill.name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    added = document(allow("s3:PutObject", "arn:aws:s3:::my-test-bucket/*"))
    results = iam.simulate_principal_policy(
        PolicySourceArn=jill.arn,
        ActionNames=["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
        ResourceArns=["arn:aws:s3:::my-test-bucket/x"],
        PolicyInputList=[added],
    )["EvaluationResults"]
    assert [each["EvalDecision"] for each in results] == ["allowed", "allowed", "implicitDeny"]
    sources = [[found["SourcePolicyId"] for found in each["MatchedStatements"]] for each in results]
    assert sources == [["PolicyInputList.1"], ["AmazonS3ReadOnlyAccess"], []]


def test_statements_are_found_in_the_text_as_it_was_written(lab: RunningLab, iam: Any) -> None:
    """Of a list the first starts after its bracket, the next where the one before ends; the AWS CLI shows it."""
    ana = user(lab)
    text = '{"Version": "2012-10-17", "Statement": [\n{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"},\n '
    text += '{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    iam.put_user_policy(UserName=ana.name, PolicyName="own", PolicyDocument=text)
    [sqs, s3] = iam.simulate_principal_policy(PolicySourceArn=ana.arn, ActionNames=["sqs:SendMessage", "s3:GetObject"])[
        "EvaluationResults"
    ]
    assert sqs["MatchedStatements"] == [
        {
            "SourcePolicyId": f"user_{ana.name}_own",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 1, "Column": 41},
            "EndPosition": {"Line": 2, "Column": 56},
        }
    ]
    [found] = s3["MatchedStatements"]
    assert (found["StartPosition"], found["EndPosition"]) == ({"Line": 2, "Column": 56}, {"Line": 3, "Column": 56})
    assert "ResourceSpecificResults" not in s3  # no resource was named


def test_a_boundary_limits_but_not_what_a_bucket_gives_to_the_user(iam: Any) -> None:
    """SimulateCustomPolicy, "Same-Account Simulation": Mateo and the production bucket."""
    only_iam = document(allow("iam:*"))
    mateo = f"arn:aws:iam::{ACCOUNT}:user/mateo"
    bucket = document(
        {"Effect": "Allow", "Principal": {"AWS": mateo}, "Action": ["s3:List*", "s3:Put*"], "Resource": "*"}
    )
    arns = ["arn:aws:s3:::production/Test"]
    asked: dict[str, Any] = {"actions": ["s3:PutObject"], "ResourceArns": arns, "CallerArn": mateo}
    [result] = custom(
        iam,
        only_iam,
        **asked,
        ResourceOwner=f"arn:aws:iam::{ACCOUNT}:root",
        PermissionsBoundaryPolicyInputList=[only_iam],
        ResourcePolicy=bucket,
    )
    assert result["EvalDecision"] == "allowed"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    assert result["EvalDecisionDetails"] == {}
    [found] = result["MatchedStatements"]
    assert (found["SourcePolicyId"], found["SourcePolicyType"]) == ("ResourcePolicy", "Resource Policy")
    [limited] = custom(iam, document(allow("s3:*")), **asked, PermissionsBoundaryPolicyInputList=[only_iam])
    assert limited["EvalDecision"] == "implicitDeny"


def test_across_accounts_each_kind_of_policy_is_told(lab: RunningLab, iam: Any) -> None:
    """SimulatePrincipalPolicy, "Cross-Account Simulation": Arnav may put into Mary's bucket as far as she goes."""
    arnav = user(lab, allow("sqs:*"))
    bucket = document(
        {"Effect": "Allow", "Principal": {"AWS": arnav.arn}, "Action": "s3:Put*", "Resource": "arn:aws:s3:::mary/*"}
    )
    [result] = iam.simulate_principal_policy(
        PolicySourceArn=arnav.arn,
        ActionNames=["s3:PutObject"],
        ResourceArns=["arn:aws:s3:::mary/Test"],
        ResourceOwner="arn:aws:iam::444455556666:root",
        PermissionsBoundaryPolicyInputList=[document(allow("iam:*"))],
        ResourcePolicy=bucket,
    )["EvaluationResults"]
    assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])
    assert result["EvalDecisionDetails"] == {
        "IAM Policy": "implicitDeny",
        "Resource Policy": "allowed",
        "Permissions Boundary Policy": "implicitDeny",
    }
    [specific] = result["ResourceSpecificResults"]
    assert [found["SourcePolicyId"] for found in specific["MatchedStatements"]] == ["ResourcePolicy"]
    assert specific["EvalDecisionDetails"] == result["EvalDecisionDetails"]


def test_each_resource_has_a_decision_and_the_strictest_is_that_of_all(iam: Any) -> None:
    policy = document(allow("s3:GetObject", "arn:aws:s3:::a/*"), deny("s3:GetObject", "arn:aws:s3:::a/no/*"))
    arns = ["arn:aws:s3:::a/yes", "arn:aws:s3:::a/no/x", "arn:aws:s3:::b/x"]
    [result] = custom(iam, policy, actions=["s3:GetObject"], ResourceArns=arns)
    decisions = {each["EvalResourceName"]: each["EvalResourceDecision"] for each in result["ResourceSpecificResults"]}
    assert decisions == dict(zip(arns, ["allowed", "explicitDeny", "implicitDeny"], strict=True))
    assert result["EvalDecision"] == "explicitDeny"
    assert len(result["MatchedStatements"]) == 1  # "the deny statement is the only entry"


def test_an_organization_s_policies_are_asked_level_by_level(iam: Any) -> None:
    """OrderedOrganizationPolicyInputList: from the root to the account; their statements are not told."""
    everything, only_sqs = document(allow("*")), document(allow("sqs:*"))
    for levels, decision, allowed in (
        ([[everything], [everything]], "allowed", True),
        ([[everything], [only_sqs]], "implicitDeny", False),
        ([[everything, document(deny("s3:*"))]], "explicitDeny", False),
    ):
        ordered = [{"ServiceControlPolicyInputList": level} for level in levels]
        [result] = custom(
            iam,
            everything,
            actions=["s3:GetObject"],
            ResourceArns=[KEY],
            OrderedOrganizationPolicyInputList=ordered,
        )
        assert result["EvalDecision"] == decision
        assert result["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": allowed}
        assert bool(result["MatchedStatements"]) == allowed
        assert ("EvalDecisionDetails" in result) == allowed


def test_what_a_user_has_comes_from_groups_and_tags_too(lab: RunningLab, iam: Any) -> None:
    """ "If you specify a user, the simulation also includes all policies that are attached to any groups"."""
    ana, group = user(lab), unique("group")
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=ana.name)
    own = allow("s3:GetObject", "arn:aws:s3:::lake/${aws:PrincipalTag/team}/${aws:username}")
    iam.put_group_policy(GroupName=group, PolicyName="own", PolicyDocument=document(own))
    iam.tag_user(UserName=ana.name, Tags=[{"Key": "team", "Value": "ops"}])
    asked = {"ActionNames": ["s3:GetObject"], "ResourceArns": [f"arn:aws:s3:::lake/ops/{ana.name}"]}
    [result] = iam.simulate_principal_policy(PolicySourceArn=ana.arn, **asked)["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"
    assert result["MatchedStatements"][0]["SourcePolicyId"] == f"group_{group}_own"
    as_bo = f"arn:aws:iam::{ACCOUNT}:user/bo"
    [result] = iam.simulate_principal_policy(PolicySourceArn=ana.arn, CallerArn=as_bo, **asked)["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:PrincipalTag/team"])
    arn = iam.get_group(GroupName=group)["Group"]["Arn"]
    [result] = iam.simulate_principal_policy(PolicySourceArn=arn, **asked)["EvaluationResults"]
    assert result["MissingContextValues"] == ["aws:PrincipalTag/team", "aws:username"]


def test_policies_can_be_left_out(lab: RunningLab, iam: Any) -> None:
    """PolicyExclusionList: by type, by ARN, by an inline policy's name."""
    ana = user(lab, allow("s3:*"), boundary=[allow("sqs:*")])
    asked = {"PolicySourceArn": ana.arn, "ActionNames": ["s3:GetObject"], "ResourceArns": [KEY]}
    inline = {"PolicyName": "own", "AttachmentType": "user", "AttachmentName": ana.name}
    for without, decision in (
        ([], "implicitDeny"),
        ([{"PolicyType": "permission-boundary"}], "allowed"),
        ([{"PolicyType": "permission-boundary"}, {"PolicyType": "inline"}], "implicitDeny"),
        ([{"PolicyType": "permission-boundary"}, {"InlinePolicyIdentifier": inline}], "implicitDeny"),
        ([{"PolicyType": "permission-boundary"}, {"PolicyArn": "arn:aws:iam::aws:policy/Amazon*"}], "allowed"),
    ):
        [result] = iam.simulate_principal_policy(**asked, PolicyExclusionList=without)["EvaluationResults"]
        assert result["EvalDecision"] == decision, without
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.simulate_principal_policy(**asked, PolicyExclusionList=[{"PolicyArn": "arn:aws:iam::*:policy/Amazon"}])


def test_results_come_in_pages(iam: Any) -> None:
    actions = [f"s3:{name}" for name in ("GetObject", "PutObject", "DeleteObject", "ListBucket", "GetBucketAcl")]
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[document(allow("s3:Get*"))], ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    found = [[each["EvalActionName"] for each in page["EvaluationResults"]] for page in pages]
    assert found == [actions[:2], actions[2:4], actions[4:]]


def test_the_keys_that_policies_ask_for(lab: RunningLab, iam: Any) -> None:
    """GetContextKeysForCustomPolicy: in conditions and as variables."""
    text = document(
        allow("s3:*", "arn:aws:s3:::home/${aws:username}/*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        allow("s3:*", "*", Condition={"StringLike": {"s3:prefix": ["${aws:PrincipalTag/team}/*", "${*}"]}}),
    )
    expected = {"aws:username", "aws:SecureTransport", "s3:prefix", "aws:PrincipalTag/team"}
    assert set(iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"]) == expected
    ana = user(lab, allow("sqs:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=ana.arn, PolicyInputList=[text])
    assert set(keys["ContextKeyNames"]) == {*expected, "aws:SourceIp"}


def test_what_cannot_be_simulated_is_told(lab: RunningLab, iam: Any) -> None:
    """The errors of both operations, and what their parameters say cannot be given."""
    everything = document(allow("*"))
    worker = role(lab, trust(AWS=ACCOUNT), allow("s3:*"))
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/run"
    anybody = document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    one = {"ActionNames": ["s3:GetObject"]}
    simulate_custom = lambda **given: iam.simulate_custom_policy(**{"PolicyInputList": [everything], **one, **given})  # noqa: E731
    simulate_principal = lambda **given: iam.simulate_principal_policy(**{**one, **given})  # noqa: E731
    for call, given, code, words in (
        (simulate_custom, {"PolicyInputList": ["{"]}, "InvalidInput", "PolicyInputList.1"),
        (simulate_custom, {"ActionNames": ["s3:*"]}, "InvalidInput", "s3:*"),
        (simulate_custom, {"ActionNames": ["GetObject"]}, "InvalidInput", "GetObject"),
        (simulate_custom, {"ResourcePolicy": anybody}, "InvalidInput", "CallerArn"),
        (simulate_custom, {"CallerArn": session}, "InvalidInput", "Invalid Entity Arn"),
        (simulate_custom, {"ResourceOwner": "me"}, "InvalidInput", "ResourceOwner"),
        (simulate_custom, {"PermissionsBoundaryPolicyInputList": [everything] * 2}, "InvalidInput", "boundary"),
        (simulate_custom, {"ResourceHandlingOption": "EC2-VPC-EBS"}, "InvalidInput", "volume"),
        (simulate_custom, {"Marker": "?"}, "ValidationError", "Marker"),
        (simulate_principal, {"PolicySourceArn": session}, "InvalidInput", "Invalid Entity Arn"),
        (simulate_principal, {"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/nobody"}, "NoSuchEntity", "nobody"),
        (simulate_principal, {"PolicySourceArn": worker, "ResourcePolicy": anybody}, "InvalidInput", "IAM roles"),
    ):
        with pytest.raises(ClientError) as error:
            call(**given)
        assert error.value.response["Error"]["Code"] == code, given
        assert words in error.value.response["Error"]["Message"]
