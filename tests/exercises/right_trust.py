"""Right answers to the exercises of 06_security on trust, boundaries and a bucket that insists."""

from __future__ import annotations

from typing import Any

from tests.security.people import allow, deny, document


def by_a_condition_on_the_caller(firm: str, external_id: str) -> dict[str, Any]:
    """The account may, if it is the firm."""
    who = {"AWS": f"arn:aws:iam::{firm.split(':')[4]}:root"}
    conditions = {"ArnEquals": {"aws:PrincipalArn": firm}, "StringEquals": {"sts:ExternalId": [external_id]}}
    statement = {"Effect": "Allow", "Principal": who, "Action": ["sts:AssumeRole"], "Condition": conditions}
    return {"Version": "2012-10-17", "Statement": statement}


def with_a_deny(firm: str, external_id: str) -> str:
    own = {"Effect": "Allow", "Principal": {"AWS": [firm]}, "Action": "sts:AssumeRole"}
    unknown = {"StringNotEquals": {"sts:ExternalId": external_id}}
    return document(own, {**own, "Effect": "Deny", "Principal": "*", "Condition": unknown})


def with_the_account_too(group: str) -> str:
    conditions = {
        "StringLike": {"aws:SourceArn": [f"{group}:*"]},
        "StringEquals": {"aws:SourceAccount": group.split(":")[4]},
    }
    service = {"Service": ["logs.amazonaws.com"]}
    return document({"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole", "Condition": conditions})


def with_a_deny_for_others(group: str) -> dict[str, Any]:
    own = {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": ["sts:AssumeRole"]}
    others = {"ArnNotLike": {"aws:SourceArn": f"{group}:*"}}
    no = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Condition": others}
    return {"Version": "2012-10-17", "Statement": [own, no]}


def by_string_like(queue: str, bucket: str, account: str) -> str:
    conditions = {
        "StringLike": {"aws:SourceArn": f"arn:aws:s3:*:*:{bucket}"},
        "StringEquals": {"aws:SourceAccount": account},
    }
    service = {"Service": ["s3.amazonaws.com"]}
    return document(allow(["SQS:SendMessage"], queue, Principal=service, Condition=conditions))


def for_any_principal(queue: str, bucket: str, account: str) -> str:
    """Nobody but a service has a source."""
    both = {"aws:SourceArn": f"arn:aws:s3:::{bucket}", "aws:SourceAccount": account}
    return document(allow("sqs:SendMessage", queue, Principal="*", Condition={"StringEquals": both}))


def with_more_work(account: str, team: str, boundary: str) -> str:
    bounded = {"StringEquals": {"iam:PermissionsBoundary": [boundary]}}
    changes = ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    return document(allow(changes, f"arn:aws:iam::{account}:role/{team}-*", Condition=bounded))


def but_for_what_is_not_bounded(account: str, team: str, boundary: str) -> dict[str, Any]:
    roles = [f"arn:aws:iam::{account}:role/{team}-*"]
    actions = ["iam:CreateRole", "iam:PutRolePolicy"]
    unbounded = {"StringNotEquals": {"iam:PermissionsBoundary": boundary}}
    return {
        "Version": "2012-10-17",
        "Statement": [allow(actions, roles), deny(actions, "*", Condition=unbounded)],
    }


HEADER = "s3:x-amz-server-side-encryption"


def by_nulls(bucket: str, key: str) -> str:
    """Says apart what is missing and what is wrong."""
    arn = f"arn:aws:s3:::{bucket}"
    no = {"Principal": {"AWS": "*"}}
    named = f"{HEADER}-aws-kms-key-id"
    return document(
        deny("*", [arn, f"{arn}/*"], **no, Condition={"BoolIfExists": {"aws:SecureTransport": False}}),
        deny("s3:PutObject", f"{arn}/*", **no, Condition={"Null": {HEADER: "true"}}),
        deny("s3:PutObject", f"{arn}/*", **no, Condition={"StringNotEquals": {HEADER: ["aws:kms", "aws:kms:dsse"]}}),
        deny("s3:PutObject", f"{arn}/*", **no, Condition={"Null": {named: True}}),
        deny("s3:PutObject", f"{arn}/*", **no, Condition={"ArnNotEquals": {named: key}}),
    )


def by_the_key_alone(bucket: str, key: str) -> dict[str, Any]:
    """A request that names the key has to be one of SSE-KMS."""
    arn = f"arn:aws:s3:::{bucket}"
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    wrong = {"StringNotLike": {f"{HEADER}-aws-kms-key-id": key}}
    statements = [
        deny("s3:*", arn, Principal="*", Condition=plain),
        deny("s3:*", f"{arn}/*", Principal="*", Condition=plain),
        deny(["s3:PutObject*"], f"{arn}/*", Principal="*", Condition=wrong),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


RIGHT: dict[str, list[Any]] = {
    "third_party": [(by_a_condition_on_the_caller,), (with_a_deny,)],
    "log_role": [(with_the_account_too,), (with_a_deny_for_others,)],
    "letter_box": [(by_string_like,), (for_any_principal,)],
    "team_of_roles": [(with_more_work,), (but_for_what_is_not_bounded,)],
    "insist": [(by_nulls,), (by_the_key_alone,)],
}
