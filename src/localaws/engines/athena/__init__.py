"""Athena: SQL over the lab's objects, through the Glue catalog, run by DuckDB.

moto answers every query with nothing, and SUCCEEDED. Here:

    StartQueryExecution ─▶ backend ─▶ runner ─┬─ tables/   DDL, partitions, views, SHOW, CTAS ─▶ the Glue catalog
                                              ├─ iceberg/  whatever concerns Iceberg tables
                                              └─ planner ─┬─ files/  objects as rows    ┐
                                                          └─ sql/, functions/            ┴▶ runtime ─▶ results (S3)
                                                             Trino's SQL as DuckDB's
DuckDB runs in processes of its own (processes/), which are ended where a query takes too much or is stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.lab import Lab


def install(lab: Lab) -> None:
    """Loads the engine now and not before: a child loads only what it needs of this package."""
    from localaws.engines.athena.installing import install as begin

    begin(lab)
