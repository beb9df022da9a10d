"""What holds for all policies, tried on a few thousand made up from a seed.

Source: IAM user guide, "Policy evaluation logic": a denial overrides, and nothing is allowed but by an Allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from localaws.policies.documents import Policy, Statement, Wish, read
from localaws.policies.evaluation import Policies, decide
from localaws.policies.explanation import explain
from localaws.policies.patterns import Context
from localaws.policies.principals import Principal
from tests.policies.generated import Generator

HOME, OTHER = "123456789012", "999999999999"
BUCKET = "arn:aws:s3:::lake"
CALLERS = (
    Principal(f"arn:aws:iam::{HOME}:user/ana", HOME, "AIDAANA"),
    Principal(f"arn:aws:sts::{HOME}:assumed-role/etl/run-1", HOME, "AROAETL:run-1", f"arn:aws:iam::{HOME}:role/etl"),
)
PRINCIPALS = [
    "*",
    {"AWS": HOME},
    {"AWS": [CALLERS[0].arn, CALLERS[1].role_arn]},
    {"AWS": CALLERS[1].arn},
    {"AWS": OTHER},
]
NUMBER = 1500


def cases(seed: int) -> Iterator[tuple[Wish, Policies]]:
    """Wishes under policies; the seed makes them the same on every run."""
    make = Generator(seed, BUCKET, "ana")
    choose = make.random.choice

    def policy(name: str) -> Policy:
        return read(name, {"Version": "2012-10-17", "Statement": make.policy()})

    for number in range(NUMBER):
        guard = {"Version": "2012-10-17", "Statement": make.policy(PRINCIPALS)}
        policies = Policies(
            identity=tuple(policy(f"identity {each}") for each in range(choose([0, 1, 2]))),
            resource=read(f"resource {number}", guard) if choose([True, False]) else None,
            boundary=policy("boundary") if choose([True, False, False]) else None,
            session=(policy("session"),) if choose([True, False, False]) else None,
            control=((policy("root"),), (policy("account"),)) if choose([True, False, False]) else (),
            resource_decides=choose([True, False, False, False]),
        )
        keys = {"aws:username": "ana", "aws:SourceIp": "127.0.0.1", "aws:SecureTransport": choose(["true", "false"])}
        if choose([True, False]):
            keys["s3:prefix"] = choose(["home/x", "other/"])
        action = choose(["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
        resource = choose([BUCKET, f"{BUCKET}/home/x", f"{BUCKET}/ana/x", "*"])
        yield Wish(choose(CALLERS), action, resource, choose([HOME, HOME, OTHER]), Context(keys)), policies


def without(policy: Policy, statement: Statement) -> Policy:
    return Policy(policy.name, tuple(each for each in policy.statements if each is not statement))


def changed(policies: Policies, effect: str, statement: Statement | None) -> Iterator[Policies]:
    """*policies* with *statement* added to one of them; where it is None, with one of *effect* taken away from one."""
    for place, policy in enumerate(policies.identity):
        for new in _variants(policy, effect, statement):
            yield replace(policies, identity=(*policies.identity[:place], new, *policies.identity[place + 1 :]))
    for policy in policies.session or ():  # there is but one
        for new in _variants(policy, effect, statement):
            yield replace(policies, session=(new,))
    if policies.resource:
        for new in _variants(policies.resource, effect, statement):
            yield replace(policies, resource=new)
    if policies.boundary:
        for new in _variants(policies.boundary, effect, statement):
            yield replace(policies, boundary=new)
    for level, [policy] in enumerate(policies.control):
        for new in _variants(policy, effect, statement):
            yield replace(policies, control=(*policies.control[:level], (new,), *policies.control[level + 1 :]))


def _variants(policy: Policy, effect: str, statement: Statement | None) -> Iterator[Policy]:
    if statement:
        yield Policy(policy.name, (*policy.statements, statement))
    else:
        yield from (without(policy, each) for each in policy.by_effect[effect])


[DENY_ALL] = read(
    "deny", {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}
).statements


@pytest.mark.parametrize("seed", [1, 2])
def test_what_denies_all_is_always_obeyed(seed: int) -> None:
    for wish, policies in cases(seed):
        for denying in changed(policies, "Deny", DENY_ALL):
            verdict = decide(wish, denying)
            assert not verdict.allowed
            assert verdict.statement is not None


@pytest.mark.parametrize("seed", [3, 4])
def test_no_allow_less_allows_more(seed: int) -> None:
    refused = [each for each in cases(seed) if not decide(*each).allowed]
    assert len(refused) > NUMBER / 4
    for wish, policies in refused:
        assert not any(decide(wish, fewer).allowed for fewer in changed(policies, "Allow", None))


@pytest.mark.parametrize("seed", [5, 6])
def test_no_deny_more_allows_more(seed: int) -> None:
    make = Generator(seed, BUCKET, "ana")
    for wish, policies in cases(seed):
        if not decide(wish, policies).allowed:
            written = {**make.statement(["*"]), "Effect": "Deny"}
            [statement] = read("deny", {"Version": "2012-10-17", "Statement": written}).statements
            assert not any(decide(wish, more).allowed for more in changed(policies, "Deny", statement))


@pytest.mark.parametrize("seed", [7, 8])
def test_what_is_explained_is_what_was_decided(seed: int) -> None:
    """The statements that are told are of the right effect, and each part agrees with the whole."""
    decisions = set()
    for wish, policies in cases(seed):
        verdict, told = decide(wish, policies), explain(wish, policies)
        decisions.add(told.decision)
        assert (told.decision == "allowed") == verdict.allowed
        effects = {statement.effect for _, statement in told.matched}
        if told.decision == "allowed":
            assert effects == {"Allow"}
            assert "explicitDeny" not in (told.identity, told.resource, told.boundary, told.control)
            assert told.control in (None, "allowed")
        if told.decision == "explicitDeny" and told.control != "explicitDeny":
            assert effects == {"Deny"}
        if told.decision == "implicitDeny":
            assert "explicitDeny" not in (told.identity, told.resource, told.boundary, told.control)
    assert decisions == {"allowed", "explicitDeny", "implicitDeny"}
