"""Runs one statement: who does what."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from localaws.engines.athena import prepared
from localaws.engines.athena.errors import translate
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.grammar import parse
from localaws.engines.athena.tables import ddl, partitions, show, views, writing
from localaws.engines.glue.governed import whole
from localaws.lake.errors import QueryFailure, not_supported

Handler = Callable[[Job], None]


def _select(job: Job) -> None:
    job.select(parse(job.sql))


def _execute(job: Job) -> None:
    prepared.open_prepared(job)
    dispatch(job)


def _change(job: Job) -> None:
    from localaws.engines.athena.iceberg import statements  # when it is first needed: pyiceberg takes its time

    statements.HANDLERS[job.execution.kind.name](job)


#: The kind of a statement → who runs it.
HANDLERS: dict[str, Handler] = {
    "select": _select,
    "execute": _execute,
    **dict.fromkeys(("update", "delete", "merge", "optimize", "vacuum"), _change),
    **ddl.HANDLERS,
    **partitions.HANDLERS,
    **prepared.HANDLERS,
    **show.HANDLERS,
    **views.HANDLERS,
    **writing.HANDLERS,
}


#: Statements that change a table have to know all its columns, whoever runs them; what they may do is asked for each.
_CHANGING = {"alter", "repair", "drop_table", "insert", "update", "delete", "merge", "optimize", "vacuum"}


def dispatch(job: Job) -> None:
    """Hand the statement to who runs its kind."""
    handler = HANDLERS.get(job.execution.kind.name)
    if handler is None:
        raise not_supported(f"A statement that begins with {job.sql.split(maxsplit=1)[0]}")
    with whole(job.execution.kind.name in _CHANGING):
        handler(job)


def run(job: Job) -> None:
    """Do what the statement says. Raises QueryFailure or QueryCancelled; DuckDB's errors become Athena's words."""
    try:
        if job.execution.parameters and job.execution.kind.name != "execute":
            job.sql = prepared.bind(job.sql, job.execution.parameters)
        dispatch(job)
    except QueryFailure:
        job.session.check()  # what fails because it was interrupted is cancelled
        raise
    except duckdb.Error as error:
        job.session.check()
        raise translate(error, job.sql, job.session.uris) from error
    finally:
        job.execution.passed("ServiceProcessingTime")
