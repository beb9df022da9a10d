"""Incidents that CloudTrail's event history solves: what a leaked key has left behind, who stands behind a role."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.people import Person, allow, delete, document, keys_of, new_role, role
from dehelpers.exercises.checks.resources import bucket, new_bucket, unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current

ANOTHER_ACCOUNT = "210987654321"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
NAMES = "ana bo chen dana emeka femi grace hana".split()


def _names(number: int) -> list[str]:
    """Names of users that there are not yet, other ones each time."""
    return [f"{unique('role')}-{name}" for name in random.sample(NAMES, number)]


@contextmanager
def _gone(*users: str) -> Iterator[None]:
    """At the end the users are gone, with all that they have by then."""
    try:
        yield
    finally:
        for user in users:
            delete("user", user)


def _user(name: str, *statements: dict[str, Any]) -> datetime:
    """Make a user who may what *statements* say; when that was, on AWS's clock."""
    iam = client("iam")
    made: datetime = iam.create_user(UserName=name)["User"]["CreateDate"]
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=document(*statements))
    return made


def _key_for(user: str, by: Person | None = None) -> Person:
    """The user with a new access key, made *by* somebody."""
    iam = by.client("iam") if by else client("iam")
    return Person(user, keys_of(iam.create_access_key(UserName=user)["AccessKey"]))


@dataclass(frozen=True)
class _Leak:
    """Which key leaked, since when, all keys that have to go, and those that were made meanwhile by others."""

    leaked: str
    since: datetime
    bad: list[str]
    innocent: set[str]


def _leak(victim: str, colleague: str, bystander: str, intruder: str) -> _Leak:
    """Somebody has the victim's key and makes a user of his own with it; with that, a key of a colleague."""
    since = _user(victim, allow("iam:*"))
    for name in (colleague, bystander):
        _user(name)
    leaked = _key_for(victim)
    innocent = _key_for(bystander)
    leaked.client("iam").create_user(UserName=intruder)
    leaked.client("iam").attach_user_policy(UserName=intruder, PolicyArn=ADMINISTRATOR)
    second = _key_for(intruder, by=leaked)
    others = _key_for(colleague)
    last = _key_for(colleague, by=second)
    ids = [each.keys["aws_access_key_id"] for each in (leaked, second, last, innocent, others)]
    return _Leak(ids[0], since, ids[:3], set(ids[3:]))


def _leak_staged() -> dict[str, Any]:
    made = _leak(*_names(4))
    return {"leaked": made.leaked, "since": made.since}


@PART.exercise(
    "A key has leaked",
    kind="operate",
    stage=_leak_staged,
    hints=(
        "`lookup_events` finds events by `AccessKeyId`: what was done with that key? Take its paginator.",
        "The `CloudTrailEvent` of CreateAccessKey is JSON; its `responseElements` name the key that was made.",
        "A key that was made by a leaked key has leaked, too. Go on with each until there are no new ones.",
    ),
)
def leaked_key(keys_to_revoke: Callable[[Any, str, datetime], Any]) -> str:
    names = _names(4)
    with _gone(*names):
        made = _leak(*names)
        answer = run(keys_to_revoke, client("cloudtrail"), made.leaked, made.since)
    if not isinstance(answer, list | tuple | set | frozenset):
        raise NotYet(f"`keys_to_revoke` should return the ids of keys, a list or a set, and not `{answer!r:.40}`.")
    said = {str(each) for each in answer}
    if made.leaked not in said:
        raise NotYet("The key that leaked has to go, too.")
    if said & made.innocent:
        raise NotYet("A key that somebody else made in the same hour would be revoked. With which key was it made?")
    if made.bad[1] not in said:
        raise NotYet("The intruder made a key with the leaked one, and would keep it.")
    if made.bad[2] not in said:
        raise NotYet("The intruder's own key made a further one, which he would keep: the trail does not end there.")
    if strange := sorted(said - set(made.bad)):
        raise NotYet(f"`{strange[0]:.40}` is none of the keys that have to go.")
    return f"{len(said)} keys have to go: the one that leaked, one that it made, and one that this one made."


@dataclass(frozen=True)
class _Widened:
    bucket: str
    since: datetime
    culprit: str


def _policy(made: str, account: str) -> str:
    reads = allow("s3:GetObject", f"arn:aws:s3:::{made}/*", Principal={"AWS": f"arn:aws:iam::{account}:root"})
    return document(reads)


def _widen(made: str, role_arn: str, first: str, culprit: str, last: str) -> _Widened:
    """Three people take the same role under the same session name; each puts a policy, one lets strangers in."""
    since, sessions = None, {}
    for user in (first, culprit, last):
        begun = _user(user, allow("sts:AssumeRole", role_arn))
        since = since or begun
        sts = _key_for(user).client("sts")
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="deploy")["Credentials"]
        sessions[user] = Person(user, keys_of(given)).client("s3")
    own = current().account_id
    for user, account in ((last, own), (culprit, ANOTHER_ACCOUNT), (first, own)):
        sessions[user].put_bucket_policy(Bucket=made, Policy=_policy(made, account))
    assert since
    return _Widened(made, since, culprit)


def _widened_staged() -> dict[str, Any]:
    made = new_bucket()
    deploy = new_role(allow("s3:PutBucketPolicy"))
    return {"bucket": made, "since": _widen(made, deploy.arn, *_names(3)).since}


@PART.exercise(
    "Who stands behind the role",
    kind="operate",
    stage=_widened_staged,
    hints=(
        "`lookup_events` finds by `ResourceName`, the bucket. Which of the policies names another account?",
        "The caller of that event is a session of a role, like the callers of the others. Its access key is its own.",
        "AssumeRole's `responseElements` have the access key that it gave; its `userIdentity` is who asked for it.",
    ),
)
def behind_the_role(who_opened: Callable[[Any, str, str, datetime], Any]) -> str:
    names = _names(3)
    with bucket() as made, _gone(*names), role(allow("s3:PutBucketPolicy")) as deploy:
        happened = _widen(made, deploy.arn, *names)
        own = current().account_id
        answer = run(who_opened, client("cloudtrail"), made, own, happened.since)
    said = str(answer)
    if said == happened.culprit or said.endswith(f":user/{happened.culprit}"):
        return "The role's name and the session's were the same for three people; its key was not."
    if said in names or said.rpartition("/")[2] in names:
        raise NotYet("That was somebody who took the same role, and whose policy let in nobody new.")
    if deploy.name in said:
        raise NotYet("That is the role. Three people took it, under the same session name: which of them was it?")
    raise NotYet(f"`who_opened` should return the name of a user, and returned `{answer!r:.60}`.")
