"""Reports of which services somebody may use, and when he last did ("last accessed information", IAM user guide)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

from localaws.engines.iam.attachments import Holder, attachments, holders_for, text_of
from localaws.engines.iam.usage import Usage, Use
from localaws.gateway.reference import actions_with, prefixes, title_of
from localaws.policies.documents import Policy, read
from localaws.policies.granting import gives_action, gives_service


@dataclass(frozen=True)
class AccessReport:
    """What was found when it was asked for.

    Attributes:
        granularity: SERVICE_LEVEL or ACTION_LEVEL.
        created: when, on the lab's clock.
        services: as GetServiceLastAccessedDetails lists them.
        entities: who could have used each service, as GetServiceLastAccessedDetailsWithEntities lists them.
    """

    granularity: str
    created: datetime
    services: list[dict[str, Any]]
    entities: dict[str, list[dict[str, Any]]]


def access_report(
    iam: IAMBackend, about: Holder | ManagedPolicy, usage: Usage, granularity: str, now: datetime
) -> AccessReport:
    """The report on a user, a group, a role or a managed policy."""
    policies = _policies_of(iam, about)
    uses = [(entity, usage.of(entity.arn)) for entity in _entities_of(iam, about)]
    given = [prefix for prefix in prefixes() if gives_service(policies, prefix)]
    by_action = granularity == "ACTION_LEVEL"
    services = [_service(prefix, uses, policies if by_action else None) for prefix in given]
    return AccessReport(granularity, now, services, {prefix: _entities(prefix, uses) for prefix in given})


def granting(iam: IAMBackend, about: Holder, prefix: str) -> list[dict[str, str]]:
    """The policies by which somebody may use the service, as ListPoliciesGrantingServiceAccess lists them."""
    found = []
    for held in attachments(holders_for(iam, about)):
        if gives_service([held.policy], prefix):
            entity = {"EntityType": held.holder.upper(), "EntityName": held.holder_name}
            kind = {"PolicyType": "MANAGED", "PolicyArn": held.arn} if held.arn else {"PolicyType": "INLINE", **entity}
            found.append({"PolicyName": held.name, **kind})
    return found


def _policies_of(iam: IAMBackend, about: Holder | ManagedPolicy) -> list[Policy]:
    if isinstance(about, ManagedPolicy):
        return [read(about.arn, text_of(about))]
    return [held.policy for held in attachments(holders_for(iam, about))]


def _entities_of(iam: IAMBackend, about: Holder | ManagedPolicy) -> Sequence[User | Role]:
    """Who has its policies."""
    if isinstance(about, User | Role):
        return [about]
    if isinstance(about, Group):
        return list(about.users)
    everybody: list[User | Role] = [*iam.users.values(), *iam.roles.values()]
    return [who for who in everybody if any(about.arn in holder.managed_policies for holder in holders_for(iam, who))]


_Uses = Sequence[tuple[User | Role, Mapping[str, Use]]]


def _service(prefix: str, uses: _Uses, policies: list[Policy] | None) -> dict[str, Any]:
    last = [(use, entity.arn) for entity, actions in uses if (use := _last(prefix, actions))]
    answer: dict[str, Any] = {
        "ServiceName": title_of(prefix),
        "ServiceNamespace": prefix,
        "TotalAuthenticatedEntities": len(last),
    }
    if not last:
        return answer
    use, arn = max(last, key=lambda each: each[0].time)
    answer |= {
        "LastAuthenticated": use.time,
        "LastAuthenticatedEntity": arn,
        "LastAuthenticatedRegion": use.region,
    }
    if policies is not None:
        given = (action.name for action in actions_with(prefix) if gives_action(policies, action.name))
        answer["TrackedActionsLastAccessed"] = [_action(name, uses) for name in given]
    return answer


def _action(name: str, uses: _Uses) -> dict[str, Any]:
    found = [(actions[name], entity.arn) for entity, actions in uses if name in actions]
    answer: dict[str, Any] = {"ActionName": name.partition(":")[2]}
    if found:
        use, arn = max(found, key=lambda each: each[0].time)
        answer |= {"LastAccessedEntity": arn, "LastAccessedTime": use.time, "LastAccessedRegion": use.region}
    return answer


def _entities(prefix: str, uses: _Uses) -> list[dict[str, Any]]:
    """Who used the service last comes first."""
    found = sorted(
        ((_last(prefix, actions), entity) for entity, actions in uses),
        key=lambda each: each[0].time.timestamp() if each[0] else 0,
        reverse=True,
    )
    return [
        {
            "EntityInfo": {
                "Arn": entity.arn,
                "Name": entity.name,
                "Type": "USER" if isinstance(entity, User) else "ROLE",
                "Id": entity.id,
                "Path": entity.path,
            },
            **({"LastAuthenticated": use.time} if use else {}),
        }
        for use, entity in found
    ]


def _last(prefix: str, actions: Mapping[str, Use]) -> Use | None:
    return max((use for use in actions.values() if use.service == prefix), key=lambda use: use.time, default=None)
