"""What services tell of their resources before anything is done to them: their policies, and which a request means.

Source: IAM user guide, "Identity-based policies and resource-based policies".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from localaws.engines import engines
from localaws.policies.evaluation import RESOURCE

if TYPE_CHECKING:
    from moto.core.base_backend import BackendDict, BaseBackend

    from localaws.engines.declaration import Engine
    from localaws.lab import Lab

Backend = TypeVar("Backend", bound="BaseBackend")


@dataclass(frozen=True)
class ResourcePolicy:
    """What is known of a resource before anything is done to it.

    Attributes:
        document: its policy in JSON; "" if it has none.
        owner: the account that has it; "" for the one in its ARN.
        kind: what such a policy is called in errors.
        decides: whether it has to allow, whatever other policies say.
        exists: whether there is such a resource.
        arn: of what is really meant, such as the key behind an alias; "" for what was asked for.
    """

    document: str = ""
    owner: str = ""
    kind: str = RESOURCE
    decides: bool = False
    exists: bool = True
    arn: str = ""


#: Tells of the resource with an ARN, which need not be there, what counts for an action; None if it can have no policy.
PolicyOf = Callable[["Lab", str, str], ResourcePolicy | None]


def resource_policy(lab: Lab, arn: str, action: str) -> ResourcePolicy | None:
    """What the policy of the resource *arn* says of *action*; None if it can have none."""
    parts = arn.split(":", 5)
    found = _teller(parts[2]) if len(parts) == 6 else None
    prefix = action.partition(":")[0]
    if found is None or prefix not in (parts[2], _ALSO_BY.get(parts[2])):
        return None
    moto, policy_of = found
    assert lab.install is not None, "the lab is not serving yet"
    lab.install(moto)  # after a start it has its resources again when it is first asked for
    return policy_of(lab, arn, action)


def backend_of(backends: BackendDict[Backend], arn: str) -> Backend | None:
    """The backend that has the resource *arn*, if anything was done in its account and region."""
    _, _, _, region, account, _ = arn.split(":", 5)
    by_region = backends.get(account)
    return by_region.get(region) if by_region else None


#: Tells the ARNs of what a request means, by its parameters, where these do not name it; the account and the region.
Implied = Callable[[Mapping[str, Any], str, str], Sequence[str]]


def implied_resources(
    lab: Lab, service: str, parameters: Mapping[str, Any], account: str, region: str
) -> Sequence[str]:
    """What a request of *service* (botocore's name) means without naming it; () if that cannot be told."""
    found = _implying(service)
    if found is None:
        return ()
    moto, implied = found
    assert lab.install is not None, "the lab is not serving yet"
    lab.install(moto)
    return implied(parameters, account, region)


@cache
def _implying(service: str) -> tuple[str, Implied] | None:
    for engine in engines().values():
        if engine.implied and engine.service == service:
            return engine.moto, _load(engine, engine.implied)
    return None


def _load(engine: Engine, path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(f"{engine.package}.{module}"), name)


#: By whose actions, besides its own, a service's resources are asked for their policies: a role is taken by STS.
_ALSO_BY = {"iam": "sts"}


@cache
def _teller(service: str) -> tuple[str, PolicyOf] | None:
    """Who tells of the resources of *service*, as ARNs name it; and moto's name of it."""
    for engine in engines().values():
        if engine.resource_policy and engine.in_arns == service:
            return engine.moto, _load(engine, engine.resource_policy)
    return None
