"""Lake Formation: who may see and change what in the catalog, down to columns and rows.

Its parts:

    resources    what permissions are granted on
    book         the grants
    tags         LF-tags: keys, values, and what carries them
    filters      data cells filters and their row expressions
    deciding     what a caller may do, by all of these
    backend      what is kept of it, and what databases and tables are made with
    granting     the operations on grants
    tagging      the operations on LF-tags
    registering  the operations on settings and locations
    responses    the wire form

Glue's catalog asks `deciding` for each call (engines/glue/governed.py), and Athena for each table that it reads
(engines/athena/governed.py).
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="lakeformation",
    moto="lakeformation",
    backend="backend:LakeFormationEngine",
    responses="responses:LakeFormationEngineResponse",
    reaches=frozenset({"glue", "iam"}),
)
