"""Where an object lies among moto's backends, and what lies there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from localaws import backends
from localaws.engines import engines

#: Service (moto's name), account, region, and the names that lead from the backend to the object: of its attribute,
#: then of the keys in that.
Place = tuple[Any, ...]

_SHARED = {"core", "moto_api", "packages", "utilities"}


def backends_of(service: str) -> BackendDict[Any] | None:
    """All backends of *service*; None for what is none of moto's services, or is not kept by account."""
    found = backends.backends_of(service)
    return found if isinstance(found, BackendDict) else None


def service_of(kind: type) -> str:
    """The service whose models a class is of, or whose engine's; "" for none."""
    package, _, rest = kind.__module__.partition(".")
    if package == "moto":
        name = rest.partition(".")[0]
        return "" if name in _SHARED else name
    if package == "localaws" and rest.startswith("engines."):
        return _BY_FOLDER.get(rest.split(".")[1], "")
    return ""


_BY_FOLDER = {engine.package.rpartition(".")[2]: engine.moto for engine in engines().values()}


class Places:
    """Finds objects by identity; each service is gone through once, so it is to be made anew for each use."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, Place]] = {}

    def find(self, service: str, wanted: Any) -> Place | None:
        """The place of *wanted*; None where no backend of *service* keeps it by name."""
        if service not in self._known:
            self._known[service] = {id(each): place for place, each in _objects(service)}
        return self._known[service].get(id(wanted))

    @staticmethod
    def of_backend(backend: BaseBackend) -> Place:
        service = next(filter(None, map(service_of, type(backend).__mro__)))
        return service, backend.account_id, backend.region_name

    @staticmethod
    def at(place: Place) -> Any:
        """What lies at *place*. Raises LookupError where nothing does."""
        service, account, region, *names = place
        by_account = backends_of(service)
        if by_account is None:
            raise LookupError(service)
        found: Any = by_account[account][region]
        if names:
            found = vars(found)[names[0]]
        for name in names[1:]:
            if name not in found:  # a defaultdict would make it
                raise LookupError(place)
            found = found[name]
        return found


def _objects(service: str) -> Iterator[tuple[Place, Any]]:
    """What the backends of *service* keep by names, and by names within names."""
    by_account = backends_of(service)
    if by_account is None:
        return
    for account, region, backend in list(by_account.iter_backends()):
        for attribute, value in list(vars(backend).items()):
            place = service, account, region, attribute
            yield place, value
            if not isinstance(value, Mapping):
                continue
            for key, each in list(value.items()):
                yield (*place, key), each
                if isinstance(each, Mapping):
                    for inner, last in list(each.items()):
                        yield (*place, key, inner), last
