"""Condition operators, by "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys
or values" (IAM user guide)."""

from __future__ import annotations

import pytest

from localaws.policies.conditions import OPERATORS, Condition
from localaws.policies.patterns import Context

GIVEN = Context(
    {
        "aws:username": "carlos",
        "s3:prefix": "home/carlos/2013",
        "s3:max-keys": "10",
        "aws:CurrentTime": "2026-11-28T02:00:00Z",
        "aws:EpochTime": "1795831200",
        "aws:SecureTransport": "false",
        "aws:SourceIp": "203.0.113.7",
        "aws:SourceArn": "arn:aws:s3:::lake",
        "aws:TagKeys": ["team", "cost"],
        "dynamodb:LeadingKeys": ["carlos"],
        "key": "QmluYXJ5",
    }
)


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("StringEquals", "aws:username", ("carlos",), True),
        ("StringEquals", "AWS:Username", ("carlos",), True),
        ("StringEquals", "aws:username", ("Carlos",), False),
        ("StringEquals", "aws:username", ("ana", "carlos"), True),
        ("StringEquals", "aws:username", ("car*",), False),
        ("StringEquals", "s3:prefix", ("home/${aws:username}/2013",), True),
        ("StringEquals", "s3:prefix", ("home/${aws:unknown}/2013",), False),
        ("StringNotEquals", "aws:username", ("ana",), True),
        ("StringNotEquals", "aws:username", ("ana", "carlos"), False),
        ("StringEqualsIgnoreCase", "aws:username", ("CARLOS",), True),
        ("StringNotEqualsIgnoreCase", "aws:username", ("CARLOS",), False),
        ("StringLike", "s3:prefix", ("home/*",), True),
        ("StringLike", "s3:prefix", ("home/${aws:username}/20??",), True),
        ("StringNotLike", "s3:prefix", ("home/*",), False),
        ("NumericEquals", "s3:max-keys", ("10.0",), True),
        ("NumericNotEquals", "s3:max-keys", ("10",), False),
        ("NumericLessThan", "s3:max-keys", ("10",), False),
        ("NumericLessThanEquals", "s3:max-keys", ("10",), True),
        ("NumericGreaterThan", "s3:max-keys", ("9.5",), True),
        ("NumericGreaterThanEquals", "s3:max-keys", ("11",), False),
        ("NumericEquals", "aws:username", ("10",), False),
        ("DateEquals", "aws:CurrentTime", ("2026-11-28T02:00:00+00:00",), True),
        ("DateNotEquals", "aws:CurrentTime", ("2026-11-28",), True),
        ("DateLessThan", "aws:CurrentTime", ("2026-11-29",), True),
        ("DateLessThanEquals", "aws:EpochTime", ("1795831200",), True),
        ("DateGreaterThan", "aws:CurrentTime", ("1795831199",), True),
        ("DateGreaterThanEquals", "aws:CurrentTime", ("2026-11-28T02:00:01Z",), False),
        ("DateLessThan", "aws:username", ("2026-11-29",), False),
        ("Bool", "aws:SecureTransport", ("false",), True),
        ("Bool", "aws:SecureTransport", ("true",), False),
        ("BinaryEquals", "key", ("QmluYXJ5",), True),
        ("BinaryEquals", "key", ("QmluYXJ6",), False),
        ("IpAddress", "aws:SourceIp", ("203.0.113.0/24",), True),
        ("IpAddress", "aws:SourceIp", ("2001:db8::/32", "203.0.113.7"), True),
        ("NotIpAddress", "aws:SourceIp", ("203.0.113.0/24",), False),
        ("IpAddress", "aws:username", ("203.0.113.0/24",), False),
        ("ArnEquals", "aws:SourceArn", ("arn:aws:s3:::la*",), True),
        ("ArnLike", "aws:SourceArn", ("arn:aws:s3:*:*:lake",), True),
        ("ArnNotLike", "aws:SourceArn", ("arn:aws:s3:::lake",), False),
        ("ArnNotEquals", "aws:SourceArn", ("arn:aws:s3:::other",), True),
        ("Null", "aws:username", ("false",), True),
        ("Null", "aws:username", ("true",), False),
        ("Null", "aws:MultiFactorAuthPresent", ("true",), True),
        # A key that the request has not
        ("StringEquals", "aws:unknown", ("x",), False),
        ("StringNotEquals", "aws:unknown", ("x",), True),
        ("Bool", "aws:MultiFactorAuthPresent", ("false",), False),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", ("false",), True),
        ("StringEqualsIfExists", "aws:username", ("ana",), False),
        ("NotIpAddress", "aws:VpcSourceIp", ("10.0.0.0/8",), True),
        # Several values
        ("ForAllValues:StringEquals", "aws:TagKeys", ("team", "cost", "env"), True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ("team",), False),
        ("ForAllValues:StringEquals", "aws:unknown", ("team",), True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ("team",), True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ("env",), False),
        ("ForAnyValue:StringEquals", "aws:unknown", ("team",), False),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", ("team",), True),
        ("ForAllValues:StringNotEquals", "aws:TagKeys", ("team",), False),
        ("ForAllValues:StringNotLike", "aws:TagKeys", ("x*",), True),
        ("ForAnyValue:StringLikeIfExists", "aws:unknown", ("x*",), True),
        ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ("${aws:username}",), True),
    ],
)
def test_an_operator(operator: str, key: str, values: tuple[str, ...], expected: bool) -> None:
    assert Condition.read(operator, key, values).holds(GIVEN, variables=True) is expected


def test_all_operators_are_known() -> None:
    assert len(OPERATORS) == 27
    for name in OPERATORS:
        assert Condition.read(name, "k", ("1",)).operator == name


@pytest.mark.parametrize("operator", ["Equals", "ForSome:StringEquals", "NullIfExists", "StringEqualsIfexists", ""])
def test_what_is_no_operator_is_refused(operator: str) -> None:
    with pytest.raises(ValueError):
        Condition.read(operator, "k", ("1",))
