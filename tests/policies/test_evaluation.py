"""Which policy decides: the flow charts of "Policy evaluation logic" (IAM user guide), as a table and as properties."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from localaws.policies.documents import Policy, Wish, read
from localaws.policies.evaluation import TRUST, Policies, decide
from localaws.policies.patterns import Context
from localaws.policies.principals import Principal

HOME, OTHER = "123456789012", "999999999999"
USER = Principal(f"arn:aws:iam::{HOME}:user/ana", HOME, "AIDAANA")
ROLE = f"arn:aws:iam::{HOME}:role/etl"
SESSION = Principal(f"arn:aws:sts::{HOME}:assumed-role/etl/run-1", HOME, "AROAETL:run-1", ROLE)
SERVICE = Principal("s3.amazonaws.com", HOME, "s3.amazonaws.com")
ROOT = Principal(f"arn:aws:iam::{HOME}:root", HOME, HOME)
KEY = "arn:aws:s3:::lake/a"


def wish(who: Principal, owner: str = HOME, resource: str = KEY) -> Wish:
    return Wish(who, "s3:GetObject", resource, owner, Context({}))


def policy(effect: str, principal: Any = None, action: str = "s3:Get*", name: str = "p", **elements: Any) -> Policy:
    statement = {"Sid": name, "Effect": effect, "Action": action, "Resource": "*", **elements}
    return read(
        name, {"Version": "2012-10-17", "Statement": statement | ({"Principal": principal} if principal else {})}
    )


YES, NO, SILENT = policy("Allow"), policy("Deny"), policy("Allow", action="sqs:*")


def to(principal: Any, effect: str = "Allow") -> Policy:
    """A resource's policy."""
    return policy(effect, principal)


BY_IDENTITY = Policies(identity=(YES,))

