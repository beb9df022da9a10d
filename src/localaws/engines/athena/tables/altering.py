"""ALTER TABLE of columns, properties and places.

Sources: "ALTER TABLE ADD COLUMNS", "… CHANGE COLUMN", "… REPLACE COLUMNS", "… SET LOCATION", "… SET TBLPROPERTIES",
"Unsupported DDL" (athena/latest/ug/ddl-reference.html).
"""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localaws.engines.athena.job import Job
from localaws.engines.athena.tables.ddl import check_names, column_of, ddl_failed, plain, unreadable
from localaws.lake.catalog import Table
from localaws.lake.errors import QueryFailure

_PROPERTY = re.compile(r"'((?:[^']|'')*)'\s*=\s*'((?:[^']|'')*)'")
_CHANGE = re.compile(
    r"(?P<old>[\w`\"]+)\s+(?P<column>.+?)(?:\s+(?P<where>FIRST|AFTER\s+(?P<after>[\w`\"]+)))?",
    re.IGNORECASE | re.DOTALL,
)


def set_properties(job: Job, table: Table, text: str, quiet: bool) -> None:
    changed = {key.replace("''", "'"): value.replace("''", "'") for key, value in _PROPERTY.findall(text)}
    if not changed:
        raise unreadable(job.sql, job.sql.rfind("("), "table properties")
    update(job, table, Parameters={**table.parameters, **changed})


def set_location(job: Job, table: Table, text: str, quiet: bool) -> None:
    update(job, table, StorageDescriptor={**table.raw["StorageDescriptor"], "Location": place(text)})


def place(text: str) -> str:
    """The S3 location in quotes. Raises QueryFailure for another."""
    found = text.strip().strip("'")
    if not re.match(r"s3[an]?://[^/]+", found):
        raise ddl_failed(f"MetaException(message:{found} is not an s3:// location)")
    return found


def add_columns(job: Job, table: Table, text: str, quiet: bool) -> None:
    """New columns come last, before the partition columns."""
    _set_columns(job, table, [*table.raw["StorageDescriptor"]["Columns"], *columns_in(text)])


def replace_columns(job: Job, table: Table, text: str, quiet: bool) -> None:
    _set_columns(job, table, columns_in(text))


def change_column(job: Job, table: Table, text: str, quiet: bool) -> None:
    """Another name, type, comment or place for one column; what the files hold stays as it is."""
    found = _CHANGE.fullmatch(text)
    columns = list(table.raw["StorageDescriptor"]["Columns"])
    names = [each["Name"] for each in columns]
    if found is None:
        raise unreadable(job.sql, job.sql.find(text), "change column statement")
    for name in (found["old"], found["after"] or found["old"]):
        if plain(name) not in names:
            raise ddl_failed(f"Invalid column reference {plain(name)}")
    (changed,) = columns_in(f"({found['column']})")
    position = names.index(plain(found["old"]))
    del columns[position], names[position]
    if found["where"]:
        position = names.index(plain(found["after"])) + 1 if found["after"] else 0
    columns.insert(position, changed)
    _set_columns(job, table, columns)


def _set_columns(job: Job, table: Table, columns: list[dict[str, str]]) -> None:
    check_names([*columns, *({"Name": key.name} for key in table.keys)])
    update(job, table, StorageDescriptor={**table.raw["StorageDescriptor"], "Columns": columns})


def columns_in(text: str) -> list[dict[str, str]]:
    """The columns of a list in brackets, with Glue's Name, Type and Comment."""
    before = "CREATE EXTERNAL TABLE t "
    try:
        statement = sqlglot.parse_one(before + text, read="athena")
    except SqlglotError as error:
        details = error.errors[0] if getattr(error, "errors", None) else {}  # type: ignore[attr-defined]
        at = max(details.get("col", 1) - len(details.get("highlight", "")) - len(before), 0)
        raise unreadable(text, at, "column specification") from None
    if not isinstance(statement, exp.Create) or not isinstance(statement.this, exp.Schema):
        raise unreadable(text, 0, "column specification")
    return [column_of(each) for each in statement.this.expressions]


def update(job: Job, table: Table, **changes: Any) -> None:
    """Change what the catalog says of *table*: fields of Glue's TableInput."""
    kept = ("Name", "Description", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor")
    described = {key: table.raw[key] for key in kept if key in table.raw}
    job.catalog.glue.update_table(DatabaseName=table.database, TableInput={**described, **changes})


def refused(job: Job, rest: str) -> QueryFailure:
    """For the forms of ALTER TABLE that Hive has and Athena does not ("Unsupported DDL")."""
    return unreadable(job.sql, job.sql.rfind(rest), "alter table statement")
