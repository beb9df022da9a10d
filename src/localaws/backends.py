"""The backends of each service: moto's, or an engine's own where moto does not know the service."""

from __future__ import annotations

from functools import cache
from typing import Any

from moto import backends

from localaws.engines import engines


def backends_of(service: str) -> Any:
    """The dictionary of the backends of *service* (moto's name), by account and region."""
    engine = engines().get(service)
    if engine and engine.backends:
        return engine.load(engine.backends)
    return backends.get_backend(service)  # type: ignore[call-overload]


@cache
def served() -> frozenset[str]:
    """The services that have backends, by moto's names, or by names like those."""
    own = (name for name, engine in engines().items() if engine.backends)
    return frozenset([*backends.list_of_moto_modules(), *own])
