"""The statements that change Iceberg tables → who runs them."""

from __future__ import annotations

from sqlglot import exp

from localaws.engines.athena.iceberg import changes, merge
from localaws.engines.athena.iceberg.optimize import optimize
from localaws.engines.athena.iceberg.vacuum import vacuum
from localaws.engines.athena.job import Job

HANDLERS = {
    "update": changes.update,
    "delete": changes.delete,
    "merge": merge.merge,
    "optimize": optimize,
    "vacuum": vacuum,
}


def explained(job: Job, statement: exp.Expr) -> str:
    """DuckDB's SQL of the query that finds what *statement* would change: the part of it that has a plan."""
    return merge.explained(job, statement) if isinstance(statement, exp.Merge) else changes.explained(job, statement)
