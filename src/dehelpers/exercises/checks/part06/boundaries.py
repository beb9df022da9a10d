"""An exercise on a permissions boundary: a team that makes its own roles, and cannot make itself an administrator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import allow, delete, document, policy, refusal, role, taken, written
from dehelpers.exercises.checks.resources import unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = {"PolicyName": "work", "PolicyDocument": document(allow("*"))}
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@contextmanager
def _team() -> Iterator[str]:
    """The beginning of the names of a team's roles, which are all gone at the end."""
    team = unique("role")
    names = [f"{team}-{role}" for role in ("loads", "old", "free", "wide")]
    try:
        yield team
    finally:
        for name in (*names, f"x-{team}"):
            delete("role", name)
        delete("user", f"{team}-user")


@PART.exercise(
    "A team that makes roles",
    kind="write",
    hints=(
        "Two actions are needed. Which further ones would undo a boundary? `iam:*` has them all.",
        "The condition key `iam:PermissionsBoundary` has the boundary of the role that is made, or changed.",
        "Name both actions, the roles `arn:aws:iam::ACCOUNT:role/TEAM-*`, and the boundary with StringEquals.",
    ),
)
def team_of_roles(lead_policy: Callable[[str, str, str], Any]) -> str:
    account = current().account_id
    written(run(lead_policy, account, "team", f"arn:aws:iam::{account}:policy/limit"), "lead_policy")
    with policy(allow(["s3:GetObject", "s3:PutObject"])) as limit, role() as lead, _team() as team:
        text = written(run(lead_policy, account, team, limit), "lead_policy")
        with taken("this policy"):
            lead.may(text)
        iam = lead.session().client("iam")
        _works(iam, team, limit)
        _holds(iam, team, limit, lead.name)
    return (
        "The team makes roles as it likes, none of them can do more than the boundary, and eight ways out are closed."
    )


def _new(name: str) -> dict[str, str]:
    return {"RoleName": name, "AssumeRolePolicyDocument": TRUST}


def _works(iam: Any, team: str, limit: str) -> None:
    if why := refusal(iam.create_role, **_new(f"{team}-loads"), PermissionsBoundary=limit):
        raise NotYet(f"The lead cannot make a role with the boundary. AWS says: {why}.")
    if why := refusal(iam.put_role_policy, RoleName=f"{team}-loads", **EVERYTHING):
        raise NotYet(f"The lead cannot give a policy to a role that has the boundary. AWS says: {why}.")


def _holds(iam: Any, team: str, limit: str, lead: str) -> None:
    """Try what would lead past the boundary."""
    client("iam").create_role(**_new(f"{team}-old"))
    loads, wider = {"RoleName": f"{team}-loads"}, {"PolicyArn": limit, "PolicyDocument": EVERYTHING["PolicyDocument"]}
    attempts: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "made a role without a boundary": (iam.create_role, _new(f"{team}-free")),
        "made a role whose boundary is AdministratorAccess": (
            iam.create_role,
            _new(f"{team}-wide") | {"PermissionsBoundary": ADMINISTRATOR},
        ),
        "gave a policy to himself": (iam.put_role_policy, {"RoleName": lead, **EVERYTHING}),
        "gave a policy to a role of the team that had been there before, without a boundary": (
            iam.put_role_policy,
            {"RoleName": f"{team}-old", **EVERYTHING},
        ),
        "made a role whose name is not the team's": (
            iam.create_role,
            _new(f"x-{team}") | {"PermissionsBoundary": limit},
        ),
        "took the boundary off a role": (iam.delete_role_permissions_boundary, loads),
        "changed what the boundary allows": (iam.create_policy_version, wider | {"SetAsDefault": True}),
        "made a user": (iam.create_user, {"UserName": f"{team}-user"}),
    }
    for what, (call, arguments) in attempts.items():
        if not refusal(call, **arguments):
            raise NotYet(f"The lead {what}. Which action and which resource should not have been allowed to him?")
