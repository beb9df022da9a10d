"""Facts about AWS that both `dehelpers` and `localaws` need, as plain data without dependencies.

What resources a service has and how they are made, named, listed and deleted; what it meters, and what that costs. So
the ledger, teardown, the gateway and the bill know a service by the same words. One module of `services` for each.
"""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module

from awsfacts import services as _services
from awsfacts.declaration import Deletion, Listing, Meter, Resource, Service

__all__ = [
    "CREATION",
    "Deletion",
    "Listing",
    "Meter",
    "Resource",
    "Service",
    "in_order_of_deletion",
    "leaves_something",
    "resource_made_by",
    "resources",
    "services",
    "why_unsupported",
]

#: What an operation is called that makes something. What else does (PutMetricAlarm, RunJobFlow) is declared.
CREATION = re.compile(r"(Create|Register|Run|Import|Restore)[A-Z]")


@cache
def services() -> dict[str, Service]:
    """All services that are known, by botocore's name of each."""
    modules = [import_module(f"{_services.__name__}.{each.name}") for each in pkgutil.iter_modules(_services.__path__)]
    found: list[Service] = [module.SERVICE for module in modules]
    return {service.name: service for service in found}


@cache
def resources() -> dict[str, Resource]:
    """All types of resources, by "service:type"."""
    return {f"{each.name}:{resource.type}": resource for each in services().values() for resource in each.resources}


@cache
def in_order_of_deletion() -> tuple[str, ...]:
    """The types of resources, as "service:type": what uses another is deleted before it.

    Raises graphlib.CycleError where two use each other.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for key, resource in resources().items():
        sorter.add(key)
        for used in resource.uses:
            sorter.add(used, key)
    return tuple(key for key in sorter.static_order() if key in resources())


def resource_made_by(service: str, operation: str) -> Resource | None:
    """The type of resource that a successful call of *operation* leaves behind; None if it leaves none."""
    return _made_by().get((service, operation))


def leaves_something(service: str, operation: str) -> bool:
    """Whether a successful call leaves a resource behind. Of what is not declared, the operation's name tells."""
    if resource_made_by(service, operation):
        return True
    known = services().get(service)
    return bool(CREATION.match(operation)) and not (known and operation in known.leaves_nothing)


def why_unsupported(service: str, operation: str) -> str:
    """What to tell a reader who has called an operation that this lab does not do; "" where there is nothing to say."""
    known = services().get(service)
    told = known.unsupported if known else ()
    return next((sentence for pattern, sentence in told if re.fullmatch(pattern, operation)), "")


@cache
def _made_by() -> dict[tuple[str, str], Resource]:
    return {
        (service.name, operation): resource
        for service in services().values()
        for resource in service.resources
        for operation in resource.create
    }
