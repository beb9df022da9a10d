"""Custom policy checks compare what policies give.

Source: IAM user guide, "Validate policies with IAM Access Analyzer custom policy checks".
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.security.people import allow, deny, document

TAGGED = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}


@pytest.fixture(scope="module")
def analyzer(lab: RunningLab) -> Any:
    return lab.client("accessanalyzer")


GRANTED: list[tuple[str, dict[str, Any], str]] = [
    (document(allow("s3:Get*")), {"actions": ["s3:GetObject"]}, "FAIL"),
    (document(allow("s3:Get*")), {"actions": ["s3:PutObject", "s3:DeleteObject"]}, "PASS"),
    (document(allow("s3:GetObject")), {"actions": ["s3:*"]}, "FAIL"),
    (document(allow("s3:GetObject", "arn:aws:s3:::lake/*")), {"resources": ["arn:aws:s3:::secret/*"]}, "PASS"),
    (document(allow("s3:GetObject", "arn:aws:s3:::*/x")), {"resources": ["arn:aws:s3:::secret/*"]}, "FAIL"),
    (document(allow("*"), deny("iam:*")), {"actions": ["iam:CreateUser"]}, "PASS"),
    (document(allow("*"), deny("iam:*", Condition=TAGGED)), {"actions": ["iam:CreateUser"]}, "FAIL"),
    (document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), {"actions": ["iam:CreateUser"]}, "PASS"),
    (document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), {"actions": ["s3:GetObject"]}, "FAIL"),
]


@pytest.mark.parametrize(("policy", "access", "expected"), GRANTED)
def test_an_access_that_is_not_to_be_given(analyzer: Any, policy: str, access: dict[str, Any], expected: str) -> None:
    """CheckAccessNotGranted: a condition does not make an access none."""
    answer = analyzer.check_access_not_granted(policyDocument=policy, access=[access], policyType="IDENTITY_POLICY")
    assert answer["result"] == expected
    assert [each["statementIndex"] for each in answer.get("reasons", [])] == ([0] if expected == "FAIL" else [])


NEW: list[tuple[str, str, str]] = [
    (document(allow("s3:GetObject")), document(allow("s3:*")), "PASS"),
    (document(allow("s3:*")), document(allow("s3:GetObject")), "FAIL"),
    (
        document(allow("s3:GetObject", "arn:aws:s3:::lake/a/*")),
        document(allow("s3:Get*", "arn:aws:s3:::lake/*")),
        "PASS",
    ),
    (document(allow("s3:GetObject", "arn:aws:s3:::lake/*")), document(allow("s3:*", "arn:aws:s3:::lake/a/*")), "FAIL"),
    (document(allow("s3:GetObject", Condition=TAGGED)), document(allow("s3:GetObject")), "PASS"),
    (document(allow("s3:GetObject")), document(allow("s3:GetObject", Condition=TAGGED)), "FAIL"),
    (document(allow(["s3:GetObject", "sqs:SendMessage"])), document(allow("sqs:*"), allow("s3:*")), "PASS"),
    (document(allow("s3:*")), document(allow("s3:*"), deny("s3:DeleteObject")), "FAIL"),
    (document(allow("s3:*"), deny("sqs:*")), document(allow("*")), "PASS"),
]


@pytest.mark.parametrize(("new", "existing", "expected"), NEW)
def test_more_than_before_fails(analyzer: Any, new: str, existing: str, expected: str) -> None:
    """CheckNoNewAccess."""
    answer = analyzer.check_no_new_access(
        newPolicyDocument=new, existingPolicyDocument=existing, policyType="IDENTITY_POLICY"
    )
    assert answer["result"] == expected
    assert bool(answer.get("reasons")) == (expected == "FAIL")


def to(principal: Any, **elements: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", **elements})


PUBLIC: list[tuple[str, str]] = [
    (to("*"), "FAIL"),
    (to({"AWS": "*"}), "FAIL"),
    (to({"AWS": "123456789012"}), "PASS"),
    (to("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}), "PASS"),
    (to("*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), "FAIL"),
    (to("*", Effect="Deny"), "PASS"),
]


@pytest.mark.parametrize(("policy", "expected"), PUBLIC)
def test_what_is_public_fails(analyzer: Any, policy: str, expected: str) -> None:
    """CheckNoPublicAccess."""
    answer = analyzer.check_no_public_access(policyDocument=policy, resourceType="AWS::S3::Bucket")
    assert answer["result"] == expected


def test_what_is_no_policy_is_refused(analyzer: Any) -> None:
    for text in ("{", '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'):
        with pytest.raises(analyzer.exceptions.InvalidParameterException):
            analyzer.check_no_public_access(policyDocument=text, resourceType="AWS::S3::Bucket")
