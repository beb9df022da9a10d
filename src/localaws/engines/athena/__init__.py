"""Athena: SQL over the lab's objects, through the Glue catalog, run by DuckDB.

moto answers every query with nothing, and SUCCEEDED. Here:

    StartQueryExecution ─▶ backend ─▶ runner ─┬─ tables/   DDL, partitions, views, SHOW, CTAS ─▶ the Glue catalog
                                              ├─ iceberg/  whatever concerns Iceberg tables
                                              └─ planner ─┬─ localaws.lake  objects as rows ┐
                                                          └─ sql/, functions/               ┴▶ lake.runtime ─▶ results
                                                             Trino's SQL as DuckDB's                           (S3)
A module of iceberg/ is imported where it is first needed, for pyiceberg takes a second to load.
DuckDB runs in processes of its own, which are ended where a query takes too much or is stopped.
"""

from __future__ import annotations

from localaws.engines.declaration import Engine

#: What Athena calls itself where it calls other services for a query, as CloudTrail names it.
PRINCIPAL = "athena.amazonaws.com"

ENGINE = Engine(
    package=__name__,
    service="athena",
    moto="athena",
    backend="backend:AthenaEngine",
    responses="responses:AthenaEngineResponse",
    reaches=frozenset({"s3"}),
    returns=("athena/unfinished", "athena/scratch"),
    data=("athena/results",),
    resume="installing:resume",
    implied="access:implied",
)
