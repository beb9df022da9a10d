"""The policy simulator agrees with the gateway on policies that nobody thought of: they are made up from a seed.

Source: IAM user guide, "IAM policy testing with the IAM policy simulator". Real calls show what the gateway decides.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.conftest import RunningLab
from tests.policies.generated import Generator
from tests.security.people import ACCOUNT, document, refusal, unique, user

NUMBER = 80
OF_BUCKET = ["{bucket}/*", "{bucket}/home/*", "{bucket}/h?me/x", "{bucket}"]


def test_the_simulator_agrees_with_the_gateway(lab: RunningLab) -> None:
    name, ana = unique("generated"), user(lab)
    iam, admin, s3 = lab.client("iam"), lab.client("s3"), ana.client("s3")
    admin.create_bucket(Bucket=name)
    admin.delete_public_access_block(Bucket=name)
    arn = f"arn:aws:s3:::{name}"
    for key in ("home/x", f"{ana.name}/x"):
        admin.put_object(Bucket=name, Key=key, Body=b"1")
    make = Generator(2013, arn, ana.name)
    limit = iam.create_policy(PolicyName=unique("limit"), PolicyDocument=document(*make.policy()))["Policy"]["Arn"]
    # who is named: everybody, the account, himself, somebody else
    principals = ["*", {"AWS": ACCOUNT}, {"AWS": ana.arn}, {"AWS": f"arn:aws:iam::{ACCOUNT}:user/lab-admin"}]
    outcomes: Counter[str] = Counter()
    for number in range(NUMBER):
        guard = document(*_leaving_the_owner(make.policy(principals, OF_BUCKET)))
        iam.put_user_policy(UserName=ana.name, PolicyName="own", PolicyDocument=document(*make.policy()))
        if number % 3 == 1:
            iam.put_user_permissions_boundary(UserName=ana.name, PermissionsBoundary=limit)
        elif number % 3 == 2:
            iam.delete_user_permissions_boundary(UserName=ana.name)
        admin.put_bucket_policy(Bucket=name, Policy=guard)
        calls: list[tuple[Any, dict[str, Any], str, str, dict[str, str]]] = [
            (s3.get_object, {"Key": "home/x"}, "s3:GetObject", f"{arn}/home/x", {}),
            (s3.get_object, {"Key": f"{ana.name}/x"}, "s3:GetObject", f"{arn}/{ana.name}/x", {}),
            (s3.put_object, {"Key": "home/y"}, "s3:PutObject", f"{arn}/home/y", {}),
            (s3.list_objects_v2, {"Prefix": "home/x"}, "s3:ListBucket", arn, {"s3:prefix": "home/x"}),
            (s3.list_objects_v2, {}, "s3:ListBucket", arn, {}),
        ]
        for call, parameters, action, resource, keys in calls:
            said = refusal(call, Bucket=name, **parameters)
            real = "explicitDeny" if "explicit deny" in said else "implicitDeny" if said else "allowed"
            keys = {"aws:SourceIp": "127.0.0.1", "aws:SecureTransport": "false", **keys}
            [result] = iam.simulate_principal_policy(
                PolicySourceArn=ana.arn,
                ActionNames=[action],
                ResourceArns=[resource],
                ResourcePolicy=guard,
                ContextEntries=[
                    {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
                    for key, value in keys.items()
                ],
            )["EvaluationResults"]
            assert result["EvalDecision"] == real, (number, action, resource, said, guard)
            outcomes[real] += 1
    assert min(outcomes.values()) > NUMBER / 2, outcomes


def _leaving_the_owner(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The administrator who sets the next policy is not to be kept from it: of objects and lists alone."""
    for statement in statements:
        if statement["Effect"] == "Deny":
            statement.pop("NotAction", None)
            statement["Action"] = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    return statements
