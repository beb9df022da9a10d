"""Tables that tell of tables: information_schema, and "table$partitions".

Source: "Query the AWS Glue Data Catalog" (athena/latest/ug/querying-glue-catalog.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from localaws.engines.athena.tables import view_text
from localaws.lake.catalog import Catalog
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.files.scan import NULL_PARTITION
from localaws.lake.quoting import literal, name

_VARCHAR = Type("varchar")
_COLUMNS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position",
        "column_default", "is_nullable", "data_type", "comment", "extra_info",
    ),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
}  # fmt: skip


def metadata_relation(catalog: Catalog, schema: str, table: str) -> tuple[dict[str, Type], str] | None:
    """Columns and SQL of a metadata table; None if the name is an ordinary table's."""
    if schema == "information_schema" and table in _COLUMNS:
        column_types = {
            column: Type("bigint") if column == "ordinal_position" else _VARCHAR for column in _COLUMNS[table]
        }
        return column_types, _values(column_types, _rows(catalog, table))
    if table.endswith("$partitions"):
        base = catalog.table(schema, table.removesuffix("$partitions"))
        column_types = {key.name: key.type for key in base.keys}
        rows = [
            tuple(None if value == NULL_PARTITION else value for value in each.values)
            for each in catalog.partitions(base)
        ]
        return column_types, _values(column_types, rows)
    return None


def _rows(catalog: Catalog, table: str) -> Iterable[tuple[str | None, ...]]:
    home = "awsdatacatalog"
    for database in (each["Name"] for each in catalog.databases()):
        if table == "schemata":
            yield home, database
            continue
        for each in catalog.tables(database):
            if table == "tables":
                yield home, database, each.name, "VIEW" if each.is_view else "BASE TABLE"
            elif table == "views" and each.is_view:
                with suppress(QueryFailure):  # another engine's
                    yield home, database, each.name, view_text.decode(each)
            elif table == "columns":
                keys = {key.name for key in each.keys}
                try:
                    each.check_types()
                except QueryFailure:  # Trino leaves out what the catalog does not describe
                    continue
                for number, column in enumerate(each.all_columns, 1):
                    extra = "partition key" if column.name in keys else None
                    column_type, comment = column.type.trino, column.comment or None
                    if each.iceberg:  # which keeps microseconds
                        column_type = column_type.replace("timestamp(3)", "timestamp(6)")
                    yield home, database, each.name, column.name, str(number), None, "YES", column_type, comment, extra


def _values(column_types: dict[str, Type], rows: Iterable[tuple[str | None, ...]]) -> str:
    items = ", ".join(
        f"CAST({name(column)} AS {column_type.duckdb}) AS {name(column)}"
        for column, column_type in column_types.items()
    )
    listed = [f"({', '.join('NULL' if value is None else literal(value) for value in row)})" for row in rows]
    empty = "" if listed else " WHERE false"
    listed = listed or [f"({', '.join(['NULL'] * len(column_types))})"]
    return f"SELECT {items} FROM (VALUES {', '.join(listed)}) AS held({', '.join(map(name, column_types))}){empty}"
