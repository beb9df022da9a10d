"""The views of external schemas and of what the Glue catalog has in them.

Source: Redshift database developer guide, "SVV_EXTERNAL_SCHEMAS", "SVV_EXTERNAL_TABLES", "SVV_EXTERNAL_COLUMNS",
"SVV_EXTERNAL_PARTITIONS".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog.objects import Schema
from localaws.warehouse.catalog.system.facts import Facts
from localaws.warehouse.catalog.system.view import SystemView
from localaws.warehouse.external.schemas import ask, external_schemas

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

Rows = Iterable[Sequence[Any]]
_DATA_CATALOG = 1  # eskind


def _schemas(session: Session) -> Rows:
    facts = Facts(session)
    for each in external_schemas(session):
        options = json.dumps({"IAM_ROLE": each.source["role"]})
        yield each.id, _DATA_CATALOG, each.name, facts.user_id(each.owner), each.source["database"], options


def _each_table(session: Session) -> Iterator[tuple[Schema, dict[str, Any]]]:
    for schema in external_schemas(session):
        for table in ask(session, schema, "external_tables"):
            yield schema, table


def _format(storage: dict[str, Any]) -> tuple[Any, ...]:
    serde = storage.get("SerdeInfo", {})
    return (
        storage.get("Location", ""), storage.get("InputFormat", ""), storage.get("OutputFormat", ""),
        serde.get("SerializationLibrary", ""), json.dumps(serde.get("Parameters") or {}),
        int(storage.get("Compressed", False)),
    )  # fmt: skip


def _tables(session: Session) -> Rows:
    for schema, table in _each_table(session):
        kind = "VIEW" if table.get("TableType") == "VIRTUAL_VIEW" else "TABLE"
        parameters = json.dumps(table.get("Parameters") or {})
        yield (session.database, schema.name, table["Name"], kind, *_format(table.get("StorageDescriptor", {})),
               parameters)  # fmt: skip


def _columns(session: Session) -> Rows:
    for schema, table in _each_table(session):
        keys = table.get("PartitionKeys", [])
        columns = [*table.get("StorageDescriptor", {}).get("Columns", []), *keys]
        for number, column in enumerate(columns, 1):
            place = number - len(columns) + len(keys)
            yield (session.database, schema.name, table["Name"], column["Name"], column.get("Type", "string"), number,
                   max(place, 0), "true")  # fmt: skip


def _partitions(session: Session) -> Rows:
    for schema, table in _each_table(session):
        if table.get("PartitionKeys"):
            _, *rest = _format(table.get("StorageDescriptor", {}))
            for values, location, _ in ask(session, schema, "external_partitions", table=table["Name"]):
                yield session.database, schema.name, table["Name"], json.dumps(values), location, *rest, "{}"


_OF_FORMAT = [
    "location VARCHAR", "input_format VARCHAR", "output_format VARCHAR", "serialization_lib VARCHAR",
    "serde_parameters VARCHAR", "compressed INTEGER", "parameters VARCHAR",
]  # fmt: skip
_OF_TABLE = ["redshift_database_name VARCHAR", "schemaname VARCHAR", "tablename VARCHAR"]
VIEWS = {
    "svv_external_schemas": SystemView(
        ["esoid BIGINT", "eskind INTEGER", "schemaname VARCHAR", "esowner INTEGER", "databasename VARCHAR",
         "esoptions VARCHAR"],
        _schemas,
    ),
    "svv_external_tables": SystemView([*_OF_TABLE, "tabletype VARCHAR", *_OF_FORMAT], _tables),
    "svv_external_columns": SystemView(
        [*_OF_TABLE, "columnname VARCHAR", "external_type VARCHAR", "columnnum INTEGER", "part_key INTEGER",
         "is_nullable VARCHAR"],
        _columns,
    ),
    "svv_external_partitions": SystemView([*_OF_TABLE, "values VARCHAR", *_OF_FORMAT], _partitions),
}  # fmt: skip
