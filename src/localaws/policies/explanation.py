"""What a decision is made of: which statements decided, what each kind of policy says, and what is not known.

`evaluation` decides, for the gateway and here; this looks at the same policies again and tells how it came about, in
the words of the policy simulator (IAM API reference, EvaluationResult).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from localaws.policies.documents import Policy, Statement, Wish
from localaws.policies.evaluation import Policies, Verdict, decide, fitting

Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
#: From the most restrictive on.
DECISIONS: tuple[Decision, ...] = ("explicitDeny", "implicitDeny", "allowed")


@dataclass(frozen=True)
class Explanation:
    """A decision on one wish.

    Attributes:
        decision: allowed, or by what it is refused.
        matched: the statements that determine it: those that allow, or the one that denies.
        missing: condition keys that statements about this wish ask for and it does not have.
        identity: what the identity policies say for themselves.
        resource: what the resource's policy says; None if there is none.
        boundary: what the permissions boundary says; None if there is none.
        control: what the organization's policies say; None if there are none.
        is_cross_account: whether the caller's account is not the owner's.
    """

    decision: Decision
    matched: tuple[tuple[Policy, Statement], ...]
    missing: tuple[str, ...]
    identity: Decision
    resource: Decision | None = None
    boundary: Decision | None = None
    control: Decision | None = None
    is_cross_account: bool = False


def explain(wish: Wish, policies: Policies) -> Explanation:
    """The decision on *wish* and how *policies* make it."""
    verdict = decide(wish, policies)
    return Explanation(
        decision_of(verdict),
        tuple(_matched(wish, policies, verdict)),
        tuple(dict.fromkeys(_missing(wish, policies))),
        _said_by(policies.identity, wish),
        _said_by((policies.resource,), wish, of_resource=True) if policies.resource else None,
        _said_by((policies.boundary,), wish) if policies.boundary else None,
        min((_said_by(level, wish) for level in policies.control), key=DECISIONS.index, default=None),
        wish.principal.account != wish.owner,
    )


def decision_of(verdict: Verdict) -> Decision:
    """The *verdict* in the simulator's words."""
    if verdict.allowed:
        return "allowed"
    return "explicitDeny" if verdict.statement else "implicitDeny"


def _said_by(asked: Iterable[Policy], wish: Wish, of_resource: bool = False) -> Decision:
    effects = {statement.effect for _, statement in _fitting(asked, wish, of_resource)}
    return "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"


def _fitting(asked: Iterable[Policy], wish: Wish, of_resource: bool) -> Iterator[tuple[Policy, Statement]]:
    for policy in asked:
        for effect in ("Deny", "Allow"):
            for statement in fitting(effect, policy, wish):
                if not of_resource or statement.names(wish.principal):
                    yield policy, statement


def _matched(wish: Wish, policies: Policies, verdict: Verdict) -> Iterator[tuple[Policy, Statement]]:
    """A statement that denies is the only one told; into another account what either side allows is told in any case.

    So the reference has it, and its example of a simulation across accounts.
    """
    if not verdict.allowed and verdict.policy and verdict.statement:
        if not any(verdict.policy in level for level in policies.control):
            yield verdict.policy, verdict.statement
    elif verdict.allowed or wish.principal.account != wish.owner:
        yield from _fitting(policies.identity, wish, of_resource=False)
        yield from _fitting((policies.resource,) if policies.resource else (), wish, of_resource=True)


def _missing(wish: Wish, policies: Policies) -> Iterator[str]:
    of_resource = (policies.resource,) if policies.resource else ()
    for policy in (*policies.identity, *of_resource, *((policies.boundary,) if policies.boundary else ())):
        for statement in policy.statements:
            if policy is not policies.resource or statement.names(wish.principal):
                yield from statement.lacks(wish)
