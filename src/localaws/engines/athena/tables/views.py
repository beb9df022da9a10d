"""Views: a query kept in the catalog, and opened where it is used.

Source: "Work with views" (athena/latest/ug/views.html).
"""

from __future__ import annotations

import re

from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.grammar import parse, part
from localaws.engines.athena.tables import view_text
from localaws.engines.athena.tables.ddl import ensure_database, match, qualified
from localaws.engines.athena.tables.writing import check_names
from localaws.lake.errors import QueryFailure

_CREATE = re.compile(
    r"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+(?P<name>[\w.`\"-]+)\s+AS\s+(?P<query>.+)",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(r"DROP\s+VIEW\s+(?P<quiet>IF\s+EXISTS\s+)?(?P<name>[\w.`\"-]+)\s*", re.IGNORECASE)


def _create_view(job: Job) -> None:
    found = match(_CREATE, job)
    database, name = qualified(found["name"], job)
    ensure_database(job, database)
    existing = job.catalog.find(database, name)
    if existing is not None and not existing.is_view:
        raise QueryFailure("TABLE_ALREADY_EXISTS", f"line 1:1: Table already exists: '{database}.{name}'")
    if existing is not None and not found["replace"]:
        raise QueryFailure("TABLE_ALREADY_EXISTS", f"line 1:1: View already exists: '{database}.{name}'")
    text = found["query"]
    _, columns = job.plan(parse(part(job.sql, found.start("query"))))
    check_names(columns)
    view = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "StorageDescriptor": {
            "Columns": [{"Name": column.lower(), "Type": column_type.hive} for column, column_type in columns],
            "Location": "",
            "SerdeInfo": {},
        },
        "PartitionKeys": [],
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": view_text.encode(text, database, columns),
        "ViewExpandedText": "/* Presto View */",
    }
    if existing is None:
        job.catalog.glue.create_table(DatabaseName=database, TableInput=view)
    else:
        job.catalog.glue.update_table(DatabaseName=database, TableInput=view)


def _drop_view(job: Job) -> None:
    found = match(_DROP, job)
    database, name = qualified(found["name"], job)
    table = job.catalog.find(database, name)
    if table is None:
        if found["quiet"]:
            return
        raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: View '{database}.{name}' does not exist")
    if not table.is_view:
        raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: View '{database}.{name}' does not exist, but a table does")
    job.catalog.glue.delete_table(DatabaseName=database, Name=name)


HANDLERS = {"create_view": _create_view, "drop_view": _drop_view}
