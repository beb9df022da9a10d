"""What services tell of their resources before anything is done to them: their policies, and which a request means.

Source: IAM user guide, "Identity-based policies and resource-based policies".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from localaws.engines import engines
from localaws.policies.evaluation import RESOURCE
from localaws.policies.patterns import Values

if TYPE_CHECKING:
    from moto.core.base_backend import BackendDict, BaseBackend

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
        closed: whether other accounts are kept away, whatever the policy says.
        exists: whether there is such a resource.
        arn: of what is really meant, such as the key behind an alias; "" for what was asked for.
    """

    document: str = ""
    owner: str = ""
    kind: str = RESOURCE
    decides: bool = False
    closed: bool = False
    exists: bool = True
    arn: str = ""


#: Tells of the resource with an ARN, which need not be there, what counts for an action; None if it can have no policy.
PolicyOf = Callable[["Lab", str, str], ResourcePolicy | None]


def resource_policy(lab: Lab, arn: str, action: str) -> ResourcePolicy | None:
    """What the policy of the resource *arn* says of *action*; None if it can have none."""
    parts = arn.split(":", 5)
    prefix = action.partition(":")[0]
    if len(parts) < 6 or prefix not in (parts[2], _ALSO_BY.get(parts[2])):
        return None
    policy_of: PolicyOf | None = _told_by(lab, parts[2], "resource_policy")
    return policy_of(lab, arn, action) if policy_of else None


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
    implied: Implied | None = _told_by(lab, service, "implied")
    return implied(parameters, account, region) if implied else ()


#: Tells condition keys of a request by what its resources are: the operation, its parameters, the account, the region.
RequestKeys = Callable[[str, Mapping[str, Any], str, str], Values]


def keys_told(
    lab: Lab, service: str, operation: str, parameters: Mapping[str, Any], account: str, region: str
) -> Values:
    """The condition keys of a request of *service* that only the service itself can tell."""
    keys: RequestKeys | None = _told_by(lab, service, "request_keys")
    return keys(operation, parameters, account, region) if keys else {}


#: By whose actions, besides its own, a service's resources are asked for their policies: a role is taken by STS.
_ALSO_BY = {"iam": "sts"}


def _told_by(lab: Lab, service: str, what: str) -> Any:
    """The function that the engine of *service* declares as *what*; None if it declares none.

    *service* is botocore's name, which is also that of ARNs where a resource has a policy.
    """
    moto, function = _declared(service, what)
    if function:
        assert lab.install is not None, "the lab is not serving yet"
        lab.install(moto)  # after a start an engine has its resources again when it is first asked for
    return function


@cache
def _declared(service: str, what: str) -> tuple[str, Any]:
    for engine in engines().values():
        if engine.service == service and (path := getattr(engine, what)):
            return engine.moto, engine.load(path)
    return "", None
