"""The policy simulator: what would be decided, told without the call ("IAM policy testing", IAM user guide).

It decides by the same rules as the gateway (`localaws.policies`), on policies that are put before it.

Sources: IAM API reference, SimulatePrincipalPolicy, EvaluationResult and ResourceSpecificResult, with their examples,
from which the names of kinds and the positions are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from localaws.gateway.reference import action_called
from localaws.policies.documents import Policy, Statement, Wish, read
from localaws.policies.evaluation import RESOURCE, TRUST, Policies
from localaws.policies.explanation import DECISIONS, Decision, Explanation, explain
from localaws.policies.patterns import Context, Values
from localaws.policies.positions import positions
from localaws.policies.principals import Principal

_OF_IDENTITY, _OF_RESOURCE, _OF_BOUNDARY = "IAM Policy", "Resource Policy", "Permissions Boundary Policy"
#: By whose actions a resource is reached that has to allow it itself; and what its policy is called.
_DECIDED_BY_RESOURCE = {"kms": RESOURCE, "sts": TRUST}


@dataclass(frozen=True)
class Source:
    """A policy of a simulation, by the ``name`` that answers have for it, and its JSON as it was written."""

    name: str
    text: str

    @property
    def policy(self) -> Policy:
        """Raises ValueError for what is no policy."""
        return read(self.name, self.text)


@dataclass(frozen=True)
class Simulation:
    """Who would call, and which policies would be in force.

    Attributes:
        caller: who would.
        keys: the condition keys of the call.
        identity: policies of the caller.
        boundary: what bounds him, if anything does.
        resource: the policy that each resource is to have, if any.
        control: the organization's, from its root to the account.
        owner: the account of resources whose ARN has none.
    """

    caller: Principal
    keys: Values
    identity: tuple[Source, ...]
    boundary: Source | None = None
    resource: Source | None = None
    control: tuple[tuple[Policy, ...], ...] = ()
    owner: str = ""
    _context: Context = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_context", Context(self.keys))

    def result(self, action: str, resources: Sequence[str]) -> dict[str, Any]:
        """What would be decided on *action*, on all *resources* together and on each: an EvaluationResult."""
        explained = {resource: self._explain(action, resource) for resource in resources}
        together = min((each.decision for each in explained.values()), key=DECISIONS.index)
        deciding = [each for each in explained.values() if each.decision == together != "implicitDeny"]
        answer = {
            "EvalActionName": action,
            "EvalResourceName": _type_of(action, resources),
            "EvalDecision": together,
            **self._told(explained.values(), [found for each in deciding for found in each.matched]),
        }
        if self.control:
            allowed = all(each.control == "allowed" for each in explained.values())
            answer["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": allowed}
        if list(resources) == ["*"]:
            return answer
        answer["ResourceSpecificResults"] = [
            {"EvalResourceName": resource, "EvalResourceDecision": each.decision, **self._told([each], each.matched)}
            for resource, each in explained.items()
        ]
        return {**_no_details(explained.values()), **answer}

    def _explain(self, action: str, resource: str) -> Explanation:
        kind = _DECIDED_BY_RESOURCE.get(action.partition(":")[0])
        policies = Policies(
            identity=tuple(source.policy for source in self.identity),
            resource=self.resource.policy if self.resource else None,
            boundary=self.boundary.policy if self.boundary else None,
            control=self.control,
            resource_kind=kind or RESOURCE,
            resource_decides=bool(kind and self.resource),
        )
        return explain(Wish(self.caller, action, resource, self._owner_of(resource), self._context), policies)

    def _owner_of(self, resource: str) -> str:
        account = resource.split(":", 5)[4] if resource.count(":") >= 5 else ""
        return account if account.isdigit() else self.owner or self.caller.account

    def _told(self, explained: Iterable[Explanation], matched: Iterable[tuple[Policy, Statement]]) -> dict[str, Any]:
        """What is told of one resource as of all of them."""
        explained = list(explained)
        statements = {id(statement): self._reference(policy, statement) for policy, statement in matched}
        told: dict[str, Any] = {
            "MatchedStatements": list(statements.values()),
            "MissingContextValues": list(dict.fromkeys(key for each in explained for key in each.missing)),
        }
        if self.boundary:
            allowed = all(each.boundary == "allowed" for each in explained)
            told["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": allowed}
        details = [_details(each) for each in explained if each.is_cross_account and _is_complete(each)]
        if details:
            kinds = dict.fromkeys(kind for each in details for kind in each)
            said = {kind: [each[kind] for each in details if kind in each] for kind in kinds}
            told["EvalDecisionDetails"] = {kind: min(each, key=DECISIONS.index) for kind, each in said.items()}
        return told

    def _reference(self, policy: Policy, statement: Statement) -> dict[str, Any]:
        sources = [*self.identity, *filter(None, (self.boundary, self.resource))]
        source = next(each for each in sources if each.policy is policy)
        number = next(number for number, each in enumerate(policy.statements) if each is statement)
        start, end = ({"Line": each.line, "Column": each.column} for each in positions(source.text)[number])
        kind = _OF_RESOURCE if source is self.resource else _OF_BOUNDARY if source is self.boundary else _OF_IDENTITY
        return {
            "SourcePolicyId": source.name,
            "SourcePolicyType": kind,
            "StartPosition": start,
            "EndPosition": end,
        }


def _type_of(action: str, resources: Sequence[str]) -> str:
    """The pattern of the ARNs that *resources* have, of those that the *action* may act on; "*" if they have none."""
    types = action_called(action).types
    return next((each.arn for arn in resources for each in types if each.pattern.fullmatch(arn)), "*")


def _is_complete(explained: Explanation) -> bool:
    """Whether all policies were asked: what an organization does not allow is not looked at any further."""
    return explained.control in (None, "allowed")


def _no_details(explained: Iterable[Explanation]) -> dict[str, Any]:
    """Within an account there are none, which is told where a resource is named."""
    return {"EvalDecisionDetails": {}} if all(map(_is_complete, explained)) else {}


def _details(explained: Explanation) -> dict[str, Decision]:
    said = {_OF_IDENTITY: explained.identity, _OF_RESOURCE: explained.resource, _OF_BOUNDARY: explained.boundary}
    return {kind: decision for kind, decision in said.items() if decision}
