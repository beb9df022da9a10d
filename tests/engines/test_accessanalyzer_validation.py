"""ValidatePolicy finds what is wrong with a policy, and what could be better.

Source: IAM user guide, "IAM Access Analyzer policy check reference": the codes, and which kind each is.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

IDENTITY, RESOURCE, CONTROL = "IDENTITY_POLICY", "RESOURCE_POLICY", "SERVICE_CONTROL_POLICY"


@pytest.fixture(scope="module")
def analyzer(lab: RunningLab) -> Any:
    return lab.client("accessanalyzer")


def validate(analyzer: Any, policy: Any, kind: str = IDENTITY, **options: Any) -> list[dict[str, Any]]:
    text = policy if isinstance(policy, str) else json.dumps(policy)
    found: list[dict[str, Any]] = analyzer.validate_policy(policyDocument=text, policyType=kind, **options)["findings"]
    return found


def test_a_finding_tells_what_and_where(analyzer: Any) -> None:
    """The span has the quotes in it, lines count from 1, columns and offsets from 0 (API reference, Position)."""
    statement = '{"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}'
    text = f'{{\n  "Version": "2012-10-17",\n  "Statement": [\n    {statement}\n  ]\n}}'
    [found] = validate(analyzer, text)
    start = text.index('"s3:GetObjekt"')
    assert found == {
        "findingType": "ERROR",
        "issueCode": "INVALID_ACTION",
        "findingDetails": "The action s3:GetObjekt does not exist. Did you mean s3:GetObject?",
        "learnMoreLink": "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
        "#access-analyzer-reference-policy-checks-error-invalid-action",
        "locations": [
            {
                "path": [{"value": "Statement"}, {"index": 0}, {"value": "Action"}],
                "span": {
                    "start": {"line": 4, "column": 34, "offset": start},
                    "end": {"line": 4, "column": 48, "offset": start + 14},
                },
            }
        ],
    }


GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def policy(*statements: Any, **elements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **elements}


def having(**elements: Any) -> dict[str, Any]:
    """A policy whose statement differs from a good one."""
    statement = {**GOOD, **elements}
    return policy({name: value for name, value in statement.items() if value is not None})


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    return having(Condition={operator: {key: value}})


#: What is looked at, and the codes of what is found.
CASES: list[tuple[Any, str]] = [
    (policy(GOOD), ""),
    # The document
    ("{", "ERROR JSON_SYNTAX_ERROR"),
    ("[" * 100_000, "ERROR JSON_SYNTAX_ERROR"),
    ("[]", "ERROR DATA_TYPE_MISMATCH"),
    (policy("Allow"), "ERROR DATA_TYPE_MISMATCH"),
    ("[" * 500 + "]" * 500, "ERROR DATA_TYPE_MISMATCH"),
    (having(Action=[5, {}], Resource={}, Condition=[], Sid=[]), ""),
    (policy(GOOD, Statements=[]), "ERROR INVALID_POLICY_ELEMENT"),
    ({"Version": "2012-10-17"}, "ERROR MISSING_STATEMENT"),
    (policy(GOOD, Version="2013-10-17"), "ERROR INVALID_VERSION"),
    ({"Statement": [GOOD]}, "WARNING MISSING_VERSION"),
    (policy({**GOOD, "Sid": "one"}, {"Sid": "one", "Effect": "Deny", "Action": "sqs:*", "Resource": "*"}),
     "WARNING UNIQUE_SIDS_RECOMMENDED"),
    (policy(GOOD, GOOD), "SUGGESTION REDUNDANT_STATEMENT"),
    (policy({**GOOD, "Resource": [f"arn:aws:s3:::lake/{number:0400}" for number in range(20)]}),
     "WARNING POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA"),
    # A statement
    (having(Effect=None), "ERROR MISSING_EFFECT"),
    (having(Effect="allow"), "ERROR INVALID_EFFECT"),
    (having(Action=None), "ERROR MISSING_ACTION"),
    (having(Resource=None), "ERROR MISSING_RESOURCE"),
    (having(NotAction="iam:*"), "ERROR UNSUPPORTED_ELEMENT_COMBINATION"),
    (having(Resources="*"), "ERROR INVALID_POLICY_ELEMENT"),
    (having(Sid=""), "SUGGESTION EMPTY_SID_VALUE"),
    (having(Sid="read the lake"), "ERROR UNSUPPORTED_SID"),
    (having(Principal="*"), "ERROR UNSUPPORTED_PRINCIPAL"),
    # Actions
    (having(Action=[]), "SUGGESTION EMPTY_ARRAY_ACTION"),
    (having(Action="s3:Fetch*"), "ERROR INVALID_ACTION"),
    (having(Action="s33:GetObject"), "ERROR INVALID_SERVICE_IN_ACTION"),
    (having(Action="GetObject"), "ERROR INVALID_SERVICE_IN_ACTION"),
    (having(Action="s*:GetObject"), "SUGGESTION WILDCARD_IN_SERVICE_NAME"),
    (having(Action=["s3:Get*", "s3:GetObject"]), "SUGGESTION REDUNDANT_ACTION"),
    (having(Action=["s3:GetObject", "S3:getobject"]), "SUGGESTION REDUNDANT_ACTION"),
    (having(Action=["s3:GetObject", "s3:PutObject"]), ""),
    # Resources
    (having(Resource=[]), "SUGGESTION EMPTY_ARRAY_RESOURCE"),
    (having(Resource="lake/*"), "ERROR INVALID_ARN_PREFIX"),
    (having(Resource="arn:aws:s3:lake"), "ERROR MISSING_ARN_FIELD"),
    (having(Resource="arn:aws-moon:s3:::lake"), "ERROR INVALID_PARTITION"),
    (having(Resource="arn:aws:s33:::lake"), "ERROR INVALID_SERVICE"),
    (having(Resource="arn:aws:S3:::lake"), "ERROR INVALID_ARN_SERVICE_CASE"),
    (having(Action="sqs:*", Resource="arn:aws:sqs:us-east-1:1234:q"), "ERROR INVALID_ARN_ACCOUNT"),
    (having(Action="sqs:*", Resource="arn:aws:sqs:us-east-9:123456789012:q"), "ERROR INVALID_ARN_REGION"),
    (having(Action="sqs:*", Resource="arn:aws:sqs::123456789012:q"), "ERROR MISSING_ARN_REGION"),
    (having(Action="iam:GetUser", Resource="arn:aws:iam:us-east-1:123456789012:user/ana"),
     "ERROR ARN_REGION_NOT_ALLOWED"),
    (having(Resource=["arn:aws:s3:::lake/*", "arn:aws:s3:::lake/a/*"]), "SUGGESTION REDUNDANT_RESOURCE"),
    (having(Resource="arn:aws:s3:::lake/${aws:username}/*"), ""),
    (having(Resource="arn:aws:*:*:*:*"), ""),
    # Conditions
    (having(Condition={}), "SUGGESTION EMPTY_OBJECT_CONDITION"),
    (when("StringEqual", "s3:prefix", "a"), "ERROR INVALID_CONDITION_OPERATOR"),
    (when("NullIfExists", "s3:prefix", "true"), "ERROR NULL_WITH_IF_EXISTS"),
    (when("ForAllValues:Null", "s3:prefix", "true"), "SUGGESTION NULL_WITH_QUALIFIER"),
    (when("StringEquals", "s3:prefix", []), "SUGGESTION EMPTY_ARRAY_CONDITION"),
    (when("StringEquals", "prefix", "a"), "ERROR INVALID_CONDITION_KEY_FORMAT"),
    (when("StringEquals", "aws:SourceAddress", "a"), "ERROR INVALID_GLOBAL_CONDITION_KEY"),
    (when("StringEquals", "s3:praefix", "a"), "ERROR INVALID_SERVICE_CONDITION_KEY"),
    (when("StringEquals", "aws:PrincipalTag/team", "ops"), ""),
    (when("StringEquals", "s3:RequestObjectTag/stage", "raw"), ""),
    (when("StringEquals", "s3:prefix", "home/*"), "WARNING WILDCARD_WITHOUT_LIKE_OPERATOR"),
    (when("StringLike", "s3:prefix", "home/*"), ""),
    (when("StringEquals", "aws:TagKeys", "team"), "ERROR MISSING_QUALIFIER"),
    (when("ForAllValues:StringEquals", "aws:TagKeys", "team"), ""),
    (when("ForAllValues:StringEquals", "s3:prefix", "a"), "SECURITY_WARNING FORALLVALUES_WITH_SINGLE_VALUED_KEY"),
    (when("Bool", "aws:SecureTransport", "yes"), "WARNING TYPE_MISMATCH_BOOLEAN"),
    (when("NumericLessThan", "s3:max-keys", "ten"), "WARNING TYPE_MISMATCH_NUMBER"),
    (when("DateLessThan", "aws:CurrentTime", "tomorrow"), "WARNING TYPE_MISMATCH_DATE"),
    (when("IpAddress", "aws:SourceIp", "203.0.113.0/33"), "WARNING TYPE_MISMATCH_IP_RANGE"),
    (when("IpAddress", "aws:SourceIp", "203.0.113.7/24"), "SUGGESTION IMPROVE_IP_RANGE"),
    (when("NumericEquals", "aws:SourceIp", "1"), "WARNING TYPE_MISMATCH"),
    (having(Condition={"StringEquals": {"s3:prefix": "a", "S3:Prefix": "b"}}),
     "ERROR DUPLICATE_KEYS_WITH_DIFFERENT_CASE"),
    (when("StringEquals", "s3:prefix", "${}"), "ERROR EMPTY_VARIABLE"),
    (policy(when("StringEquals", "s3:prefix", "${aws:username}")["Statement"][0], Version="2008-10-17"),
     "ERROR VARIABLE_UNSUPPORTED_IN_VERSION"),
    # Roles
    (having(Action="iam:PassRole", Resource="*"), "SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_RESOURCE"),
    (having(Action="iam:PassRole", Resource="arn:aws:iam::123456789012:role/*"),
     "SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_RESOURCE"),
    (having(Action="iam:PassRole", Resource="*",
            Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}), ""),
    (having(Action="iam:PassRole", Resource="arn:aws:iam::123456789012:role/etl"), ""),
    (having(Action="iam:PassRole", Resource=None, NotResource="arn:aws:iam::123456789012:role/admin"),
     "SECURITY_WARNING PASS_ROLE_WITH_NOT_RESOURCE"),
    (having(Action="iam:Pass*", Resource="*"), "SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"),
    (having(Action="*", Resource="*"),
     "SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE, "
     "WARNING CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE"),
    (having(Action=None, NotAction="s3:*", Resource="*"),
     "SECURITY_WARNING PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION, "
     "WARNING CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION"),
    (having(Effect="Deny", Action="*", Resource="*"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), CASES)
def test_each_check_finds_its_own(analyzer: Any, document: Any, expected: str) -> None:
    found = validate(analyzer, document)
    assert ", ".join(f"{each['findingType']} {each['issueCode']}" for each in found) == expected


OF_RESOURCES: list[tuple[Any, str, dict[str, Any], str]] = [
    (policy({**GOOD, "Principal": "*"}), RESOURCE, {}, ""),
    (policy(GOOD), RESOURCE, {}, "MISSING_PRINCIPAL"),
    (policy({**GOOD, "Principal": "ana"}), RESOURCE, {}, "INVALID_PRINCIPAL_FORMAT"),
    (policy({**GOOD, "Principal": {}}), RESOURCE, {}, "EMPTY_OBJECT_PRINCIPAL"),
    (policy({**GOOD, "Principal": {"AWS": []}}), RESOURCE, {}, "EMPTY_ARRAY_PRINCIPAL"),
    (policy({**GOOD, "Principal": {"User": "ana"}}), RESOURCE, {}, "INVALID_PRINCIPAL_KEY"),
    (policy({**GOOD, "NotPrincipal": {"AWS": "123456789012"}}), RESOURCE, {}, "ALLOW_WITH_NOT_PRINCIPAL"),
    (policy({**GOOD, "Principal": {"Service": "s3.amazonaws.com"}}), RESOURCE, {},
     "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL"),
    (policy({**GOOD, "Principal": {"Service": "s3.amazonaws.com"},
             "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}), RESOURCE, {}, ""),
    (policy(TRUST), RESOURCE, {"validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument"}, ""),
    (policy({**GOOD, "Principal": "*"}), CONTROL, {}, "SCP_SYNTAX_ERROR_PRINCIPAL"),
    (policy({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}), CONTROL, {}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("document", "kind", "options", "expected"), OF_RESOURCES)
def test_checks_of_principals(analyzer: Any, document: Any, kind: str, options: dict[str, Any], expected: str) -> None:
    found = validate(analyzer, document, kind, **options)
    assert ", ".join(each["issueCode"] for each in found) == expected


def test_findings_come_in_pages(analyzer: Any) -> None:
    text = json.dumps(policy(*({**GOOD, "Effect": str(number)} for number in range(5))))
    pages = analyzer.get_paginator("validate_policy").paginate(
        policyDocument=text, policyType=IDENTITY, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["findings"]) for page in pages] == [2, 2, 1]
    with pytest.raises(ClientError, match="ValidationException"):
        analyzer.validate_policy(policyDocument=text, policyType=IDENTITY, nextToken="?")
