"""The operations of the policy simulator: what they are given, made a simulation.

Sources: IAM API reference, SimulatePrincipalPolicy, SimulateCustomPolicy, GetContextKeysForPrincipalPolicy and
GetContextKeysForCustomPolicy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.iam.models import Group
from moto.iam.responses import IamResponse

from localaws.engines.iam.attachments import Attachment, Holder, attachments, holders_for, text_of
from localaws.engines.iam.entities import entity_of, principal_of
from localaws.engines.iam.exclusions import Exclusions
from localaws.engines.iam.identities import tags_of
from localaws.engines.iam.pages import MOST_ITEMS, page
from localaws.engines.iam.simulator import Simulation, Source
from localaws.engines.organizations.control import control_of
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.policies.principals import Principal

_ACCOUNT = re.compile(r"(arn:aws[\w-]*:iam::)?(?P<account>\d{12})(:root)?")
_ACTION = re.compile(r"[\w-]+:\w+", re.ASCII)
#: The types of resources that a simulation with a ResourceHandlingOption has to name (the same page).
_INSTANCE = ("instance", "image", "security-group", "network-interface")
_HANDLED = {
    "EC2-VPC-InstanceStore": _INSTANCE,
    "EC2-VPC-InstanceStore-Subnet": (*_INSTANCE, "subnet"),
    "EC2-VPC-EBS": (*_INSTANCE, "volume"),
    "EC2-VPC-EBS-Subnet": (*_INSTANCE, "subnet", "volume"),
}


class SimulatingResponse(IamResponse):
    """Answers what would be decided."""

    lab: ClassVar[Lab]

    def simulate_custom_policy(self) -> ActionResult:
        levels = [
            tuple(
                self._checked(Source(f"service control policy {number}.{place}", text)).policy
                for place, text in enumerate(level.get("ServiceControlPolicyInputList", ()), 1)
            )
            for number, level in enumerate(self._get_param("OrderedOrganizationPolicyInputList", []), 1)
        ]
        caller = self._get_param("CallerArn") or ""
        if self._get_param("ResourcePolicy") and not caller:
            raise _invalid("CallerArn is required with a ResourcePolicy, whose Principal has to name somebody.")
        partition, account = self.partition, self.current_account
        principal = principal_of(caller) if caller else Principal(f"arn:{partition}:iam::{account}:user/", account)
        keys = _keys_of(principal) if caller else {}
        return self._simulated(principal, keys, self._inputs("PolicyInputList"), None, tuple(levels))

    def simulate_principal_policy(self) -> ActionResult:
        entity = entity_of(self.backend, self._get_param("PolicySourceArn"))
        without = Exclusions(self._get_param("PolicyExclusionList", []))
        held = [each for each in attachments(holders_for(self.backend, entity)) if not without.mean(each)]
        own = principal_of(entity.arn, entity.id)
        principal = principal_of(self._get_param("CallerArn")) if self._get_param("CallerArn") else own
        keys = {} if principal.arn.split(":")[5].startswith("group/") else _keys_of(principal)
        if principal is own and not isinstance(entity, Group):
            keys |= {f"aws:PrincipalTag/{name}": tag for name, tag in tags_of(self.backend, entity).items()}
        control = () if "scp" in without.types else control_of(self.lab, self.current_account)
        boundary = None if "permission-boundary" in without.types else self._boundary_of(entity)
        sources = (*map(_source, held), *self._inputs("PolicyInputList"))
        return self._simulated(principal, keys, sources, boundary, control)

    def get_context_keys_for_custom_policy(self) -> ActionResult:
        return _keys_in(self._inputs("PolicyInputList"))

    def get_context_keys_for_principal_policy(self) -> ActionResult:
        entity = entity_of(self.backend, self._get_param("PolicySourceArn"))
        held = map(_source, attachments(holders_for(self.backend, entity)))
        return _keys_in([*held, *self._inputs("PolicyInputList")])

    def _simulated(
        self,
        principal: Principal,
        keys: Mapping[str, str],
        identity: Sequence[Source],
        boundary: Source | None,
        control: tuple[tuple[Any, ...], ...],
    ) -> ActionResult:
        resources = self._get_param("ResourceArns", None) or ["*"]
        _check_resources(self._get_param("ResourceHandlingOption"), resources)
        boundaries = self._inputs("PermissionsBoundaryPolicyInputList")
        if len(boundaries) > 1:
            raise _invalid("A simulation has at most one permissions boundary.")
        text = self._get_param("ResourcePolicy")
        if text and principal.role_arn:
            raise _invalid("Simulation of resource-based policies isn't supported for IAM roles.")
        entries = {
            each["ContextKeyName"]: each.get("ContextKeyValues", []) for each in self._get_param("ContextEntries", [])
        }
        simulation = Simulation(
            principal,
            {**keys, **entries},
            tuple(identity),
            boundaries[0] if boundaries else boundary,
            self._checked(Source("ResourcePolicy", text)) if text else None,
            control,
            _account_of(self._get_param("ResourceOwner")),
        )
        actions = self._get_param("ActionNames")
        for action in actions:
            if not _ACTION.fullmatch(action):
                raise _invalid(f"{action} is no action: name its service and the action, as in iam:CreateUser.")
        wanted, more = page(actions, self._get_param("Marker"), self._get_int_param("MaxItems", MOST_ITEMS))
        return ActionResult({"EvaluationResults": [simulation.result(each, resources) for each in wanted], **more})

    def _inputs(self, name: str) -> list[Source]:
        texts = self._get_param(name, [])
        return [self._checked(Source(f"{name}.{number}", text)) for number, text in enumerate(texts, 1)]

    @staticmethod
    def _checked(source: Source) -> Source:
        try:
            source.policy  # noqa: B018 (reading it is the check)
        except ValueError as error:
            raise _invalid(f"Syntax errors in policy. {source.name}: {error}") from None
        return source

    def _boundary_of(self, entity: Holder) -> Source | None:
        arn = getattr(entity, "permissions_boundary_arn", None)
        if not arn:
            return None
        policy = self.backend.managed_policies.get(arn)
        # a boundary that is deleted bounds all
        return Source(policy.name, text_of(policy)) if policy else Source(arn, '{"Statement": []}')


def _source(held: Attachment) -> Source:
    return Source(held.name if held.arn else f"{held.holder}_{held.holder_name}_{held.name}", held.text)


def _keys_of(principal: Principal) -> dict[str, str]:
    """The condition keys that are known of who calls ("AWS global condition context keys")."""
    keys = {
        "aws:PrincipalAccount": principal.account,
        "aws:PrincipalArn": principal.arn,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "AssumedRole" if principal.role_arn else "User",
    }
    if not principal.role_arn:
        keys["aws:username"] = principal.arn.rpartition("/")[2]
        keys |= {"aws:userid": principal.user_id} if principal.user_id else {}
    return keys


def _keys_in(sources: Iterable[Source]) -> ActionResult:
    def keys() -> Iterator[str]:
        for source in sources:
            for statement in source.policy.statements:
                yield from statement.keys()

    return ActionResult({"ContextKeyNames": list({key.lower(): key for key in keys()}.values())})


def _account_of(owner: str | None) -> str:
    """An account's number, which may stand in the ARN of its root user."""
    if not owner:
        return ""
    found = _ACCOUNT.fullmatch(owner)
    if not found:
        raise _invalid(f"ResourceOwner is an account's number, such as 123456789012, not {owner}.")
    return found["account"]


def _check_resources(option: str | None, resources: Sequence[str]) -> None:
    if not option:
        return
    if option not in _HANDLED:
        raise _invalid(f"ResourceHandlingOption is one of {', '.join(_HANDLED)}, not {option}.")
    missing = [kind for kind in _HANDLED[option] if not any(f":{kind}/" in arn for arn in resources)]
    if missing:
        raise _invalid(f"{option} needs resources of these types too: {', '.join(missing)}.")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidInput", message)
