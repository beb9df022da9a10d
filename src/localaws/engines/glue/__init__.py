"""Glue's Data Catalog: it outlives the lab, folds names, pages its lists, and refuses overtaken updates.

Its parts:

    backend    what moto keeps in memory, and written down at once
    store      where it is written down
    responses  the catalog's API as AWS has it: names in lower case, pages, versions
    search     SearchTables
    indexes    a table's partition indexes
    settings   policies, encryption and connections of the catalog as a whole
"""

from __future__ import annotations

import moto.glue.models
from moto.glue.models import glue_backends
from moto.glue.responses import GlueResponse

from localaws.engines import patterns, replace_backend, replace_responses
from localaws.engines.glue.backend import GlueEngine
from localaws.engines.glue.indexes import IndexedTable
from localaws.engines.glue.responses import GlueEngineResponse
from localaws.engines.glue.store import CatalogStore
from localaws.lab import Lab


def install(lab: Lab) -> None:
    GlueEngine.lab = lab
    GlueEngine.store = CatalogStore(lab.directory / "glue.sqlite")
    moto.glue.models.FakeTable = IndexedTable  # type: ignore[misc]
    patterns.of_partitions()
    replace_backend(glue_backends, GlueEngine)
    replace_responses(GlueResponse, GlueEngineResponse)
    for key, body in GlueEngine.store.below():
        backend = glue_backends[key[0]][key[1]]
        assert isinstance(backend, GlueEngine)
        backend.bring_back(key[2:], body)
