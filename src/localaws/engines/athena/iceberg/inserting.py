"""INSERT INTO an Iceberg table: data files, and one snapshot that appends them.

Source: "INSERT INTO" of "Update Iceberg table data" (querying-iceberg-insert-into.html).
"""

from __future__ import annotations

from pyiceberg.manifest import DataFile

from localaws.engines.athena.iceberg import tables
from localaws.engines.athena.iceberg.commit import Change, commit
from localaws.engines.athena.iceberg.datafiles import write_rows
from localaws.engines.athena.iceberg.types import columns_of
from localaws.engines.athena.job import Job
from localaws.lake.catalog import Table as GlueTable
from localaws.lake.column_types import Type


def columns(job: Job, table: GlueTable) -> dict[str, Type]:
    """The columns that rows for *table* have, by Iceberg's own types: the catalog knows but Hive's."""
    return columns_of(tables.of(job.session, job.lake, table).schema())


def insert(job: Job, entry: GlueTable, sql: str) -> None:
    """Append the rows of *sql*, which has the table's `columns` in their order and types: all of them, or none."""
    table = tables.of(job.session, job.lake, entry)
    uploaded: list[str] = []
    try:
        files = write_rows(job, table, sql, uploaded)
        if files:
            commit(table, append(job, files))
    except BaseException:
        job.lake.delete(uploaded)
        raise


def append(job: Job, files: list[DataFile]) -> Change:
    """The change that adds *files*. It conflicts with no other one: it is tried again."""
    job.execution.rows_written = sum(file.record_count for file in files)
    return Change(added=files, append=True)
