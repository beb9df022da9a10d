"""ALTER TABLE of an Iceberg table: columns and properties change in the metadata, no file of data does.

Athena has no statement that changes how a table is partitioned; Spark and pyiceberg do that.
Source: "Evolve Iceberg table schema", "ALTER TABLE SET TBLPROPERTIES" and its neighbours in the Athena user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

from pyiceberg.exceptions import TableAlreadyExistsError, ValidationError
from pyiceberg.table import Table
from pyiceberg.types import NestedField

from localaws.engines.athena.iceberg import properties, tables
from localaws.engines.athena.iceberg.types import from_iceberg, to_iceberg
from localaws.engines.athena.job import Job
from localaws.engines.athena.tables.altering import columns_in
from localaws.engines.athena.tables.ddl import plain, qualified
from localaws.lake.catalog import Table as GlueTable
from localaws.lake.column_types import from_hive
from localaws.lake.errors import QueryFailure

#: pyiceberg, which cannot be interrupted, compares each with each.
_MOST_FIELDS = 10_000
_TEXT = r"'(?:[^']|'')*'"
_CHANGE = re.compile(
    rf"(?P<old>[\w`\"]+)\s+(?P<new>[\w`\"]+)\s+(?P<column_type>.+?)(?:\s+COMMENT\s+(?P<comment>{_TEXT}))?"
    r"(?:\s+(?P<first>FIRST)|\s+AFTER\s+(?P<after>[\w`\"]+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_PROPERTY = re.compile(rf"(?P<key>{_TEXT})\s*=\s*(?P<value>{_TEXT})")


def alter(job: Job, entry: GlueTable, text: str) -> None:
    """Do what *text*, which stands after the table's name, says."""
    table = tables.of(job.session, job.lake, entry)
    if len(table.schema().field_ids) > _MOST_FIELDS:
        raise QueryFailure("NOT_SUPPORTED", f"This lab changes tables of up to {_MOST_FIELDS} columns and fields")
    for pattern, change in _FORMS:
        form = re.match(pattern, text, re.IGNORECASE | re.DOTALL)
        if form:
            with tables.committing(table):
                try:
                    change(job, table, text[form.end() :].strip())
                except (
                    ValueError,
                    ValidationError,
                    TableAlreadyExistsError,
                ) as error:  # pyiceberg's words are Iceberg's
                    raise QueryFailure("", str(error)) from None
            return
    raise QueryFailure("", "Query type not supported by Athena Iceberg at this time")


def _add_columns(job: Job, table: Table, text: str) -> None:
    with table.update_schema(case_sensitive=False) as schema:
        for column in columns_in(text):
            column_type = to_iceberg(from_hive(column["Type"]), count(1))
            if _find(table, column["Name"]) is not None:
                raise QueryFailure("", f"Cannot add column, name already exists: {column['Name']}")
            schema.add_column((column["Name"],), column_type, doc=column.get("Comment"))


def _drop_column(job: Job, table: Table, text: str) -> None:
    field = _known(table, plain(text), "delete")
    if any(field.field_id == part.source_id for part in table.spec().fields):
        raise QueryFailure("", f"Cannot drop partition field: {field.name}")
    if any(field.field_id == part.source_id for spec in table.specs().values() for part in spec.fields):
        raise QueryFailure("", f"Cannot drop column which is used by an old partition spec: {field.name}")
    with table.update_schema(case_sensitive=False) as schema:
        schema.delete_column((field.name,))


def _change_column(job: Job, table: Table, text: str) -> None:
    found = _CHANGE.fullmatch(text)
    if found is None:
        raise QueryFailure("", f"mismatched input '{text.split(maxsplit=1)[0] if text else '<EOF>'}'")
    field = _known(table, plain(found["old"]), "update")
    try:
        wanted = from_hive(found["column_type"])
    except ValueError as error:
        raise QueryFailure("", f"mismatched input: {error}") from None
    place, new = (field.name,), plain(found["new"])
    with table.update_schema(case_sensitive=False) as schema:
        if wanted.hive != from_iceberg(field.field_type).hive:
            schema.update_column(place, field_type=to_iceberg(wanted, count(1)))
        if found["comment"] is not None:
            schema.update_column(place, doc=_plain_text(found["comment"]))
        if found["first"]:
            schema.move_first(place)
        elif found["after"]:
            schema.move_after(place, (_known(table, plain(found["after"]), "move after").name,))
        if new != field.name.lower():
            if _find(table, new) is not None:
                raise QueryFailure("", f"Cannot rename column, name already exists: {new}")
            schema.rename_column(place, new)


def _set_properties(job: Job, table: Table, text: str) -> None:
    given = {_plain_text(each["key"]): _plain_text(each["value"]) for each in _PROPERTY.finditer(text)}
    with table.transaction() as transaction:
        transaction.set_properties(properties.to_iceberg(given))


def _unset_properties(job: Job, table: Table, text: str) -> None:
    usual = {"format": "parquet", "write_compression": "ZSTD"}
    keys = [_plain_text(each) for each in re.findall(_TEXT, text)]
    names = properties.to_iceberg({key: usual.get(key, "1") for key in keys})  # only what they are called
    with table.transaction() as transaction:
        transaction.remove_properties(*[each for each in names if each in table.properties])


def _rename(job: Job, table: Table, text: str) -> None:
    tables.LakeCatalog(job.session, job.lake).rename_table(table.name(), qualified(text, job))


_FORMS: list[tuple[str, Callable[[Job, Table, str], None]]] = [
    (r"ADD\s+COLUMNS\s*(?=\()", _add_columns),
    (r"DROP\s+COLUMN\s+", _drop_column),
    (r"CHANGE\s+(COLUMN\s+)?", _change_column),
    (r"SET\s+TBLPROPERTIES\s*\(", _set_properties),
    (r"UNSET\s+TBLPROPERTIES\s*\(", _unset_properties),
    (r"RENAME\s+TO\s+", _rename),
]


def _find(table: Table, column: str) -> NestedField | None:
    return next((field for field in table.schema().fields if field.name.lower() == column), None)


def _known(table: Table, column: str, verb: str) -> NestedField:
    field = _find(table, column)
    if field is None:
        raise QueryFailure("", f"Cannot {verb} missing column: {column}")
    return field


def _plain_text(quoted: str) -> str:
    return quoted[1:-1].replace("''", "'")
