"""Facts about AWS that both `dehelpers` and `localaws` need, as plain data without dependencies.

What resources a service has and how they are made, named, listed and deleted; what it meters, and what that costs. So
the ledger, teardown, the gateway and the bill know a service by the same words. One module of `services` for each.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from awsfacts import services as _services
from awsfacts.declaration import Deletion, Listing, Meter, Resource, Service

__all__ = ["Deletion", "Listing", "Meter", "Resource", "Service", "resource_made_by", "services"]


@cache
def services() -> dict[str, Service]:
    """All services that are known, by botocore's name of each."""
    modules = [import_module(f"{_services.__name__}.{each.name}") for each in pkgutil.iter_modules(_services.__path__)]
    found: list[Service] = [module.SERVICE for module in modules]
    return {service.name: service for service in found}


@cache
def resource_made_by(service: str, operation: str) -> Resource | None:
    """The type of resource that a successful call of *operation* leaves behind; None if it leaves none."""
    known = services().get(service)
    made = known.resources if known else ()
    return next((resource for resource in made if operation in resource.create), None)
