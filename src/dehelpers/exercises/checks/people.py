"""Roles of a check's own with the policies that an answer gives them, and what AWS lets their sessions do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from awsfacts.services.iam import SERVICE
from dehelpers.exercises.checks.resources import unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.teardown import settle

Statement = Mapping[str, Any]

#: Codes by which services say that somebody may not (IAM user guide, "Troubleshoot access denied error messages").
REFUSALS = {"AccessDenied", "AccessDeniedException", "403"}
#: Codes by which services refuse a policy that is none.
MALFORMED = {"MalformedPolicyDocument", "MalformedPolicy", "InvalidAttributeValue"}
_DELETE = {resource.type: resource.delete for resource in SERVICE.resources}


@dataclass(frozen=True)
class Person:
    """A session of a role: `arn` is the session's own."""

    arn: str
    keys: Mapping[str, str]

    def client(self, service: str, **options: Any) -> Any:
        return boto3.client(service, **self.keys, **options)


@dataclass(frozen=True)
class Role:
    """A role of a check's own."""

    name: str
    arn: str

    def may(self, *statements: Statement | str) -> None:
        """Put *statements*, or a whole document, in the place of its own policy."""
        text = statements[0] if isinstance(statements[0], str) else document(*statements)  # type: ignore[arg-type]
        client("iam").put_role_policy(RoleName=self.name, PolicyName="own", PolicyDocument=text)

    def session(self, name: str = "check", **options: Any) -> Person:
        """A session of it, such as one with a session policy (`Policy`)."""
        taken = client("sts").assume_role(RoleArn=self.arn, RoleSessionName=name, **options)
        return Person(taken["AssumedRoleUser"]["Arn"], keys_of(taken["Credentials"]))


def keys_of(given: Mapping[str, Any]) -> dict[str, str]:
    """What STS or IAM has given, as boto3's clients take it."""
    keys = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"]}
    return keys | ({"aws_session_token": given["SessionToken"]} if "SessionToken" in given else {})


def document(*statements: Statement) -> str:
    """A policy of *statements*, as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | Sequence[str], resource: str | Sequence[str] = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


@contextmanager
def role(*statements: Statement, trusted: str = "", boundary: str = "") -> Iterator[Role]:
    """A role that may what *statements* allow, gone at the end with its policies; see `new_role`."""
    made = new_role(*statements, trusted=trusted, boundary=boundary)
    try:
        yield made
    finally:
        delete("role", made.name)


def new_role(*statements: Statement, trusted: str = "", boundary: str = "") -> Role:
    """A role that stays until the teardown.

    Parameters:
        trusted: its trust policy as JSON; by default the account, so whoever in it may take roles may take this one.
        boundary: the ARN of the policy that is its permissions boundary.
    """
    iam, name = client("iam"), unique("role")
    account = {"AWS": f"arn:aws:iam::{current().account_id}:root"}
    trust = trusted or document({"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"})
    bounded = {"PermissionsBoundary": boundary} if boundary else {}
    made = Role(name, iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **bounded)["Role"]["Arn"])
    if statements:
        made.may(*statements)
    return made


@contextmanager
def policy(*statements: Statement) -> Iterator[str]:
    """A managed policy, gone at the end. Its ARN."""
    made = client("iam").create_policy(PolicyName=unique("role"), PolicyDocument=document(*statements))
    try:
        yield str(made["Policy"]["Arn"])
    finally:
        delete("policy", made["Policy"]["Arn"])


def delete(kind: str, name: str) -> None:
    """Delete a "role", "user" or "policy" of IAM with all that hangs on it; nothing if an answer has done so."""
    iam, remove = client("iam"), _DELETE[kind]
    assert remove
    try:
        remove(iam, name, settle)
    except iam.exceptions.NoSuchEntityException:
        return


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """Why AWS does not let *call* be done; "" if it was done."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSALS:
            raise
        return str(error.response["Error"]["Message"]) or "Forbidden"
    return ""


def written(answer: Any, name: str) -> str:
    """The policy that an answer, the function called *name*, has returned, as JSON.

    Raises:
        NotYet: it is no policy.
    """
    found = answer
    if isinstance(answer, str):
        try:
            found = json.loads(answer)
        except ValueError:
            raise NotYet(f"`{name}` returned a text that is no JSON.") from None
    if not isinstance(found, dict) or "Statement" not in found:
        raise NotYet(
            f"`{name}` should return a policy, a dict with `Version` and `Statement`, and returned `{answer!r:.60}`."
        )
    try:
        return json.dumps(found)
    except TypeError as error:
        raise NotYet(f"What `{name}` returned cannot be written as JSON: {error}.") from None


@contextmanager
def taken(what: str) -> Iterator[None]:
    """Within, AWS is given the answer *what*, a policy; that it refuses is the reader's.

    Raises:
        NotYet: AWS does not take the policy; the message has its words.
    """
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in MALFORMED:
            raise
        raise NotYet(f"AWS does not take {what}: {error.response['Error']['Message']}") from error
