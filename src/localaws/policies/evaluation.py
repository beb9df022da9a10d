"""Which policies decide on a wish, in which order, and the reason in AWS's words.

Sources: IAM user guide, "How AWS enforcement code logic evaluates requests to allow or deny access", "Policy
evaluation for requests within a single account", "Cross-account policy evaluation logic" and "Troubleshoot access
denied error messages".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from localaws.policies.documents import Policy, Statement, Wish
from localaws.policies.principals import Match

IDENTITY = "identity-based policy"
RESOURCE = "resource-based policy"
BOUNDARY = "permissions boundary"
SESSION = "session policy"
SERVICE_CONTROL = "service control policy"
TRUST = "role trust policy"


@dataclass(frozen=True)
class Policies:
    """All that apply to a wish.

    Attributes:
        identity: of the user and his groups, or of the role.
        resource: of the resource, if it has one.
        boundary: which limits what identity policies give; None where there is none.
        session: which limit a role's session; None where it has none.
        control: of the organization, from its root to the account: each level has to allow. () where there is none.
        resource_kind: what the resource's policy is called.
        resource_decides: whether it has to allow: KMS keys and roles cannot be had by identity policies alone.
    """

    identity: tuple[Policy, ...] = ()
    resource: Policy | None = None
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    control: tuple[tuple[Policy, ...], ...] = ()
    resource_kind: str = RESOURCE
    resource_decides: bool = False

    def each(self) -> Iterator[tuple[str, Policy]]:
        """Every policy and its kind, in the order in which they are asked."""
        yield from ((SERVICE_CONTROL, policy) for level in self.control for policy in level)
        yield from ((self.resource_kind, policy) for policy in (self.resource,) if policy)
        yield from ((IDENTITY, policy) for policy in self.identity)
        yield from ((BOUNDARY, policy) for policy in (self.boundary,) if policy)
        yield from ((SESSION, policy) for policy in self.session or ())


@dataclass(frozen=True)
class Verdict:
    """What was decided, and what decided it.

    Attributes:
        allowed: whether the caller may.
        kind: of the policies that decided.
        policy: the one with the statement that decided; None where it was that none allows.
        statement: that statement.
        allowing: the statements that allowed on the way, each with its kind and policy.
    """

    allowed: bool
    kind: str
    policy: Policy | None = None
    statement: Statement | None = None
    allowing: tuple[tuple[str, Policy, Statement], ...] = field(default=())

    def reason(self, action: str) -> str:
        """Why not, as AWS ends its error message."""
        if self.statement is not None:
            article = "an" if self.kind[0] in "aeiou" else "a"
            return f"with an explicit deny in {article} {self.kind}"
        return f"because no {self.kind} allows the {action} action"


def decide(wish: Wish, policies: Policies) -> Verdict:
    """Whether the *wish* is granted. Nothing is, unless a policy says so; and what one denies no other grants."""
    for kind, policy in policies.each():
        for statement in fitting("Deny", policy, wish):
            if kind != policies.resource_kind or statement.names(wish.principal):
                return Verdict(False, kind, policy, statement)
    allowing: list[tuple[str, Policy, Statement]] = []

    def allows(kind: str, asked: Iterable[Policy]) -> bool:
        found = ((kind, policy, statement) for policy in asked for statement in fitting("Allow", policy, wish))
        first = next(found, None)
        if first:
            allowing.append(first)
        return first is not None

    def no(kind: str) -> Verdict:
        return Verdict(False, kind, allowing=tuple(allowing))

    def yes(kind: str) -> Verdict:
        decisive = next(each for each in reversed(allowing) if each[0] == kind)
        return Verdict(True, kind, decisive[1], decisive[2], tuple(allowing))

    if not all(allows(SERVICE_CONTROL, level) for level in policies.control):
        return no(SERVICE_CONTROL)
    given = _given_by_resource(wish, policies, allowing)
    at_home = wish.principal.account == wish.owner
    if wish.principal.is_service or wish.principal.is_root or (given == Match.HIMSELF and at_home):
        if wish.principal.is_root and at_home and not policies.resource_decides:
            return Verdict(True, IDENTITY)  # nobody can take from a root user what is his account's
        return yes(policies.resource_kind) if given else no(policies.resource_kind)
    if given == Match.NOT and (policies.resource_decides or not at_home):
        return no(policies.resource_kind)
    by_identity = allows(IDENTITY, policies.identity)
    if not by_identity and (given < Match.ROLE or not at_home):
        return no(IDENTITY)
    if policies.boundary and not allows(BOUNDARY, (policies.boundary,)):
        return no(BOUNDARY)
    if policies.session is not None and not allows(SESSION, policies.session):
        return no(SESSION)
    return yes(IDENTITY if by_identity else policies.resource_kind)


def _given_by_resource(wish: Wish, policies: Policies, allowing: list[tuple[str, Policy, Statement]]) -> Match:
    """How the resource's policy names the caller where it allows; by the statement that gives him most."""
    if policies.resource is None:
        return Match.NOT
    found = [(each.names(wish.principal), each) for each in fitting("Allow", policies.resource, wish)]
    if not found:
        return Match.NOT
    match, statement = max(found, key=lambda each: each[0])
    allowing.append((policies.resource_kind, policies.resource, statement))
    return match


def fitting(effect: str, policy: Policy, wish: Wish) -> Iterator[Statement]:
    """The statements of *policy* with that effect that are about the *wish*, whomever they name."""
    return (each for each in policy.by_effect[effect] if each.fits(wish))
