"""Glue's Data Catalog: it outlives the lab, folds names, pages its lists, and refuses overtaken updates.

Its parts:

    backend    what moto keeps in memory, and written down at once
    store      where it is written down
    responses  the catalog's API as AWS has it: names in lower case, pages, versions
    search     SearchTables
    indexes    a table's partition indexes
    databases  a database with its owner
    governed   what Lake Formation has granted of it
    settings   policies, encryption and connections of the catalog as a whole
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="glue",
    moto="glue",
    backend="backend:GlueEngine",
    responses="responses:GlueEngineResponse",
    models=("indexes:IndexedTable", "databases:OwnedDatabase", "statistics:AnalysedPartition"),
    reaches=frozenset({"lakeformation"}),
    resource_policy="access:policy_of",
)