CASES = [
    # Nothing says yes
    (USER, HOME, Policies(), "because no identity-based policy allows the s3:GetObject action"),
    (USER, HOME, Policies(identity=(SILENT,)), "because no identity-based policy allows the s3:GetObject action"),
    (SESSION, HOME, Policies(), "because no identity-based policy allows the s3:GetObject action"),
    (SERVICE, HOME, Policies(), "because no resource-based policy allows the s3:GetObject action"),
    # One of identity and resource is enough at home
    (USER, HOME, BY_IDENTITY, ""),
    (USER, HOME, Policies(resource=to({"AWS": USER.arn})), ""),
    (USER, HOME, Policies(resource=to({"AWS": USER.user_id})), ""),
    (USER, HOME, Policies(resource=to("*")), ""),
    (USER, HOME, Policies(resource=to({"AWS": "*"})), ""),
    (USER, HOME, Policies(resource=to({"AWS": f"arn:aws:iam::{HOME}:user/bo"})), "no identity-based policy"),
    (USER, HOME, Policies(resource=to({"AWS": "arn:aws:iam::123456789012:user/*"})), "no identity-based policy"),
    (SESSION, HOME, Policies(resource=to({"AWS": ROLE})), ""),
    (SESSION, HOME, Policies(resource=to({"AWS": "AROAETL"})), ""),
    (SESSION, HOME, Policies(resource=to({"AWS": SESSION.arn})), ""),
    # The account's name leaves it to the account's own policies
    (USER, HOME, Policies(resource=to({"AWS": HOME})), "no identity-based policy"),
    (USER, HOME, Policies(identity=(YES,), resource=to({"AWS": f"arn:aws:iam::{HOME}:root"})), ""),
    # A deny anywhere
    (USER, HOME, Policies(identity=(YES, NO)), "with an explicit deny in an identity-based policy"),
    (USER, HOME, replace(BY_IDENTITY, resource=to("*", "Deny")), "with an explicit deny in a resource-based policy"),
    (USER, HOME, replace(BY_IDENTITY, resource=to({"AWS": HOME}, "Deny")), "deny in a resource-based policy"),
    (USER, HOME, replace(BY_IDENTITY, resource=to({"AWS": ROLE}, "Deny")), ""),
    (USER, HOME, replace(BY_IDENTITY, boundary=NO), "with an explicit deny in a permissions boundary"),
    (SESSION, HOME, replace(BY_IDENTITY, session=(NO,)), "with an explicit deny in a session policy"),
    (USER, HOME, replace(BY_IDENTITY, control=((YES,), (YES, NO))), "an explicit deny in a service control policy"),
    (USER, HOME, Policies(resource=to({"AWS": USER.arn}), boundary=NO), "explicit deny in a permissions boundary"),
    (SERVICE, HOME, Policies(resource=to({"Service": "s3.amazonaws.com"}, "Deny")), "deny in a resource-based policy"),
    # A boundary and a session's policy limit
    (USER, HOME, replace(BY_IDENTITY, boundary=YES), ""),
    (USER, HOME, replace(BY_IDENTITY, boundary=SILENT), "because no permissions boundary allows"),
    (USER, HOME, Policies(boundary=YES), "because no identity-based policy allows"),
    (SESSION, HOME, replace(BY_IDENTITY, session=(SILENT,)), "because no session policy allows"),
    (SESSION, HOME, replace(BY_IDENTITY, session=(SILENT, YES)), ""),
    (SESSION, HOME, replace(BY_IDENTITY, session=()), "because no session policy allows"),
    # … but not what a resource gives to the user or to the session itself
    (USER, HOME, Policies(resource=to({"AWS": USER.arn}), boundary=SILENT), ""),
    (SESSION, HOME, Policies(resource=to({"AWS": SESSION.arn}), boundary=SILENT, session=(SILENT,)), ""),
    (SESSION, HOME, Policies(resource=to({"AWS": ROLE}), boundary=SILENT), "because no permissions boundary allows"),
    (SESSION, HOME, Policies(resource=to({"AWS": ROLE}), session=(SILENT,)), "because no session policy allows"),
    # An organization's policies limit everybody, at each level
    (USER, HOME, replace(BY_IDENTITY, control=((YES,), (YES,))), ""),
    (USER, HOME, replace(BY_IDENTITY, control=((YES,), (SILENT,))), "because no service control policy allows"),
    (USER, HOME, Policies(resource=to({"AWS": USER.arn}), control=((SILENT,),)), "no service control policy allows"),
    (ROOT, HOME, Policies(control=((SILENT,),)), "because no service control policy allows"),
    # The root user
    (ROOT, HOME, Policies(), ""),
    (ROOT, HOME, Policies(resource=to("*", "Deny")), "with an explicit deny in a resource-based policy"),
    (ROOT, OTHER, Policies(), "because no resource-based policy allows"),
    # Into another account both have to say yes
    (USER, OTHER, BY_IDENTITY, "because no resource-based policy allows"),
    (USER, OTHER, Policies(resource=to({"AWS": USER.arn})), "because no identity-based policy allows"),
    (USER, OTHER, replace(BY_IDENTITY, resource=to({"AWS": USER.arn})), ""),
    (USER, OTHER, replace(BY_IDENTITY, resource=to({"AWS": HOME})), ""),
    (USER, OTHER, replace(BY_IDENTITY, resource=to("*")), ""),
    (USER, OTHER, replace(BY_IDENTITY, resource=to({"AWS": OTHER})), "because no resource-based policy allows"),
    (USER, OTHER, replace(BY_IDENTITY, resource=to({"AWS": HOME}), boundary=SILENT), "no permissions boundary"),
    (SESSION, OTHER, replace(BY_IDENTITY, resource=to({"AWS": SESSION.arn}), session=(SILENT,)), "no session policy"),
    # Services have what resources give them
    (SERVICE, HOME, Policies(resource=to({"Service": "s3.amazonaws.com"})), ""),
    (SERVICE, HOME, Policies(resource=to({"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]})), ""),
    (SERVICE, HOME, Policies(resource=to({"Service": "sns.amazonaws.com"})), "no resource-based policy allows"),
    (SERVICE, HOME, replace(BY_IDENTITY, resource=to({"AWS": HOME})), "because no resource-based policy allows"),
    (SERVICE, HOME, Policies(resource=to({"AWS": "*"})), ""),
    (SERVICE, HOME, Policies(resource=to("*")), ""),
    (SERVICE, HOME, Policies(resource=to("*", "Deny")), "with an explicit deny in a resource-based policy"),
    # Keys and roles: their own policy has to allow
    (USER, HOME, Policies(identity=(YES,), resource_decides=True), "because no resource-based policy allows"),
    (USER, HOME, Policies(identity=(YES,), resource=to({"AWS": HOME}), resource_decides=True), ""),
    (USER, HOME, Policies(resource=to({"AWS": HOME}), resource_decides=True), "no identity-based policy allows"),
    (USER, HOME, Policies(resource=to({"AWS": USER.arn}), resource_decides=True), ""),
    (ROOT, HOME, Policies(resource_decides=True), "because no resource-based policy allows"),
    (ROOT, HOME, Policies(resource=to({"AWS": HOME}), resource_decides=True), ""),
    (USER, HOME, Policies(identity=(YES,), resource=SILENT, resource_kind=TRUST, resource_decides=True),
     "because no role trust policy allows"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "owner", "policies", "reason"), CASES)
def test_a_decision(who: Principal, owner: str, policies: Policies, reason: str) -> None:
    verdict = decide(wish(who, owner), policies)
    assert verdict.allowed is (not reason)
    if reason:
        assert reason in verdict.reason("s3:GetObject")


def test_the_statement_that_decides_is_told() -> None:
    policies = Policies(identity=(policy("Allow", name="read"),), boundary=policy("Allow", name="limit"))
    verdict = decide(wish(USER), policies)
    assert (verdict.policy, verdict.statement) == (policies.identity[0], policies.identity[0].statements[0])
    assert [(kind, found.name) for kind, found, _ in verdict.allowing] == [
        ("identity-based policy", "read"),
        ("permissions boundary", "limit"),
    ]
    denied = decide(wish(USER), replace(policies, session=(policy("Deny", name="never"),)))
    assert denied.statement is not None
    assert denied.statement.sid == "never"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": None, "NotAction": "s3:Put*"}, True),
        ({"Action": None, "NotAction": ["s3:Put*", "s3:Get*"]}, False),
        ({"Resource": None, "NotResource": "arn:aws:s3:::lake/b"}, True),
        ({"Resource": None, "NotResource": "arn:aws:s3:::lake/*"}, False),
        ({"Resource": ["arn:aws:s3:::other/*", KEY]}, True),
        ({"Condition": {"StringEquals": {"aws:a": "1", "aws:b": "2"}}}, False),
        ({"Condition": {"StringEquals": {"aws:a": "1"}, "Null": {"aws:b": True}}}, True),
    ],
)
def test_the_elements_of_a_statement(elements: dict[str, Any], expected: bool) -> None:
    """All elements, all operators and all keys have to fit; of the values of one any."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}
    document = {"Statement": [{name: value for name, value in statement.items() if value is not None}]}
    asked = replace(wish(USER), context=Context({"aws:a": "1"}))
    assert decide(asked, Policies(identity=(read("p", document),))).allowed is expected


@pytest.mark.parametrize(
    ("principals", "expected"),
    [({"AWS": USER.arn}, True), ({"AWS": f"arn:aws:iam::{HOME}:user/bo"}, False), ({"AWS": HOME}, True)],
)
def test_not_principal_denies_all_others(principals: dict[str, str], expected: bool) -> None:
    """ "IAM JSON policy elements: NotPrincipal"."""
    others = policy("Deny", NotPrincipal=principals)
    assert decide(wish(USER), replace(BY_IDENTITY, resource=others)).allowed is expected


@pytest.mark.parametrize(
    "document",
    ["", "[]", "{}", '{"Statement": [{}]}', '{"Statement": {"Effect": "allow", "Action": "*"}}', "[" * 99999],
)
def test_what_is_no_policy_allows_nothing(document: str) -> None:
    with pytest.raises(ValueError):
        read("p", document)


KINDS = [None, YES, NO, SILENT]
RESOURCES = [None, to("*"), to({"AWS": USER.arn}), to({"AWS": HOME}), to("*", "Deny"), to({"AWS": ROLE})]
ALL = [
    Policies(
        identity=tuple(filter(None, (identity,))),
        resource=resource,
        boundary=boundary,
        session=(session,) if session else None,
        control=((control,),) if control else (),
        resource_decides=decides,
    )
    for identity, boundary, session, control in itertools.product(KINDS, repeat=4)
    for resource in RESOURCES
    for decides in (False, True)
]


@pytest.mark.parametrize("who", [USER, SESSION, ROOT, SERVICE], ids=lambda who: who.arn)
@pytest.mark.parametrize("owner", [HOME, OTHER])
def test_an_explicit_deny_always_wins(who: Principal, owner: str) -> None:
    for policies in ALL:
        denied = replace(policies, identity=(*policies.identity, NO))
        verdict = decide(wish(who, owner), denied)
        assert not verdict.allowed
        assert verdict.statement is not None
        assert verdict.statement.effect == "Deny"


@pytest.mark.parametrize("who", [USER, SESSION, ROOT, SERVICE], ids=lambda who: who.arn)
@pytest.mark.parametrize("owner", [HOME, OTHER])
def test_taking_an_allow_away_never_allows(who: Principal, owner: str) -> None:
    for policies in ALL:
        denies = any(each.statements[0].effect == "Deny" for _, each in policies.each())
        if not denies and not decide(wish(who, owner), policies).allowed:
            assert not any(decide(wish(who, owner), fewer).allowed for fewer in _with_fewer_allows(policies))


def _with_fewer_allows(policies: Policies) -> Iterator[Policies]:
    yield replace(policies, identity=())
    yield replace(policies, resource=None)
    yield replace(policies, boundary=policies.boundary and SILENT)
    yield replace(policies, session=policies.session and (SILENT,))
    yield replace(policies, control=policies.control and ((SILENT,),))
