"""Brings back the catalog that an earlier process of this lab had."""

from __future__ import annotations

from moto.glue.models import glue_backends

from localaws.engines import patterns
from localaws.engines.glue.backend import GlueEngine
from localaws.engines.glue.store import CatalogStore
from localaws.lab import Lab


def install(lab: Lab) -> None:
    GlueEngine.store = CatalogStore(lab.directory / "glue.sqlite")
    patterns.of_partitions()
    for key, body in GlueEngine.store.below():
        backend = glue_backends[key[0]][key[1]]
        assert isinstance(backend, GlueEngine)
        backend.bring_back(key[2:], body)
