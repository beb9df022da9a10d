"""Wrong answers to the exercises of 06_security on trust, boundaries and a bucket that insists."""

from __future__ import annotations

from typing import Any

from tests.security.people import Statement, allow, deny, document


def trusts(operator: str | None = "StringEquals", whole_account: bool = False, number: str = "{}") -> tuple[Any]:
    """A trust policy that asks for the external id by *operator*."""

    def answer(firm: str, external_id: str) -> dict[str, Any]:
        who = f"arn:aws:iam::{firm.split(':')[4]}:root" if whole_account else firm
        statement: Statement = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}
        if operator:
            statement["Condition"] = {operator: {"sts:ExternalId": number.format(external_id)}}
        return {"Version": "2012-10-17", "Statement": [statement]}

    return (answer,)


def with_a_resource(firm: str, external_id: str) -> str:
    return document(allow("sts:AssumeRole", "*", Principal={"AWS": firm}))


def for_logs(source: str = "", operator: str = "StringLike", **others: str) -> tuple[Any]:
    """A trust policy for CloudWatch Logs that asks for a *source*, in which {} is the group and NAME its name."""

    def answer(group: str) -> dict[str, Any]:
        wanted = source.replace("NAME", group.split(":")[6]).format(group)
        condition = {"Condition": {operator: {"aws:SourceArn": wanted}}} if source else {}
        who = {"Service": "logs.amazonaws.com", **others}
        statement = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole", **condition}
        return {"Version": "2012-10-17", "Statement": [statement]}

    return (answer,)


def lets(*keys: str, principal: Any = None, operator: str = "StringEquals") -> tuple[Any]:
    """A queue's policy that asks for the condition *keys*."""

    def answer(queue: str, bucket: str, account: str) -> str:
        sources = {"aws:SourceArn": f"arn:aws:s3:::{bucket}", "aws:SourceAccount": account}
        condition = {"Condition": {operator: {key: sources[key] for key in keys}}} if keys else {}
        who = principal or {"Service": "s3.amazonaws.com"}
        return document(allow("sqs:SendMessage", queue, Principal=who, **condition))

    return (answer,)


def arn_with_the_account(queue: str, bucket: str, account: str) -> str:
    condition = {"StringEquals": {"aws:SourceArn": f"arn:aws:s3::{account}:{bucket}"}}
    return document(allow("sqs:SendMessage", queue, Principal={"Service": "s3.amazonaws.com"}, Condition=condition))


WORK = ["iam:CreateRole", "iam:PutRolePolicy"]


def leads(*more: Statement, actions: Any = None, roles: str = "TEAM-*", bounds: Any = None) -> tuple[Any]:
    """A lead's policy: *actions* on *roles* within the boundary, and *more*."""

    def answer(account: str, team: str, boundary: str) -> str:
        asked = actions if actions is not None else WORK
        condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}} if bounds is None else bounds
        arn = f"arn:aws:iam::{account}:role/{roles.replace('TEAM', team)}"
        extended = [
            dict(each, Resource=boundary if each["Resource"] == "BOUNDARY" else each["Resource"]) for each in more
        ]
        within = allow(asked, arn, Condition=condition) if condition else allow(asked, arn)
        return document(within, *extended)

    return (answer,)


def unbounded_changes(account: str, team: str, boundary: str) -> str:
    """The condition is there where a role is made, and not where it is changed."""
    roles = f"arn:aws:iam::{account}:role/{team}-*"
    within = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    return document(allow("iam:CreateRole", roles, Condition=within), allow("iam:PutRolePolicy", roles))


HEADER = "s3:x-amz-server-side-encryption"
PLAIN = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}


def insists(
    tls: Any = ("s3:*", "BOTH"), headers: Any = None, operator: str = "StringNotEquals", **more: Any
) -> tuple[Any]:
    """A bucket's policy; *tls* is what is denied without TLS, *headers* what a request has to say."""

    def answer(bucket: str, key: str) -> str:
        arn = f"arn:aws:s3:::{bucket}"
        both = [arn, f"{arn}/*"]
        wanted = {HEADER: "aws:kms", f"{HEADER}-aws-kms-key-id": key} if headers is None else headers
        statements = [deny(tls[0], both, Principal="*", **{**PLAIN, **more})] if tls else []
        for name, value in wanted.items():
            wrong = {operator: {name: value}}
            statements.append(deny("s3:PutObject", f"{arn}/*", Principal="*", Condition=wrong))
        return document(*statements)

    return (answer,)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "third_party": [
        (trusts(number="arn:{}"), "is refused"),
        (trusts(operator="StringEqualsIfExists"), "without a number"),
        (trusts(operator="StringLike", number="flights-*"), "of another customer"),
        (trusts(whole_account=True), "it is no secret"),
        ((with_a_resource,), "AWS does not take this trust policy"),
        ((lambda firm, external_id: {"Principal": firm},), "should return a policy"),
    ],
    "log_role": [
        (for_logs("{}", operator="ArnEquals"), "that it is meant for"),
        (for_logs(), "for another log group"),
        (for_logs("arn:aws:logs:*:*:log-group:NAME:*"), "for one of that name"),
        (for_logs("{}:*", operator="StringLikeIfExists", AWS="123456789012"), "Somebody of your account"),
        ((lambda group: [group],), "should return a policy"),
    ],
    "letter_box": [
        ((arn_with_the_account,), "cannot send to the queue"),
        (lets("aws:SourceAccount"), "Another bucket"),
        (lets("aws:SourceArn", "aws:SourceAccount", principal="*", operator="StringEqualsIfExists"), "who is not S3"),
        (lets("aws:SourceArn"), "in another account"),
    ],
    "team_of_roles": [
        (leads(actions=WORK[1:]), "cannot make a role"),
        (leads(actions=WORK[:1]), "cannot give a policy"),
        (leads(bounds={}), "made a role without a boundary"),
        (leads(bounds={"Null": {"iam:PermissionsBoundary": "false"}}), "AdministratorAccess"),
        ((unbounded_changes,), "had been there before"),
        (leads(roles="*"), "whose name is not"),
        (leads(actions=["iam:*"]), "took the boundary off"),
        (leads(allow("iam:CreatePolicyVersion", "BOUNDARY")), "changed what the boundary allows"),
        (leads(allow("iam:CreateUser")), "made a user"),
        (
            leads(
                allow(
                    "iam:PutRolePolicy", "arn:aws:iam::*:role/*", Condition={"Null": {"iam:PermissionsBoundary": True}}
                )
            ),
            "to himself",
        ),
    ],
    "insist": [
        (insists(headers={}), "says nothing of encryption"),
        (insists(headers={HEADER: "aws:kms"}), "names no key"),
        (insists(operator="Null", headers={HEADER: "true"}), "under SSE-S3"),
        (insists(operator="Null", headers={HEADER: "true", f"{HEADER}-aws-kms-key-id": "true"}), "under another key"),
        (insists(tls=()), "written without TLS"),
        (insists(tls=("s3:PutObject",)), "read without TLS"),
        (insists(Condition={"Bool": {"aws:SecureTransport": "true"}}, tls=("s3:GetObject",)), "nobody can read"),
        (insists(headers={HEADER: "AES256"}), "nobody can write"),
        (insists(Condition={}), "not even you"),
    ],
}
