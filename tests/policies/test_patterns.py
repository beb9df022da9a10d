"""Wildcards and variables, by "IAM JSON policy elements: Resource" and "… Variables and tags" (IAM user guide)."""

from __future__ import annotations

import pytest

from localaws.policies.patterns import Context, action_fits, arn_fits, filled_in

CARLOS = Context({"aws:username": "carlos", "aws:PrincipalTag/team": "x*y", "aws:TagKeys": ["a", "b"]})


def resource_fits(pattern: str, arn: str, context: Context = CARLOS, variables: bool = True) -> bool:
    filled = filled_in(pattern, context, variables)
    return filled is not None and arn_fits(arn, filled)


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("*", "arn:aws:s3:::lake/a", True),
        ("*", "*", True),
        ("arn:aws:s3:::lake", "arn:aws:s3:::lake", True),
        ("arn:aws:s3:::lake", "arn:aws:s3:::lake/a", False),
        ("arn:aws:s3:::lake", "*", False),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake", False),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake/", True),
        ("arn:aws:s3:::lake/*", "arn:aws:s3:::lake/a/b:c.csv", True),
        ("arn:aws:s3:::lake/*.csv", "arn:aws:s3:::lake/a:b.csv", True),
        ("arn:aws:s3:::lake/*/x?z", "arn:aws:s3:::lake/a/b/xyz", True),
        ("arn:aws:s3:::lake/*/x?z", "arn:aws:s3:::lake/a/xz", False),
        ("arn:aws:s3:::LAKE/*", "arn:aws:s3:::lake/a", False),
        ("arn:aws:s3:*", "arn:aws:s3:::lake/a", True),
        ("arn:aws:sqs:us-*:123456789012:q", "arn:aws:sqs:us-east-1:123456789012:q", True),
        ("arn:aws:sqs:u*1:123456789012:q", "arn:aws:sqs:us-east-1:999999999991:123456789012:q", False),
        ("arn:aws:iam::*:role/etl", "arn:aws:iam::123456789012:role/etl", True),
        ("arn:aws:iam::123456789012:role/etl", "arn:aws:iam::123456789012:role/etl2", False),
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/carlos/a", True),
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/carla/a", False),
        ("arn:aws:s3:::home/${AWS:UserName}/*", "arn:aws:s3:::home/carlos/a", True),
        ("arn:aws:s3:::home/${aws:unknown}/*", "arn:aws:s3:::home//a", False),
        ("arn:aws:s3:::home/${aws:unknown, 'anyone'}/*", "arn:aws:s3:::home/anyone/a", True),
        ("arn:aws:s3:::home/${aws:username, 'anyone'}/*", "arn:aws:s3:::home/carlos/a", True),
        ("arn:aws:s3:::home/${aws:TagKeys}", "arn:aws:s3:::home/a", False),
        ("arn:aws:s3:::home/${aws:PrincipalTag/team}", "arn:aws:s3:::home/x*y", True),
        ("arn:aws:s3:::home/${aws:PrincipalTag/team}", "arn:aws:s3:::home/xaay", False),
        ("arn:aws:s3:::home/${*}", "arn:aws:s3:::home/*", True),
        ("arn:aws:s3:::home/${*}", "arn:aws:s3:::home/a", False),
        ("arn:aws:s3:::home/${$}a", "arn:aws:s3:::home/$a", True),
    ],
)
def test_a_resource(pattern: str, arn: str, expected: bool) -> None:
    assert resource_fits(pattern, arn) is expected


def test_an_older_version_knows_no_variables() -> None:
    """ "the variable … is treated as a literal string" in policies before 2012-10-17."""
    arn = "arn:aws:s3:::home/${aws:username}"
    assert resource_fits(arn, arn, variables=False)
    assert not resource_fits(arn, "arn:aws:s3:::home/carlos", variables=False)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:*Object", True),
        ("s3:GetObjec?", True),
        ("*", True),
        ("s3:Get", False),
        ("s3:GetObject?", False),
        ("s3express:*", False),
        ("s3:Get.bject", False),
    ],
)
def test_an_action(pattern: str, expected: bool) -> None:
    assert action_fits("s3:GetObject", pattern) is expected


def test_a_pattern_of_many_stars_costs_little() -> None:
    """As a regular expression it would not end."""
    assert not resource_fits("arn:aws:s3:::" + "a*" * 500 + "b", "arn:aws:s3:::" + "a" * 1000)
